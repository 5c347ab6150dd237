/* check_session_flow - input against credit, output against the client's window and the unsent bytes; and the state
 * when the session ends. */
#include "config.h"

#include <string.h>

#include "fake_session.h"
#include "support/check_main.h"

/* A call of id 1 with these further members; earlier messages and events are forgotten. */
static struct channel *begin_call (struct fake_session *fake, const char *members)
{
	fake_begin (fake);
	fake_send (fake, "{\"id\":1,\"call\":\"a\"%s}", members);
	fake_events (fake);
	fake_answers (fake);
	return fake_channel (fake, 1);
}

/* --- input ------------------------------------------------------------------------------------------------------- */

START_TEST (credit_comes_from_the_dispatcher_alone)
{
	struct fake_session fake;
	struct channel *channel = begin_call (&fake, ",\"input\":true");

	ck_assert_int_eq (channel->credit, 0);
	channel_credit (channel, SESSION_CREDIT);
	channel_credit (channel, 0);
	channel_credit (channel, -5);
	ck_assert_str_eq (fake_answers (&fake), "credit 1 262144;");
	ck_assert_int_eq (channel->credit, SESSION_CREDIT);
	fake_end (&fake);
}
END_TEST

/* A client that has enough is not told of each byte. */
START_TEST (credit_is_told_together)
{
	static char bytes[100];
	struct fake_session fake;
	struct channel *channel = begin_call (&fake, ",\"input\":true");

	channel_credit (channel, 100);
	ck_assert_str_eq (fake_answers (&fake), "credit 1 100;");
	for (int i = 0; i < 50; i++) {
		ck_assert_str_eq (fake_answers (&fake), "");
		fake_data (&fake, 1, "stdin", "x", 1);
		channel_credit (channel, 1);
	}
	ck_assert_str_eq (fake_answers (&fake), "credit 1 50;");
	ck_assert_int_eq (channel->credit, 100);
	fake_data (&fake, 1, "stdin", bytes, 100);
	channel_credit (channel, 1); /* it has none */
	ck_assert_str_eq (fake_answers (&fake), "credit 1 1;");
	fake_data (&fake, 1, "stdin", "ab", 2); /* and what it was not told of it does not have */
	ck_assert_ptr_nonnull (strstr (fake_events (&fake), "flow 1;"));
	fake_end (&fake);
}
END_TEST

START_TEST (no_credit_without_input)
{
	static const char *const members[] = { "", ",\"input\":false", ",\"input\":1", ",\"input\":null" };

	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		struct fake_session fake;
		struct channel *channel = begin_call (&fake, members[i]);

		channel_credit (channel, 10);
		ck_assert_int_eq (channel->credit, 0);
		fake_data (&fake, 1, "stdin", "abc", 3); /* input is not read: it is dropped */
		fake_send (&fake, "{\"id\":1,\"end\":\"stdin\"}");
		ck_assert_str_eq (fake_events (&fake), "");
		ck_assert_str_eq (fake_answers (&fake), "");
		ck_assert_int_eq (fake.session.state, SESSION_OPEN);
		fake_end (&fake);
	}
}
END_TEST

START_TEST (input_within_credit_is_delivered)
{
	struct fake_session fake;
	struct channel *channel = begin_call (&fake, ",\"input\":true");

	channel_credit (channel, 5);
	fake_data (&fake, 1, "stdin", "abc", 3);
	fake_data (&fake, 1, "stdin", "de", 2);
	ck_assert_str_eq (fake_events (&fake), "input 1 abc;input 1 de;");
	ck_assert_int_eq (channel->credit, 0);
	channel_credit (channel, 1);
	fake_data (&fake, 1, "stdin", "f", 1);
	fake_send (&fake, "{\"id\":1,\"end\":\"stdin\"}");
	ck_assert_str_eq (fake_events (&fake), "input 1 f;end 1;");
	fake_end (&fake);
}
END_TEST

