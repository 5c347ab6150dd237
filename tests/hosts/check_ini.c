/* check_ini - sections and keys as Python's configparser reads them, over several files, and their mistakes. */
#include "config.h"

#include <string.h>

#include "hosts/ini.h"
#include "support/check_main.h"

static int read_text (struct ini *ini, const char *text, struct err *err)
{
	char *copy = strdup (text);
	int result = ini_read (ini, copy, "f", err);

	free (copy);
	return result;
}

START_TEST (values)
{
	struct ini ini = { .n_sections = 0 };
	struct err err = { .text = "" };

	ck_assert_int_eq (
		read_text (&ini,
			"# a comment\n\n[Main]\nDefault: one \r\nempty =\n"
			"list = a=b:c\n  next\n\n  # no comment ends a value\n\tlast\n[two,three]\nmap: x # y\n"
			"[Main]\nmore: 1",
			&err),
		0);
	ck_assert_uint_eq (ini.n_sections, 2);
	ck_assert_str_eq (ini.sections[1].name, "two,three");
	ck_assert_str_eq (ini_get (&ini, "Main", "default"), "one");
	ck_assert_str_eq (ini_get (&ini, "Main", "empty"), "");
	ck_assert_str_eq (ini_get (&ini, "Main", "list"), "a=b:c\nnext\nlast");
	ck_assert_str_eq (ini_get (&ini, "two,three", "map"), "x # y");
	ck_assert_str_eq (ini_get (&ini, "Main", "more"), "1");
	ck_assert_ptr_null (ini_get (&ini, "main", "default"));
	ck_assert_ptr_null (ini_get (&ini, "Main", "map"));
	ck_assert_int_eq (read_text (&ini, "[Main]\ndefault: two\n", &err), 0);
	ck_assert_str_eq (ini_get (&ini, "Main", "default"), "two");
	ck_assert_str_eq (ini_get (&ini, "Main", "more"), "1");
	ini_free (&ini);
}
END_TEST

static const struct {
	const char *text, *words;
} mistakes[] = {
	{ "a: b\n", "f:1: 'a: b' is in no section" },
	{ "[Main]\n\n[x\n", "f:3: '[x' has no ']'" },
	{ "[Main]\nword\n", "f:2: 'word' is neither a [section] nor a key" },
	{ "[Main]\n\x1b\n", "f:2: '\\x1b' is neither" },
};

START_TEST (mistaken)
{
	struct ini ini = { .n_sections = 0 };
	struct err err = { .text = "" };

	ck_assert_int_eq (read_text (&ini, mistakes[_i].text, &err), -1);
	ck_assert_msg (!strncmp (err.text, mistakes[_i].words, strlen (mistakes[_i].words)), "%s", err.text);
	ini_free (&ini);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, values);
	tcase_add_loop_test (tcase, mistaken, 0, sizeof mistakes / sizeof *mistakes);
}

CHECK_MAIN ("ini", add_cases)
