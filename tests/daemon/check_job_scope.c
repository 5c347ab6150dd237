/* check_job_scope - what systemd is asked for, when it is asked at all, and whether jobs outlive the last session. Neither
 * busctl(1) nor systemd is here: they are played.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/job_scope.h"
#include "proc/fork.h"
#include "support/check_main.h"

static char asked[4096]; /* the words of busctl, each with a blank behind it */
static const char *there; /* the only path that there is */
static uid_t uid;
static int status; /* of busctl */

int __wrap_access (const char *path, int mode);
uid_t __wrap_geteuid (void);
int __wrap_spawn_start (const struct spawn *spawn, struct child *child, struct err *err);

int __wrap_access (const char *path, int mode)
{
	(void)mode;
	errno = ENOENT;
	return there && !strcmp (path, there) ? 0 : -1;
}

uid_t __wrap_geteuid (void)
{
	return uid;
}

static int exit_with (void *arg)
{
	return *(const int *)arg;
}

int __wrap_spawn_start (const struct spawn *spawn, struct child *child, struct err *err)
{
	(void)err;
	*asked = '\0';
	for (size_t i = 0; spawn->argv[i]; i++) {
		strcat (asked, spawn->argv[i]);
		strcat (asked, " ");
	}
	*child = (struct child){ .pid = fork_run ("busctl", NULL, 0, exit_with, &status), .pidfd = -1 };
	return child->pid < 0 ? -1 : 0;
}

static struct job_scope start_with (pid_t recorder, int64_t memory, int64_t processes)
{
	struct job_scope_bounds bounds = { .memory = memory, .processes = processes, .slice = "jobs.slice" };
	struct job_scope scope;

	ck_assert_int_eq (job_scope_start (&scope, "abcdefghij23", getpid (), recorder, &bounds), 0);
	return scope;
}

static struct job_scope start (int64_t memory, int64_t processes)
{
	return start_with (0, memory, processes);
}

/* The number of properties is right, and each has its type. */
START_TEST (words)
{
	static const char head[] = "--quiet call org.freedesktop.systemd1 /org/freedesktop/systemd1 "
				   "org.freedesktop.systemd1.Manager StartTransientUnit ssa(sv)a(sa(sv)) "
				   "remex-job-abcdefghij23.scope fail ";
	char expected[1024];
	struct job_scope scope;

	uid = _i ? 1000 : 0;
	scope = start (0, 0);
	snprintf (expected, sizeof expected,
		"busctl %s %s5 Description s job abcdefghij23 of remexd Slice s jobs.slice PIDs au 1 %d "
		"CollectMode s inactive-or-failed TimeoutStopUSec t 10000000 0 ",
		_i ? "--user" : "--system", head, (int)getpid ());
	ck_assert_str_eq (asked, expected);
	job_scope_end (&scope);
	waitpid (scope.busctl.pid, NULL, 0);
	scope = start (1 << 20, 0);
	ck_assert_ptr_nonnull (strstr (asked, ".scope fail 6 "));
	ck_assert_ptr_nonnull (strstr (asked, " t 10000000 MemoryMax t 17825792 0 ")); /* and 16 MiB of remexd's own */
	job_scope_end (&scope);
	waitpid (scope.busctl.pid, NULL, 0);
	scope = start (1LL << 40, 1);
	ck_assert_ptr_nonnull (strstr (asked, ".scope fail 7 "));
	ck_assert_ptr_nonnull (
		strstr (asked, " MemoryMax t 1099528404992 TasksMax t 4 0 ")); /* and three of remexd's own */
	job_scope_end (&scope);
	waitpid (scope.busctl.pid, NULL, 0);
	scope = start_with (getppid (), 0, 1);
	ck_assert_ptr_nonnull (strstr (asked, " PIDs au 2 "));
	ck_assert_ptr_nonnull (strstr (asked, " TasksMax t 5 0 ")); /* and the recorder */
	job_scope_end (&scope);
	waitpid (scope.busctl.pid, NULL, 0);
}
END_TEST

/* A busctl that fails, or one that ends well while the holder is not moved: the job goes on without a scope, in time. */
START_TEST (no_scope)
{
	int64_t begin = clock_ms ();
	struct job_scope scope;

	status = _i;
	scope = start (0, 0);
	while (!job_scope_go_on (&scope)) {
		int64_t when = job_scope_time (&scope);

		ck_assert_int_gt (when, 0);
		ck_assert_int_le (when, begin + 10000);
		usleep (1000);
	}
	ck_assert_int_eq (scope.busctl.pid, -1);
	ck_assert_int_eq (job_scope_time (&scope), 0);
}
END_TEST

START_TEST (offered)
{
	setenv ("XDG_RUNTIME_DIR", "/run/user/1000", 1);
	there = "/run/systemd/system";
	ck_assert (job_scope_offered ());
	uid = 1000;
	ck_assert (!job_scope_offered ()); /* that is not this user's */
	there = "/run/user/1000/systemd/private";
	ck_assert (job_scope_offered ());
	setenv ("REMEX_SCOPE", "none", 1);
	ck_assert (!job_scope_offered ());
	unsetenv ("REMEX_SCOPE");
	unsetenv ("XDG_RUNTIME_DIR");
	ck_assert (!job_scope_offered ());
}
END_TEST

START_TEST (lingers)
{
	ck_assert (!job_scope_lingers ());
	there = "/var/lib/systemd/linger/root";
	ck_assert (job_scope_lingers ());
	uid = 4000000001U; /* a user without a name */
	ck_assert (!job_scope_lingers ());
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_loop_test (tcase, words, 0, 2);
	tcase_add_loop_test (tcase, no_scope, 0, 2);
	tcase_add_test (tcase, offered);
	tcase_add_test (tcase, lingers);
}

CHECK_MAIN ("daemon/job_scope", add_cases)
