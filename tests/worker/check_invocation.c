/* A worker and its calls, over a link whose other end is the test: calls in pieces, failures, state that a plugin
 * changed, the lifeline. Input and output are in check_streams.c, commands in check_command.c.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "plugin/plugin_fixture.h"
#include "support/check_main.h"
#include "wire/codes.h"
#include "wire/records.h"
#include "wire/verbs.h"
#include "worker/worker_fixture.h"

#define ROWS(table) (int)(sizeof table / sizeof *table)

static struct worker_fixture fixture;
static char out[2048];

/* --- calls -------------------------------------------------------------------------------------------------------- */

START_TEST (one_after_another)
{
	char header[128];

	fixture_ready (&fixture);
	for (unsigned id = 1; id <= 50; id++) {
		snprintf (header, sizeof header, "{\"id\":9,\"call\":\"tester.say\",\"args\":{\"n\":%u}}", id);
		fixture_call (&fixture, id, header);
		ck_assert_int_eq (fixture_end (&fixture, out, sizeof out), REC_DONE);
		ck_assert_uint_eq (fixture.packet.record.id, id);
		ck_assert_int_eq (fixture.packet.record.a, OUTCOME_COMPLETED);
		ck_assert_uint_eq (fixture_state (&fixture).flags, 0);
		ck_assert_int_gt (fixture_state (&fixture).resident, 0);
		snprintf (header, sizeof header, "text=- n=%u r=-1 b=0", id);
		ck_assert_str_eq (out, header);
	}
	fixture_finish (&fixture);
}
END_TEST

START_TEST (all_arguments)
{
	fixture_ready (&fixture);
	fixture_call (&fixture, 1,
		"{\"call\":\"tester.say\",\"args\":{\"text\":\"t\",\"list\":[\"a\",\"b\"],\"map\":{\"A\":\"1\"},\"n\":-"
		"5,"
		"\"r\":0.25,\"b\":true}}");
	ck_assert_int_eq (fixture_end (&fixture, out, sizeof out), REC_DONE);
	ck_assert_str_eq (out, "text=t list=a list=b map=A=1 n=-5 r=0.25 b=1");
	fixture_call (&fixture, 2, "{\"call\":\"tester.show\"}");
	ck_assert_int_eq (fixture_end (&fixture, out, sizeof out), REC_DONE);
	ck_assert_str_eq (out, "option - 7 0.5 1");
	fixture_finish (&fixture);
}
END_TEST

/* Two verbs share one handler, which is told the verb. */
START_TEST (the_verb)
{
	static const char *const verbs[] = { "this", "that", "this" };
	char header[64];

	fixture_ready (&fixture);
	for (unsigned i = 0; i < 3; i++) {
		snprintf (header, sizeof header, "{\"call\":\"tester.%s\"}", verbs[i]);
		fixture_call (&fixture, i + 1, header);
		ck_assert_int_eq (fixture_end (&fixture, out, sizeof out), REC_DONE);
		ck_assert_str_eq (out, verbs[i]);
	}
	fixture_finish (&fixture);
}
END_TEST

/* The call is sent before the worker is ready, as the front does it. */
START_TEST (before_it_is_ready)
{
	fixture_start (&fixture, geteuid (), false);
	fixture_call (&fixture, 1, "{\"call\":\"tester.say\"}");
	ck_assert_int_eq (fixture_recv (&fixture), REC_READY);
	ck_assert_int_eq (fixture_end (&fixture, out, sizeof out), REC_DONE);
	fixture_finish (&fixture);
}
END_TEST

