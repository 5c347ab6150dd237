/* check_fanout - one call on many hosts: the outcome of each, the sums, the exit status, who is started when, and who is
 * skipped or stopped. The hosts are one far host: it serves one connection after another, and gives each the next reply.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/captured.h"
#include "cli/fanout.h"
#include "cli/say.h"
#include "far_host.h"
#include "support/check_main.h"

enum { MOST = 8 }; /* hosts: those that wait for their connection to be served are in the backlog of one socket */

#define NOWHERE "unix:///nonexistent/socket"
#define OK \
	{ \
		FAR_EXITED, "" \
	}
#define EXIT(n) \
	{ \
		FAR_DONE, "{\"outcome\":\"exited\",\"exit\":" #n "}" \
	}
#define SIGNALLED \
	{ \
		FAR_DONE, "{\"outcome\":\"signalled\",\"signal\":\"KILL\"}" \
	}
#define TIMED_OUT \
	{ \
		FAR_DONE, "{\"outcome\":\"timed_out\",\"limit\":\"deadline\",\"started\":true}" \
	}
#define CANCELLED \
	{ \
		FAR_DONE, "{\"outcome\":\"cancelled\",\"started\":true}" \
	}
#define NEVER \
	{ \
		FAR_DONE, "{\"outcome\":\"never_started\",\"message\":\"no such file\"}" \
	}
#define DENIED \
	{ \
		FAR_ERROR, "no" \
	}
#define LOST \
	{ \
		FAR_HANG_UP, "" \
	}

static struct fanout fanout;
static struct far_host far;
static struct host_target targets[MOST];
static struct host_targets list;
static char names[MOST][24];
static size_t at_once[MOST]; /* how many ran when the member began, without itself */
static int ended[MOST]; /* how often the member was told as over */
static size_t begun;

static int on_begin (struct fanout *self, struct member *member)
{
	(void)member;
	ck_assert_uint_eq (self->waiting + self->running + self->over, self->n);
	at_once[begun++] = self->running - 1;
	return 0;
}

static void on_end (struct fanout *self, struct member *member)
{
	ended[member->rank]++;
	ck_assert_int_eq (member->state, MEMBER_OVER);
	ck_assert_uint_eq (self->waiting + self->running + self->over, self->n);
	ck_assert_uint_eq (self->succeeded + self->failed + self->skipped, self->over);
}

/* n hosts at the far host; the caller changes what it wants before go. */
static void prepare (size_t n, const struct far_reply *replies, size_t n_replies)
{
	far_host_start (&far, false, replies, n_replies);
	for (size_t i = 0; i < n; i++) {
		snprintf (names[i], sizeof names[i], "n%zu", i + 1);
		targets[i] = (struct host_target){ .label = names[i], .where = far.where };
	}
	list = (struct host_targets){ .targets = targets, .n = n };
	fanout = (struct fanout){ .call = "exec.run",
		.options.args = "{\"argv\":[\"true\"]}",
		.targets = &list,
		.window = n,
		.begin = on_begin,
		.ended = on_end };
	begun = 0;
	memset (ended, 0, sizeof ended);
}

/* Run it: the exit status. What all runs have in common is checked. */
static int go (void)
{
	ck_assert_int_eq (fanout_open (&fanout), 0);
	ck_assert_uint_eq (fanout.waiting, list.n);
	ck_assert_int_eq (fanout_run (&fanout), 0);
	ck_assert_uint_eq (fanout.over, list.n);
	ck_assert_uint_eq (fanout.waiting + fanout.running, 0);
	ck_assert_uint_eq (fanout.succeeded + fanout.failed + fanout.skipped, list.n);
	ck_assert_uint_eq (begun, list.n - fanout.skipped);
	for (size_t i = 0; i < list.n; i++)
		ck_assert_int_eq (ended[i], 1);
	return fanout_status (&fanout);
}

static void end (void)
{
	fanout_close (&fanout);
	far_host_end (&far);
}

