/* viewers - the connections to a job's holder (holder.h): what each gets, and what each sends.
 *
 * A viewer has a place in the output, and gets records until its socket is full; the rest waits in the spool, so that a slow
 * viewer costs no memory and slows nobody. Input waits with its viewer (at most JOB_INPUT_WINDOW bytes) until the job takes it.
 * A viewer that has left with such input stays, without a socket, until the input is taken, or its place is needed.
 *
 *   records in   FOLLOW, INPUT, INPUT_END are handled here; the others become calls of the owner (struct viewer_ops)
 *   records out  HELLO; then INPUT_TAKEN, INPUT_GAP, SCREEN, OUTPUT, CUT, END as they become due, in this order
 *
 * The viewers own their sockets and buffers. The spool is the owner's.
 */
#ifndef REMEX_JOB_VIEWERS_H
#define REMEX_JOB_VIEWERS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/link.h"
#include "job/holder.h"
#include "job/job_spool.h"

struct viewer {
	int fd; /* -1: it has left */
	bool used;
	bool greeted; /* HELLO was sent */
	bool full; /* the socket takes no more now */
	bool following, live, read_only;
	bool over; /* END was sent */
	int streams; /* as for job_spool_read */
	struct spool_place place;
	int64_t until; /* not live: END comes at this offset */
	bool screen_due;
	struct buf screen; /* what is not sent yet, */
	int64_t screen_offset, screen_size; /* and of what */
	struct buf input;
	int64_t input_at; /* the offset of the first byte in `input`; INPUT_APPEND: wherever it is taken */
	int64_t input_end; /* the offset of the end, or INPUT_APPEND; -2: it has not ended */
	int64_t credit; /* bytes that were taken and not told */
	bool gap, gap_told;
	int64_t moved_ms; /* when a record last passed */
};

struct viewer_ops {
	void (*call) (void *arg, const struct packet *packet); /* REC_CALL, from the first viewer */
	void (*signal) (void *arg, int signo);
	void (*resize) (void *arg, int rows, int cols);
	void (*stop) (void *arg, int64_t grace_ms);
	/* Append the bytes that redraw the screen, or (text) the text of the screen; without a terminal the last `lines` lines. */
	void (*draw) (void *arg, bool text, int64_t lines, struct buf *out);
};

struct viewers {
	const struct viewer_ops *ops;
	void *arg;
	const struct job_spool *spool;
	struct viewer all[HOLDER_VIEWERS];
	bool running; /* HELLO may be sent */
	bool takes_input;
	bool has_tty;
	int rows, cols;
	int64_t taken; /* bytes of input that the job has taken */
	int64_t reached; /* the output before it was sent to the viewer that followed last, to its end */
	bool ended;
	const char *outcome; /* the line, when it has ended; "": none */
	bool more; /* a viewer has more to send at once */
	int turn; /* whose input comes next */
	const struct viewer *last; /* the one that followed last, live and all streams; it may have left */
};

void viewers_init (struct viewers *viewers, const struct viewer_ops *ops, void *arg, const struct job_spool *spool);
void viewers_free (struct viewers *viewers);

/* Add a connection, which is the viewers' from then on (also when there is no room: it is closed). NULL: no room. */
struct viewer *viewers_add (struct viewers *viewers, int fd);

/* How many have a socket? */
int viewers_count (const struct viewers *viewers);

/* The descriptors to poll: fills HOLDER_VIEWERS entries. Then, with their results: receive and send. `now`: clock_ms. */
void viewers_poll (const struct viewers *viewers, struct pollfd *fds);
void viewers_ready (struct viewers *viewers, const struct pollfd *fds, int64_t now);

/* Send what has become due: output was appended, input taken, the job has ended. */
void viewers_go (struct viewers *viewers, int64_t now);

/* Until when (clock_ms) should the next output wait for the viewer that followed last, because it is taking what there
 * is? 0: not at all. */
int64_t viewers_pace (const struct viewers *viewers, int64_t now);

/* Drop those that have not moved since then. Returns when the next one will be late (0: there is none). */
int64_t viewers_drop_late (struct viewers *viewers, int64_t now);

/* The next bytes of input: *n bytes; NULL: there are none, or (*end) the input ends here. Then say how many of them the job
 * has taken. */
const uint8_t *viewers_input (struct viewers *viewers, size_t *n, bool *end);
void viewers_taken (struct viewers *viewers, size_t n);

#endif
