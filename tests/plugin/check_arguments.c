/* Arguments of a call and options of the configuration, in the one form that handlers see. */
#include "config.h"

#include <string.h>

#include "conf/tree.h"
#include "plugin/arguments.h"
#include "support/check_main.h"
#include "wire/codes.h"

#define ROWS(table) (int)(sizeof table / sizeof *table)

static const struct remex_param params[] = {
	{ "text", REMEX_STRING, 0, "h" },
	{ "n", REMEX_INTEGER, 0, "h" },
	{ "r", REMEX_NUMBER, 0, "h" },
	{ "b", REMEX_BOOL, 0, "h" },
	{ "list", REMEX_STRINGS, 0, "h" },
	{ "map", REMEX_MAP, 0, "h" },
	{ 0 },
};

static struct arguments args;
static struct err err;

static int from_json (const char *text)
{
	json_t *json = json_loads (text, 0, NULL);
	int result;

	ck_assert_ptr_nonnull (json);
	err = (struct err){ 0 };
	result = arguments_from_json (&args, params, json, &err);
	json_decref (json); /* the values are copies */
	return result;
}

START_TEST (every_type)
{
	const struct argument *arg;

	ck_assert_int_eq (
		from_json ("{\"text\":{\"b64\":\"/w==\"},\"n\":-3,\"r\":2,\"b\":true,\"list\":[\"a\",\"\",\"c\"],"
			   "\"map\":{\"A\":\"1\",\"B\":{\"b64\":\"/w==\"}}}"),
		0);
	ck_assert_uint_eq (args.n_items, 6);
	ck_assert_str_eq (arguments_find (&args, "text", REMEX_STRING)->string, "\xFF");
	ck_assert_int_eq (arguments_find (&args, "n", REMEX_INTEGER)->integer, -3);
	ck_assert_double_eq (arguments_find (&args, "r", REMEX_NUMBER)->number, 2);
	ck_assert (arguments_find (&args, "b", REMEX_BOOL)->truth);
	arg = arguments_find (&args, "list", REMEX_STRINGS);
	ck_assert_str_eq (arg->strings[0], "a");
	ck_assert_str_eq (arg->strings[1], "");
	ck_assert_str_eq (arg->strings[2], "c");
	ck_assert_ptr_null (arg->strings[3]);
	arg = arguments_find (&args, "map", REMEX_STRINGS);
	ck_assert_str_eq (arg->strings[0], "A=1");
	ck_assert_str_eq (arg->strings[1], "B=\xFF");
	ck_assert_ptr_null (arg->strings[2]);
	arguments_free (&args);
	arguments_free (&args);
}
END_TEST

START_TEST (a_map_as_a_list)
{
	ck_assert_int_eq (from_json ("{\"map\":[\"A=1\",{\"b64\":\"Qj3/\"}]}"), 0);
	ck_assert_str_eq (arguments_find (&args, "map", REMEX_STRINGS)->strings[0], "A=1");
	ck_assert_str_eq (arguments_find (&args, "map", REMEX_STRINGS)->strings[1], "B=\xFF");
	arguments_free (&args);
	ck_assert_int_eq (from_json ("{\"map\":{},\"list\":[]}"), 0);
	ck_assert_ptr_null (arguments_find (&args, "map", REMEX_STRINGS)->strings[0]);
	ck_assert_ptr_null (arguments_find (&args, "list", REMEX_STRINGS)->strings[0]);
	arguments_free (&args);
}
END_TEST

START_TEST (absent_or_of_another_type)
{
	ck_assert_int_eq (from_json ("{\"n\":1,\"unknown\":2}"), 0);
	ck_assert_uint_eq (args.n_items, 1);
	ck_assert_ptr_null (arguments_find (&args, "text", REMEX_STRING));
	ck_assert_ptr_null (arguments_find (&args, "n", REMEX_NUMBER));
	ck_assert_ptr_null (arguments_find (&args, "n", REMEX_STRING));
	ck_assert_ptr_null (arguments_find (&args, "unknown", REMEX_INTEGER));
	arguments_free (&args);
	ck_assert_int_eq (arguments_from_json (&args, params, NULL, &err), 0);
	ck_assert_uint_eq (args.n_items, 0);
	arguments_free (&args);
	ck_assert_int_eq (arguments_from_json (&args, NULL, NULL, &err), 0);
	arguments_free (&args);
}
END_TEST

/* The front has checked them; a wrong value that passes all the same is not converted. */
static const char *const bad_json[] = { "{\"text\":1}", "{\"text\":null}", "{\"text\":[\"a\"]}",
	"{\"text\":{\"b64\":\"A\"}}", "{\"text\":{\"b64\":\"AA==\"}}", "{\"n\":\"1\"}", "{\"n\":1.5}", "{\"n\":null}",
	"{\"r\":\"1\"}", "{\"r\":true}", "{\"b\":1}", "{\"b\":\"true\"}", "{\"list\":\"a\"}", "{\"list\":[1]}",
	"{\"list\":[\"a\",null]}", "{\"list\":{}}", "{\"map\":\"A=1\"}", "{\"map\":{\"A\":1}}",
	"{\"map\":{\"A\":\"1\",\"B\":[]}}", "{\"map\":[\"A=1\",2]}",
	"{\"text\":\"kept\",\"n\":1,\"list\":[\"x\"],\"map\":[0]}" };

