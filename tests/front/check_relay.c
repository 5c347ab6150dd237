/* check_relay - output: from pipes to the client, whatever its pace, and how it ends. Input is checked in
 * check_relay_input.c, the worker's own input and output in check_relay_worker.c.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "relay_fixture.h"
#include "support/check_main.h"
#include "support/descriptors.h"

enum { PIECE = 100000, MOST = 4 << 20 }; /* more than a pipe holds; more than pipe and carrier hold */

/* Write as much of the sequence as the pipe takes, if somebody reads it; returns the end of the written part. */
static size_t fill (int fd, size_t written, size_t total)
{
	while (written < total) {
		ssize_t done = write (fd, pattern (written, total - written), total - written);

		if (done < 0) {
			ck_assert (errno == EAGAIN || errno == EPIPE);
			break;
		}
		written += (size_t)done;
	}
	return written;
}

static int waiting_in (int fd)
{
	int n;

	ck_assert_int_eq (ioctl (fd, FIONREAD, &n), 0);
	return n;
}

/* Wait until the carrier has read what the relay sent it, and has done what that asks for. */
static void wait_for_carrier (struct fixture *fixture)
{
	int unread;

	do {
		fixture_turn (fixture);
		ck_assert_int_eq (ioctl (fixture->relay.outlets[0].fd, SIOCOUTQ, &unread), 0);
	} while (unread);
}

static void wake_carrier (struct fixture *fixture)
{
	ck_assert_int_eq (send (fixture->relay.outlets[0].fd, "", 1, 0), 1);
	wait_for_carrier (fixture);
}

/* Write until the carrier has no room for more, and the pipe is full. The carrier reads what wakes it only where it
 * waits for room or for bytes: when it has done so twice, and the pipe is still full, it waits for room. */
static size_t fill_all (struct fixture *fixture, int fd)
{
	size_t written = fill (fd, 0, MOST), before;

	fixture_until (fixture, fixture->relay.outlets[0].carriage);
	do {
		before = written;
		wake_carrier (fixture);
		wake_carrier (fixture);
		written = fill (fd, written, MOST);
	} while (written > before);
	ck_assert_uint_lt (written, MOST);
	return written;
}

static void grant (struct fixture *fixture, unsigned n)
{
	fake_send (&fixture->fake, "{\"id\":1,\"credit\":%u}", n);
	relay_go (&fixture->relay);
}

/* --- pace -------------------------------------------------------------------------------------------------------- */

/* A tiny window that opens by odd amounts, and a client that reads a few bytes at a time. */
START_TEST (every_byte_through_a_tiny_window)
{
	enum { TOTAL = 60000 };
	struct fixture fixture;
	size_t written = 0, granted = 7;
	unsigned step = 0;
	int fd;

	fixture_begin (&fixture, ",\"window\":7");
	fd = fixture_outlet (&fixture, "stdout");
	while (buf_len (&fixture.out) < TOTAL) {
		written = fill (fd, written, TOTAL);
		if (written == TOTAL)
			fd_close (&fd);
		fixture_turn (&fixture);
		fixture_receive (&fixture, 13 + step % 60);
		ck_assert_uint_le (buf_len (&fixture.out), granted);
		if (fixture.channel->window == 0) {
			grant (&fixture, 1 + step % 50);
			granted += 1 + step % 50;
		}
		step++;
	}
	check_pattern (&fixture.out, TOTAL);
	ck_assert_int_eq (fixture.relay.bytes_out, TOTAL);
	grant (&fixture, 1);
	relay_end (&fixture.relay);
	fixture_until (&fixture, relay_done (&fixture.relay));
	ck_assert (!fixture.relay.pipe_held && !fixture.relay.failed);
	fixture_end (&fixture);
}
END_TEST

/* With a slow client no more than SESSION_OUT_FULL waits in memory. */
START_TEST (every_byte_to_a_slow_reader)
{
	enum { TOTAL = 3 * 1024 * 1024 };
	struct fixture fixture;
	size_t written = 0;
	int fd;

	fixture_begin (&fixture, "");
	fd = fixture_outlet (&fixture, "stdout");
	while (buf_len (&fixture.out) < TOTAL) {
		written = fill (fd, written, TOTAL);
		if (written == TOTAL)
			fd_close (&fd);
		fixture_turn (&fixture);
		ck_assert_uint_le (buf_len (&fixture.fake.session.out), SESSION_OUT_FULL + 4096);
		fixture_receive (&fixture, 10007);
	}
	check_pattern (&fixture.out, TOTAL);
	fixture_receive (&fixture, SIZE_MAX);
	relay_end (&fixture.relay);
	fixture_until (&fixture, relay_done (&fixture.relay));
	ck_assert (!fixture.relay.pipe_held && !fixture.relay.failed);
	fixture_end (&fixture);
}
END_TEST

