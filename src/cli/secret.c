/* secret - see secret.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "cli/console.h"
#include "cli/secret.h"
#include "cli/status_line.h"

enum secret_end { END_LINE, END_SIGNAL, END_STOPPED, END_FAILED };

/* Signals that end or stop a process and are not caught by console.c: they are held back while there is no echo. SIGTTIN and
 * SIGTTOU are not among them: they stop a process in the background before it changes the terminal. */
static void held_signals (sigset_t *set)
{
	static const int held[] = { SIGQUIT, SIGTSTP, SIGALRM, SIGUSR1, SIGUSR2, SIGPIPE, SIGXCPU, SIGXFSZ, SIGVTALRM,
		SIGPROF, SIGPWR, SIGSYS, SIGIO };

	sigemptyset (set);
	for (size_t i = 0; i < sizeof held / sizeof *held; i++)
		sigaddset (set, held[i]);
}

static void put (int tty, const char *text)
{
	fd_write_all (tty, text, strlen (text)); /* a terminal that is gone is noticed when it is read */
}

/* Read a line. `held` is readable while a signal is held back. */
static enum secret_end read_line (int tty, int held, char *secret, size_t size)
{
	struct pollfd fds[] = {
		{ .fd = console_signals (), .events = POLLIN },
		{ .fd = held, .events = POLLIN },
		{ .fd = tty, .events = POLLIN },
	};
	size_t used = 0;

	for (;;) {
		ssize_t n;

		if (poll (fds, 3, -1) < 0) {
			if (errno != EINTR)
				return END_FAILED;
			continue;
		}
		if (fds[0].revents)
			return END_SIGNAL;
		if (fds[1].revents)
			return END_STOPPED;
		if ((n = read (tty, secret + used, size - 1 - used)) <= 0) {
			if (n < 0 && errno == EINTR)
				continue;
			return END_FAILED;
		}
		used += (size_t)n;
		secret[used] = '\0';
		if (memchr (secret, '\n', used) || memchr (secret, '\r', used) || used == size - 1)
			break;
	}
	secret[strcspn (secret, "\r\n")] = '\0';
	return END_LINE;
}

/* Put the question once. */
static enum secret_end ask_once (int tty, const char *question, char *secret, size_t size)
{
	struct termios before, silent;
	sigset_t held, mask;
	enum secret_end end;
	int fd;

	if (tcgetattr (tty, &before) < 0)
		return END_FAILED;
	held_signals (&held);
	sigprocmask (SIG_BLOCK, &held, &mask);
	fd = signalfd (-1, &held, SFD_CLOEXEC | SFD_NONBLOCK);
	silent = before;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	silent.c_lflag |= ICANON | ISIG;
	if (fd < 0 || tcsetattr (tty, TCSAFLUSH, &silent) < 0) {
		end = END_FAILED;
	} else {
		put (tty, status_line_erase ());
		put (tty, question);
		end = read_line (tty, fd, secret, size);
		put (tty, "\n");
		/* It may have been stopped, and another program may use the terminal: then SIGTTOU waits for its turn. */
		while (tcsetattr (tty, TCSAFLUSH, &before) < 0 && errno == EINTR)
			continue;
	}
	fd_close (&fd);
	sigprocmask (SIG_SETMASK, &mask, NULL); /* what was held back happens here */
	return end;
}

enum remex_ask_answer secret_ask (void *arg, const char *question, char *secret, size_t size)
{
	int tty = open ("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	enum secret_end end;
	char shown[640];
	bool forwarding;

	(void)arg;
	if (tty < 0)
		return REMEX_ASK_NOBODY;
	forwarding = console_forward (false); /* they mean remex itself here, and not the commands of other hosts */
	text_plain (shown, sizeof shown, question, strlen (question));
	do {
		*secret = '\0';
		end = ask_once (tty, shown, secret, size);
	} while (end == END_STOPPED);
	fd_close (&tty);
	console_forward (forwarding);
	if (end == END_LINE && *secret)
		return REMEX_ASK_ANSWERED;
	explicit_bzero (secret, size);
	return REMEX_ASK_DECLINED;
}
