/* check_job_start - a call that becomes a job, while rights change and while the front ends: until the job's process has the
 * whole call, the call is checked like a new one; from then on its client is told that the job runs. The test is the supervisor and
 * the job's holder. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "front/job_call.h"
#include "front/job_start.h"
#include "front_alone.h"
#include "support/check_main.h"
#include "wire/fake_session.h"
#include "wire/job_verbs.h"

enum { USER = 4000000000u };

#define ID "aaaaaaaaaaaa"
#define KEY "key: remex-ed25519 AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA= ann\n"
#define ANY KEY "allow: [words, job]\n"
#define NARROW KEY "allow: [job.start]\ncommands: [[echo, hello]]\n"

static struct front_alone alone;
static struct front *const front = &alone.front;
static struct fake_session fake;
static struct gate_client ann; /* over TCP */
static struct grant *before; /* the grant that the present one has replaced */
static int holder; /* its end of the connection that was given */

static void on_call (void *arg, struct channel *channel, const struct message *message)
{
	struct err err;

	(void)arg;
	job_start_call (front, &ann, -1, channel, verb_find (front->verbs, message->name, &err), USER, message);
}

static void on_flush (void *arg)
{
	(void)arg;
}

static const struct session_events session_events = { .call = on_call, .flush = on_flush };

/* The verbs of the calls that become jobs, and those of jobs. */
static void set_verbs (void)
{
	static const char words[] =
		"{\"plugin\":\"words\",\"version\":\"1\",\"summary\":\"s\",\"verbs\":["
		"{\"name\":\"run\",\"help\":\"h\",\"runs\":true,\"params\":["
		"{\"name\":\"argv\",\"type\":\"strings\",\"required\":true,\"command\":true,\"help\":\"h\"}]},"
		"{\"name\":\"read\",\"help\":\"h\",\"paths\":true,\"params\":[]}]}";
	json_t *json = json_pack ("[oo]", json_loads (words, 0, NULL), job_verbs_json ());
	struct err err = { .text = "" };

	verb_table_free (front->verbs);
	front->verbs = verb_table_new (json, &err);
	ck_assert_msg (front->verbs != NULL, "%s", err.text);
	json_decref (json);
}

static struct grant *parse (const char *text)
{
	struct err err = { .text = "" };
	struct grant *grant = grant_parse (text, strlen (text), "ann", "f", &err);

	ck_assert_msg (grant != NULL, "%s", err.text);
	return grant;
}

/* A reload gives Ann these rights, as that user. */
static void reload (const char *text, uid_t uid)
{
	grant_free (before);
	before = (struct grant *)(uintptr_t)ann.identity->grant;
	ann.identity->grant = parse (text);
	ann.identity->uid = uid;
	ann.identity->roots_narrowed = !grant_covers_roots (ann.identity->grant, before);
	job_calls_revoke (front);
}

static void begin (const char *grant, const char *audit)
{
	char yaml[64];

	snprintf (yaml, sizeof yaml, "audit: %s\n", audit);
	alone_begin (&alone, yaml);
	set_verbs ();
	ann = (struct gate_client){ .identity = access_uid (&front->gate.access, USER), .remote = true };
	ann.identity->remote = true;
	ann.identity->grant = parse (grant);
	ann.identity->roots_narrowed = false;
	strcpy (ann.identity->name, "ann");
	gate_enter (&front->gate, &ann);
	before = NULL;
	holder = -1;
	fake_begin (&fake);
	fake.session.events = &session_events;
	fake_answers (&fake);
}

static void end (void)
{
	struct grant *last = (struct grant *)(uintptr_t)ann.identity->grant;

	session_lose (&fake.session);
	ck_assert_int_eq (front->n_job_calls, 0);
	fake_end (&fake);
	fd_close (&holder);
	job_calls_end (front);
	ann.identity->grant = NULL;
	gate_leave (&ann);
	alone_end (&alone);
	grant_free (before);
	grant_free (last);
}

static void call (const char *verb, const char *args)
{
	fake_send (&fake, "{\"id\":1,\"call\":\"words.%s\",\"args\":{%s},\"job\":{\"key\":\"k\"}}", verb, args);
}

static void run_hello (void)
{
	call ("run", "\"argv\":[\"echo\",\"hello\"]");
}

