/* check_many - from the options of a command on many hosts to its end: options that exclude each other, which hosts are
 * meant, one host and many, the exit status, what is printed and what is kept for @last. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/captured.h"
#include "cli/many.h"
#include "cli/say.h"
#include "far_host.h"
#include "support/check_main.h"

static const struct option no_options[] = { OPTION_ROW_HELP, { 0 } };
static const struct subcommand command = { "run", "HOSTS", "Run", no_options, WORDS_MIXED, -1, 0, NULL };

static char directory[64];
static struct many_options options;
static struct many_hosts hosts;

static void setup (void)
{
	strcpy (directory, "/tmp/remex-check-XXXXXX");
	ck_assert_ptr_nonnull (mkdtemp (directory));
	setenv ("XDG_STATE_HOME", directory, 1);
	setenv ("XDG_CONFIG_HOME", directory, 1);
	setenv ("REMEX_CONFIG", directory, 1);
	setenv ("HOME", directory, 1);
	unsetenv ("WCOLL");
	memset (&options, 0, sizeof options);
}

static void teardown (void)
{
	char words[128];

	snprintf (words, sizeof words, "rm -rf '%s'", directory);
	ck_assert_int_eq (system (words), 0);
}

/* "DIRECTORY/NAME" */
static const char *path (const char *name)
{
	static char text[256];

	snprintf (text, sizeof text, "%s/%s", directory, name);
	return text;
}

static void write_text (const char *name, const char *text)
{
	FILE *file = fopen (path (name), "w");

	ck_assert_ptr_nonnull (file);
	fputs (text, file);
	fclose (file);
	ck_assert_int_eq (chmod (path (name), 0600), 0);
}

/* --- options that exclude each other ------------------------------------------------------------------------------- */

static const struct {
	struct many_options options;
	int format;
	const char *says; /* NULL: they go together */
} checks[] = {
	{ { .fold = true }, FORMAT_TEXT, NULL },
	{ { .fold = true, .by_line = true, .live = true, .labels = true }, FORMAT_TEXT, NULL },
	{ { .diff = true, .fold = true, .live = true }, FORMAT_TEXT, NULL },
	{ { .similar = true, .live = true }, FORMAT_TEXT, NULL },
	{ { .merged = true, .live = true }, FORMAT_TEXT, NULL },
	{ { .by_line = true, .live = true }, FORMAT_TEXT, NULL },
	{ { .outdir = "x", .exit_from = "n1", .ramp = true, .rolling = 3, .fail_fast = true }, FORMAT_JSON, NULL },
	{ { .max_fail = "5%" }, FORMAT_TEXT, NULL },
	{ { .max_fail = "5x" }, FORMAT_TEXT, "invalid value '5x' of --max-fail" },
	{ { .max_fail = "101%" }, FORMAT_TEXT, "invalid value '101%' of --max-fail" },
	{ { .fold = true }, FORMAT_JSON, "--json and --jsonl print JSON and nothing else" },
	{ { .merged = true }, FORMAT_JSON_LINE, "--json and --jsonl print JSON and nothing else" },
	{ { .diff = true }, FORMAT_JSON, "--json and --jsonl print JSON and nothing else" },
	{ { .similar = true }, FORMAT_JSON, "--json and --jsonl print JSON and nothing else" },
	{ { .by_line = true }, FORMAT_JSON, "--json and --jsonl print JSON and nothing else" },
	{ { .live = true }, FORMAT_JSON, "--json and --jsonl print JSON and nothing else" },
	{ { .labels = true }, FORMAT_JSON, "--json and --jsonl print JSON and nothing else" },
	{ { .no_labels = true }, FORMAT_JSON, "--json and --jsonl print JSON and nothing else" },
	{ { .labels = true, .no_labels = true }, FORMAT_TEXT, "exclude each other" },
	{ { .diff = true, .by_line = true }, FORMAT_TEXT, "--diff does not go with -L" },
	{ { .diff = true, .similar = true }, FORMAT_TEXT, "--diff does not go with --similar" },
	{ { .similar = true, .by_line = true }, FORMAT_TEXT, "--similar does not go with -L" },
	{ { .live = true }, FORMAT_TEXT, "--live goes with" },
};

START_TEST (options_go_together)
{
	const char *says = checks[_i].says, *said;
	int status;

	capture_begin ();
	status = many_check (&command, &checks[_i].options, checks[_i].format);
	said = capture_end ();
	ck_assert_int_eq (status, says ? STATUS_REMEX : 0);
	ck_assert_msg (says ? strstr (said, says) != NULL : !*said, "%s", said);
}
END_TEST