/* Header and attachment in a row, cut in pieces of every size; other records may come between. */
START_TEST (in_pieces)
{
	static const char text[] = "{\"call\":\"tester.facts\",\"x\":\"0123456789\"}{\"facts\":{\"n\":1}}";
	size_t whole = sizeof text - 1, header = whole - 17;

	fixture_ready (&fixture);
	for (size_t piece = 1; piece <= whole; piece++) {
		for (size_t sent = 0; sent < whole; sent += piece) {
			struct record record = { .type = REC_CALL, .id = piece, .a = (int64_t)header, .b = 17 };
			size_t n = whole - sent < piece ? whole - sent : piece;

			ck_assert_int_eq (
				link_send (fixture.link,
					&(struct outgoing){ .record = record, .data = text + sent, .n = n }, 0),
				0);
			link_post (fixture.link, REC_SIGNAL, piece - 1, SIGTERM, 0, 0);
		}
		ck_assert_int_eq (fixture_end (&fixture, out, sizeof out), REC_DONE);
		ck_assert_uint_eq (fixture.packet.record.id, piece);
		ck_assert_str_eq (out, "{\"n\":1}");
	}
	fixture_call (&fixture, 1000, "{\"call\":\"tester.facts\"}");
	ck_assert_int_eq (fixture_end (&fixture, out, sizeof out), REC_DONE);
	ck_assert_str_eq (out, "none");
	fixture_finish (&fixture);
}
END_TEST

static const struct {
	const char *verb, *attachment, *said;
} roots_rows[] = {
	{ "roots", "{\"roots\":null}", "unbound" },
	{ "roots", "{\"roots\":[]}", "bound" },
	{ "roots", "{\"roots\":[{\"path\":\"/srv/\xC3\xBC\",\"write\":true},{\"path\":\"/\",\"write\":false}]}",
		"bound /srv/\xC3\xBC=rw /=r" },
	{ "roots", "{\"roots\":[{\"path\":{\"b64\":\"L/8=\"},\"write\":true}],\"facts\":{},\"more\":1}",
		"bound /\xFF=rw" },
	{ "both", "{\"facts\":{\"n\":1},\"roots\":null}", "unbound" },
	/* A verb that does not ask for roots gets none, whatever the call has. */
	{ "rootless", "", "bound" },
	{ "rootless", "{\"facts\":{}}", "bound" },
};

START_TEST (roots)
{
	char header[64];

	fixture_ready (&fixture);
	snprintf (header, sizeof header, "{\"call\":\"tester.%s\"}", roots_rows[_i].verb);
	for (uint64_t id = 1; id <= 2; id++) {
		fixture_call_with (&fixture, id, header, roots_rows[_i].attachment);
		ck_assert_int_eq (fixture_end (&fixture, out, sizeof out), REC_DONE);
		ck_assert_str_eq (out, roots_rows[_i].said);
	}
	/* Nothing of one call is left for the next. */
	fixture_call (&fixture, 3, "{\"call\":\"tester.rootless\"}");
	ck_assert_int_eq (fixture_end (&fixture, out, sizeof out), REC_DONE);
	ck_assert_str_eq (out, "bound");
	fixture_finish (&fixture);
}
END_TEST

#define UNSAID "tester.roots does not run: the call does not say which roots bind its caller"
#define MALFORMED "the attachment of the call is malformed: "

/* Roots that the front would never send permit nothing, and the worker lives on. */
static const struct {
	const char *attachment, *why;
} roots_refused[] = {
	{ "", UNSAID },
	{ "{}", UNSAID },
	{ "{\"facts\":{}}", UNSAID },
	{ "{\"roots\":false}", MALFORMED "the roots are not a list" },
	{ "{\"roots\":{}}", MALFORMED "the roots are not a list" },
	{ "{\"roots\":[null]}", MALFORMED "a root without 'write': true or false" },
	{ "{\"roots\":[{\"path\":\"/\",\"write\":1}]}", MALFORMED "a root without 'write': true or false" },
	{ "{\"roots\":[{\"path\":\"/\",\"write\":true},{\"path\":\"a\",\"write\":true}]}",
		MALFORMED "a root's path is not absolute" },
	{ "{\"roots\":[{\"path\":7,\"write\":true}]}", NULL },
	{ "{\"roots\":[{\"path\":{\"b64\":\"LwAv\"},\"write\":true}]}", NULL }, /* a NUL in it */
	{ "{\"roots\":[{\"path\":\"/\",\"write\":true}", NULL },
	{ "{\"roots\":null}{}", NULL },
	{ "{\"roots\":null,\"roots\":[]}", NULL },
	{ "[]", NULL },
	{ "null", NULL },
};

