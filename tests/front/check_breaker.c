/* check_breaker - when a plugin rests, for which user, for how long, and what ends the rest; with a simulated clock. */
#include "config.h"

#include "front/breaker.h"
#include "support/check_main.h"

enum { ANN = 4001, BOB = 4002 }; /* no user has these uids */

START_TEST (a_few_crashes_cause_no_rest)
{
	struct breakers breakers;

	breakers_init (&breakers, 3);
	ck_assert_int_eq (breaker_backoff (&breakers, "p", ANN, 0), 0);
	for (int i = 0; i < 100; i++) {
		/* A third of the calls. */
		ck_assert_int_eq (breaker_crashed (&breakers, "p", ANN, i), 0);
		ck_assert_int_eq (breaker_crashed (&breakers, "p", ANN, i), 0);
		for (int good = 0; good < 4; good++)
			breaker_ended (&breakers, "p", ANN);
		ck_assert_int_eq (breakers.n, 0); /* nothing is left of them */
	}
	ck_assert_int_eq (breaker_backoff (&breakers, "p", ANN, 10), 0);
	breakers_free (&breakers);
}
END_TEST

/* Crashes that alternate with good calls: each crash counts half of one. */
START_TEST (every_other_call_crashes)
{
	struct breakers breakers;
	int64_t now = 0, backoff = 0;

	breakers_init (&breakers, 10);
	for (int i = 1; i <= 18; i++) {
		ck_assert_int_eq (breaker_crashed (&breakers, "p", ANN, now), 0);
		breaker_ended (&breakers, "p", ANN);
	}
	for (int64_t expected = 1000; expected <= 4000; expected *= 2) {
		backoff = breaker_crashed (&breakers, "p", ANN, now);
		ck_assert_int_eq (backoff, expected);
		now += backoff;
		ck_assert_int_eq (breaker_backoff (&breakers, "p", ANN, now), 0);
		breaker_ended (&breakers, "p", ANN); /* one good call is not enough */
	}
	for (int i = 0; i < 19; i++) {
		ck_assert_int_eq (breakers.n, 1);
		breaker_ended (&breakers, "p", ANN);
	}
	ck_assert_int_eq (breakers.n, 0); /* twice as many as crashes are */
	breakers_free (&breakers);
}
END_TEST

START_TEST (the_rest_doubles_up_to_a_minute)
{
	static const int64_t rests[] = { 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000 };
	struct breakers breakers;
	int64_t now = 5000;

	breakers_init (&breakers, 2);
	ck_assert_int_eq (breaker_crashed (&breakers, "p", ANN, now), 0);
	for (size_t i = 0; i < sizeof rests / sizeof *rests; i++) {
		ck_assert_int_eq (breaker_crashed (&breakers, "p", ANN, now), rests[i]);
		ck_assert_int_eq (breaker_backoff (&breakers, "p", ANN, now), rests[i]);
		ck_assert_int_eq (breaker_backoff (&breakers, "p", ANN, now + rests[i] - 1), 1);
		now += rests[i];
		ck_assert_int_eq (breaker_backoff (&breakers, "p", ANN, now), 0);
	}
	for (int good = 0; good < 4; good++)
		breaker_ended (&breakers, "p", ANN);
	ck_assert_int_eq (breaker_crashed (&breakers, "p", ANN, now), 0);
	ck_assert_int_eq (breaker_crashed (&breakers, "p", ANN, now), 1000); /* as if there had been no crash */
	breakers_free (&breakers);
}
END_TEST

/* Calls that were running when the rest began crash within it: that does not lengthen the rest. */
START_TEST (crashes_within_a_rest_do_not_lengthen_it)
{
	struct breakers breakers;

	breakers_init (&breakers, 1);
	ck_assert_int_eq (breaker_crashed (&breakers, "p", ANN, 100), 1000);
	for (int i = 0; i < 50; i++)
		ck_assert_int_eq (breaker_crashed (&breakers, "p", ANN, 400), 700);
	ck_assert_int_eq (breaker_crashed (&breakers, "p", ANN, 1100), 2000);
	breakers_free (&breakers);
}
END_TEST