START_TEST (two_outlets_are_kept_apart)
{
	struct fixture fixture;
	int out, err;

	fixture_begin (&fixture, ",\"window\":1000");
	out = fixture_outlet (&fixture, "stdout");
	err = fixture_outlet (&fixture, "stderr");
	ck_assert_uint_eq (fill (out, 0, 3000), 3000);
	ck_assert_uint_eq (fill (err, 0, 2000), 2000);
	fd_close (&out);
	fd_close (&err);
	relay_end (&fixture.relay);
	while (!relay_done (&fixture.relay)) {
		fixture_receive (&fixture, SIZE_MAX);
		grant (&fixture, 100);
		fixture_turn (&fixture);
	}
	ck_assert (!fixture.relay.pipe_held && !fixture.relay.failed);
	fixture_receive (&fixture, SIZE_MAX);
	check_pattern (&fixture.out, 3000);
	check_pattern (&fixture.err, 2000);
	fixture_end (&fixture);
}
END_TEST

/* With a shut window, or without a client, the relay does not spin. */
START_TEST (waiting_for_room_is_idle)
{
	for (int gone = 0; gone < 2; gone++) {
		struct fixture fixture;
		int fd, moves;

		fixture_begin (&fixture, ",\"window\":1");
		fd = fixture_outlet (&fixture, "stdout");
		ck_assert_uint_eq (fill (fd, 0, 100), 100);
		if (gone)
			fixture.relay.channel = NULL;
		/* The carrier has brought all of it. */
		fixture_until (&fixture, waiting_in (fixture.relay.outlets[0].fd) == (gone ? 100 : 99));
		fixture_turn (&fixture);
		fixture_turn (&fixture);
		moves = fixture.moves;
		for (int i = 0; i < 20; i++)
			fixture_turn (&fixture);
		ck_assert_int_eq (fixture.moves, moves);
		ck_assert_int_eq (fixture.relay.bytes_out, gone ? 0 : 1);
		fd_close (&fd);
		fixture_end (&fixture);
	}
}
END_TEST

/* --- the end ----------------------------------------------------------------------------------------------------- */

START_TEST (the_end_of_a_pipe_ends_it)
{
	struct fixture fixture;
	int fd;

	fixture_begin (&fixture, "");
	ck_assert (!relay_done (&fixture.relay));
	fd = fixture_outlet (&fixture, "stdout");
	ck_assert_uint_eq (fill (fd, 0, 5), 5);
	fd_close (&fd);
	fixture_until (&fixture, fixture.relay.outlets[0].fd < 0);
	ck_assert (!relay_done (&fixture.relay)); /* the command has not ended */
	relay_end (&fixture.relay);
	ck_assert (relay_done (&fixture.relay) && !fixture.relay.pipe_held);
	fixture_receive (&fixture, SIZE_MAX);
	check_pattern (&fixture.out, 5);
	fixture_end (&fixture);
}
END_TEST

/* The carrier has no work with a pipe until it has bytes, but to close it. */
START_TEST (a_quiet_pipe)
{
	for (int held = 0; held < 2; held++) {
		struct fixture fixture;
		int fd;

		fixture_begin (&fixture, "");
		fd = fixture_outlet (&fixture, "stdout");
		fixture_turn (&fixture);
		ck_assert_int_ge (fixture.relay.outlets[0].fd, 0);
		if (!held)
			fd_close (&fd);
		relay_end (&fixture.relay);
		ck_assert_int_eq (relay_done (&fixture.relay), !held);
		ck_assert (!relay_late (&fixture.relay));
		ck_assert (relay_done (&fixture.relay));
		ck_assert_int_eq (fixture.relay.pipe_held, held);
		ck_assert_ptr_null (fixture.relay.outlets[0].carriage);
		if (held)
			fixture_until (&fixture, write (fd, "x", 1) < 0 && errno == EPIPE);
		fd_close (&fd);
		fixture_end (&fixture);
	}
}
END_TEST

