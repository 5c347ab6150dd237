/* throttle - counts clients over TCP without a proved key by address: how many are in the handshake, and which
 * addresses have failed so often that they are refused for a while. Pure: no socket, and no clock of its own.
 *
 * A source is an IPv4 address, or the first 64 bits of an IPv6 address. A client without a proved key counts in total
 * and for its source. At the maximum the caller may end the oldest handshake (handshake.h).
 *
 * Each failure adds a penalty to its source, and penalties pass with time. When the sum reaches 15 s (or the configured
 * maximum, when that is less) the source is refused until the penalty has passed completely (sshd_config(5),
 * PerSourcePenalties); attempts in the meantime add nothing. A success does not add a penalty, and clears none.
 *
 * All clients of the reverse tunnel are one source, whose clients do not know each other: they may have a quarter of all
 * handshakes, and no failure adds a penalty to their source.
 *
 * The table holds 65,536 sources; when it is full, the source whose penalty ends first is dropped. The hash has a
 * random key, so that nobody can choose addresses that make the table slow.
 */
#ifndef REMEX_GATE_THROTTLE_H
#define REMEX_GATE_THROTTLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/endpoint.h"

enum throttle_verdict {
	THROTTLE_ENTERED,
	THROTTLE_CROWDED, /* too many handshakes from that address */
	THROTTLE_FULL, /* too many handshakes in total */
	THROTTLE_PENALISED, /* that address has failed too often */
};

enum throttle_failure {
	THROTTLE_BAD_KEY, /* an unauthorised key: 5 s */
	THROTTLE_NO_KEY, /* no key, as of a client that only reads the host key (remex trust): 1 s */
	THROTTLE_LATE, /* the handshake did not end in time: 10 s */
	THROTTLE_GARBAGE, /* the input was not TLS 1.3: 5 s */
	THROTTLE_DENIED, /* an authorised key from a forbidden address, or expired: 1 s */
};

struct throttle_limits {
	int most; /* handshakes in total */
	int most_each; /* handshakes from one source */
	int64_t penalty_ms; /* the maximum sum of penalties; 0: no penalties */
};

struct throttle_source;
struct throttle;

/* NULL with errno: out of memory, or no random numbers. */
struct throttle *throttle_new (const struct throttle_limits *limits);

/* Handshakes may still be counted: their sources are invalid from now on. */
void throttle_free (struct throttle *throttle);

/* New limits count for all new clients; penalties that last longer than the new maximum are cut to it. */
void throttle_set_limits (struct throttle *throttle, const struct throttle_limits *limits, int64_t now_ms);

/* Count one more client from that address. THROTTLE_ENTERED: counted, and *source must be given back with
 * throttle_leave, once. Otherwise *source is unchanged. Out of memory: THROTTLE_FULL. */
enum throttle_verdict throttle_enter (
	struct throttle *throttle, const struct endpoint *from, int64_t now_ms, struct throttle_source **source);

/* The client has proved its key, or is gone. */
void throttle_leave (struct throttle *throttle, struct throttle_source *source);

/* The client has failed (call before throttle_leave). Several failures of one connection add up, too. */
void throttle_fail (
	struct throttle *throttle, struct throttle_source *source, enum throttle_failure failure, int64_t now_ms);

/* For status: the number of refused sources, and of handshakes. */
size_t throttle_penalised (const struct throttle *throttle, int64_t now_ms);
int throttle_entering (const struct throttle *throttle);

#endif
