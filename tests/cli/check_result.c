/* check_result - the meaning of the end of a call: the exit status, the words, the object for programs. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "captured.h"
#include "cli/result.h"
#include "cli/say.h"
#include "support/check_main.h"

/* A call that has ended with that result. */
static struct call ended (struct remex_result result)
{
	struct call call = { .where = "web1", .result = result };

	call.result.code = result.code ? result.code : "";
	call.result.message = result.message ? result.message : "";
	call.result.limit = result.limit ? result.limit : "";
	call.result.json = "";
	return call;
}

static const struct {
	struct remex_result result;
	const char *program;
	int status;
	const char *words; /* behind "remex: web1: ", without the newline; "": no message */
	const char *error; /* of the object, as JSON; NULL: null */
} ends[] = {
	{ { .outcome = REMEX_EXITED, .exit = 0 }, "ls", 0, "", NULL },
	{ { .outcome = REMEX_EXITED, .exit = 200 }, "ls", 200, "", NULL },
	{ { .outcome = REMEX_COMPLETED }, NULL, 0, "", NULL },
	{ { .outcome = REMEX_SIGNALLED, .signal = SIGKILL }, "ls", 128 + SIGKILL, "ended by signal 9 (Killed)", NULL },
	{ { .outcome = REMEX_SIGNALLED, .signal = SIGINT }, "ls", 130, "", NULL },
	{ { .outcome = REMEX_SIGNALLED, .signal = SIGPIPE }, "ls", 141, "", NULL },
	{ { .outcome = REMEX_SIGNALLED }, "ls", 128, "ended by signal 0 (one that this machine does not have)", NULL },
	{ { .outcome = REMEX_CANCELLED }, "ls", STATUS_CANCELLED, "", NULL },
	{ { .outcome = REMEX_TIMED_OUT, .started = true, .limit = "deadline" }, "ls", STATUS_TIMED_OUT,
		"timed out, by a limit of the server", "{\"code\":\"timed_out\",\"limit\":\"deadline\"}" },
	{ { .outcome = REMEX_TIMED_OUT, .limit = "deadline" }, "ls", STATUS_TIMED_OUT,
		"timed out, by a limit of the server; it was still waiting for its turn",
		"{\"code\":\"timed_out\",\"limit\":\"deadline\"}" },
	{ { .outcome = REMEX_TIMED_OUT, .started = true, .limit = "idle", .limit_value = 1.5 }, "ls", STATUS_TIMED_OUT,
		"timed out after 1.5 s without a byte, by a limit of the server",
		"{\"code\":\"timed_out\",\"limit\":\"idle\"}" },
	{ { .outcome = REMEX_TIMED_OUT, .started = true, .limit = "output", .limit_value = 1 << 20 }, "ls",
		STATUS_TIMED_OUT, "the limit of output (1MiB) ended it",
		"{\"code\":\"timed_out\",\"limit\":\"output\"}" },
	{ { .outcome = REMEX_SIGNALLED, .signal = SIGXCPU, .limit = "cpu", .limit_value = 10 }, "ls", 128 + SIGXCPU,
		"the limit of CPU time (10 s) ended it", NULL },
	{ { .outcome = REMEX_SIGNALLED, .signal = SIGXFSZ, .limit = "file_size" }, "ls", 128 + SIGXFSZ,
		"the limit of file size ended it", NULL },
	{ { .outcome = REMEX_EXITED, .exit = 152, .limit = "cpu", .limit_value = 1.5 }, "ls", 152,
		"the limit of CPU time (1.5 s) ended it", NULL },
	{ { .outcome = REMEX_SIGNALLED, .signal = SIGKILL, .limit = "of a later server", .limit_value = 3 }, "ls", 137,
		"the limit of of a later server (3) ended it", NULL },
	{ { .outcome = REMEX_NEVER_STARTED, .message = "No such file or directory" }, "lx", STATUS_REMEX,
		"cannot run lx: No such file or directory",
		"{\"code\":\"never_started\",\"message\":\"No such file or directory\"}" },
	{ { .outcome = REMEX_NEVER_STARTED, .message = "cannot enter /x" }, "lx", STATUS_REMEX, "cannot enter /x",
		"{\"code\":\"never_started\",\"message\":\"cannot enter /x\"}" },
	{ { .outcome = REMEX_NEVER_STARTED }, NULL, STATUS_REMEX, "never started",
		"{\"code\":\"never_started\",\"message\":\"\"}" },
	{ { .outcome = REMEX_FAILED, .code = "denied", .message = "you may not" }, "ls", STATUS_REMEX, "you may not",
		"{\"code\":\"denied\",\"message\":\"you may not\"}" },
	{ { .outcome = REMEX_FAILED, .code = "busy", .message = "too many", .retry_after = 1.5 }, "ls", STATUS_REMEX,
		"too many; try again in 1.5 s", "{\"code\":\"busy\",\"message\":\"too many\",\"retry_after\":1.5}" },
	{ { .outcome = REMEX_LOST, .code = "lost", .message = "it is gone" }, "ls", STATUS_REMEX, "lost: it is gone",
		"{\"code\":\"lost\",\"message\":\"it is gone\"}" },
	{ { .outcome = REMEX_UNREACHABLE, .code = "no_key", .message = "no key" }, "ls", STATUS_REMEX, "no key",
		"{\"code\":\"no_key\",\"message\":\"no key\"}" },
	/* Processes left behind are reported also on success. */
	{ { .outcome = REMEX_EXITED, .survivors = 1 }, "ls", 0, "1 process of the command cannot be killed", NULL },
	{ { .outcome = REMEX_EXITED, .survivors = 2 }, "ls", 0, "2 processes of the command cannot be killed", NULL },
	{ { .outcome = REMEX_EXITED, .pipe_held = true }, "ls", 0,
		"a process that the command left behind still holds the command's output: what that process writes is "
		"lost "
		"(--wait-output waits for it)",
		NULL },
};

