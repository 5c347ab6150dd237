/* check_relay_input - input into the command's pipe, and credit for the bytes that have left. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "relay_fixture.h"
#include "support/check_main.h"
#include "support/descriptors.h"

static void input (struct fixture *fixture, size_t from, size_t n)
{
	fixture->channel->credit -= (int64_t)n; /* as the session does */
	ck_assert_int_eq (relay_input (&fixture->relay, pattern (from, n), n), 0);
}

/* Read up to n bytes of a pipe that does not block; false at its end. */
static bool drain (int fd, struct buf *to, size_t n)
{
	uint8_t *space = buf_reserve (to, n);
	ssize_t got = read (fd, space, n);

	ck_assert (got >= 0 || errno == EAGAIN);
	if (got > 0)
		buf_commit (to, (size_t)got);
	return got != 0;
}

/* The command reads until it has n bytes. */
static void drain_until (struct fixture *fixture, int fd, size_t n)
{
	while (buf_len (&fixture->given) < n) {
		ck_assert (drain (fd, &fixture->given, n - buf_len (&fixture->given)));
		fixture_turn (fixture);
	}
}

/* Input until the pipe and the carrier are full; returns its size. */
static size_t input_all (struct fixture *fixture)
{
	size_t n = 0;

	for (; !buf_len (&fixture->relay.input); n += 10000)
		input (fixture, n, 10000);
	return n;
}

/* --- the command's pipe ------------------------------------------------------------------------------------------ */

/* What was granted, told to the client or not yet (channel_credit). */
static int64_t granted (const struct fixture *fixture)
{
	return fixture->credited + (fixture->channel ? fixture->channel->untold : 0);
}

START_TEST (input_waits_for_its_sink)
{
	struct fixture fixture;
	int fd;

	fixture_begin (&fixture, ",\"input\":true");
	input (&fixture, 0, 300);
	input (&fixture, 300, 200);
	relay_go (&fixture.relay);
	fixture_receive (&fixture, SIZE_MAX);
	ck_assert_int_eq (granted (&fixture), 0); /* nothing has left */
	fd = fixture_sink (&fixture);
	fixture_receive (&fixture, SIZE_MAX);
	ck_assert_int_eq (granted (&fixture), 500);
	drain_until (&fixture, fd, 500);
	check_pattern (&fixture.given, 500);
	input (&fixture, 500, 100);
	fixture_receive (&fixture, SIZE_MAX);
	ck_assert_int_eq (granted (&fixture), 600);
	drain_until (&fixture, fd, 600);
	check_pattern (&fixture.given, 600);
	ck_assert (drain (fd, &fixture.given, 1000)); /* it is open */
	relay_input_end (&fixture.relay);
	fixture_until (&fixture, !drain (fd, &fixture.given, 1000));
	ck_assert_int_eq (fixture.relay.bytes_in, 600);
	fd_close (&fd);
	fixture_end (&fixture);
}
END_TEST

START_TEST (an_end_that_came_first_closes_the_sink)
{
	for (size_t n = 0; n <= 10; n += 10) {
		struct fixture fixture;
		int fd;

		fixture_begin (&fixture, "");
		if (n)
			input (&fixture, 0, n);
		relay_input_end (&fixture.relay);
		fd = fixture_sink (&fixture);
		fixture_until (&fixture, !drain (fd, &fixture.given, 1000));
		ck_assert_int_eq (fixture.relay.sink_carriage != NULL, n > 0); /* without input the sink was quiet */
		check_pattern (&fixture.given, n);
		fd_close (&fd);
		fixture_end (&fixture);
	}
}
END_TEST

/* A command that reads slowly: all bytes arrive, credit comes as they leave, the end comes last. */
START_TEST (every_byte_to_a_slow_command)
{
	enum { TOTAL = 1000000 };
	struct fixture fixture;
	size_t sent = 0;
	bool open = true;
	int fd;

	fixture_begin (&fixture, ",\"input\":true");
	fd = fixture_sink (&fixture);
	while (open) {
		size_t room = SESSION_CREDIT - (sent - (size_t)fixture.credited);

		if (sent < TOTAL && room) {
			if (room > TOTAL - sent)
				room = TOTAL - sent;
			input (&fixture, sent, room);
			sent += room;
			if (sent == TOTAL)
				relay_input_end (&fixture.relay);
		}
		fixture_turn (&fixture);
		fixture_receive (&fixture, SIZE_MAX);
		ck_assert_int_eq (granted (&fixture), fixture.relay.bytes_in);
		open = drain (fd, &fixture.given, 5003);
	}
	check_pattern (&fixture.given, TOTAL);
	ck_assert_int_eq (granted (&fixture), TOTAL);
	fd_close (&fd);
	fixture_end (&fixture);
}
END_TEST

