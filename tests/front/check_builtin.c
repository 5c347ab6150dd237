/* check_builtin - the calls that the front answers itself: answers that the client takes in pieces, late or never,
 * reloads whose answers come in another order, too late, or for an unknown request; who may make which call. */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "front/builtin.h"
#include "front/dispatch.h"
#include "front/reply.h"
#include "front_alone.h"
#include "support/check_main.h"
#include "support/fail_alloc.h"
#include "wire/fake_session.h"

enum { STRANGER = 4000000000u, ANSWERS_EACH = 16 };

static struct front_alone alone;
static struct front *const front = &alone.front;
static struct fake_session fake;
static struct gate_client client, other; /* an administrator, and somebody else */
static bool by_other; /* the calls that come next, */
static bool short_of_memory; /* and whether the first allocation for them fails */
static size_t table_size; /* bytes of the answer of `plugins` */

static void on_call (void *arg, struct channel *channel, const struct message *message)
{
	(void)arg;
	fail_alloc = short_of_memory;
	dispatch_call (front, by_other ? &other : &client, -1, channel, message);
}

static void on_flush (void *arg)
{
	(void)arg;
}

static const struct session_events session_events = { .call = on_call, .flush = on_flush };

static void begin (void)
{
	char *text;

	alone_begin (&alone, "");
	client = (struct gate_client){ .identity = access_uid (&front->gate.access, geteuid ()) };
	gate_enter (&front->gate, &client);
	other = (struct gate_client){ .identity = access_uid (&front->gate.access, STRANGER) };
	gate_enter (&front->gate, &other);
	by_other = false;
	fake_begin (&fake);
	fake.session.events = &session_events;
	fake.session.limits.calls = 100;
	ck_assert_str_eq (fake_answers (&fake), "hello;");
	ck_assert_ptr_nonnull (text = json_dumps (front->verbs->json, JSON_COMPACT));
	table_size = strlen (text);
	free (text);
}

/* The client goes. Nothing is kept for it. */
static void end (void)
{
	session_lose (&fake.session);
	ck_assert (list_empty (&front->replies));
	ck_assert (list_empty (&front->reloads));
	ck_assert_int_eq (client.identity->answers, 0);
	ck_assert_int_eq (other.identity->answers, 0);
	fake_end (&fake);
	gate_leave (&client);
	gate_leave (&other);
	alone_end (&alone);
}

static void check_answers (const char *fmt, ...) __attribute__ ((format (printf, 1, 2)));

static void check_answers (const char *fmt, ...)
{
	char expected[256];
	va_list args;

	va_start (args, fmt);
	vsnprintf (expected, sizeof expected, fmt, args);
	va_end (args);
	ck_assert_str_eq (fake_answers (&fake), expected);
}

/* Is the text in the messages that the client has not read yet? */
static bool is_unsent (const char *text)
{
	return memmem (buf_head (&fake.session.out), buf_len (&fake.session.out), text, strlen (text));
}

/* --- plugins ----------------------------------------------------------------------------------------------------- */

START_TEST (the_table_is_answered)
{
	begin ();
	fake_send (&fake, "{\"id\":1,\"call\":\"plugins\"}");
	ck_assert (is_unsent ("\"show\""));
	ck_assert (is_unsent ("/secret/bad.so")); /* a local client may see it */
	check_answers ("data 1 result %zu;done 1 completed;", table_size);
	ck_assert_uint_eq (front->counts.outcomes[OUTCOME_COMPLETED], 1);
	ck_assert_uint_eq (front->budget.held, 0);
	end ();
}
END_TEST

/* A client over TCP sees what it may call: without a grant that is nothing. */
START_TEST (a_remote_client_sees_what_it_may_call)
{
	begin ();
	by_other = true;
	other.identity->remote = true;
	fake_send (&fake, "{\"id\":1,\"call\":\"plugins\"}");
	ck_assert (is_unsent ("[]"));
	ck_assert (!is_unsent ("words"));
	check_answers ("data 1 result 2;done 1 completed;");
	other.identity->remote = false;
	end ();
}
END_TEST

/* --- answers that wait ------------------------------------------------------------------------------------------- */

