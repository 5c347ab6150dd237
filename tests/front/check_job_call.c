/* check_job_call - calls about jobs: how many each identity may have, how many of them may ask the supervisor at once, how
 * much output may wait for their clients, and how long that of a job that has ended. The test is the supervisor and the job's holder. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "front/job_call.h"
#include "front/job_view.h"
#include "front_alone.h"
#include "support/check_main.h"
#include "support/fail_alloc.h"
#include "wire/fake_session.h"

enum { STRANGER = 4000000000u, OTHER_STRANGER };

enum {
	OUTPUT_MAX = 64 * 1024, /* of a record of the holder */
	FIRST_LINE = 43, /* bytes of the line with which the output of a job begins (put_first) */
};

#define ID "aaaaaaaaaaaa"

static struct front_alone alone;
static struct front *const front = &alone.front;
static struct fake_session fake;
static struct gate_client admin, ann, bob;
static const struct gate_client *caller; /* of the calls that come next */
static int peer = -1; /* of the calls, too: the socket that proves the user */
static bool short_of_memory; /* the second allocation for a call fails */
static int holder; /* its end of the connection that was given last */

static void on_call (void *arg, struct channel *channel, const struct message *message)
{
	static char name[16];
	static const struct verb verb = { .name = name };

	(void)arg;
	snprintf (name, sizeof name, "%s", message->name);
	fail_alloc = short_of_memory ? 2 : 0;
	job_view_call (front, caller, peer, channel, &verb, message);
	fail_alloc = 0;
}

static void on_flush (void *arg)
{
	(void)arg;
}

static const struct session_events session_events = { .call = on_call, .flush = on_flush };

static struct gate_client client_of (uid_t uid)
{
	return (struct gate_client){ .identity = access_uid (&front->gate.access, uid) };
}

static void begin (void)
{
	alone_begin (&alone, "{limits: {stall: 100ms}, audit: none}");
	front->max_fds = 1024; /* so 128 calls about jobs, 32 for each identity */
	front->gate.access.daemon = geteuid ();
	admin = client_of (geteuid ());
	ann = client_of (STRANGER);
	bob = client_of (OTHER_STRANGER);
	gate_enter (&front->gate, &admin);
	gate_enter (&front->gate, &ann);
	gate_enter (&front->gate, &bob);
	caller = &ann;
	holder = -1;
	fake_begin (&fake);
	fake.session.events = &session_events;
	fake.session.limits.calls = 1000;
	ck_assert_str_eq (fake_answers (&fake), "hello;");
}

static void end (void)
{
	session_lose (&fake.session);
	ck_assert_int_eq (front->n_job_calls, 0);
	ck_assert (list_empty (&front->job_turns));
	fake_end (&fake);
	fd_close (&holder);
	job_calls_end (front); /* what the supervisor has not answered */
	ck_assert_int_eq (ann.identity->job_asks, 0);
	gate_leave (&admin);
	gate_leave (&ann);
	gate_leave (&bob);
	alone_end (&alone);
}

static void call (int id, const char *name, const char *more)
{
	fake_send (&fake, "{\"id\":%d,\"call\":\"%s\",\"args\":{%s}%s}", id, name,
		strcmp (name, "job.list") != 0 ? "\"id\":\"" ID "\"" : "", more);
}

static void answer (uint32_t type, uint64_t number, int64_t a, const char *text, int fd)
{
	static struct packet packet;

	packet.record = (struct record){ .type = type, .id = number, .a = a, .length = (uint32_t)strlen (text) };
	memcpy (packet.data, text, strlen (text));
	packet.n_fds = fd >= 0;
	packet.fds[0] = fd;
	packet.lost = false;
	job_call_answer (front, &packet);
	packet_close (&packet);
}

/* The supervisor gives a connection to the holder, which says HELLO and sends so many bytes. */
static void give (uint64_t number, enum job_state state, size_t n)
{
	static const char facts[] = "{\"version\":1,\"state\":\"running\",\"start\":0,\"input\":false}";
	static char bytes[6 + OUTPUT_MAX] = "stdout";
	struct outgoing hello = {
		.record = { .type = JOB_HELLO, .a = (int64_t)n }, .data = facts, .n = strlen (facts)
	};
	struct outgoing output = { .record = { .type = JOB_OUTPUT, .b = 6 }, .data = bytes, .n = 6 + n };
	int fds[2];

	ck_assert_uint_le (n, OUTPUT_MAX);
	memset (bytes + 6, 'x', n);
	ck_assert_int_eq (link_pair (fds), 0);
	holder = fds[1];
	answer (REC_JOB, number, state, "{\"id\":\"" ID "\"}", fds[0]);
	ck_assert_int_eq (link_send (holder, &hello, 0), 0);
	ck_assert_int_eq (link_send (holder, &output, 0), 0);
}

