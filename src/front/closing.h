/* closing - descriptors of one owner that the carrier closes, and that may take the carrier any time (carrier.h).
 *
 * A descriptor is added, and given to the carrier together with the others at closing_give. It counts as open until the
 * carrier has closed it, so that its owner can be made to wait.
 */
#ifndef REMEX_FRONT_CLOSING_H
#define REMEX_FRONT_CLOSING_H

#include <stdbool.h>

#include "front/carrier.h"

enum { CLOSING_MAX = 16 };

/* All zeros: there is nothing to close. */
struct closing {
	int fds[CLOSING_MAX], n; /* not given to the carrier yet */
	struct carriage *carriages[CLOSING_MAX]; /* what the carrier has not closed yet */
	int n_carriages;
};

/* Add *fd, which becomes -1; -1 is not added. False: there are CLOSING_MAX, and *fd stays open. */
bool closing_add (struct closing *closing, int *fd);

/* Give the carrier the descriptors that were added. Those that it does not take now stay for the next call. */
void closing_give (struct closing *closing, struct carrier *carrier);

/* Has the carrier closed all, and is nothing left to give? */
bool closing_over (struct closing *closing);

/* Give what was added, and ask that. */
bool closing_done (struct closing *closing, struct carrier *carrier);

#endif
