/* job_streams - the streams of a job's worker and its command: what front/relay.h and front/carrier.h are for a request.
 *
 * Output comes from descriptors that the worker hands over (REC_STREAM: pipes, sockets, a terminal), and goes to the spool
 * as it comes: a job is never slowed by its viewers. Input goes to the descriptor that the worker hands over (REC_SINK), or
 * to the worker itself, as much as it has asked for (REC_PULL). Nothing waits (base/nowait.h), except for a process that holds
 * the lock of its own pipe: that holds up this job, and no other.
 */
#ifndef REMEX_JOB_JOB_STREAMS_H
#define REMEX_JOB_JOB_STREAMS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/fd.h"
#include "base/link.h"
#include "base/nowait.h"

enum { JOB_OUTLETS = 8 };

struct job_outlet {
	struct nowait from; /* fd -1: it has ended */
	enum fd_kind kind;
	int stream; /* of the spool */
	bool wide; /* the kernel was asked for a larger pipe */
	int64_t owed; /* late: bytes that are still taken; -1: it is not late */
};

struct job_streams {
	struct job_outlet outlets[JOB_OUTLETS];
	int n;
	struct nowait sink; /* fd -1: there is none (yet), or it is closed */
	enum fd_kind sink_kind;
	bool has_sink;
	bool sink_full; /* it takes no more now */
	bool input_over; /* the input has ended, or nobody reads it any more */
	int64_t pulled; /* bytes of input that the worker waits for */
	int worker; /* the worker's link; the owner's; -1: gone */
	bool pipe_held; /* an outlet was given up while another process had its other end */
	bool failed; /* a stream could not be read or written */
};

void job_streams_init (struct job_streams *streams, int worker);
void job_streams_free (struct job_streams *streams);

/* The worker hands over descriptors; all of the packet's are taken or closed. `stream`: finds the number of a stream by its
 * name, or -1. False: the record is malformed, or a descriptor is not of its kind. */
bool job_streams_add (
	struct job_streams *streams, struct packet *packet, int (*stream) (void *, const char *, size_t), void *arg);
bool job_streams_set_sink (struct job_streams *streams, struct packet *packet);

/* The descriptors to poll: JOB_OUTLETS entries for the output (none, without `output`), and one for the sink. */
void job_streams_poll (const struct job_streams *streams, struct pollfd *fds, bool output);

/* Read what an outlet has now, at most `size` bytes. 0: nothing now; -1: it has ended, and is closed. */
ssize_t job_streams_read (struct job_streams *streams, int outlet, void *bytes, size_t size);

/* Write input. Returns how many bytes were taken: 0: none now. When nobody reads any more (`input_over`), all are taken. */
size_t job_streams_write (struct job_streams *streams, const uint8_t *bytes, size_t n);

/* The input ends. False: not now. */
bool job_streams_end_input (struct job_streams *streams);

/* The command ended half a second ago: take what is in the outlets now, and nothing that comes later. */
void job_streams_late (struct job_streams *streams);

/* Close all outlets. */
void job_streams_cut (struct job_streams *streams);

/* Have all outlets ended? */
bool job_streams_ended (const struct job_streams *streams);

#endif