/* The supervisor gives the job. */
static void give (int flags)
{
	static const char json[] = "{\"id\":\"" ID "\"}";
	static struct packet packet;
	int fds[2];

	ck_assert_int_eq (link_pair (fds), 0);
	holder = fds[1];
	packet.record = (struct record){
		.type = REC_JOB, .id = front->last_request, .a = JOB_RUNNING, .b = flags, .length = strlen (json)
	};
	memcpy (packet.data, json, strlen (json));
	packet.n_fds = 1;
	packet.fds[0] = fds[0];
	job_call_answer (front, &packet);
	packet_close (&packet);
}

/* The next record for the holder, in alone.packet: 1; 0: the connection has ended; -1: nothing comes. */
static int receive (void)
{
	return link_recv (holder, &alone.packet, MSG_DONTWAIT);
}

static void expect_call (const char *attachment)
{
	const struct record *record = &alone.packet.record;

	ck_assert_int_eq (receive (), 1);
	ck_assert_uint_eq (record->type, REC_CALL);
	ck_assert_uint_eq (record->length, record->a + record->b);
	ck_assert_uint_eq (record->b, strlen (attachment));
	ck_assert_mem_eq (alone.packet.data + record->a, attachment, strlen (attachment));
}

static void say_hello (void)
{
	static const char facts[] = "{\"version\":1,\"state\":\"running\",\"start\":0,\"input\":false}";
	struct outgoing hello = { .record = { .type = JOB_HELLO }, .data = facts, .n = strlen (facts) };

	ck_assert_int_eq (link_send (holder, &hello, 0), 0);
}

static void expect_started (void)
{
	alone_until (&alone, !front->n_job_calls);
	ck_assert_str_eq (fake_answers (&fake), "done 1 completed;");
}

/* The call has been refused, and the holder has nothing of it. */
static void expect_refused (const char *answer)
{
	ck_assert_str_eq (fake_answers (&fake), answer);
	ck_assert_int_eq (front->n_job_calls, 0);
	if (holder >= 0)
		ck_assert_int_eq (receive (), 0);
}

/* --- memory ------------------------------------------------------------------------------------------------------ */

/* The text of a start is counted until it is sent. Without room for it the first start of an identity is let in, and no other. */
START_TEST (the_text_is_counted)
{
	size_t others;

	begin (ANY, "none");
	others = front->budget.max / 4;
	budget_charge (&front->budget, ann.identity, others);
	run_hello ();
	ck_assert_str_eq (fake_answers (&fake), "");
	ck_assert_uint_gt (front->budget.held, others);
	fake_send (&fake, "{\"id\":2,\"call\":\"words.run\",\"args\":{\"argv\":[\"echo\"]},\"job\":{}}");
	ck_assert_str_eq (fake_answers (&fake), "error 2 busy;");
	front->last_request--; /* the number of the first one, for `give` */
	give (0);
	expect_call ("");
	ck_assert_uint_eq (front->budget.held, others);
	say_hello ();
	expect_started ();
	budget_give (&front->budget, ann.identity, others);
	end ();
}
END_TEST

/* --- a reload ---------------------------------------------------------------------------------------------------- */

/* An identity that may run some commands still may after a reload, in each state. */
START_TEST (an_allowed_command_goes_on)
{
	begin (NARROW, "none");
	run_hello ();
	reload (NARROW, USER);
	give (0);
	expect_call ("");
	reload (NARROW, USER);
	say_hello ();
	expect_started ();
	end ();
}
END_TEST

static const struct {
	const char *grant;
	uid_t user;
} changes[] = {
	{ KEY "allow: [words]\n", USER }, /* job.start is taken away, */
	{ KEY "allow: [job.start]\ncommands: [[echo, bye]]\n", USER }, /* the command, */
	{ KEY "allow: [job]\n", USER }, /* the verb; */
	{ ANY, USER + 1 }, /* or it acts as another user */
};

START_TEST (a_right_ends_before_there_is_a_job)
{
	begin (ANY, "none");
	run_hello ();
	reload (changes[_i].grant, changes[_i].user);
	expect_refused ("error 1 denied;");
	give (0);
	ck_assert_int_eq (receive (), 0);
	end ();
}
END_TEST

START_TEST (a_right_ends_before_the_start_is_on_record)
{
	uint64_t number;

	begin (ANY, "/var/log/remex.log");
	run_hello ();
	number = front->last_request;
	alone_expect (&alone, REC_JOB_START, number);
	give (0);
	alone_expect (&alone, REC_AUDIT, number);
	reload (changes[_i].grant, changes[_i].user);
	expect_refused ("error 1 denied;");
	alone_audited (&alone, number, 0);
	alone_expect (&alone, REC_AUDIT, 0); /* the end */
	ck_assert (memmem (alone.packet.data, alone.packet.record.length, "denied", 6));
	end ();
}
END_TEST

