/* exchange - one call, from its start to its end, with everything that a terminal may do meanwhile.
 *
 * A session is a connection; several exchanges may follow each other on it. Ctrl-C: the first sends INT to the command,
 * the second cancels the request, the third leaves at once. TERM and HUP cancel, and so does a reader of our stdout
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
void session_close (struct session *session);

/* A session was closed while the system looked up a name, which only _exit(2) does not wait for: leave by that. */
bool session_left_over (void);

struct exchange {
	/* Set by the caller: */
	const char *call;
	struct remex_options options; /* input and body are filled in from `input` */
	struct input *input; /* NULL: none */
	bool live; /* pass stdout and stderr through as they come; otherwise collect them */

	/* Filled in: */
	struct output out, err; /* with `live` */
	struct buf out_bytes, err_bytes; /* otherwise */
	struct buf result_bytes; /* of the stream "result" */
	struct remex_result result; /* the strings belong to the exchange */
	char *strings[4];
	int broken; /* errno: our own stdin, stdout or stderr failed, and the request is stopped for it */
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

/* What to exit with (remex(1), EXIT STATUS). */
int exchange_status (const struct exchange *exchange);

/* Say on stderr how it ended, unless that goes without saying. `program` is what was to be run, or NULL. */
void exchange_explain (const struct exchange *exchange, const struct session *session, const char *program);

/* Call something that takes no time and gives one JSON document; its bytes are in exchange->result_bytes. The exit
 * status; when it is not 0, the reason has been said. */
int exchange_fetch (struct exchange *exchange, struct session *session, const char *call);

#endif
