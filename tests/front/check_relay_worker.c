/* check_relay_worker - what the worker itself writes, held for the client; and the input that it pulls. */
#include "config.h"

#include <errno.h>

#include "base/link.h"
#include "relay_stage.h"
#include "support/check_main.h"

static void grant (struct stage *stage, unsigned n)
{
	fake_say (&stage->fake, "{\"id\":1,\"credit\":%u}", n);
	relay_go (&stage->relay);
}

static void input (struct stage *stage, size_t from, size_t n)
{
	ck_assert_int_eq (relay_input (&stage->relay, pattern (from, n), n), 0);
}

/* --- the worker's own output ------------------------------------------------------------------------------------- */

START_TEST (the_workers_output_is_held)
{
	struct stage stage;

	stage_begin (&stage, ",\"window\":10");
	ck_assert_int_eq (relay_write (&stage.relay, "stdout", 6, pattern (0, 4), 4), 0);
	ck_assert (!relay_holds (&stage.relay));
	ck_assert_int_eq (relay_write (&stage.relay, "stdout", 6, pattern (4, 21), 21), 0);
	ck_assert (relay_holds (&stage.relay));
	ck_assert_int_eq (relay_write (&stage.relay, "stdout", 6, pattern (0, 1), 1), -1);
	grant (&stage, 10);
	ck_assert (relay_holds (&stage.relay));
	relay_end (&stage.relay);
	relay_late (&stage.relay);
	ck_assert (!relay_done (&stage.relay));
	grant (&stage, 5);
	ck_assert (!relay_holds (&stage.relay) && relay_done (&stage.relay));
	stage_hear (&stage, SIZE_MAX);
	check_pattern (&stage.out, 25);
	ck_assert_int_eq (stage.relay.bytes_out, 25);
	stage_end (&stage);
}
END_TEST

START_TEST (the_workers_output_has_names_too)
{
	struct stage stage;

	stage_begin (&stage, "");
	ck_assert_int_eq (relay_write (&stage.relay, "Not", 3, pattern (0, 1), 1), -1);
	ck_assert_int_eq (relay_write (&stage.relay, "", 0, pattern (0, 1), 1), -1);
	ck_assert_int_eq (relay_write (&stage.relay, "stderr", 6, pattern (0, 3), 3), 0);
	ck_assert_int_eq (relay_write (&stage.relay, "stdout", 6, pattern (0, 100000), 100000), 0);
	stage_hear (&stage, SIZE_MAX);
	check_pattern (&stage.err, 3);
	check_pattern (&stage.out, 100000);
	stage_end (&stage);
}
END_TEST

/* --- the worker pulls -------------------------------------------------------------------------------------------- */

START_TEST (the_worker_gets_what_it_pulls)
{
	struct stage stage;

	stage_begin (&stage, ",\"input\":true");
	input (&stage, 0, 100);
	relay_go (&stage.relay);
	check_pattern (&stage.given, 0);
	relay_pull (&stage.relay, 0);
	relay_pull (&stage.relay, -5);
	check_pattern (&stage.given, 0);
	relay_pull (&stage.relay, 30);
	check_pattern (&stage.given, 30);
	relay_input_end (&stage.relay);
	ck_assert (!stage.ended);
	relay_pull (&stage.relay, 70);
	check_pattern (&stage.given, 100);
	ck_assert (!stage.ended); /* it has no room that would be waiting for more */
	relay_pull (&stage.relay, 1);
	ck_assert (stage.ended);
	relay_pull (&stage.relay, 1); /* it is told once */
	relay_go (&stage.relay);
	stage_hear (&stage, SIZE_MAX);
	ck_assert_int_eq (stage.credited, 100);
	stage_end (&stage);
}
END_TEST

START_TEST (the_worker_waits_for_input)
{
	struct stage stage;

	stage_begin (&stage, ",\"input\":true");
	relay_pull (&stage.relay, 1000);
	ck_assert (!stage.ended);
	for (size_t i = 0; i < 10; i++)
		input (&stage, i * 50, 50);
	check_pattern (&stage.given, 500);
	relay_input_end (&stage.relay);
	ck_assert (stage.ended);
	stage_end (&stage);
}
END_TEST

