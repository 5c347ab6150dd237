/* check_main - the main function of a Check program: `CHECK_MAIN ("name", add_cases)`.
 *
 * Each test runs in a process of its own (Check's fork mode; CK_FORK=no for a debugger). The exit status is 1 when one
 * failed, so that automake's driver sees it; CK_VERBOSITY chooses what is printed. After 300 s a test hangs: on a busy
 * machine, under sanitizers, a minute is not enough. Check writes each assertion down, and is slow to read that again: a
 * loop over very many bytes counts the wrong ones and asserts once.
 *
 * A case that cannot run here says so (skip.h). The exit status is 77 when no case ran, and 1 when there is none.
 */
#ifndef REMEX_TESTS_CHECK_MAIN_H
#define REMEX_TESTS_CHECK_MAIN_H

#include <check.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/skip.h"

/* In place of the C library's, for Check: it reaps a test and then kills the group of that number, for processes that
 * the test may have left. While others fork in chains the number can belong to another process by then, which leads a
 * group, too: a test of another program has died of that. As long as the test's group has members no other process gets
 * its number. */
int killpg (pid_t group, int signo)
{
	siginfo_t info;

	if (waitid (P_PID, (id_t)group, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && kill (group, 0) == 0)
		return 0; /* it is not our child, and it is there */
	return kill (-group, signo);
}

/* How many cases were skipped: a map that the processes of the cases share. */
static int *check_skipped;
static const char *check_program;

/* One write, so that no line is torn, and past stdio, whose buffer a case may have inherited. */
void skip_case (bool whole, const char *name, int index, const char *fmt, ...)
{
	char reason[256], line[512];
	size_t length = strlen (name);
	va_list args;

	if (length > 3 && !strcmp (name + length - 3, "_fn"))
		length -= 3; /* the suffix that Check adds to the name of a case */
	va_start (args, fmt);
	vsnprintf (reason, sizeof reason, fmt, args);
	va_end (args);
	snprintf (line, sizeof line, "SKIP: %s %.*s[%d]%s: %s\n", check_program, (int)length, name, index,
		whole ? "" : ", a part of it", reason);
	if (write (STDOUT_FILENO, line, strlen (line)) < 0)
		abort ();
	if (whole)
		__atomic_add_fetch (check_skipped, 1, __ATOMIC_SEQ_CST);
}

static int check_main_run (const char *name, void (*const *add) (TCase *), size_t n)
{
	Suite *suite = suite_create (name);
	SRunner *runner;
	int failed, run;

	check_program = name;
	check_skipped = mmap (NULL, sizeof *check_skipped, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (check_skipped == MAP_FAILED)
		abort ();
	for (size_t i = 0; i < n; i++) {
		TCase *tcase = tcase_create (name);

		tcase_set_timeout (tcase, 300);
		add[i](tcase);
		suite_add_tcase (suite, tcase);
	}
	runner = srunner_create (suite);
	srunner_run_all (runner, CK_ENV);
	failed = srunner_ntests_failed (runner);
	run = srunner_ntests_run (runner);
	srunner_free (runner);
	if (!run)
		fprintf (stderr, "%s: there is no case to run\n", name);
	return failed || !run ? EXIT_FAILURE : *check_skipped == run ? 77 : EXIT_SUCCESS;
}

#define CHECK_MAIN(name, ...) \
	int main (void) \
	{ \
		static void (*const add[]) (TCase *) = { __VA_ARGS__ }; \
\
		return check_main_run (name, add, sizeof add / sizeof *add); \
	}

#endif
