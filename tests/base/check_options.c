/* check_options - command lines: the values of each kind of option, where the words begin, and the messages for wrong
 * options. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/options.h"
#include "support/check_main.h"

enum { WORDS = 32 };

struct values {
	bool quiet, all;
	int format;
	const char *cwd;
	struct option_list env, roots;
	double timeout;
	long count, front;
};

static const struct option rows[] = {
	{ "quiet", 'q', OPTION_FLAG, offsetof (struct values, quiet), NULL, "say nothing", 0 },
	{ "all", 'a', OPTION_FLAG, offsetof (struct values, all), NULL, "all", 0 },
	{ "json", 0, OPTION_CHOICE, offsetof (struct values, format), NULL, "as JSON", 1 },
	{ "jsonl", 0, OPTION_CHOICE, offsetof (struct values, format), NULL, "as a line of JSON", 2 },
	{ "cwd", 0, OPTION_TEXT, offsetof (struct values, cwd), "DIR", "start there", 0 },
	{ "env", 0, OPTION_PAIRS, offsetof (struct values, env), "NAME=VALUE", "set a variable", 0 },
	{ "root", 0, OPTION_LIST, offsetof (struct values, roots), "PATH", "a root", 0 },
	{ "timeout", 'u', OPTION_SECONDS, offsetof (struct values, timeout), "SEC", "stop then", 0 },
	{ "count", 'c', OPTION_COUNT, offsetof (struct values, count), "N", "so often", 100 },
	{ "front", 0, OPTION_NUMBER, offsetof (struct values, front), "FD", NULL, 1000 },
	{ "hosts", 'w', OPTION_FIRST, 0, "HOSTS", "there", 0 },
	{ "help", 'h', OPTION_HELP, 0, NULL, "show this", 0 },
	{ 0 },
};

static struct values values;
static struct command_line line;
static struct err err;
static char *argv[WORDS + 1];

/* Parse the words of `text`, between blanks. */
static int parse (enum words_order order, const char *text)
{
	static char words[512];
	char *rest = words, *word;
	int n = 0;

	options_free (&line);
	memset (&values, 0, sizeof values);
	line = (struct command_line){ .options = rows, .order = order, .values = &values };
	snprintf (words, sizeof words, "%s", text);
	while ((word = strsep (&rest, " ")))
		if (*word)
			argv[n++] = word;
	argv[n] = NULL;
	return options_parse (&line, n, argv, &err);
}

static void set_up (void)
{
	line = (struct command_line){ .options = rows, .values = &values };
}

static void tear_down (void)
{
	options_free (&line);
}

/* The words found, with blanks between them. */
static const char *words (void)
{
	static char text[512];
	size_t used = 0;

	*text = '\0';
	for (int i = 0; i < line.n_words; i++)
		used += (size_t)snprintf (text + used, sizeof text - used, "%s%s", i ? " " : "", line.words[i]);
	ck_assert_ptr_null (line.words[line.n_words]);
	return text;
}

START_TEST (test_values)
{
	ck_assert_int_eq (
		parse (WORDS_MIXED, "-q --cwd /x --env A=1 --env B= --root /r -c 7 --front=0 -u 1.5m one"), 0);
	ck_assert (values.quiet);
	ck_assert (!values.all);
	ck_assert_str_eq (values.cwd, "/x");
	ck_assert_uint_eq (values.env.n, 2);
	ck_assert_str_eq (values.env.words[0], "A=1");
	ck_assert_str_eq (values.env.words[1], "B=");
	ck_assert_uint_eq (values.roots.n, 1);
	ck_assert_int_eq (values.count, 7);
	ck_assert_int_eq (values.front, 0);
	ck_assert_double_eq (values.timeout, 90);
	ck_assert_str_eq (words (), "one");
}
END_TEST

START_TEST (test_the_last_one_counts)
{
	ck_assert_int_eq (parse (WORDS_MIXED, "--json --jsonl -u 3 -u 4"), 0);
	ck_assert_int_eq (values.format, 2);
	ck_assert_double_eq (values.timeout, 4);
	ck_assert_int_eq (parse (WORDS_MIXED, "--jsonl --json"), 0);
	ck_assert_int_eq (values.format, 1);
}
END_TEST