/* --- which hosts are meant ----------------------------------------------------------------------------------------- */

/* The status of many_expand. What was said is in `said`. */
static const char *said;

static int expand (const char *words)
{
	struct option_list list = { .words = &words, .n = 1 };
	int status;

	capture_begin ();
	status = many_expand (&command, &options, &list, true, &hosts);
	said = capture_end ();
	return status;
}

/* The labels of the targets, with blanks between them. */
static const char *labels (void)
{
	static char text[512];

	*text = '\0';
	for (size_t i = 0; i < hosts.targets.n; i++)
		snprintf (text + strlen (text), sizeof text - strlen (text), "%s%s", i ? " " : "",
			hosts.targets.targets[i].label);
	return text;
}

static const struct {
	const char *words;
	struct many_options options;
	const char *labels; /* NULL: an error */
	const char *says;
} meant[] = {
	{ "n[1-3]", { .window = 0 }, "n1 n2 n3", "" },
	{ "n[1-3]", { .expect = 3 }, "n1 n2 n3", "" },
	{ "n[1-3]", { .expect = 2 }, NULL, "remex: 3 hosts, and --expect says 2: nothing was run\n" },
	{ "n1", { .expect = 2 }, NULL, "remex: 1 host, and --expect says 2: nothing was run\n" },
	{ "n[1-3]", { .pick = 2 }, "n1 n2", "" },
	{ "n[1-3]", { .pick = 3 }, "n1 n2 n3", "" },
	{ "n[1-3]", { .pick = 30 }, "n1 n2 n3", "" },
	{ "n[1-3]", { .pick = 1, .expect = 3 }, "n1", "" }, /* of all that are named */
	{ "n[1-3]", { .pick = 1, .expect = 1 }, NULL, "--expect says 1" },
	{ "n[1-3]", { .exit_from = "n3" }, "n1 n2 n3", "" },
	{ "n[1-3]", { .exit_from = "n4" }, NULL, "--exit-from n4: it is not among the hosts" },
	{ "n[1-3]", { .exit_from = "n3", .pick = 2 }, NULL, "--exit-from n3: it is not among the hosts" },
	{ "n[1-3]!n[1-3]", { .window = 0 }, NULL, "" },
	{ "@nobody", { .window = 0 }, NULL, "nobody" },
	{ "n[1-", { .window = 0 }, NULL, "bracket" },
	{ "-", { .window = 0 }, NULL, "stdin here, which has another use" },
	{ "unix:///run/x.sock", { .window = 0 }, "unix:///run/x.sock", "" },
	{ "unix:///run/%41;x", { .exit_from = "unix:///run/%41;x", .expect = 1 }, "unix:///run/%41;x", "" },
};

START_TEST (hosts_that_are_meant)
{
	options = meant[_i].options;
	ck_assert_int_eq (expand (meant[_i].words), meant[_i].labels ? 0 : STATUS_REMEX);
	if (meant[_i].labels)
		ck_assert_str_eq (labels (), meant[_i].labels);
	else
		ck_assert (*said);
	ck_assert_msg (strstr (said, meant[_i].says) != NULL, "%s", said);
	many_hosts_free (&hosts);
}
END_TEST

START_TEST (excluded)
{
	const char *words[] = { "n2", "n[3-9]" };

	options.excluded = (struct option_list){ .words = words, .n = 2 };
	ck_assert_int_eq (expand ("n[1-4]"), 0);
	ck_assert_str_eq (labels (), "n1");
	many_hosts_free (&hosts);
}
END_TEST

/* Its file is read only where it is meant, so that a damaged one is in nobody's way. */
START_TEST (the_last_hosts)
{
	const char *word = "@last.ok";

	ck_assert_int_eq (mkdir (path ("remex"), 0700), 0);
	write_text ("remex/last", "ok n[1-3]\n");
	ck_assert_int_eq (expand ("@last.ok"), 0);
	ck_assert_str_eq (labels (), "n1 n2 n3");
	many_hosts_free (&hosts);
	options.excluded = (struct option_list){ .words = &word, .n = 1 };
	ck_assert_int_eq (expand ("n[1-4]"), 0);
	ck_assert_str_eq (labels (), "n4");
	many_hosts_free (&hosts);
	write_text ("remex/last", "ok n[1-3");
	ck_assert_int_eq (expand ("n[1-4]"), STATUS_REMEX);
	many_hosts_free (&hosts);
	options.excluded.n = 0;
	ck_assert_int_eq (expand ("@last.ok"), STATUS_REMEX);
	ck_assert_ptr_nonnull (strstr (said, "damaged"));
	many_hosts_free (&hosts);
	ck_assert_int_eq (expand ("n1"), 0);
	many_hosts_free (&hosts);
}
END_TEST

