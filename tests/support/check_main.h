/* check_main - the main function of a Check program: `CHECK_MAIN ("name", add_cases)`.
 *
 * Each test runs in a process of its own (Check's fork mode; CK_FORK=no for a debugger). The exit status is 1 when one
 * failed, so that automake's driver sees it; CK_VERBOSITY chooses what is printed. After 300 s a test hangs: on a busy
 * machine, under sanitizers, a minute is not enough. Check writes each assertion down, and is slow to read that again: a
 * loop over very many bytes counts the wrong ones and asserts once.
 */
#ifndef REMEX_TESTS_CHECK_MAIN_H
#define REMEX_TESTS_CHECK_MAIN_H

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

/* In place of the C library's, for Check: it reaps a test and then kills the group of that number, for what the test may
 * have left. While others fork in chains the number can be a stranger's by then, who leads a group, too: a test of
 * another program has died of that. As long as the test's group has members nobody else gets its number. */
int killpg (pid_t group, int signo)
{
	siginfo_t info;

	if (waitid (P_PID, (id_t)group, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && kill (group, 0) == 0)
		return 0; /* it is not our child, and it is there */
	return kill (-group, signo);
}

#define CHECK_MAIN(name, ...) \
	int main (void) \
	{ \
		static void (*const add[]) (TCase *) = { __VA_ARGS__ }; \
		Suite *suite = suite_create (name); \
		SRunner *runner; \
		int failed; \
\
		for (size_t i = 0; i < sizeof add / sizeof *add; i++) { \
			TCase *tcase = tcase_create (name); \
\
			tcase_set_timeout (tcase, 300); \
			add[i](tcase); \
			suite_add_tcase (suite, tcase); \
		} \
		runner = srunner_create (suite); \
		srunner_run_all (runner, CK_ENV); \
		failed = srunner_ntests_failed (runner); \
		srunner_free (runner); \
		return failed ? EXIT_FAILURE : EXIT_SUCCESS; \
	}

#endif
