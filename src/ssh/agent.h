/* agent - the messages between ssh-agent(1) and its client (draft-ietf-sshm-ssh-agent), without the socket: requests are
 * appended to a buffer, answers are read from bytes. A message is a string (ssh_string.h) of a type byte and its values.
 */
#ifndef REMEX_SSH_AGENT_H
#define REMEX_SSH_AGENT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "ssh/public_key.h"

enum {
	AGENT_MESSAGE_MAX = 256 << 10, /* bytes of a message, with its length; ssh-agent takes and sends no more */
	AGENT_KEYS_MAX = 1024, /* keys that are taken from an answer */
	AGENT_COMMENT_MAX = 127, /* characters of a comment; a longer one is cut */
};

struct agent_key {
	struct public_key key;
	char comment[AGENT_COMMENT_MAX + 1]; /* printable */
};

struct agent_keys {
	struct agent_key *keys; /* in the order of the agent */
	size_t n;
	size_t skipped; /* keys that cannot be read, or that are too many */
};

/* Append the request for the list of keys, or for a signature of n bytes by one of them. 0; or -1 and err: memory or the
 * room of the buffer is at its end, or the message would be longer than AGENT_MESSAGE_MAX. */
int agent_ask_keys (struct buf *out, struct err *err);
int agent_ask_signature (struct buf *out, const struct public_key *key, const void *bytes, size_t n, struct err *err);

/* The size of the message at the beginning of n bytes, with its length. 0: more bytes are needed. -1 and err: this is no
 * message that an agent sends. */
ssize_t agent_message_size (const uint8_t *bytes, size_t n, struct err *err);

/* Read a whole message as the answer to a request. 0; or -1 and err: the agent refuses, or this is no such answer. */
int agent_read_keys (struct agent_keys *keys, const uint8_t *message, size_t n, struct err *err);
void agent_keys_free (struct agent_keys *keys);

/* The signature is what libssh2's callback for signing returns: the bytes behind the name of the algorithm, which has to
 * be `type`, the type of the key. They stay in the message. */
int agent_read_signature (const uint8_t *message, size_t n, const char *type, const uint8_t **signature,
	size_t *signature_size, struct err *err);

#endif
