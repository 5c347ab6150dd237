/* check_name_filter - the names that filters keep and drop, one filter and several, and the expressions that are refused. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "hosts/listed.h"
#include "hosts/name_filter.h"
#include "support/check_main.h"

static struct host_list four_hosts (void)
{
	struct host_list list = { .n = 0 };
	struct err err;

	ck_assert_msg (listed_evaluate ("web1,web2,db1,mail", &list, &err) == 0, "%s", err.text);
	return list;
}

static void expect (struct host_list *list, const char *words)
{
	char *text = listed_join (list);

	ck_assert_str_eq (text, words);
	free (text);
	host_list_free (list);
}

static const struct {
	const char *pattern;
	bool drop;
	const char *left;
} rows[] = {
	{ "^web", false, "web1 web2" }, { "^web", true, "db1 mail" }, { "1$|^mail$", false, "web1 db1 mail" },
	{ "b", false, "web1 web2 db1" }, { "WEB", false, "" }, /* bytes are bytes */
};

START_TEST (one)
{
	struct host_list list = four_hosts ();
	struct name_filter filter;
	struct err err;

	ck_assert_msg (name_filter_compile (&filter, rows[_i].pattern, rows[_i].drop, &err) == 0, "%s", err.text);
	name_filter_apply (&filter, &list);
	name_filter_free (&filter);
	expect (&list, rows[_i].left);
}
END_TEST

START_TEST (several)
{
	struct host_list list = four_hosts ();
	struct name_filters filters = { .n = 0 };
	struct name_filter filter;
	struct err err;

	name_filters_apply (&filters, &list);
	ck_assert_uint_eq (list.n, 4);
	ck_assert_int_eq (name_filter_compile (&filter, "1", false, &err), 0);
	ck_assert_int_eq (name_filters_add (&filters, &filter), 0);
	ck_assert_int_eq (name_filter_compile (&filter, "db", true, &err), 0);
	ck_assert_int_eq (name_filters_add (&filters, &filter), 0);
	name_filters_apply (&filters, &list);
	name_filters_free (&filters);
	ck_assert_uint_eq (filters.n, 0);
	expect (&list, "web1");
}
END_TEST

START_TEST (refused)
{
	struct name_filter filter;
	struct err err;

	ck_assert_int_eq (name_filter_compile (&filter, "", false, &err), -1);
	ck_assert_str_eq (err.text, "is empty: /^web/ keeps the names that begin with web");
	ck_assert_int_eq (name_filter_compile (&filter, "(a*)*", false, &err), -1);
	ck_assert_str_eq (err.text, "repeats something that can be empty");
	ck_assert_int_eq (name_filter_compile (&filter, "[z-a]", false, &err), -1);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_loop_test (tcase, one, 0, (int)(sizeof rows / sizeof *rows));
	tcase_add_test (tcase, several);
	tcase_add_test (tcase, refused);
}

CHECK_MAIN ("name_filter", add_cases)