/* The outcomes of all, in words with blanks between them. */
static const char *outcomes (void)
{
	static char text[512];

	*text = '\0';
	for (size_t i = 0; i < fanout.n; i++)
		snprintf (text + strlen (text), sizeof text - strlen (text), "%s%s", i ? " " : "",
			member_outcome (&fanout.members[i]));
	return text;
}

/* --- outcomes and the exit status ---------------------------------------------------------------------------------- */

#define ROW(status, words, ...) \
	{ \
		status, words, \
		{ \
			__VA_ARGS__ \
		} \
	}
static const struct {
	int status;
	const char *outcomes;
	struct far_reply replies[4];
} table[] = {
	ROW (0, "exited exited", OK, OK),
	ROW (3, "exited exited", OK, EXIT (3)),
	ROW (7, "exited exited exited", EXIT (7), EXIT (3), OK),
	ROW (137, "signalled exited", SIGNALLED, EXIT (3)),
	ROW (124, "exited timed_out", EXIT (200), TIMED_OUT),
	ROW (124, "timed_out signalled", TIMED_OUT, SIGNALLED),
	ROW (130, "cancelled exited", CANCELLED, EXIT (3)),
	ROW (254, "exited failed", OK, DENIED),
	ROW (254, "exited lost", EXIT (3), LOST),
	ROW (254, "exited never_started", OK, NEVER),
	ROW (254, "timed_out lost", TIMED_OUT, LOST),
};

START_TEST (exit_status)
{
	size_t n = 0, good = 0;

	while (n < 4 && table[_i].replies[n].text)
		n++;
	prepare (n, table[_i].replies, n);
	fanout.window = 1; /* the replies are in the order of the hosts */
	ck_assert_int_eq (go (), table[_i].status);
	ck_assert_str_eq (outcomes (), table[_i].outcomes);
	for (size_t i = 0; i < n; i++) {
		good += member_status (&fanout.members[i]) == 0;
		ck_assert (member_succeeded (&fanout.members[i]) == (member_status (&fanout.members[i]) == 0));
	}
	ck_assert_uint_eq (fanout.succeeded, good);
	ck_assert_uint_eq (fanout.failed, n - good);
	end ();
}
END_TEST

START_TEST (unreachable)
{
	prepare (3, (const struct far_reply[]){ EXIT (3), OK }, 2);
	fanout.window = 1;
	targets[1].where = NOWHERE;
	ck_assert_int_eq (go (), 254);
	ck_assert_str_eq (outcomes (), "exited unreachable exited");
	ck_assert_int_eq (member_status (&fanout.members[0]), 3);
	ck_assert_int_eq (member_status (&fanout.members[1]), 255);
	ck_assert_int_eq (far.counts->calls, 2);
	end ();
}
END_TEST

/* --- who is started when ------------------------------------------------------------------------------------------- */

static const struct far_reply all_good[MOST] = { OK, OK, OK, OK, OK, OK, OK, OK };

START_TEST (the_window)
{
	size_t most = 0;

	prepare (MOST, all_good, MOST);
	fanout.window = 3;
	ck_assert_int_eq (go (), 0);
	for (size_t i = 0; i < MOST; i++)
		most = at_once[i] > most ? at_once[i] : most;
	ck_assert_uint_eq (most + 1, 3);
	end ();
}
END_TEST

START_TEST (all_at_once)
{
	prepare (MOST, all_good, MOST);
	fanout.window = 1000;
	ck_assert_int_eq (go (), 0);
	for (size_t i = 0; i < MOST; i++)
		ck_assert_uint_eq (at_once[i], i);
	end ();
}
END_TEST

/* One at first, and the second and third when it has succeeded. */
START_TEST (a_ramp)
{
	prepare (MOST, all_good, MOST);
	fanout.brake.ramp = true;
	ck_assert_int_eq (go (), 0);
	ck_assert_uint_eq (at_once[0], 0);
	ck_assert_uint_eq (at_once[1], 0);
	ck_assert_uint_eq (at_once[2], 1);
	for (size_t i = 3; i < MOST; i++)
		ck_assert_uint_le (at_once[i], 3);
	end ();
}
END_TEST

