/* check_query_rate - how many answers one source gets, what one source is, and that invented sources get no more than all. */
#include "config.h"

#include <stdio.h>

#include "gate/query_rate.h"
#include "support/check_main.h"

static struct query_rate rate;

static void set_up (void)
{
	ck_assert_int_eq (query_rate_init (&rate), 0);
}

static void tear_down (void)
{
}

static struct endpoint endpoint_of (const char *text)
{
	struct endpoint endpoint;
	struct err err;

	ck_assert_msg (endpoint_parse (&endpoint, text, &err) == 0, "%s", err.text);
	return endpoint;
}

static int take (const char *text, int64_t now_ms, int tries)
{
	struct endpoint from = endpoint_of (text);
	int taken = 0;

	for (int i = 0; i < tries; i++)
		taken += query_rate_take (&rate, &from, now_ms);
	return taken;
}

START_TEST (one_source)
{
	ck_assert_int_eq (take ("10.0.0.1:1", 1000, 100), QUERY_BURST);
	ck_assert_int_eq (take ("10.0.0.1:2", 1000, 100), 0); /* the port does not matter */
	ck_assert_int_eq (take ("10.0.0.2:1", 1000, 100), QUERY_BURST);
	ck_assert_int_eq (take ("10.0.0.1:1", 1000 + QUERY_PERIOD_MS, 100), 1);
}
END_TEST

START_TEST (networks_of_ipv6)
{
	ck_assert_int_eq (take ("[2001:db8::1]:1", 1000, 100), QUERY_BURST);
	ck_assert_int_eq (take ("[2001:db8::2]:1", 1000, 100), 0);
	ck_assert_int_eq (take ("[2001:db8:0:1::2]:1", 1000, 100), QUERY_BURST);
	ck_assert_int_eq (take ("[fe80::1%1]:1", 1000, 100), QUERY_BURST);
	ck_assert_int_eq (take ("[fe80::2%1]:1", 1000, 100), QUERY_BURST);
}
END_TEST

START_TEST (all_sources)
{
	int taken = 0;

	for (int i = 0; i < 100000; i++) {
		char text[32];

		snprintf (text, sizeof text, "10.%d.%d.%d:1", i >> 16, i >> 8 & 255, i & 255);
		taken += take (text, 1000 + i / 100, 1); /* a second passes */
	}
	ck_assert_int_ge (taken, QUERY_BURST_ALL + 1000 / QUERY_PERIOD_ALL_MS - 1);
	ck_assert_int_le (taken, QUERY_BURST_ALL + 1000 / QUERY_PERIOD_ALL_MS);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, tear_down);
	tcase_add_test (tcase, one_source);
	tcase_add_test (tcase, networks_of_ipv6);
	tcase_add_test (tcase, all_sources);
}

CHECK_MAIN ("query_rate", add_cases)
