/* revoke - rights that end while they are in use: because of a reload, or because an identity expires.
 *
 * What a new connection would not get, an old one loses, and what it runs is stopped. A connection ends when its identity
 * has lost its file or the connection's key, may not come from there, or has expired. A request that waits is checked as
 * if it came now. One that runs is stopped when its call would be refused now: its identity may not make it (verb or
 * command), acts as another user, or has lost something of the roots that it was given. Limits (`limits` of an identity
 * file) bind what comes after.
 */
#ifndef REMEX_FRONT_REVOKE_H
#define REMEX_FRONT_REVOKE_H

struct front;
struct gate_client;
struct err;

/* A new generation is in use: look at every connection and every request. */
void revoke_all (struct front *front);

/* For the gate: an identity in use has expired; a client may not stay. */
void revoke_expired (void *front);
void revoke_client (void *front, struct gate_client *client, const struct err *err);

#endif
