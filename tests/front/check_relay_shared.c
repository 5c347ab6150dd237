/* check_relay_shared - descriptors from a worker are held by other processes too, which may change them at any time: the
 * carrier never waits for them, and only pipes and stream sockets are accepted. */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "relay_fixture.h"
#include "support/check_main.h"

/* A process with a copy clears O_NONBLOCK. */
static void block (int fd)
{
	ck_assert_int_eq (fcntl (fd, F_SETFL, fcntl (fd, F_GETFL) & ~O_NONBLOCK), 0);
	ck_assert_int_eq (fcntl (fd, F_GETFL) & O_NONBLOCK, 0);
}

static enum fd_kind ends_of (int kind, int ends[2])
{
	if (kind)
		ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	else
		ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
	return kind ? FD_SOCKET : FD_PIPE;
}

/* Reading from an empty pipe. */
START_TEST (an_outlet_that_others_make_blocking)
{
	struct fixture fixture;
	enum fd_kind kind;
	int ends[2], copy;

	fixture_begin (&fixture, "");
	kind = ends_of (_i, ends);
	ck_assert_int_ge (copy = fcntl (ends[0], F_DUPFD_CLOEXEC, 3), 0);
	ck_assert_int_eq (relay_add_outlet (&fixture.relay, "stdout", 6, kind, ends[0]), 0);
	for (int i = 0; i < 3; i++) {
		block (copy);
		ck_assert_int_eq (write (ends[1], "abc", 3), 3);
		fixture_until (&fixture, fixture.relay.bytes_out == 3 * (i + 1));
	}
	block (copy);
	/* The carrier reads, to learn whether the stream has ended. */
	relay_end (&fixture.relay);
	relay_late (&fixture.relay);
	fixture_until (&fixture, relay_done (&fixture.relay));
	ck_assert (fixture.relay.pipe_held);
	fd_close (&copy);
	fd_close (&ends[1]);
	fixture_end (&fixture);
}
END_TEST

/* Writing into a full pipe. */
START_TEST (a_sink_that_others_make_blocking)
{
	struct fixture fixture;
	int ends[2], copy;
	size_t n = 0;

	fixture_begin (&fixture, ",\"input\":true");
	ends_of (_i, ends);
	ck_assert_int_ge (copy = fcntl (ends[1], F_DUPFD_CLOEXEC, 3), 0);
	ck_assert_int_eq (relay_set_sink (&fixture.relay, _i ? FD_SOCKET : FD_PIPE, ends[1]), 0);
	while (buf_len (&fixture.relay.input) == 0) {
		block (copy);
		ck_assert_int_eq (relay_input (&fixture.relay, pattern (n, 10000), 10000), 0);
		n += 10000;
	}
	block (copy);
	ck_assert_int_eq (fcntl (ends[0], F_SETFL, O_NONBLOCK), 0);
	for (size_t got = 0; got < n;) {
		uint8_t bytes[4096];
		ssize_t some = read (ends[0], bytes, sizeof bytes);

		block (copy);
		fixture_turn (&fixture);
		if (some < 0)
			continue;
		ck_assert_mem_eq (bytes, pattern (got, (size_t)some), (size_t)some);
		got += (size_t)some;
	}
	ck_assert_uint_eq (buf_len (&fixture.relay.input), 0);
	fd_close (&copy);
	fd_close (&ends[0]);
	fixture_end (&fixture);
}
END_TEST

/* --- what is no stream ------------------------------------------------------------------------------------------- */

enum { FILE_OF_BYTES, DIRECTORY, ZERO, EVENT, DATAGRAMS, NETLINK, WRONG_END, BOTH_ENDS, PATH_ONLY, KINDS };

static int make (int kind, int access)
{
	char path[] = "/tmp/remex-relay-XXXXXX";
	int ends[2], fd = -1;

	switch (kind) {
	case FILE_OF_BYTES:
		fd = mkstemp (path);
		unlink (path);
		break;
	case DIRECTORY: fd = open ("/", O_RDONLY | O_DIRECTORY); break;
	case ZERO: fd = open ("/dev/zero", O_RDWR); break;
	case EVENT: fd = eventfd (1, 0); break;
	case DATAGRAMS:
		ck_assert_int_eq (socketpair (AF_UNIX, SOCK_DGRAM, 0, ends), 0);
		fd = ends[0];
		close (ends[1]);
		break;
	case NETLINK: fd = socket (AF_NETLINK, SOCK_RAW, 0); break;
	case WRONG_END:
		ck_assert_int_eq (pipe2 (ends, 0), 0);
		fd = ends[access == O_RDONLY];
		close (ends[access != O_RDONLY]);
		break;
	case BOTH_ENDS:
	case PATH_ONLY:
		ck_assert_ptr_nonnull (mktemp (path));
		ck_assert_int_eq (mkfifo (path, 0600), 0);
		fd = open (path, kind == PATH_ONLY ? O_PATH : O_RDWR);
		unlink (path);
		break;
	}
	ck_assert_int_ge (fd, 0);
	return fd;
}

static void hand_over (struct fixture *fixture, int sink, enum fd_kind kind, int fd)
{
	if (sink)
		relay_set_sink (&fixture->relay, kind, fd);
	else
		relay_add_outlet (&fixture->relay, "stdout", 6, kind, fd);
}

/* The bytes of the stream are lost, which the relay learns when it sends some, or reads. */
static void until_failed (struct fixture *fixture, int sink)
{
	while (!fixture->relay.failed) {
		if (sink)
			ck_assert_int_eq (relay_input (&fixture->relay, pattern (0, 1), 1), 0);
		fixture_turn (fixture);
	}
}

START_TEST (only_pipes_and_stream_sockets)
{
	for (int i = 0; i < 6; i++) {
		struct fixture fixture;
		enum fd_kind kind = (enum fd_kind) (i / 2); /* the kind that is stated */
		int sink = i % 2, fd;

		fixture_begin (&fixture, ",\"input\":true");
		fd = make (_i, sink ? O_WRONLY : O_RDONLY);
		hand_over (&fixture, sink, kind, fd);
		until_failed (&fixture, sink);
		ck_assert_int_lt (fcntl (fd, F_GETFD), 0);
		relay_end (&fixture.relay);
		ck_assert (relay_done (&fixture.relay));
		fixture_end (&fixture);
	}
}
END_TEST

/* A descriptor of another kind than stated is refused, though it would be valid as its own kind. */
START_TEST (another_kind_than_stated)
{
	static const enum fd_kind said[] = { FD_SOCKET, FD_PIPE, FD_OTHER, FD_OTHER };
	struct fixture fixture;
	int ends[2];

	for (int sink = 0; sink < 2; sink++) {
		fixture_begin (&fixture, ",\"input\":true");
		ends_of (_i % 2, ends);
		hand_over (&fixture, sink, said[_i], ends[sink]);
		until_failed (&fixture, sink);
		ck_assert_int_lt (fcntl (ends[sink], F_GETFD), 0);
		fd_close (&ends[!sink]);
		relay_end (&fixture.relay);
		fixture_end (&fixture);
	}
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_loop_test (tcase, an_outlet_that_others_make_blocking, 0, 2);
	tcase_add_loop_test (tcase, a_sink_that_others_make_blocking, 0, 2);
	tcase_add_loop_test (tcase, only_pipes_and_stream_sockets, 0, KINDS);
	tcase_add_loop_test (tcase, another_kind_than_stated, 0, 4);
}

CHECK_MAIN ("relay_shared", add_cases)
