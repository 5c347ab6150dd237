/* check_carrier - the bytes that a real carrier moves, its reports of the end of a stream, and that a stream that
 * blocks the carrier blocks nothing else. */
#include "config.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/link.h"
#include "front/carrier.h"
#include "front/lock_holder.h"
#include "support/check_main.h"
#include "support/pty_pair.h"

static struct carrier carrier;

static void begin (void)
{
	signal (SIGPIPE, SIG_IGN);
	ck_assert_int_eq (carrier_start (&carrier), 0);
}

static void finish (void)
{
	carrier_end (&carrier);
}

/* A pipe, of which the carrier has the end for that direction: *ours is our end of the carriage; the pipe's other end. */
static int carried_pipe (enum carry direction, int *ours, struct carriage **carriage)
{
	int ends[2];

	ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
	*ours = ends[direction == CARRY_IN];
	*carriage = carrier_take (&carrier, direction, FD_PIPE, ours);
	ck_assert_ptr_nonnull (*carriage);
	ck_assert_int_ge (*ours, 0);
	return ends[direction == CARRY_OUT];
}

static void expect (int fd, const char *text)
{
	char bytes[64];
	size_t n = strlen (text);

	ck_assert_int_eq (poll (&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, -1), 1);
	ck_assert_int_eq (recv (fd, bytes, n ? n : 1, MSG_WAITALL), (ssize_t)n);
	ck_assert_int_eq (memcmp (bytes, text, n), 0);
}

static void wait_state (struct carriage *carriage, enum carried state)
{
	while (carriage_state (carriage) == CARRYING)
		poll (NULL, 0, 1);
	ck_assert_int_eq (carriage_state (carriage), state);
	carriage_free (carriage);
}

START_TEST (out)
{
	struct carriage *carriage;
	int ours, pipe = carried_pipe (CARRY_OUT, &ours, &carriage);

	ck_assert_int_eq (fd_write_all (pipe, "hello", 5), 0);
	expect (ours, "hello");
	ck_assert_int_eq (carriage_state (carriage), CARRYING);
	fd_close (&pipe);
	expect (ours, "");
	wait_state (carriage, CARRIED_WHOLE);
	fd_close (&ours);
}
END_TEST

START_TEST (in)
{
	struct carriage *carriage;
	int ours, pipe = carried_pipe (CARRY_IN, &ours, &carriage);
	char bytes[8];

	ck_assert_int_eq (send (ours, "hello", 5, 0), 5);
	ck_assert_int_eq (read (pipe, bytes, 5), 5);
	/* The input ends, and the front keeps its end of the carriage until the state shows the end. */
	ck_assert_int_eq (send (ours, "last", 4, 0), 4);
	ck_assert_int_eq (shutdown (ours, SHUT_WR), 0);
	ck_assert_int_eq (read (pipe, bytes, 8), 4);
	ck_assert_int_eq (read (pipe, bytes, 8), 0);
	wait_state (carriage, CARRIED_WHOLE);
	fd_close (&ours);
	fd_close (&pipe);
}
END_TEST

/* Pieces of all sizes, some of them so large that they are spliced: every byte comes, in its order. */
START_TEST (in_bulk)
{
	static const size_t pieces[] = { 1, 100000, 3, 16384, 16383, 65536, 1, 300000, 70000, 4096, 20000, 20000, 5 };
	static uint8_t bytes[1 << 20], got[sizeof bytes];
	size_t sent = 0, n = 0, left = 0, piece = 0;
	struct carriage *carriage;
	int ours, pipe = carried_pipe (CARRY_IN, &ours, &carriage);
	ssize_t some;

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 4096);
	while ((some = sent < sizeof bytes) || n < sizeof bytes) {
		struct pollfd fds[] = { { .fd = some ? ours : -1, .events = POLLOUT },
			{ .fd = pipe, .events = POLLIN } };

		ck_assert_int_gt (poll (fds, 2, -1), 0);
		if (!left)
			left = pieces[piece++ % (sizeof pieces / sizeof *pieces)];
		if (left > sizeof bytes - sent)
			left = sizeof bytes - sent;
		if (some && (some = send (ours, bytes + sent, left, MSG_DONTWAIT)) > 0) {
			sent += (size_t)some;
			left -= (size_t)some;
		}
		if (fds[1].revents & POLLIN) {
			ck_assert_int_gt ((some = read (pipe, got + n, piece % 2 ? 5000 : sizeof got - n)), 0);
			n += (size_t)some;
		}
	}
	ck_assert_int_eq (memcmp (bytes, got, sizeof bytes), 0);
	ck_assert_int_eq (shutdown (ours, SHUT_WR), 0);
	ck_assert_int_eq (read (pipe, got, 1), 0);
	wait_state (carriage, CARRIED_WHOLE);
	fd_close (&ours);
	fd_close (&pipe);
}
END_TEST

