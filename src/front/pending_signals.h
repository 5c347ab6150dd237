/* pending_signals - the signals and the size of the terminal that a client has sent for a command, and that the link to
 * the command's process has no room for now.
 *
 * As in the kernel (signal(7)), a signal that is pending is kept once, however often it came; of the sizes only the last one
 * counts. So a client that sends them without end costs no memory.
 */
#ifndef REMEX_FRONT_PENDING_SIGNALS_H
#define REMEX_FRONT_PENDING_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

struct pending_signals {
	uint64_t signals; /* bit n for signal n */
	int rows, cols;
	bool resized; /* the size is pending, too */
};

/* A signal (1 to 63), or a size, has come. */
void pending_signals_add (struct pending_signals *pending, int signo);
void pending_signals_resize (struct pending_signals *pending, int rows, int cols);

/* Send what is pending, the size first. `send` gets a signal, or (signo 0) the size, and returns 0; or -1: there is no room
 * now, and the rest stays pending. */
void pending_signals_send (
	struct pending_signals *pending, int (*send) (void *arg, int signo, int rows, int cols), void *arg);

#endif
