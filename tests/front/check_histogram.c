/* check_histogram - each time in its decade, once, and the remainder of the sum. */
#include "config.h"

#include "front/histogram.h"
#include "support/check_main.h"

static long long at (const json_t *json, const char *name)
{
	return json_integer_value (json_object_get (json, name));
}

START_TEST (bounds_belong_to_the_lower_decade)
{
	static const int64_t times[] = { 0, 1, 2, 10, 11, 100, 101, 1000, 1001, 10000, 10001, 100000, 100001,
		1LL << 40 };
	struct histogram histogram = { .n = 0 };
	int64_t sum = 0;
	json_t *json;

	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		histogram_add (&histogram, times[i]);
		sum += times[i];
	}
	json = histogram_json (&histogram);
	ck_assert_int_eq (at (json, "1ms"), 2);
	ck_assert_int_eq (at (json, "10ms"), 2);
	ck_assert_int_eq (at (json, "100ms"), 2);
	ck_assert_int_eq (at (json, "1s"), 2);
	ck_assert_int_eq (at (json, "10s"), 2);
	ck_assert_int_eq (at (json, "100s"), 2);
	ck_assert_int_eq (at (json, "more"), 2);
	ck_assert_int_eq (at (json, "count"), 14);
	ck_assert (json_real_value (json_object_get (json, "seconds")) == (double)sum / 1000);
	json_decref (json);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, bounds_belong_to_the_lower_decade);
}

CHECK_MAIN ("histogram", add_cases)
