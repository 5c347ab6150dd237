/* connection - one client: the pump between its stream and its session, its identity, its limits of time and memory.
 *
 * OPEN     messages are read and answered                  --the session has ended--> ENDING
 * ENDING   unsent output is sent, then the stream is shut for writing. Input is read and dropped for a second, so
 *          that the client can read the reason               --the client has closed, or the second is over--> freed
 *
 * In every state, the end of the stream means that the client is gone: its requests are stopped. A connection is freed
 * from the loop, never during a call on it.
 */
#ifndef REMEX_FRONT_CONNECTION_H
#define REMEX_FRONT_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "gate/gate.h"
#include "loop/loop.h"
#include "net/pump.h"
#include "wire/session.h"

struct front;

struct connection {
	struct list node;
	struct front *front;
	struct session session;
	struct pump pump; /* between its stream and the buffers of the session */
	struct watch *in_watch, *out_watch; /* when both are the same descriptor, there is only in_watch */
	int peer; /* the socket of a Unix peer, which proves the peer's user to the supervisor; -1: there is none */
	struct gate_client client; /* the gate's data of the client; counted by the gate */
	struct timer *timer, *always; /* for the limits; for streams that cannot be watched */
	uint64_t number; /* for the log */
	struct list
		park; /* in the front's parked: the connection is not read until the budget has room for its message */
	size_t reserved, unsent; /* bytes counted in the budget: of the message that is coming, of unsent output */
	uint64_t round; /* the round in which the connection was last read (turn.h) */
	bool ending, closing;
	bool shut; /* ending: all output is sent, and the stream is shut for writing */
	int64_t end_ms; /* ending: the latest time to close the connection */
};

/* Begin with no connections, and with the configured budget. */
void connections_init (struct front *front);

/* The hello for a client (a new reference). */
json_t *connection_hello (const struct front *front, const struct identity *identity);

/* Start a connection. It owns the stream from now on; *who is copied, with its reference to the identity. If
 * who->refused, call connection_refuse next. NULL without memory: the stream and the identity are released. */
struct connection *connection_start (struct front *front, struct stream *stream, const struct gate_client *who);

/* End the connection: the client gets an error without an id, and its requests are stopped. */
void connection_refuse (struct connection *connection, enum code code, const char *text);

/* Send as much unsent output as the stream takes. */
void connection_flush (struct connection *connection);

/* connection_leave (drain): take no new calls, and close when no call runs. connection_close: close now, and free. */
void connection_leave (struct connection *connection);
void connection_close (struct connection *connection);

#endif
