/* check_relay_worker - the worker's own output, held for the client; and the input that it pulls. */
#include "config.h"

#include <errno.h>

#include "base/link.h"
#include "relay_fixture.h"
#include "support/check_main.h"

static void grant (struct fixture *fixture, unsigned n)
{
	fake_send (&fixture->fake, "{\"id\":1,\"credit\":%u}", n);
	relay_go (&fixture->relay);
}

static void input (struct fixture *fixture, size_t from, size_t n)
{
	ck_assert_int_eq (relay_input (&fixture->relay, pattern (from, n), n), 0);
}

/* --- the worker's own output ------------------------------------------------------------------------------------- */

START_TEST (the_workers_output_is_held)
{
	struct fixture fixture;

	fixture_begin (&fixture, ",\"window\":10");
	ck_assert_int_eq (relay_write (&fixture.relay, "stdout", 6, pattern (0, 4), 4), 0);
	ck_assert (!relay_holds (&fixture.relay));
	ck_assert_int_eq (relay_write (&fixture.relay, "stdout", 6, pattern (4, 21), 21), 0);
	ck_assert (relay_holds (&fixture.relay));
	ck_assert_int_eq (relay_write (&fixture.relay, "stdout", 6, pattern (0, 1), 1), -1);
	grant (&fixture, 10);
	ck_assert (relay_holds (&fixture.relay));
	relay_end (&fixture.relay);
	relay_late (&fixture.relay);
	ck_assert (!relay_done (&fixture.relay));
	grant (&fixture, 5);
	ck_assert (!relay_holds (&fixture.relay) && relay_done (&fixture.relay));
	fixture_receive (&fixture, SIZE_MAX);
	check_pattern (&fixture.out, 25);
	ck_assert_int_eq (fixture.relay.bytes_out, 25);
	fixture_end (&fixture);
}
END_TEST

START_TEST (the_workers_output_has_names_too)
{
	struct fixture fixture;

	fixture_begin (&fixture, "");
	ck_assert_int_eq (relay_write (&fixture.relay, "Not", 3, pattern (0, 1), 1), -1);
	ck_assert_int_eq (relay_write (&fixture.relay, "", 0, pattern (0, 1), 1), -1);
	ck_assert_int_eq (relay_write (&fixture.relay, "stderr", 6, pattern (0, 3), 3), 0);
	ck_assert_int_eq (relay_write (&fixture.relay, "stdout", 6, pattern (0, 100000), 100000), 0);
	fixture_receive (&fixture, SIZE_MAX);
	check_pattern (&fixture.err, 3);
	check_pattern (&fixture.out, 100000);
	fixture_end (&fixture);
}
END_TEST

/* --- the worker pulls -------------------------------------------------------------------------------------------- */

START_TEST (the_worker_gets_what_it_pulls)
{
	struct fixture fixture;

	fixture_begin (&fixture, ",\"input\":true");
	input (&fixture, 0, 100);
	relay_go (&fixture.relay);
	check_pattern (&fixture.given, 0);
	relay_pull (&fixture.relay, 0);
	relay_pull (&fixture.relay, -5);
	check_pattern (&fixture.given, 0);
	relay_pull (&fixture.relay, 30);
	check_pattern (&fixture.given, 30);
	relay_input_end (&fixture.relay);
	ck_assert (!fixture.ended);
	relay_pull (&fixture.relay, 70);
	check_pattern (&fixture.given, 100);
	ck_assert (!fixture.ended); /* no room that would wait for more */
	relay_pull (&fixture.relay, 1);
	ck_assert (fixture.ended);
	relay_pull (&fixture.relay, 1); /* it is told once */
	relay_go (&fixture.relay);
	fixture_receive (&fixture, SIZE_MAX);
	ck_assert_int_eq (fixture.credited, 100);
	fixture_end (&fixture);
}
END_TEST

START_TEST (the_worker_waits_for_input)
{
	struct fixture fixture;

	fixture_begin (&fixture, ",\"input\":true");
	relay_pull (&fixture.relay, 1000);
	ck_assert (!fixture.ended);
	for (size_t i = 0; i < 10; i++)
		input (&fixture, i * 50, 50);
	check_pattern (&fixture.given, 500);
	relay_input_end (&fixture.relay);
	ck_assert (fixture.ended);
	fixture_end (&fixture);
}
END_TEST

