/* call - one request on one host, from its start to its end. It has no loop and waits for nothing: drive.h runs it, with
 * others beside it. It says nothing of how it ended: result.h does.
 *
 *   NEW -> RUNNING -> OVER      the server has said how it ended, or the connection is gone: `result`
 *          RUNNING -> OVER      `gave_up`: we left before that
 *
 * Where its bytes go, and where its input comes from, is a row of operations, the sink: live, collect, or a transfer
 * (transfer.h). Ctrl-C: the first sends INT to the command, the second cancels the request, the third leaves at once; where
 * no command runs (sink->send) the first one cancels and the second leaves. TERM and HUP cancel, and what our reader has not
 * taken when the call is over is then not waited for. A reader of our stdout that goes away cancels too.
 */
#ifndef REMEX_CLI_CALL_H
#define REMEX_CLI_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "cli/console.h"
#include "cli/drive.h"
#include "remex/client.h"

struct call;

struct sink {
	/* Take n bytes of a stream that is not "result", and tell call_consume when they are done with. 0, or -1: they
	 * cannot be taken, which has been said, and the call is stopped. */
	int (*take) (struct call *call, const char *stream, const void *bytes, size_t n);
	/* Where the sink makes the input, in place of our own stdin: send what can be sent (remex_credit, remex_send,
	 * remex_end). 0; 1: there is more that could go at once; -1 as above. NULL: it makes none. */
	int (*send) (struct call *call);
	/* A descriptor to be readable before `send` has more, or -1; NULL: none. */
	int (*waits_on) (struct call *call);
	/* Time goes by: in how many milliseconds to tell it again, -1: never; NULL: never. */
	int (*tick) (struct call *call);
};

/* stdout and stderr go to ours as they come. They are kept for the end (call->out_bytes, call->err_bytes). */
extern const struct sink sink_live, sink_collect;

struct call {
	/* Set by the caller: */
	const char *where; /* the host, for messages */
	const char *name; /* "exec.run" */
	struct remex_options options; /* input and body are filled in from `input` */
	struct input *input; /* NULL: none */
	const struct sink *sink;
	void *data; /* of the sink */
	bool mortal; /* the sink may block, and has nothing to clean up: signals are not caught */

	/* Filled in: */
	struct buf out_bytes, err_bytes; /* of sink_collect */
	char err_tail[512]; /* of sink_live: the last bytes of stderr, and a NUL */
	size_t n_err_tail;
	struct buf result_bytes; /* of the stream "result" */
	struct remex_result result; /* the strings belong to the call */
	char *strings[4];
	int broken; /* errno: our own stdin, stdout, stderr or sink failed, and the request is stopped for it */
	bool gave_up;

	/* Its own: */
	struct task task;
	struct drive *drive;
	struct writer writer;
	struct remex_request *request; /* NULL but while RUNNING */
	int interrupts;
	bool leaving; /* TERM or HUP came */
	int64_t leave_ms; /* cancelled for reasons of our own: do not wait longer than this; 0: not cancelled */
};

/* Make it NEW, with what the caller has set. */
void call_init (struct call *call);
void call_free (struct call *call);

/* Start it on that host, as a task of the drive. 0, or -1: it could not be started (which has been said). A call that is
 * over may be started again. */
int call_start (struct call *call, struct drive *drive, struct remex_host *host);

/* n bytes of its output are done with, and the server may send as many again. */
void call_consume (struct call *call, size_t n);

/* Did the server end it so, or did we leave or break it off? */
static inline bool call_ended (const struct call *call, enum remex_outcome outcome)
{
	return !call->broken && !call->gave_up && call->result.outcome == outcome;
}

#endif
