/* terminal - see terminal.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/terminal_modes.h"
#include "cli/say.h"
#include "cli/terminal.h"

enum { PATIENCE_MS = 1000, RETRY_MS = 5 };

struct terminal_page {
	struct termios before, raw;
	volatile bool is_raw;
	struct terminal_modes modes;
};

/* --- settings ----------------------------------------------------------------------------------------------------- */

static int set (int fd, const struct termios *settings)
{
	int result;

	/* Output is not waited for: a terminal that has stopped would hold remex for ever. */
	while ((result = tcsetattr (fd, TCSANOW, settings)) < 0 && errno == EINTR)
		continue;
	return result;
}

static bool same (const struct termios *a, const struct termios *b)
{
	return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag && a->c_lflag == b->c_lflag;
}

/* Write to a description of the terminal that does not wait. Such a write fails while another process writes to the terminal, such
 * as the shell that says that remex was killed (the kernel's tty_write then does not wait for its lock): so it is tried again, for
 * a second. A terminal that has stopped (^S) is not waited for longer. */
static void write_now (int fd, const char *bytes, size_t n)
{
	int64_t until = clock_ms () + PATIENCE_MS;

	while (n) {
		ssize_t done = write (fd, bytes, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0 && errno == EAGAIN && clock_until (until) > 0) {
			poll (NULL, 0, RETRY_MS);
			continue;
		}
		if (done <= 0)
			return;
		bytes += done;
		n -= (size_t)done;
	}
}

/* --- the guardian ------------------------------------------------------------------------------------------------- */

enum { GUARDIAN_IN, GUARDIAN_OUT, GUARDIAN_LIFE, GUARDIAN_FDS };

/* Move the descriptors that the guardian needs to 0, 1 and 2, and close all others: it must not hold a connection open.
 * The output is a description of our own, which never waits. */
