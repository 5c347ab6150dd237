/* The builder of arguments: the JSON for given bytes, and that a failure is remembered. */
#include "config.h"

#include "remex/client.h"
#include "support/check_main.h"

static struct remex_args *args;

static void setup (void)
{
	args = remex_args_new ();
}

static void teardown (void)
{
	remex_args_free (args);
}

START_TEST (empty)
{
	ck_assert_str_eq (remex_args_text (args), "{}");
}
END_TEST

START_TEST (strings)
{
	static const char *const argv[] = { "ls", "", "a b", "gr\xC3\xBC\xC3\x9F", "\xFF\xFE", "\"\\" };

	remex_args_strings (args, "argv", argv, 6);
	remex_args_string (args, "cwd", "/tmp");
	ck_assert_str_eq (remex_args_text (args),
		"{\"argv\":[\"ls\",\"\",\"a "
		"b\",\"gr\xC3\xBC\xC3\x9F\",{\"b64\":\"//4=\"},\"\\\"\\\\\"],\"cwd\":\"/tmp\"}");
}
END_TEST

START_TEST (a_later_value_replaces)
{
	remex_args_string (args, "a", "1");
	ck_assert_str_eq (remex_args_text (args), "{\"a\":\"1\"}");
	remex_args_string (args, "a", "2");
	remex_args_strings (args, "b", NULL, 0);
	ck_assert_str_eq (remex_args_text (args), "{\"a\":\"2\",\"b\":[]}");
}
END_TEST

START_TEST (json)
{
	remex_args_json (args, "n", "17");
	remex_args_json (args, "o", " {\"a\":[true,null]} ");
	ck_assert_str_eq (remex_args_text (args), "{\"n\":17,\"o\":{\"a\":[true,null]}}");
}
END_TEST

static const char *const bad_json[] = { "", "{", "{\"a\":1,\"a\":2}", "nul", "\"\xFF\"", NULL };

START_TEST (a_failure_is_remembered)
{
	remex_args_json (args, "a", bad_json[_i]);
	remex_args_string (args, "b", "fine");
	ck_assert_ptr_null (remex_args_text (args));
}
END_TEST

START_TEST (nulls_fail)
{
	const char *const holes[] = { "a", NULL };

	switch (_i) {
	case 0: remex_args_string (args, NULL, "x"); break;
	case 1: remex_args_string (args, "x", NULL); break;
	case 2: remex_args_strings (args, "x", holes, 2); break;
	case 3: remex_args_string (args, "\xFF", "x"); break;
	default: break;
	}
	ck_assert_ptr_null (remex_args_text (args));
	remex_args_free (NULL);
}
END_TEST

static void cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, setup, teardown);
	tcase_add_test (tcase, empty);
	tcase_add_test (tcase, strings);
	tcase_add_test (tcase, a_later_value_replaces);
	tcase_add_test (tcase, json);
	tcase_add_loop_test (tcase, a_failure_is_remembered, 0, 6);
	tcase_add_loop_test (tcase, nulls_fail, 0, 4);
}

CHECK_MAIN ("client/args", cases)
