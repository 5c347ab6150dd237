/* turn - whose messages are read next: in one pass of the loop the connections of one identity are read for TURN_NS
 * together, however many they are. So who floods a thousand connections with messages that are dear to read makes nobody
 * else wait for longer.
 *
 * Among themselves the connections of an identity take turns: a round is over when all of them that had something to say
 * have been read once; whoever has had its turn waits for the end of the round. Pure.
 */
#ifndef REMEX_FRONT_TURN_H
#define REMEX_FRONT_TURN_H

#include <stdbool.h>
#include <stdint.h>

#include "gate/access.h"

enum { TURN_NS = 10 * 1000 * 1000 };

/* A connection of that identity has something to say, in that pass of the loop; `round` is the connection's own, 0 at first.
 * True: read it, then tell how long that took. False: in a later pass. */
bool turn_take (struct identity *identity, uint64_t *round, uint64_t pass);
void turn_spent (struct identity *identity, int64_t ns);

#endif
