/* check_tidy - what others can change of a worker's process is seen, and its limits are set again before a request. */
#include "config.h"

#include <fcntl.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/check_main.h"
#include "support/skip.h"
#include "worker/tidy.h"

static struct tidy tidy;

/* As a worker: an ordinary user (each case has a process of its own). */
static void set_up (void)
{
	ck_assert_int_ge (tidy_open (&tidy), 0);
	if (geteuid () == 0)
		ck_assert_int_eq (setresuid (4001, 4001, 4001), 0);
	tidy_snapshot (&tidy);
	ck_assert_ptr_null (tidy_changed (&tidy));
}

static void tear_down (void)
{
	close (tidy.status);
	close (tidy.oom);
}

START_TEST (each_change_has_its_word)
{
	cpu_set_t one;
	int fd;

	umask (umask (0) ^ 077);
	ck_assert_str_eq (tidy_changed (&tidy), "umask");
	tidy_snapshot (&tidy);
	signal (SIGUSR1, SIG_IGN);
	ck_assert_str_eq (tidy_changed (&tidy), "signal dispositions");
	ck_assert (tidy_ignored (&tidy) >> (SIGUSR1 - 1) & 1);
	tidy_snapshot (&tidy);
	ck_assert_int_ge (fd = open ("/dev/null", O_RDONLY | O_CLOEXEC), 0);
	ck_assert_str_eq (tidy_changed (&tidy), "descriptors");
	close (fd);
	ck_assert_ptr_null (tidy_changed (&tidy));
	ck_assert_int_eq (chdir ("/proc"), 0);
	ck_assert_str_eq (tidy_changed (&tidy), "working directory");
	tidy_snapshot (&tidy);
	if (getpriority (PRIO_PROCESS, 0) < 19) {
		ck_assert_int_eq (setpriority (PRIO_PROCESS, 0, 19), 0);
		ck_assert_str_eq (tidy_changed (&tidy), "priority");
		tidy_snapshot (&tidy);
	} else
		SKIP_PART ("the test runs at the lowest priority, and an ordinary user cannot raise it");
	ck_assert_int_eq (syscall (SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE (IOPRIO_CLASS_IDLE, 0)), 0);
	ck_assert_str_eq (tidy_changed (&tidy), "I/O priority");
	tidy_snapshot (&tidy);
	alarm (1000);
	ck_assert_str_eq (tidy_changed (&tidy), "timers");
	alarm (0);
	ck_assert_ptr_null (tidy_changed (&tidy));
	ck_assert_int_eq (sched_setscheduler (0, SCHED_BATCH, &(struct sched_param){ 0 }), 0);
	ck_assert_str_eq (tidy_changed (&tidy), "scheduling policy");
	tidy_snapshot (&tidy);
	ck_assert_int_eq (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_str_eq (tidy_changed (&tidy), "no_new_privs");
	tidy_snapshot (&tidy);
	CPU_ZERO (&one);
	CPU_SET (sched_getcpu (), &one);
	ck_assert_int_eq (sched_setaffinity (0, sizeof one, &one), 0);
	if (sysconf (_SC_NPROCESSORS_ONLN) > 1)
		ck_assert_str_eq (tidy_changed (&tidy), "processors");
}
END_TEST

/* As in a worker of somebody's own remexd: that of root's is not dumpable, and the file belongs to root. */
START_TEST (the_oom_killer_has_its_word)
{
	int fd;

	ck_assert_int_eq (prctl (PR_SET_DUMPABLE, 1, 0, 0, 0), 0);
	fd = open ("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write (fd, "1000", 4) != 4)
		SKIP ("oom_score_adj cannot be written");
	close (fd);
	if (tidy.oom_adjust != 1000)
		ck_assert_str_eq (tidy_changed (&tidy), "oom_score_adj");
}
END_TEST

START_TEST (a_soft_limit_is_set_again)
{
	struct rlimit limit, now;

	ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &(struct rlimit){ 3, limit.rlim_max }), 0);
	ck_assert_str_eq (tidy_changed (&tidy), "RLIMIT_NOFILE");
	ck_assert_ptr_null (tidy_restore_limits (&tidy));
	ck_assert_ptr_null (tidy_changed (&tidy));
	ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, &now), 0);
	ck_assert (now.rlim_cur == limit.rlim_cur);
}
END_TEST

START_TEST (a_hard_limit_cannot_be)
{
	static const int limits[] = { RLIMIT_CPU, RLIMIT_AS, RLIMIT_FSIZE, RLIMIT_NPROC };
	static const char *const names[] = { "RLIMIT_CPU", "RLIMIT_AS", "RLIMIT_FSIZE", "RLIMIT_NPROC" };
	struct rlimit limit;

	ck_assert_int_eq (getrlimit (limits[_i], &limit), 0);
	/* Enough for the address space of a sanitizer. */
	limit.rlim_max = limit.rlim_cur = limit.rlim_max == RLIM_INFINITY ? (rlim_t)1 << 50 : limit.rlim_max - 1;
	ck_assert_int_eq (setrlimit (limits[_i], &limit), 0);
	ck_assert_str_eq (tidy_changed (&tidy), names[_i]);
	ck_assert_str_eq (tidy_restore_limits (&tidy), names[_i]);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, tear_down);
	tcase_add_test (tcase, each_change_has_its_word);
	tcase_add_test (tcase, the_oom_killer_has_its_word);
	tcase_add_test (tcase, a_soft_limit_is_set_again);
	tcase_add_loop_test (tcase, a_hard_limit_cannot_be, 0, 4);
}

CHECK_MAIN ("tidy", add_cases)