/* Odd amounts on both sides: never more than was pulled, and no byte that could be sent stays. */
START_TEST (never_more_than_was_pulled)
{
	enum { TOTAL = 300000 };
	struct fixture fixture;
	size_t sent = 0, pulled = 0;

	fixture_begin (&fixture, ",\"input\":true");
	for (size_t i = 0; buf_len (&fixture.given) < TOTAL; i++) {
		size_t n = i * 37 % 5000, least;

		if (n > TOTAL - sent)
			n = TOTAL - sent;
		if (n && sent + n <= (size_t)fixture.relay.bytes_in + SESSION_CREDIT) {
			input (&fixture, sent, n);
			sent += n;
		}
		if (sent == TOTAL)
			relay_input_end (&fixture.relay);
		pulled += i * 53 % 3001;
		relay_pull (&fixture.relay, (int64_t)(i * 53 % 3001));
		least = sent < pulled ? sent : pulled;
		ck_assert_uint_eq (buf_len (&fixture.given), least);
		ck_assert (!fixture.ended || least == TOTAL);
	}
	relay_pull (&fixture.relay, 1);
	ck_assert (fixture.ended);
	check_pattern (&fixture.given, TOTAL);
	fixture_end (&fixture);
}
END_TEST

/* A record holds no more than LINK_PAYLOAD, whatever was pulled. */
static int count_records (void *arg, const void *bytes, size_t n)
{
	struct fixture *fixture = arg;

	ck_assert_uint_gt (n, 0);
	ck_assert_uint_le (n, LINK_PAYLOAD);
	fixture->moves++;
	return buf_append (&fixture->given, bytes, n);
}

START_TEST (a_record_holds_no_more)
{
	struct fixture fixture;

	fixture_begin (&fixture, ",\"input\":true");
	fixture.relay.to_worker = count_records;
	input (&fixture, 0, LINK_RECORD);
	relay_pull (&fixture.relay, LINK_RECORD);
	ck_assert_int_eq (fixture.moves, 2);
	check_pattern (&fixture.given, LINK_RECORD);
	fixture_end (&fixture);
}
END_TEST

START_TEST (a_full_link_loses_nothing)
{
	struct fixture fixture;

	fixture_begin (&fixture, ",\"input\":true");
	fixture.refuses = EAGAIN;
	relay_pull (&fixture.relay, 1000);
	input (&fixture, 0, 100);
	relay_input_end (&fixture.relay);
	fixture_receive (&fixture, SIZE_MAX);
	ck_assert_int_eq (fixture.credited, 0);
	fixture.refuses = 0;
	relay_go (&fixture.relay);
	check_pattern (&fixture.given, 100);
	ck_assert (fixture.ended);
	fixture_receive (&fixture, SIZE_MAX);
	ck_assert_int_eq (fixture.credited, 100);
	fixture_end (&fixture);
}
END_TEST

START_TEST (a_dead_worker_drops_and_grants)
{
	struct fixture fixture;

	fixture_begin (&fixture, ",\"input\":true");
	fixture.refuses = EPIPE;
	relay_pull (&fixture.relay, 50);
	input (&fixture, 0, 100);
	input (&fixture, 100, 100);
	fixture_receive (&fixture, SIZE_MAX);
	ck_assert_int_eq (fixture.credited, 200);
	fixture_end (&fixture);
}
END_TEST

/* After the command's end nothing more goes to the worker. */
START_TEST (the_end_drops_what_was_not_pulled)
{
	struct fixture fixture;

	fixture_begin (&fixture, ",\"input\":true");
	input (&fixture, 0, 100);
	relay_pull (&fixture.relay, 40);
	relay_end (&fixture.relay);
	relay_pull (&fixture.relay, 40);
	input (&fixture, 100, 100);
	relay_input_end (&fixture.relay);
	check_pattern (&fixture.given, 40);
	ck_assert (!fixture.ended);
	fixture_receive (&fixture, SIZE_MAX);
	ck_assert_int_eq (fixture.credited, 200);
	ck_assert (relay_done (&fixture.relay));
	fixture_end (&fixture);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, the_workers_output_is_held);
	tcase_add_test (tcase, the_workers_output_has_names_too);
	tcase_add_test (tcase, the_worker_gets_what_it_pulls);
	tcase_add_test (tcase, the_worker_waits_for_input);
	tcase_add_test (tcase, never_more_than_was_pulled);
	tcase_add_test (tcase, a_record_holds_no_more);
	tcase_add_test (tcase, a_full_link_loses_nothing);
	tcase_add_test (tcase, a_dead_worker_drops_and_grants);
	tcase_add_test (tcase, the_end_drops_what_was_not_pulled);
}

CHECK_MAIN ("relay_worker", add_cases)