/* --- how many ---------------------------------------------------------------------------------------------------- */

START_TEST (each_has_a_quarter_and_administrators_a_reserve)
{
	begin ();
	for (int i = 1; i <= 32; i++)
		call (i, "job.wait", "");
	ck_assert_str_eq (fake_answers (&fake), "");
	call (40, "job.wait", "");
	ck_assert_str_eq (fake_answers (&fake), "error 40 busy;");
	caller = &bob;
	call (41, "job.wait", "");
	ck_assert_str_eq (fake_answers (&fake), "");
	front->n_job_calls += 128 - 16 - 33; /* of many others: the reserve is left */
	call (42, "job.wait", "");
	ck_assert_str_eq (fake_answers (&fake), "error 42 busy;");
	caller = &admin;
	for (int i = 50; i < 66; i++)
		call (i, "job.list", "");
	ck_assert_str_eq (fake_answers (&fake), "");
	call (66, "job.list", "");
	ck_assert_str_eq (fake_answers (&fake), "error 66 busy;");
	front->n_job_calls -= 128 - 16 - 33;
	end ();
}
END_TEST

/* --- questions --------------------------------------------------------------------------------------------------- */

START_TEST (an_identity_asks_a_few_at_once)
{
	uint64_t first;

	begin ();
	first = front->last_request + 1;
	for (int i = 1; i <= 12; i++)
		call (i, "job.wait", "");
	for (int i = 0; i < JOB_CALL_ASKS; i++)
		alone_expect (&alone, REC_JOB_OPEN, first + (uint64_t)i);
	alone_expect_nothing (&alone);
	/* An answer is the turn of the next one, in their order; another identity has its own turns. */
	answer (REC_NO_JOB, first, CODE_NOT_FOUND, "none", -1);
	ck_assert_str_eq (fake_answers (&fake), "error 1 not_found;");
	alone_expect (&alone, REC_JOB_OPEN, first + 8);
	alone_expect_nothing (&alone);
	caller = &bob;
	call (20, "job.wait", "");
	alone_expect (&alone, REC_JOB_OPEN, first + 12);
	/* A call that ends without its answer leaves its question, which is on its way. */
	fake_send (&fake, "{\"id\":2,\"cancel\":true}");
	ck_assert_str_eq (fake_answers (&fake), "done 2 cancelled;");
	alone_expect_nothing (&alone);
	answer (REC_NO_JOB, first + 1, CODE_NOT_FOUND, "none", -1);
	alone_expect (&alone, REC_JOB_OPEN, first + 9);
	/* One that waits for its turn just goes. */
	fake_send (&fake, "{\"id\":11,\"cancel\":true}");
	answer (REC_NO_JOB, first + 2, CODE_NOT_FOUND, "none", -1);
	alone_expect (&alone, REC_JOB_OPEN, first + 11);
	alone_expect_nothing (&alone);
	end ();
}
END_TEST

START_TEST (administrators_do_not_wait_for_their_turn)
{
	uint64_t first;

	begin ();
	caller = &admin;
	first = front->last_request + 1;
	for (int i = 1; i <= 12; i++)
		call (i, "job.wait", "");
	for (int i = 0; i < 12; i++)
		alone_expect (&alone, REC_JOB_OPEN, first + (uint64_t)i);
	end ();
}
END_TEST

START_TEST (a_list_is_answered_when_it_is_whole)
{
	uint64_t first;

	begin ();
	first = front->last_request + 1;
	for (int i = 1; i <= JOB_CALL_ASKS + 1; i++)
		call (i, "job.list", "");
	for (int i = 0; i < JOB_CALL_ASKS; i++)
		alone_expect (&alone, REC_JOB_LIST, first + (uint64_t)i);
	answer (REC_JOBS, first, 4, "[1", -1);
	alone_expect_nothing (&alone);
	answer (REC_JOBS, first, 4, "2]", -1);
	ck_assert_str_eq (fake_answers (&fake), "data 1 result 4;done 1 completed;");
	alone_expect (&alone, REC_JOB_LIST, first + JOB_CALL_ASKS);
	end ();
}
END_TEST

