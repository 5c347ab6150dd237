/* check_tty - the key `tty` of a call: what it may hold, and what a call without it gets.
 */
#include "config.h"

#include <string.h>

#include "support/check_main.h"
#include "wire/codes.h"
#include "wire/tty.h"

static const struct tty_row {
	const char *text;
	const char *words; /* the refusal has these; NULL: the value is good */
	int rows, cols, erase;
	const char *term;
	bool utf8;
} ttys[] = {
	{ "{\"rows\":24,\"cols\":80}", NULL, 24, 80, TTY_ERASE_NONE, "", false },
	{ "{\"rows\":0,\"cols\":65535,\"term\":\"xterm-256color\",\"utf8\":true,\"erase\":127}", NULL, 0, 65535, 127,
		"xterm-256color", true },
	{ "{\"rows\":1,\"cols\":1,\"utf8\":false,\"erase\":0,\"else\":[]}", NULL, 1, 1, 0, "", false },
	{ "{\"cols\":80}", "needs 'rows'", 0, 0, 0, NULL, false },
	{ "{\"rows\":24}", "needs 'cols'", 0, 0, 0, NULL, false },
	{ "{\"rows\":-1,\"cols\":80}", "'rows' must be from 0 to 65535", 0, 0, 0, NULL, false },
	{ "{\"rows\":24,\"cols\":65536}", "'cols' must be from 0 to 65535", 0, 0, 0, NULL, false },
	{ "{\"rows\":24,\"cols\":80.5}", "'cols' must be an integer", 0, 0, 0, NULL, false },
	{ "{\"rows\":24,\"cols\":80,\"erase\":256}", "'erase' must be from 0 to 255", 0, 0, 0, NULL, false },
	{ "{\"rows\":24,\"cols\":80,\"utf8\":1}", "'utf8' must be true or false", 0, 0, 0, NULL, false },
	{ "{\"rows\":24,\"cols\":80,\"term\":7}", "'term' must be", 0, 0, 0, NULL, false },
	{ "{\"rows\":24,\"cols\":80,\"term\":\"\"}", "'term' must be", 0, 0, 0, NULL, false },
	{ "{\"rows\":24,\"cols\":80,\"term\":\"../x\"}", "'term' must be", 0, 0, 0, NULL, false },
	{ "{\"rows\":24,\"cols\":80,\"term\":\"a/b\"}", "'term' must be", 0, 0, 0, NULL, false },
	{ "{\"rows\":24,\"cols\":80,\"term\":\"a b\"}", "'term' must be", 0, 0, 0, NULL, false },
	{ "{\"rows\":24,\"cols\":80,\"term\":\"x\\n\"}", "'term' must be", 0, 0, 0, NULL, false },
	{ "[24,80]", "'tty' must be an object", 0, 0, 0, NULL, false },
	{ "true", "'tty' must be an object", 0, 0, 0, NULL, false },
	{ "null", "'tty' must be an object", 0, 0, 0, NULL, false },
};

START_TEST (values)
{
	const struct tty_row *row = &ttys[_i];
	json_t *header = json_pack ("{so}", "tty", json_loads (row->text, JSON_DECODE_ANY, NULL));
	struct tty tty;
	struct err err;

	ck_assert_ptr_nonnull (header);
	if (row->words) {
		ck_assert_int_eq (tty_read (header, NULL, &tty, &err), -1);
		ck_assert_int_eq (err.code, CODE_BAD_VALUE);
		ck_assert_msg (strstr (err.text, row->words) != NULL, "%s", err.text);
	} else {
		ck_assert_int_eq (tty_read (header, NULL, &tty, &err), 0);
		ck_assert (tty.wanted);
		ck_assert_int_eq (tty.rows, row->rows);
		ck_assert_int_eq (tty.cols, row->cols);
		ck_assert_int_eq (tty.erase, row->erase);
		ck_assert_str_eq (tty.term, row->term);
		ck_assert_int_eq (tty.utf8, row->utf8);
	}
	ck_assert_int_eq (tty_read (header, "status.show", &tty, &err), -1);
	ck_assert_str_eq (err.text, "status.show can give no terminal: call it without 'tty'");
	json_decref (header);
}
END_TEST

START_TEST (the_name_is_short)
{
	char term[TTY_TERM_MAX + 2];
	struct tty tty;
	struct err err;

	memset (term, 'x', sizeof term);
	for (size_t n = TTY_TERM_MAX; n <= TTY_TERM_MAX + 1; n++) {
		json_t *header = json_pack ("{s{si si ss%}}", "tty", "rows", 1, "cols", 1, "term", term, n);

		ck_assert_int_eq (tty_read (header, NULL, &tty, &err), n > TTY_TERM_MAX ? -1 : 0);
		json_decref (header);
	}
}
END_TEST

START_TEST (without_the_key)
{
	json_t *header = json_object ();
	struct tty tty;
	struct err err;

	ck_assert_int_eq (tty_read (header, "status.show", &tty, &err), 0);
	ck_assert (!tty.wanted);
	json_decref (header);
}
END_TEST

static void cases (TCase *tcase)
{
	tcase_add_loop_test (tcase, values, 0, (int)(sizeof ttys / sizeof *ttys));
	tcase_add_test (tcase, the_name_is_short);
	tcase_add_test (tcase, without_the_key);
}

CHECK_MAIN ("wire/tty", cases)
