/* connection - one client: a pump between its stream and its session, its identity, its limits of time and memory.
 *
 * States: OPEN; ENDING (the session has ended: what is unsent is sent, the stream is shut for writing, and what the
 * client still sends is read and dropped for a second, so that it reads why); then it is freed. End of stream from the
 * client, at any time, means that the client is gone: its requests are stopped. It is freed only from the loop, never
 * from within a call on it.
 */
#ifndef REMEX_FRONT_CONNECTION_H
#define REMEX_FRONT_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "gate/gate.h"
#include "loop/loop.h"
#include "wire/session.h"
#include "net/pump.h"

struct front;

struct connection {
	struct list node;
	struct front *front;
	struct session session;
	struct pump pump; /* between its stream and the buffers of the session */
	struct watch *in_watch, *out_watch; /* the same descriptor: one watch, in_watch */
	int peer; /* the socket of a Unix peer, which proves to the supervisor who that is; -1: there is none */
	struct gate_client client; /* who it is; counted by the gate */
	struct timer *timer, *always; /* limits; streams that cannot be watched */
	uint64_t number; /* for the log */
	struct list park; /* of the front's parked: nothing is read until the budget has room for its message */
	size_t reserved, untaken; /* what the budget has for it: of a message that comes, of output that waits */
	bool ending, dead;
	bool shut; /* ending: all is sent, and the stream is shut for writing */
	int64_t end_ms; /* ending: when patience ends */
};

/* There are no connections; the budget is the configured one. */
void connections_init (struct front *front);

/* The hello for a client (a new reference). */
json_t *connection_hello (const struct front *front, const struct identity *identity);

/* A connection over the stream (owned from now on) for that client (*who is copied, and the reference to its identity taken
 * over). One that is refused is to be told why, by connection_refuse. NULL without memory: stream and identity are released. */
struct connection *connection_start (struct front *front, struct stream *stream, const struct gate_client *who);

/* End it with an error that has no id: its client is told why, and its requests are stopped. */
void connection_refuse (struct connection *connection, enum code code, const char *text);

/* Send what the session has, as far as it goes. */
void connection_flush (struct connection *connection);

/* No new calls; close when nothing runs (drain). End it now. */
void connection_leave (struct connection *connection);
void connection_close (struct connection *connection);

#endif
