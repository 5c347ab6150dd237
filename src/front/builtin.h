/* builtin - the calls that the front answers without a worker: from its own data (`plugins`, `identities`), or by
 * asking the supervisor (`reload`). They are in one table; doc/protocol.md describes each.
 */
#ifndef REMEX_FRONT_BUILTIN_H
#define REMEX_FRONT_BUILTIN_H

#include <stdbool.h>

#include "base/link.h"
#include "wire/session.h"

struct front;
struct identity;

/* True: the message is one of these calls, and is answered now or later. False: it is another call. */
bool builtin_call (
	struct front *front, struct identity *identity, struct channel *channel, const struct message *message);

/* The supervisor has answered a reload. */
void builtin_reloaded (struct front *front, struct packet *packet);

#endif
