/* check_session - calls and their answers: ids, terminal messages, bye, signals, violations. The flow of data is
 * checked in check_session_flow.c, time limits in check_session_time.c.
 */
#include "config.h"

#include <string.h>

#include "fake_session.h"
#include "support/check_main.h"

static void done (struct fake_session *fake, unsigned id)
{
	channel_done (fake_channel (fake, id), json_pack ("{ss}", "outcome", "exited"));
}

START_TEST (hello_comes_first)
{
	struct fake_session fake;

	fake_begin (&fake);
	fake_send (&fake, "{\"ping\":7}");
	ck_assert_str_eq (fake_answers (&fake), "hello;pong 7;");
	ck_assert_str_eq (fake_events (&fake), "");
	fake_end (&fake);
}
END_TEST

START_TEST (a_hello_that_could_not_be_made_ends)
{
	static const struct session_limits limits = { .calls = 1 };
	static const struct session_events events;
	struct session session;

	session_init (&session, &events, NULL, &limits, NULL, 1);
	ck_assert_int_eq (session.state, SESSION_ENDED);
	ck_assert_uint_eq (buf_len (&session.out), 0);
	session_free (&session);
}
END_TEST

START_TEST (calls_are_answered)
{
	struct fake_session fake;

	fake_begin (&fake);
	fake_send (&fake, "{\"id\":1,\"call\":\"run\"}");
	fake_send (&fake, "{\"id\":2,\"call\":\"status\"}");
	ck_assert_str_eq (fake_events (&fake), "call 1 run;call 2 status;");
	ck_assert_int_eq (fake.session.n_channels, 2);
	done (&fake, 2);
	channel_error (fake_channel (&fake, 1), CODE_BUSY, "not now", 0.5);
	ck_assert_str_eq (fake_answers (&fake), "hello;done 2 exited;error 1 busy;");
	ck_assert_int_eq (fake.session.n_channels, 0);
	ck_assert_int_eq (fake.session.state, SESSION_OPEN);
	fake_end (&fake);
}
END_TEST

START_TEST (retry_after_only_where_positive)
{
	struct fake_session fake;

	fake_begin (&fake);
	fake_send (&fake, "{\"id\":1,\"call\":\"a\"}");
	fake_send (&fake, "{\"id\":2,\"call\":\"a\"}");
	buf_consume (&fake.session.out, buf_len (&fake.session.out));
	channel_error (fake_channel (&fake, 1), CODE_BUSY, "x", 0);
	ck_assert_ptr_null (memmem (buf_head (&fake.session.out), buf_len (&fake.session.out), "retry", 5));
	channel_error (fake_channel (&fake, 2), CODE_BUSY, "x", 0.5);
	ck_assert_ptr_nonnull (
		memmem (buf_head (&fake.session.out), buf_len (&fake.session.out), "\"retry_after\":0.5", 17));
	fake_end (&fake);
}
END_TEST

/* --- ids --------------------------------------------------------------------------------------------------------- */

START_TEST (ids_may_leave_gaps)
{
	struct fake_session fake;

	fake_begin (&fake);
	fake_send (&fake, "{\"id\":5,\"call\":\"a\"}");
	fake_send (&fake, "{\"id\":9007199254740991,\"call\":\"b\"}");
	ck_assert_int_eq (fake.session.n_channels, 2);
	ck_assert_uint_eq (fake.session.last_id, MESSAGE_ID_MAX);
	ck_assert_str_eq (fake_answers (&fake), "hello;");
	fake_end (&fake);
}
END_TEST

/* An id that was used, whether its call runs or has ended, or that is lower than a used id. */
START_TEST (ids_must_increase)
{
	static const char *const calls[] = { "{\"id\":4,\"call\":\"a\"}", "{\"id\":3,\"call\":\"a\"}",
		"{\"id\":2,\"call\":\"a\"}", "{\"id\":1,\"call\":\"a\"}" };

	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		struct fake_session fake;

		fake_begin (&fake);
		fake_send (&fake, "{\"id\":2,\"call\":\"a\"}");
		fake_send (&fake, "{\"id\":4,\"call\":\"a\"}");
		done (&fake, 2);
		ck_assert_str_eq (fake_answers (&fake), "hello;done 2 exited;");
		fake_send (&fake, "%s", calls[i]);
		ck_assert_str_eq (fake_answers (&fake), "error 0 bad_message;");
		ck_assert_str_eq (fake_events (&fake), "call 2 a;call 4 a;");
		ck_assert_int_eq (fake.session.state, SESSION_ENDED);
		fake_end (&fake);
	}
}
END_TEST

