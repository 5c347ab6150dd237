/* place - what a request takes of the pool, and of its identity's share, from getting a worker until it is over.
 *
 * A request is over when its output is delivered and the carrier has finished its streams. Other processes can hold up
 * the carrier (carrier.h). Then the place lingers, so that the threads of the carrier are bounded by the pool, and those
 * that one identity holds up by its share. Pipes that have ended, and that the carrier only has to close, need no place,
 * unless the identity has too many of these. Nobody waits for these to be closed, so those of an identity's requests go to
 * the carrier together, in one record, a few milliseconds later: to wake the carrier for each short command costs as much
 * as all else that the front does for it.
 */
#ifndef REMEX_FRONT_PLACE_H
#define REMEX_FRONT_PLACE_H

#include <stdbool.h>

#include "base/list.h"
#include "front/closing.h"

struct front;
struct identity;
struct relay;

enum {
	PLACE_CLOSINGS = 64, /* records of descriptors without a place that are not closed yet, */
	PLACE_CLOSINGS_EACH = 8, /* and those of one identity */
	PLACE_WAIT_MS = 10, /* until what has ended is given to the carrier, if no record is full before */
};

/* Part of struct front. All zeros, except for the list. */
struct places {
	struct list lingering; /* places of requests that are over */
	struct {
		struct identity *identity; /* a reference */
		struct closing closing; /* given to the carrier; or still to be given, which then is all of it */
	} closings[PLACE_CLOSINGS];
	int n_closings;
	struct timer *give; /* gives those, */
	bool will_give; /* and has been set */
};

void place_take (struct front *front, struct identity *identity, bool control);

/* The request is over; its relay is freed, and its carriages are the places' from now on. The place becomes free now, or
 * when the carrier has finished (front->events->freed). `taken`: the request had a place. */
void place_leave (struct front *front, struct identity *identity, bool control, bool taken, struct relay *relay);

/* Let the carrier close a descriptor, because of which the identity has one more place until it is closed. NULL: because
 * of nobody. *fd may be -1, and becomes -1. */
void place_close (struct front *front, struct identity *identity, int *fd);

/* The number of places that linger. */
int places_lingering (const struct places *places);

/* Forget them all, because the front ends. */
void places_end (struct front *front);

#endif