/* Bytes that come at the last moment. */
START_TEST (a_quiet_pipe_that_gets_bytes)
{
	for (int late = 0; late < 2; late++) {
		struct fixture fixture;
		int fd;

		fixture_begin (&fixture, "");
		fd = fixture_outlet (&fixture, "stdout");
		if (late)
			relay_end (&fixture.relay);
		ck_assert_uint_eq (fill (fd, 0, 50), 50);
		if (late) {
			relay_late (&fixture.relay);
		} else {
			fd_close (&fd);
			relay_end (&fixture.relay);
		}
		fixture_until (&fixture, relay_done (&fixture.relay));
		ck_assert_int_eq (fixture.relay.pipe_held, late);
		fixture_receive (&fixture, SIZE_MAX);
		check_pattern (&fixture.out, 50);
		fd_close (&fd);
		fixture_end (&fixture);
	}
}
END_TEST

START_TEST (without_outlets_the_end_is_done)
{
	struct fixture fixture;

	fixture_begin (&fixture, "");
	relay_end (&fixture.relay);
	ck_assert (relay_done (&fixture.relay) && !fixture.relay.pipe_held);
	fixture_end (&fixture);
}
END_TEST

/* Bytes in the pipe when the command ended are delivered, however long after relay_late that takes. */
START_TEST (bytes_in_the_pipe_at_the_end_are_delivered)
{
	enum { OWED = 50000 };

	for (int stays = 0; stays < 2; stays++) {
		struct fixture fixture;
		int fd;

		fixture_begin (&fixture, ",\"window\":100");
		fd = fixture_outlet (&fixture, "stdout");
		ck_assert_uint_eq (fill (fd, 0, OWED), OWED);
		if (!stays)
			fd_close (&fd);
		relay_end (&fixture.relay);
		relay_late (&fixture.relay);
		ck_assert (!relay_done (&fixture.relay));
		while (!relay_done (&fixture.relay)) {
			fixture_receive (&fixture, SIZE_MAX);
			grant (&fixture, 99);
			fixture_turn (&fixture);
		}
		ck_assert_int_eq (fixture.relay.pipe_held, stays);
		fixture_receive (&fixture, SIZE_MAX);
		check_pattern (&fixture.out, OWED);
		fd_close (&fd);
		fixture_end (&fixture);
	}
}
END_TEST

/* The relay does not wait for a process that keeps writing. */
START_TEST (later_bytes_are_not_waited_for)
{
	enum { OWED = 20000 };
	struct fixture fixture;
	size_t written = OWED;
	int fd;

	fixture_begin (&fixture, ",\"window\":100");
	fd = fixture_outlet (&fixture, "stdout");
	ck_assert_uint_eq (fill (fd, 0, OWED), OWED);
	relay_end (&fixture.relay);
	relay_late (&fixture.relay);
	while (!relay_done (&fixture.relay)) {
		written = fill (fd, written, written + 1000);
		fixture_receive (&fixture, SIZE_MAX);
		grant (&fixture, 500);
		fixture_turn (&fixture);
	}
	fixture_receive (&fixture, SIZE_MAX);
	ck_assert (fixture.relay.pipe_held);
	ck_assert_uint_ge (buf_len (&fixture.out), OWED);
	ck_assert_int_eq (write (fd, "x", 1), -1);
	ck_assert_int_eq (errno, EPIPE);
	check_pattern (&fixture.out, buf_len (&fixture.out));
	fd_close (&fd);
	fixture_end (&fixture);
}
END_TEST

START_TEST (a_held_pipe_is_waited_for_until_it_is_late)
{
	struct fixture fixture;
	int fd;

	fixture_begin (&fixture, "");
	fd = fixture_outlet (&fixture, "stdout");
	ck_assert_uint_eq (fill (fd, 0, 10), 10);
	relay_end (&fixture.relay);
	ck_assert_uint_eq (fill (fd, 10, 20), 20);
	fixture_until (&fixture, fixture.relay.bytes_out == 20);
	ck_assert (!relay_done (&fixture.relay) && !fixture.relay.pipe_held);
	relay_late (&fixture.relay);
	fixture_until (&fixture, relay_done (&fixture.relay));
	ck_assert (fixture.relay.pipe_held);
	fixture_receive (&fixture, SIZE_MAX);
	check_pattern (&fixture.out, 20);
	fd_close (&fd);
	fixture_end (&fixture);
}
END_TEST