/* Messages for a call that has ended (or was refused) may have been sent before the client knew. */
START_TEST (ended_ids_are_ignored)
{
	struct fake_session fake;

	fake_begin (&fake);
	fake_send (&fake, "{\"id\":3,\"call\":\"a\",\"input\":true,\"window\":10}");
	channel_credit (fake_channel (&fake, 3), 100);
	done (&fake, 3);
	fake_events (&fake);
	fake_answers (&fake);
	for (unsigned id = 1; id <= 3; id++) {
		fake_data (&fake, id, "stdin", "abc", 3);
		fake_send (&fake, "{\"id\":%u,\"end\":\"stdin\"}", id);
		fake_send (&fake, "{\"id\":%u,\"credit\":5}", id);
		fake_send (&fake, "{\"id\":%u,\"signal\":\"INT\"}", id);
		fake_send (&fake, "{\"id\":%u,\"cancel\":true}", id);
	}
	ck_assert_str_eq (fake_events (&fake), "");
	ck_assert_str_eq (fake_answers (&fake), "");
	ck_assert_int_eq (fake.session.state, SESSION_OPEN);
	fake_end (&fake);
}
END_TEST

START_TEST (unused_ids_are_refused)
{
	static const char *const rest[] = { "\"end\":\"stdin\"", "\"credit\":1", "\"signal\":\"INT\"",
		"\"cancel\":true" };

	for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) {
		struct fake_session fake;

		fake_begin (&fake);
		fake_send (&fake, "{\"id\":1,\"call\":\"a\"}");
		fake_send (&fake, "{\"id\":2,%s}", rest[i]);
		ck_assert_str_eq (fake_answers (&fake), "hello;error 0 bad_message;");
		ck_assert_str_eq (fake_events (&fake), "call 1 a;");
		fake_end (&fake);
	}
}
END_TEST

/* --- limits ------------------------------------------------------------------------------------------------------ */

START_TEST (too_many_calls_are_busy)
{
	struct fake_session fake;

	fake_begin (&fake);
	for (unsigned id = 1; id <= 5; id++)
		fake_send (&fake, "{\"id\":%u,\"call\":\"a\"}", id);
	ck_assert_str_eq (fake_answers (&fake), "hello;error 5 busy;");
	ck_assert_str_eq (fake_events (&fake), "call 1 a;call 2 a;call 3 a;call 4 a;");
	done (&fake, 1);
	fake_send (&fake, "{\"id\":6,\"call\":\"a\"}");
	ck_assert_str_eq (fake_events (&fake), "call 6 a;");
	ck_assert_str_eq (fake_answers (&fake), "done 1 exited;");
	fake_end (&fake);
}
END_TEST

START_TEST (a_bad_window_is_one_calls_fault)
{
	static const char *const windows[] = { "0", "-1", "1.5", "\"1\"", "null", "9007199254740992" };

	for (unsigned i = 0; i < sizeof windows / sizeof *windows; i++) {
		struct fake_session fake;

		fake_begin (&fake);
		fake_send (&fake, "{\"id\":1,\"call\":\"a\",\"window\":%s}", windows[i]);
		fake_send (&fake, "{\"id\":2,\"call\":\"b\"}");
		ck_assert_str_eq (fake_answers (&fake), "hello;error 1 bad_value;");
		ck_assert_str_eq (fake_events (&fake), "call 2 b;");
		fake_end (&fake);
	}
}
END_TEST

/* --- bye --------------------------------------------------------------------------------------------------------- */

START_TEST (bye_without_calls_ends)
{
	struct fake_session fake;

	fake_begin (&fake);
	fake_send (&fake, "{\"bye\":true}");
	ck_assert_int_eq (fake.session.state, SESSION_ENDED);
	fake_send (&fake, "{\"id\":1,\"call\":\"a\"}");
	ck_assert_str_eq (fake_answers (&fake), "hello;");
	ck_assert_str_eq (fake_events (&fake), "");
	fake_end (&fake);
}
END_TEST

