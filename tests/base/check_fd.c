/* Descriptors: closed once, none left over, whole files and whole writes. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "support/check_main.h"
#include "support/pty_pair.h"

static bool is_open (int fd)
{
	return fcntl (fd, F_GETFD) >= 0;
}

START_TEST (closed_once)
{
	int fd = open ("/dev/null", O_RDONLY | O_CLOEXEC), was = fd;

	errno = 77;
	fd_close (&fd);
	ck_assert_int_eq (fd, -1);
	ck_assert (!is_open (was));
	errno = 77;
	fd_close (&fd);
	ck_assert_int_eq (errno, 77);
	fd = was; /* not open: close fails without a message */
	fd_close (&fd);
	ck_assert_int_eq (errno, 77);
	ck_assert_int_eq (fd, -1);
}
END_TEST

START_TEST (kinds)
{
	int ends[2], pair[2], slave, master = pty_pair (&slave), path = open ("/dev/ptmx", O_PATH | O_CLOEXEC),
				     file = open ("/dev/null", O_RDWR | O_CLOEXEC);

	ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	ck_assert_int_eq (fd_kind_of (ends[0], O_RDONLY), FD_PIPE);
	ck_assert_int_eq (fd_kind_of (ends[0], O_WRONLY), FD_OTHER);
	ck_assert_int_eq (fd_kind_of (ends[1], O_WRONLY), FD_PIPE);
	ck_assert_int_eq (fd_kind_of (file, O_RDONLY), FD_OTHER);
	ck_assert (fd_closes_at_once (ends[0]) && fd_closes_at_once (pair[0]) && !fd_closes_at_once (file));
	for (int access = O_RDONLY; access <= O_WRONLY; access++) {
		ck_assert_int_eq (fd_kind_of (pair[0], access), FD_SOCKET);
		if (master < 0)
			continue;
		ck_assert_int_eq (fd_kind_of (master, access), FD_PTY);
		ck_assert_int_eq (fd_kind_of (slave, access), FD_OTHER);
		ck_assert_int_eq (fd_kind_of (path, access), FD_OTHER);
		ck_assert (fd_closes_at_once (master) && !fd_closes_at_once (slave) && !fd_closes_at_once (path));
	}
	if (master < 0)
		SKIP_PART ("no terminal can be made here");
	for (int i = 0; i < 2; i++) {
		fd_close (&ends[i]);
		fd_close (&pair[i]);
	}
	fd_close (&master);
	fd_close (&slave);
	fd_close (&path);
	fd_close (&file);
}
END_TEST

