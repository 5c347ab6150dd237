/* throttle - the clients over TCP that have not proved who they are, by address: how many are on their way in, and which
 * addresses have failed so often that they are refused for a while. Pure: no socket, and no clock of its own.
 *
 * A source is an IPv4 address, or the first 64 bits of an IPv6 one. A client that has not proved who it is counts in total
 * and for its source. At the maximum it is for the caller to let the oldest make room (handshake.h).
 *
 * Each failure costs its source a penalty, which adds up and passes with time. When it reaches 15 s (or its maximum, when
 * that is less) the source is refused until it has passed altogether (sshd_config(5), PerSourcePenalties); what it tries
 * meanwhile costs nothing. A success clears nothing: it only does not count.
 *
 * The table holds 65,536 sources; when it is full, the one whose penalty ends first makes room. It is hashed with a key
 * of its own, so that nobody can choose addresses that make it slow.
 */
#ifndef REMEX_GATE_THROTTLE_H
#define REMEX_GATE_THROTTLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/endpoint.h"

enum throttle_verdict {
	THROTTLE_ENTERED,
	THROTTLE_CROWDED, /* too many from that address are on their way in */
	THROTTLE_FULL, /* too many altogether */
	THROTTLE_PENALISED, /* that address has failed too often */
};

enum throttle_failure {
	THROTTLE_BAD_KEY, /* a key that nobody has authorised: 5 s */
	THROTTLE_NO_KEY, /* none at all, as of somebody who looks at ours first (remex trust): 1 s */
	THROTTLE_LATE, /* the handshake did not end in time: 10 s */
	THROTTLE_GARBAGE, /* what came was no TLS that we speak: 5 s */
	THROTTLE_DENIED, /* a good key that may not come from there, or has expired: 1 s */
};

struct throttle_limits {
	int most; /* unproved connections altogether */
	int most_each; /* from one source */
	int64_t penalty_ms; /* the most that penalties add up to; 0: there are none */
};

struct throttle_source;
struct throttle;

/* NULL without memory, or without random numbers (errno). */
struct throttle *throttle_new (const struct throttle_limits *limits);

/* Whatever is still on its way in: no source is good any more. */
void throttle_free (struct throttle *throttle);

/* New limits count for all that come from now on; penalties that last longer than the new maximum are cut to it. */
void throttle_set_limits (struct throttle *throttle, const struct throttle_limits *limits, int64_t now_ms);

/* May one more come in from there? THROTTLE_ENTERED counts it: *source is to be given back with throttle_leave, once, and is
 * otherwise left as it was. Without memory: THROTTLE_FULL. */
enum throttle_verdict throttle_enter (
	struct throttle *throttle, const struct endpoint *from, int64_t now_ms, struct throttle_source **source);

/* It has proved who it is, or is gone. */
void throttle_leave (struct throttle *throttle, struct throttle_source *source);

/* It has failed (before throttle_leave); more than one failure of a connection adds up too. */
void throttle_fail (
	struct throttle *throttle, struct throttle_source *source, enum throttle_failure failure, int64_t now_ms);

/* For status: sources that are penalised now, connections on their way in. */
size_t throttle_penalised (const struct throttle *throttle, int64_t now_ms);
int throttle_entering (const struct throttle *throttle);

#endif