START_TEST (malformed_roots)
{
	const char *why = roots_refused[_i].why;

	fixture_ready (&fixture);
	fixture_call_with (&fixture, 1, "{\"call\":\"tester.roots\"}", roots_refused[_i].attachment);
	ck_assert_int_eq (fixture_end (&fixture, out, sizeof out), REC_FAIL);
	ck_assert_str_eq (out, "");
	if (why)
		ck_assert_str_eq (fixture_words (&fixture), why);
	else
		ck_assert_int_eq (strncmp (fixture_words (&fixture), MALFORMED, strlen (MALFORMED)), 0);
	fixture_call_with (&fixture, 2, "{\"call\":\"tester.roots\"}", "{\"roots\":null}");
	ck_assert_int_eq (fixture_end (&fixture, out, sizeof out), REC_DONE);
	ck_assert_str_eq (out, "unbound");
	fixture_finish (&fixture);
}
END_TEST

/* A call larger than a record. */
START_TEST (a_large_one)
{
	enum { WORDS = 60000 };
	char *text = malloc (WORDS * 12 + 100);
	size_t n = (size_t)sprintf (text, "{\"call\":\"tester.run\",\"args\":{\"argv\":[\"true\""), sent = 0;

	for (int i = 0; i < WORDS; i++)
		n += (size_t)sprintf (text + n, ",\"%08d\"", i);
	n += (size_t)sprintf (text + n, "]}}");
	fixture_ready (&fixture);
	while (sent < n) {
		struct record record = { .type = REC_CALL, .id = 1, .a = (int64_t)n };
		size_t piece = n - sent < LINK_PAYLOAD ? n - sent : LINK_PAYLOAD;

		ck_assert_int_eq (link_send (fixture.link,
					  &(struct outgoing){ .record = record, .data = text + sent, .n = piece }, 0),
			0);
		sent += piece;
	}
	ck_assert_int_eq (fixture_end (&fixture, out, sizeof out), REC_DONE);
	ck_assert_int_eq (fixture.packet.record.a, OUTCOME_EXITED);
	ck_assert_int_eq (fixture.packet.record.b, 0);
	fixture_finish (&fixture);
	free (text);
}
END_TEST

/* The front has stopped the request of a large call before all of it was sent: the next call begins anew, whatever its size. */
START_TEST (after_half_a_call)
{
	enum { HALF = 100000 };
	struct record record = { .type = REC_CALL, .id = 1, .a = 3 * HALF };
	char *half = malloc (HALF), *large = malloc (HALF + 100);

	memset (half, 'x', HALF);
	snprintf (large, HALF + 100, "{\"call\":\"tester.say\",\"x\":\"%.*s\"}", _i ? HALF - 1000 : 0, half);
	fixture_ready (&fixture);
	ck_assert_int_eq (
		link_send (fixture.link, &(struct outgoing){ .record = record, .data = half, .n = HALF }, 0), 0);
	for (uint64_t id = 2; id <= 3; id++) {
		fixture_call (&fixture, id, large);
		ck_assert_int_eq (fixture_end (&fixture, out, sizeof out), REC_DONE);
		ck_assert_uint_eq (fixture.packet.record.id, id);
	}
	fixture_finish (&fixture);
	free (half);
	free (large);
}
END_TEST

/* --- failures ----------------------------------------------------------------------------------------------------- */