START_TEST (each_plugin_rests_by_itself)
{
	struct breakers breakers;
	json_t *json;

	breakers_init (&breakers, 1);
	breaker_crashed (&breakers, "bad", ANN, 0);
	breaker_ended (&breakers, "good", ANN);
	ck_assert_int_eq (breaker_backoff (&breakers, "good", ANN, 0), 0);
	json = breakers_json (&breakers, 500);
	ck_assert_int_eq (json_integer_value (json_object_get (json_object_get (json, "bad"), "crashed")), 1);
	ck_assert (json_real_value (json_object_get (json_object_get (json, "bad"), "rests")) == 0.5);
	ck_assert_int_eq (json_integer_value (json_object_get (json_object_get (json, "good"), "ended")), 1);
	ck_assert_ptr_null (json_object_get (json_object_get (json, "good"), "rests"));
	json_decref (json);
	breakers_free (&breakers);
}
END_TEST

START_TEST (without_a_limit_nothing_rests)
{
	struct breakers breakers;

	breakers_init (&breakers, 0);
	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq (breaker_crashed (&breakers, "p", ANN, 0), 0);
	ck_assert_int_eq (breaker_backoff (&breakers, "p", ANN, 0), 0);
	breakers_free (&breakers);
}
END_TEST

/* The crashes of one user have no effect on other users, root included. */
START_TEST (each_user_has_breakers_of_its_own)
{
	struct breakers breakers;
	json_t *json, *bad;

	breakers_init (&breakers, 2);
	for (int i = 0; i < 10; i++)
		breaker_crashed (&breakers, "p", ANN, i);
	ck_assert_int_gt (breaker_backoff (&breakers, "p", ANN, 10), 0);
	ck_assert_int_eq (breaker_backoff (&breakers, "p", BOB, 10), 0);
	ck_assert_int_eq (breaker_backoff (&breakers, "p", 0, 10), 0);
	ck_assert_int_eq (breaker_crashed (&breakers, "p", BOB, 10), 0); /* the first crash of that user */
	breaker_ended (&breakers, "p", BOB); /* which has no effect on others */
	ck_assert_int_gt (breaker_backoff (&breakers, "p", ANN, 10), 0);
	json = breakers_json (&breakers, 1);
	bad = json_object_get (json, "p");
	ck_assert_int_eq (json_integer_value (json_object_get (bad, "crashed")), 11);
	ck_assert (json_real_value (json_object_get (bad, "rests")) == 1);
	ck_assert_int_eq (json_object_size (json_object_get (bad, "backoff")), 1);
	ck_assert (json_real_value (json_object_get (json_object_get (bad, "backoff"), "uid:4001")) == 1);
	json_decref (json);
	breakers_free (&breakers);
}
END_TEST

START_TEST (the_oldest_breaker_makes_room)
{
	struct breakers breakers;

	breakers_init (&breakers, 1);
	for (uid_t uid = 0; uid < BREAKERS_MAX; uid++)
		breaker_crashed (&breakers, "p", uid, 0);
	breaker_crashed (&breakers, "p", 0, 0); /* the oldest is now that of 1 */
	breaker_crashed (&breakers, "p", BREAKERS_MAX, 0);
	ck_assert_int_eq (breakers.n, BREAKERS_MAX);
	ck_assert_int_gt (breaker_backoff (&breakers, "p", 0, 0), 0);
	ck_assert_int_eq (breaker_backoff (&breakers, "p", 1, 0), 0);
	ck_assert_int_gt (breaker_backoff (&breakers, "p", 2, 0), 0);
	ck_assert_int_gt (breaker_backoff (&breakers, "p", BREAKERS_MAX, 0), 0);
	breakers_free (&breakers);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, a_few_crashes_cause_no_rest);
	tcase_add_test (tcase, every_other_call_crashes);
	tcase_add_test (tcase, the_rest_doubles_up_to_a_minute);
	tcase_add_test (tcase, crashes_within_a_rest_do_not_lengthen_it);
	tcase_add_test (tcase, each_plugin_rests_by_itself);
	tcase_add_test (tcase, without_a_limit_nothing_rests);
	tcase_add_test (tcase, each_user_has_breakers_of_its_own);
	tcase_add_test (tcase, the_oldest_breaker_makes_room);
}

CHECK_MAIN ("breaker", add_cases)
