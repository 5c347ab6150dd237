/* check_plugins - the content of plugin files: which plugins are loaded, which are refused and why, and that the others
 * work. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plugin/fail_strdup.h"
#include "plugin/plugin_fixture.h"
#include "plugin/plugins.h"
#include "support/check_main.h"
#include "wire/verbs.h"

#define ROWS(table) (int)(sizeof table / sizeof *table)

static struct config *config;
static struct plugin_files files;
static struct plugins plugins;
static struct err err;

static void open_files (const char *section)
{
	config = fixture_config (section);
	ck_assert_int_eq (plugin_files_open (&files, config, &err), 0);
}

static void close_files (void)
{
	plugin_files_close (&files);
	config_free (config);
}

static int load_all (void)
{
	for (size_t i = 0; i < files.n_items; i++)
		if (plugins_add (&plugins, &files.items[i], config, &err) < 0)
			return -1;
	return 0;
}

static const struct load_row {
	const char *built, *name;
	const char *why; /* NULL: it is good */
} load_rows[] = {
	{ "tests/plugin/tester", "tester", NULL },
	{ "tests/plugin/tester", "other", "must be in a file of its name" },
	{ "tests/plugins/bad_abi", "bad_abi", "ABI 99" },
	{ "tests/plugins/bad_size", "bad_size", "newer remexd" },
	{ "tests/plugin/odd_verbs", "odd_verbs", "newer remexd" },
	{ "tests/plugin/odd_small", "odd_small", "smaller" },
	{ "tests/plugins/bad_name", "bad_name", "'another' must be in a file of its name" },
	{ "tests/plugins/bad_symbol", "bad_symbol", "no remex_plugin" },
	{ "tests/plugins/bad_verb", "bad_verb",
		"the verb 'UPPER' is malformed: a name takes 1 to 32 lower-case letters" },
	{ "tests/plugin/odd_param", "odd_param",
		"the parameter 'x' of the verb 'take' is malformed: its type is none of enum remex_type" },
	{ "tests/plugin/odd_option", "odd_option", "the option 'x' is malformed: it has no help" },
	{ "tests/plugin/odd_handler", "odd_handler", "the verb 'idle' is malformed: it has no handler" },
	{ "tests/plugins/bad_start", "bad_start", "start function failed" },
	{ "tests/plugin/odd_undefined", "odd_undefined", "remex_not_in_this_version" },
};

/* Each beside a good plugin before and after it in the order: the good plugins are not affected. */
START_TEST (loading)
{
	const struct load_row *row = &load_rows[_i];
	char name[64];
	json_t *json;
	struct verb_table *table;

	snprintf (name, sizeof name, "%s.so", row->name);
	fixture_install (row->built, name);
	fixture_write ("zz.so", "this is no shared object\n");
	fixture_write ("aa.so", "");
	open_files ("y: true");
	ck_assert_int_eq (load_all (), 0);
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

/* A plugin whose words are not UTF-8 is refused, or shown in some way: but it does not disappear. */
START_TEST (words_that_are_not_utf8)
{
	json_t *json;

	fixture_install ("tests/plugin/odd_latin", "odd_latin.so");
	open_files ("y: true");
	ck_assert_int_eq (load_all (), 0);
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
	{ "tester: {word: refuse}", "its start function failed: the word is 'refuse', and\\n7 others would do" },
	{ "tester: {word: missing}", "its start function failed: No such file or directory" },
	{ "tester: {word: silent}", "its start function failed" },
	{ "tester: {levle: 1}", "test.yaml:2:.*did you mean 'level'?" },
	{ "tester: {level: high}", "'level' must be an integer" },
	{ "tester: {list: a}", "'list' must be a list of strings" },
	{ "tester: {loud: 1}", "'loud' must be true or false" },
};

START_TEST (options)
{
	const struct option_row *row = &option_rows[_i];
	const char *why = row->why ? strstr (row->why, ".*") : NULL;

	fixture_install ("tests/plugin/tester", "tester.so");
	open_files (row->section);
	ck_assert_int_eq (load_all (), 0);
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
	const struct plugin *owner = NULL;
	json_t *json;

	fixture_install ("tests/plugins/bad_start", "bad_start.so");
	fixture_write ("zz.so", "this is no shared object\n");
	open_files ("y: true");
	fail_strdup = " ";
	ck_assert_int_eq (load_all (), 0);
	fail_strdup = NULL;
	ck_assert_uint_eq (plugins.n_items, 2);
	for (size_t i = 0; i < 2; i++)
		ck_assert_str_eq (plugins.items[i].refused, "out of memory");
	ck_assert_ptr_null (plugins_find (&plugins, "bad_start.x", &owner));
	ck_assert_str_eq (plugins_refusal (&plugins, "bad_start.x"), "out of memory");
	ck_assert_ptr_nonnull (json = plugins_table (&plugins));
	ck_assert_uint_eq (json_array_size (json), 2);
	json_decref (json);
	plugins_stop (&plugins);
	close_files ();
}
END_TEST

START_TEST (finding)
{
	const struct remex_verb *verb;
	const struct plugin *owner = NULL;
	static const char *const wrong[] = { "", ".", "tester", "tester.", "teste.say", "testerx.say", "tester.sa",
		"tester.sayx", "tester..say", ".say", "say", "bad_abi.nothing" };

	fixture_install ("tests/plugin/tester", "tester.so");
	fixture_install ("tests/plugins/bad_abi", "bad_abi.so");
	open_files ("y: true");
	ck_assert_int_eq (load_all (), 0);
	verb = plugins_find (&plugins, "tester.say", &owner);
	ck_assert_str_eq (verb->name, "say");
	ck_assert_str_eq (owner->name, "tester");
	ck_assert_str_eq (verb->params[0].name, "text");
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		ck_assert_ptr_null (plugins_find (&plugins, wrong[i], &owner));
	plugins_stop (&plugins);
	close_files ();
}
END_TEST

/* Whatever happens in the directory after the files were opened: the opened file is the loaded one. */
START_TEST (the_same_inode)
{
	fixture_install ("tests/plugin/tester", "tester.so");
	open_files ("y: true");
	fixture_write ("tester.so", "now it is something else");
	ck_assert_int_eq (load_all (), 0);
	ck_assert_ptr_null (plugins.items[0].refused);
	plugins_stop (&plugins);
	close_files ();
}
END_TEST

static void cases (TCase *tcase)
{
	fixture_add (tcase);
	tcase_add_loop_test (tcase, loading, 0, ROWS (load_rows));
	tcase_add_test (tcase, words_that_are_not_utf8);
	tcase_add_loop_test (tcase, options, 0, ROWS (option_rows));
	tcase_add_test (tcase, no_memory_for_a_reason);
	tcase_add_test (tcase, finding);
	tcase_add_test (tcase, the_same_inode);
}

CHECK_MAIN ("plugin/plugins", cases)
