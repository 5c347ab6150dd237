/* check_subcommand - from the words after the name of a subcommand to its function: values, help, mistakes, no memory. */
#include "config.h"

#include <stddef.h>
#include <string.h>

#include "captured.h"
#include "cli/say.h"
#include "cli/subcommand.h"
#include "support/check_main.h"
#include "support/fail_alloc.h"

struct settings {
	int format;
	const char *text;
	struct option_list list;
	long zero;
};

static const struct option options[] = {
	OPTION_ROW_JSON (struct settings, "print JSON"),
	OPTION_ROW_JSONL (struct settings, "print it on one line"),
	{ "text", 't', OPTION_TEXT, offsetof (struct settings, text), "TEXT", "a text", 0 },
	{ "list", 'L', OPTION_LIST, offsetof (struct settings, list), "WORD", "a list", 0 },
	OPTION_ROW_HELP,
	{ 0 },
};

static int runs, n_words, format;
static char said[256];

static int run (const struct subcommand *command, struct command_line *line)
{
	const struct settings *settings = line->values;

	ck_assert_str_eq (command->name, "do");
	ck_assert_int_eq (settings->zero, 0);
	runs++;
	n_words = line->n_words;
	format = settings->format;
	snprintf (said, sizeof said, "%s|%s|%zu|%s", line->first ? line->first : "-",
		settings->text ? settings->text : "-", settings->list.n, n_words ? line->words[n_words - 1] : "-");
	return 42;
}

static struct subcommand command = {
	.name = "do",
	.words = "WORD",
	.summary = "Do it",
	.options = options,
	.most = 2,
	.size = sizeof (struct settings),
	.run = run,
};

static const char *printed, *complained;

static int run_with (const char *const *words)
{
	char *argv[8], *copies[8]; /* options_parse moves and overwrites what is in argv */
	int argc = 0, status;

	for (; words[argc]; argc++)
		argv[argc] = copies[argc] = strdup (words[argc]);
	argv[argc] = NULL;
	capture_fd_begin (STDOUT_FILENO);
	capture_begin ();
	status = subcommand_run (&command, argc, argv);
	complained = capture_end ();
	printed = capture_fd_end (STDOUT_FILENO);
	while (argc)
		free (copies[--argc]);
	return status;
}

#define RUN(...) run_with ((const char *const[]){ __VA_ARGS__, NULL })

static void check_usage (const char *reason)
{
	char expected[512];

	snprintf (expected, sizeof expected, "remex: do: %s\nusage: remex do [options] WORD\n", reason);
	ck_assert_str_eq (complained, expected);
	ck_assert_str_eq (printed, "");
	ck_assert_int_eq (runs, 0);
}

START_TEST (it_runs_with_its_values)
{
	ck_assert_int_eq (RUN ("--text", "t", "one", "--json", "-La", "--list=b", "two"), 42);
	ck_assert_str_eq (said, "-|t|2|two");
	ck_assert_int_eq (format, FORMAT_JSON);
	ck_assert_int_eq (n_words, 2);
	ck_assert_int_eq (runs, 1);
	ck_assert_str_eq (complained, "");
	/* The values of a call before are gone. */
	ck_assert_int_eq (RUN ("x"), 42);
	ck_assert_str_eq (said, "-|-|0|x");
	ck_assert_int_eq (format, FORMAT_TEXT);
	ck_assert_int_eq (RUN ("--jsonl"), 42);
	ck_assert_int_eq (format, FORMAT_JSON_LINE);
}
END_TEST

START_TEST (the_last_choice_counts)
{
	ck_assert_int_eq (RUN ("--json", "--jsonl"), 42);
	ck_assert_int_eq (format, FORMAT_JSON_LINE);
	ck_assert_int_eq (RUN ("--jsonl", "--json"), 42);
	ck_assert_int_eq (format, FORMAT_JSON);
}
END_TEST

START_TEST (a_mistake_runs_nothing)
{
	ck_assert_int_eq (RUN ("--tex", "x"), STATUS_REMEX);
	ck_assert_int_eq (runs, 0);
	ck_assert_ptr_nonnull (strstr (complained, "remex: do: "));
	ck_assert_ptr_nonnull (strstr (complained, "--text"));
	ck_assert_ptr_nonnull (strstr (complained, "\nusage: remex do [options] WORD\n"));
	ck_assert_int_eq (RUN ("--list", "a", "--text"), STATUS_REMEX); /* (the list is freed) */
	ck_assert_int_eq (runs, 0);
}
END_TEST

