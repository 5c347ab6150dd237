/* revoke - rights that end while they are in use: by a reload that takes them away, or because an identity expires.
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
struct grant;

/* A new generation is in use: look at every connection and every request. */
void revoke_all (struct front *front);

/* A connection with that grant has come: it ends when the grant expires. */
void revoke_watch (struct front *front, const struct grant *grant);

#endif
