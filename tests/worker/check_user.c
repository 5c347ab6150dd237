/* check_user - the entry of a user, and its expiry. Becoming another user is tested in tests/system/who.test. */
#include "config.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/check_main.h"
#include "wire/codes.h"
#include "worker/user.h"

START_TEST (until_when)
{
	char name[] = "ann";
	struct user user = { .name = name };
	struct err err = { 0 };

	ck_assert_int_eq (user_check (&user, INT64_MAX, &err), 0);
	user.expires = 86400;
	ck_assert_int_eq (user_check (&user, 86399, &err), 0);
	ck_assert_int_eq (user_check (&user, 86400, &err), -1);
	ck_assert_int_eq (err.code, CODE_DENIED);
	ck_assert_str_eq (err.text, "the account of the user 'ann' has expired");
}
END_TEST

START_TEST (ourselves)
{
	struct err err = { 0 };
	struct user user;

	ck_assert_int_eq (user_look_up (&user, geteuid (), &err), 0);
	ck_assert_uint_eq (user.uid, geteuid ());
	ck_assert_ptr_nonnull (user.name);
	ck_assert_int_eq (user.home[0], '/');
	ck_assert_uint_gt (strlen (user.shell), 0);
	/* A user is not locked out of its own daemon. */
	ck_assert_int_eq (user_check (&user, time (NULL), &err), 0);
	user_free (&user);
	ck_assert_ptr_null (user.name);
}
END_TEST

START_TEST (nobody)
{
	struct err err = { 0 };
	struct user user;

	NEED_ROOT;
	ck_assert_int_eq (user_look_up (&user, 3999999999u, &err), -1);
	ck_assert_int_eq (err.code, CODE_NOT_FOUND);
	ck_assert_str_eq (err.text, "there is no user with uid 3999999999");
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, until_when);
	tcase_add_test (tcase, ourselves);
	tcase_add_test (tcase, nobody);
}

CHECK_MAIN ("user", add_cases)