/* The command ends while the pipe is full. */
START_TEST (in_bulk_that_nobody_reads)
{
	static const char bytes[1 << 20];
	struct carriage *carriage;
	int ours, pipe = carried_pipe (CARRY_IN, &ours, &carriage);

	while (send (ours, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
		;
	fd_close (&pipe);
	wait_state (carriage, CARRIED_WHOLE);
	ck_assert_int_eq (send (ours, "x", 1, MSG_NOSIGNAL), -1);
	fd_close (&ours);
}
END_TEST

START_TEST (in_that_nobody_reads)
{
	struct carriage *carriage;
	int ours, pipe = carried_pipe (CARRY_IN, &ours, &carriage);

	fd_close (&pipe);
	while (send (ours, "x", 1, MSG_NOSIGNAL) == 1)
		;
	wait_state (carriage, CARRIED_WHOLE);
	fd_close (&ours);
}
END_TEST

/* The pipe is full: closing takes back the rest. */
START_TEST (in_that_is_given_up)
{
	static const char bytes[1 << 20];
	struct carriage *carriage;
	int ours, pipe = carried_pipe (CARRY_IN, &ours, &carriage);

	while (send (ours, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
		;
	fd_close (&ours);
	wait_state (carriage, CARRIED_WHOLE);
	fd_close (&pipe);
}
END_TEST

/* The bytes in the pipe are delivered, and no more: others hold the pipe open. */
START_TEST (out_that_is_held)
{
	struct carriage *carriage;
	int ours, pipe = carried_pipe (CARRY_OUT, &ours, &carriage);

	ck_assert_int_eq (fd_write_all (pipe, "hello", 5), 0);
	carriage_late (carriage, ours);
	expect (ours, "hello");
	wait_state (carriage, CARRIED_HELD);
	fd_close (&ours);
	fd_close (&pipe);
}
END_TEST

/* The front's end takes more bytes than the usual socket does, so that front and carrier wake each other less often. */
START_TEST (out_that_is_not_read_yet)
{
	static const char bytes[400000];
	static char got[sizeof bytes];
	struct carriage *carriage;
	int ours, pipe, fd = open ("/proc/sys/net/core/wmem_max", O_RDONLY | O_CLOEXEC);
	char most[16] = "";

	ck_assert_int_gt (read (fd, most, sizeof most - 1), 0);
	fd_close (&fd);
	if (atoi (most) < 212992)
		return;
	pipe = carried_pipe (CARRY_OUT, &ours, &carriage);
	ck_assert_int_eq (fd_write_all (pipe, bytes, sizeof bytes), 0);
	fd_close (&pipe);
	for (size_t n = 0; n < sizeof bytes;) {
		ssize_t some = 0;

		ck_assert_int_eq (poll (&(struct pollfd){ .fd = ours, .events = POLLIN }, 1, -1), 1);
		ck_assert_int_gt ((some = recv (ours, got, sizeof got, 0)), 0);
		n += (size_t)some;
		ck_assert_uint_le (n, sizeof bytes);
	}
	expect (ours, "");
	wait_state (carriage, CARRIED_WHOLE);
	fd_close (&ours);
}
END_TEST

START_TEST (out_that_is_given_up)
{
	struct carriage *carriage;
	int ours, pipe = carried_pipe (CARRY_OUT, &ours, &carriage);

	fd_close (&ours);
	wait_state (carriage, CARRIED_WHOLE);
	ck_assert_int_eq (write (pipe, "x", 1), -1);
	fd_close (&pipe);
}
END_TEST

/* The carrier closes the descriptors one after the other. */
START_TEST (closed)
{
	int fds[LINK_FDS], ends[2];
	struct carriage *carriage;

	for (int i = 0; i < LINK_FDS; i++) {
		ck_assert_int_eq (pipe2 (ends, O_CLOEXEC | O_NONBLOCK), 0);
		fds[i] = ends[0];
		if (i < LINK_FDS - 1)
			fd_close (&ends[1]);
	}
	ck_assert_ptr_nonnull (carriage = carrier_close (&carrier, fds, LINK_FDS));
	for (int i = 0; i < LINK_FDS; i++)
		ck_assert_int_eq (fds[i], -1);
	wait_state (carriage, CARRIED_WHOLE);
	ck_assert_int_eq (write (ends[1], "x", 1), -1);
	fd_close (&ends[1]);
}
END_TEST

/* A terminal whose lines pass as they are: its master (-1: none can be made), and its slave. */
static int make_terminal (int *slave)
{
	int master = pty_pair (slave);
	struct termios termios;

	if (master < 0)
		return -1;
	ck_assert_int_eq (tcgetattr (*slave, &termios), 0);
	cfmakeraw (&termios);
	ck_assert_int_eq (tcsetattr (*slave, TCSANOW, &termios), 0);
	return master;
}

/* Both directions of a terminal. It ends when nobody has it open, and late when all that was written has been read. */
START_TEST (terminal)
{
	struct carriage *from, *to;
	int slave, master = make_terminal (&slave), front;
	char bytes[8];

	NEED_PTY (master);
	front = fcntl (master, F_DUPFD_CLOEXEC, 3);
	ck_assert_ptr_nonnull (from = carrier_take (&carrier, CARRY_OUT, FD_PTY, &master));
	ck_assert_ptr_nonnull (to = carrier_take (&carrier, CARRY_IN, FD_PTY, &front));
	ck_assert_int_eq (write (slave, "hello", 5), 5);
	expect (master, "hello");
	ck_assert_int_eq (send (front, "typed", 5, 0), 5);
	ck_assert_int_eq (read (slave, bytes, 8), 5);
	/* The end of the input does not end the terminal. */
	ck_assert_int_eq (shutdown (front, SHUT_WR), 0);
	wait_state (to, CARRIED_WHOLE);
	ck_assert_int_eq (write (slave, "last", 4), 4);
	if (_i)
		carriage_late (from, master);
	else
		fd_close (&slave);
	expect (master, "last");
	expect (master, "");
	wait_state (from, _i ? CARRIED_HELD : CARRIED_WHOLE);
	fd_close (&slave);
	fd_close (&master);
	fd_close (&front);
}
END_TEST

/* Output that waits in the kernel when the terminal is late comes, also to a front that reads later; the kernel counts
 * less of it (FIONREAD). */
START_TEST (a_full_terminal)
{
	struct carriage *carriage;
	int slave, master = make_terminal (&slave);
	size_t written = 0, got = 0;
	static char bytes[4096];
	ssize_t some;

	NEED_PTY (master);
	memset (bytes, 'x', sizeof bytes);
	ck_assert_int_eq (fd_nonblock (slave, true), 0);
	while ((some = write (slave, bytes, sizeof bytes)) > 0)
		written += (size_t)some;
	ck_assert_ptr_nonnull (carriage = carrier_take (&carrier, CARRY_OUT, FD_PTY, &master));
	carriage_late (carriage, master);
	while (poll (&(struct pollfd){ .fd = master, .events = POLLIN }, 1, -1) == 1 &&
		(some = recv (master, bytes, sizeof bytes, 0)) > 0)
		got += (size_t)some;
	ck_assert_uint_eq (got, written);
	wait_state (carriage, CARRIED_HELD);
	fd_close (&slave);
	fd_close (&master);
}
END_TEST

static int slave_alone (void)
{
	int slave, master = make_terminal (&slave);

	fd_close (&master);
	return slave < 0 ? open ("/dev/null", O_RDWR | O_CLOEXEC) : slave;
}

static int read_end (void)
{
	int ends[2];

	ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
	fd_close (&ends[1]);
	return ends[0];
}

/* A descriptor that is no stream, and a stream of another kind than stated. */
START_TEST (of_another_kind)
{
	for (int i = 0; i < 24; i++) {
		static const enum fd_kind said[] = { FD_OTHER, FD_PIPE, FD_SOCKET, FD_PTY };
		int kind = i / 4;
		int fd = kind == 0   ? open ("/dev/null", O_RDWR | O_CLOEXEC)
			 : kind == 1 ? memfd_create ("x", MFD_CLOEXEC)
			 : kind == 2 ? socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)
			 : kind == 3 ? socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)
			 : kind == 4 ? slave_alone ()
				     : read_end ();
		struct carriage *carriage;

		if ((kind == 3 && said[i % 4] == FD_SOCKET) || (kind == 5 && said[i % 4] == FD_PIPE)) {
			fd_close (&fd);
			continue;
		}
		carriage = carrier_take (&carrier, CARRY_OUT, said[i % 4], &fd);

		ck_assert_ptr_nonnull (carriage);
		expect (fd, "");
		wait_state (carriage, CARRIED_FAILED);
		fd_close (&fd);
	}
}
END_TEST

enum { HUNG = 12 }; /* more than the threads that a carrier keeps */

/* Other streams go on meanwhile, and no call here waits. */
START_TEST (streams_that_block)
{
	struct lock_holder holders[HUNG] = { 0 };
	struct carriage *carriages[HUNG], *other;
	int ours[HUNG], pipe, fd;

	for (int i = 0; i < HUNG; i++) {
		lock_holder_begin (&holders[i], carried_pipe (CARRY_OUT, &ours[i], &carriages[i]));
		carriage_late (carriages[i], ours[i]);
	}
	for (int i = 0; i < HUNG; i++)
		while (!carriage_is_stuck (carriages[i]))
			poll (NULL, 0, 1);
	pipe = carried_pipe (CARRY_OUT, &fd, &other);
	ck_assert_int_eq (fd_write_all (pipe, "hello", 5), 0);
	expect (fd, "hello");
	fd_close (&pipe);
	wait_state (other, CARRIED_WHOLE);
	fd_close (&fd);
	for (int i = 0; i < HUNG; i++) {
		fd_close (&ours[i]);
		ck_assert_int_eq (carriage_state (carriages[i]), CARRYING);
	}
	for (int i = 0; i < HUNG; i++) {
		lock_holder_end (&holders[i]);
		wait_state (carriages[i], CARRIED_HELD);
		fd_close (&holders[i].pipe);
	}
}
END_TEST

/* The carrier is our only child. */
static int count_threads (void)
{
	char path[64];
	FILE *file;
	DIR *dir;
	int pid = 0, n = 0;

	snprintf (path, sizeof path, "/proc/self/task/%d/children", (int)getpid ());
	ck_assert_ptr_nonnull (file = fopen (path, "re"));
	ck_assert_int_eq (fscanf (file, "%d", &pid), 1);
	fclose (file);
	snprintf (path, sizeof path, "/proc/%d/task", pid);
	ck_assert_ptr_nonnull (dir = opendir (path));
	for (struct dirent *entry; (entry = readdir (dir));)
		n += *entry->d_name != '.';
	closedir (dir);
	return n;
}

/* Nothing waits, and no thread of the carrier is held. */
START_TEST (lingering_sockets)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
	const struct linger linger = { 1, 10000 };
	socklen_t size = sizeof address;
	static const char bytes[1 << 16];
	int listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), ours, pipe;
	struct carriage *carriage;

	ck_assert_int_eq (bind (listener, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq (listen (listener, 2 * HUNG), 0);
	ck_assert_int_eq (getsockname (listener, (struct sockaddr *)&address, &size), 0);
	for (int i = 0; i < 2 * HUNG; i++) {
		int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		ck_assert_int_eq (connect (fd, (struct sockaddr *)&address, size), 0);
		while (send (fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
			;
		ck_assert_int_eq (setsockopt (fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
		carrier_discard (&carrier, &fd);
		ck_assert_int_eq (fd, -1);
	}
	/* The carrier takes this stream after the others. */
	pipe = carried_pipe (CARRY_OUT, &ours, &carriage);
	ck_assert_int_eq (fd_write_all (pipe, "hello", 5), 0);
	expect (ours, "hello");
	fd_close (&pipe);
	wait_state (carriage, CARRIED_WHOLE);
	fd_close (&ours);
	while (count_threads () >= HUNG)
		poll (NULL, 0, 1);
	fd_close (&listener);
}
END_TEST

/* Bulk input, which is spliced into the pipe: whoever holds the pipe's lock holds up the carrier's thread, but neither the
 * front's sends nor another stream. */
START_TEST (in_bulk_that_hangs)
{
	static char bytes[300000];
	struct carriage *carriage, *other;
	struct lock_holder holder = { 0 };
	int ends[2], ours, pipe, fd;

	ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
	ck_assert_int_ge (ours = fcntl (ends[1], F_DUPFD_CLOEXEC, 0), 0);
	ck_assert_ptr_nonnull (carriage = carrier_take (&carrier, CARRY_IN, FD_PIPE, &ours));
	for (size_t sent = 0, n = 0; n < sizeof bytes;) {
		ssize_t some = sent < sizeof bytes ? send (ours, bytes, sizeof bytes - sent, MSG_DONTWAIT) : 0;

		sent += some > 0 ? (size_t)some : 0;
		ck_assert_int_gt ((some = read (ends[0], bytes, sizeof bytes)), 0);
		n += (size_t)some;
	}
	lock_holder_begin (&holder, ends[1]);
	ck_assert_int_eq (send (ours, bytes, 100000, MSG_DONTWAIT), 100000);
	while (!carriage_is_stuck (carriage))
		poll (NULL, 0, 1);
	while (send (ours, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
		;
	ck_assert_int_eq (errno, EAGAIN);
	pipe = carried_pipe (CARRY_OUT, &fd, &other);
	ck_assert_int_eq (fd_write_all (pipe, "hello", 5), 0);
	expect (fd, "hello");
	fd_close (&pipe);
	wait_state (other, CARRIED_WHOLE);
	fd_close (&fd);
	fd_close (&ours);
	ck_assert_int_eq (carriage_state (carriage), CARRYING);
	lock_holder_end (&holder);
	wait_state (carriage, CARRIED_WHOLE);
	fd_close (&ends[0]);
	fd_close (&ends[1]);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, begin, finish);
	tcase_add_test (tcase, out);
	tcase_add_test (tcase, in);
	tcase_add_test (tcase, in_bulk);
	tcase_add_test (tcase, in_bulk_that_nobody_reads);
	tcase_add_test (tcase, in_that_nobody_reads);
	tcase_add_test (tcase, in_that_is_given_up);
	tcase_add_test (tcase, out_that_is_held);
	tcase_add_test (tcase, out_that_is_not_read_yet);
	tcase_add_test (tcase, out_that_is_given_up);
	tcase_add_test (tcase, closed);
	tcase_add_loop_test (tcase, terminal, 0, 2);
	tcase_add_test (tcase, a_full_terminal);
	tcase_add_test (tcase, of_another_kind);
	tcase_add_test (tcase, streams_that_block);
	tcase_add_test (tcase, in_bulk_that_hangs);
	tcase_add_test (tcase, lingering_sockets);
}

CHECK_MAIN ("carrier", add_cases)
