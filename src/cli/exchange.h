/* exchange - one call, from its start to its end, with everything that a terminal may do meanwhile.
 *
 * A session is a connection; several exchanges may follow each other on it. Ctrl-C: the first sends INT to the command,
 * the second cancels the request, the third leaves at once; with a party, which runs no command, the first one cancels and
 * the second leaves. TERM and HUP cancel, and so does a reader of our stdout
 * that goes away.
 */
#ifndef REMEX_CLI_EXCHANGE_H
#define REMEX_CLI_EXCHANGE_H

#include "base/buf.h"
#include "cli/pump.h"
#include "remex/client.h"

struct session {
	const char *where;
	struct remex *remex;
	struct remex_host *host;
};

/* Connect; 0, or -1 when `where` cannot be (which has been said). What fails later is told by the exchange. */
int session_open (struct session *session, const char *where);

/* Close the connection and connect again. 0, or -1 (which has been said): then there is none. */
int session_again (struct session *session);
void session_close (struct session *session);

/* Whoever makes a call's input and takes its streams, in place of our own stdin and stdout: a transfer (transfer.h). */
struct party {
	void *data;
	bool mortal; /* it may block, and has nothing to clean up: signals are not caught */
	/* Send what can be sent: remex_credit, remex_send, remex_end. 0; 1: there is more that could go at once; -1: it
	 * failed, which has been said, and the call is stopped. */
	int (*send) (void *data, struct remex_request *request);
	/* Take n bytes of a stream that is not "result", and tell remex_consume when they are done with. 0, or -1 as above. */
	int (*take) (void *data, struct remex_request *request, const char *stream, const void *bytes, size_t n);
	int (*waits_on) (void *data); /* a descriptor to be readable before `send` has more, or -1 */
	int (*tick) (void *data); /* time goes by: in how many milliseconds it wants to hear of it again; -1: never */
};

struct exchange {
	/* Set by the caller: */
	const char *call;
	struct remex_options options; /* input and body are filled in from `input` */
	struct input *input; /* NULL: none */
	const struct party *party; /* NULL: none */
	bool live; /* pass stdout and stderr through as they come; otherwise collect them */

	/* Filled in: */
	struct output out, err; /* with `live` */
	char err_tail[512]; /* with `live`: the last bytes of stderr, and a NUL */
	size_t n_err_tail;
	struct buf out_bytes, err_bytes; /* otherwise */
	struct buf result_bytes; /* of the stream "result" */
	struct remex_result result; /* the strings belong to the exchange */
	char *strings[4];
	int broken; /* errno: our own stdin, stdout, stderr or party failed, and the request is stopped for it */
	bool gave_up; /* we left before the request had ended */

	/* Its own: */
	struct remex_request *request;
	int interrupts;
	int64_t leave_ms; /* cancelled for reasons of our own: do not wait longer than this */
};

/* Run it. On a terminal, a host that is not pinned may become so first (trust.h). 0; -1 when it could not be started
 * (which has been said). */
int exchange_run (struct exchange *exchange, struct session *session);
void exchange_free (struct exchange *exchange);

/* --- how it ended (ending.c) --- */

/* May this call end so, as far as remex knows it? A call of somebody else's plugin may run a command or not. */
bool exchange_may_end (const char *call, enum remex_outcome outcome);

/* What to exit with (remex(1), EXIT STATUS). */
int exchange_status (const struct exchange *exchange);

/* Say on stderr how it ended, unless that goes without saying. `program` is what was to be run, or NULL. */
void exchange_explain (const struct exchange *exchange, const struct session *session, const char *program);

/* Call something that takes no time and gives one JSON document; its bytes are in exchange->result_bytes. The exit
 * status; when it is not 0, the reason has been said. */
int exchange_fetch (struct exchange *exchange, struct session *session, const char *call);

#endif
