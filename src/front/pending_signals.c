/* pending_signals - see pending_signals.h. */
#include "config.h"

#include "front/pending_signals.h"

void pending_signals_add (struct pending_signals *pending, int signo)
{
	pending->signals |= (uint64_t)1 << signo;
}

void pending_signals_resize (struct pending_signals *pending, int rows, int cols)
{
	pending->rows = rows;
	pending->cols = cols;
	pending->resized = true;
}

void pending_signals_send (
	struct pending_signals *pending, int (*send) (void *arg, int signo, int rows, int cols), void *arg)
{
	if (pending->resized && send (arg, 0, pending->rows, pending->cols) < 0)
		return;
	pending->resized = false;
	for (int signo = 1; pending->signals; signo++) {
		if (!(pending->signals & (uint64_t)1 << signo))
			continue;
		if (send (arg, signo, 0, 0) < 0)
			return;
		pending->signals &= ~((uint64_t)1 << signo);
	}
}
