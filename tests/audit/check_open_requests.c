/* check_open_requests - the list of a front's requests that have a start and no end. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "audit/open_requests.h"
#include "support/check_main.h"

START_TEST (started_and_ended)
{
	struct open_requests open = { .n = 0 };

	for (uint64_t i = 1; i <= 200; i++)
		ck_assert_int_eq (open_requests_add (&open, i, (int64_t)i * 10), 0);
	ck_assert_int_eq (open_requests_add (&open, 7, 99999), 0); /* a second start line */
	ck_assert_uint_eq (open.n, 200);
	for (uint64_t i = 1; i <= 200; i++)
		if (i % 3)
			open_requests_remove (&open, i);
	open_requests_remove (&open, 4711);
	open_requests_remove (&open, 1);
	ck_assert_uint_eq (open.n, 66);
	for (size_t i = 0; i < open.n; i++) {
		ck_assert_uint_eq (open.items[i].number, 3 * (i + 1));
		ck_assert_int_eq (open.items[i].since_ms, (int64_t)(30 * (i + 1)));
	}
	open_requests_clear (&open);
	ck_assert_uint_eq (open.n, 0);
	ck_assert_int_eq (open_requests_add (&open, 1, 1), 0);
	ck_assert_uint_eq (open.n, 1);
	open_requests_clear (&open);
}
END_TEST

/* A front may claim any number of starts. */
START_TEST (too_many)
{
	struct open_requests open = { .n = 0 };

	open.size = OPEN_REQUESTS_MAX;
	ck_assert_ptr_nonnull (open.items = calloc (open.size, sizeof *open.items));
	open.n = OPEN_REQUESTS_MAX;
	errno = 0;
	ck_assert_int_eq (open_requests_add (&open, 1, 1), -1);
	ck_assert_int_eq (errno, ENOSPC);
	ck_assert_uint_eq (open.n, OPEN_REQUESTS_MAX);
	open_requests_clear (&open);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, started_and_ended);
	tcase_add_test (tcase, too_many);
}

CHECK_MAIN ("open_requests", add_cases)
