/* signals - see signals.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/signals.h"

static int ends[2] = { -1, -1 };
static const int caught[] = { SIGINT, SIGTERM, SIGHUP };

enum { N_CAUGHT = sizeof caught / sizeof *caught };

static struct sigaction before[N_CAUGHT];

static void on_signal (int signo)
{
	unsigned char byte = (unsigned char)signo;
	int saved = errno;

	/* A full pipe means that hundreds were not looked at yet: one more tells nothing new. */
	if (write (ends[1], &byte, 1) < 0)
		errno = saved;
}

int signals_open (void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	if (ends[0] >= 0)
		return ends[0];
	if (pipe2 (ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	for (int i = 0; i < N_CAUGHT; i++) {
		sigaction (caught[i], NULL, &before[i]);
		if (before[i].sa_handler != SIG_IGN)
			sigaction (caught[i], &action, NULL);
	}
	return ends[0];
}

int signals_take (void)
{
	unsigned char byte;

	return ends[0] >= 0 && read (ends[0], &byte, 1) == 1 ? byte : 0;
}

void signals_close (void)
{
	if (ends[0] < 0)
		return;
	for (int i = 0; i < N_CAUGHT; i++)
		sigaction (caught[i], &before[i], NULL);
	fd_close (&ends[0]);
	fd_close (&ends[1]);
}
