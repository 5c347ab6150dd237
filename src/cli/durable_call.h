/* durable_call - what a call keeps so that its connection may be cut at any byte (remex run --durable). The call is started
 * as a job with a random key (doc/protocol.md, 13), and the client attaches to the job. After a cut it connects again,
 * and goes on where it was: output from the byte behind the last one that has come, input from the byte that the job
 * expects. Output, input and outcome are those of a call without a cut, and the command runs once.
 *
 *   STARTING --the job runs--> ATTACHED --the job has ended--> REMOVING --any end--> OVER
 *      |   ^                    |   ^
 *      cut |                    cut |     PAUSING: until the next try, with back-off. A start that was cut is repeated: the
 *      v   |                    v   |     key makes it the same job
 *      PAUSING                  PAUSING  --the host was not reached for `patience`--> OVER (lost)
 *
 * An attachment alone is no progress: `patience` and the back-off go on until a byte of output or input has moved, or the
 * attachment has held for some time. So a host that takes the call and breaks it off is not asked without end.
 *
 * A host that could not be reached at first, in a few tries, has started nothing: that is the end, as without --durable.
 *
 * The cancel of a request only detaches it. A call that is stopped stops its job by job.kill, and gets the job's end.
 *
 * This file knows no connection: call.c makes the requests, and asks here what comes next.
 */
#ifndef REMEX_CLI_DURABLE_CALL_H
#define REMEX_CLI_DURABLE_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "cli/job_reply.h"
#include "remex/client.h"

enum {
	DURABLE_PATIENCE = 3600, /* seconds, where the user says nothing */
	DURABLE_KEY = 33,
	/* Input that was sent is kept, so that it can be sent again: the last DURABLE_KEPT bytes. A server grants less input than
	   that before the command takes it (doc/protocol.md, 7.3). */
	DURABLE_KEPT = 1024 * 1024,
};

enum durable_phase { DURABLE_STARTING, DURABLE_ATTACHED, DURABLE_REMOVING, DURABLE_OVER };

struct durable_call {
	/* Set by the caller: */
	double patience; /* seconds; 0: the call is not durable */

	/* Internal: */
	enum durable_phase phase;
	char key[DURABLE_KEY];
	bool has_input; /* of the caller */
	bool reached; /* a start was sent, and may have come */
	bool attached; /* the job has said where its input and output are, on this connection */
	int64_t attached_ms; /* clock_ms: since when */
	int64_t input; /* what the job had taken then */
	int tries; /* since the last progress */
	int removals; /* tries that were cut */
	bool told; /* the user was told about this cut */
	int64_t lost_ms, retry_ms; /* clock_ms: the first cut since the last progress; the next try. 0: none */
	int64_t output; /* bytes of output that have come */
	int64_t unconsumed; /* of them */
	int64_t stale; /* of these, those that came over an earlier connection: they give this one no credit */
	struct buf kept; /* input, up to the last byte that was read */
	int64_t kept_from; /* the offset of its first byte */
	int64_t sent; /* the offset of the next byte to send */
	bool end_sent; /* on this connection */
	bool stop; /* the job is to be stopped when it is reached */
	char reason[256]; /* of the last cut */
	char words[1024]; /* of the end, where it is ours */
};

/* Make a key. `first` are n bytes of input that were read already. 0, or -1 with errno. */
int durable_open (struct durable_call *durable, bool has_input, const void *first, size_t n);
void durable_close (struct durable_call *durable);

/* --- the requests ------------------------------------------------------------------------------------------------- */

/* The name of the next request, and what is different in its options: arguments and job of a call that starts. `args` is
 * for the arguments of the other requests, in new memory. 0, or -1: out of memory. */
int durable_request (const struct durable_call *durable, const struct job_reply *id, const char *call,
	struct remex_options *options, struct remex_job *job, char **args, const char **name);

/* A new connection or request has begun. */
void durable_begun (struct durable_call *durable);

enum durable_next {
	DURABLE_NEXT, /* make the next request, over the same connection */
	DURABLE_PAUSE, /* wait, connect again, make the request */
	DURABLE_RESULT, /* this is the result of the call; then make the next request */
	DURABLE_FINAL, /* this is the result of the call, and there is nothing more to do */
	DURABLE_LOST, /* the call is lost: `words` */
	DURABLE_DONE, /* the last request is over; the result is known already */
};

/* A request has ended. `where` is the host, for words. */
enum durable_next durable_ended (
	struct durable_call *durable, struct job_reply *job, const struct remex_result *result, const char *where);

/* Does the call wait for the next try? */
static inline bool durable_waits (const struct durable_call *durable)
{
	return durable && durable->retry_ms;
}

/* What the user is told about the cut, once, when it lasts; NULL: nothing for now. */
const char *durable_news (struct durable_call *durable);

/* --- output and input ---------------------------------------------------------------------------------------------- */

/* The job has said where it is. 0; -1: it is not where it must be (`words`). */
int durable_attached (struct durable_call *durable, const struct job_reply *job, const char *where);

/* n bytes of output have come. */
void durable_came (struct durable_call *durable, size_t n);

/* n bytes of output were consumed: how many of them came over this connection. */
size_t durable_consumed (struct durable_call *durable, size_t n);

/* Send kept input as far as there is credit. How many more bytes may be read and given to durable_keep; 0: none. -1 with
 * errno. */
long durable_send (struct durable_call *durable, struct remex_request *request);

/* n more bytes of input were read. 0, or -1 with errno. */
int durable_keep (struct durable_call *durable, const void *bytes, size_t n);

/* The input has ended: send the end, once on each connection. 0, or -1 with errno. */
int durable_end (struct durable_call *durable, struct remex_request *request);

#endif
