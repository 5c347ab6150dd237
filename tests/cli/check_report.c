/* check_report - the results of many hosts in JSON: an object for each of them, in an array or on a line, whatever has become
 * of it and whatever it has printed. */
#include "config.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/captured.h"
#include "cli/report.h"
#include "support/check_main.h"

enum { MOST = 8 };

static struct fanout fanout;
static struct member members[MOST];
static struct host_target targets[MOST];
static struct spool spool;
static struct gather gather;
static struct report report;
static int reader = -1, writer = -1; /* of the pipe in the place of stdout */

static void setup (void)
{
	int ends[2];

	fanout = (struct fanout){ .members = members };
	spool_init (&spool, 4096);
	ck_assert_int_eq (gather_open (&gather, &spool, MOST), 0);
	ck_assert_int_eq (pipe2 (ends, O_CLOEXEC | O_NONBLOCK), 0);
	reader = ends[0];
	writer = ends[1];
	output_init (&fanout.drive.out, ends[1]);
	report_init (&report, &gather, NULL);
}

static void teardown (void)
{
	output_close (&fanout.drive.out);
	gather_close (&gather);
	spool_free (&spool);
	close (reader);
}

/* A host that is over, and what it has printed. */
static struct member *add (const char *name, enum remex_outcome outcome, const char *out, size_t n, const char *err)
{
	struct member *member = &members[fanout.n];

	targets[fanout.n] = (struct host_target){ .label = name, .where = name };
	*member = (struct member){ .target = &targets[fanout.n], .rank = fanout.n, .fanout = &fanout };
	call_init (&member->call);
	member->call.where = name;
	member->call.result = (struct remex_result){
		.outcome = outcome, .code = "", .message = "", .limit = "", .json = "", .seconds = 0.5, .started = true
	};
	gather.view.ops->take (&gather.view, member, false, out, n);
	gather.view.ops->take (&gather.view, member, true, err, strlen (err));
	fanout.n++;
	return member;
}

/* The array, or the lines as they were printed so far, as an array. */
static json_t *array (void)
{
	json_t *all;

	capture_fd_begin (STDOUT_FILENO);
	ck_assert_int_eq (report_print (&report, &fanout), 0);
	all = json_loads (capture_fd_end (STDOUT_FILENO), JSON_ALLOW_NUL, NULL);
	ck_assert (json_is_array (all));
	return all;
}

static json_t *lines (void)
{
	static char text[1 << 20];
	json_t *all = json_array ();
	char *rest = NULL;
	size_t n = 0;

	for (ssize_t got; (got = read (reader, text + n, sizeof text - 1 - n)) > 0; output_flush (&fanout.drive.out))
		n += (size_t)got;
	ck_assert (!output_pending (&fanout.drive.out));
	text[n] = '\0';
	ck_assert (n == 0 || text[n - 1] == '\n');
	for (char *line = strtok_r (text, "\n", &rest); line; line = strtok_r (NULL, "\n", &rest))
		ck_assert_int_eq (json_array_append_new (all, json_loads (line, JSON_ALLOW_NUL, NULL)), 0);
	return all;
}

static json_t *of (const json_t *all, size_t i, const char *key)
{
	json_t *value = json_object_get (json_array_get (all, i), key);

	ck_assert_msg (value != NULL, "no %s", key);
	return value;
}

static const char *text_of (const json_t *all, size_t i, const char *key)
{
	ck_assert (json_is_string (of (all, i, key)));
	return json_string_value (of (all, i, key));
}

START_TEST (every_host_has_an_object)
{
	json_t *all;

	add ("n1", REMEX_EXITED, "out\n", 4, "warning\n")->call.result.exit = 3;
	add ("n2", REMEX_EXITED, "out\n", 4, ""); /* its bytes are those of n1 */
	add ("n3", REMEX_UNREACHABLE, "", 0, "")->call.result.message = "no such host";
	add ("n4", REMEX_EXITED, "", 0, "")->call.skipped = true;
	add ("n5", REMEX_LOST, "half", 4, "")->call.skipped = false;
	all = array ();
	ck_assert_uint_eq (json_array_size (all), 5);
	ck_assert_str_eq (text_of (all, 0, "host"), "n1");
	ck_assert_str_eq (text_of (all, 0, "outcome"), "exited");
	ck_assert_int_eq (json_integer_value (of (all, 0, "exit")), 3);
	ck_assert_str_eq (text_of (all, 0, "stdout"), "out\n");
	ck_assert_str_eq (text_of (all, 0, "stderr"), "warning\n");
	ck_assert_str_eq (text_of (all, 1, "stdout"), "out\n");
	ck_assert_str_eq (text_of (all, 1, "stderr"), "");
	ck_assert_str_eq (text_of (all, 2, "outcome"), "unreachable");
	ck_assert (json_is_null (of (all, 2, "exit")));
	ck_assert_str_eq (json_string_value (json_object_get (of (all, 2, "error"), "message")), "no such host");
	ck_assert_str_eq (text_of (all, 3, "outcome"), "skipped");
	ck_assert (json_is_null (of (all, 3, "exit")));
	ck_assert (json_is_null (of (all, 3, "error")));
	ck_assert_str_eq (text_of (all, 4, "outcome"), "lost");
	ck_assert_str_eq (text_of (all, 4, "stdout"), "half");
	json_decref (all);
	all = array (); /* the output is still there */
	ck_assert_str_eq (text_of (all, 0, "stdout"), "out\n");
	json_decref (all);
}
END_TEST

