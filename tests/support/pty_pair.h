/* pty_pair - a pseudo-terminal (pty(7)) for a test. */
#ifndef REMEX_TESTS_PTY_PAIR_H
#define REMEX_TESTS_PTY_PAIR_H

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The master, which does not block, and *slave; -1: none can be made here (a chroot without /dev/pts). */
static inline int pty_pair (int *slave)
{
	const int flags = O_RDWR | O_NOCTTY | O_CLOEXEC;
	int master = open ("/dev/ptmx", flags | O_NONBLOCK), unlocked = 0;

	*slave = -1;
	if (master < 0)
		return -1;
	if (ioctl (master, TIOCSPTLCK, &unlocked) == 0 && (*slave = ioctl (master, TIOCGPTPEER, flags)) >= 0)
		return master;
	close (master);
	return -1;
}

/* In the body of a START_TEST (skip.h): leave the case where no terminal can be made. */
#define NEED_PTY(master) \
	do { \
		if ((master) < 0) \
			SKIP ("no terminal can be made here"); \
	} while (0)

#endif
