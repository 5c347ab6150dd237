/* check_token_bucket - a burst, then one in each period, however long nothing was taken. */
#include "config.h"

#include "base/token_bucket.h"
#include "support/check_main.h"

static const struct token_rate rate = { .burst = 3, .period_ms = 10 };

static int take (struct token_bucket *bucket, int64_t now_ms, int tries)
{
	int taken = 0;

	for (int i = 0; i < tries; i++)
		if (token_bucket_refill (bucket, &rate, now_ms)) {
			token_bucket_spend (bucket, &rate);
			taken++;
		}
	return taken;
}

START_TEST (burst_and_period)
{
	struct token_bucket bucket = { 0 };

	ck_assert_int_eq (take (&bucket, 1000, 5), 3);
	ck_assert_int_eq (take (&bucket, 1009, 5), 0);
	ck_assert_int_eq (take (&bucket, 1010, 5), 1);
	ck_assert_int_eq (take (&bucket, 1025, 5), 1);
	ck_assert_int_eq (take (&bucket, 1030, 5), 1); /* the half of a token was kept */
	ck_assert_int_eq (take (&bucket, 1000000, 5), 3);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, burst_and_period);
}

CHECK_MAIN ("token_bucket", add_cases)