START_TEST (no_hosts)
{
	json_t *all = array ();

	ck_assert_uint_eq (json_array_size (all), 0);
	json_decref (all);
}
END_TEST

/* Bytes that are no UTF-8, a NUL, and more than one piece of the spool holds. */
START_TEST (any_bytes)
{
	static char much[3 * SPOOL_PIECE];
	json_t *all, *bytes;

	memset (much, 'x', sizeof much);
	add ("n1", REMEX_EXITED, "\xff\xfe", 2, "");
	add ("n2", REMEX_EXITED, "a\0b", 3, "");
	add ("n3", REMEX_EXITED, "\"\\\n\033[2J\xc3\xb6", 10, "");
	for (size_t i = 0; i < 3; i++)
		report.view.ops->ended (&report.view, &members[i]);
	all = lines ();
	ck_assert_uint_eq (json_array_size (all), 3);
	bytes = of (all, 0, "stdout");
	ck_assert_str_eq (json_string_value (json_object_get (bytes, "b64")), "//4=");
	ck_assert_uint_eq (json_string_length (of (all, 1, "stdout")), 3);
	ck_assert_mem_eq (json_string_value (of (all, 1, "stdout")), "a\0b", 4);
	ck_assert_mem_eq (json_string_value (of (all, 2, "stdout")), "\"\\\n\033[2J\xc3\xb6", 10);
	json_decref (all);
	add ("n4", REMEX_EXITED, much, sizeof much, "");
	report.view.ops->ended (&report.view, &members[3]);
	all = lines ();
	ck_assert_uint_eq (json_array_size (all), 1);
	ck_assert_uint_eq (json_string_length (of (all, 0, "stdout")), sizeof much);
	json_decref (all);
}
END_TEST

/* In the order in which hosts end. */
START_TEST (a_line_for_each)
{
	json_t *all;

	add ("n1", REMEX_EXITED, "one", 3, "");
	add ("n2", REMEX_EXITED, "", 0, "")->call.skipped = true;
	ck_assert_int_eq (report.view.ops->take (&report.view, &members[0], false, "one", 3), 0);
	all = lines ();
	ck_assert_uint_eq (json_array_size (all), 0); /* nothing before its end */
	json_decref (all);
	report.view.ops->ended (&report.view, &members[1]);
	report.view.ops->ended (&report.view, &members[0]);
	all = lines ();
	ck_assert_uint_eq (json_array_size (all), 2);
	ck_assert_str_eq (text_of (all, 0, "host"), "n2");
	ck_assert_str_eq (text_of (all, 0, "outcome"), "skipped");
	ck_assert_str_eq (text_of (all, 1, "stdout"), "one");
	json_decref (all);
}
END_TEST

static void more (json_t *object, const struct member *member)
{
	json_object_set_new (object, "rank", json_integer ((json_int_t)member->rank));
}

START_TEST (more_members)
{
	json_t *all;

	report_init (&report, &gather, more);
	add ("n1", REMEX_COMPLETED, "", 0, "");
	add ("n2", REMEX_COMPLETED, "", 0, "");
	all = array ();
	ck_assert_int_eq (json_integer_value (of (all, 1, "rank")), 1);
	json_decref (all);
}
END_TEST

static void fill_pipe (void)
{
	static const char bytes[4096];

	while (write (writer, bytes, sizeof bytes) > 0)
		continue;
}

/* While our reader does not take the lines of others, a host that has ended waits: its bytes stay in the spool. */
START_TEST (a_slow_reader)
{
	struct member *one, *other;

	fill_pipe ();
	one = add ("n1", REMEX_EXITED, "one", 3, "");
	other = add ("n2", REMEX_EXITED, "two", 3, "");
	ck_assert (!report.view.ops->flush (&report.view, one));
	report.view.ops->ended (&report.view, one);
	ck_assert (report.view.ops->flush (&report.view, other));
	while (read (reader, (char[65536]){ 0 }, 65536) > 0)
		continue;
	output_flush (&fanout.drive.out);
	ck_assert (!report.view.ops->flush (&report.view, other));
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, setup, teardown);
	tcase_add_test (tcase, every_host_has_an_object);
	tcase_add_test (tcase, no_hosts);
	tcase_add_test (tcase, any_bytes);
	tcase_add_test (tcase, a_line_for_each);
	tcase_add_test (tcase, more_members);
	tcase_add_test (tcase, a_slow_reader);
}

CHECK_MAIN ("report", add_cases)
