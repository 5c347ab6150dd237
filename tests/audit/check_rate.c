/* check_rate - how many refusals are reported, and of which users. */
#include "config.h"

#include "audit/rate.h"
#include "support/check_main.h"

START_TEST (refusals_are_rationed)
{
	struct audit_rate rate = { 0 };
	uint64_t suppressed = 99;
	int written = 0;

	for (int i = 0; i < 100; i++)
		if (audit_rate_take (&rate, 50000, &suppressed)) {
			ck_assert_uint_eq (suppressed, 0);
			written++;
		}
	ck_assert_int_eq (written, 10);
	ck_assert_uint_eq (rate.suppressed, 90);
	ck_assert (!audit_rate_take (&rate, 50999, &suppressed));
	ck_assert (audit_rate_take (&rate, 51000, &suppressed));
	ck_assert_uint_eq (suppressed, 91);
	ck_assert_uint_eq (rate.suppressed, 0);
	ck_assert (!audit_rate_take (&rate, 51000, &suppressed));
	/* A refusal that could not be written is reported later. */
	ck_assert (audit_rate_take (&rate, 52000, &suppressed));
	audit_rate_failed (&rate, suppressed + 1);
	ck_assert_uint_eq (rate.suppressed, 2);
	/* In the long run one line a second, and never more than ten at once. */
	written = 0;
	for (int64_t ms = 52000; ms < 152000; ms += 10)
		written += audit_rate_take (&rate, ms, &suppressed);
	ck_assert_int_ge (written, 99);
	ck_assert_int_le (written, 100);
	written = 0;
	for (int i = 0; i < 100; i++)
		written += audit_rate_take (&rate, 10000000, &suppressed);
	ck_assert_int_eq (written, 10);
}
END_TEST

START_TEST (each_name_has_a_rate)
{
	struct audit_rates rates = { 0 };
	uint64_t suppressed = 0;

	ck_assert_ptr_eq (audit_rates_of (&rates, NULL), &rates.all[0]);
	ck_assert_ptr_ne (audit_rates_of (&rates, ""), &rates.all[0]);
	ck_assert_ptr_eq (audit_rates_of (&rates, "alice"), audit_rates_of (&rates, "alice"));
	ck_assert_ptr_ne (audit_rates_of (&rates, "alice"), audit_rates_of (&rates, "bob"));
	/* A flood of unknown users has no effect on the known ones. */
	for (int i = 0; i < 100; i++)
		audit_rate_take (audit_rates_of (&rates, NULL), 50000, &suppressed);
	ck_assert (audit_rate_take (audit_rates_of (&rates, "alice"), 50000, &suppressed));
	ck_assert_uint_eq (suppressed, 0);
}
END_TEST

START_TEST (unreported_refusals_are_counted)
{
	struct audit_rates rates = { 0 };
	uint64_t suppressed = 0;

	ck_assert_ptr_null (audit_rates_owing (&rates, 50000, &suppressed));
	for (int i = 0; i < 13; i++) {
		audit_rate_take (audit_rates_of (&rates, "alice"), 50000, &suppressed);
		audit_rate_take (audit_rates_of (&rates, NULL), 50000, &suppressed);
	}
	/* Nothing may be written yet, and asking for it is no refusal. */
	ck_assert_ptr_null (audit_rates_owing (&rates, 50000, &suppressed));
	ck_assert_ptr_eq (audit_rates_owing (&rates, 51000, &suppressed), &rates.all[0]);
	ck_assert_uint_eq (suppressed, 3);
	ck_assert_ptr_eq (audit_rates_owing (&rates, 51000, &suppressed), audit_rates_of (&rates, "alice"));
	ck_assert_uint_eq (suppressed, 3);
	ck_assert_ptr_null (audit_rates_owing (&rates, 52000, &suppressed));
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, refusals_are_rationed);
	tcase_add_test (tcase, each_name_has_a_rate);
	tcase_add_test (tcase, unreported_refusals_are_counted);
}

CHECK_MAIN ("audit/rate", add_cases)
