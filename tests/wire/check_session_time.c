/* check_session_time - pings, the end of a silent client and of one that does not finish its message; with a simulated
 * clock. fake_begin's limits: 1000 ms for a message, a ping after 2000 ms, the end after 5000 ms, and 4000 ms to take
 * some of the pending bytes.
 */
#include "config.h"

#include <string.h>

#include "fake_session.h"
#include "support/check_main.h"

/* The time until the session wants to be woken; 0: never. */
static int64_t wake_in (const struct fake_session *fake)
{
	int64_t when = session_wake (&fake->session);

	return when ? when - fake->now : 0;
}

START_TEST (an_idle_client_is_left_alone)
{
	struct fake_session fake;

	fake_begin (&fake);
	ck_assert_int_eq (wake_in (&fake), 0);
	fake_wait (&fake, 1000000);
	ck_assert_str_eq (fake_answers (&fake), "hello;");
	ck_assert_int_eq (fake.session.state, SESSION_OPEN);
	fake_send (&fake, "{\"id\":1,\"call\":\"a\"}");
	ck_assert_int_eq (wake_in (&fake), 2000);
	channel_done (fake_channel (&fake, 1), json_object ());
	ck_assert_int_eq (wake_in (&fake), 0);
	fake_end (&fake);
}
END_TEST

START_TEST (silence_is_pinged_and_ends)
{
	struct fake_session fake;

	fake_begin (&fake);
	fake_send (&fake, "{\"id\":1,\"call\":\"a\"}");
	fake_answers (&fake);
	fake_wait (&fake, 1999);
	ck_assert_str_eq (fake_answers (&fake), "");
	fake_wait (&fake, wake_in (&fake));
	ck_assert_str_eq (fake_answers (&fake), "ping;");
	ck_assert_int_eq (wake_in (&fake), 3000);
	fake_wait (&fake, 2999);
	ck_assert_str_eq (fake_answers (&fake), ""); /* one ping is enough */
	fake_wait (&fake, wake_in (&fake));
	ck_assert_str_eq (fake_answers (&fake), "error 0 bad_message;");
	ck_assert_int_eq (fake.session.state, SESSION_ENDED);
	ck_assert_int_eq (wake_in (&fake), 0);
	fake_end (&fake);
}
END_TEST

/* Any byte shows that the client lives, not only a pong. */
START_TEST (any_byte_is_a_sign_of_life)
{
	struct fake_session fake;

	fake_begin (&fake);
	fake_send (&fake, "{\"id\":1,\"call\":\"a\"}");
	fake_answers (&fake);
	for (int i = 0; i < 10; i++) {
		fake_wait (&fake, 2000);
		ck_assert_str_eq (fake_answers (&fake), "ping;");
		fake_wait (&fake, 2000);
		if (i & 1)
			fake_send (&fake, "{\"pong\":%d}", i);
		else
			fake_send (&fake, "{\"id\":1,\"signal\":\"CONT\"}");
		ck_assert_int_eq (wake_in (&fake), 2000);
	}
	ck_assert_int_eq (fake.session.state, SESSION_OPEN);
	fake_end (&fake);
}
END_TEST

/* A front that slept past both limits pings first: the client may have been alive without being read. */
START_TEST (a_late_ping_still_waits_for_its_answer)
{
	struct fake_session fake;

	fake_begin (&fake);
	fake_send (&fake, "{\"id\":1,\"call\":\"a\"}");
	fake_answers (&fake);
	fake_wait (&fake, 60000);
	ck_assert_str_eq (fake_answers (&fake), "ping;");
	ck_assert_int_eq (wake_in (&fake), 3000);
	fake_wait (&fake, 2999);
	ck_assert_int_eq (fake.session.state, SESSION_OPEN);
	fake_wait (&fake, 1);
	ck_assert_str_eq (fake_answers (&fake), "error 0 bad_message;");
	fake_end (&fake);
}
END_TEST

START_TEST (a_leaving_client_is_pinged_too)
{
	struct fake_session fake;

	fake_begin (&fake);
	fake_send (&fake, "{\"id\":1,\"call\":\"a\"}");
	fake_send (&fake, "{\"bye\":true}");
	fake_answers (&fake);
	fake_wait (&fake, 2000);
	ck_assert_str_eq (fake_answers (&fake), "ping;");
	fake_end (&fake);
}
END_TEST

/* --- what the client does not take ------------------------------------------------------------------------------- */