START_TEST (test_letters)
{
	ck_assert_int_eq (parse (WORDS_MIXED, "-qau5"), 0);
	ck_assert (values.quiet && values.all);
	ck_assert_double_eq (values.timeout, 5);
	ck_assert_int_eq (parse (WORDS_MIXED, "-qu 6 -a"), 0);
	ck_assert_double_eq (values.timeout, 6);
	ck_assert (values.all);
	ck_assert_int_eq (parse (WORDS_MIXED, "--timeout=7 -"), 0);
	ck_assert_double_eq (values.timeout, 7);
	ck_assert_str_eq (words (), "-"); /* a word */
}
END_TEST

START_TEST (test_mixed_words)
{
	ck_assert_int_eq (parse (WORDS_MIXED, "one -q two -w web1 three"), 0);
	ck_assert_str_eq (words (), "one two three");
	ck_assert_str_eq (line.first, "web1");
	ck_assert (values.quiet);
	ck_assert_int_eq (parse (WORDS_MIXED, "one -- -q -- two"), 0);
	ck_assert_str_eq (words (), "one -q -- two");
	ck_assert_ptr_null (line.first);
	ck_assert (!values.quiet);
	ck_assert (!line.verbatim);
	ck_assert_int_eq (parse (WORDS_MIXED, ""), 0);
	ck_assert_str_eq (words (), "");
}
END_TEST

START_TEST (test_first_again)
{
	ck_assert_int_eq (parse (WORDS_LAST, "-w web1 -q -w web2 -wweb1 ls"), 0);
	ck_assert_uint_eq (line.firsts.n, 3);
	ck_assert_str_eq (line.firsts.words[0], "web1");
	ck_assert_str_eq (line.firsts.words[1], "web2");
	ck_assert_str_eq (line.firsts.words[2], "web1");
	ck_assert_str_eq (words (), "ls");
	ck_assert_int_eq (parse (WORDS_LAST, "web1 ls"), 0);
	ck_assert_uint_eq (line.firsts.n, 1);
	ck_assert_int_eq (parse (WORDS_LAST, "web1 -w web2 ls"), -1);
	ck_assert_int_eq (parse (WORDS_LAST, "-w web1 -- ls"), 0);
	ck_assert_uint_eq (line.firsts.n, 1);
}
END_TEST

START_TEST (test_last_words)
{
	static const struct {
		const char *text, *first, *words;
		bool verbatim, quiet;
	} lines[] = {
		{ "web1 ls -q", "web1", "ls -q", false, false },
		{ "-q web1 ls", "web1", "ls", false, true },
		{ "web1 -q ls", "web1", "ls", false, true },
		{ "web1 -- ls -- -q", "web1", "ls -- -q", true, false },
		{ "-- web1 ls", "web1", "ls", false, false },
		{ "-- web1 -- ls", "web1", "ls", true, false },
		{ "-w web1 ls -q", "web1", "ls -q", false, false },
		{ "-w web1 -- ls", "web1", "ls", true, false },
		{ "-wweb1 -q ls", "web1", "ls", false, true },
		{ "-w web1 -w web2 ls", "web1", "ls", false, false },
		{ "web1", "web1", "", false, false },
		{ "web1 --", "web1", "", true, false },
		{ "-q", NULL, "", false, true },
	};

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		ck_assert_int_eq (parse (WORDS_LAST, lines[i].text), 0);
		ck_assert_pstr_eq (line.first, lines[i].first);
		ck_assert_str_eq (words (), lines[i].words);
		ck_assert_int_eq (line.verbatim, lines[i].verbatim);
		ck_assert_int_eq (values.quiet, lines[i].quiet);
	}
}
END_TEST