/* The bytes in memory are bounded by the permitted input: a call's body, and the first credit. */
START_TEST (input_is_bounded)
{
	enum { MOST = MESSAGE_CALL_BODY_MAX + SESSION_CREDIT };
	struct fixture fixture;
	int fd;

	fixture_begin (&fixture, ",\"input\":true");
	input (&fixture, 0, MOST);
	ck_assert_int_eq (relay_input (&fixture.relay, pattern (0, 1), 1), -1);
	fd = fixture_sink (&fixture);
	relay_input_end (&fixture.relay);
	while (drain (fd, &fixture.given, MOST))
		fixture_turn (&fixture);
	check_pattern (&fixture.given, MOST);
	fd_close (&fd);
	fixture_end (&fixture);
}
END_TEST

/* A command that closes its input: further input is dropped, and the client is not held up. */
START_TEST (a_broken_sink_drops_and_grants)
{
	struct fixture fixture;
	int64_t n = 0;
	int fd;

	fixture_begin (&fixture, ",\"input\":true");
	fd = fixture_sink (&fixture);
	fd_close (&fd);
	for (; fixture.relay.sink >= 0; n += 10) {
		input (&fixture, 0, 10);
		fixture_turn (&fixture);
	}
	for (int i = 0; i < 5; i++)
		input (&fixture, 0, 100000);
	fixture_receive (&fixture, SIZE_MAX);
	ck_assert_int_eq (granted (&fixture), n + 500000);
	ck_assert (!fixture.relay.failed);
	relay_input_end (&fixture.relay);
	relay_end (&fixture.relay);
	ck_assert (relay_done (&fixture.relay));
	fixture_end (&fixture);
}
END_TEST

START_TEST (a_sink_breaks_while_it_is_full)
{
	struct fixture fixture;
	size_t n;
	int fd;

	fixture_begin (&fixture, ",\"input\":true");
	fd = fixture_sink (&fixture);
	n = input_all (&fixture);
	fd_close (&fd);
	fixture.moves = 0;
	while (fixture.relay.sink >= 0) {
		/* The carrier may just have read what was full: a relay without input watches nothing. */
		for (; fixture.relay.sink >= 0 && !buf_len (&fixture.relay.input); n += 10000)
			input (&fixture, n, 10000);
		fixture_turn (&fixture);
	}
	ck_assert_int_gt (fixture.moves, 0);
	fixture_receive (&fixture, SIZE_MAX);
	ck_assert_int_eq (granted (&fixture), (int64_t)n);
	ck_assert (!fixture.relay.failed);
	fixture_end (&fixture);
}
END_TEST

/* The command has ended: its input is dropped, though another process holds the pipe. */
START_TEST (the_end_closes_the_sink)
{
	struct fixture fixture;
	size_t n;
	int fd;

	fixture_begin (&fixture, ",\"input\":true");
	fd = fixture_sink (&fixture);
	n = input_all (&fixture);
	relay_end (&fixture.relay);
	ck_assert (relay_done (&fixture.relay));
	fixture_receive (&fixture, SIZE_MAX);
	ck_assert_int_eq (granted (&fixture), (int64_t)n);
	fixture_until (&fixture, !drain (fd, &fixture.given, 100000));
	ck_assert_uint_lt (buf_len (&fixture.given), n);
	fd_close (&fd);
	fixture_end (&fixture);
}
END_TEST

/* A second sink, or a sink after the worker has pulled, is an error; the descriptor is closed. */
START_TEST (there_is_one_sink)
{
	for (int pulled = 0; pulled < 2; pulled++) {
		struct fixture fixture;
		int ends[2], before, fd = -1;

		fixture_begin (&fixture, ",\"input\":true");
		if (pulled)
			relay_pull (&fixture.relay, 10);
		else
			fd = fixture_sink (&fixture);
		before = open_descriptors ();
		ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
		ck_assert_int_eq (relay_set_sink (&fixture.relay, FD_PIPE, ends[1]), -1);
		fd_close (&ends[0]);
		ck_assert_int_eq (open_descriptors (), before);
		fd_close (&fd);
		fixture_end (&fixture);
	}
}
END_TEST

/* A sink that comes after the end is closed at once. */
START_TEST (a_late_sink_is_closed)
{
	struct fixture fixture;
	int fd;

	fixture_begin (&fixture, ",\"input\":true");
	input (&fixture, 0, 10);
	relay_end (&fixture.relay);
	fd = fixture_sink (&fixture);
	fixture_until (&fixture, !drain (fd, &fixture.given, 10));
	fixture_receive (&fixture, SIZE_MAX);
	ck_assert_int_eq (granted (&fixture), 10);
	fd_close (&fd);
	fixture_end (&fixture);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, input_waits_for_its_sink);
	tcase_add_test (tcase, an_end_that_came_first_closes_the_sink);
	tcase_add_test (tcase, every_byte_to_a_slow_command);
	tcase_add_test (tcase, input_is_bounded);
	tcase_add_test (tcase, a_broken_sink_drops_and_grants);
	tcase_add_test (tcase, a_sink_breaks_while_it_is_full);
	tcase_add_test (tcase, the_end_closes_the_sink);
	tcase_add_test (tcase, there_is_one_sink);
	tcase_add_test (tcase, a_late_sink_is_closed);
}

CHECK_MAIN ("relay_input", add_cases)
