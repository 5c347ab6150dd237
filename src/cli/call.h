/* call - one request on one host, from its start to its end. It has no loop and does not wait: drive.h runs it, beside
 * others. It does not report how it ended: result.h does.
 *
 *   NEW -> RUNNING -> OVER      the server has said how it ended, or the connection is gone: `result`
 *          RUNNING -> OVER      `gave_up`: we left before the server had said it
 *   NEW -> WAITING -> RUNNING   a queued call: it waits for its turn, and connects then
 *          WAITING -> OVER      `skipped`: it was never started
 *
 * A call that is one of many (call_queue) prints nothing and never leaves the loop: its caller does both.
 *
 * The sink is a row of operations: it takes the output, and may make the input. There are live, collect, and a transfer
 * (transfer.h). Ctrl-C: the first sends INT to the command, the second cancels the request, the third leaves at once.
 * Where no command of ours runs (sink->send, and calls about jobs) the first cancels and the second leaves. TERM and HUP go to the command, and
 * CALL_FORWARD_MS later, or when the next one comes, they cancel; where no command runs they cancel at once. Then, when the call
 * is over, we do not wait until our reader has taken the rest of the output. QUIT, USR1, USR2, TSTP and CONT go to the
 * command (console_forward). When the reader of our stdout goes away, the call is cancelled too.
 */
#ifndef REMEX_CLI_CALL_H
#define REMEX_CLI_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/text.h"
#include "cli/console.h"
#include "cli/drive.h"
#include "cli/durable_call.h"
#include "cli/job_reply.h"
#include "remex/client.h"

struct call;

struct sink {
	/* Take n bytes of a stream other than "result", and call call_consume when they are consumed. 0, or -1: the
	 * bytes cannot be taken (already reported), and the call is stopped. */
	int (*take) (struct call *call, const char *stream, const void *bytes, size_t n);
	/* For a sink that makes the input, in place of our own stdin: send as much as possible (remex_credit,
	 * remex_send, remex_end). 0; 1: more could be sent at once; -1 as above. NULL: the sink makes no input. */
	int (*send) (struct call *call);
	/* The request is made (call->request), and nothing of it was received. NULL: nothing to do. */
	void (*begun) (struct call *call);
	/* A descriptor that must be readable before `send` has more, or -1. NULL: none. */
	int (*waits_on) (struct call *call);
	/* A signal has come: true when the sink has dealt with it. NULL: it never does. */
	bool (*signal) (struct call *call, int signo);
	/* Time has passed. Returns after how many milliseconds to call it again, -1: never. NULL: never. */
	int (*tick) (struct call *call);
	/* The server has ended the call: `result` is filled in. The sink may still add to the output, or let the call fail
	 * (call_fail). NULL: nothing to do. */
	void (*ended) (struct call *call);
	/* The server has said which job the call has to do with (call->job). NULL: nothing to do. */
	void (*attached) (struct call *call);
	/* For a sink that keeps output until our reader takes it: write what can be written now. True: something is
	 * kept; then the call is not over, also after its end. NULL: the sink keeps nothing. */
	bool (*flush) (struct call *call);
};

/* live: stdout and stderr go to ours as they come. shown: the same, but a terminal shows control characters other than
 * newline, carriage return and tab, and obeys none of them but colours (text_show, text_colour): for output that was made
 * before, whose queries our terminal would answer to the shell. collect: they are kept until the end (call->out_bytes, call->err_bytes). */
extern const struct sink sink_live, sink_shown, sink_collect;

enum {
	CALL_FORWARD_MS = 2000
}; /* what a command that gets TERM or HUP has to end by itself; then the server's grace begins */

enum { CALL_STRINGS = 5 }; /* of a result: code, message, limit, json, via */