START_TEST (of_the_wrong_type)
{
	ck_assert_msg (from_json (bad_json[_i]) == -1, "%s was taken", bad_json[_i]);
	ck_assert_int_eq (err.code, CODE_BAD_VALUE);
	ck_assert_uint_eq (args.n_items, 0);
	ck_assert_ptr_null (args.items);
}
END_TEST

/* --- options ------------------------------------------------------------------------------------------------------ */

static const struct remex_param options[] = {
	{ "text", REMEX_STRING, 0, "h" },
	{ "n", REMEX_INTEGER, REMEX_REQUIRED, "h" },
	{ "r", REMEX_NUMBER, 0, "h" },
	{ "b", REMEX_BOOL, 0, "h" },
	{ "list", REMEX_STRINGS, 0, "h" },
	{ 0 },
};

static int from_yaml (const char *text)
{
	struct conf_node *node = conf_parse (text, strlen (text), "test.yaml", &err);
	int result;

	ck_assert_msg (node != NULL, "%s", err.text);
	result = arguments_from_config (&args, options, node, "test.yaml", &err);
	conf_free (node); /* the values are copies */
	return result;
}

START_TEST (every_option)
{
	ck_assert_int_eq (from_yaml ("text: some words\nn: -5\nr: 1.5\nb: yes\nlist: [a, '2']\n"), 0);
	ck_assert_uint_eq (args.n_items, 5);
	ck_assert_str_eq (arguments_find (&args, "text", REMEX_STRING)->string, "some words");
	ck_assert_int_eq (arguments_find (&args, "n", REMEX_INTEGER)->integer, -5);
	ck_assert_double_eq (arguments_find (&args, "r", REMEX_NUMBER)->number, 1.5);
	ck_assert (arguments_find (&args, "b", REMEX_BOOL)->truth);
	ck_assert_str_eq (arguments_find (&args, "list", REMEX_STRINGS)->strings[1], "2");
	ck_assert_ptr_null (arguments_find (&args, "list", REMEX_STRINGS)->strings[2]);
	arguments_free (&args);
}
END_TEST

static const struct bad_option {
	const char *yaml, *said;
} bad_options[] = {
	{ "n: 1\nteyt: x\n", "test.yaml:2:1: unknown key 'teyt'; did you mean 'text'?" },
	{ "n: 1\nzzzzzz: x\n", "test.yaml:2:1: unknown key 'zzzzzz'" },
	{ "n: one\n", "test.yaml:1:4: 'n' must be an integer" },
	{ "n: '1'\n", "'n' must be an integer" },
	{ "n: 1.5\n", "'n' must be an integer" },
	{ "n: [1]\n", "'n' must be an integer" },
	{ "n: 1\nr: x\n", "'r' must be a number" },
	{ "n: 1\nb: maybe\n", "'b' must be true or false" },
	{ "n: 1\ntext: [a]\n", "'text' must be a string" },
	{ "n: 1\ntext: {a: b}\n", "'text' must be a string" },
	{ "n: 1\nlist: a\n", "'list' must be a list of strings" },
	{ "n: 1\nlist: [a, [b]]\n", "'list' must be a list of strings" },
	{ "text: kept\nlist: [a]\nn:\n", "'n' must be an integer" },
	{ "text: a\n", "test.yaml: the option 'n' is required" },
};

START_TEST (options_that_are_refused)
{
	ck_assert_msg (from_yaml (bad_options[_i].yaml) == -1, "%s", bad_options[_i].yaml);
	ck_assert_msg (strstr (err.text, bad_options[_i].said) != NULL, "%s", err.text);
	ck_assert_ptr_null (args.items);
}
END_TEST

START_TEST (no_section)
{
	ck_assert_int_eq (arguments_from_config (&args, params, NULL, "test.yaml", &err), 0);
	ck_assert_uint_eq (args.n_items, 0);
	arguments_free (&args);
	ck_assert_int_eq (arguments_from_config (&args, NULL, NULL, "test.yaml", &err), 0);
	arguments_free (&args);
	ck_assert_int_eq (arguments_from_config (&args, options, NULL, "test.yaml", &err), -1);
}
END_TEST

static void cases (TCase *tcase)
{
	tcase_add_test (tcase, every_type);
	tcase_add_test (tcase, a_map_as_a_list);
	tcase_add_test (tcase, absent_or_of_another_type);
	tcase_add_loop_test (tcase, of_the_wrong_type, 0, ROWS (bad_json));
	tcase_add_test (tcase, every_option);
	tcase_add_loop_test (tcase, options_that_are_refused, 0, ROWS (bad_options));
	tcase_add_test (tcase, no_section);
}

CHECK_MAIN ("plugin/arguments", cases)