static const struct fail_row {
	const char *header;
	enum code code;
	int number;
	const char *words;
} fail_rows[] = {
	{ "{\"call\":\"tester.nothing\"}", CODE_UNKNOWN_CALL, -1, "no call 'tester.nothing'" },
	{ "{\"call\":\"nobody.say\"}", CODE_UNKNOWN_CALL, -1, "no call 'nobody.say'" },
	{ "{\"call\":\"tester.say\",\"args\":{\"n\":\"x\"}}", CODE_BAD_VALUE, -1, "'n'" },
	{ "{\"call\":\"tester.sulk\"}", CODE_FAILED, EXDEV, "tester.sulk failed: Invalid cross-device link" },
	{ "{\"call\":\"tester.fail\",\"args\":{\"n\":0}}", CODE_FAILED, ENOENT, "no luck\xFF" },
	{ "{\"call\":\"tester.fail\",\"args\":{\"n\":1}}", CODE_BAD_VALUE, ENOENT, "no luck" },
	{ "{\"call\":\"tester.fail\",\"args\":{\"n\":2}}", CODE_DENIED, ENOENT, "no luck" },
	{ "{\"call\":\"tester.fail\",\"args\":{\"n\":3}}", CODE_NOT_FOUND, ENOENT, "no luck" },
	{ "{\"call\":\"tester.fail\",\"args\":{\"n\":4}}", CODE_BUSY, ENOENT, "no luck" },
	{ "{\"call\":\"tester.fail\",\"args\":{\"n\":5}}", CODE_IO_ERROR, ENOENT, "no luck" },
	{ "{\"call\":\"tester.fail\",\"args\":{\"n\":6}}", CODE_FAILED, ENOENT, "no luck" },
	{ "{\"call\":\"tester.fail\",\"args\":{\"n\":-1}}", CODE_FAILED, ENOENT, "no luck" },
	{ "this is no JSON", CODE_FAILED, -1, "header" },
};

START_TEST (failing)
{
	const struct fail_row *row = &fail_rows[_i];

	fixture_ready (&fixture);
	fixture_call (&fixture, 3, row->header);
	ck_assert_int_eq (fixture_end (&fixture, out, sizeof out), REC_FAIL);
	ck_assert_uint_eq (fixture.packet.record.id, 3);
	ck_assert_int_eq (fixture.packet.record.a, row->code);
	if (row->number >= 0)
		ck_assert_int_eq (fixture.packet.record.b, row->number);
	ck_assert_msg (strstr (fixture_words (&fixture), row->words) != NULL, "%s", fixture_words (&fixture));
	/* The worker still works. */
	fixture_call (&fixture, 4, "{\"call\":\"tester.say\"}");
	ck_assert_int_eq (fixture_end (&fixture, out, sizeof out), REC_DONE);
	fixture_finish (&fixture);
}
END_TEST

START_TEST (a_crash)
{
	int status;

	fixture_ready (&fixture);
	fixture_call (&fixture, 1, "{\"call\":\"tester.crash\"}");
	ck_assert_int_eq (fixture_recv (&fixture), 0);
	status = fixture_wait (&fixture);
	ck_assert (WIFSIGNALED (status) && WTERMSIG (status) == SIGABRT);
}
END_TEST

static const struct {
	int64_t a, b;
	size_t n;
} senseless[] = { { -1, 0, 5 }, { 0, -1, 5 }, { 3, 0, 5 }, { INT64_MAX, 0, 5 }, { 5 * 1024 * 1024, 0, 5 } };

/* Records that no front sends end the worker, and have no other effect. */
START_TEST (malformed_calls)
{
	struct record record = { .type = REC_CALL, .id = 1, .a = senseless[_i].a, .b = senseless[_i].b };

	fixture_ready (&fixture);
	ck_assert_int_eq (link_send (fixture.link,
				  &(struct outgoing){ .record = record, .data = "12345", .n = senseless[_i].n }, 0),
		0);
	ck_assert_int_eq (fixture_recv (&fixture), 0);
	ck_assert_int_eq (WEXITSTATUS (fixture_wait (&fixture)), EXIT_FAILURE);
}
END_TEST

