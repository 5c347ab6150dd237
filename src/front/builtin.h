/* builtin - the calls that the front answers itself, without a worker: what it knows (`plugins`, `identities`), and what
 * it passes on to the supervisor (`reload`). One table of them; doc/protocol.md describes each.
 */
#ifndef REMEX_FRONT_BUILTIN_H
#define REMEX_FRONT_BUILTIN_H

#include <stdbool.h>

#include "base/link.h"
#include "wire/session.h"

struct front;
struct identity;

/* Is it one of these calls? Then it is answered, now or later, and the result is true. */
bool builtin_call (
	struct front *front, struct identity *identity, struct channel *channel, const struct message *message);

/* The supervisor has answered a reload. */
void builtin_reloaded (struct front *front, struct packet *packet);

/* The time of the drain is over: replies that clients have not read yet are ended by an error. */
void builtin_stop (struct front *front);

#endif
