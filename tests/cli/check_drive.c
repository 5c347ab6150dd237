/* check_drive - the loop: which task gets which event, what a turn waits for, when the loop ends. */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/drive.h"
#include "client/fake.h"
#include "support/check_main.h"

enum { TASKS = 3 };

static struct drive drive;

static struct one {
	struct task task;
	int server; /* the other end of its host */
	int ready, closed, signals;
	int pipe[2];
	bool piped; /* the awaited byte has come */
	bool over, forever;
	int64_t until_ms;
} ones[TASKS];

static struct one *one_of (const struct task *task)
{
	return list_entry (task, struct one, task);
}

static void on_event (struct task *task, const struct remex_event *event)
{
	struct one *one = one_of (task);

	one->ready += event->type == REMEX_READY;
	if (event->type == REMEX_CLOSED) {
		one->closed++;
		one->over = !one->forever;
	}
}

static void on_signal (struct task *task, int signo)
{
	ck_assert_int_eq (signo, SIGTERM);
	one_of (task)->signals++;
	if (one_of (task)->forever)
		drive_leave (&drive);
}

static bool on_work (struct task *task)
{
	struct one *one = one_of (task);
	char byte;

	if (one->pipe[0] && read (one->pipe[0], &byte, 1) == 1)
		one->piped = one->over = true;
	if (one->until_ms && clock_until (one->until_ms) == 0)
		one->over = true;
	return false;
}

static void on_wait (struct task *task, struct wait *wait)
{
	struct one *one = one_of (task);

	wait_fd (wait, one->pipe[0] ? one->pipe[0] : -1, POLLIN);
	wait_ms (wait, one->until_ms ? clock_until (one->until_ms) : -1);
}

static bool is_over (const struct task *task)
{
	return one_of (task)->over;
}

static const struct task_ops ops = {
	.event = on_event, .signal = on_signal, .work = on_work, .wait = on_wait, .over = is_over
};

static void add (struct one *one)
{
	struct remex_host *host;
	int ends[2];

	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	one->server = ends[1];
	one->task.ops = &ops;
	ck_assert_ptr_nonnull (host = remex_attach (drive.remex, "fake", ends[0], ends[0], NULL));
	drive_add (&drive, &one->task, host);
}

static void server_sends (const struct one *one, const char *header)
{
	struct fake fake = { .fd = one->server };

	fake_send (&fake, header);
}

static void setup (void)
{
	ck_assert_int_eq (drive_open (&drive), 0);
	for (int i = 0; i < TASKS; i++)
		add (&ones[i]);
}

static void teardown (void)
{
	drive_close (&drive);
	for (int i = 0; i < TASKS; i++)
		if (ones[i].server >= 0)
			close (ones[i].server);
}

static void hang_up (struct one *one)
{
	close (one->server);
	one->server = -1;
}

START_TEST (each_task_hears_of_its_own_host)
{
	server_sends (&ones[1], HELLO);
	for (int i = 0; i < TASKS; i++)
		hang_up (&ones[i]);
	drive_run (&drive);
	for (int i = 0; i < TASKS; i++) {
		ck_assert_int_eq (ones[i].ready, i == 1);
		ck_assert_int_eq (ones[i].closed, 1);
		ck_assert (!list_linked (&ones[i].task.node));
	}
}
END_TEST

START_TEST (a_task_waits_for_a_descriptor_and_a_time)
{
	ck_assert_int_eq (pipe2 (ones[0].pipe, O_CLOEXEC | O_NONBLOCK), 0);
	ck_assert_int_eq (write (ones[0].pipe[1], "x", 1), 1);
	ones[1].until_ms = clock_ms () + 30;
	hang_up (&ones[2]);
	drive_run (&drive);
	ck_assert (ones[0].piped && ones[0].over);
	ck_assert_int_ge (clock_ms (), ones[1].until_ms);
}
END_TEST

