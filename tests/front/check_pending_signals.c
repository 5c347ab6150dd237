/* check_pending_signals - what is kept for a process that takes nothing, and in which order it is sent. */
#include "config.h"

#include <signal.h>

#include "front/pending_signals.h"
#include "support/check_main.h"

/* A link that takes `room` records. */
struct taken {
	int room, n;
	int signo[8], rows, cols;
};

static int take (void *arg, int signo, int rows, int cols)
{
	struct taken *taken = arg;

	if (taken->n == taken->room)
		return -1;
	ck_assert_int_lt (taken->n, 8);
	taken->signo[taken->n++] = signo;
	if (!signo) {
		taken->rows = rows;
		taken->cols = cols;
	}
	return 0;
}

START_TEST (each_signal_once_and_the_last_size_first)
{
	struct pending_signals pending = { 0 };
	struct taken taken = { .room = 8 };

	for (int i = 1; i <= 1000; i++) {
		pending_signals_add (&pending, SIGUSR1);
		pending_signals_add (&pending, SIGTERM);
		pending_signals_add (&pending, 63);
		pending_signals_resize (&pending, i, 2 * i);
	}
	pending_signals_send (&pending, take, &taken);
	ck_assert_int_eq (taken.n, 4);
	ck_assert_int_eq (taken.signo[0], 0);
	ck_assert_int_eq (taken.rows, 1000);
	ck_assert_int_eq (taken.cols, 2000);
	ck_assert_int_eq (taken.signo[1], SIGUSR1);
	ck_assert_int_eq (taken.signo[2], SIGTERM);
	ck_assert_int_eq (taken.signo[3], 63);
	pending_signals_send (&pending, take, &taken);
	ck_assert_int_eq (taken.n, 4);
}
END_TEST

START_TEST (what_finds_no_room_stays)
{
	struct pending_signals pending = { 0 };
	struct taken taken = { .room = 0 };

	pending_signals_resize (&pending, 24, 80);
	pending_signals_add (&pending, SIGINT);
	pending_signals_add (&pending, SIGTERM);
	for (int i = 0; i < 5; i++) {
		pending_signals_send (&pending, take, &taken);
		ck_assert_int_eq (taken.n, i < 3 ? i : 3);
		taken.room++;
	}
	ck_assert_int_eq (taken.signo[1], SIGINT);
	ck_assert_int_eq (taken.signo[2], SIGTERM);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, each_signal_once_and_the_last_size_first);
	tcase_add_test (tcase, what_finds_no_room_stays);
}

CHECK_MAIN ("pending_signals", add_cases)