/* One byte too many, and all input at once without credit. */
START_TEST (input_beyond_credit_is_one_calls_fault)
{
	for (int credit = 0; credit <= 3; credit += 3) {
		struct fake_session fake;
		struct channel *channel = begin_call (&fake, ",\"input\":true");

		fake_send (&fake, "{\"id\":2,\"call\":\"b\",\"input\":true}");
		channel_credit (channel, credit);
		channel_credit (fake_channel (&fake, 2), 10);
		fake_events (&fake);
		fake_answers (&fake);
		fake_data (&fake, 1, "stdin", "abcd", 4);
		fake_data (&fake, 1, "stdin", "e", 1);
		fake_send (&fake, "{\"id\":1,\"end\":\"stdin\"}");
		channel_credit (channel, 100);
		fake_data (&fake, 1, "stdin", "f", 1);
		fake_data (&fake, 2, "stdin", "ghi", 3);
		ck_assert_str_eq (fake_events (&fake), "flow 1;input 2 ghi;");
		ck_assert_str_eq (fake_answers (&fake), "");
		channel_error (channel, CODE_FLOW, "too much", 0);
		fake_data (&fake, 1, "stdin", "j", 1);
		ck_assert_str_eq (fake_answers (&fake), "error 1 flow;");
		ck_assert_str_eq (fake_events (&fake), "");
		ck_assert_int_eq (fake.session.state, SESSION_OPEN);
		fake_end (&fake);
	}
}
END_TEST

START_TEST (input_ends_once)
{
	struct fake_session fake;
	struct channel *channel = begin_call (&fake, ",\"input\":true");

	channel_credit (channel, 10);
	fake_answers (&fake);
	fake_send (&fake, "{\"id\":1,\"end\":\"stdin\"}");
	fake_send (&fake, "{\"id\":1,\"end\":\"stdin\"}");
	fake_data (&fake, 1, "stdin", "abc", 3);
	channel_credit (channel, 10);
	ck_assert_str_eq (fake_events (&fake), "end 1;");
	ck_assert_str_eq (fake_answers (&fake), "");
	fake_end (&fake);
}
END_TEST

START_TEST (input_goes_to_stdin_alone)
{
	for (int live = 0; live < 2; live++) {
		struct fake_session fake;
		struct channel *channel = begin_call (&fake, ",\"input\":true");

		if (live)
			channel_credit (channel, 100);
		else
			channel_done (channel, json_object ());
		fake_answers (&fake);
		fake_data (&fake, 1, "stdout", "abc", 3);
		ck_assert_str_eq (fake_events (&fake), "");
		ck_assert_str_eq (fake_answers (&fake), "error 0 bad_message;");
		ck_assert_int_eq (fake.session.state, SESSION_ENDED);
		fake_end (&fake);
	}
}
END_TEST

START_TEST (the_largest_body_arrives_whole)
{
	static char body[MESSAGE_BODY_MAX];
	struct fake_session fake;
	struct channel *channel = begin_call (&fake, ",\"input\":true");

	channel_credit (channel, MESSAGE_BODY_MAX);
	fake_data (&fake, 1, "stdin", body, sizeof body);
	ck_assert_str_eq (fake_events (&fake), "input 1 1048576;");
	ck_assert_int_eq (channel->credit, 0);
	fake_end (&fake);
}
END_TEST

/* --- the client's window ----------------------------------------------------------------------------------------- */

START_TEST (without_a_window_output_is_not_bounded)
{
	struct fake_session fake;
	struct channel *channel = begin_call (&fake, "");

	ck_assert_int_eq (channel->window, -1);
	for (int i = 0; i < 100; i++) {
		ck_assert_uint_eq (fake_output (channel, "stdout", 100000), 100000);
		ck_assert_str_eq (fake_answers (&fake), "data 1 stdout 100000;");
	}
	fake_send (&fake, "{\"id\":1,\"credit\":5}"); /* it named none: there is nothing to open */
	ck_assert_int_eq (channel->window, -1);
	ck_assert_str_eq (fake_events (&fake), "");
	fake_end (&fake);
}
END_TEST

START_TEST (a_window_is_exhausted_and_renewed)
{
	struct fake_session fake;
	struct channel *channel = begin_call (&fake, ",\"window\":10");

	ck_assert_uint_eq (fake_output (channel, "stdout", 4), 4);
	ck_assert_uint_eq (fake_output (channel, "stderr", 100), 6); /* all streams together */
	ck_assert_uint_eq (fake_output (channel, "stdout", 1), 0);
	ck_assert (!fake.session.wants_room);
	ck_assert_str_eq (fake_answers (&fake), "data 1 stdout 4;data 1 stderr 6;");
	fake_send (&fake, "{\"id\":1,\"credit\":3}"); /* the window was shut: the dispatcher is told */
	fake_send (&fake, "{\"id\":1,\"credit\":2}"); /* the window was open */
	ck_assert_str_eq (fake_events (&fake), "room 1;");
	ck_assert_uint_eq (fake_output (channel, "stdout", 100), 5);
	ck_assert_uint_eq (fake_output (channel, "stdout", 100), 0);
	ck_assert_str_eq (fake_answers (&fake), "data 1 stdout 5;");
	fake_end (&fake);
}
END_TEST