/* A process that the command left behind can read the pipe empty, before relay_late or after it: then the expected
 * bytes never come. */
START_TEST (bytes_that_another_process_has_read_are_not_waited_for)
{
	for (int after = 0; after < 2; after++) {
		static char stolen[PIECE];
		struct fixture fixture;
		size_t written;
		int ends[2], copy;

		fixture_begin (&fixture, ",\"window\":10");
		ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
		ck_assert_int_ge (copy = fcntl (ends[0], F_DUPFD_CLOEXEC, 3), 0);
		ck_assert_int_eq (fcntl (ends[1], F_SETFL, O_NONBLOCK), 0);
		ck_assert_int_eq (relay_add_outlet (&fixture.relay, "stdout", 6, FD_PIPE, ends[0]), 0);
		written = fill_all (&fixture, ends[1]);
		relay_end (&fixture.relay);
		if (after)
			relay_late (&fixture.relay);
		wait_for_carrier (&fixture);
		ck_assert (!relay_done (&fixture.relay));
		ck_assert_int_gt (read (copy, stolen, sizeof stolen), 0);
		ck_assert_int_eq (waiting_in (copy), 0);
		if (!after)
			relay_late (&fixture.relay);
		while (!relay_done (&fixture.relay)) {
			fixture_receive (&fixture, SIZE_MAX);
			grant (&fixture, 50000);
			fixture_turn (&fixture);
		}
		ck_assert (fixture.relay.pipe_held);
		fixture_receive (&fixture, SIZE_MAX);
		ck_assert_uint_lt (buf_len (&fixture.out), written);
		check_pattern (&fixture.out, buf_len (&fixture.out));
		fd_close (&copy);
		fd_close (&ends[1]);
		fixture_end (&fixture);
	}
}
END_TEST

/* The window was just large enough: the end could not be read, but no process held the pipe. */
START_TEST (an_end_behind_a_shut_window_is_not_held)
{
	struct fixture fixture;
	int fd;

	fixture_begin (&fixture, ",\"window\":5");
	fd = fixture_outlet (&fixture, "stdout");
	ck_assert_uint_eq (fill (fd, 0, 5), 5);
	fixture_until (&fixture, fixture.relay.bytes_out == 5);
	fd_close (&fd);
	relay_end (&fixture.relay);
	relay_late (&fixture.relay);
	while (!relay_done (&fixture.relay)) {
		relay_go (&fixture.relay);
		fixture_turn (&fixture);
	}
	ck_assert (!fixture.relay.pipe_held);
	fixture_end (&fixture);
}
END_TEST

START_TEST (a_cut_waits_for_nothing)
{
	for (int gone = 0; gone < 2; gone++) {
		struct fixture fixture;
		int fd;

		fixture_begin (&fixture, ",\"window\":5");
		fd = fixture_outlet (&fixture, "stdout");
		ck_assert_uint_eq (fill (fd, 0, 1000), 1000);
		ck_assert_int_eq (relay_write (&fixture.relay, "note", 4, pattern (0, 9), 9), 0);
		if (gone)
			fixture.relay.channel = NULL;
		relay_end (&fixture.relay);
		ck_assert (!relay_done (&fixture.relay));
		relay_cut (&fixture.relay);
		ck_assert (relay_done (&fixture.relay) && !fixture.relay.pipe_held);
		fixture_until (
			&fixture, write (fd, "x", 1) < 0 && errno == EPIPE); /* the pipe has no reader any more */
		fd_close (&fd);
		fixture_end (&fixture);
	}
}
END_TEST

/* --- the limit of output ------------------------------------------------------------------------------------------ */

/* As many bytes as the limit says pass, and further ones only show that there are more. */
START_TEST (output_up_to_the_limit)
{
	struct fixture fixture;
	int out, err;

	fixture_begin (&fixture, "");
	fixture.relay.output_max = 1000;
	out = fixture_outlet (&fixture, "stdout");
	err = fixture_outlet (&fixture, "stderr");
	ck_assert_int_eq (fill (out, 0, 600), 600);
	fixture_until (&fixture, fixture.relay.bytes_out == 600);
	ck_assert (!fixture.relay.over);
	ck_assert_int_eq (fill (err, 0, 400 + (size_t)_i), 400 + _i);
	fixture_until (&fixture, fixture.relay.bytes_out == 1000);
	if (_i)
		fixture_until (&fixture, fixture.relay.over);
	close (out);
	close (err);
	if (!_i) {
		relay_end (&fixture.relay);
		fixture_until (&fixture, relay_done (&fixture.relay));
		ck_assert (!fixture.relay.over);
	} else {
		relay_shut (&fixture.relay);
	}
	fixture_receive (&fixture, MOST);
	check_pattern (&fixture.out, 600);
	check_pattern (&fixture.err, 400);
	fixture_end (&fixture);
}
END_TEST