START_TEST (a_word_too_many)
{
	ck_assert_int_eq (RUN ("1", "2", "th\nree"), STATUS_REMEX);
	check_usage ("unexpected argument 'th\\nree'");
	command.most = 0;
	ck_assert_int_eq (RUN ("1"), STATUS_REMEX);
	check_usage ("unexpected argument '1'");
	command.most = -1;
	ck_assert_int_eq (RUN ("1", "2", "3", "4"), 42);
	ck_assert_int_eq (n_words, 4);
	/* The first word of WORDS_LAST does not count. */
	command.order = WORDS_LAST;
	command.most = 1;
	ck_assert_int_eq (RUN ("host", "word"), 42);
	ck_assert_str_eq (said, "host|-|0|word");
	runs = 0;
	ck_assert_int_eq (RUN ("host", "word", "more"), STATUS_REMEX);
	check_usage ("unexpected argument 'more'");
}
END_TEST

/* Help goes to stdout, comes before everything else, and is a success. */
START_TEST (help_is_printed)
{
	ck_assert_int_eq (RUN ("1", "2", "3", "-h", "--nonsense"), 0);
	ck_assert_int_eq (runs, 0);
	ck_assert_str_eq (complained, "");
	ck_assert_int_eq (strncmp (printed, "usage: remex do [options] WORD\nDo it.\n\n", 38), 0);
	ck_assert_ptr_nonnull (strstr (printed, "--jsonl"));
	ck_assert_ptr_nonnull (strstr (printed, "--text TEXT"));
	command.words = "";
	RUN ("--help");
	ck_assert_int_eq (strncmp (printed, "usage: remex do [options]\nDo it.\n\n", 34), 0);
}
END_TEST

START_TEST (help_that_cannot_be_written_is_a_failure)
{
	char help[] = "--help", *argv[] = { help, NULL };
	int full = open ("/dev/full", O_WRONLY | O_CLOEXEC);

	if (full < 0)
		SKIP ("there is no /dev/full");
	ck_assert_int_eq (dup2 (full, STDOUT_FILENO), STDOUT_FILENO);
	ck_assert_int_eq (say_open (), 0);
	capture_begin ();
	ck_assert_int_eq (subcommand_run (&command, 1, argv), STATUS_REMEX);
	ck_assert_str_eq (capture_end (), "remex: cannot write to standard output: No space left on device\n");
	ck_assert_int_eq (runs, 0);
}
END_TEST

/* An error is one line that controls no terminal, however long it is. */
START_TEST (a_long_mistake)
{
	static char word[5000];
	const char *end;

	memset (word, '\x1b', sizeof word - 1);
	command.most = 0;
	ck_assert_int_eq (RUN (word), STATUS_REMEX);
	ck_assert_ptr_null (strchr (complained, '\x1b'));
	ck_assert_ptr_nonnull (end = strchr (complained, '\n'));
	ck_assert_str_eq (end, "\nusage: remex do [options] WORD\n");
}
END_TEST

static int run_without_values (const struct subcommand *of, struct command_line *line)
{
	(void)of;
	ck_assert_int_eq (line->n_words, 1);
	return 7;
}

START_TEST (a_command_without_values)
{
	static const struct option help_only[] = { OPTION_ROW_HELP, { 0 } };

	command.options = help_only;
	command.size = 0;
	command.run = run_without_values;
	ck_assert_int_eq (RUN ("x"), 7);
}
END_TEST

START_TEST (without_memory_nothing_is_run)
{
	char word[] = "x", *argv[] = { word, NULL };
	int status;

	capture_begin ();
	fail_alloc = 1;
	status = subcommand_run (&command, 1, argv);
	ck_assert_str_eq (capture_end (), "remex: out of memory\n");
	ck_assert_int_eq (status, STATUS_REMEX);
	ck_assert_int_eq (runs, 0);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, it_runs_with_its_values);
	tcase_add_test (tcase, the_last_choice_counts);
	tcase_add_test (tcase, a_mistake_runs_nothing);
	tcase_add_test (tcase, a_word_too_many);
	tcase_add_test (tcase, help_is_printed);
	tcase_add_test (tcase, help_that_cannot_be_written_is_a_failure);
	tcase_add_test (tcase, a_long_mistake);
	tcase_add_test (tcase, a_command_without_values);
	tcase_add_test (tcase, without_memory_nothing_is_run);
}

CHECK_MAIN ("subcommand", add_cases)
