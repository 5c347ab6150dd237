/* check_pool_drain - the link of a worker that is gone is read to the end of what it held, whoever goes on writing. */
#include "config.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "front/pool.h"
#include "support/check_main.h"

static uv_loop_t loop;
static struct pool pool;
static struct pooled *worker;
static int far_end; /* held by another process than the worker */
static int taken; /* records */
static bool refill, pause_next;

static void on_record (void *arg, struct pooled *from, struct packet *packet)
{
	(void)arg;
	(void)packet;
	taken++;
	ck_assert_int_le (taken, 100); /* otherwise the reader follows the writer for ever */
	if (refill)
		ck_assert_int_eq (link_post (far_end, REC_PULL, 1, 0, 0, MSG_DONTWAIT), 0);
	if (pause_next)
		pool_pause (from, true);
}

static const struct pool_ops ops = { .on_record = on_record };

static void set_up (void)
{
	struct worker_birthday birthday = { 0 };
	int link[2];

	ck_assert_int_eq (uv_loop_init (&loop), 0);
	pool_init (&pool, &loop, 4, 0, &ops, NULL);
	ck_assert_int_eq (link_pair (link), 0);
	far_end = link[1];
	ck_assert_ptr_nonnull (worker = pool_add (&pool, 1, 0, &birthday, link[0]));
	taken = 0;
	refill = pause_next = false;
}

static void tear_down (void)
{
	pool_free (&pool);
	uv_run (&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq (uv_loop_close (&loop), 0);
	close (far_end);
}

static void write_records (int n)
{
	while (n--)
		ck_assert_int_eq (link_post (far_end, REC_PULL, 1, 0, 0, MSG_DONTWAIT), 0);
}

START_TEST (what_it_held_is_read)
{
	write_records (40);
	pool_gone (worker);
	ck_assert (pool_drain (worker));
	ck_assert_int_eq (taken, 40);
}
END_TEST

START_TEST (an_empty_link)
{
	pool_gone (worker);
	ck_assert (pool_drain (worker));
	fd_close (&far_end);
	ck_assert (pool_drain (worker));
	ck_assert_int_eq (taken, 0);
}
END_TEST

/* For each record that is read, another one is written. */
START_TEST (a_flood_is_not_followed)
{
	write_records (40);
	pool_gone (worker);
	refill = true;
	ck_assert (pool_drain (worker));
	ck_assert_int_eq (taken, 40);
}
END_TEST

START_TEST (a_pause_goes_on_where_it_stopped)
{
	write_records (3);
	pool_gone (worker);
	pause_next = refill = true;
	for (int n = 1; n < 3; n++) {
		ck_assert (!pool_drain (worker));
		ck_assert_int_eq (taken, n);
		pool_pause (worker, false);
	}
	ck_assert (pool_drain (worker));
	ck_assert_int_eq (taken, 3);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, tear_down);
	tcase_add_test (tcase, what_it_held_is_read);
	tcase_add_test (tcase, an_empty_link);
	tcase_add_test (tcase, a_flood_is_not_followed);
	tcase_add_test (tcase, a_pause_goes_on_where_it_stopped);
}

CHECK_MAIN ("pool_drain", add_cases)
