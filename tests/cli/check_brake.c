/* check_brake - how fast many hosts are started, and when no further one is: each rule alone, and the sums. */
#include "config.h"

#include "cli/brake.h"
#include "support/check_main.h"

/* Start as many as the brake lets, end them all; each that has a number below `bad` fails. Returns how many started; the
 * most at once is in *most. */
static size_t run (struct brake *brake, size_t n, size_t window, size_t bad, size_t *most)
{
	size_t started = 0, ended = 0;

	brake_open (brake, n, window);
	*most = 0;
	while (ended < n) {
		while (started < n && started - ended < brake_window (brake, started - ended)) {
			started++;
			brake_started (brake);
		}
		if (started - ended > *most)
			*most = started - ended;
		if (ended == started)
			break;
		brake_ended (brake, ended >= bad, true);
		ended++;
	}
	return started;
}

START_TEST (the_window_bounds)
{
	struct brake brake = { .ramp = false };
	size_t most;

	ck_assert_uint_eq (run (&brake, 100, 7, 50, &most), 100);
	ck_assert_uint_eq (most, 7);
	ck_assert (!brake_holds (&brake));
}
END_TEST

START_TEST (a_ramp_doubles_as_hosts_succeed)
{
	static const size_t steps[] = { 1, 2, 2, 4, 4, 4, 4, 8, 8 };
	struct brake brake = { .ramp = true };
	size_t most;

	brake_open (&brake, 100, 20);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		ck_assert_uint_eq (brake_window (&brake, 0), steps[i]);
		brake_started (&brake);
		brake_ended (&brake, true, true);
	}
	ck_assert_uint_eq (run (&brake, 100, 20, 0, &most), 100);
	ck_assert_uint_eq (most, 20);
	ck_assert_uint_eq (run (&brake, 100, 20, 100, &most), 100); /* nobody succeeds: one after the other */
	ck_assert_uint_eq (most, 1);
}
END_TEST

/* A command that fails everywhere touches few hosts. */
START_TEST (too_many_failures_hold)
{
	struct brake brake = { .ramp = true };
	size_t most;

	ck_assert_int_eq (brake_parse_max_fail (&brake, "3", NULL), 0);
	ck_assert_uint_eq (run (&brake, 1000, 64, 1000, &most), 4);
	ck_assert (brake_holds (&brake) && !brake_stops (&brake));
	brake.ramp = false;
	ck_assert_uint_eq (run (&brake, 1000, 64, 1000, &most), 64 + 3);
	ck_assert_uint_eq (run (&brake, 1000, 64, 3, &most), 1000);
	ck_assert_int_eq (brake_parse_max_fail (&brake, "0", NULL), 0);
	ck_assert_uint_eq (run (&brake, 1000, 1, 1, &most), 1);
	ck_assert_int_eq (brake_parse_max_fail (&brake, "5%", NULL), 0);
	ck_assert_uint_eq (run (&brake, 100, 1, 5, &most), 100);
	ck_assert_uint_eq (run (&brake, 100, 1, 6, &most), 6);
	ck_assert_int_eq (brake_parse_max_fail (&brake, "0%", NULL), 0); /* and not "no limit" */
	ck_assert_uint_eq (run (&brake, 100, 1, 1, &most), 1);
}
END_TEST

START_TEST (wrong_limits_are_refused)
{
	static const char *const wrong[] = { "", "x", "-1", "1x", "%", "101%", "5%%", " 5", "99999999999999999999",
		"1.5" };

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct brake brake = { .limited = false };
		struct err err;

		ck_assert_int_eq (brake_parse_max_fail (&brake, wrong[i], &err), -1);
		ck_assert_ptr_nonnull (strstr (err.text, "(examples: 3, 5%)"));
	}
}
END_TEST

START_TEST (the_first_failure_stops)
{
	struct brake brake = { .fail_fast = true };
	size_t most;

	ck_assert_uint_eq (run (&brake, 100, 10, 0, &most), 100);
	ck_assert (!brake_stops (&brake));
	ck_assert_uint_eq (run (&brake, 100, 10, 1, &most), 10);
	ck_assert (brake_holds (&brake) && brake_stops (&brake));
}
END_TEST

START_TEST (a_batch_waits_for_the_last_one)
{
	struct brake brake = { .rolling = 3 };
	size_t running = 0;

	brake_open (&brake, 100, 64);
	for (int batch = 0; batch < 5; batch++) {
		while (running < brake_window (&brake, running)) {
			brake_started (&brake);
			running++;
		}
		ck_assert_uint_eq (running, 3);
		for (; running; running--) {
			ck_assert_uint_eq (brake_window (&brake, running), running);
			brake_ended (&brake, true, true);
		}
	}
	brake_open (&brake, 100, 2); /* the window is smaller than the batch */
	ck_assert_uint_eq (brake_window (&brake, 0), 2);
}
END_TEST

START_TEST (any_host_is_one_host)
{
	struct brake brake = { .any = true };

	brake_open (&brake, 10, 64);
	ck_assert_uint_eq (brake_window (&brake, 0), 1);
	brake_started (&brake);
	brake_ended (&brake, false, false); /* it cannot be reached */
	ck_assert_uint_eq (brake_window (&brake, 0), 1);
	brake_started (&brake);
	brake_ended (&brake, false, true); /* it has run the command, which failed */
	ck_assert (brake_holds (&brake));
	ck_assert_uint_eq (brake_window (&brake, 0), 0);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, the_window_bounds);
	tcase_add_test (tcase, a_ramp_doubles_as_hosts_succeed);
	tcase_add_test (tcase, too_many_failures_hold);
	tcase_add_test (tcase, wrong_limits_are_refused);
	tcase_add_test (tcase, the_first_failure_stops);
	tcase_add_test (tcase, a_batch_waits_for_the_last_one);
	tcase_add_test (tcase, any_host_is_one_host);
}

CHECK_MAIN ("brake", add_cases)