/* pdsh: the first word begins the command. */
START_TEST (test_words_behind)
{
	static const struct {
		const char *text, *first;
		int n;
	} lines[] = {
		{ "-q -c 5 echo -n x", "echo", 3 },
		{ "-q -- echo x", "echo", 2 },
		{ "-c5 -q", NULL, 0 },
		{ "-q -c5 -- -q x", "-q", 2 },
		{ "-qc5 x -- y", "x", 3 },
	};

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		ck_assert_int_eq (parse (WORDS_BEHIND, lines[i].text), 0);
		ck_assert_int_eq (line.n_words, lines[i].n);
		ck_assert (values.quiet);
		ck_assert_ptr_null (line.first);
		if (lines[i].first)
			ck_assert_str_eq (line.words[0], lines[i].first);
		ck_assert_ptr_null (line.words[line.n_words]);
	}
}
END_TEST

START_TEST (test_help)
{
	ck_assert_int_eq (parse (WORDS_LAST, "-q --help --nosuch"), 0);
	ck_assert (line.help && values.quiet);
	ck_assert_int_eq (parse (WORDS_MIXED, "x -qh"), 0);
	ck_assert (line.help);
}
END_TEST

START_TEST (test_wrong)
{
	static const struct {
		const char *text, *says;
	} lines[] = {
		{ "--qiet", "unknown option '--qiet'; did you mean '--quiet'?" },
		{ "--nothing-like-it", "unknown option '--nothing-like-it'" },
		{ "--frond=3", "unknown option '--frond=3'" }, /* a hidden one is not suggested */
		{ "-x", "unknown option '-x'" },
		{ "-qx", "unknown option '-x'" },
		{ "-u", "-u needs a value: SEC" },
		{ "-qu", "-u needs a value: SEC" },
		{ "--timeout", "--timeout needs a value: SEC" },
		{ "--quiet=yes", "--quiet takes no value" },
		{ "-u 5w", "invalid time '5w' (examples: 30, 1.5, 5m)" },
		{ "-u 0", "invalid time '0' (examples: 30, 1.5, 5m)" },
		{ "-u 1e9", "invalid time '1e9' (examples: 30, 1.5, 5m)" },
		{ "-u 1.5.2", "invalid time '1.5.2' (examples: 30, 1.5, 5m)" },
		{ "-u 20000d", "invalid time '20000d' (examples: 30, 1.5, 5m)" },
		{ "-c 0", "invalid value '0' of --count (a number from 1 to 100)" },
		{ "-c 101", "invalid value '101' of --count (a number from 1 to 100)" },
		{ "-c 5x", "invalid value '5x' of --count (a number from 1 to 100)" },
		{ "-c=", "invalid value '=' of --count (a number from 1 to 100)" },
		{ "--front=-1", "invalid value '-1' of --front (a number from 0 to 1000)" },
		{ "--env X", "--env needs NAME=VALUE, not 'X'" },
		{ "--env =X", "--env needs NAME=VALUE, not '=X'" },
	};

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		ck_assert_int_eq (parse (WORDS_MIXED, lines[i].text), -1);
		ck_assert_str_eq (err.text, lines[i].says);
	}
	ck_assert_int_eq (parse (WORDS_LAST, "web1 -w web2 ls"), -1);
	ck_assert_str_eq (err.text, "HOSTS is named twice: 'web1' and 'web2'; several take -w before each of them");
}
END_TEST

START_TEST (test_help_text)
{
	char *text = NULL;
	size_t n;
	FILE *to = open_memstream (&text, &n);

	ck_assert_ptr_nonnull (to);
	options_help (to, rows);
	fclose (to);
	ck_assert_ptr_nonnull (strstr (text, "  -u, --timeout SEC          stop then\n"));
	ck_assert_ptr_nonnull (strstr (text, "      --cwd DIR              start there\n"));
	ck_assert_ptr_null (strstr (text, "--front"));
	free (text);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, tear_down);
	tcase_add_test (tcase, test_values);
	tcase_add_test (tcase, test_the_last_one_counts);
	tcase_add_test (tcase, test_letters);
	tcase_add_test (tcase, test_mixed_words);
	tcase_add_test (tcase, test_first_again);
	tcase_add_test (tcase, test_last_words);
	tcase_add_test (tcase, test_words_behind);
	tcase_add_test (tcase, test_help);
	tcase_add_test (tcase, test_wrong);
	tcase_add_test (tcase, test_help_text);
}

CHECK_MAIN ("base/options", add_cases)
