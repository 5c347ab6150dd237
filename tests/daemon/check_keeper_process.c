/* check_keeper_process - a keeper ends in time, whatever it fails to do: fake keepers that are deaf, late or dead. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/link.h"
#include "daemon/far_end.h"
#include "daemon/keeper_process.h"
#include "proc/fork.h"
#include "proc/guard.h"
#include "proc/keeper.h"
#include "support/check_main.h"
#include "wire/records.h"

/* --- fake keepers ------------------------------------------------------------------------------------------------ */

struct fake_keeper {
	int link; /* to the supervisor */
	int life; /* the write end of a pipe, which all processes beneath it have */
	int ready; /* likewise: they write their pids to it */
};

/* Exits at the end of its link, whatever it is told before. */
static int until_end (void *arg)
{
	const struct fake_keeper *fake = arg;
	char record[256];

	while (recv (fake->link, record, sizeof record, 0) > 0)
		;
	return 0;
}

/* Never exits, and has a child that does not exit either. */
static int for_ever (void *arg)
{
	const struct fake_keeper *fake = arg;

	pid_t pid;

	prctl (PR_SET_CHILD_SUBREAPER, 1);
	fork ();
	pid = getpid ();
	if (write (fake->ready, &pid, sizeof pid) == sizeof pid)
		for (;;)
			pause ();
	return 1;
}

static int life[2], ready[2];

static void set_up (void)
{
	ck_assert_int_eq (pipe (life), 0);
	ck_assert_int_eq (pipe (ready), 0);
}

static void start (struct keeper_process *keeper, int (*run) (void *))
{
	struct fake_keeper fake = { .life = life[1], .ready = ready[1] };

	ck_assert_int_eq (keeper_process_prepare (keeper, 5, NULL), 0);
	ck_assert_int_eq (keeper->serial, 5);
	fake.link = keeper->far_link;
	ck_assert_int_eq (keeper_process_fork (keeper, run, &fake, (const int[]){ life[1], ready[1] }, 2), 0);
	ck_assert_int_eq (keeper->far_link, -1);
	fd_close (&life[1]);
	fd_close (&ready[1]);
}

/* Wait until the keeper and its child run: the pid of the child. */
static pid_t await_child (const struct keeper_process *keeper)
{
	pid_t pid, child = -1;

	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq (read (ready[0], &pid, sizeof pid), sizeof pid);
		if (pid != keeper->pid)
			child = pid;
	}
	ck_assert_int_gt (child, 0);
	return child;
}

/* Wait until all processes that had the pipe are gone. */
static void await_all_gone (void)
{
	char c;

	ck_assert_int_eq (read (life[0], &c, 1), 0);
}

static bool any_process_lives (void)
{
	struct pollfd end = { .fd = life[0], .events = POLLIN };

	return poll (&end, 1, 0) == 0;
}

static void await_reaped (struct keeper_process *keeper)
{
	while (!keeper_process_reap (keeper))
		poll (NULL, 0, 1);
}

/* Make the keeper late, and check it as the loop does, until it is killed. */
static void force (struct keeper_process *keeper)
{
	keeper->end_ms = clock_ms ();
	while (keeper->end_ms) {
		poll (NULL, 0, clock_until (keeper->end_ms));
		keeper_process_force (keeper);
	}
	ck_assert_int_gt (keeper->forced_ms, 0);
	await_reaped (keeper);
}

/* --- orders ------------------------------------------------------------------------------------------------------ */

/* Must the keeper be gone that many milliseconds from now, and some more? */
static void expect_time (const struct keeper_process *keeper, int64_t from, int64_t within_ms)
{
	ck_assert_int_ge (keeper->end_ms, from + within_ms);
	ck_assert_int_le (keeper->end_ms, clock_ms () + within_ms + 5000);
}

START_TEST (test_orders)
{
	int64_t from = clock_ms (), first;
	struct keeper_process keeper;
	const struct packet *packet;

	ck_assert_int_eq (keeper_process_prepare (&keeper, 1, NULL), 0);
	ck_assert_int_eq (keeper.end_ms, 0);
	keeper_process_order (&keeper, REC_STOP, INT64_MAX);
	expect_time (&keeper, from, (int64_t)GUARD_GRACE_MAX + GUARD_KILL_MS);
	packet = far_end_expect (keeper.far_link, REC_STOP);
	ck_assert_uint_eq (packet->record.id, 0);
	ck_assert_int_eq (packet->record.a, INT64_MAX);
	keeper_process_order (&keeper, REC_STOP, 60000);
	expect_time (&keeper, from, 60000 + GUARD_KILL_MS);
	far_end_expect (keeper.far_link, REC_STOP);
	keeper_process_order (&keeper, REC_RELEASE, 0);
	expect_time (&keeper, from, KEEPER_LEAVE_MS);
	far_end_expect (keeper.far_link, REC_RELEASE);
	first = keeper.end_ms;
	keeper_process_order (&keeper, REC_STOP, 60000); /* a later time does not replace an earlier one */
	ck_assert_int_eq (keeper.end_ms, first);
	far_end_expect (keeper.far_link, REC_STOP);
	keeper_process_order (&keeper, REC_STOP, -1);
	ck_assert_int_le (keeper.end_ms, first);
	keeper_process_abandon (&keeper);
	ck_assert_int_eq (keeper.link, -1);
	ck_assert_int_eq (keeper.far_link, -1);
}
END_TEST