/* Odd amounts on both sides: never more than was pulled, and nothing that could go stays. */
START_TEST (never_more_than_was_pulled)
{
	enum { TOTAL = 300000 };
	struct stage stage;
	size_t sent = 0, pulled = 0;

	stage_begin (&stage, ",\"input\":true");
	for (size_t i = 0; buf_len (&stage.given) < TOTAL; i++) {
		size_t n = i * 37 % 5000, least;

		if (n > TOTAL - sent)
			n = TOTAL - sent;
		if (n && sent + n <= (size_t)stage.relay.bytes_in + SESSION_CREDIT) {
			input (&stage, sent, n);
			sent += n;
		}
		if (sent == TOTAL)
			relay_input_end (&stage.relay);
		pulled += i * 53 % 3001;
		relay_pull (&stage.relay, (int64_t)(i * 53 % 3001));
		least = sent < pulled ? sent : pulled;
		ck_assert_uint_eq (buf_len (&stage.given), least);
		ck_assert (!stage.ended || least == TOTAL);
	}
	relay_pull (&stage.relay, 1);
	ck_assert (stage.ended);
	check_pattern (&stage.given, TOTAL);
	stage_end (&stage);
}
END_TEST

/* A record holds no more than LINK_PAYLOAD, whatever was pulled. */
static int count_records (void *arg, const void *bytes, size_t n)
{
	struct stage *stage = arg;

	ck_assert_uint_gt (n, 0);
	ck_assert_uint_le (n, LINK_PAYLOAD);
	stage->moves++;
	return buf_append (&stage->given, bytes, n);
}

START_TEST (a_record_holds_no_more)
{
	struct stage stage;

	stage_begin (&stage, ",\"input\":true");
	stage.relay.to_worker = count_records;
	input (&stage, 0, LINK_RECORD);
	relay_pull (&stage.relay, LINK_RECORD);
	ck_assert_int_eq (stage.moves, 2);
	check_pattern (&stage.given, LINK_RECORD);
	stage_end (&stage);
}
END_TEST

START_TEST (a_full_link_loses_nothing)
{
	struct stage stage;

	stage_begin (&stage, ",\"input\":true");
	stage.refuses = EAGAIN;
	relay_pull (&stage.relay, 1000);
	input (&stage, 0, 100);
	relay_input_end (&stage.relay);
	stage_hear (&stage, SIZE_MAX);
	ck_assert_int_eq (stage.credited, 0);
	stage.refuses = 0;
	relay_go (&stage.relay);
	check_pattern (&stage.given, 100);
	ck_assert (stage.ended);
	stage_hear (&stage, SIZE_MAX);
	ck_assert_int_eq (stage.credited, 100);
	stage_end (&stage);
}
END_TEST

START_TEST (a_dead_worker_drops_and_grants)
{
	struct stage stage;

	stage_begin (&stage, ",\"input\":true");
	stage.refuses = EPIPE;
	relay_pull (&stage.relay, 50);
	input (&stage, 0, 100);
	input (&stage, 100, 100);
	stage_hear (&stage, SIZE_MAX);
	ck_assert_int_eq (stage.credited, 200);
	stage_end (&stage);
}
END_TEST

/* After the command's end nothing more goes to the worker. */
START_TEST (the_end_drops_what_was_not_pulled)
{
	struct stage stage;

	stage_begin (&stage, ",\"input\":true");
	input (&stage, 0, 100);
	relay_pull (&stage.relay, 40);
	relay_end (&stage.relay);
	relay_pull (&stage.relay, 40);
	input (&stage, 100, 100);
	relay_input_end (&stage.relay);
	check_pattern (&stage.given, 40);
	ck_assert (!stage.ended);
	stage_hear (&stage, SIZE_MAX);
	ck_assert_int_eq (stage.credited, 200);
	ck_assert (relay_done (&stage.relay));
	stage_end (&stage);
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