START_TEST (the_status_and_the_words)
{
	struct call call = ended (ends[_i].result);
	char line[512] = "";

	if (*ends[_i].words)
		snprintf (line, sizeof line, "remex: web1: %s\n", ends[_i].words);
	ck_assert_int_eq (result_status (&call), ends[_i].status);
	capture_begin ();
	result_explain (&call, ends[_i].program);
	ck_assert_str_eq (capture_end (), line);
}
END_TEST

/* The message names a limit of our own. */
START_TEST (limits_of_our_own)
{
	struct call call =
		ended ((struct remex_result){ .outcome = REMEX_TIMED_OUT, .started = true, .limit = "deadline" });

	call.options.deadline = 2.5;
	call.options.idle = 7;
	capture_begin ();
	result_explain (&call, "ls");
	ck_assert_str_eq (capture_end (), "remex: web1: timed out after 2.5 s\n");
	call.result.limit_value = 2.5;
	capture_begin ();
	result_explain (&call, "ls");
	ck_assert_str_eq (capture_end (), "remex: web1: timed out after 2.5 s\n");
	call.result.limit_value = 1; /* that of the server */
	capture_begin ();
	result_explain (&call, "ls");
	ck_assert_str_eq (capture_end (), "remex: web1: timed out after 1 s, by a limit of the server\n");
	call.result.limit_value = 0;
	call.result.limit = "idle";
	capture_begin ();
	result_explain (&call, "ls");
	ck_assert_str_eq (capture_end (), "remex: web1: timed out after 7 s without a byte\n");
}
END_TEST

/* We broke off the call: the message came then, and the command's own end does not count. */
START_TEST (what_we_broke_off)
{
	struct call call = ended ((struct remex_result){ .outcome = REMEX_FAILED, .message = "whatever" });

	call.broken = _i ? EPIPE : EIO;
	ck_assert_int_eq (result_status (&call), _i ? STATUS_PIPE : STATUS_REMEX);
	capture_begin ();
	result_explain (&call, "ls");
	ck_assert_str_eq (capture_end (), "");
	call.broken = 0;
	call.gave_up = true;
	capture_begin ();
	result_explain (&call, "ls");
	ck_assert_str_eq (capture_end (), "");
}
END_TEST

/* --- a command that wants a terminal ----------------------------------------------------------------------------------- */

START_TEST (a_terminal_is_wanted)
{
	struct call call = ended ((struct remex_result){ .outcome = REMEX_EXITED, .exit = 1 });

	strcpy (call.err_tail, "sudo: a terminal is required to read the password");
	capture_begin ();
	result_explain (&call, "sudo");
	ck_assert_ptr_nonnull (strstr (capture_end (), "(sudo -n needs none where its rule asks for no password)\n"));
	strcpy (call.err_tail, "stdin: is not a tty");
	capture_begin ();
	result_explain (&call, "x");
	ck_assert_str_eq (
		capture_end (), "remex: web1: this command seems to need a terminal: remex run -t gives it one\n");
	call.result.exit = 0;
	capture_begin ();
	result_explain (&call, "x");
	ck_assert_str_eq (capture_end (), "");
}
END_TEST

