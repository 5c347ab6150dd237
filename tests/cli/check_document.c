/* check_document - one JSON document of one host, printed: for a program as the server sent it, for a person only where it
 * makes sense. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "captured.h"
#include "cli/document.h"
#include "cli/far_host.h"
#include "cli/say.h"
#include "support/check_main.h"

static int check (json_t *json, struct err *err)
{
	return json_is_string (json_object_get (json, "name")) ? 0 : err_set (err, 0, "it has no name");
}

static void show (const json_t *json)
{
	printf ("the name is %s\n", json_string_value (json_object_get (json, "name")));
}

static const struct document document = { .call = "status.show", .check = check, .show = show };

static const struct subcommand command = { .name = "status", .words = "[HOSTS]" };

static struct far_host host;
static const char *printed, *complained;

/* 0 words: the host is `local`, which the environment names. */
static int run (const struct far_reply *reply, int format, int n_words)
{
	struct document_settings settings = { .format = format };
	char *words[] = { n_words ? host.where : NULL, NULL };
	struct command_line line = { .values = &settings, .words = words, .n_words = n_words };
	int status;

	far_host_start (&host, false, reply, 1);
	ck_assert_int_eq (setenv ("REMEX_SOCKET", n_words ? "/nonexistent" : host.where + strlen ("unix://"), 1), 0);
	capture_fd_begin (STDOUT_FILENO);
	capture_begin ();
	status = document_run (&command, &line, &document);
	free (line.firsts.words);
	complained = capture_end ();
	printed = capture_fd_end (STDOUT_FILENO);
	ck_assert_str_eq (host.counts->call, "status.show");
	far_host_end (&host);
	return status;
}

static void check_complained (const char *expected)
{
	char text[512];

	snprintf (text, sizeof text, "remex: %s: %s\n", host.where, expected);
	ck_assert_str_eq (complained, text);
	ck_assert_str_eq (printed, "");
}

static const struct far_reply good = { FAR_RESULT, "{\"name\":\"x\",\"more\":[1]}" };

START_TEST (a_person_gets_words)
{
	ck_assert_int_eq (run (&good, FORMAT_TEXT, 1), 0);
	ck_assert_str_eq (printed, "the name is x\n");
	ck_assert_str_eq (complained, "");
}
END_TEST

START_TEST (a_program_gets_the_document)
{
	ck_assert_int_eq (run (&good, FORMAT_JSON, 1), 0);
	ck_assert_str_eq (printed, "{\n  \"name\": \"x\",\n  \"more\": [\n    1\n  ]\n}\n");
	ck_assert_str_eq (complained, "");
}
END_TEST

START_TEST (without_a_word_it_is_this_machine)
{
	ck_assert_int_eq (run (&good, FORMAT_TEXT, 0), 0);
	ck_assert_str_eq (printed, "the name is x\n");
}
END_TEST

/* For a program, too: half a document is none. */
START_TEST (what_makes_no_sense_is_not_printed)
{
	static const struct far_reply nameless = { FAR_RESULT, "{\"more\":[1]}" }, no_json = { FAR_RESULT, "{\"a\"" },
				      none = { FAR_NO_RESULT, NULL };
	int format = _i ? FORMAT_JSON : FORMAT_TEXT;

	ck_assert_int_eq (run (&nameless, format, 1), STATUS_REMEX);
	check_complained ("the result of status.show is invalid: it has no name");
	ck_assert_int_eq (run (&no_json, format, 1), STATUS_REMEX);
	ck_assert_int_eq (strncmp (complained, "remex: unix://", 14), 0);
	ck_assert_ptr_nonnull (strstr (complained, ": the result is not JSON: "));
	ck_assert_str_eq (printed, "");
	ck_assert_int_eq (run (&none, format, 1), STATUS_REMEX);
	check_complained ("status.show gave no result");
}
END_TEST

START_TEST (a_refusal_is_said)
{
	static const struct far_reply refused = { FAR_ERROR, "you may not" };

	ck_assert_int_eq (run (&refused, FORMAT_JSON, 1), STATUS_REMEX);
	check_complained ("you may not");
}
END_TEST

START_TEST (what_cannot_be_printed_is_a_failure)
{
	struct document_settings settings = { .format = _i ? FORMAT_JSON : FORMAT_TEXT };
	char *words[] = { host.where, NULL };
	struct command_line line = { .values = &settings, .words = words, .n_words = 1 };
	int full = open ("/dev/full", O_WRONLY | O_CLOEXEC);

	if (full < 0)
		SKIP ("there is no /dev/full");
	far_host_start (&host, false, &good, 1);
	ck_assert_int_eq (dup2 (full, STDOUT_FILENO), STDOUT_FILENO);
	ck_assert_int_eq (say_open (), 0);
	capture_begin ();
	ck_assert_int_eq (document_run (&command, &line, &document), STATUS_REMEX);
	free (line.firsts.words);
	ck_assert_str_eq (capture_end (), "remex: cannot write to standard output: No space left on device\n");
	far_host_end (&host);
	close (full);
}
END_TEST

/* The place makes no sense, or nobody is there. */
START_TEST (there_may_be_no_host)
{
	static char places[][64] = { "unix:relative", "unix:///nonexistent/remexd.sock" };
	struct document_settings settings = { .format = FORMAT_TEXT };
	char *words[] = { places[_i], NULL };
	struct command_line line = { .values = &settings, .words = words, .n_words = 1 };
	const char *said;

	capture_fd_begin (STDOUT_FILENO);
	capture_begin ();
	ck_assert_int_eq (document_run (&command, &line, &document), STATUS_REMEX);
	free (line.firsts.words);
	said = capture_end ();
	ck_assert_str_eq (capture_fd_end (STDOUT_FILENO), "");
	ck_assert_int_eq (strncmp (said, "remex: ", 7), 0);
	ck_assert_ptr_eq (strchr (said, '\n'), said + strlen (said) - 1); /* once */
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, a_person_gets_words);
	tcase_add_test (tcase, a_program_gets_the_document);
	tcase_add_test (tcase, without_a_word_it_is_this_machine);
	tcase_add_loop_test (tcase, what_makes_no_sense_is_not_printed, 0, 2);
	tcase_add_test (tcase, a_refusal_is_said);
	tcase_add_loop_test (tcase, what_cannot_be_printed_is_a_failure, 0, 2);
	tcase_add_loop_test (tcase, there_may_be_no_host, 0, 2);
}

CHECK_MAIN ("document", add_cases)
