/* carriage - what front and carrier share of a stream (carrier.h). */
#ifndef REMEX_FRONT_CARRIAGE_H
#define REMEX_FRONT_CARRIAGE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "front/carrier.h"

enum carriage_wish { WISH_ALL, WISH_ENDING, WISH_LATE };

struct carriage {
	bool used; /* the front's alone */
	atomic_int kind; /* enum fd_kind, what the descriptor is said to be: written by the front */
	atomic_int wish; /* enum carriage_wish: written by the front */
	atomic_int state; /* enum carried: written by the carrier */
	atomic_llong since; /* clock_ms, when the call began that the carrier is in; 0: in none */
};

enum { CARRIAGES = 8192 };

struct carriages {
	/* How many records the front has sent of which it has closed its copy of the descriptor. The carrier waits for that
	 * before it closes its own: the last close is the one that may wait. */
	atomic_llong let_go;
	struct carriage all[CARRIAGES];
};

/* The process: serves what comes over the link until its end. */
int carrier_run (int link, struct carriages *shared);

#endif