START_TEST (credit_for_an_open_window_is_no_event)
{
	struct fake_session fake;
	struct channel *channel = begin_call (&fake, ",\"window\":10");

	ck_assert_uint_eq (fake_output (channel, "stdout", 9), 9);
	fake_send (&fake, "{\"id\":1,\"credit\":100}");
	ck_assert_str_eq (fake_events (&fake), "");
	ck_assert_int_eq (channel->window, 101);
	fake_end (&fake);
}
END_TEST

/* Reserved bytes that were not used cost nothing. */
START_TEST (only_what_was_put_counts)
{
	struct fake_session fake;
	struct channel *channel = begin_call (&fake, ",\"window\":10");
	size_t room = 100;
	uint8_t *space = channel_output_begin (channel, "stdout", &room);

	ck_assert_uint_eq (room, 10);
	memcpy (space, "abc", 3);
	channel_output_end (channel, "stdout", 3);
	ck_assert_int_eq (channel->window, 7);
	room = 100;
	ck_assert_ptr_nonnull (channel_output_begin (channel, "stdout", &room));
	channel_output_end (channel, "stdout", 0);
	ck_assert_int_eq (channel->window, 7);
	ck_assert_str_eq (fake_answers (&fake), "data 1 stdout 3;");
	fake_end (&fake);
}
END_TEST

START_TEST (an_overflowing_window_is_a_violation)
{
	struct fake_session fake;
	struct channel *channel = begin_call (&fake, ",\"window\":9007199254740991");
	size_t room = 10;

	for (int i = 0; i < 1023; i++)
		fake_send (&fake, "{\"id\":1,\"credit\":9007199254740991}");
	ck_assert_int_eq (fake.session.state, SESSION_OPEN);
	ck_assert_int_eq (channel->window, 1024 * MESSAGE_ID_MAX);
	ck_assert_uint_eq (fake_output (channel, "stdout", 10), 10);
	fake_send (&fake, "{\"id\":1,\"credit\":9007199254740991}");
	ck_assert_str_eq (fake_answers (&fake), "data 1 stdout 10;error 0 bad_value;");
	ck_assert_int_eq (fake.session.state, SESSION_ENDED);
	ck_assert_ptr_null (channel_output_begin (channel, "stdout", &room));
	ck_assert_str_eq (fake_events (&fake), "");
	fake_end (&fake);
}
END_TEST

/* --- a client that does not read --------------------------------------------------------------------------------- */

START_TEST (output_waits_for_what_is_unsent)
{
	struct fake_session fake;
	struct channel *channel = begin_call (&fake, ""), *other;

	fake_send (&fake, "{\"id\":2,\"call\":\"b\"}");
	other = fake_channel (&fake, 2);
	ck_assert_uint_eq (fake_output (channel, "stdout", SESSION_OUT_FULL + 1), SESSION_OUT_FULL);
	ck_assert (!fake.session.wants_room);
	ck_assert_uint_eq (fake_output (other, "stdout", 1), 0);
	ck_assert (fake.session.wants_room);
	fake_send (&fake, "{\"ping\":1}"); /* answers still go out */
	channel_done (other, json_pack ("{ss}", "outcome", "completed"));
	ck_assert_str_eq (fake_answers (&fake), "data 1 stdout 262144;pong 1;done 2 completed;");
	ck_assert (fake.session.wants_room); /* the code that drains it clears it */
	fake.session.wants_room = false;
	ck_assert_uint_eq (fake_output (channel, "stdout", 1), 1);
	ck_assert (!fake.session.wants_room);
	fake_end (&fake);
}
END_TEST