START_TEST (bye_waits_for_running_calls)
{
	struct fake_session fake;

	fake_begin (&fake);
	fake_send (&fake, "{\"id\":1,\"call\":\"a\",\"input\":true}");
	fake_send (&fake, "{\"id\":2,\"call\":\"a\"}");
	fake_send (&fake, "{\"bye\":true}");
	ck_assert_int_eq (fake.session.state, SESSION_LEAVING);
	fake_send (&fake, "{\"id\":3,\"call\":\"late\"}");
	channel_credit (fake_channel (&fake, 1), 10);
	fake_data (&fake, 1, "stdin", "abc", 3);
	fake_send (&fake, "{\"id\":1,\"signal\":\"INT\"}");
	ck_assert_str_eq (fake_events (&fake), "call 1 a;call 2 a;input 1 abc;signal 1 2;");
	done (&fake, 1);
	ck_assert_int_eq (fake.session.state, SESSION_LEAVING);
	fake_send (&fake, "{\"bye\":true}");
	ck_assert_int_eq (fake.session.state, SESSION_LEAVING);
	done (&fake, 2);
	ck_assert_int_eq (fake.session.state, SESSION_ENDED);
	ck_assert_str_eq (fake_answers (&fake), "hello;error 3 bad_message;credit 1 10;done 1 exited;done 2 exited;");
	fake_end (&fake);
}
END_TEST

/* --- signals and cancel ------------------------------------------------------------------------------------------ */

START_TEST (signals_have_words)
{
	struct fake_session fake;

	fake_begin (&fake);
	fake_send (&fake, "{\"id\":1,\"call\":\"a\"}");
	fake_events (&fake);
	fake_send (&fake, "{\"id\":1,\"signal\":\"INT\"}");
	fake_send (&fake, "{\"id\":1,\"signal\":\"TERM\"}");
	fake_send (&fake, "{\"id\":1,\"signal\":\"KILL\"}");
	fake_send (&fake, "{\"id\":1,\"cancel\":true}");
	fake_send (&fake, "{\"id\":1,\"cancel\":true}");
	ck_assert_str_eq (fake_events (&fake), "signal 1 2;signal 1 15;signal 1 9;cancel 1;cancel 1;");
	ck_assert_str_eq (fake_answers (&fake), "hello;");
	fake_end (&fake);
}
END_TEST

START_TEST (sizes_go_to_the_owner)
{
	struct fake_session fake;

	fake_begin (&fake);
	fake_send (&fake, "{\"id\":1,\"call\":\"a\"}");
	fake_events (&fake);
	fake_send (&fake, "{\"id\":1,\"resize\":[24,80]}");
	fake_send (&fake, "{\"id\":1,\"resize\":[0,65535]}");
	done (&fake, 1);
	fake_send (&fake, "{\"id\":1,\"resize\":[1,1]}");
	ck_assert_str_eq (fake_events (&fake), "resize 1 24 80;resize 1 0 65535;");
	ck_assert_str_eq (fake_answers (&fake), "hello;done 1 exited;");
	fake_end (&fake);
}
END_TEST

START_TEST (unknown_signals_are_refused)
{
	static const char *const words[] = { "SIGINT", "int", "SEGV", "2", "INT " };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		for (unsigned id = 1; id <= 2; id++) { /* 1 has ended: it is a violation all the same */
			struct fake_session fake;

			fake_begin (&fake);
			fake_send (&fake, "{\"id\":1,\"call\":\"a\"}");
			done (&fake, 1);
			fake_send (&fake, "{\"id\":2,\"call\":\"b\"}");
			fake_send (&fake, "{\"id\":%u,\"signal\":\"%s\"}", id, words[i]);
			ck_assert_str_eq (fake_events (&fake), "call 1 a;call 2 b;");
			ck_assert_str_eq (fake_answers (&fake), "hello;done 1 exited;error 0 bad_message;");
			fake_end (&fake);
		}
}
END_TEST

/* --- violations -------------------------------------------------------------------------------------------------- */

static const struct {
	const char *says, *answers;
} violations[] = {
	{ "{\"remex\":1}", "error 0 bad_message;" },
	{ "{\"id\":1,\"done\":{}}", "error 0 bad_message;" },
	{ "{\"error\":{}}", "error 0 bad_message;" },
	{ "{\"what\":1}", "error 0 bad_message;" },
	{ "{\"call\":\"a\"}", "error 0 bad_message;" },
	{ "{\"id\":0,\"call\":\"a\"}", "error 0 bad_message;" },
	{ "{\"id\":2,\"call\":\"\"}", "error 0 bad_message;" },
	{ "{\"id\":1,\"credit\":0}", "error 0 bad_message;" },
	{ "{\"bye\":false}", "error 0 bad_message;" },
	{ "{\"ping\":7,\"body\":1}", "error 0 bad_message;" },
	{ "{\"id\":2,\"call\":\"a\",\"body\":65537}", "error 0 too_large;" },
	{ "{\"id\":1,\"data\":\"stdin\",\"body\":1048577}", "error 0 too_large;" },
	{ "{\"id\":1,\"end\":\"stdout\"}", "error 0 bad_message;" },
	{ "[1]", "error 0 bad_message;" },
	{ "{]", "error 0 bad_message;" },
};

