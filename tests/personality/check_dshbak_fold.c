/* check_dshbak_fold - names of hosts as `dshbak -c` folds them. differential.test compares with the original. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "personality/dshbak_fold.h"
#include "support/check_main.h"

enum { NAMES = 16 };

static const struct {
	const char *names, *folded; /* the names between blanks */
} folds[] = {
	{ "", "" },
	{ "web", "web" },
	{ "7", "7" },
	{ "web1", "web1" },
	{ "web2 web1", "web[1-2]" },
	{ "web1 web2 web4", "web[1-2,4]" },
	{ "web1 web1", "web[1,1]" },
	/* Padding: 9 goes on with 10, 09 with 10 as well, 009 with 010; 09 not with 010. */
	{ "a9 a10 a11", "a[9-11]" },
	{ "a09 a10 a11", "a[09-11]" },
	{ "a009 a010", "a[009-010]" },
	{ "a09 a010", "a[09,010]" },
	{ "a1 a01 a2 a02", "a[01-02,1-2]" },
	{ "a0 a1", "a[0-1]" },
	{ "a00 a01", "a[00-01]" },
	/* Only the last number counts; a suffix stays behind it. */
	{ "r1n1 r1n2 r2n1", "r1n[1-2],r2n1" },
	{ "a1s a2s a3", "a3,a[1-2]s" },
	{ "a1.x.org a2.x.org", "a[1-2].x.org" },
	{ "b1 a1 a2", "a[1-2],b1" },
	/* Numbers that no integer holds. */
	{ "a99999999999999999999999 a1", "a[1,99999999999999999999999]" },
};

START_TEST (a_list_is_folded)
{
	char text[256], *names[NAMES], *folded, *rest = text;
	size_t n = 0;

	strcpy (text, folds[_i].names);
	for (char *name; (name = strsep (&rest, " "));)
		if (*name)
			names[n++] = name;
	ck_assert_ptr_nonnull (folded = dshbak_fold ((const char *const *)names, n));
	ck_assert_str_eq (folded, folds[_i].folded);
	free (folded);
}
END_TEST

START_TEST (a_host_is_sorted_by_its_last_digits)
{
	ck_assert (dshbak_number ("web12") == 12);
	ck_assert (dshbak_number ("r1n007") == 7);
	ck_assert (dshbak_number ("web1s") == 0);
	ck_assert (dshbak_number ("web") == 0);
	ck_assert (dshbak_number ("") == 0);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_loop_test (tcase, a_list_is_folded, 0, sizeof folds / sizeof *folds);
	tcase_add_test (tcase, a_host_is_sorted_by_its_last_digits);
}

CHECK_MAIN ("dshbak_fold", add_cases)
