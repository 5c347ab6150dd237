/* sftp - a client of an SFTP server: requests in flight, and their answers. It has no descriptor and no clock: its owner
 * moves the bytes between it and the server.
 *
 *   GREETING -> READY -> BROKEN         also from GREETING to BROKEN
 *
 * GREETING: the server has not told its version. Requests may be made, and go out behind the greeting. READY: requests are
 * answered, in any order. BROKEN: the server has broken the rules, or memory is short: nothing is answered any more.
 */
#ifndef REMEX_SSH_SFTP_H
#define REMEX_SSH_SFTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "ssh/sftp_message.h"
#include "wire/codes.h"

enum {
	SFTP_WINDOW = 64, /* reads or writes of SFTP_PIECE bytes in flight */
	SFTP_REQUESTS = 1024, /* requests in flight, of all kinds: who asks keeps below it */
};

enum sftp_state { SFTP_IS_GREETING, SFTP_IS_READY, SFTP_IS_BROKEN };

/* An answer: what the kind of the request promises (sftp_message.h); or a SFTP_STATUS: SFTP_OK only to a request that has no
 * other answer, and data is never empty and never more than was asked for. The callee may make requests. */
typedef void sftp_answered (void *arg, const struct sftp_answer *answer);

struct sftp_asked {
	sftp_answered *answered; /* NULL: free */
	void *arg;
	enum sftp_kind kind;
	uint32_t id, length; /* length: of a read */
	int next_free;
};

struct sftp {
	enum sftp_state state;
	struct buf out; /* bytes for the server: the owner consumes them */
	struct buf in; /* an answer that has not come whole */
	struct sftp_answer greeting; /* READY: what the server can do */
	struct err why; /* BROKEN */
	struct sftp_asked asked[SFTP_REQUESTS];
	int first_free, n_asked;
	uint32_t serial;
	void (*ready) (void *arg); /* READY now */
	void *arg;
};

/* NULL: out of memory. `ready` is called in sftp_feed, once. */
struct sftp *sftp_new (void (*ready) (void *arg), void *arg);

/* No answer is delivered any more. NULL is allowed. */
void sftp_free (struct sftp *sftp);

/* Make a request; its strings and bytes are copied. Without memory or room the state is BROKEN. */
void sftp_ask (struct sftp *sftp, const struct sftp_request *request, sftp_answered *answered, void *arg);

/* Take bytes of the server, all of them, and deliver answers. 0; or -1 and err: BROKEN. */
int sftp_feed (struct sftp *sftp, const uint8_t *bytes, size_t n, struct err *err);

/* How many requests wait for an answer. */
int sftp_in_flight (const struct sftp *sftp);

/* The error code for a status that is not SFTP_OK; err: "WHAT: the server's words". Always -1. */
enum code sftp_code (uint32_t status);
int sftp_explain (const struct sftp_answer *answer, const char *what, struct err *err);

#endif