static void begin_call (struct fake_session *fake)
{
	fake_begin (fake);
	fake_send (fake, "{\"id\":1,\"call\":\"a\",\"input\":true}");
	fake_answers (fake);
	fake_events (fake);
}

/* One error message, and nothing after it, whatever the client and the dispatcher still do. */
static void check_dead (struct fake_session *fake)
{
	size_t room = 10;

	ck_assert_int_eq (fake->session.state, SESSION_ENDED);
	fake_send (fake, "{\"ping\":1}");
	session_violation (&fake->session, CODE_FLOW, "again");
	fake_wait (fake, 1000000);
	ck_assert_int_eq (session_wake (&fake->session), 0);
	channel_credit (fake_channel (fake, 1), 10);
	ck_assert_ptr_null (channel_output_begin (fake_channel (fake, 1), "stdout", &room));
	ck_assert_uint_eq (room, 0);
	done (fake, 1);
	ck_assert_str_eq (fake_answers (fake), "");
	ck_assert_str_eq (fake_events (fake), "");
}

START_TEST (a_violation_gives_one_error)
{
	for (size_t i = 0; i < sizeof violations / sizeof *violations; i++) {
		struct fake_session fake;

		begin_call (&fake);
		fake_send (&fake, "%s", violations[i].says);
		ck_assert_str_eq (fake_answers (&fake), violations[i].answers);
		check_dead (&fake);
		fake_end (&fake);
	}
}
END_TEST

START_TEST (other_protocols_are_refused)
{
	struct fake_session fake;

	begin_call (&fake);
	fake_bytes (&fake, "GET / HTTP/1.1\r\n", 16);
	ck_assert_str_eq (fake_answers (&fake), "error 0 too_large;");
	check_dead (&fake);
	fake_end (&fake);
}
END_TEST

/* Many messages that come together are taken a few at a time. */
START_TEST (others_have_their_turn)
{
	struct fake_session fake;
	int turns = 0, n = 0;

	fake_begin (&fake);
	fake_answers (&fake);
	for (int i = 0; i < 3 * SESSION_TURN + 1; i++)
		ck_assert_int_eq (message_printf (&fake.session.in, "{\"ping\":%d}", i), 0);
	do {
		session_feed (&fake.session, fake.now);
		for (const char *p = fake_answers (&fake); *p; p++)
			n += *p == ';';
		ck_assert_int_eq (n, turns < 3 ? (turns + 1) * SESSION_TURN : 3 * SESSION_TURN + 1);
		turns++;
	} while (fake.session.more);
	ck_assert_int_eq (turns, 4);
	ck_assert_uint_eq (buf_len (&fake.session.in), 0);
	/* Half a message is no reason to be called again. */
	fake_bytes (&fake, "\0", 1);
	ck_assert (!fake.session.more);
	fake_end (&fake);
}
END_TEST

/* Messages that follow a violation in the same bytes are not read. */
START_TEST (nothing_is_read_after_a_violation)
{
	struct fake_session fake;

	fake_begin (&fake);
	ck_assert_int_eq (message_printf (&fake.session.in, "{\"id\":1,\"call\":\"a\"}"), 0);
	ck_assert_int_eq (message_printf (&fake.session.in, "{\"id\":1,\"call\":\"a\"}"), 0);
	ck_assert_int_eq (message_printf (&fake.session.in, "{\"id\":2,\"call\":\"b\"}"), 0);
	session_feed (&fake.session, fake.now);
	ck_assert_str_eq (fake_events (&fake), "call 1 a;");
	ck_assert_str_eq (fake_answers (&fake), "hello;error 0 bad_message;");
	fake_end (&fake);
}
END_TEST

START_TEST (every_owner_gets_the_loss_of_the_client)
{
	struct fake_session fake;

	fake_begin (&fake);
	fake_send (&fake, "{\"id\":1,\"call\":\"a\"}");
	fake_send (&fake, "{\"id\":2,\"call\":\"b\"}");
	fake_send (&fake, "{\"id\":3,\"call\":\"c\"}");
	done (&fake, 2);
	fake_events (&fake);
	session_lose (&fake.session);
	ck_assert_str_eq (fake_events (&fake), "lost 1;lost 3;");
	ck_assert_int_eq (fake.session.n_channels, 0);
	session_lose (&fake.session);
	ck_assert_str_eq (fake_events (&fake), "");
	/* The call of a client that has disconnected has no answer. */
	ck_assert_str_eq (fake_answers (&fake), "hello;done 2 exited;");
	fake_end (&fake);
}
END_TEST

