/* revoke - rights that end while they are in use: because of a reload, or because an identity expires.
 *
 * An old connection loses every right that a new connection would not get, and requests that need such a right are
 * stopped. A connection ends when its identity has lost its file or the connection's key, may not connect from that
 * address any more, or has expired. A waiting request is checked like a new request. A running request is stopped when
 * its call would be refused now: its identity may not make the call (verb or command), acts as another user, or has
 * lost a part of its roots. Changed limits (`limits` of an identity file) apply to later calls only.
 */
#ifndef REMEX_FRONT_REVOKE_H
#define REMEX_FRONT_REVOKE_H

struct front;
struct gate_client;
struct err;

/* A new generation is in use: check every connection and every request. */
void revoke_all (struct front *front);

/* Operations for the gate: an identity in use has expired; a client may not stay. */
void revoke_expired (void *front);
void revoke_client (void *front, struct gate_client *client, const struct err *err);

#endif