START_TEST (an_answer_is_taken_in_pieces)
{
	begin ();
	by_other = true;
	fake_send (&fake, "{\"id\":1,\"call\":\"plugins\",\"window\":10}");
	check_answers ("data 1 result 10;");
	ck_assert_uint_eq (front->budget.held, table_size);
	ck_assert_int_eq (other.identity->answers, 1);
	fake_send (&fake, "{\"id\":1,\"credit\":20}");
	check_answers ("data 1 result 20;");
	fake_send (&fake, "{\"id\":1,\"credit\":100000}");
	check_answers ("data 1 result %zu;done 1 completed;", table_size - 30);
	ck_assert_uint_eq (front->budget.held, 0);
	ck_assert_int_eq (other.identity->answers, 0);
	end ();
}
END_TEST

START_TEST (an_answer_is_cancelled)
{
	begin ();
	fake_send (&fake, "{\"id\":1,\"call\":\"plugins\",\"window\":10}");
	check_answers ("data 1 result 10;");
	fake_send (&fake, "{\"id\":1,\"cancel\":true}");
	check_answers ("done 1 cancelled;");
	ck_assert_uint_eq (front->budget.held, 0);
	ck_assert_uint_eq (front->counts.outcomes[OUTCOME_CANCELLED], 1);
	end ();
}
END_TEST

START_TEST (a_client_goes_before_its_answer)
{
	begin ();
	fake_send (&fake, "{\"id\":1,\"call\":\"plugins\",\"window\":10}");
	fake_send (&fake, "{\"id\":2,\"call\":\"reload\"}");
	ck_assert_uint_eq (front->budget.held, table_size);
	end ();
}
END_TEST

/* Each answer is in memory. The administrators are not bound. */
START_TEST (one_identity_has_a_maximum_of_answers)
{
	begin ();
	by_other = !_i;
	for (int i = 1; i <= ANSWERS_EACH; i++)
		fake_send (&fake, "{\"id\":%d,\"call\":\"plugins\",\"window\":1}", i);
	fake_answers (&fake);
	fake_send (&fake, "{\"id\":50,\"call\":\"plugins\",\"window\":1}");
	check_answers (_i ? "data 50 result 1;" : "error 50 busy;");
	fake_send (&fake, "{\"id\":1,\"cancel\":true}");
	check_answers ("done 1 cancelled;");
	fake_send (&fake, "{\"id\":51,\"call\":\"plugins\",\"window\":1}");
	check_answers ("data 51 result 1;");
	end ();
}
END_TEST

START_TEST (memory_for_answers_has_a_maximum)
{
	begin ();
	by_other = true;
	budget_charge (&front->budget, other.identity, front->budget.max / 4);
	fake_send (&fake, "{\"id\":1,\"call\":\"plugins\"}");
	check_answers ("error 1 busy;");
	budget_give (&front->budget, other.identity, front->budget.max / 4);
	fake_send (&fake, "{\"id\":2,\"call\":\"plugins\"}");
	check_answers ("data 2 result %zu;done 2 completed;", table_size);
	end ();
}
END_TEST

/* The time of the drain is over. */
START_TEST (answers_that_are_not_taken_end_with_the_front)
{
	begin ();
	fake_send (&fake, "{\"id\":1,\"call\":\"plugins\",\"window\":10}");
	fake_send (&fake, "{\"id\":2,\"call\":\"plugins\",\"window\":10}");
	check_answers ("data 1 result 10;data 2 result 10;");
	reply_stop (front);
	check_answers ("error 1 shutting_down;error 2 shutting_down;");
	ck_assert_uint_eq (front->budget.held, 0);
	end ();
}
END_TEST

/* --- reload ------------------------------------------------------------------------------------------------------ */

static void reloaded (uint64_t number, int failed, const char *bytes, size_t n)
{
	static struct packet packet;

	packet.record = (struct record){ .type = REC_RELOADED, .id = number, .a = failed, .length = (uint32_t)n };
	memcpy (packet.data, bytes, n);
	builtin_reloaded (front, &packet);
}