/* So does a call that has become shorter than its first piece. */
START_TEST (a_call_that_shrinks)
{
	fixture_ready (&fixture);
	for (int i = 0; i < 2; i++) {
		struct record record = { .type = REC_CALL, .id = 1, .a = i ? 3 : 100 };

		ck_assert_int_eq (link_send (fixture.link,
					  &(struct outgoing){ .record = record, .data = "1234567890", .n = 10 }, 0),
			0);
	}
	ck_assert_int_eq (fixture_recv (&fixture), 0);
	ck_assert_int_eq (WEXITSTATUS (fixture_wait (&fixture)), EXIT_FAILURE);
}
END_TEST

/* --- the worker's own state --------------------------------------------------------------------------------------- */

static const struct soil_row {
	const char *how;
	unsigned flags;
} soil_rows[] = {
	{ "nothing", 0 },
	{ "restored", 0 },
	{ "cwd", WORKER_DIRTY },
	{ "umask", WORKER_DIRTY },
	{ "fd", WORKER_DIRTY },
	{ "mask", WORKER_DIRTY },
	{ "ignore", WORKER_DIRTY },
	{ "catch", WORKER_DIRTY },
	{ "thread", WORKER_DIRTY },
	{ "child", WORKER_LEFT },
};

START_TEST (process_state_that_a_plugin_changes)
{
	char header[128];

	snprintf (header, sizeof header, "{\"call\":\"tester.soil\",\"args\":{\"text\":\"%s\"}}", soil_rows[_i].how);
	fixture_ready (&fixture);
	fixture_call (&fixture, 1, header);
	ck_assert_int_eq (fixture_end (&fixture, out, sizeof out), REC_DONE);
	ck_assert_uint_eq (fixture_state (&fixture).flags, soil_rows[_i].flags);
	fixture_finish (&fixture);
}
END_TEST

START_TEST (the_lifeline_ends_while_idle)
{
	fixture_ready (&fixture);
	fixture_finish (&fixture);
}
END_TEST

START_TEST (the_lifeline_ends_while_running)
{
	fixture_ready (&fixture);
	fixture_call (&fixture, 1, "{\"call\":\"tester.until\"}");
	ck_assert_int_eq (fixture_recv (&fixture), REC_OUTPUT);
	fd_close (&fixture.lifeline);
	ck_assert_int_eq (fixture_end (&fixture, out, sizeof out), REC_FAIL);
	ck_assert_str_eq (fixture_words (&fixture), "cancelled");
	ck_assert_int_eq (fixture_recv (&fixture), 0);
	ck_assert_int_eq (fixture_wait (&fixture), 0);
}
END_TEST

/* The worker exits when its keeper tells it to, and not before (the keeper would take an earlier exit for a crash). */
START_TEST (the_front_is_gone)
{
	int status;

	fixture_ready (&fixture);
	fd_close (&fixture.link);
	ck_assert_int_eq (waitpid (fixture.pid, &status, WNOHANG), 0);
	fd_close (&fixture.lifeline);
	ck_assert_int_eq (fixture_wait (&fixture), 0);
}
END_TEST

START_TEST (a_user_that_is_not_there)
{
	fixture_start (&fixture, 3999999999u, false);
	ck_assert_int_eq (fixture_recv (&fixture), REC_FAIL);
	ck_assert_uint_eq (fixture.packet.record.id, 0);
	ck_assert_uint_gt (strlen (fixture_words (&fixture)), 0);
	ck_assert_int_eq (fixture_recv (&fixture), 0);
	ck_assert_int_eq (WEXITSTATUS (fixture_wait (&fixture)), EXIT_FAILURE);
}
END_TEST