/* The job runs in a moment: its client has to know that, whatever the rights are now. */
START_TEST (a_right_ends_when_the_call_is_sent)
{
	begin (ANY, "none");
	run_hello ();
	give (0);
	reload (changes[_i].grant, changes[_i].user);
	expect_call ("");
	say_hello ();
	expect_started ();
	end ();
}
END_TEST

/* A known key starts nothing, so the call is checked until its answer. */
START_TEST (a_right_ends_while_a_known_job_is_asked)
{
	begin (ANY, "none");
	run_hello ();
	give (JOB_KNOWN);
	reload (ANY, USER);
	ck_assert_int_eq (receive (), -1);
	reload (changes[_i].grant, changes[_i].user);
	expect_refused ("error 1 denied;");
	end ();
}
END_TEST

/* The supervisor was asked for a job that is not recorded, or that is recorded otherwise: the caller has to ask again. */
START_TEST (another_policy_of_recording)
{
	static const struct {
		const char *before, *after;
		bool busy;
	} policies[] = {
		{ "", "record: {what: all}\n", true },
		{ "record: {what: all}\n", "", true },
		{ "record: {what: all, when_full: go_on}\n", "record: {what: all, when_full: refuse}\n", true },
		{ "", "record: {what: shell}\n", false },
	};
	char text[256];

	snprintf (text, sizeof text, "%s%s", ANY, policies[_i].before);
	begin (text, "none");
	run_hello ();
	snprintf (text, sizeof text, "%s%s", ANY, policies[_i].after);
	reload (text, USER);
	ck_assert_str_eq (fake_answers (&fake), policies[_i].busy ? "error 1 busy;" : "");
	ck_assert_int_eq (front->n_job_calls, !policies[_i].busy);
	end ();
}
END_TEST

/* A job gets the roots that its identity has when the call is sent. */
START_TEST (roots_are_narrowed)
{
	begin (KEY "allow: [words.read, job.start]\nroots: {/a: rw}\n", "none");
	call ("read", "");
	reload (KEY "allow: [words.read, job.start]\nroots: {/a/b: r}\n", USER);
	give (0);
	expect_call ("{\"roots\":[{\"path\":\"/a/b\",\"write\":false}]}");
	say_hello ();
	expect_started ();
	end ();
}
END_TEST

/* --- the end of the front, and of the client --------------------------------------------------------------------- */

START_TEST (the_time_of_the_drain_is_over)
{
	begin (ANY, "none");
	run_hello ();
	if (_i == 0)
		give (JOB_KNOWN);
	if (_i < 2) {
		job_calls_stop (front);
		expect_refused ("error 1 shutting_down;");
		end ();
		return;
	}
	give (0);
	expect_call ("");
	job_calls_stop (front);
	ck_assert_int_eq (front->n_job_calls, 1);
	say_hello ();
	expect_started ();
	end ();
}
END_TEST

/* What is kept for a start with a known key ends with its client; a start that was sent goes on to its answer. */
START_TEST (the_client_goes)
{
	begin (ANY, "none");
	run_hello ();
	ck_assert_uint_gt (front->budget.held, 0);
	give (_i ? 0 : JOB_KNOWN);
	session_lose (&fake.session);
	ck_assert_int_eq (front->n_job_calls, _i);
	ck_assert_uint_eq (front->budget.held, 0);
	if (_i) {
		expect_call ("");
		say_hello ();
		alone_until (&alone, !front->n_job_calls);
	} else {
		ck_assert_int_eq (receive (), 0);
	}
	end ();
}
END_TEST

static void add_cases (TCase *tcase)
{
	const int n = sizeof changes / sizeof *changes;

	tcase_add_test (tcase, the_text_is_counted);
	tcase_add_test (tcase, an_allowed_command_goes_on);
	tcase_add_loop_test (tcase, a_right_ends_before_there_is_a_job, 0, n);
	tcase_add_loop_test (tcase, a_right_ends_before_the_start_is_on_record, 0, n);
	tcase_add_loop_test (tcase, a_right_ends_when_the_call_is_sent, 0, n);
	tcase_add_loop_test (tcase, a_right_ends_while_a_known_job_is_asked, 0, n);
	tcase_add_loop_test (tcase, another_policy_of_recording, 0, 4);
	tcase_add_test (tcase, roots_are_narrowed);
	tcase_add_loop_test (tcase, the_time_of_the_drain_is_over, 0, 3);
	tcase_add_loop_test (tcase, the_client_goes, 0, 2);
}

CHECK_MAIN ("job_start", add_cases)
