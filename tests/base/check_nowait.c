/* Descriptors that other processes hold too are read and written without waiting, whatever their flags are. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/nowait.h"
#include "support/check_main.h"

enum { PIECE = 16 * 1024 };

static char piece[PIECE];

/* Write until a write would wait; returns the number of bytes. The test hangs where nowait_write waits. */
static size_t fill (struct nowait *out)
{
	size_t n = 0;
	ssize_t done;

	while ((done = nowait_write (out, piece, sizeof piece)) > 0)
		n += (size_t)done;
	ck_assert_int_eq (done, -1);
	ck_assert_int_eq (errno, EAGAIN);
	return n;
}

/* Read until a read would wait; then the end, once the other end is closed. */
static void drain (struct nowait *in, size_t n, int *writer)
{
	static char back[PIECE];
	size_t seen = 0, wrong = 0;
	ssize_t got;

	while ((got = nowait_read (in, back, sizeof back)) > 0) {
		for (ssize_t i = 0; i < got; i++)
			wrong += back[i] != piece[(seen + (size_t)i) % PIECE];
		seen += (size_t)got;
	}
	ck_assert_uint_eq (wrong, 0);
	ck_assert_int_eq (got, -1);
	ck_assert_int_eq (errno, EAGAIN);
	ck_assert_uint_eq (seen, n);
	close (*writer);
	ck_assert_int_eq (nowait_read (in, back, sizeof back), 0);
}

static void blank (void)
{
	for (size_t i = 0; i < sizeof piece; i++)
		piece[i] = (char)(i * 31 + i / 251);
}

static void pipe_by (enum nowait_way way)
{
	struct nowait in, out;
	int fds[2];

	blank ();
	ck_assert_int_eq (pipe2 (fds, O_CLOEXEC), 0);
	in = nowait_of (fds[0], O_RDONLY);
	out = nowait_of (fds[1], O_WRONLY);
	ck_assert_int_eq (in.way, NOWAIT_FLAGGED);
	ck_assert_int_eq (out.way, NOWAIT_FLAGGED);
	in.way = out.way = way;
	drain (&in, fill (&out), &fds[1]);
	close (fds[0]);
}

START_TEST (a_pipe)
{
	pipe_by (NOWAIT_FLAGGED);
}
END_TEST

START_TEST (a_pipe_without_rwf_nowait)
{
	pipe_by (NOWAIT_SPLICED);
}
END_TEST

/* The spliced pages may not be changed any more. */
START_TEST (spliced_bytes_stay_as_they_were)
{
	struct nowait in, out;
	char back[8];
	int fds[2];

	ck_assert_int_eq (pipe2 (fds, O_CLOEXEC), 0);
	in = nowait_of (fds[0], O_RDONLY);
	out = nowait_of (fds[1], O_WRONLY);
	out.way = NOWAIT_SPLICED;
	strcpy (piece, "one");
	ck_assert_int_eq (nowait_write (&out, piece, 3), 3);
	strcpy (piece, "two");
	ck_assert_int_eq (nowait_write (&out, piece, 3), 3);
	ck_assert_int_eq (nowait_read (&in, back, sizeof back), 6);
	ck_assert_mem_eq (back, "onetwo", 6);
	close (fds[0]);
	close (fds[1]);
}
END_TEST

START_TEST (a_named_pipe)
{
	char directory[] = "/tmp/remex-nowait-XXXXXX", path[64];
	struct nowait in, out;
	int reader, writer, both;

	blank ();
	ck_assert_ptr_nonnull (mkdtemp (directory));
	snprintf (path, sizeof path, "%s/fifo", directory);
	ck_assert_int_eq (mkfifo (path, 0600), 0);
	both = open (path, O_RDWR | O_CLOEXEC);
	reader = open (path, O_RDONLY | O_CLOEXEC);
	writer = open (path, O_WRONLY | O_CLOEXEC);
	unlink (path);
	rmdir (directory);
	in = nowait_of (both, O_RDONLY);
	ck_assert_int_eq (in.way, NOWAIT_POLLED); /* vmsplice would write into it */
	ck_assert_int_eq (nowait_read (&in, piece, 1), -1);
	ck_assert_int_eq (errno, EAGAIN);
	close (both);
	in = nowait_of (reader, O_RDONLY);
	out = nowait_of (writer, O_WRONLY);
	drain (&in, fill (&out), &writer);
	close (reader);
}
END_TEST