/* --- one host ------------------------------------------------------------------------------------------------------ */

static const struct {
	const char *words;
	struct many_options options;
	bool one;
} ones[] = {
	{ "n1", { .window = 0 }, true },
	{ "n1", { .no_labels = true, .ramp = true, .exit_from = "n1" }, true },
	{ "n[1-2]", { .window = 0 }, false },
	{ "n[1-2]", { .pick = 1 }, true },
	{ "n1", { .labels = true }, false },
	{ "n1", { .fold = true }, false },
	{ "n1", { .merged = true }, false },
	{ "n1", { .by_line = true }, false },
	{ "n1", { .diff = true }, false },
	{ "n1", { .similar = true }, false },
	{ "n1", { .outdir = "x" }, false },
};

START_TEST (one_host)
{
	options = ones[_i].options;
	ck_assert_int_eq (expand (ones[_i].words), 0);
	ck_assert (many_is_one (&options, &hosts) == ones[_i].one);
	many_hosts_free (&hosts);
}
END_TEST

/* --- a whole run --------------------------------------------------------------------------------------------------- */

#define OK(text) \
	{ \
		FAR_EXITED, text \
	}
#define EXIT(n) \
	{ \
		FAR_DONE, "{\"outcome\":\"exited\",\"exit\":" #n "}" \
	}
#define DENIED \
	{ \
		FAR_ERROR, "no" \
	}

static struct far_host far;
static struct many many;
static const char *out, *err;

/* Run it on hosts n1, n2 ... with these replies, one after the other: the exit status. */
static int run (const struct far_reply *replies, size_t n, int format)
{
	static char names[8][24];
	struct host_target targets[8];
	int status;

	far_host_start (&far, false, replies, n);
	for (size_t i = 0; i < n; i++) {
		snprintf (names[i], sizeof names[i], "n%zu", i + 1);
		targets[i] = (struct host_target){ .label = names[i], .where = far.where };
	}
	hosts = (struct many_hosts){ .targets = { .targets = targets, .n = n } };
	options.window = 1;
	many = (struct many){ .options = &options, .format = format };
	many.fanout.call = "exec.run";
	many.fanout.options.args = "{\"argv\":[\"true\"]}";
	capture_fd_begin (STDOUT_FILENO);
	capture_begin ();
	status = many_run (&many, &hosts);
	err = capture_end ();
	out = capture_fd_end (STDOUT_FILENO);
	far_host_end (&far);
	return status;
}

/* The file of @last. */
static const char *kept (void)
{
	static char text[512];
	FILE *file = fopen (path ("remex/last"), "r");
	size_t n = file ? fread (text, 1, sizeof text - 1, file) : 0;

	text[n] = '\0';
	if (file)
		fclose (file);
	return file ? text : "none";
}

START_TEST (live)
{
	ck_assert_int_eq (
		run ((const struct far_reply[]){ OK ("one\n"), EXIT (3), OK ("three\n") }, 3, FORMAT_TEXT), 3);
	ck_assert_str_eq (out, "n1: one\nn3: three\n");
	ck_assert_ptr_nonnull (strstr (err, "n2"));
	ck_assert_str_eq (kept (), "ok n[1,3]\nfailed n2\n");
}
END_TEST

START_TEST (folded)
{
	options.fold = true;
	ck_assert_int_eq (run ((const struct far_reply[]){ OK ("a\n"), OK ("b\n"), OK ("b\n") }, 3, FORMAT_TEXT), 0);
	ck_assert_str_eq (
		out, "---------------\nn[2-3] (2)\n---------------\nb\n---------------\nn1\n---------------\na\n");
	ck_assert_str_eq (err, "remex: 2 of 3 hosts agree; 1 differs: n1\n");
	ck_assert_str_eq (kept (), "ok n[1-3]\n1 n[2-3]\n2 n1\n");
}
END_TEST

