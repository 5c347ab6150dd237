/* closing - see closing.h. */
#include "config.h"

#include <string.h>

#include "base/link.h"
#include "front/closing.h"

static void forget_closed (struct closing *closing)
{
	int n = 0;

	for (int i = 0; i < closing->n_carriages; i++)
		if (carriage_state (closing->carriages[i]) == CARRYING)
			closing->carriages[n++] = closing->carriages[i];
		else
			carriage_free (closing->carriages[i]);
	closing->n_carriages = n;
}

bool closing_add (struct closing *closing, int *fd)
{
	if (*fd < 0)
		return true;
	if (closing->n + closing->n_carriages == CLOSING_MAX)
		forget_closed (closing);
	if (closing->n + closing->n_carriages == CLOSING_MAX)
		return false;
	closing->fds[closing->n++] = *fd;
	*fd = -1;
	return true;
}

void closing_give (struct closing *closing, struct carrier *carrier)
{
	while (closing->n) {
		int n = closing->n < LINK_FDS ? closing->n : LINK_FDS;
		struct carriage *carriage = carrier_close (carrier, closing->fds, (size_t)n);

		if (!carriage)
			return;
		closing->n -= n;
		memmove (closing->fds, closing->fds + n, (size_t)closing->n * sizeof *closing->fds);
		closing->carriages[closing->n_carriages++] = carriage;
	}
}

bool closing_over (struct closing *closing)
{
	forget_closed (closing);
	return !closing->n && !closing->n_carriages;
}

bool closing_done (struct closing *closing, struct carrier *carrier)
{
	closing_give (closing, carrier);
	return closing_over (closing);
}
