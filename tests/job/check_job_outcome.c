/* check_job_outcome - the line about the end of a job: what it says, whole or not at all, and the limits that a cgroup names. */
#include "config.h"

#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "job/job_outcome.h"
#include "support/check_main.h"

static char line[HOLDER_OUTCOME_MAX + 1];

static int file (void)
{
	char path[] = "/tmp/remex-check-outcome-XXXXXX";
	int fd = mkostemp (path, O_CLOEXEC);

	ck_assert_int_ge (fd, 0);
	unlink (path);
	return fd;
}

/* Texts that are as long and as odd as can be: still one line that is JSON. */
START_TEST (lines)
{
	static const char *const texts[] = { "", "no\nend \x1b[2J", "\xff\xfe", "\"\\\"" };
	struct job_outcome outcome = { .failed = _i % 2, .code = CODE_IO_ERROR, .bytes = 7, .cut = 3, .left = 2 };
	const char *text = texts[_i / 2 % 4];
	json_t *json;
	size_t n;

	for (size_t at = 0; *text && at + strlen (text) < sizeof outcome.text; at += strlen (text))
		strcpy (outcome.text + at, text);
	n = job_outcome_line (&outcome, line);
	ck_assert_uint_gt (n, 0);
	ck_assert_uint_le (n, HOLDER_OUTCOME_MAX);
	ck_assert_uint_eq (strlen (line), n);
	ck_assert_ptr_eq (strchr (line, '\n'), line + n - 1);
	ck_assert_ptr_nonnull (json = json_loads (line, JSON_REJECT_DUPLICATES, NULL));
	ck_assert_int_eq (json_object_get (json, "error") != NULL, outcome.failed);
	ck_assert_int_eq (json_integer_value (json_object_get (json, "bytes")), 7);
	ck_assert_int_eq (json_integer_value (json_object_get (json, "cut")), 3);
	ck_assert_int_eq (json_integer_value (json_object_get (json, "left")), 2);
	json_decref (json);
}
END_TEST

/* What is not one whole line is no outcome. */
START_TEST (damaged)
{
	static const struct {
		const char *bytes;
		size_t n;
	} files[] = {
		{ "", 0 },
		{ "{}", 2 },
		{ "{}\n{}\n", 6 },
		{ "{}\n{", 4 },
		{ "{\0}\n", 4 },
		{ "\n\n", 2 },
	};
	int fd = file ();

	ck_assert_int_eq (write (fd, files[_i].bytes, files[_i].n), (ssize_t)files[_i].n);
	ck_assert_uint_eq (job_outcome_read (fd, line), 0);
	ck_assert_str_eq (line, "");
	close (fd);
}
END_TEST

START_TEST (huge)
{
	char bytes[HOLDER_OUTCOME_MAX + 1];
	int fd = file ();

	memset (bytes, ' ', sizeof bytes);
	bytes[HOLDER_OUTCOME_MAX - 1] = '\n';
	ck_assert_int_eq (write (fd, bytes, HOLDER_OUTCOME_MAX), HOLDER_OUTCOME_MAX);
	ck_assert_uint_eq (job_outcome_read (fd, line), HOLDER_OUTCOME_MAX);
	bytes[HOLDER_OUTCOME_MAX - 1] = ' ';
	bytes[HOLDER_OUTCOME_MAX] = '\n';
	ck_assert_int_eq (pwrite (fd, bytes, sizeof bytes, 0), (ssize_t)sizeof bytes);
	ck_assert_uint_eq (job_outcome_read (fd, line), 0);
	close (fd);
}
END_TEST

/* A line for which there is no room has no newline, and is written once there is room. */
START_TEST (no_room)
{
	struct rlimit limit = { 20, RLIM_INFINITY };
	struct job_outcome outcome = { .done.outcome = OUTCOME_EXITED };
	int fd = file ();
	size_t n = job_outcome_line (&outcome, line);

	signal (SIGXFSZ, SIG_IGN);
	ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq (job_outcome_write (fd, line, n), -1);
	ck_assert_uint_eq (job_outcome_read (fd, (char[HOLDER_OUTCOME_MAX + 1]){ 0 }), 0);
	limit.rlim_cur = RLIM_INFINITY;
	ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq (job_outcome_write (fd, line, n), 0);
	ck_assert_uint_eq (job_outcome_read (fd, (char[HOLDER_OUTCOME_MAX + 1]){ 0 }), n);
	close (fd);
}
END_TEST

/* Which limit is named, by what the cgroup has counted. */
START_TEST (limits)
{
	static const struct {
		struct job_outcome outcome;
		int64_t memory, processes, killed, refused;
		enum call_limit limit;
	} cases[] = {
		{ { .done = { .outcome = OUTCOME_SIGNALLED, .number = SIGKILL } }, 1000, 0, 1, 0, LIMIT_MEMORY },
		{ { .done = { .outcome = OUTCOME_EXITED, .number = 137 } }, 1000, 5, 2, 1, LIMIT_MEMORY },
		{ { .done = { .outcome = OUTCOME_EXITED, .number = 2 } }, 1000, 5, 0, 7, LIMIT_PROCESSES },
		{ { .done = { .outcome = OUTCOME_EXITED, .number = 0 } }, 1000, 5, 1, 7,
			LIMIT_NONE }, /* it went well */
		{ { .done = { .outcome = OUTCOME_SIGNALLED, .number = SIGKILL } }, 1000, 5, 0, 0, LIMIT_NONE },
		{ { .done = { .outcome = OUTCOME_SIGNALLED, .number = SIGKILL } }, 0, 0, 3, 3,
			LIMIT_NONE }, /* of others */
		{ { .done = { .outcome = OUTCOME_CANCELLED } }, 1000, 5, 1, 1, LIMIT_NONE },
		{ { .done = { .outcome = OUTCOME_SIGNALLED, .number = SIGXCPU, .limit = LIMIT_CPU } }, 1000, 0, 1, 0,
			LIMIT_CPU },
		{ { .failed = true, .code = CODE_PLUGIN_CRASHED, .text = "died of SIGKILL" }, 1000, 0, 1, 0,
			LIMIT_MEMORY },
		{ { .failed = true, .code = CODE_PLUGIN_CRASHED, .text = "died of SIGSEGV" }, 1000, 5, 0, 1,
			LIMIT_NONE },
		{ { .failed = true, .code = CODE_IO_ERROR }, 1000, 5, 1, 1, LIMIT_NONE },
	};
	struct job_outcome outcome;
	struct call_limits bounds = { { 0 } };
	struct cgroup_events events;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		outcome = cases[i].outcome;
		bounds.value[LIMIT_MEMORY] = cases[i].memory;
		bounds.value[LIMIT_PROCESSES] = cases[i].processes;
		events = (struct cgroup_events){ .killed = cases[i].killed, .refused = cases[i].refused };
		job_outcome_name_limit (&outcome, &bounds, &events);
		ck_assert_msg (outcome.done.limit == cases[i].limit, "case %zu: %d", i, outcome.done.limit);
		if (outcome.done.limit == LIMIT_MEMORY || outcome.done.limit == LIMIT_PROCESSES) {
			ck_assert_int_eq (outcome.done.limit_value, bounds.value[outcome.done.limit]);
			ck_assert (!outcome.failed);
		}
	}
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_loop_test (tcase, lines, 0, 8);
	tcase_add_loop_test (tcase, damaged, 0, 6);
	tcase_add_test (tcase, huge);
	tcase_add_test (tcase, no_room);
	tcase_add_test (tcase, limits);
}

CHECK_MAIN ("job_outcome", add_cases)