START_TEST (every_task_hears_of_a_signal_and_one_may_leave)
{
	ones[0].forever = true;
	raise (SIGTERM);
	drive_run (&drive); /* though two are not over */
	for (int i = 0; i < TASKS; i++)
		ck_assert_int_eq (ones[i].signals, 1);
	ck_assert (list_empty (&drive.tasks));
}
END_TEST

START_TEST (what_is_written_is_waited_for)
{
	static struct writer nobody = { .written = NULL };
	static char bytes[256 * 1024];
	int ends[2];
	size_t got = 0, now;
	pid_t reader;

	ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
	ck_assert_int_eq (dup2 (ends[1], STDOUT_FILENO), STDOUT_FILENO);
	now = output_put (&drive.out, &nobody, bytes, sizeof bytes);
	ck_assert_uint_lt (now, sizeof bytes);
	output_forget (&drive.out, &nobody);
	for (int i = 0; i < TASKS; i++)
		hang_up (&ones[i]);
	if ((reader = fork ()) == 0) {
		ssize_t n;

		close (ends[1]);
		close (STDOUT_FILENO);
		fcntl (drive.out.to.fd, F_SETFD, FD_CLOEXEC);
		close (drive.out.to.fd);
		while ((n = read (ends[0], bytes, sizeof bytes)) > 0)
			if ((got += (size_t)n) == sizeof bytes)
				break;
		_exit (got == sizeof bytes ? 0 : 1);
	}
	drive_run (&drive);
	ck_assert (!output_pending (&drive.out));
	close (ends[1]);
	ck_assert_int_eq (waitpid (reader, &(int){ 0 }, 0), reader);
}
END_TEST

START_TEST (a_wait_knows_its_soonest_time)
{
	struct wait wait = { .timeout = -1 };

	wait_ms (&wait, -1);
	ck_assert_int_eq (wait.timeout, -1);
	wait_ms (&wait, 50);
	wait_ms (&wait, 70);
	wait_ms (&wait, -1);
	ck_assert_int_eq (wait.timeout, 50);
	wait_fd (&wait, -1, POLLIN);
	ck_assert_uint_eq (wait.n, 0);
	for (int i = 0; i < 100; i++)
		wait_fd (&wait, i, POLLIN);
	ck_assert_uint_eq (wait.n, 100);
	ck_assert_int_eq (wait.fds[99].fd, 99);
	free (wait.fds);
}
END_TEST

/* --- tasks that wait for their turn ------------------------------------------------------------------------------- */

enum { MANY = 40, WINDOW = 4 };

static struct queued {
	struct task task;
	struct remex_host *host;
	int server;
	bool over, ended, cancelled;
} queued[MANY];

static int n_started, n_ended, at_once, most_at_once;
static bool start_fails; /* every second task */

static struct queued *queued_of (const struct task *task)
{
	return list_entry (task, struct queued, task);
}

static void queued_start (struct task *task, struct drive *of)
{
	struct queued *one = queued_of (task);
	int ends[2];

	ck_assert_int_eq (one - queued, n_started); /* in their order */
	n_started++;
	if (++at_once > most_at_once)
		most_at_once = at_once;
	if (start_fails && n_started % 2) {
		one->over = true;
		return;
	}
	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	one->server = ends[1];
	ck_assert_ptr_nonnull (one->host = remex_attach (of->remex, "fake", ends[0], ends[0], NULL));
	drive_watch (task, one->host);
	fake_send (&(struct fake){ .fd = one->server }, HELLO);
}

static void queued_event (struct task *task, const struct remex_event *event)
{
	ck_assert_ptr_eq (event->host, queued_of (task)->host);
	queued_of (task)->over |= event->type == REMEX_READY;
}

static void queued_signal (struct task *task, int signo)
{
	(void)signo;
	queued_of (task)->over = queued_of (task)->cancelled = true;
}

static bool queued_over (const struct task *task)
{
	return queued_of (task)->over;
}