START_TEST (a_probe)
{
	struct verb_table *table;
	struct buf text;
	struct err err;
	json_t *json;
	int type;

	buf_init (&text, 1024 * 1024);
	fixture_start (&fixture, geteuid (), true);
	ck_assert_int_eq (fixture_recv (&fixture), REC_LOADING);
	ck_assert_int_eq (fixture.packet.record.a, 0);
	ck_assert_int_eq (fixture_recv (&fixture), REC_LOADING);
	ck_assert_int_eq (fixture.packet.record.a, -1);
	while ((type = fixture_recv (&fixture)) == REC_VERBS)
		buf_append (&text, fixture.packet.data, fixture.packet.record.length);
	ck_assert_int_eq (type, 0);
	ck_assert_int_eq (fixture.packet.record.a, (int64_t)buf_len (&text));
	json = json_loadb ((const char *)buf_head (&text), buf_len (&text), 0, NULL);
	table = verb_table_new (json, &err);
	ck_assert_ptr_nonnull (table);
	ck_assert (verb_find (table, "tester.facts", &err)->facts && verb_find (table, "tester.facts", &err)->control);
	ck_assert (!verb_find (table, "tester.say", &err)->facts && !verb_find (table, "tester.facts", &err)->paths);
	ck_assert (verb_find (table, "tester.roots", &err)->paths && !verb_find (table, "tester.roots", &err)->facts);
	ck_assert (verb_find (table, "tester.run", &err)->params[0].required);
	verb_table_free (table);
	json_decref (json);
	buf_free (&text);
	ck_assert_int_eq (fixture_wait (&fixture), 0);
}
END_TEST

/* A probe names the plugin that it loads next, so that a crash in a constructor can be attributed. */
START_TEST (a_probe_that_crashes)
{
	int64_t last = -1;
	int type;

	fixture_install ("tests/plugins/bad_constructor", "bad_constructor.so");
	fixture_write ("aa.so", "x");
	fixture_start (&fixture, geteuid (), true);
	while ((type = fixture_recv (&fixture))) {
		ck_assert_int_eq (type, REC_LOADING);
		ck_assert_int_eq (fixture.packet.record.a, last + 1);
		last = fixture.packet.record.a;
	}
	ck_assert_int_eq (last, 1);
	ck_assert_int_eq (WEXITSTATUS (fixture_wait (&fixture)), 42);
}
END_TEST

static void cases (TCase *tcase)
{
	fixture_add (tcase);
	tcase_add_test (tcase, one_after_another);
	tcase_add_test (tcase, all_arguments);
	tcase_add_test (tcase, the_verb);
	tcase_add_test (tcase, before_it_is_ready);
	tcase_add_test (tcase, in_pieces);
	tcase_add_loop_test (tcase, roots, 0, ROWS (roots_rows));
	tcase_add_loop_test (tcase, malformed_roots, 0, ROWS (roots_refused));
	tcase_add_test (tcase, a_large_one);
	tcase_add_loop_test (tcase, after_half_a_call, 0, 2); /* a small one, a large one */
	tcase_add_loop_test (tcase, failing, 0, ROWS (fail_rows));
	tcase_add_test (tcase, a_crash);
	tcase_add_test (tcase, a_call_that_shrinks);
	tcase_add_loop_test (tcase, malformed_calls, 0, ROWS (senseless));
	tcase_add_loop_test (tcase, process_state_that_a_plugin_changes, 0, ROWS (soil_rows));
	tcase_add_test (tcase, the_lifeline_ends_while_idle);
	tcase_add_test (tcase, the_lifeline_ends_while_running);
	tcase_add_test (tcase, the_front_is_gone);
	tcase_add_test (tcase, a_user_that_is_not_there);
	tcase_add_test (tcase, a_probe);
	tcase_add_test (tcase, a_probe_that_crashes);
}

CHECK_MAIN ("worker/invocation", cases)
