/* pty - see pty.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "worker/pty.h"

static struct winsize winsize_of (int rows, int cols)
{
	return (struct winsize){ .ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols };
}

static int set_up (const struct pty *pty, const struct tty *tty)
{
	const struct winsize size = winsize_of (tty->rows, tty->cols);
	struct termios termios;

	if (tcgetattr (pty->slave, &termios) < 0)
		return -1;
	if (tty->utf8)
		termios.c_iflag |= IUTF8;
	if (tty->erase != TTY_ERASE_NONE)
		termios.c_cc[VERASE] = (cc_t)tty->erase;
	if (tcsetattr (pty->slave, TCSANOW, &termios) < 0)
		return -1;
	return ioctl (pty->master, TIOCSWINSZ, &size);
}

int pty_open (struct pty *pty, const struct tty *tty)
{
	const int flags = O_RDWR | O_NOCTTY | O_CLOEXEC;
	int unlocked = 0;

	*pty = (struct pty){ .master = open ("/dev/ptmx", flags | O_NONBLOCK), .slave = -1 };
	/* The slave of this master, whatever is mounted on /dev/pts (ioctl_tty(2)). */
	if (pty->master >= 0 && ioctl (pty->master, TIOCSPTLCK, &unlocked) == 0 &&
		(pty->slave = ioctl (pty->master, TIOCGPTPEER, flags)) >= 0 && set_up (pty, tty) == 0)
		return 0;
	pty_close (pty);
	return -1;
}

void pty_close (struct pty *pty)
{
	fd_close (&pty->slave);
	fd_close (&pty->master);
}

void pty_resize (const struct pty *pty, int rows, int cols)
{
	const struct winsize size = winsize_of (rows, cols);

	if (pty->master >= 0)
		ioctl (pty->master, TIOCSWINSZ, &size);
}

int pty_signal (const struct pty *pty, int signo)
{
	pid_t group;

	/* The kernel sends these as if their keys were pressed: also to processes of other users, as under sudo(8). */
	if ((signo == SIGINT || signo == SIGQUIT || signo == SIGTSTP) && ioctl (pty->master, TIOCSIG, signo) == 0)
		return 0;
	if ((group = tcgetpgrp (pty->master)) <= 1)
		return -1;
	kill (-group, signo); /* EPERM: the group is another user's */
	return 0;
}