/* A call that could not ask when it was its turn, and goes then, passes its turn on. */
START_TEST (a_turn_is_not_lost)
{
	uint64_t first;

	begin ();
	peer = 0;
	first = front->last_request + 1;
	for (int i = 1; i <= JOB_CALL_ASKS + 2; i++)
		call (i, "job.wait", "");
	for (int i = 0; i < JOB_CALL_ASKS; i++)
		alone_expect (&alone, REC_JOB_OPEN, first + (uint64_t)i);
	while (link_post (front->supervisor.claims, REC_JOB_OPEN, 0, 0, 0, MSG_DONTWAIT) == 0)
		;
	answer (REC_NO_JOB, first, CODE_NOT_FOUND, "none", -1);
	while (link_recv (alone.claims, &alone.packet, MSG_DONTWAIT) == 1)
		packet_close (&alone.packet);
	fake_send (&fake, "{\"id\":%d,\"cancel\":true}", JOB_CALL_ASKS + 1);
	alone_expect (&alone, REC_JOB_OPEN, first + JOB_CALL_ASKS + 1);
	peer = -1;
	end ();
}
END_TEST

/* --- input that is not taken -------------------------------------------------------------------------------------- */

START_TEST (many_attachments_get_less_credit)
{
	char expected[64];

	begin ();
	front->max_fds = 10000;
	for (int i = 1; i <= 65; i++) {
		call (i, "job.attach", ",\"input\":true");
		give (front->last_request, JOB_RUNNING, 1);
		snprintf (expected, sizeof expected, "credit %d %d;data %d job", i, i <= 64 ? SESSION_CREDIT : 8192, i);
		alone_until (&alone, buf_len (&fake.session.out));
		ck_assert_mem_eq (fake_answers (&fake), expected, strlen (expected));
		fd_close (&holder);
		fake_answers (&fake);
	}
	end ();
}
END_TEST

/* The body of a call is input, too. */
static void attach_with_body (int id)
{
	static char body[65536];
	char text[128];
	int n = snprintf (text, sizeof text,
		"{\"id\":%d,\"call\":\"job.attach\",\"args\":{\"id\":\"" ID "\"},\"body\":65536}", id);
	uint8_t length[4] = { 0, 0, 0, (uint8_t)n };

	ck_assert_int_eq (buf_append (&fake.session.in, length, sizeof length), 0);
	ck_assert_int_eq (buf_append (&fake.session.in, text, (size_t)n), 0);
	fake_bytes (&fake, body, sizeof body);
}

START_TEST (a_body_is_not_above_the_credit)
{
	begin ();
	front->max_fds = 10000;
	for (int i = 1; i <= 64; i++)
		call (i, "job.wait", "");
	attach_with_body (65);
	ck_assert_str_eq (fake_answers (&fake), "error 65 busy;");
	ck_assert_int_eq (front->n_job_calls, 64);
	fake_send (&fake, "{\"id\":1,\"cancel\":true}");
	ck_assert_str_eq (fake_answers (&fake), "done 1 cancelled;");
	attach_with_body (66);
	ck_assert_str_eq (fake_answers (&fake), "");
	ck_assert_int_eq (front->n_job_calls, 64);
	end ();
}
END_TEST

START_TEST (a_body_without_memory)
{
	begin ();
	short_of_memory = true; /* the first is the call's own */
	attach_with_body (1);
	short_of_memory = false;
	ck_assert_str_eq (fake_answers (&fake), "error 1 busy;");
	ck_assert_int_eq (front->n_job_calls, 0);
	end ();
}
END_TEST

/* --- output that is not taken ------------------------------------------------------------------------------------ */

/* The output of a job that has ended is dropped, as that of a request that has ended. */
START_TEST (output_of_an_ended_job_has_to_be_taken)
{
	begin ();
	call (1, "job.logs", ",\"window\":1");
	give (front->last_request, JOB_ENDED, 1000);
	alone_until (&alone, !front->n_job_calls);
	ck_assert_str_eq (fake_answers (&fake), "data 1 job 1;error 1 io_error;");
	ck_assert_uint_eq (front->counts.stalled, 1);
	ck_assert_uint_eq (front->budget.held, 0);
	end ();
}
END_TEST

/* That of a job that runs may wait as long as the client likes, until the job's process is gone. */
START_TEST (output_of_a_running_job_may_wait)
{
	int64_t over;

	begin ();
	call (1, "job.attach", ",\"window\":1");
	give (front->last_request, JOB_RUNNING, 1000);
	alone_until (&alone, !strcmp (fake_answers (&fake), "data 1 job 1;"));
	for (over = clock_ms () + 150; clock_ms () < over;)
		alone_turn (&alone);
	ck_assert_int_eq (front->n_job_calls, 1);
	fd_close (&holder);
	alone_until (&alone, !front->n_job_calls);
	ck_assert_str_eq (fake_answers (&fake), "error 1 io_error;");
	end ();
}
END_TEST

/* Output that a client does not take counts in the budget, and the rest stays with the job. The viewers that wait for room go on
 * when it is there. */
