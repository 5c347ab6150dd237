/* relay - the bytes of one request: from the command's pipes (or the worker) to the client, and back.
 *
 * Output comes from outlets, which are the read ends of pipes, sockets, or the master of a terminal that the worker handed
 * over, and from records of the worker. The carrier reads, writes and closes these descriptors (carrier.h). A pipe is
 * quiet until the first byte is in it: until then the relay only polls the pipe, which never waits for others, and the
 * carrier has no work with it. A terminal is carried from the start. A sink is quiet until there is input. A record for
 * which the client has no room yet is kept in `held`. Input goes to the sink, which is the write end that the worker
 * handed over. Without a sink it goes to the worker, at most as many bytes as the worker has
 * asked for (`pulled`). The client gets credit for input that has left the relay. The relay owns descriptors, watches
 * and buffers. Bytes move if the channel has room for them, and wait for relay_go otherwise. If the channel is NULL,
 * the client is gone: output is not read, and input is dropped. Output that is recorded goes into a tape
 * (record/tape.h), from which it comes to the channel when it is in the recording.
 */
#ifndef REMEX_FRONT_RELAY_H
#define REMEX_FRONT_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/text.h"
#include "front/carrier.h"
#include "front/closing.h"
#include "loop/loop.h"
#include "record/tape.h"
#include "wire/session.h"

enum { RELAY_OUTLETS = 4, RELAY_NAME = TEXT_NAME_MAX + 1 };

struct outlet {
	struct relay *relay;
	char name[RELAY_NAME];
	enum fd_kind kind;
	struct carriage *carriage; /* NULL: the outlet is quiet */
	int fd; /* our end of the carriage, or the quiet pipe itself; -1: ended */
	struct watch *watch;
};

struct relay {
	uv_loop_t *loop;
	struct carrier *carrier;
	struct channel *channel;
	struct tape *tape; /* output goes through it to the channel; NULL: it is not recorded */
	struct outlet outlets[RELAY_OUTLETS];
	int n_outlets;
	bool command_ended;
	bool shut; /* no byte passes any more */
	bool failed; /* bytes were lost: a stream could not be read, written or watched */
	bool short_of_descriptors; /* that was the reason */
	bool over; /* there is more output than output_max */
	bool pipe_held; /* an outlet was closed while another process still held its other end */

	char held_name[RELAY_NAME];
	struct buf held; /* a record's worth of the worker's own output */

	struct buf input;
	enum fd_kind sink_kind;
	struct carriage *sink_carriage; /* NULL: the sink is quiet */
	int sink; /* our end of the carriage, or the quiet descriptor itself; -1: there is none yet, or it is closed */
	int sink_rest; /* our end after the end of the input; closing it early drops the rest */
	struct watch *sink_watch;
	bool sink_wide; /* the carriage's buffer has been enlarged */
	bool has_sink, broken; /* a sink was handed over; the input is not read any more, and is dropped */
	bool input_ended, end_sent;
	int64_t pulled; /* bytes of input for which the worker has room */

	struct closing closing;
	bool gave_up; /* an outlet was closed before its end: others may have its other end */
	int64_t bytes_in, bytes_out, last_ms; /* counters; when a byte last moved */
	int64_t output_max; /* bytes of output that may pass; 0: any number */

	/* Called when bytes have moved or a stream has ended: check relay_done, and whether the worker may write again
	 * (relay_holds); the connection has output to flush. */
	void (*moved) (void *arg);
	/* Input for the worker: 0, or -1 with EAGAIN. n 0: the end. */
	int (*to_worker) (void *arg, const void *bytes, size_t n);
	void *arg;
};

void relay_init (struct relay *relay, uv_loop_t *loop, struct carrier *carrier, struct channel *channel);

/* What is left in relay->closing is the caller's, as are the carriages (relay_let_go). */
void relay_free (struct relay *relay);

/* After relay_free: has the carrier finished all streams of the relay? False: other processes hold up a stream
 * (carrier.h); ask again later. relay->closing is not counted. */
bool relay_let_go (struct relay *relay);

/* The worker hands over a descriptor, which the relay owns from now on: the read end of a pipe (a sink: the write end),
 * a stream socket, or a terminal's master (the sink has a copy of it). The worker, its plugins and their children may hold
 * it too and change its flags, so the relay does not depend on the flags. 0; -1 when there are too many, the name is taken, or the descriptor is not of that kind
 * (then the relay has failed). */
int relay_add_outlet (struct relay *relay, const char *name, size_t n, enum fd_kind kind, int fd);
int relay_set_sink (struct relay *relay, enum fd_kind kind, int fd);

/* The worker pulls: it has room for n more bytes of input. */
void relay_pull (struct relay *relay, int64_t n);

/* Deliver or hold output that the worker wrote. While relay_holds, no more may be read from the worker. 0, or -1 with
 * errno: EINVAL: the output is invalid; ENOMEM: the output is lost. */
int relay_write (struct relay *relay, const char *name, size_t name_n, const uint8_t *bytes, size_t n);
bool relay_holds (const struct relay *relay);

/* Input from the client, and its end. 0, or -1 without memory. */
int relay_input (struct relay *relay, const uint8_t *bytes, size_t n);
void relay_input_end (struct relay *relay);

/* Move all bytes that can move. Call this when the window opens, the connection has room, or the worker takes input. */
void relay_go (struct relay *relay);

/* relay_end: the command has ended. The bytes that are in its pipes now are delivered, without a limit of time.
 * relay_late, half a second later: do not wait for later bytes, nor for bytes that another process has read from the
 * pipe. relay_cut: do not wait for any bytes. relay_shut: from now on no byte passes in either direction, whether or
 * not the command has ended. */
void relay_end (struct relay *relay);
bool relay_late (struct relay *relay); /* true: the carrier cannot do it yet; call again after half a second */
void relay_cut (struct relay *relay);
void relay_shut (struct relay *relay);

/* Has all output been delivered? */
bool relay_done (const struct relay *relay);

#endif
