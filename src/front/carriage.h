/* carriage - the state of a stream that front and carrier share (carrier.h). */
#ifndef REMEX_FRONT_CARRIAGE_H
#define REMEX_FRONT_CARRIAGE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "front/carrier.h"

enum carriage_wish { WISH_ALL, WISH_LATE };

struct carriage {
	bool used; /* read and written by the front only */
	atomic_int kind; /* enum fd_kind, the claimed kind of the descriptor: written by the front */
	atomic_int wish; /* enum carriage_wish: written by the front */
	atomic_int state; /* enum carried: written by the carrier */
	atomic_llong since; /* clock_ms, when the carrier's current system call began; 0: there is none */
};

enum { CARRIAGES = 8192 };

struct carriages {
	atomic_llong taken; /* the number of records that the carrier has received */
	/* The number of sent records whose descriptor the front has closed. The carrier waits for that before it closes
	 * its own copy, because only the last close may wait, and that must be the carrier's. */
	atomic_llong let_go;
	struct carriage all[CARRIAGES];
};

/* The carrier process: serve the records of the link until the link ends. */
int carrier_run (int link, struct carriages *shared);

#endif