START_TEST (unread_output_has_a_quarter_of_the_budget)
{
	enum { VIEWERS = 200, QUARTER = 2 * 1024 * 1024 };
	static int holders[VIEWERS];
	struct job_call *follower;
	int all = 0;

	begin ();
	front->max_fds = 65536;
	front->budget.max = 4 * QUARTER;
	for (int i = 0; i < VIEWERS; i++) {
		fake_send (&fake,
			"{\"id\":%d,\"call\":\"job.logs\",\"args\":{\"id\":\"" ID "\",\"follow\":true},\"window\":%d}",
			i + 1, FIRST_LINE + 1);
		give (front->last_request, JOB_RUNNING, OUTPUT_MAX);
		holders[i] = holder;
	}
	for (int i = 0; i < 50; i++)
		alone_turn (&alone);
	ck_assert_uint_le (ann.identity->held, QUARTER + LINK_RECORD);
	ck_assert_uint_gt (ann.identity->held, QUARTER - LINK_RECORD);
	ck_assert_uint_eq (front->budget.held, ann.identity->held);
	ck_assert (budget_take (&front->budget, admin.identity, QUARTER));
	budget_give (&front->budget, admin.identity, QUARTER);
	/* One that has no output waiting is let in without room, and its neighbours do not notice. */
	caller = &bob;
	call (500, "job.attach", "");
	give (front->last_request, JOB_RUNNING, OUTPUT_MAX);
	budget_charge (&front->budget, bob.identity, QUARTER);
	alone_until (&alone, list_entry (front->job_calls.prev, struct job_call, node)->viewer.position == OUTPUT_MAX);
	budget_give (&front->budget, bob.identity, QUARTER);
	fd_close (&holder);
	fake_answers (&fake);
	for (int i = 0; i < VIEWERS; i++)
		fake_send (&fake, "{\"id\":%d,\"credit\":1000000}", i + 1);
	while (all < VIEWERS || ann.identity->held) {
		alone_turn (&alone);
		fake_answers (&fake);
		session_room (&fake.session);
		all = 0;
		list_each (follower, &front->job_calls, node)
			all += follower->identity == ann.identity && follower->viewer.position == OUTPUT_MAX;
	}
	ck_assert_int_eq (ann.identity->job_unread, 0);
	ck_assert (list_empty (&front->job_waiting));
	for (int i = 0; i < VIEWERS; i++)
		fd_close (&holders[i]);
	holder = -1;
	end ();
}
END_TEST

/* Nothing is read for a client that wants nothing now; and the end of the job is seen. */
START_TEST (output_stays_with_the_job_while_the_window_is_shut)
{
	struct job_viewer *viewer;
	char window[32];

	begin ();
	snprintf (window, sizeof window, ",\"window\":%d", FIRST_LINE);
	call (1, "job.attach", window);
	give (front->last_request, JOB_RUNNING, 1000);
	viewer = &list_entry (front->job_calls.next, struct job_call, node)->viewer;
	alone_until (&alone, list_linked (&viewer->wait));
	ck_assert_str_eq (fake_answers (&fake), "data 1 job 43;");
	ck_assert_uint_eq (front->budget.held, 0);
	fake_send (&fake, "{\"id\":1,\"credit\":1000}");
	alone_until (&alone, viewer->position == 1000);
	ck_assert_str_eq (fake_answers (&fake), "data 1 stdout 1000;");
	ck_assert (list_empty (&front->job_waiting));
	fd_close (&holder);
	/* Of a job that has ended it has to be taken in time, too. */
	call (2, "job.logs", window);
	give (front->last_request, JOB_ENDED, 1000);
	alone_until (&alone, front->counts.stalled);
	ck_assert_ptr_nonnull (strstr (fake_answers (&fake), "data 2 job 43;error 2 io_error;"));
	end ();
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, each_has_a_quarter_and_administrators_a_reserve);
	tcase_add_test (tcase, an_identity_asks_a_few_at_once);
	tcase_add_test (tcase, administrators_do_not_wait_for_their_turn);
	tcase_add_test (tcase, a_list_is_answered_when_it_is_whole);
	tcase_add_test (tcase, a_turn_is_not_lost);
	tcase_add_test (tcase, many_attachments_get_less_credit);
	tcase_add_test (tcase, a_body_is_not_above_the_credit);
	tcase_add_test (tcase, a_body_without_memory);
	tcase_add_test (tcase, output_of_an_ended_job_has_to_be_taken);
	tcase_add_test (tcase, output_of_a_running_job_may_wait);
	tcase_add_test (tcase, unread_output_has_a_quarter_of_the_budget);
	tcase_add_test (tcase, output_stays_with_the_job_while_the_window_is_shut);
}

CHECK_MAIN ("job_call", add_cases)