START_TEST (a_reload_is_answered_by_the_supervisor)
{
	begin ();
	fake_send (&fake, "{\"id\":1,\"call\":\"reload\"}");
	alone_expect (&alone, REC_RELOAD, 1);
	ck_assert_str_eq (fake_answers (&fake), "");
	front->generation = 7;
	reloaded (1, 0, "listen\0front_user\0", 18);
	ck_assert (is_unsent ("\"generation\":7"));
	ck_assert (is_unsent ("\"loaded\":{\"words\":\"1\"}"));
	ck_assert (is_unsent ("\"refused\":{\"bad\":"));
	ck_assert (is_unsent ("\"waits\":[\"listen\",\"front_user\"]"));
	fake_answers (&fake);
	reloaded (1, 0, "", 0); /* once */
	ck_assert_str_eq (fake_answers (&fake), "");
	end ();
}
END_TEST

/* The last key need not end with a NUL: a record is bytes. */
START_TEST (the_keys_that_wait_end_with_the_record)
{
	begin ();
	fake_send (&fake, "{\"id\":1,\"call\":\"reload\"}");
	reloaded (1, 1, "rubbish behind the record", 25); /* (what is in the buffer then) */
	fake_answers (&fake);
	fake_send (&fake, "{\"id\":2,\"call\":\"reload\"}");
	reloaded (2, 0, "listen", 6);
	ck_assert (is_unsent ("\"waits\":[\"listen\"]"));
	end ();
}
END_TEST

START_TEST (a_reload_fails)
{
	begin ();
	fake_send (&fake, "{\"id\":1,\"call\":\"reload\"}");
	reloaded (1, 1, "line 3 is wrong", 15);
	ck_assert (is_unsent ("\"line 3 is wrong\""));
	check_answers ("error 1 failed;");
	ck_assert_uint_eq (front->counts.errors[CODE_FAILED], 1);
	end ();
}
END_TEST

START_TEST (reloads_are_answered_in_any_order)
{
	begin ();
	fake_send (&fake, "{\"id\":1,\"call\":\"reload\"}");
	fake_send (&fake, "{\"id\":2,\"call\":\"reload\"}");
	alone_expect (&alone, REC_RELOAD, 1);
	alone_expect (&alone, REC_RELOAD, 2);
	reloaded (9, 1, "about nobody", 12);
	ck_assert_str_eq (fake_answers (&fake), "");
	reloaded (2, 1, "two", 3);
	check_answers ("error 2 failed;");
	reloaded (1, 1, "one", 3);
	check_answers ("error 1 failed;");
	end ();
}
END_TEST

/* --- who, and no memory ------------------------------------------------------------------------------------------ */

START_TEST (some_calls_are_for_administrators)
{
	begin ();
	by_other = true;
	fake_send (&fake, "{\"id\":1,\"call\":\"reload\"}");
	fake_send (&fake, "{\"id\":2,\"call\":\"identities\"}");
	check_answers ("error 1 denied;error 2 denied;");
	alone_expect_nothing (&alone);
	end ();
}
END_TEST

START_TEST (without_memory_a_call_is_busy)
{
	begin ();
	short_of_memory = true;
	fake_send (&fake, "{\"id\":1,\"call\":\"%s\"}", _i ? "plugins" : "reload");
	ck_assert_int_eq (fail_alloc, 0); /* it has failed */
	check_answers ("error 1 busy;");
	alone_expect_nothing (&alone);
	end ();
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, the_table_is_answered);
	tcase_add_test (tcase, a_remote_client_sees_what_it_may_call);
	tcase_add_test (tcase, an_answer_is_taken_in_pieces);
	tcase_add_test (tcase, an_answer_is_cancelled);
	tcase_add_test (tcase, a_client_goes_before_its_answer);
	tcase_add_loop_test (tcase, one_identity_has_a_maximum_of_answers, 0, 2);
	tcase_add_test (tcase, memory_for_answers_has_a_maximum);
	tcase_add_test (tcase, answers_that_are_not_taken_end_with_the_front);
	tcase_add_test (tcase, a_reload_is_answered_by_the_supervisor);
	tcase_add_test (tcase, the_keys_that_wait_end_with_the_record);
	tcase_add_test (tcase, a_reload_fails);
	tcase_add_test (tcase, reloads_are_answered_in_any_order);
	tcase_add_test (tcase, some_calls_are_for_administrators);
	tcase_add_loop_test (tcase, without_memory_a_call_is_busy, 0, 2);
}

CHECK_MAIN ("builtin", add_cases)
