/* relay - the bytes of one request: from the command's pipes (or the worker) to the client, and back.
 *
 * Output comes from outlets, which are the read ends of pipes or sockets that the worker handed over, and from records of
 * the worker. A record that the client has no room for yet is kept in `held`. Input goes to the sink, which is the write
 * end that the worker handed over, or else to the worker, as many bytes as it has asked for (`pulled`). The client gets
 * credit for input that has left the relay. The relay owns descriptors, watches and buffers. Bytes move if the channel has
 * room for them, and wait for relay_go otherwise. If the channel is NULL, the client is gone: output is not read, and input
 * is dropped.
 */
#ifndef REMEX_FRONT_RELAY_H
#define REMEX_FRONT_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "base/buf.h"
#include "base/fd.h"
#include "base/nowait.h"
#include "front/carrier.h"
#include "loop/loop.h"
#include "wire/session.h"

enum { RELAY_OUTLETS = 4, RELAY_NAME = TEXT_NAME_MAX + 1 };

struct outlet {
	struct relay *relay;
	char name[RELAY_NAME];
	int fd; /* -1: ended */
	enum fd_kind kind;
	struct nowait from; /* the same, and how it is read */
	struct carriage *carriage; /* fd is our end of it; NULL: fd is the pipe itself */
	struct watch *watch;
	int64_t owed; /* after relay_end: bytes that were in the pipe then, and are still to be delivered */
};

struct relay {
	uv_loop_t *loop;
	struct carrier *carrier; /* set behind relay_init; NULL: descriptors are read and written here */
	struct channel *channel;
	struct outlet outlets[RELAY_OUTLETS];
	int n_outlets;
	bool ending, late; /* the command has ended; and half a second has passed since */
	bool shut; /* nothing passes any more */
	bool failed; /* bytes were lost: a stream could not be read, written or watched */
	bool pipe_held; /* an outlet was closed though somebody still held its other end */

	char held_name[RELAY_NAME];
	struct buf held; /* a record's worth of the worker's own output */

	struct buf input;
	int sink; /* the write end; -1: none (yet, or any more) */
	enum fd_kind sink_kind;
	struct nowait sink_to; /* the same, and how it is written */
	struct carriage *sink_carriage; /* as above; */
	int sink_rest; /* then, at the end of the input, our end: closed before the carrier is done, it takes back the rest */
	struct watch *sink_watch;
	bool has_sink, broken; /* a sink was handed over; nobody reads the input: it is dropped */
	bool input_ended, end_sent;
	int64_t pulled; /* what the worker has room for */

	int64_t bytes_in, bytes_out, last_ms; /* counted; when a byte last moved */

	/* Called when something has moved or ended: look at relay_done and whether the worker may write again; the
	 * connection has output to flush. */
	void (*moved) (void *arg);
	/* Input for the worker: 0, or -1 with EAGAIN. n 0: the end. */
	int (*to_worker) (void *arg, const void *bytes, size_t n);
	void *arg;
};

void relay_init (struct relay *relay, uv_loop_t *loop, struct channel *channel);
void relay_free (struct relay *relay);

/* After relay_free: has the carrier let go of all that it carried? What it has, others hold up (carrier.h); ask again. */
bool relay_let_go (struct relay *relay);

/* Hand-overs from the worker; the descriptor is the relay's: a pipe's read end (a sink: its write end) or a stream socket.
 * The worker, its plugins and their children may hold it too and change its flags, so none is depended upon. 0; -1 when
 * there are too many, the name is taken, or (and then the relay has failed) the descriptor is not of that kind. */
int relay_add_outlet (struct relay *relay, const char *name, size_t n, enum fd_kind kind, int fd);
int relay_set_sink (struct relay *relay, enum fd_kind kind, int fd);

/* The worker pulls: it has room for n more bytes of input. */
void relay_pull (struct relay *relay, int64_t n);

/* Output that the worker wrote: delivered, or held. While relay_holds, no more must be read from the worker. 0, or -1 with
 * errno: EINVAL, it makes no sense; ENOMEM, and it is lost. */
int relay_write (struct relay *relay, const char *name, size_t name_n, const uint8_t *bytes, size_t n);
bool relay_holds (const struct relay *relay);

/* Input from the client, and its end. 0, or -1 without memory. */
int relay_input (struct relay *relay, const uint8_t *bytes, size_t n);
void relay_input_end (struct relay *relay);

/* Move what can be moved: call this when the window has opened, the connection has room, or the worker takes input again. */
void relay_go (struct relay *relay);

/* relay_end: the command has ended. What its pipes hold now is delivered, however long that takes. relay_late, half a second
 * later: do not wait for more than that, nor for bytes that another process has read from the pipe. relay_cut: do not wait
 * for anything. relay_shut: from now on no byte passes in either direction, whether or not the command has ended. */
void relay_end (struct relay *relay);
bool relay_late (struct relay *relay); /* true: again after as long, for a carrier that cannot do it yet */
void relay_cut (struct relay *relay);
void relay_shut (struct relay *relay);

/* Has all output been delivered? */
bool relay_done (const struct relay *relay);

#endif
