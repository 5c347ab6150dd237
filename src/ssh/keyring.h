/* keyring - the identity files and passwords of the user, for all logins of the process: a file is read and decrypted once,
 * and a passphrase or password is asked for once, however many hosts are waiting for it.
 *
 *   file      READY                                                        not encrypted
 *             LOCKED -> ASKED -> DECODING -> READY                         with a passphrase
 *                         ^---------/  \--> REFUSED                        nobody to ask, no answer, or KEYRING_TRIES wrong ones
 *             PUBLIC                                                       only its public half is there: the agent may have it
 *             BAD                                                          it cannot be read
 *
 * A passphrase is asked for when a server would take the key, is decoded in a thread, because it takes a tenth of a second and
 * more, and is wiped then. A password belongs to a user's name, and is given to each host that asks for one; it is wiped with
 * the keyring. Secrets are in no argv, environment or log.
 */
#ifndef REMEX_SSH_KEYRING_H
#define REMEX_SSH_KEYRING_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/list.h"
#include "ssh/public_key.h"

enum { KEYRING_TRIES = 3 };

struct keyring;
struct key_file;
struct key_password;

/* `ask` puts a question to a person, and keyring_answer has the answer, later or never; NULL: nobody can be asked. NULL: out of
 * memory. */
struct keyring *keyring_new (uv_loop_t *loop, void (*ask) (void *arg, uint64_t id, const char *question), void *arg);
void keyring_free (struct keyring *keyring); /* the loop must run until its threads have ended; NULL is allowed */

enum keyring_answer {
	KEYRING_ANSWERED,
	KEYRING_NOBODY, /* there is no terminal */
	KEYRING_DECLINED, /* the person gave no answer */
};

/* The answer to a question; `secret` unless it is none. */
void keyring_answer (struct keyring *keyring, uint64_t id, enum keyring_answer answer, const char *secret);

/* Who waits for a change: `changed` is called after each one, later and never during a call of this header. */
struct keyring_listener {
	struct list node;
	void (*changed) (void *arg);
	void *arg;
};
void keyring_listen (struct keyring *keyring, struct keyring_listener *listener);
void keyring_ignore (struct keyring_listener *listener); /* it may have been ignored already */

/* --- files --------------------------------------------------------------------------------------------------------- */

enum key_file_state {
	KEY_FILE_READY,
	KEY_FILE_LOCKED,
	KEY_FILE_ASKED,
	KEY_FILE_DECODING,
	KEY_FILE_REFUSED,
	KEY_FILE_PUBLIC,
	KEY_FILE_BAD
};

/* The file at `path`, as it is now; NULL: there is none, neither it nor its .pub. It lives as long as the keyring. A file
 * that belongs to us and that others can read is BAD. */
struct key_file *keyring_file (struct keyring *keyring, const char *path);

enum key_file_state key_file_state (const struct key_file *file);
const struct public_key *key_file_public (const struct key_file *file); /* NULL: not known yet */
const char *key_file_why (
	const struct key_file *file); /* of REFUSED and BAD: a text that names the file, and what helps */

/* LOCKED: ask for the passphrase. */
void key_file_unlock (struct key_file *file);

/* READY: as private_key_sign. */
int key_file_sign (const struct key_file *file, const void *bytes, size_t n, struct buf *out, struct err *err);

/* --- passwords ----------------------------------------------------------------------------------------------------- */

enum key_password_state { KEY_PASSWORD_ASKED, KEY_PASSWORD_READY, KEY_PASSWORD_REFUSED };

/* The password of that user, which is asked for if it was not: the question names the host. It lives as long as the keyring.
 * NULL: out of memory. */
struct key_password *keyring_password (struct keyring *keyring, const char *user, const char *host);

enum key_password_state key_password_state (const struct key_password *password);

/* READY: the text, in new memory, which the caller wipes and frees; NULL: out of memory. *serial names this answer. */
char *key_password_copy (const struct key_password *password, unsigned *serial);

/* What a host has said to the answer. A wrong one that no host has taken is asked for again, KEYRING_TRIES times in all: true;
 * or another answer has come since. False: this host takes none. */
bool key_password_wrong (struct key_password *password, unsigned serial, const char *host);
void key_password_right (struct key_password *password, unsigned serial);

#endif
