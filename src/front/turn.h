/* turn - the order in which connections are read. In one pass of the loop, all connections of one identity together are
 * read for TURN_NS, whatever their number. So an identity that floods a thousand connections with messages that take
 * long to read does not make other identities wait longer.
 *
 * The connections of an identity take turns: a round is over when each of them that had input has been read once. A
 * connection that has had its turn waits for the end of the round. Pure.
 */
#ifndef REMEX_FRONT_TURN_H
#define REMEX_FRONT_TURN_H

#include <stdbool.h>
#include <stdint.h>

#include "gate/access.h"

enum { TURN_NS = 10 * 1000 * 1000 };

/* A connection of that identity has input in that pass of the loop; `round` belongs to the connection, and is 0 at
 * first. True: read it, then report the time with turn_spent. False: read it in a later pass. */
bool turn_take (struct identity *identity, uint64_t *round, uint64_t pass);
void turn_spent (struct identity *identity, int64_t ns);

#endif
