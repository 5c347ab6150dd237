/* job_viewer - the front's connection to the holder of a job (job/holder.h), between a holder and a channel.
 *
 * Output goes from the holder to the channel as fast as the client takes it: while the client has not taken the last record,
 * the connection is not read, and the holder keeps the rest in its files. The record that waits counts in the budget of the
 * identity. Output is not read either while the budget has no room for a record, unless no other output of the identity waits,
 * or while the client's window is shut. Input waits here until the holder has room for it,
 * and the client gets credit for what the holder has; so a client has at most its first credit of input in the front.
 *
 * The holder is a process of the job's user: what it sends is checked, and descriptors that it sends are not taken.
 */
#ifndef REMEX_FRONT_JOB_VIEWER_H
#define REMEX_FRONT_JOB_VIEWER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/link.h"
#include "base/list.h"
#include "base/text.h"

struct channel;
struct front;
struct identity;
struct watch;

/* Calls to the owner, who may close the viewer in each of them. */
struct job_viewer_ops {
	/* The job runs, or has ended: the first record of a holder. `facts` is its payload. */
	void (*hello) (void *arg, const struct record *record, const json_t *facts);
	/* The job has ended, and (`followed`) all output that was asked for is delivered. `line`: the outcome, of n bytes (not
	 * terminated; 0: none). */
	void (*end) (void *arg, bool followed, const char *line, size_t n);
	/* The redraw of the terminal begins, of `n` bytes, which shows the output up to that offset. */
	void (*screen) (void *arg, int64_t offset, int64_t n);
	/* The redraw is delivered. */
	void (*screen_end) (void *arg);
	/* Output is missing: of these offsets. */
	void (*cut) (void *arg, int64_t from, int64_t to);
	/* After job_viewer_finish: the client has all. */
	void (*delivered) (void *arg);
	/* The connection has ended, without an `end`. */
	void (*gone) (void *arg);
	/* After job_viewer_try has failed: the holder takes records again. */
	void (*writable) (void *arg);
	/* After job_viewer_hurry: the client takes too little of the output that waits. */
	void (*stalled) (void *arg);
};

struct job_viewer {
	struct front *front;
	struct identity *identity;
	struct channel *channel; /* NULL: output is dropped */
	const struct job_viewer_ops *ops;
	void *arg;
	int fd; /* -1: closed */
	struct watch *watch;
	bool guarded; /* the kernel lets no descriptors in */
	bool hello; /* HELLO has come */
	bool finishing;
	bool hurried; /* limits.stall applies (job_viewer_hurry) */
	struct list wait; /* of the front's job_waiting: output has come, and is not read */
	struct timer *stall_timer;
	int64_t taken, taken_before; /* bytes that the client has taken, and when the timer was set */

	struct list pending; /* output that the client has not taken: of one record, and lines about it */
	int64_t screen_left; /* bytes of the redraw that are still to come; -1: none is on its way */
	int64_t position; /* the offset behind the output that was received */

	struct list queue; /* of records that the holder has not taken yet: a few small ones */
	bool owner_waits; /* job_viewer_try has failed */
	struct buf input; /* of the client, that the holder has no room for yet */
	bool append; /* input belongs behind what the job has */
	int64_t input_offset; /* of the first byte of `input` */
	int64_t granted; /* bytes of input that the holder takes */
	bool input_ended, input_end_sent, input_blocked;
};

/* Begin without a connection. */
void job_viewer_init (struct job_viewer *viewer, struct front *front, struct identity *identity,
	const struct job_viewer_ops *ops, void *arg);

/* Take a connection (owned from now on). 0, or -1: it cannot be watched, and is closed. */
int job_viewer_open (struct job_viewer *viewer, struct channel *channel, int fd);

/* Close the connection and free what waits. */
void job_viewer_close (struct job_viewer *viewer);

/* Send a record. 0; or -1: the holder takes none now, and `writable` is called when it does. For all that a client can repeat,
 * and for all that is large: nothing is kept here. */
int job_viewer_try (struct job_viewer *viewer, const struct record *record, const void *data, size_t n);

/* Send a record without data. It is kept while the holder takes none: so this is for records that are sent once for each
 * connection. 0, or -1: out of memory. */
int job_viewer_send (struct job_viewer *viewer, const struct record *record);

/* Put bytes on a stream of the channel, before all later output. */
void job_viewer_put (struct job_viewer *viewer, const char *stream, const char *bytes, size_t n);

/* There is no output to come that is not there: from now on the client has to take what waits, within limits.stall, as the output
 * of a request that has ended; what waits for room in the budget waits for other output of the identity that is not taken. When
 * the holder leaves, that is done by itself. */
void job_viewer_hurry (struct job_viewer *viewer);

/* Call `delivered` as soon as the client has taken all that was put so far. Nothing more is read. */
void job_viewer_finish (struct job_viewer *viewer);

/* Input of the client, and its end. The holder's offsets begin at `offset`; INPUT_APPEND: they do not count. */
void job_viewer_input_begin (struct job_viewer *viewer, int64_t offset);
int job_viewer_input (struct job_viewer *viewer, const uint8_t *bytes, size_t n);
void job_viewer_input_end (struct job_viewer *viewer);

/* The client may take output again. */
void job_viewer_room (struct job_viewer *viewer);

/* The budget may have room again. Call this from the loop only. */
void job_viewers_resume (struct front *front);

#endif
