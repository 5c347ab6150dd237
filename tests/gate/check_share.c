/* check_share - which identity may have one more of a resource. */
#include "config.h"

#include "gate/share.h"
#include "support/check_main.h"

START_TEST (the_reserve_is_an_eighth)
{
	static const int64_t cases[][2] = { { -5, 0 }, { 0, 0 }, { 1, 0 }, { 2, 1 }, { 8, 1 }, { 15, 1 }, { 16, 2 },
		{ 80, 10 }, { 512, 64 }, { 10000, 64 }, { 1000000, 64 } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ck_assert_int_eq (share_reserve (cases[i][0]), cases[i][1]);
}
END_TEST

/* Each identity has its share, all but the administrators together leave the reserve, and an administrator is bound by
 * the maximum alone. */
START_TEST (shares_and_the_reserve)
{
	static const struct share share = { .most = 16, .each = 4 };

	ck_assert_int_eq (share_ask (&share, 0, 0, false), SHARE_FREE);
	ck_assert_int_eq (share_ask (&share, 3, 3, false), SHARE_FREE);
	ck_assert_int_eq (share_ask (&share, 4, 4, false), SHARE_EACH);
	ck_assert_int_eq (share_ask (&share, 13, 0, false), SHARE_FREE);
	ck_assert_int_eq (share_ask (&share, 14, 0, false), SHARE_FULL);
	ck_assert_int_eq (share_ask (&share, 14, 4, false), SHARE_EACH);
	ck_assert_int_eq (share_ask (&share, 15, 15, true), SHARE_FREE);
	ck_assert_int_eq (share_ask (&share, 16, 0, true), SHARE_FULL);
}
END_TEST

/* The smallest maximum still permits one. */
START_TEST (a_maximum_of_one)
{
	static const struct share share = { .most = 1, .each = 1 };

	ck_assert_int_eq (share_ask (&share, 0, 0, false), SHARE_FREE);
	ck_assert_int_eq (share_ask (&share, 1, 0, true), SHARE_FULL);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, the_reserve_is_an_eighth);
	tcase_add_test (tcase, shares_and_the_reserve);
	tcase_add_test (tcase, a_maximum_of_one);
}

CHECK_MAIN ("share", add_cases)