/* One host is one group, which is not worth a name. */
START_TEST (one_folded)
{
	options.fold = true;
	ck_assert_int_eq (run ((const struct far_reply[]){ OK ("a\n") }, 1, FORMAT_TEXT), 0);
	ck_assert_str_eq (out, "---------------\nn1\n---------------\na\n");
	ck_assert_str_eq (kept (), "ok n1\n");
}
END_TEST

START_TEST (in_json)
{
	ck_assert_int_eq (run ((const struct far_reply[]){ OK ("a\n"), DENIED }, 2, FORMAT_JSON), 254);
	ck_assert_ptr_nonnull (strstr (out, "\"host\": \"n1\", \"outcome\": \"exited\", \"exit\": 0"));
	ck_assert_ptr_nonnull (strstr (out, "\"host\": \"n2\", \"outcome\": \"failed\", \"exit\": null"));
	ck_assert_str_eq (err, "");
	ck_assert_ptr_nonnull (strstr (kept (), "ok n1\nfailed n2\n"));
}
END_TEST

START_TEST (the_status_of_one)
{
	options.exit_from = "n2";
	ck_assert_int_eq (run ((const struct far_reply[]){ DENIED, EXIT (3), EXIT (7) }, 3, FORMAT_TEXT), 3);
	options.exit_from = "n1";
	ck_assert_int_eq (run ((const struct far_reply[]){ DENIED, EXIT (3) }, 2, FORMAT_TEXT), 255);
	options.exit_from = NULL;
	ck_assert_int_eq (run ((const struct far_reply[]){ DENIED, EXIT (3) }, 2, FORMAT_TEXT), 254);
}
END_TEST

/* The options reach the brake. */
START_TEST (the_brake)
{
	options.max_fail = "0";
	ck_assert_int_eq (run ((const struct far_reply[]){ EXIT (3), OK ("") }, 2, FORMAT_TEXT), 3);
	ck_assert_uint_eq (many.fanout.skipped, 1);
	options.max_fail = NULL;
	options.fail_fast = true;
	ck_assert_int_eq (run ((const struct far_reply[]){ EXIT (3), OK ("") }, 2, FORMAT_TEXT), 3);
	ck_assert_uint_eq (many.fanout.skipped, 1);
	options.fail_fast = false;
	options.any = true;
	ck_assert_int_eq (run ((const struct far_reply[]){ DENIED, OK (""), OK ("") }, 3, FORMAT_TEXT), 0);
	ck_assert_uint_eq (many.fanout.skipped, 1);
	ck_assert_str_eq (kept (), "ok n2\nfailed n1\n");
}
END_TEST

/* Files that cannot be made are told before anything runs. */
START_TEST (no_outdir)
{
	write_text ("file", "");
	options.outdir = path ("file");
	ck_assert_int_eq (run ((const struct far_reply[]){ OK (""), OK ("") }, 2, FORMAT_TEXT), STATUS_REMEX);
	ck_assert_ptr_nonnull (strstr (err, "/file: Not a directory\n"));
	ck_assert_uint_eq (many.fanout.over, 0);
	ck_assert_str_eq (kept (), "none");
}
END_TEST

START_TEST (with_outdir)
{
	struct stat st;

	options.outdir = strdup (path ("out"));
	ck_assert_int_eq (run ((const struct far_reply[]){ OK ("a\n"), DENIED }, 2, FORMAT_TEXT), 254);
	ck_assert_str_eq (out, "n1: a\n");
	ck_assert_int_eq (stat (path ("out/n1.out"), &st), 0);
	ck_assert_int_eq (st.st_size, 2);
	ck_assert_int_eq (stat (path ("out/n2.error"), &st), 0);
	free ((char *)(uintptr_t)options.outdir);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, setup, teardown);
	tcase_add_loop_test (tcase, options_go_together, 0, sizeof checks / sizeof *checks);
	tcase_add_loop_test (tcase, hosts_that_are_meant, 0, sizeof meant / sizeof *meant);
	tcase_add_test (tcase, excluded);
	tcase_add_test (tcase, the_last_hosts);
	tcase_add_loop_test (tcase, one_host, 0, sizeof ones / sizeof *ones);
	tcase_add_test (tcase, live);
	tcase_add_test (tcase, folded);
	tcase_add_test (tcase, one_folded);
	tcase_add_test (tcase, in_json);
	tcase_add_test (tcase, the_status_of_one);
	tcase_add_test (tcase, the_brake);
	tcase_add_test (tcase, no_outdir);
	tcase_add_test (tcase, with_outdir);
}

CHECK_MAIN ("many", add_cases)