/* The same for what the worker writes itself. */
START_TEST (records_up_to_the_limit)
{
	struct fixture fixture;

	fixture_begin (&fixture, "");
	fixture.relay.output_max = 1000;
	ck_assert_int_eq (relay_write (&fixture.relay, "stdout", 6, pattern (0, 1000), 1000), 0);
	ck_assert (!fixture.relay.over && !relay_holds (&fixture.relay));
	ck_assert_int_eq (relay_write (&fixture.relay, "stdout", 6, pattern (1000, 1), 1), 0);
	ck_assert (fixture.relay.over);
	relay_shut (&fixture.relay);
	ck_assert (!relay_holds (&fixture.relay));
	fixture_receive (&fixture, MOST);
	check_pattern (&fixture.out, 1000);
	fixture_end (&fixture);
}
END_TEST

/* --- names ------------------------------------------------------------------------------------------------------- */

static int add (struct fixture *fixture, const char *name, size_t n)
{
	int ends[2], result, before = open_descriptors ();

	ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
	result = relay_add_outlet (&fixture->relay, name, n, FD_PIPE, ends[0]);
	fd_close (&ends[1]);
	ck_assert_int_eq (open_descriptors (), before + (result == 0)); /* a refused outlet is closed */
	return result;
}

START_TEST (names_of_outlets)
{
	static const char longest[] = "abcdefghijklmnopqrstuvwxyz_01234";
	struct fixture fixture;

	fixture_begin (&fixture, "");
	ck_assert_int_eq (add (&fixture, "", 0), -1);
	ck_assert_int_eq (add (&fixture, "Stdout", 6), -1);
	ck_assert_int_eq (add (&fixture, "a\"b", 3), -1);
	ck_assert_int_eq (add (&fixture, "a\0b", 3), -1);
	ck_assert_int_eq (add (&fixture, "abcdefghijklmnopqrstuvwxyz_012345", 33), -1);
	ck_assert_int_eq (add (&fixture, longest, 32), 0);
	ck_assert_int_eq (add (&fixture, longest, 32), -1);
	ck_assert_int_eq (add (&fixture, longest, 31), 0);
	ck_assert_int_eq (add (&fixture, "stdout", 6), 0);
	ck_assert_int_eq (add (&fixture, "stderr", 6), 0);
	ck_assert_int_eq (add (&fixture, "more", 4), -1);
	ck_assert_int_eq (fixture.relay.n_outlets, RELAY_OUTLETS);
	ck_assert_str_eq (fixture.relay.outlets[0].name, longest);
	fixture_end (&fixture); /* they are open still */
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, every_byte_through_a_tiny_window);
	tcase_add_test (tcase, every_byte_to_a_slow_reader);
	tcase_add_test (tcase, two_outlets_are_kept_apart);
	tcase_add_test (tcase, waiting_for_room_is_idle);
	tcase_add_test (tcase, the_end_of_a_pipe_ends_it);
	tcase_add_test (tcase, a_quiet_pipe);
	tcase_add_test (tcase, a_quiet_pipe_that_gets_bytes);
	tcase_add_test (tcase, without_outlets_the_end_is_done);
	tcase_add_test (tcase, bytes_in_the_pipe_at_the_end_are_delivered);
	tcase_add_test (tcase, later_bytes_are_not_waited_for);
	tcase_add_test (tcase, a_held_pipe_is_waited_for_until_it_is_late);
	tcase_add_test (tcase, bytes_that_another_process_has_read_are_not_waited_for);
	tcase_add_test (tcase, an_end_behind_a_shut_window_is_not_held);
	tcase_add_test (tcase, a_cut_waits_for_nothing);
	tcase_add_loop_test (tcase, output_up_to_the_limit, 0, 2);
	tcase_add_test (tcase, records_up_to_the_limit);
	tcase_add_test (tcase, names_of_outlets);
}

CHECK_MAIN ("relay", add_cases)
