/* invocation - one request while its handler runs: the inside of remex/plugin.h's struct remex_call.
 *
 * An invocation is made from a CALL and freed after the terminal record. All records go through the worker's link:
 * OUTPUT, STREAM, SINK, PULL out; INPUT, INPUT_END, SIGNAL, RESIZE in. The request must end when the lifeline becomes readable
 * (end of file).
 */
#ifndef REMEX_WORKER_INVOCATION_H
#define REMEX_WORKER_INVOCATION_H

#include <jansson.h>
#include <remex/plugin.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "plugin/arguments.h"
#include "wire/codes.h"
#include "wire/tty.h"
#include "worker/context.h"
#include "worker/pty.h"
#include "worker/worker.h"

enum { INVOCATION_STREAMS = 4 };

struct remex_call {
	struct worker *worker;
	uint64_t id;
	json_t *header;
	struct arguments args;
	struct context context;
	bool has_input;
	const struct remex_verb *verb; /* the running verb; NULL: not known yet */

	struct buf input; /* received, not yet read */
	size_t granted; /* bytes that the front may still send */
	size_t unpulled; /* read since the last PULL */
	bool input_ended, read_begun;
	bool has_sink; /* all input goes to a descriptor that was handed over */

	char *streams[INVOCATION_STREAMS]; /* names of the streams that were handed over */
	size_t n_streams;

	struct tty tty; /* the terminal that the call wants, with its present size */
	struct pty pty; /* the terminal of its command, while the command runs */
	bool resized; /* the size has changed, and the terminal does not have it yet */
	uint64_t signals; /* bits of signals that came before the command was started */
	int broken; /* errno: the link has failed, or waiting for it; the worker must die */
	bool kill; /* the call has failed, and processes that it started may live: they must be killed */
	bool unfit; /* the worker lacks a plugin of its generation: another worker may have it */
	bool failed;
	enum code code; /* failed */
	int number; /* failed: errno; else exit status or signal */
	enum outcome outcome; /* not failed */
	enum call_limit limit; /* the limit that ended the command */
	int64_t wake_ms; /* clock_ms: when invocation_wait returns at the latest; 0: never */
	struct call_usage usage; /* of the command */
	char text[ERR_TEXT]; /* failed, or never_started */
};

/* Make it from the text of the header and of the attachment (n 0: none). 0, or -1 and err (with a code). */
int invocation_init (struct remex_call *call, struct worker *worker, uint64_t id, const char *header, size_t n,
	const char *attachment, size_t attachment_n, struct err *err);
void invocation_free (struct remex_call *call);

/* Wait until the link can be read (or, with `writing`, written), the lifeline ends, `extra` (-1: none) is readable, or
 * call->wake_ms has come. Returns a set of these events, never 0; -1 with errno. With `patient` the lifeline is ignored. */
enum { INVOCATION_LINK = 1, INVOCATION_ENDING = 2, INVOCATION_EXTRA = 4, INVOCATION_TIME = 8 };
int invocation_wait (struct remex_call *call, bool writing, int extra, bool patient);

/* Take one record from the link into the call. 0; -1 with errno (EAGAIN: there was none). */
int invocation_receive (struct remex_call *call);

/* Hand over one stream, or (other not NULL) two with one record; the descriptors are closed here in every case. 0, or
 * -1 with EBUSY, EINVAL or the link's errno. invocation_hand_sink does the same for the input. */
int invocation_hand_over (struct remex_call *call, const char *stream, int fd, const char *other, int other_fd);
int invocation_hand_sink (struct remex_call *call, int fd);

/* Is the name of the stream valid, and may the worker still write to it? 0, or -1 with EINVAL or EBUSY. */
int invocation_check_stream (const struct remex_call *call, const char *stream);

#endif