START_TEST (a_client_that_takes_nothing_ends)
{
	struct fake_session fake;

	fake_begin (&fake);
	fake_send (&fake, "{\"ping\":1}");
	session_sent (&fake.session, 0, fake.now);
	ck_assert_int_eq (wake_in (&fake), 4000);
	fake_wait (&fake, 3999);
	ck_assert_int_eq (fake.session.state, SESSION_OPEN);
	fake_wait (&fake, 1);
	ck_assert_int_eq (fake.session.state, SESSION_ENDED);
	ck_assert (fake.session.stalled);
	ck_assert_str_eq (fake_answers (&fake), "hello;pong 1;"); /* the reason would not be read */
	fake_end (&fake);
}
END_TEST

/* Send n of the pending bytes, as the connection does. */
static void send_some (struct fake_session *fake, size_t n)
{
	buf_consume (&fake->session.out, n);
	session_sent (&fake->session, n, fake->now);
}

START_TEST (a_slow_client_has_not_stalled)
{
	struct fake_session fake;
	struct channel *channel;

	fake_begin (&fake);
	fake_send (&fake, "{\"id\":1,\"call\":\"a\"}");
	channel = fake_channel (&fake, 1);
	ck_assert_uint_eq (fake_output (channel, "stdout", 64 * 1024), 64 * 1024);
	session_sent (&fake.session, 0, fake.now);
	for (int i = 0; i < 20; i++) {
		fake_wait (&fake, 1900);
		fake_send (&fake, "{\"pong\":1}");
		send_some (&fake, 1024);
		ck_assert_int_eq (fake.session.state, SESSION_OPEN);
	}
	/* All of them: the session waits for nothing. */
	send_some (&fake, buf_len (&fake.session.out));
	ck_assert_int_eq (fake.session.stuck_ms, 0);
	fake_end (&fake);
}
END_TEST

/* A client that takes a byte now and then would hold a connection for nothing. */
START_TEST (a_byte_at_a_time_is_no_progress)
{
	struct fake_session fake;

	fake_begin (&fake);
	fake_send (&fake, "{\"ping\":1}");
	session_sent (&fake.session, 0, fake.now);
	for (int i = 0; i < 3; i++) {
		fake_wait (&fake, 1000);
		send_some (&fake, 1);
	}
	ck_assert_int_eq (fake.session.state, SESSION_OPEN);
	fake_wait (&fake, 1000);
	ck_assert (fake.session.stalled);
	fake_end (&fake);
}
END_TEST

/* --- half-received messages -------------------------------------------------------------------------------------- */

/* Possible parts of an unfinished message. */
static const struct {
	const char *bytes;
	size_t n;
} halves[] = {
	{ "\0", 1 },
	{ "\0\0\0", 3 },
	{ "\0\0\0\x10", 4 },
	{ "\0\0\0\x10{\"ping\"", 11 },
	{ "\0\0\0\x20{\"id\":1,\"call\":\"a\",   \"body\":10}abc", 39 },
};

START_TEST (a_half_message_must_be_finished)
{
	for (size_t i = 0; i < sizeof halves / sizeof *halves; i++) {
		struct fake_session fake;

		fake_begin (&fake);
		fake_bytes (&fake, halves[i].bytes, halves[i].n);
		ck_assert_int_eq (wake_in (&fake), 1000);
		fake_wait (&fake, 999);
		ck_assert_int_eq (fake.session.state, SESSION_OPEN);
		fake_wait (&fake, 1);
		ck_assert_str_eq (fake_answers (&fake), "hello;error 0 bad_message;");
		ck_assert_int_eq (fake.session.state, SESSION_ENDED);
		fake_end (&fake);
	}
}
END_TEST

START_TEST (a_finished_message_is_forgotten)
{
	struct fake_session fake;

	fake_begin (&fake);
	fake_bytes (&fake, "\0\0\0\x0A{\"pi", 8);
	fake_wait (&fake, 900);
	fake_bytes (&fake, "ng\":7}", 6);
	ck_assert_int_eq (wake_in (&fake), 0);
	fake_wait (&fake, 100000);
	/* The next one has a period of its own, also when it begins in the same bytes. */
	fake_bytes (&fake, "\0\0\0\x0A{\"pi", 8);
	fake_wait (&fake, 900);
	fake_bytes (&fake, "ng\":7}\0", 7);
	ck_assert_int_eq (wake_in (&fake), 1000);
	fake_wait (&fake, 999);
	ck_assert_str_eq (fake_answers (&fake), "hello;pong 7;pong 7;");
	fake_wait (&fake, 1);
	ck_assert_str_eq (fake_answers (&fake), "error 0 bad_message;");
	fake_end (&fake);
}
END_TEST