static void queued_ended (struct task *task)
{
	struct queued *one = queued_of (task);

	ck_assert (!one->ended);
	ck_assert (!list_linked (&task->node));
	one->ended = true;
	n_ended++;
	if (!one->cancelled || one->host)
		at_once--;
	remex_close (one->host);
	if (one->server > 0)
		close (one->server);
}

static const struct task_ops queued_ops = { .start = queued_start,
	.ended = queued_ended,
	.event = queued_event,
	.signal = queued_signal,
	.over = queued_over };

static void queue_all (void)
{
	ck_assert_int_eq (drive_open (&drive), 0);
	for (int i = 0; i < MANY; i++) {
		queued[i].task.ops = &queued_ops;
		drive_queue (&drive, &queued[i].task);
	}
}

START_TEST (no_more_tasks_run_at_once_than_the_window_has)
{
	start_fails = _i;
	queue_all ();
	drive_set_window (&drive, WINDOW);
	ck_assert_uint_eq (drive.window, WINDOW);
	ck_assert_int_eq (drive_run (&drive), 0);
	ck_assert_int_eq (n_started, MANY);
	ck_assert_int_eq (n_ended, MANY);
	ck_assert_int_le (most_at_once, WINDOW);
	ck_assert_int_eq (at_once, 0);
	ck_assert_uint_eq (drive.running, 0);
	drive_close (&drive);
}
END_TEST

START_TEST (a_signal_ends_those_that_wait_too)
{
	queue_all ();
	drive_set_window (&drive, 0);
	raise (SIGTERM); /* before the first one is started */
	ck_assert_int_eq (drive_run (&drive), 0);
	ck_assert_int_eq (n_started, 0);
	ck_assert (list_empty (&drive.waiting));
	drive_close (&drive);
}
END_TEST

START_TEST (a_task_that_a_signal_ended_is_not_started)
{
	queue_all ();
	for (int i = 0; i < MANY; i++)
		queued_signal (&queued[i].task, SIGINT);
	ck_assert_int_eq (drive_run (&drive), 0);
	ck_assert_int_eq (n_started, 0);
	ck_assert_int_eq (n_ended, MANY);
	drive_close (&drive);
}
END_TEST

START_TEST (the_window_shrinks_to_the_limit_of_open_files)
{
	struct rlimit limit;

	ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, &limit), 0);
	limit.rlim_max = limit.rlim_max < 1024 ? limit.rlim_max : 1024;
	limit.rlim_cur = 200;
	ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq (drive_open (&drive), 0);
	ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, &limit), 0);
	ck_assert_uint_eq (limit.rlim_cur, limit.rlim_max); /* raised as far as it goes */
	ck_assert_uint_lt (drive.window, limit.rlim_max);
	drive_set_window (&drive, 100000);
	ck_assert_uint_lt (drive.window, limit.rlim_max);
	ck_assert_uint_ge (drive.window, 1);
	drive_set_window (&drive, 3);
	ck_assert_uint_eq (drive.window, 3);
	drive_close (&drive);
}
END_TEST

static void add_queue_cases (TCase *tcase)
{
	tcase_add_loop_test (tcase, no_more_tasks_run_at_once_than_the_window_has, 0, 2);
	tcase_add_test (tcase, a_signal_ends_those_that_wait_too);
	tcase_add_test (tcase, a_task_that_a_signal_ended_is_not_started);
	tcase_add_test (tcase, the_window_shrinks_to_the_limit_of_open_files);
}

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, setup, teardown);
	tcase_add_test (tcase, each_task_hears_of_its_own_host);
	tcase_add_test (tcase, a_task_waits_for_a_descriptor_and_a_time);
	tcase_add_test (tcase, every_task_hears_of_a_signal_and_one_may_leave);
	tcase_add_test (tcase, what_is_written_is_waited_for);
	tcase_add_test (tcase, a_wait_knows_its_soonest_time);
}

CHECK_MAIN ("drive", add_cases, add_queue_cases)