static void keep_fds (int life, bool shows)
{
	int from = fcntl (life, F_DUPFD, GUARDIAN_FDS), out = -1;

	if (shows)
		out = open ("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY);
	dup2 (from, GUARDIAN_LIFE);
	if (out >= 0)
		dup2 (out, GUARDIAN_OUT);
	else
		close (GUARDIAN_OUT);
	fd_close_except (NULL, 0);
}

static void guard (struct terminal_page *page, int life, bool shows)
{
	struct termios now;
	char bytes[TERMINAL_MODES_BYTES], byte;

	setpgid (0, 0);
	prctl (PR_SET_NAME, "remex-guardian");
	keep_fds (life, shows);
	while (read (GUARDIAN_LIFE, &byte, 1) < 0 && errno == EINTR)
		continue;
	if (page->is_raw) {
		/* A shell may have set its own settings already. */
		if (tcgetattr (GUARDIAN_IN, &now) == 0 && same (&now, &page->raw))
			set (GUARDIAN_IN, &page->before);
		write_now (GUARDIAN_OUT, bytes, terminal_modes_undo (&page->modes, bytes));
	}
	_exit (0);
}

static int start_guardian (struct terminal *terminal, struct err *err)
{
	sigset_t all, mask;
	int ends[2];

	if (pipe2 (ends, O_CLOEXEC) < 0)
		return err_set (err, errno, "cannot make a pipe: %s", strerror (errno));
	sigfillset (&all);
	sigprocmask (SIG_BLOCK, &all, &mask); /* before there is a guardian: no Ctrl-C finds it unprepared */
	terminal->guardian = fork ();
	if (!terminal->guardian) {
		close (ends[1]);
		guard (terminal->page, ends[0], terminal->shows);
	}
	sigprocmask (SIG_SETMASK, &mask, NULL);
	close (ends[0]);
	if (terminal->guardian < 0) {
		err_set (err, errno, "cannot start the guardian of the terminal: %s", strerror (errno));
		close (ends[1]);
		return -1;
	}
	terminal->life = ends[1];
	return 0;
}

/* --- open and close ----------------------------------------------------------------------------------------------- */

int terminal_open (struct terminal *terminal, struct err *err)
{
	struct terminal_page *page;

	*terminal = (struct terminal){ .input = { .fd = -1 }, .life = -1, .guardian = -1 };
	page = mmap (NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return err_set (err, errno, "out of memory");
	terminal->page = page;
	if (tcgetattr (STDIN_FILENO, &page->before) < 0)
		return err_set (err, errno, "cannot read the settings of the terminal: %s", strerror (errno));
	page->raw = page->before;
	cfmakeraw (&page->raw);
	page->raw.c_cc[VMIN] = 1;
	page->raw.c_cc[VTIME] = 0;
	terminal_modes_init (&page->modes);
	terminal->shows = isatty (STDOUT_FILENO);
	if (start_guardian (terminal, err) < 0)
		return -1;
	terminal->input = nowait_of (STDIN_FILENO, O_RDONLY);
	nowait_own (&terminal->input, O_RDONLY);
	return 0;
}

void terminal_close (struct terminal *terminal)
{
	if (!terminal->page)
		return;
	terminal_restore (terminal);
	terminal->page->is_raw = false;
	nowait_close (&terminal->input);
	fd_close (&terminal->life);
	if (terminal->guardian > 0)
		while (waitpid (terminal->guardian, NULL, 0) < 0 && errno == EINTR)
			continue;
	munmap (terminal->page, sizeof *terminal->page);
	terminal->page = NULL;
}

/* --- properties --------------------------------------------------------------------------------------------------- */

void terminal_size (const struct terminal *terminal, int *rows, int *cols)
{
	struct winsize size;

	(void)terminal;
	*rows = *cols = 0;
	if (ioctl (STDIN_FILENO, TIOCGWINSZ, &size) < 0)
		return;
	*rows = size.ws_row;
	*cols = size.ws_col;
}

int terminal_erase (const struct terminal *terminal)
{
	cc_t erase = terminal->page->before.c_cc[VERASE];

	return erase == _POSIX_VDISABLE ? 0 : erase;
}

bool terminal_utf8 (const struct terminal *terminal)
{
	return terminal->page->before.c_iflag & IUTF8;
}

/* --- raw mode ----------------------------------------------------------------------------------------------------- */

int terminal_raw (struct terminal *terminal)
{
	terminal->page->is_raw = true; /* before it is, so that the guardian finds no moment between */
	if (set (STDIN_FILENO, &terminal->page->raw) < 0) {
		terminal->page->is_raw = false;
		return -1;
	}
	say_raw (true);
	return 0;
}

bool terminal_is_raw (const struct terminal *terminal)
{
	return terminal->page && terminal->page->is_raw;
}

/* Is this process in the foreground of the terminal? Where it is not the controlling terminal there is no background. */
static bool in_foreground (void)
{
	pid_t group = tcgetpgrp (STDIN_FILENO);

	return group < 0 || group == getpgrp ();
}

void terminal_restore (struct terminal *terminal)
{
	if (!terminal->page->is_raw)
		return;
	if (in_foreground ())
		set (STDIN_FILENO, &terminal->page->before);
	terminal->page->is_raw = false;
	say_raw (false);
}

void terminal_follow (struct terminal *terminal, const void *bytes, size_t n)
{
	if (terminal->shows)
		terminal_modes_feed (&terminal->page->modes, bytes, n);
}

void terminal_resized (struct terminal *terminal)
{
	terminal_modes_resized (&terminal->page->modes);
}

/* Write to the terminal, and wait for it: what is written has to come. A terminal that has stopped is not waited for. */
static void put (const char *bytes, size_t n)
{
	struct nowait to = nowait_of (STDOUT_FILENO, O_WRONLY);

	nowait_own (&to, O_WRONLY);
	write_now (to.fd, bytes, n);
	nowait_close (&to);
}

bool terminal_undo (struct terminal *terminal, bool forget)
{
	char bytes[TERMINAL_MODES_BYTES];
	size_t n = terminal_modes_undo (&terminal->page->modes, bytes);

	if (n)
		put (bytes, n);
	if (forget)
		terminal_modes_init (&terminal->page->modes);
	return n > 0;
}

void terminal_redo (struct terminal *terminal)
{
	char bytes[2 * TERMINAL_MODES_BYTES];
	size_t n = terminal_modes_set_screen (&terminal->page->modes, bytes);

	n += terminal_modes_set_rest (&terminal->page->modes, bytes + n);
	if (n)
		put (bytes, n);
}

void terminal_flush (struct terminal *terminal)
{
	(void)terminal;
	if (in_foreground ())
		tcflush (STDIN_FILENO, TCIFLUSH);
}