START_TEST (batches)
{
	prepare (MOST, all_good, MOST);
	fanout.brake.rolling = 3;
	ck_assert_int_eq (go (), 0);
	for (size_t i = 0; i < MOST; i++)
		ck_assert_uint_eq (at_once[i], i % 3);
	end ();
}
END_TEST

/* --- when no further one is started -------------------------------------------------------------------------------- */

static const struct {
	const char *max_fail, *outcomes;
	int status;
} max_fails[] = {
	{ "0", "exited skipped skipped skipped skipped", 3 },
	{ "1", "exited exited exited skipped skipped", 3 },
	{ "2", "exited exited exited exited exited", 3 },
	{ "19%", "exited skipped skipped skipped skipped", 3 },
	{ "20%", "exited exited exited skipped skipped", 3 },
	{ "40%", "exited exited exited exited exited", 3 },
};

START_TEST (max_fail)
{
	struct err err;

	prepare (5, (const struct far_reply[]){ EXIT (3), OK, EXIT (2), OK, OK }, 5);
	fanout.window = 1;
	ck_assert_int_eq (brake_parse_max_fail (&fanout.brake, max_fails[_i].max_fail, &err), 0);
	ck_assert_int_eq (go (), max_fails[_i].status);
	ck_assert_str_eq (outcomes (), max_fails[_i].outcomes);
	ck_assert_int_eq (far.counts->calls, (int)begun);
	end ();
}
END_TEST

/* Those that run are stopped, and the failure is the status. The far host serves nobody else before the first one is over. */
START_TEST (fail_fast)
{
	prepare (6, (const struct far_reply[]){ EXIT (3), OK, OK, OK, OK, OK }, 6);
	fanout.window = 3;
	fanout.brake.fail_fast = true;
	ck_assert_int_eq (go (), 3);
	ck_assert_str_eq (outcomes (), "exited cancelled cancelled skipped skipped skipped");
	ck_assert_int_eq (far.counts->calls, 1);
	end ();
}
END_TEST

/* The first one that could run it decides, whatever its status; one that could not be reached does not. */
START_TEST (any)
{
	prepare (4, (const struct far_reply[]){ DENIED, EXIT (3), OK }, 3);
	targets[0].where = NOWHERE;
	fanout.brake.any = true;
	ck_assert_int_eq (go (), 3);
	ck_assert_str_eq (outcomes (), "unreachable failed exited skipped");
	end ();
	prepare (2, (const struct far_reply[]){ OK }, 1);
	targets[0].where = NOWHERE;
	fanout.brake.any = true;
	ck_assert_int_eq (go (), 0);
	end ();
	prepare (2, (const struct far_reply[]){ LOST }, 1); /* it may have run */
	fanout.brake.any = true;
	ck_assert_int_eq (go (), 255);
	ck_assert_str_eq (outcomes (), "lost skipped");
	end ();
	prepare (2, NULL, 0);
	targets[0].where = targets[1].where = NOWHERE;
	fanout.brake.any = true;
	ck_assert_int_eq (go (), 254);
	ck_assert_str_eq (outcomes (), "unreachable unreachable");
	end ();
}
END_TEST

static void hold (struct fanout *self, struct member *member)
{
	on_end (self, member);
	if (!member->rank)
		fanout_hold (self);
}

/* What was not done is no success. */
START_TEST (the_caller_holds)
{
	prepare (3, all_good, 3);
	fanout.window = 1;
	fanout.ended = hold;
	ck_assert_int_eq (go (), STATUS_REMEX);
	ck_assert_str_eq (outcomes (), "exited skipped skipped");
	ck_assert_int_eq (member_status (&fanout.members[1]), STATUS_REMEX);
	ck_assert (!member_succeeded (&fanout.members[1]));
	end ();
}
END_TEST

static int interrupt (struct fanout *self, struct member *member)
{
	on_begin (self, member);
	raise (SIGTERM);
	return 0;
}

static void interrupt_at_end (struct fanout *self, struct member *member)
{
	on_end (self, member);
	if (!member->rank)
		raise (SIGINT);
}

