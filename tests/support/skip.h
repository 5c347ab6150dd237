/* skip - how a single case of a Check program says that it could not run here.
 *
 * Check knows only passed and failed, so a case that returned early counted as passed. A case that cannot run says SKIP:
 * a line "SKIP: PROGRAM CASE: reason" on standard output, which scripts/test finds in the log and counts. A program of
 * which all cases were skipped exits with 77, which automake counts as skipped. check_main.h has the function.
 */
#ifndef REMEX_TESTS_SKIP_H
#define REMEX_TESTS_SKIP_H

#include <stdbool.h>

/* In the body of a START_TEST: leave the case, which cannot run here. The reason is a format and its arguments. */
#define SKIP(...) \
	do { \
		skip_case (true, __func__, _i, __VA_ARGS__); \
		return; \
	} while (0)

/* In the body of a START_TEST: a part of the case cannot run here. The case goes on, and counts as one that ran. */
#define SKIP_PART(...) skip_case (false, __func__, _i, __VA_ARGS__)

/* For a case that needs root. */
#define NEED_ROOT \
	do { \
		if (geteuid () != 0) \
			SKIP ("only root can do that"); \
	} while (0)

void skip_case (bool whole, const char *name, int index, const char *fmt, ...) __attribute__ ((format (printf, 4, 5)));

#endif
