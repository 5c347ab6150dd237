/* check_health - when a plugin rests, for how long, and what ends it; by a clock that is made up. */
#include "config.h"

#include "front/health.h"
#include "support/check_main.h"

START_TEST (a_few_crashes_are_nothing)
{
	struct health health;

	health_init (&health, 3);
	ck_assert_int_eq (health_rest (&health, "p", 0), 0);
	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq (health_crashed (&health, "p", i), 0);
		ck_assert_int_eq (health_crashed (&health, "p", i), 0);
		health_ended (&health, "p");
	}
	ck_assert_int_eq (health_rest (&health, "p", 10), 0);
	health_free (&health);
}
END_TEST

START_TEST (the_rest_doubles_up_to_a_minute)
{
	static const int64_t rests[] = { 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000 };
	struct health health;
	int64_t now = 5000;

	health_init (&health, 2);
	ck_assert_int_eq (health_crashed (&health, "p", now), 0);
	for (size_t i = 0; i < sizeof rests / sizeof *rests; i++) {
		ck_assert_int_eq (health_crashed (&health, "p", now), rests[i]);
		ck_assert_int_eq (health_rest (&health, "p", now), rests[i]);
		ck_assert_int_eq (health_rest (&health, "p", now + rests[i] - 1), 1);
		now += rests[i];
		ck_assert_int_eq (health_rest (&health, "p", now), 0);
	}
	health_ended (&health, "p");
	ck_assert_int_eq (health_crashed (&health, "p", now), 0);
	ck_assert_int_eq (health_crashed (&health, "p", now), 1000); /* as if nothing had been */
	health_free (&health);
}
END_TEST

/* Calls that were running when the rest began crash within it: it gets no longer by that. */
START_TEST (crashes_within_a_rest_are_the_same_illness)
{
	struct health health;

	health_init (&health, 1);
	ck_assert_int_eq (health_crashed (&health, "p", 100), 1000);
	for (int i = 0; i < 50; i++)
		ck_assert_int_eq (health_crashed (&health, "p", 400), 700);
	ck_assert_int_eq (health_crashed (&health, "p", 1100), 2000);
	health_free (&health);
}
END_TEST

START_TEST (one_plugin_does_not_rest_for_another)
{
	struct health health;
	json_t *json;

	health_init (&health, 1);
	health_crashed (&health, "bad", 0);
	health_ended (&health, "good");
	ck_assert_int_eq (health_rest (&health, "good", 0), 0);
	json = health_json (&health, 500);
	ck_assert_int_eq (json_integer_value (json_object_get (json_object_get (json, "bad"), "crashed")), 1);
	ck_assert (json_real_value (json_object_get (json_object_get (json, "bad"), "rests")) == 0.5);
	ck_assert_int_eq (json_integer_value (json_object_get (json_object_get (json, "good"), "ended")), 1);
	ck_assert_ptr_null (json_object_get (json_object_get (json, "good"), "rests"));
	json_decref (json);
	health_free (&health);
}
END_TEST

START_TEST (without_a_limit_nothing_rests)
{
	struct health health;

	health_init (&health, 0);
	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq (health_crashed (&health, "p", 0), 0);
	ck_assert_int_eq (health_rest (&health, "p", 0), 0);
	health_free (&health);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, a_few_crashes_are_nothing);
	tcase_add_test (tcase, the_rest_doubles_up_to_a_minute);
	tcase_add_test (tcase, crashes_within_a_rest_are_the_same_illness);
	tcase_add_test (tcase, one_plugin_does_not_rest_for_another);
	tcase_add_test (tcase, without_a_limit_nothing_rests);
}

CHECK_MAIN ("health", add_cases)