/* When the first one is about to be called (it may answer all the same), and when it has succeeded. */
START_TEST (a_signal)
{
	prepare (3, all_good, 3);
	fanout.window = 1;
	fanout.begin = interrupt;
	ck_assert_int_eq (go (), STATUS_CANCELLED);
	ck_assert_uint_eq (fanout.skipped, 2);
	ck_assert (fanout.interrupted);
	end ();
	prepare (3, all_good, 3);
	fanout.brake.rolling = 1;
	fanout.ended = interrupt_at_end;
	ck_assert_int_eq (go (), STATUS_CANCELLED);
	ck_assert (fanout.interrupted);
	ck_assert_uint_ge (fanout.succeeded, 1);
	ck_assert_uint_ge (fanout.skipped, 1);
	end ();
}
END_TEST

/* --- what a member is called with ---------------------------------------------------------------------------------- */

static int refuse (struct fanout *self, struct member *member)
{
	on_begin (self, member);
	errno = EMFILE;
	if (member->rank == 2) {
		call_fail (&member->call, REMEX_FAILED, "not_found", "its own words");
		errno = 0;
	}
	return member->rank ? -1 : 0;
}

/* No connection is made for it; the others go on. */
START_TEST (a_member_that_cannot_begin)
{
	prepare (3, all_good, 3);
	fanout.begin = refuse;
	ck_assert_int_eq (go (), 254);
	ck_assert_str_eq (outcomes (), "exited failed failed");
	ck_assert_str_eq (fanout.members[1].call.result.message, strerror (EMFILE));
	ck_assert_str_eq (fanout.members[2].call.result.message, "its own words");
	ck_assert_int_eq (far.counts->connections, 1);
	end ();
}
END_TEST

static char *arguments_of (struct fanout *self, const struct member *member)
{
	char *text;

	(void)self;
	errno = ENOMEM;
	return member->rank == 1                                                      ? NULL
	       : asprintf (&text, "{\"argv\":[\"echo\",\"%zu\"]}", member->rank) >= 0 ? text
										      : NULL;
}

START_TEST (arguments)
{
	prepare (3, all_good, 3);
	fanout.arguments = arguments_of;
	fanout.options.args = "no JSON at all";
	ck_assert_int_eq (go (), 254);
	ck_assert_str_eq (outcomes (), "exited failed exited");
	ck_assert_int_eq (far.counts->calls, 2);
	end ();
}
END_TEST

START_TEST (users)
{
	prepare (2, all_good, 2);
	fanout.options.user = "everywhere";
	targets[1].user = "there";
	ck_assert_int_eq (go (), 0);
	ck_assert_str_eq (fanout.members[0].call.options.user, "everywhere");
	ck_assert_str_eq (fanout.members[1].call.options.user, "there");
	end ();
}
END_TEST

/* --- views and results --------------------------------------------------------------------------------------------- */

static struct {
	struct view view;
	char text[MOST][256]; /* what came, by rank: "o:" before stdout, "e:" before stderr */
	int ended[MOST];
	size_t bad; /* the rank whose output cannot be taken; MOST: none */
} seen;

static int take (struct view *view, struct member *member, bool is_err, const void *bytes, size_t n)
{
	char *text = seen.text[member->rank];

	ck_assert_ptr_eq (view, &seen.view);
	snprintf (text + strlen (text), sizeof *seen.text - strlen (text), "%s:%.*s", is_err ? "e" : "o", (int)n,
		(const char *)bytes);
	return member->rank == seen.bad ? -1 : 0;
}

static void view_ended (struct view *view, struct member *member)
{
	(void)view;
	seen.ended[member->rank]++;
}

static const struct view_ops seen_ops = { .take = take, .ended = view_ended };

static void see (size_t bad)
{
	memset (&seen, 0, sizeof seen);
	seen.view.ops = &seen_ops;
	seen.bad = bad;
	fanout.views[fanout.n_views++] = &seen.view;
}

