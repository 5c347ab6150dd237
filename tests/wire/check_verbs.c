/* The verb table: parsed from its JSON, looked up, and its checks of a call's arguments. */
#include "config.h"

#include <string.h>

#include "support/check_main.h"
#include "wire/codes.h"
#include "wire/verbs.h"

#define ROWS(table) (int)(sizeof table / sizeof *table)

static const char table_text[] =
	"[{\"plugin\":\"broken\",\"refused\":\"its start function failed\"},"
	"{\"plugin\":\"exec\",\"version\":\"1\",\"summary\":\"s\",\"verbs\":["
	"{\"name\":\"run\",\"help\":\"Run\",\"control\":false,\"facts\":false,\"params\":["
	"{\"name\":\"argv\",\"type\":\"strings\",\"required\":true,\"help\":\"h\"},"
	"{\"name\":\"env\",\"type\":\"map\",\"required\":false,\"help\":\"h\"},"
	"{\"name\":\"cwd\",\"type\":\"string\",\"required\":false,\"help\":\"h\"},"
	"{\"name\":\"nice\",\"type\":\"integer\",\"required\":false,\"help\":\"h\"},"
	"{\"name\":\"share\",\"type\":\"number\",\"required\":false,\"help\":\"h\"},"
	"{\"name\":\"tty\",\"type\":\"bool\",\"required\":false,\"help\":\"h\"}]},"
	"{\"name\":\"plain\",\"help\":\"Plain\",\"control\":true,\"facts\":true,\"paths\":true,\"params\":[]}]}]";

static struct verb_table *table;
static struct err err;

static void setup (void)
{
	json_t *json = json_loads (table_text, 0, NULL);

	ck_assert_ptr_nonnull (json);
	table = verb_table_new (json, &err);
	json_decref (json);
	ck_assert_ptr_nonnull (table);
}

static void teardown (void)
{
	verb_table_free (table);
}

START_TEST (types)
{
	static const char *const words[] = { "string", "integer", "number", "bool", "strings", "map" };

	for (int i = VERB_STRING; i < N_VERB_TYPES; i++)
		ck_assert_str_eq (verb_type_name ((enum verb_type)i), words[i - 1]);
}
END_TEST

START_TEST (read_back)
{
	const struct verb *run = verb_find (table, "exec.run", &err), *plain = verb_find (table, "exec.plain", &err);

	ck_assert_uint_eq (table->n_verbs, 2);
	ck_assert_ptr_nonnull (run);
	ck_assert_str_eq (run->plugin, "exec");
	ck_assert_uint_eq (run->n_params, 6);
	ck_assert (run->params[0].required && !run->params[1].required);
	ck_assert_int_eq (run->params[1].type, VERB_MAP);
	ck_assert (!run->control && !run->facts && !run->paths);
	ck_assert (plain->control && plain->facts && plain->paths);
	ck_assert_uint_eq (plain->n_params, 0);
}
END_TEST

START_TEST (references)
{
	struct verb_table *same = verb_table_ref (table);

	ck_assert_ptr_eq (same, table);
	verb_table_free (same);
	ck_assert_ptr_nonnull (verb_find (table, "exec.run", &err));
	verb_table_free (NULL);
}
END_TEST

static const char *const malformed[] = {
	"{}",
	"[{\"verbs\":[{\"name\":\"a\",\"help\":\"h\",\"params\":[]}]}]",
	"[{\"plugin\":\"p\",\"verbs\":[{\"help\":\"h\",\"params\":[]}]}]",
	"[{\"plugin\":\"p\",\"verbs\":[{\"name\":\"a\",\"params\":[]}]}]",
	"[{\"plugin\":\"p\",\"verbs\":[{\"name\":\"a\",\"help\":\"h\"}]}]",
	"[{\"plugin\":\"p\",\"verbs\":[{\"name\":\"a\",\"help\":\"h\",\"params\":[{}]}]}]",
	/* In parentheses: one string, no missing comma. */
	("[{\"plugin\":\"p\",\"verbs\":[{\"name\":\"a\",\"help\":\"h\",\"params\":[{\"name\":\"x\",\"type\":\"what\","
	 "\"help\":\"h\"}]}]}]"),
	"[{\"plugin\":\"p\",\"verbs\":[7]}]",
};