START_TEST (a_socket)
{
	struct nowait in, out;
	int fds[2];

	blank ();
	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	in = nowait_of (fds[0], O_RDONLY);
	out = nowait_of (fds[1], O_WRONLY);
	ck_assert_int_eq (in.way, NOWAIT_SOCKET);
	drain (&in, fill (&out), &fds[1]);
	close (fds[0]);
	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	out = nowait_of (fds[1], O_WRONLY);
	close (fds[0]);
	ck_assert_int_eq (nowait_write (&out, "x", 1), -1); /* and no SIGPIPE */
	ck_assert_int_eq (errno, EPIPE);
	close (fds[1]);
}
END_TEST

/* Ctrl-S: the terminal does not take what is written to it. */
START_TEST (a_terminal)
{
	int master = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC), terminal;
	struct nowait out;
	int own;

	if (master < 0 || grantpt (master) < 0 || unlockpt (master) < 0 ||
		(terminal = open (ptsname (master), O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0)
		SKIP ("no terminal can be made here: %s", strerror (errno));
	out = nowait_of (terminal, O_WRONLY);
	ck_assert_int_eq (out.way, NOWAIT_POLLED);
	nowait_own (&out, O_WRONLY);
	own = out.fd;
	ck_assert_int_eq (out.way, NOWAIT_OWN);
	ck_assert_int_ne (own, terminal);
	ck_assert_int_eq (fcntl (terminal, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq (nowait_write (&out, "x", 1), 1);
	/* A terminal that is only full gets room again when the kernel moves what was written; a stopped one does not. */
	ck_assert_int_eq (tcflow (terminal, TCOOFF), 0);
	ck_assert_int_eq (nowait_write (&out, piece, 1000), -1);
	ck_assert_int_eq (errno, EAGAIN);
	nowait_close (&out);
	ck_assert_int_lt (fcntl (own, F_GETFD), 0);
	ck_assert_int_ge (fcntl (terminal, F_GETFD), 0);
	out = nowait_of (terminal, O_WRONLY);
	ck_assert_int_eq (nowait_write (&out, piece, 1000), -1); /* polled */
	ck_assert_int_eq (errno, EAGAIN);
	ck_assert_int_eq (tcflow (terminal, TCOON), 0);
	ck_assert_int_eq (nowait_write (&out, "x", 1), 1);
	close (terminal);
	close (master);
}
END_TEST

START_TEST (a_file_and_nothing)
{
	char path[] = "/tmp/remex-nowait-XXXXXX", back[8];
	int fd = mkstemp (path);
	struct nowait file = nowait_of (fd, O_WRONLY), closed;

	unlink (path);
	ck_assert_int_eq (file.way, NOWAIT_PLAIN);
	ck_assert_int_eq (nowait_write (&file, "abc", 3), 3);
	lseek (fd, 0, SEEK_SET);
	ck_assert_int_eq (nowait_read (&file, back, sizeof back), 3);
	ck_assert_int_eq (nowait_read (&file, back, sizeof back), 0);
	nowait_close (&file);
	ck_assert_int_eq (close (fd), 0);
	closed = nowait_of (fd, O_RDONLY);
	ck_assert_int_eq (nowait_read (&closed, back, 1), -1);
	ck_assert_int_eq (errno, EBADF);
}
END_TEST

static void cases (TCase *tcase)
{
	tcase_add_test (tcase, a_pipe);
	tcase_add_test (tcase, a_pipe_without_rwf_nowait);
	tcase_add_test (tcase, spliced_bytes_stay_as_they_were);
	tcase_add_test (tcase, a_named_pipe);
	tcase_add_test (tcase, a_socket);
	tcase_add_test (tcase, a_terminal);
	tcase_add_test (tcase, a_file_and_nothing);
}

CHECK_MAIN ("base/nowait", cases)