START_TEST (an_owner_may_have_no_operations)
{
	static const struct channel_ops nothing;
	struct fake_session fake;
	struct channel *channel;

	fake_begin (&fake);
	fake_send (&fake, "{\"id\":1,\"call\":\"a\",\"input\":true,\"window\":1}");
	fake_events (&fake);
	channel = fake_channel (&fake, 1);
	channel_own (channel, &nothing, NULL);
	channel_credit (channel, 1);
	ck_assert_uint_eq (fake_output (channel, "stdout", 2), 1);
	fake_data (&fake, 1, "stdin", "x", 1);
	fake_data (&fake, 1, "stdin", "more than was granted", 21);
	fake_send (&fake, "{\"id\":1,\"credit\":1}");
	fake_send (&fake, "{\"id\":1,\"signal\":\"INT\"}");
	fake_send (&fake, "{\"id\":1,\"cancel\":true}");
	session_room (&fake.session);
	session_lose (&fake.session);
	ck_assert_str_eq (fake_events (&fake), "");
	ck_assert_int_eq (fake.session.state, SESSION_OPEN);
	fake_end (&fake);
}
END_TEST

/* The call that gets room ends, and the next one too. */
static void end_two (struct channel *channel)
{
	struct fake_session *fake = channel->owner;
	unsigned id = (unsigned)channel->id;

	done (fake, id);
	if (fake_channel (fake, id + 1))
		done (fake, id + 1);
}

START_TEST (an_owner_with_room_may_end_any_call)
{
	static const struct channel_ops ops = { .room = end_two };
	struct fake_session fake;

	fake_begin (&fake);
	for (int id = 1; id <= 4; id++) {
		fake_send (&fake, "{\"id\":%d,\"call\":\"a\"}", id);
		channel_own (fake_channel (&fake, (unsigned)id), &ops, &fake);
	}
	session_room (&fake.session);
	ck_assert_str_eq (fake_answers (&fake), "hello;done 1 exited;done 2 exited;done 3 exited;done 4 exited;");
	ck_assert_int_eq (fake.session.n_channels, 0);
	fake_end (&fake);
}
END_TEST

START_TEST (every_owner_gets_the_room)
{
	struct fake_session fake;

	fake_begin (&fake);
	fake_send (&fake, "{\"id\":1,\"call\":\"a\"}");
	fake_send (&fake, "{\"id\":2,\"call\":\"b\"}");
	fake_events (&fake);
	while (!session_full (&fake.session))
		ck_assert_uint_gt (fake_output (fake_channel (&fake, 1), "stdout", SESSION_OUT_FULL), 0);
	ck_assert_uint_eq (fake_output (fake_channel (&fake, 2), "stdout", 1), 0);
	ck_assert (fake.session.wants_room);
	fake_answers (&fake);
	ck_assert (!session_full (&fake.session));
	session_room (&fake.session);
	ck_assert (!fake.session.wants_room);
	ck_assert_str_eq (fake_events (&fake), "room 1;room 2;");
	fake_end (&fake);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, hello_comes_first);
	tcase_add_test (tcase, a_hello_that_could_not_be_made_ends);
	tcase_add_test (tcase, calls_are_answered);
	tcase_add_test (tcase, retry_after_only_where_positive);
	tcase_add_test (tcase, ids_may_leave_gaps);
	tcase_add_test (tcase, ids_must_increase);
	tcase_add_test (tcase, ended_ids_are_ignored);
	tcase_add_test (tcase, unused_ids_are_refused);
	tcase_add_test (tcase, too_many_calls_are_busy);
	tcase_add_test (tcase, a_bad_window_is_one_calls_fault);
	tcase_add_test (tcase, bye_without_calls_ends);
	tcase_add_test (tcase, bye_waits_for_running_calls);
	tcase_add_test (tcase, signals_have_words);
	tcase_add_test (tcase, sizes_go_to_the_owner);
	tcase_add_test (tcase, unknown_signals_are_refused);
	tcase_add_test (tcase, a_violation_gives_one_error);
	tcase_add_test (tcase, other_protocols_are_refused);
	tcase_add_test (tcase, others_have_their_turn);
	tcase_add_test (tcase, nothing_is_read_after_a_violation);
	tcase_add_test (tcase, every_owner_gets_the_loss_of_the_client);
	tcase_add_test (tcase, an_owner_may_have_no_operations);
	tcase_add_test (tcase, an_owner_with_room_may_end_any_call);
	tcase_add_test (tcase, every_owner_gets_the_room);
}

CHECK_MAIN ("session", add_cases)