struct call {
	/* Set by the caller: */
	const char *where; /* the host, for messages */
	const char *name; /* "exec.run" */
	struct remex_options options; /* options.input and options.body are filled in from `input` */
	struct input *input; /* NULL: none */
	struct tap *tap; /* the input of many calls (feed.h) in place of `input`; NULL: none */
	const struct sink *sink;
	void *data; /* for the sink */
	const char *command; /* the first word of the command, for hints; NULL: not known */
	struct durable_call
		*durable; /* the connection may be cut at any byte; NULL: its end is the end of the call. The
					 input is `input` or `tap`, and the sink makes none */
	bool may_block; /* the sink may block, and has nothing to clean up: signals are not caught */
	/* For call_queue, and for a durable call: */
	const char *address; /* for remex_connect_by; NULL: `where` */
	const char *proxy; /* the command that leads there; NULL: none */
	/* For call_queue: */
	/* Its turn has come: set options.args. 0; or -1 with errno, or with errno 0 after call_fail. May be NULL. */
	int (*begin) (struct call *call);
	void (*ended) (struct call *call); /* it is over, and its connection is closed */

	/* Filled in: */
	struct buf out_bytes, err_bytes; /* of sink_collect */
	char err_tail[512]; /* of sink_live: the last bytes of stderr, and a NUL */
	size_t n_err_tail;
	struct call_held {
		uint8_t bytes[TEXT_COLOUR_MAX]; /* a character, or a colour, that is not complete yet */
		size_t n;
		bool coloured; /* a colour has been set, and not been undone */
	} held[2]; /* of sink_shown: of stdout, of stderr */
	size_t surplus; /* of sink_shown: bytes that it has added to what came, and that are not written yet */
	struct buf result_bytes; /* of the stream "result" */
	struct job_reply job; /* of a call about a job, or that starts one */
	struct remex_result result; /* the strings belong to the call */
	char *strings[CALL_STRINGS];
	int broken; /* errno: our own stdin, stdout, stderr or sink failed, so the request is stopped */
	bool gave_up;
	bool skipped; /* it was queued, and never started */

	/* Internal: */
	struct task task;
	bool waiting; /* for its turn */
	bool kept; /* the sink has kept output */
	struct remex_host *host; /* of a queued or a durable call; NULL: not connected */
	struct drive *drive;
	struct writer writer;
	struct remex_request *request; /* NULL except while RUNNING */
	int interrupts;
	bool leaving; /* TERM or HUP came */
	int64_t cancel_ms; /* TERM or HUP was passed on: cancel then; 0: it was not */
	int64_t leave_ms; /* we have cancelled: wait no longer than this; 0: not cancelled */
};

/* Make the call NEW. The caller has set its members. */
void call_init (struct call *call);
void call_free (struct call *call);

/* Start the call on that host, as a task of the drive. 0, or -1: it could not be started (already reported). A call
 * that is over may be started again. */
int call_start (struct call *call, struct drive *drive, struct remex_host *host);

/* Add the call to the queue of the drive: when its turn comes it connects and starts. A failure becomes its result. */
void call_queue (struct call *call, struct drive *drive);

/* A call that waits for its turn is not started any more: it is over, and `skipped`. */
void call_skip (struct call *call);

/* Stop the call: cancel its request and wait for the answer, but not for ever. */
void call_stop (struct call *call);

/* The loop is left: a queued call that is not over ends here, as skipped or given up. */
void call_abandon (struct call *call);

/* End the call as a failure on our side, also when the server reported success: the error is in `why`. */
void call_fail (struct call *call, enum remex_outcome outcome, const char *code, const char *why);

/* Leave at once, without an answer: the connection is closed, and the server cancels the request. */
void call_leave (struct call *call);

/* n bytes of its output are consumed, and the server may send as many again. */
void call_consume (struct call *call, size_t n);

/* Did the server end the call with this outcome? False where we left or broke it off. */
static inline bool call_ended (const struct call *call, enum remex_outcome outcome)
{
	return !call->broken && !call->gave_up && call->result.outcome == outcome;
}

#endif