/* A TCP socket whose last close(2) waits for 1000 s: nobody takes its bytes, which `listener` holds. */
static int lingering (int *listener)
{
	const struct linger linger = { 1, 1000 };
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
	socklen_t size = sizeof address;
	static char bytes[65536];
	int fd = socket (AF_INET, SOCK_STREAM, 0);

	*listener = socket (AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq (listen (*listener, 1), 0);
	ck_assert_int_eq (getsockname (*listener, (struct sockaddr *)&address, &size), 0);
	ck_assert_int_eq (connect (fd, (struct sockaddr *)&address, size), 0);
	while (send (fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
		;
	ck_assert_int_eq (errno, EAGAIN);
	ck_assert_int_eq (setsockopt (fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
	return fd;
}

static void send_fd (int where, int fd)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE (sizeof fd)] = { 0 };
	char byte = 0;
	struct iovec part = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
	};
	struct cmsghdr *head = CMSG_FIRSTHDR (&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN (sizeof fd);
	memcpy (CMSG_DATA (head), &fd, sizeof fd);
	ck_assert_int_eq (sendmsg (where, &message, 0), 1);
}

/* _i is 0: close a socket that lingers. _i is more: close a Unix socket whose queue has the lingering socket, _i queues
 * deep. */
START_TEST (a_drop_does_not_wait)
{
	int listener, fd = lingering (&listener);

	for (int i = 0; i < _i; i++) {
		int pair[2];

		ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM, 0, pair), 0);
		send_fd (pair[0], fd);
		close (pair[0]);
		close (fd); /* not the last close */
		fd = pair[1];
	}
	errno = 77;
	fd_drop (&fd);
	ck_assert_int_eq (fd, -1);
	ck_assert_int_eq (errno, 77);
	fd_drop (&fd);
	close (listener);
}
END_TEST

START_TEST (nonblock)
{
	int fds[2];

	ck_assert_int_eq (pipe2 (fds, O_CLOEXEC), 0);
	ck_assert_int_eq (fd_nonblock (fds[0], true), 0);
	ck_assert_int_ne (fcntl (fds[0], F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq (fd_nonblock (fds[0], false), 0);
	ck_assert_int_eq (fcntl (fds[0], F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq (fd_nonblock (-1, true), -1);
	close (fds[0]);
	close (fds[1]);
}
END_TEST

/* In a child process, so that only the child loses its standard descriptors; bit i of `closed`: i is closed. */
START_TEST (standard_descriptors_are_filled)
{
	pid_t child = fork ();
	int status;

	ck_assert_int_ge (child, 0);
	if (!child) {
		bool good;

		for (int fd = 0; fd < 3; fd++)
			if (_i & 1 << fd)
				close (fd);
		good = fd_fill_std () == 0 && is_open (0) && is_open (1) && is_open (2);
		for (int fd = 0; fd < 3; fd++)
			if (_i & 1 << fd)
				good = good && (fcntl (fd, F_GETFL) & O_ACCMODE) == O_RDWR;
		_exit (good ? 0 : 1);
	}
	ck_assert_int_eq (waitpid (child, &status, 0), child);
	ck_assert_int_eq (status, 0);
}
END_TEST

/* The same for a user's program: a closed descriptor fails, except for stderr. */
START_TEST (standard_descriptors_are_guarded)
{
	pid_t child = fork ();
	int status;

	ck_assert_int_ge (child, 0);
	if (!child) {
		bool good;
		char byte;

		for (int fd = 0; fd < 3; fd++)
			if (_i & 1 << fd)
				close (fd);
		good = fd_guard_std () == 0 && is_open (0) && is_open (1) && is_open (2) && open ("/", O_RDONLY) > 2;
		if (_i & 1)
			good = good && read (0, &byte, 1) < 0 && errno == EBADF;
		if (_i & 2)
			good = good && write (1, "x", 1) < 0 && errno == EBADF;
		if (_i & 4)
			good = good && write (2, "x", 1) == 1;
		_exit (good ? 0 : 1);
	}
	ck_assert_int_eq (waitpid (child, &status, 0), child);
	ck_assert_int_eq (status, 0);
}
END_TEST

/* `open` descriptors from 3 up exist; `keep` of them stay. */
static const struct kept_row {
	int keep[6];
	size_t n;
} kept[] = {
	{ { 0 }, 0 },
	{ { 3 }, 1 },
	{ { 20 }, 1 },
	{ { 7, 5, 3 }, 3 },
	{ { 3, 4, 5, 6 }, 4 },
	{ { 9, -1, 9, 4, -1, 9 }, 6 },
	{ { 0, 1, 2, 6 }, 4 },
	{ { -1, -1 }, 2 },
	{ { 4, INT_MAX }, 2 },
	{ { 500, 6, INT_MIN }, 3 },
	{ { 19, 18, 17, 16, 15, 14 }, 6 },
};

START_TEST (all_closed_but)
{
	const struct kept_row *row = &kept[_i];
	pid_t child = fork ();
	int status;

	ck_assert_int_ge (child, 0);
	if (!child) {
		int keep[6];

		for (int fd = 3; fd <= 20; fd++)
			dup2 (2, fd);
		memcpy (keep, row->keep, sizeof keep);
		fd_close_except (keep, row->n);
		for (int fd = 0; fd < 600; fd++) {
			bool stays = fd < 3;

			for (size_t i = 0; i < row->n; i++)
				stays = stays || (row->keep[i] == fd && fd <= 20);
			if (stays != is_open (fd))
				_exit (1 + fd % 200);
		}
		_exit (0);
	}
	ck_assert_int_eq (waitpid (child, &status, 0), child);
	ck_assert_msg (WIFEXITED (status) && !WEXITSTATUS (status), "descriptor %d", WEXITSTATUS (status) - 1);
}
END_TEST

START_TEST (the_limit_is_raised)
{
	struct rlimit limit;

	ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = 64;
	ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &limit), 0);
	fd_raise_limit ();
	ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, &limit), 0);
	ck_assert_uint_eq (limit.rlim_cur, limit.rlim_max);
}
END_TEST

/* More bytes than a pipe holds go through it whole. */
START_TEST (all_is_written_and_read)
{
	enum { SIZE = 300000 };
	char *bytes = malloc (SIZE), *back;
	struct err err;
	int fds[2], status;
	pid_t child;
	size_t n;

	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (char)(i * 7 + i / 251);
	ck_assert_int_eq (pipe2 (fds, O_CLOEXEC), 0);
	if (!(child = fork ())) {
		close (fds[0]);
		_exit (fd_write_all (fds[1], bytes, SIZE) == 0 ? 0 : 1);
	}
	close (fds[1]);
	back = fd_read_all (fds[0], SIZE, &n, &err);
	ck_assert_ptr_nonnull (back);
	ck_assert_uint_eq (n, SIZE);
	ck_assert_mem_eq (back, bytes, SIZE);
	ck_assert_int_eq (back[n], '\0');
	ck_assert_int_eq (waitpid (child, &status, 0), child);
	ck_assert_int_eq (status, 0);
	close (fds[0]);
	free (bytes);
	free (back);
}
END_TEST

START_TEST (a_write_that_fails)
{
	int fds[2];

	signal (SIGPIPE, SIG_IGN);
	ck_assert_int_eq (pipe2 (fds, O_CLOEXEC), 0);
	close (fds[0]);
	ck_assert_int_eq (fd_write_all (fds[1], "x", 1), -1);
	ck_assert_int_eq (errno, EPIPE);
	ck_assert_int_eq (fd_write_all (fds[1], "", 0), 0);
	close (fds[1]);
}
END_TEST

/* A file of exactly the maximum is read, and one byte more is refused, whatever the sizes of the pieces inside. */
START_TEST (files_up_to_the_maximum)
{
	static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, 8192, 100000 };
	char path[] = "/tmp/remex-check-fd-XXXXXX", *text;
	int fd = mkostemp (path, O_CLOEXEC);
	size_t size = sizes[_i], n = 99;
	struct err err;

	ck_assert_int_ge (fd, 0);
	ck_assert_int_eq (ftruncate (fd, (off_t)size), 0);
	text = fd_read_file (path, size, &n, &err);
	ck_assert_ptr_nonnull (text);
	ck_assert_uint_eq (n, size);
	ck_assert_int_eq (text[size], '\0');
	free (text);
	ck_assert_int_eq (ftruncate (fd, (off_t)size + 1), 0);
	ck_assert_ptr_null (fd_read_file (path, size, &n, &err));
	ck_assert_ptr_nonnull (strstr (err.text, path));
	ck_assert_ptr_nonnull (strstr (err.text, "larger than"));
	ck_assert_ptr_null (fd_read_file (path, size, &n, NULL));
	unlink (path);
	close (fd);
}
END_TEST

