/* Plugin files and what is in them: what is opened, what is refused and why, what goes on all the same. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stage.h"
#include "support/check_main.h"
#include "wire/records.h"
#include "wire/verbs.h"

#define ROWS(table) (int)(sizeof table / sizeof *table)

static struct config *config;
static struct plugin_files files;
static struct plugins plugins;
static struct err err;

/* strdup(3) as the worker has it (ld --wrap): no copy of that text can be made. */
static const char *fail_strdup;

char *__real_strdup (const char *text);
char *__wrap_strdup (const char *text);

char *__wrap_strdup (const char *text)
{
	if (fail_strdup && strstr (text, fail_strdup)) {
		errno = ENOMEM;
		return NULL;
	}
	return __real_strdup (text);
}

static char *path (const char *name)
{
	static char text[256];

	snprintf (text, sizeof text, "%s/%s", stage_directory (), name);
	return text;
}

static void open_files (const char *section)
{
	config = stage_config (section);
	ck_assert_int_eq (plugin_files_open (&files, config, &err), 0);
}

static void close_files (void)
{
	plugin_files_close (&files);
	config_free (config);
}

/* --- files -------------------------------------------------------------------------------------------------------- */

START_TEST (what_is_opened)
{
	static const char *const names[] = { "zeta.so", "alpha.so", "off.so", "mid.so", "README", "x.la", ".hidden.so",
		".so", "alpha.so.1", "so" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		stage_write (names[i], "x");
	open_files ("off: false, mid: {a: b}, gone: true");
	ck_assert_uint_eq (files.n_items, 3);
	ck_assert_str_eq (files.items[0].name, "alpha");
	ck_assert_str_eq (files.items[1].name, "mid");
	ck_assert_str_eq (files.items[2].name, "zeta");
	for (size_t i = 0; i < 3; i++) {
		ck_assert_ptr_null (files.items[i].refused);
		ck_assert_int_ne (fcntl (files.items[i].fd, F_GETFD) & FD_CLOEXEC, 0);
	}
	close_files ();
	plugin_files_close (&files);
}
END_TEST

START_TEST (an_empty_directory)
{
	open_files ("x: true");
	ck_assert_uint_eq (files.n_items, 0);
	ck_assert_int_eq (plugins_load (&plugins, &files, config, -1, &err), 0);
	ck_assert_uint_eq (plugins.n_items, 0);
	free (plugins.items);
	close_files ();
}
END_TEST

static void make_foreign (void)
{
	stage_write ("x.so", "x");
	ck_assert_int_eq (chown (path ("x.so"), 65534, (gid_t)-1), 0);
}

static void make_writable (void)
{
	stage_write ("x.so", "x");
	ck_assert_int_eq (chmod (path ("x.so"), 0664), 0);
}

static void make_open (void)
{
	stage_write ("x.so", "x");
	ck_assert_int_eq (chmod (path ("x.so"), 0602), 0);
}

static void make_directory (void)
{
	ck_assert_int_eq (mkdir (path ("x.so"), 0755), 0);
}

static void make_fifo (void)
{
	ck_assert_int_eq (mkfifo (path ("x.so"), 0644), 0);
}

static void make_dangling (void)
{
	ck_assert_int_eq (symlink ("nowhere", path ("x.so")), 0);
}

static void make_loop (void)
{
	ck_assert_int_eq (symlink ("x.so", path ("x.so")), 0);
}

static void make_link_to_writable (void)
{
	stage_write ("target", "x");
	ck_assert_int_eq (chmod (path ("target"), 0666), 0);
	ck_assert_int_eq (symlink ("target", path ("x.so")), 0);
}

static void make_device (void)
{
	ck_assert_int_eq (symlink ("/dev/null", path ("x.so")), 0);
}

static const struct file_row {
	void (*make) (void);
	const char *why;
	bool root; /* it takes root to make */
} file_rows[] = {
	{ make_foreign, "x.so belongs to uid 65534, not to root", true },
	{ make_writable, "writable by group or others", false },
	{ make_open, "writable by group or others", false },
	{ make_directory, "not a regular file", false },
	{ make_fifo, "not a regular file", false },
	{ make_dangling, "No such file", false },
	{ make_loop, "Too many levels", false },
	{ make_link_to_writable, "writable by group or others", false },
	{ make_device, "not a regular file", false },
};

START_TEST (files_that_are_refused)
{
	const struct file_row *row = &file_rows[_i];

	if (row->root)
		NEED_ROOT;
	row->make ();
	stage_write ("good.so", "x");
	open_files ("y: true");
	ck_assert_uint_eq (files.n_items, 2);
	ck_assert_ptr_null (files.items[0].refused);
	ck_assert_str_eq (files.items[1].name, "x");
	ck_assert_int_eq (files.items[1].fd, -1);
	ck_assert_msg (strstr (files.items[1].refused, row->why) != NULL, "%s", files.items[1].refused);
	close_files ();
}
END_TEST

/* A symbolic link to a file that may be trusted is as good as the file (Debian's alternatives). */
START_TEST (a_symbolic_link)
{
	stage_install ("tests/worker/plugins/tester", "real");
	ck_assert_int_eq (symlink ("real", path ("tester.so")), 0);
	open_files ("y: true");
	ck_assert_ptr_null (files.items[0].refused);
	close_files ();
}
END_TEST

START_TEST (directories_that_are_refused)
{
	struct config *bad;

	bad = stage_config ("x: true");
	ck_assert_int_eq (chmod (stage_directory (), 0720), 0);
	ck_assert_int_eq (plugin_files_open (&files, bad, &err), -1);
	ck_assert_ptr_nonnull (strstr (err.text, "writable by group or others"));
	ck_assert_ptr_nonnull (strstr (err.text, stage_directory ()));
	ck_assert_int_eq (chmod (stage_directory (), 01777), 0);
	ck_assert_int_eq (plugin_files_open (&files, bad, &err), -1);
	ck_assert_int_eq (chmod (stage_directory (), 0755), 0);
	ck_assert_int_eq (plugin_files_open (&files, bad, &err), 0);
	config_free (bad);
	bad = config_parse ("plugins: {directory: /nowhere/at/all}", 37, "x", &err);
	ck_assert_int_eq (plugin_files_open (&files, bad, &err), -1);
	ck_assert_int_eq (err.sys, ENOENT);
	config_free (bad);
	bad = config_parse ("plugins: {directory: /dev/null}", 31, "x", &err);
	ck_assert_int_eq (plugin_files_open (&files, bad, &err), -1);
	config_free (bad);
}
END_TEST

START_TEST (too_many_files)
{
	char name[32];
	int refused = 0;

	for (int i = 0; i < PLUGIN_FILES + 2; i++) {
		snprintf (name, sizeof name, "p%03d.so", i);
		stage_write (name, "x");
	}
	open_files ("x: true");
	ck_assert_uint_eq (files.n_items, PLUGIN_FILES + 2);
	for (size_t i = 0; i < files.n_items; i++)
		if (files.items[i].refused) {
			ck_assert_ptr_nonnull (strstr (files.items[i].refused, "too many"));
			ck_assert_int_eq (files.items[i].fd, -1);
			refused++;
		}
	ck_assert_int_eq (refused, 2);
	close_files ();
}
END_TEST

/* --- what is in them ---------------------------------------------------------------------------------------------- */

static const struct load_row {
	const char *built, *name;
	const char *why; /* NULL: it is good */
} load_rows[] = {
	{ "tests/worker/plugins/tester", "tester", NULL },
	{ "tests/worker/plugins/tester", "other", "must be in a file of its name" },
	{ "tests/plugins/bad_abi", "bad_abi", "ABI 99" },
	{ "tests/plugins/bad_size", "bad_size", "newer remexd" },
	{ "tests/worker/plugins/odd_verbs", "odd_verbs", "newer remexd" },
	{ "tests/worker/plugins/odd_small", "odd_small", "smaller" },
	{ "tests/plugins/bad_name", "bad_name", "'another' must be in a file of its name" },
	{ "tests/plugins/bad_symbol", "bad_symbol", "no remex_plugin" },
	{ "tests/plugins/bad_verb", "bad_verb",
		"the verb 'UPPER' is malformed: a name takes 1 to 32 lower-case letters" },
	{ "tests/worker/plugins/odd_param", "odd_param",
		"the parameter 'x' of the verb 'take' is malformed: its type is none of enum remex_type" },
	{ "tests/worker/plugins/odd_option", "odd_option", "the option 'x' is malformed: it has no help" },
	{ "tests/worker/plugins/odd_handler", "odd_handler", "the verb 'idle' is malformed: it has no handler" },
	{ "tests/plugins/bad_start", "bad_start", "would not start" },
	{ "tests/worker/plugins/odd_undefined", "odd_undefined", "remex_not_in_this_version" },
};

/* Each beside a good one before and behind it in the order: they are not disturbed. */
START_TEST (loading)
{
	const struct load_row *row = &load_rows[_i];
	char name[64];
	json_t *json;
	struct verb_table *table;

	snprintf (name, sizeof name, "%s.so", row->name);
	stage_install (row->built, name);
	stage_write ("zz.so", "this is no shared object\n");
	stage_write ("aa.so", "");
	open_files ("y: true");
	ck_assert_int_eq (plugins_load (&plugins, &files, config, -1, &err), 0);
	ck_assert_uint_eq (plugins.n_items, 3);
	ck_assert_ptr_nonnull (plugins.items[0].refused);
	ck_assert_ptr_nonnull (plugins.items[2].refused);
	ck_assert_ptr_null (strchr (plugins.items[2].refused, '\n'));
	ck_assert_str_eq (plugins.items[1].name, row->name);
	if (row->why)
		ck_assert_msg (plugins.items[1].refused && strstr (plugins.items[1].refused, row->why), "%s",
			plugins.items[1].refused ? plugins.items[1].refused : "it was loaded");
	else
		ck_assert_ptr_null (plugins.items[1].refused);
	json = plugins_table (&plugins);
	ck_assert_uint_eq (json_array_size (json), 3);
	table = verb_table_new (json, &err);
	ck_assert_ptr_nonnull (table);
	ck_assert_int_eq (table->n_verbs > 0, !row->why);
	verb_table_free (table);
	json_decref (json);
	plugins_stop (&plugins);
	close_files ();
}
END_TEST

/* A plugin whose words are not UTF-8 is refused, or shown in some way: but it does not vanish. */
START_TEST (words_that_are_not_utf8)
{
	json_t *json;

	stage_install ("tests/worker/plugins/odd_latin", "odd_latin.so");
	open_files ("y: true");
	ck_assert_int_eq (plugins_load (&plugins, &files, config, -1, &err), 0);
	json = plugins_table (&plugins);
	ck_assert_ptr_nonnull (json);
	ck_assert_uint_eq (json_array_size (json), 1);
	json_decref (json);
	close_files ();
}
END_TEST

static const struct option_row {
	const char *section;
	const char *why;
} option_rows[] = {
	{ "tester: {word: hello, list: [a, b], level: -3, share: 2, loud: no}", NULL },
	{ "tester: true", NULL },
	{ "tester: {}", NULL },
	{ "tester: {word: refuse}", "it would not start: the word is 'refuse', and\\n7 others would do" },
	{ "tester: {word: missing}", "it would not start: No such file or directory" },
	{ "tester: {word: silent}", "it would not start" },
	{ "tester: {levle: 1}", "test.yaml:2:.*did you mean 'level'?" },
	{ "tester: {level: high}", "'level' must be an integer" },
	{ "tester: {list: a}", "'list' must be a list of strings" },
	{ "tester: {loud: 1}", "'loud' must be true or false" },
};

START_TEST (options)
{
	const struct option_row *row = &option_rows[_i];
	const char *why = row->why ? strstr (row->why, ".*") : NULL;

	stage_install ("tests/worker/plugins/tester", "tester.so");
	open_files (row->section);
	ck_assert_int_eq (plugins_load (&plugins, &files, config, -1, &err), 0);
	ck_assert_msg (!plugins.items[0].refused == !row->why, "%s", plugins.items[0].refused);
	if (row->why) {
		ck_assert_msg (strstr (plugins.items[0].refused, why ? why + 2 : row->why) != NULL, "%s",
			plugins.items[0].refused);
		ck_assert (!why || !strncmp (plugins.items[0].refused, row->why, (size_t)(why - row->why)));
	}
	plugins_stop (&plugins);
	close_files ();
}
END_TEST

/* Without memory for the reason a plugin is refused all the same, and is in the table. */
START_TEST (no_memory_for_a_reason)
{
	const struct remex_param *params = NULL;
	const struct plugin *owner = NULL;
	json_t *json;

	stage_install ("tests/plugins/bad_start", "bad_start.so");
	stage_write ("zz.so", "this is no shared object\n");
	open_files ("y: true");
	fail_strdup = " ";
	ck_assert_int_eq (plugins_load (&plugins, &files, config, -1, &err), 0);
	fail_strdup = NULL;
	ck_assert_uint_eq (plugins.n_items, 2);
	for (size_t i = 0; i < 2; i++)
		ck_assert_str_eq (plugins.items[i].refused, "out of memory");
	ck_assert_ptr_null (plugins_find (&plugins, "bad_start.x", &owner, &params));
	ck_assert_str_eq (plugins_refusal (&plugins, "bad_start.x"), "out of memory");
	ck_assert_ptr_nonnull (json = plugins_table (&plugins));
	ck_assert_uint_eq (json_array_size (json), 2);
	json_decref (json);
	plugins_stop (&plugins);
	close_files ();
	stage_write ("dir.so", "x");
	ck_assert_int_eq (chmod (path ("dir.so"), 0666), 0);
	config = stage_config ("y: true");
	fail_strdup = "writable";
	ck_assert_int_eq (plugin_files_open (&files, config, &err), -1);
	fail_strdup = NULL;
	config_free (config);
}
END_TEST

START_TEST (finding)
{
	const struct remex_param *params = NULL;
	const struct plugin *owner = NULL;
	static const char *const wrong[] = { "", ".", "tester", "tester.", "teste.say", "testerx.say", "tester.sa",
		"tester.sayx", "tester..say", ".say", "say", "bad_abi.nothing" };

	stage_install ("tests/worker/plugins/tester", "tester.so");
	stage_install ("tests/plugins/bad_abi", "bad_abi.so");
	open_files ("y: true");
	ck_assert_int_eq (plugins_load (&plugins, &files, config, -1, &err), 0);
	ck_assert_str_eq (plugins_find (&plugins, "tester.say", &owner, &params)->name, "say");
	ck_assert_str_eq (owner->name, "tester");
	ck_assert_str_eq (params[0].name, "text");
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		ck_assert_ptr_null (plugins_find (&plugins, wrong[i], &owner, &params));
	plugins_stop (&plugins);
	close_files ();
}
END_TEST

/* Whatever happens in the directory after the files were opened: what was opened is what is loaded. */
START_TEST (the_same_inode)
{
	stage_install ("tests/worker/plugins/tester", "tester.so");
	open_files ("y: true");
	stage_write ("tester.so", "now it is something else");
	ck_assert_int_eq (plugins_load (&plugins, &files, config, -1, &err), 0);
	ck_assert_ptr_null (plugins.items[0].refused);
	plugins_stop (&plugins);
	close_files ();
}
END_TEST

/* A probe says what it loads next: so it is known whose constructor ended it. */
START_TEST (a_constructor_that_crashes)
{
	static struct packet packet;
	int ends[2], status;
	int64_t last = -1;
	pid_t child;

	stage_install ("tests/plugins/bad_constructor", "bad_constructor.so");
	stage_install ("tests/worker/plugins/tester", "tester.so");
	stage_write ("aa.so", "x");
	open_files ("y: true");
	ck_assert_int_eq (link_pair (ends), 0);
	if (!(child = fork ())) {
		close (ends[0]);
		plugins_load (&plugins, &files, config, ends[1], &err);
		_exit (0);
	}
	close (ends[1]);
	while (link_recv (ends[0], &packet, 0) == 1) {
		ck_assert_uint_eq (packet.record.type, REC_LOADING);
		ck_assert_int_eq (packet.record.a, last + 1);
		last = packet.record.a;
	}
	ck_assert_int_eq (last, 1);
	ck_assert_int_eq (waitpid (child, &status, 0), child);
	ck_assert_int_eq (WEXITSTATUS (status), 42);
	close (ends[0]);
	close_files ();
}
END_TEST

static void cases (TCase *tcase)
{
	stage_add (tcase);
	tcase_add_test (tcase, what_is_opened);
	tcase_add_test (tcase, an_empty_directory);
	tcase_add_loop_test (tcase, files_that_are_refused, 0, ROWS (file_rows));
	tcase_add_test (tcase, a_symbolic_link);
	tcase_add_test (tcase, directories_that_are_refused);
	tcase_add_test (tcase, too_many_files);
	tcase_add_loop_test (tcase, loading, 0, ROWS (load_rows));
	tcase_add_test (tcase, words_that_are_not_utf8);
	tcase_add_loop_test (tcase, options, 0, ROWS (option_rows));
	tcase_add_test (tcase, no_memory_for_a_reason);
	tcase_add_test (tcase, finding);
	tcase_add_test (tcase, the_same_inode);
	tcase_add_test (tcase, a_constructor_that_crashes);
}

CHECK_MAIN ("worker/plugins", cases)