START_TEST (views)
{
	prepare (3, (const struct far_reply[]){ { FAR_EXITED, "one\n" }, { FAR_EXITED, "two\n" }, { FAR_EXITED, "" } },
		3);
	fanout.window = 1;
	see (MOST);
	ck_assert_int_eq (go (), 0);
	ck_assert_str_eq (seen.text[0], "o:one\n");
	ck_assert_str_eq (seen.text[1], "o:two\n");
	ck_assert_str_eq (seen.text[2], "");
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq (seen.ended[i], 1);
	end ();
}
END_TEST

/* That host has failed, whatever its command has done; the others go on. */
START_TEST (a_view_that_cannot_take)
{
	prepare (3, (const struct far_reply[]){ { FAR_EXITED, "x" }, { FAR_EXITED, "x" }, { FAR_EXITED, "x" } }, 3);
	fanout.window = 1;
	see (1);
	ck_assert_int_eq (go (), 254);
	ck_assert_str_eq (outcomes (), "exited failed exited");
	ck_assert_str_eq (fanout.members[1].call.result.code, "internal");
	end ();
}
END_TEST

static char *render (struct fanout *self, const struct member *member, struct err *err)
{
	(void)self;
	if (member->rank != 1)
		return strdup ("rendered\n");
	err_set (err, 0, "that is no status");
	return NULL;
}

static void go_status (bool renders)
{
	prepare (3, (const struct far_reply[]){ { FAR_RESULT, "{}" }, { FAR_RESULT, "[]" }, DENIED }, 3);
	fanout.call = "status.show";
	fanout.window = 1;
	fanout.render = render;
	fanout.renders = renders;
	see (MOST);
	ck_assert_int_eq (go (), 254);
	ck_assert_str_eq (outcomes (), "completed failed failed");
	ck_assert_str_eq (fanout.members[1].call.result.message, "that is no status");
}

START_TEST (results)
{
	go_status (true);
	ck_assert_str_eq (seen.text[0], "o:rendered\n");
	ck_assert_str_eq (seen.text[1], "");
	ck_assert_str_eq (seen.text[2], "");
	ck_assert_uint_eq (buf_len (&fanout.members[0].call.result_bytes), 0);
	end ();
	go_status (false); /* for JSON: the bytes stay */
	ck_assert_str_eq (seen.text[0], "");
	ck_assert_uint_eq (buf_len (&fanout.members[0].call.result_bytes), 2);
	end ();
}
END_TEST

/* As hosts end it is said how, unless the command itself has ended. */
START_TEST (tells)
{
	const char *said;

	prepare (3, (const struct far_reply[]){ EXIT (3), DENIED, SIGNALLED }, 3);
	fanout.window = 1;
	fanout.reports = true;
	capture_begin ();
	ck_assert_int_eq (go (), 254);
	said = capture_end ();
	ck_assert_ptr_null (strstr (said, "n1"));
	ck_assert_ptr_nonnull (strstr (said, "remex: n2: no\n"));
	ck_assert_ptr_nonnull (strstr (said, "remex: n3: ended by signal 9"));
	end ();
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_loop_test (tcase, exit_status, 0, sizeof table / sizeof *table);
	tcase_add_test (tcase, unreachable);
	tcase_add_test (tcase, the_window);
	tcase_add_test (tcase, all_at_once);
	tcase_add_test (tcase, a_ramp);
	tcase_add_test (tcase, batches);
	tcase_add_loop_test (tcase, max_fail, 0, sizeof max_fails / sizeof *max_fails);
	tcase_add_test (tcase, fail_fast);
	tcase_add_test (tcase, any);
	tcase_add_test (tcase, the_caller_holds);
	tcase_add_test (tcase, a_signal);
	tcase_add_test (tcase, a_member_that_cannot_begin);
	tcase_add_test (tcase, arguments);
	tcase_add_test (tcase, users);
	tcase_add_test (tcase, views);
	tcase_add_test (tcase, a_view_that_cannot_take);
	tcase_add_test (tcase, results);
	tcase_add_test (tcase, tells);
}

CHECK_MAIN ("fanout", add_cases)