START_TEST (malformed_tables)
{
	json_t *json = json_loads (malformed[_i], 0, NULL);

	ck_assert_ptr_nonnull (json);
	ck_assert_ptr_null (verb_table_new (json, &err));
	ck_assert_int_eq (err.code, CODE_INTERNAL);
	json_decref (json);
}
END_TEST

START_TEST (empty_tables)
{
	static const char *const texts[] = { "[]", "[{}]", "[{\"plugin\":\"p\",\"refused\":\"x\"}]" };
	json_t *json = json_loads (texts[_i], 0, NULL);
	struct verb_table *empty = verb_table_new (json, &err);

	ck_assert_ptr_nonnull (empty);
	ck_assert_uint_eq (empty->n_verbs, 0);
	ck_assert_ptr_null (verb_find (empty, "exec.run", &err));
	ck_assert_int_eq (err.code, CODE_UNKNOWN_CALL);
	verb_table_free (empty);
	json_decref (json);
}
END_TEST

/* Every call of a refused plugin gets the reason; similar names in other plugins are not suggested. */
START_TEST (calls_of_a_refused_plugin)
{
	static const char text[] = "[{\"plugin\":\"words\",\"refused\":\"no disk\"},"
				   "{\"plugin\":\"word\",\"version\":\"1\",\"summary\":\"s\",\"verbs\":"
				   "[{\"name\":\"count\",\"help\":\"h\",\"params\":[]}]}]";
	json_t *json = json_loads (text, 0, NULL);
	struct verb_table *some = verb_table_new (json, &err);

	ck_assert_ptr_null (verb_find (some, "words.count", &err));
	ck_assert_str_eq (err.text, "no call 'words.count' here: the plugin 'words' is refused: no disk");
	ck_assert_str_eq (verb_refusal (some, "words.x"), "no disk");
	ck_assert_ptr_null (verb_refusal (some, "word.count"));
	ck_assert_ptr_null (verb_refusal (some, "word"));
	ck_assert_ptr_null (verb_refusal (some, ""));
	ck_assert_ptr_nonnull (verb_find (some, "word.count", &err));
	verb_table_free (some);
	json_decref (json);
}
END_TEST

static const struct find_row {
	const char *name, *said;
} not_there[] = {
	{ "exec.rum", "did you mean 'exec.run'?" },
	{ "exec.run ", "did you mean 'exec.run'?" },
	{ "run", "no call 'run' here" },
	{ "exec", "no call 'exec' here" },
	{ "", "no call '' here" },
	{ "\033[2J", "no call '\\x1b[2J' here" },
};

START_TEST (unknown_calls)
{
	ck_assert_ptr_null (verb_find (table, not_there[_i].name, &err));
	ck_assert_int_eq (err.code, CODE_UNKNOWN_CALL);
	ck_assert_msg (strstr (err.text, not_there[_i].said) != NULL, "%s", err.text);
	ck_assert_ptr_null (verb_find (table, not_there[_i].name, NULL));
}
END_TEST