/* Some programs say nothing. */
START_TEST (a_terminal_is_wanted_without_a_word)
{
	static const struct {
		const char *command;
		int exit;
		bool hint;
	} cases[] = { { "top", 1, true }, { "/usr/bin/top -d 1", 1, true }, { "top", 127, false }, { "top", 0, false },
		{ "stop", 1, false }, { "to", 1, false }, { "", 1, false }, { NULL, 1, false } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct call call = ended ((struct remex_result){ .outcome = REMEX_EXITED, .exit = cases[i].exit });

		call.command = cases[i].command;
		capture_begin ();
		result_explain (&call, NULL);
		ck_assert_int_eq (strstr (capture_end (), "remex run -t gives it one") != NULL, cases[i].hint);
	}
}
END_TEST

/* --- for programs ------------------------------------------------------------------------------------------------------ */

/* Every member is there, and null where it has no value. */
START_TEST (the_object)
{
	static const char *const members[] = { "host", "outcome", "exit", "signal", "stdout", "stderr", "seconds",
		"pipe_held", "survivors", "limit", "rusage", "error" };
	struct call call = ended (ends[_i].result);
	json_t *json, *error = ends[_i].error ? json_loads (ends[_i].error, 0, NULL) : json_null ();
	bool exited = call.result.outcome == REMEX_EXITED;

	buf_init (&call.out_bytes, 100);
	buf_init (&call.err_bytes, 100);
	ck_assert_int_eq (buf_append (&call.out_bytes, "out", 3), 0);
	ck_assert_int_eq (buf_append (&call.err_bytes, "\xff", 1), 0);
	ck_assert_ptr_nonnull (json = result_json (&call));
	ck_assert_uint_eq (json_object_size (json), sizeof members / sizeof *members);
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		ck_assert_msg (json_object_get (json, members[i]) != NULL, "no %s", members[i]);
	ck_assert_str_eq (json_string_value (json_object_get (json, "host")), "web1");
	ck_assert_str_eq (
		json_string_value (json_object_get (json, "outcome")), remex_outcome_word (call.result.outcome));
	ck_assert_int_eq (json_is_integer (json_object_get (json, "exit")), exited);
	ck_assert_int_eq (json_is_null (json_object_get (json, "exit")), !exited);
	ck_assert_int_eq (json_integer_value (json_object_get (json, "exit")), call.result.exit);
	ck_assert_str_eq (json_string_value (json_object_get (json, "stdout")), "out");
	ck_assert_str_eq (json_string_value (json_object_get (json_object_get (json, "stderr"), "b64")), "/w==");
	ck_assert_int_eq (json_is_true (json_object_get (json, "pipe_held")), call.result.pipe_held);
	ck_assert_int_eq (json_integer_value (json_object_get (json, "survivors")), call.result.survivors);
	ck_assert_str_eq (
		*call.result.limit ? json_string_value (json_object_get (json, "limit")) : "", call.result.limit);
	ck_assert_int_eq (json_is_null (json_object_get (json, "limit")), !*call.result.limit);
	ck_assert (json_is_null (json_object_get (json, "rusage")));
	ck_assert_msg (json_equal (json_object_get (json, "error"), error), "not %s", ends[_i].error);
	json_decref (error);
	json_decref (json);
	buf_free (&call.out_bytes);
	buf_free (&call.err_bytes);
}
END_TEST

START_TEST (a_signal_in_the_object)
{
	struct call call = ended ((struct remex_result){ .outcome = REMEX_SIGNALLED, .signal = SIGTERM });
	json_t *json = result_json (&call);

	ck_assert_str_eq (json_string_value (json_object_get (json, "signal")), "TERM");
	json_decref (json);
	call.result.signal = 0;
	json = result_json (&call);
	ck_assert (json_is_integer (json_object_get (json, "signal")));
	json_decref (json);
	call = ended ((struct remex_result){ .outcome = REMEX_EXITED });
	json = result_json (&call);
	ck_assert (json_is_null (json_object_get (json, "signal")));
	json_decref (json);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_loop_test (tcase, the_status_and_the_words, 0, (int)(sizeof ends / sizeof *ends));
	tcase_add_test (tcase, limits_of_our_own);
	tcase_add_loop_test (tcase, what_we_broke_off, 0, 2);
	tcase_add_test (tcase, a_terminal_is_wanted);
	tcase_add_test (tcase, a_terminal_is_wanted_without_a_word);
	tcase_add_loop_test (tcase, the_object, 0, (int)(sizeof ends / sizeof *ends));
	tcase_add_test (tcase, a_signal_in_the_object);
}

CHECK_MAIN ("result", add_cases)