/* 40,000 bytes of a body in pieces: 1 KiB in every period is progress, a byte less is not. */
static void drip (struct fake_session *fake, size_t piece)
{
	static const char zeros[1024];

	fake_begin (fake);
	fake_send (fake, "{\"id\":1,\"call\":\"a\",\"body\":40000}");
	fake_answers (fake);
	for (size_t sent = 0; sent < 40000 && fake->session.state == SESSION_OPEN; sent += piece) {
		if (piece > 40000 - sent)
			piece = 40000 - sent;
		fake_bytes (fake, zeros, piece);
		fake_wait (fake, 999);
	}
}

START_TEST (progress_is_a_kibibyte_a_period)
{
	struct fake_session fake;

	drip (&fake, 1024);
	ck_assert_str_eq (fake_events (&fake), "call 1 a;");
	ck_assert_int_eq (fake.session.state, SESSION_OPEN);
	fake_end (&fake);
	drip (&fake, 500);
	ck_assert_str_eq (fake_events (&fake), "");
	ck_assert_str_eq (fake_answers (&fake), "error 0 bad_message;");
	fake_end (&fake);
}
END_TEST

/* Single bytes keep no message alive, though they keep the client from being silent. */
START_TEST (single_bytes_are_no_progress)
{
	struct fake_session fake;

	fake_begin (&fake);
	fake_send (&fake, "{\"id\":1,\"call\":\"a\",\"body\":40000}");
	for (int i = 0; i < 9; i++) {
		fake_wait (&fake, 100);
		fake_bytes (&fake, "x", 1);
		ck_assert_int_eq (fake.session.state, SESSION_OPEN);
	}
	fake_wait (&fake, 100);
	ck_assert_str_eq (fake_answers (&fake), "hello;error 0 bad_message;");
	fake_end (&fake);
}
END_TEST

/* A message that takes much memory has to be quicker: a sixty-fourth of it in a period. */
START_TEST (a_large_message_needs_more_progress)
{
	static const uint8_t length[] = { 0, 15, 0, 0 }; /* 983,040 bytes, and a body of 65,536 as far as is known */
	static char bytes[17000];
	const size_t enough = (4 + 983040 + 65536) / 64;
	struct fake_session fake;

	fake_begin (&fake);
	fake_bytes (&fake, length, sizeof length);
	ck_assert_uint_eq (session_needs (&fake.session), 4 + 983040 + 65536);
	memset (bytes, ' ', sizeof bytes);
	for (int i = 0; i < 5; i++) {
		fake_wait (&fake, 999);
		fake_bytes (&fake, bytes, enough);
		ck_assert_int_eq (fake.session.state, SESSION_OPEN);
	}
	fake_wait (&fake, 999);
	fake_bytes (&fake, bytes, enough - 1);
	fake_wait (&fake, 1);
	ck_assert_str_eq (fake_answers (&fake), "hello;error 0 bad_message;");
	ck_assert_uint_eq (session_needs (&fake.session), 0);
	fake_end (&fake);
}
END_TEST

/* A client that is not read is not responsible for missing bytes. */
START_TEST (a_client_that_is_held)
{
	struct fake_session fake;

	fake_begin (&fake);
	fake_send (&fake, "{\"id\":1,\"call\":\"a\"}");
	fake_answers (&fake);
	fake_bytes (&fake, "\0", 1);
	session_hold (&fake.session);
	ck_assert_int_eq (wake_in (&fake), 0);
	fake_wait (&fake, 1000000);
	ck_assert_str_eq (fake_answers (&fake), "");
	session_resume (&fake.session, fake.now);
	ck_assert_int_eq (wake_in (&fake), 1000);
	fake_wait (&fake, 999);
	ck_assert_int_eq (fake.session.state, SESSION_OPEN);
	fake_wait (&fake, 1);
	ck_assert_str_eq (fake_answers (&fake), "error 0 bad_message;");
	fake_end (&fake);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, a_large_message_needs_more_progress);
	tcase_add_test (tcase, a_client_that_is_held);
	tcase_add_test (tcase, an_idle_client_is_left_alone);
	tcase_add_test (tcase, silence_is_pinged_and_ends);
	tcase_add_test (tcase, any_byte_is_a_sign_of_life);
	tcase_add_test (tcase, a_late_ping_still_waits_for_its_answer);
	tcase_add_test (tcase, a_leaving_client_is_pinged_too);
	tcase_add_test (tcase, a_client_that_takes_nothing_ends);
	tcase_add_test (tcase, a_slow_client_has_not_stalled);
	tcase_add_test (tcase, a_byte_at_a_time_is_no_progress);
	tcase_add_test (tcase, a_half_message_must_be_finished);
	tcase_add_test (tcase, a_finished_message_is_forgotten);
	tcase_add_test (tcase, progress_is_a_kibibyte_a_period);
	tcase_add_test (tcase, single_bytes_are_no_progress);
}

CHECK_MAIN ("session_time", add_cases)