/* A keeper that reads nothing sees the end of its link, at which keepers kill; its report can still be read. */
START_TEST (test_deaf)
{
	struct keeper_process keeper;

	ck_assert_int_eq (keeper_process_prepare (&keeper, 1, NULL), 0);
	while (link_post (keeper.link, REC_RELEASE, 0, 0, 0, MSG_DONTWAIT) == 0)
		;
	keeper_process_order (&keeper, REC_STOP, 60000);
	expect_time (&keeper, clock_ms () - 1000, GUARD_KILL_MS);
	for (struct pollfd more = { .fd = keeper.far_link, .events = POLLIN }; !(more.revents & POLLRDHUP);) {
		static struct packet packet;

		more.events = POLLIN | POLLRDHUP;
		ck_assert_int_eq (poll (&more, 1, -1), 1);
		ck_assert_int_ge (link_recv (keeper.far_link, &packet, 0), 0);
	}
	ck_assert_int_eq (link_post (keeper.far_link, REC_KEEPER_GONE, 0, 0, 0, 0), 0);
	far_end_expect (keeper.link, REC_KEEPER_GONE);
	keeper_process_abandon (&keeper);
}
END_TEST

/* A keeper that has ended needs no orders. */
START_TEST (test_ended)
{
	struct keeper_process keeper;

	ck_assert_int_eq (keeper_process_prepare (&keeper, 1, NULL), 0);
	fd_close (&keeper.far_link);
	keeper_process_order (&keeper, REC_STOP, 0);
	far_end_expect_end (keeper.link);
	keeper_process_abandon (&keeper);
}
END_TEST

/* --- ends ---------------------------------------------------------------------------------------------------------- */

START_TEST (test_end)
{
	struct keeper_process keeper;

	start (&keeper, until_end);
	ck_assert (!keeper_process_reap (&keeper));
	keeper_process_force (&keeper); /* no time was set */
	ck_assert_int_eq (keeper.forced_ms, 0);
	keeper_process_end (&keeper);
	await_all_gone ();
	ck_assert_int_eq (waitpid (keeper.pid, NULL, WNOHANG), -1);
}
END_TEST

/* keeper_process_end must also end a stopped keeper. */
START_TEST (test_end_of_a_stopped_one)
{
	struct keeper_process keeper;
	int status;

	start (&keeper, until_end);
	ck_assert_int_eq (kill (keeper.pid, SIGSTOP), 0);
	ck_assert_int_eq (waitpid (keeper.pid, &status, WUNTRACED), keeper.pid);
	keeper_process_end (&keeper);
	await_all_gone ();
}
END_TEST

/* A late keeper is killed, and before it all processes beneath it. */
START_TEST (test_late)
{
	struct keeper_process keeper;

	start (&keeper, for_ever);
	await_child (&keeper);
	keeper_process_order (&keeper, REC_STOP, 0);
	force (&keeper);
	await_all_gone ();
	keeper_process_close (&keeper);
	ck_assert_int_eq (keeper.link, -1);
}
END_TEST

/* The processes beneath a released keeper live on, however the keeper ends. */
START_TEST (test_late_and_released)
{
	struct keeper_process keeper;
	pid_t child;

	ck_assert_int_eq (prctl (PR_SET_CHILD_SUBREAPER, 1), 0);
	start (&keeper, for_ever);
	child = await_child (&keeper);
	keeper.released = true;
	keeper_process_order (&keeper, REC_RELEASE, 0);
	force (&keeper);
	ck_assert (any_process_lives ());
	ck_assert_int_eq (kill (child, SIGKILL), 0);
	ck_assert_int_eq (waitpid (child, NULL, 0), child);
	await_all_gone ();
	keeper_process_close (&keeper);
}
END_TEST

static int unused (void *arg)
{
	(void)arg;
	return 1;
}

/* A keeper that cannot be forked leaves nothing. */
START_TEST (test_no_fork)
{
	int none[FORK_KEEP + 1], before = dup (0);
	struct keeper_process keeper;

	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		none[i] = -1;
	ck_assert_int_eq (close (before), 0);
	ck_assert_int_eq (keeper_process_prepare (&keeper, 1, NULL), 0);
	ck_assert_int_eq (keeper_process_fork (&keeper, unused, NULL, none, sizeof none / sizeof *none), -1);
	ck_assert_int_eq (errno, EINVAL);
	ck_assert_int_eq (keeper.link, -1);
	ck_assert_int_eq (keeper.far_link, -1);
	ck_assert_int_eq (dup (0), before); /* no additional descriptor is open */
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, NULL);
	tcase_add_test (tcase, test_orders);
	tcase_add_test (tcase, test_deaf);
	tcase_add_test (tcase, test_ended);
	tcase_add_test (tcase, test_end);
	tcase_add_test (tcase, test_end_of_a_stopped_one);
	tcase_add_test (tcase, test_late);
	tcase_add_test (tcase, test_late_and_released);
	tcase_add_test (tcase, test_no_fork);
}

CHECK_MAIN ("keeper_process", add_cases)