START_TEST (output_fills_what_was_drained)
{
	struct fake_session fake;
	struct channel *channel = begin_call (&fake, "");

	fake_output (channel, "stdout", SESSION_OUT_FULL);
	ck_assert_uint_eq (fake_output (channel, "stdout", 1000), 0);
	buf_consume (&fake.session.out, buf_len (&fake.session.out) - SESSION_OUT_FULL + 700);
	ck_assert_uint_eq (fake_output (channel, "stdout", 1000), 700);
	ck_assert_uint_eq (fake_output (channel, "stdout", 1000), 0);
	fake_end (&fake);
}
END_TEST

/* Pings whose answers are not read: the session ends, without a message, and with no message in part. */
START_TEST (too_much_unsent_ends)
{
	struct fake_session fake;

	begin_call (&fake, "");
	while (fake.session.state == SESSION_OPEN && buf_len (&fake.session.out) <= SESSION_OUT_MAX)
		fake_send (&fake, "{\"ping\":1000000000000000000}");
	ck_assert_int_eq (fake.session.state, SESSION_ENDED);
	ck_assert_uint_gt (buf_len (&fake.session.out), SESSION_OUT_MAX - 64);
	channel_error (fake_channel (&fake, 1), CODE_FAILED, "", 0); /* it would fit: nothing follows a lost message */
	ck_assert_ptr_null (strstr (fake_answers (&fake), "error"));
	fake_end (&fake);
}
END_TEST

START_TEST (an_answer_that_does_not_fit_ends)
{
	struct fake_session fake;
	struct channel *channel = begin_call (&fake, "");
	static char text[SESSION_OUT_MAX + 1];

	memset (text, 'x', sizeof text - 1);
	channel_error (channel, CODE_FAILED, text, 0);
	ck_assert_int_eq (fake.session.state, SESSION_ENDED);
	ck_assert_int_eq (fake.session.n_channels, 0);
	ck_assert_str_eq (fake_answers (&fake), "");
	fake_end (&fake);
}
END_TEST

/* Words of a plugin need not be UTF-8; the message is JSON all the same. */
START_TEST (words_in_no_encoding_are_escaped)
{
	struct fake_session fake;
	struct channel *channel = begin_call (&fake, "");

	channel_error (channel, CODE_FAILED, "caf\xE9", 0);
	ck_assert_str_eq (fake_answers (&fake), "error 1 failed;");
	ck_assert_int_eq (fake.session.state, SESSION_OPEN);
	fake_end (&fake);
}
END_TEST

/* The sanitizers see leaks: live channels, a half-received message, unsent bytes. */
START_TEST (everything_is_freed)
{
	struct fake_session fake;

	fake_begin (&fake);
	fake_send (&fake, "{\"id\":1,\"call\":\"a\"}");
	fake_send (&fake, "{\"id\":2,\"call\":\"b\",\"input\":true}");
	ck_assert_int_eq (message_printf (&fake.session.in, "{\"id\":2,\"data\":\"stdin\",\"body\":3}"), 0);
	fake_bytes (&fake, "a", 1);
	fake_events (&fake);
	session_free (&fake.session);
	ck_assert_str_eq (fake_events (&fake), "");
	ck_assert (list_empty (&fake.session.channels));
	fake_end (&fake);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, credit_comes_from_the_dispatcher_alone);
	tcase_add_test (tcase, credit_is_told_together);
	tcase_add_test (tcase, no_credit_without_input);
	tcase_add_test (tcase, input_within_credit_is_delivered);
	tcase_add_test (tcase, input_beyond_credit_is_one_calls_fault);
	tcase_add_test (tcase, input_ends_once);
	tcase_add_test (tcase, input_goes_to_stdin_alone);
	tcase_add_test (tcase, the_largest_body_arrives_whole);
	tcase_add_test (tcase, without_a_window_output_is_not_bounded);
	tcase_add_test (tcase, a_window_is_exhausted_and_renewed);
	tcase_add_test (tcase, credit_for_an_open_window_is_no_event);
	tcase_add_test (tcase, only_what_was_put_counts);
	tcase_add_test (tcase, an_overflowing_window_is_a_violation);
	tcase_add_test (tcase, output_waits_for_what_is_unsent);
	tcase_add_test (tcase, output_fills_what_was_drained);
	tcase_add_test (tcase, too_much_unsent_ends);
	tcase_add_test (tcase, an_answer_that_does_not_fit_ends);
	tcase_add_test (tcase, words_in_no_encoding_are_escaped);
	tcase_add_test (tcase, everything_is_freed);
}

CHECK_MAIN ("session_flow", add_cases)