static const struct args_row {
	const char *args;
	const char *said; /* NULL: the arguments are valid */
} args_rows[] = {
	{ "{\"argv\":[]}", NULL },
	{ "{\"argv\":[\"a\",{\"b64\":\"/w==\"}],\"cwd\":\"/\",\"nice\":-5,\"share\":1,\"tty\":false}", NULL },
	{ "{\"argv\":[],\"share\":0.5,\"cwd\":{\"b64\":\"YQ==\"}}", NULL },
	{ "{\"argv\":[],\"env\":{\"A\":\"1\",\"B\":\"\",\"C\":{\"b64\":\"/w==\"}}}", NULL },
	{ "{\"argv\":[],\"env\":[\"A=1\",\"B=\",\"C==\",{\"b64\":\"Qj3/\"}]}", NULL },
	{ "{\"argv\":[],\"env\":{}}", NULL },
	{ "{\"argv\":[],\"env\":[]}", NULL },
	{ "{}", "needs the argument 'argv'" },
	{ "{\"argv\":null}", "'argv'" },
	{ "{\"argv\":\"a\"}", "'argv' must be a list" },
	{ "{\"argv\":{}}", "'argv' must be a list" },
	{ "{\"argv\":[1]}", "'argv'" },
	{ "{\"argv\":[[\"a\"]]}", "'argv'" },
	{ "{\"argv\":[{\"b64\":\"AA==\"}]}", "'argv'" },
	{ "{\"argv\":[{\"b64\":\"A\"}]}", "'argv'" },
	{ "{\"argv\":[],\"argc\":1}", "did you mean 'argv'?" },
	{ "{\"argv\":[],\"ARGV\":[]}", "no argument 'ARGV'" },
	{ "{\"argv\":[],\"\\u001b[2J\":1}", "no argument '\\x1b[2J'" },
	{ "{\"argv\":[],\"cwd\":1}", "'cwd'" },
	{ "{\"argv\":[],\"cwd\":null}", "'cwd'" },
	{ "{\"argv\":[],\"nice\":1.0}", "'nice' must be of type integer" },
	{ "{\"argv\":[],\"nice\":\"1\"}", "'nice'" },
	{ "{\"argv\":[],\"share\":\"1\"}", "'share'" },
	{ "{\"argv\":[],\"tty\":1}", "'tty'" },
	{ "{\"argv\":[],\"tty\":\"true\"}", "'tty'" },
	{ "{\"argv\":[],\"env\":\"A=1\"}", "'env' must be an object of strings or a list of NAME=VALUE" },
	{ "{\"argv\":[],\"env\":null}", "'env' must be an object of strings" },
	{ "{\"argv\":[],\"env\":{\"A\":1}}", "'env'" },
	{ "{\"argv\":[],\"env\":{\"\":\"x\"}}", "'env'" },
	{ "{\"argv\":[],\"env\":{\"A=B\":\"x\"}}", "'env'" },
	{ "{\"argv\":[],\"env\":[\"A\"]}", "NAME=VALUE" },
	{ "{\"argv\":[],\"env\":[\"=x\"]}", "NAME=VALUE" },
	{ "{\"argv\":[],\"env\":[\"\"]}", "NAME=VALUE" },
	{ "{\"argv\":[],\"env\":[1]}", "'env'" },
	{ "[]", "'args' must be an object" },
	{ "\"argv\"", "'args' must be an object" },
	{ "null", "'args' must be an object" },
};

START_TEST (arguments)
{
	const struct args_row *row = &args_rows[_i];
	json_t *args = json_loads (row->args, JSON_DECODE_ANY, NULL);
	int result;

	ck_assert_ptr_nonnull (args);
	err.code = -1;
	result = verb_check (verb_find (table, "exec.run", NULL), args, &err);
	ck_assert_msg (result == (row->said ? -1 : 0), "%s: %s", row->args, err.text);
	if (row->said) {
		ck_assert_int_eq (err.code, CODE_BAD_VALUE);
		ck_assert_msg (strstr (err.text, row->said) != NULL, "%s: %s", row->args, err.text);
		ck_assert_int_eq (verb_check (verb_find (table, "exec.run", NULL), args, NULL), -1);
	}
	json_decref (args);
}
END_TEST

START_TEST (no_arguments)
{
	const struct verb *plain = verb_find (table, "exec.plain", &err);
	json_t *empty = json_object (), *one = json_pack ("{si}", "x", 1);

	ck_assert_int_eq (verb_check (plain, NULL, &err), 0);
	ck_assert_int_eq (verb_check (plain, empty, &err), 0);
	ck_assert_int_eq (verb_check (plain, one, &err), -1);
	ck_assert_int_eq (verb_check (verb_find (table, "exec.run", &err), NULL, &err), -1);
	json_decref (empty);
	json_decref (one);
}
END_TEST

static void cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, setup, teardown);
	tcase_add_test (tcase, types);
	tcase_add_test (tcase, read_back);
	tcase_add_test (tcase, references);
	tcase_add_loop_test (tcase, malformed_tables, 0, ROWS (malformed));
	tcase_add_loop_test (tcase, empty_tables, 0, 3);
	tcase_add_test (tcase, calls_of_a_refused_plugin);
	tcase_add_loop_test (tcase, unknown_calls, 0, ROWS (not_there));
	tcase_add_loop_test (tcase, arguments, 0, ROWS (args_rows));
	tcase_add_test (tcase, no_arguments);
}

CHECK_MAIN ("wire/verbs", cases)