START_TEST (files_that_cannot_be_read)
{
	struct err err;
	size_t n;

	ck_assert_ptr_null (fd_read_file ("/nowhere/at/all", 10, &n, &err));
	ck_assert_int_eq (err.sys, ENOENT);
	ck_assert_ptr_nonnull (strstr (err.text, "/nowhere/at/all"));
	ck_assert_ptr_null (fd_read_file ("/", 10, &n, &err));
	ck_assert_int_eq (err.sys, EISDIR);
	ck_assert_ptr_null (fd_read_file ("/nowhere", 10, &n, NULL));
	ck_assert_ptr_null (fd_read_all (-1, 10, &n, &err));
	ck_assert_int_eq (err.sys, EBADF);
}
END_TEST

static void cases (TCase *tcase)
{
	tcase_add_test (tcase, closed_once);
	tcase_add_test (tcase, kinds);
	tcase_add_loop_test (tcase, a_drop_does_not_wait, 0, 3);
	tcase_add_test (tcase, nonblock);
	tcase_add_loop_test (tcase, standard_descriptors_are_filled, 0, 8);
	tcase_add_loop_test (tcase, standard_descriptors_are_guarded, 0, 8);
	tcase_add_loop_test (tcase, all_closed_but, 0, (int)(sizeof kept / sizeof *kept));
	tcase_add_test (tcase, the_limit_is_raised);
	tcase_add_test (tcase, all_is_written_and_read);
	tcase_add_test (tcase, a_write_that_fails);
	tcase_add_loop_test (tcase, files_up_to_the_maximum, 0, 7);
	tcase_add_test (tcase, files_that_cannot_be_read);
}

CHECK_MAIN ("base/fd", cases)
