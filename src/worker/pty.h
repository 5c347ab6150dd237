/* pty - the terminal of a command: a pseudo-terminal (pty(7)) that the worker makes.
 *
 * The command has the slave, and the front copies of the master. The worker keeps one of each until the command has ended:
 * with the master it sets the size and signals the foreground, and as long as it has the slave open, a command that has
 * closed the terminal for a moment does not end its output. When the command, which leads the terminal's session, ends,
 * the kernel sends SIGHUP to the foreground process group. The terminal is hung up, for every process that still has it
 * open, when the last copy of the master is closed.
 */
#ifndef REMEX_WORKER_PTY_H
#define REMEX_WORKER_PTY_H

#include "wire/tty.h"

struct pty {
	int master, slave; /* -1: there is none */
};

/* Make one, as a new terminal of the kernel with the size and the settings of `tty`. The master does not block. 0, or -1
 * with errno and no terminal. */
int pty_open (struct pty *pty, const struct tty *tty);
void pty_close (struct pty *pty);

/* The size has changed: the foreground process group gets SIGWINCH. Without a terminal nothing happens. */
void pty_resize (const struct pty *pty, int rows, int cols);

/* Signal the foreground process group. 0; -1: there is none. */
int pty_signal (const struct pty *pty, int signo);

#endif
