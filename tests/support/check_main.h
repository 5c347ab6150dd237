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
#include <stdlib.h>

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
