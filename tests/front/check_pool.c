/* check_pool - the workers as the front knows them: records in order and in bursts, links that are full, paused, broken or at
 * their end, the rest of the link of a worker that is gone, no memory. The worker is the test. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "front/pool.h"
#include "support/check_main.h"
#include "support/descriptors.h"
#include "support/fail_alloc.h"

static uv_loop_t loop;
static uv_timer_t alive; /* a loop without handles would not look at descriptors */
static struct pool pool;
static int descriptors; /* open ones, at the beginning */
static int ends[8], n_ends; /* of the links, the workers' */

/* What the worker has sent, and what the pool has told its owner. */
static uint64_t last_sent, last_id;
static int n_records, n_writable, n_broken;
static int refill; /* the end of a link on which a record is written for each that is read; 0: none */
static int pause_at; /* the record at which the owner pauses the worker; 0: none */
static uint64_t released, stopped;
static int64_t grace;

static void on_record (void *arg, struct pooled *worker, struct packet *packet)
{
	ck_assert_ptr_eq (arg, &pool);
	ck_assert_uint_eq (packet->record.id, last_id + 1); /* none is lost or told twice */
	last_id = packet->record.id;
	if (refill)
		ck_assert_int_eq (link_post (refill, REC_PULL, ++last_sent, 0, 0, MSG_DONTWAIT), 0);
	if (++n_records == pause_at)
		pool_pause (worker, true);
}

static void on_writable (void *arg, struct pooled *worker)
{
	(void)arg;
	ck_assert (!worker->full);
	n_writable++;
}

static void on_broken (void *arg, struct pooled *worker)
{
	(void)arg;
	ck_assert_ptr_nonnull (worker);
	n_broken++;
}

static void on_close (void *arg, struct pooled *worker, int *fd)
{
	(void)arg;
	ck_assert_int_eq (*fd, worker->link);
	fd_close (fd);
}

static void on_release (void *arg, uint64_t serial)
{
	(void)arg;
	released = serial;
}

static void on_stop (void *arg, uint64_t serial, int64_t grace_ms)
{
	(void)arg;
	stopped = serial;
	grace = grace_ms;
}

static const struct pool_ops ops = { .on_record = on_record,
	.on_writable = on_writable,
	.on_broken = on_broken,
	.close = on_close,
	.release = on_release,
	.stop = on_stop };

static void never (uv_timer_t *timer)
{
	(void)timer;
	ck_abort_msg ("the test is too slow");
}

static void set_up (void)
{
	signal (SIGPIPE, SIG_IGN);
	ck_assert_int_eq (uv_loop_init (&loop), 0);
	ck_assert_int_eq (uv_timer_init (&loop, &alive), 0);
	ck_assert_int_eq (uv_timer_start (&alive, never, 1000000, 0), 0);
	uv_run (&loop, UV_RUN_NOWAIT);
	descriptors = open_descriptors ();
	pool_init (&pool, &loop, 4, 0, &ops, &pool);
}

/* All links are closed, and the loop has no handle left. */
static void tear_down (void)
{
	pool_free (&pool);
	ck_assert_int_eq (pool.n, 0);
	ck_assert_int_eq (pool.leaving, 0);
	for (int i = 0; i < n_ends; i++)
		fd_close (&ends[i]);
	ck_assert_int_eq (open_descriptors (), descriptors);
	uv_close ((uv_handle_t *)&alive, NULL);
	while (uv_run (&loop, UV_RUN_NOWAIT))
		;
	ck_assert_int_eq (uv_loop_close (&loop), 0);
}

/* A new worker, whose end of the link is the last of `ends`. */
static struct pooled *add (uint64_t serial)
{
	static const struct worker_birthday birthday = { .users = 7, .ms = 8 };
	struct pooled *worker;
	int fds[2];

	ck_assert_int_eq (link_pair (fds), 0);
	ends[n_ends++] = fds[1];
	ck_assert_ptr_nonnull (worker = pool_add (&pool, serial, 1000, &birthday, fds[0]));
	return worker;
}

/* The worker sends so many records, with the ids that follow. */
static void post (int end, int n)
{
	for (int i = 0; i < n; i++)
		ck_assert_int_eq (link_post (end, REC_PULL, ++last_sent, 0, 0, MSG_DONTWAIT), 0);
}

/* Turn the loop until nothing is ready. */
static void turn (void)
{
	for (int i = 0; i < 50; i++)
		uv_run (&loop, UV_RUN_NOWAIT);
}

/* The loop would wait: it does not spin over a descriptor that is of no use now. */
static void check_quiet (void)
{
	struct pollfd pollfd = { .fd = uv_backend_fd (&loop), .events = POLLIN };

	turn ();
	ck_assert_int_eq (poll (&pollfd, 1, 0), 0);
}

static int send_to (struct pooled *worker, const void *bytes, size_t n)
{
	return pool_send (worker, &(struct record){ .type = REC_INPUT }, bytes, n);
}

/* --- records ----------------------------------------------------------------------------------------------------- */

START_TEST (records_come_in_order)
{
	struct pooled *worker = add (1);

	post (ends[0], 100);
	uv_run (&loop, UV_RUN_NOWAIT);
	ck_assert_int_ge (n_records, 1);
	ck_assert_int_lt (n_records, 100); /* others have their turn in between */
	turn ();
	ck_assert_int_eq (n_records, 100);
	check_quiet ();
	ck_assert_int_eq (worker->phase, WORKER_IDLE);
	ck_assert_int_eq (n_broken, 0);
}
END_TEST

START_TEST (descriptors_that_nobody_takes_are_closed)
{
	struct outgoing outgoing = { .record = { .type = REC_STREAM, .id = 1 }, .fds = (int[]){ 0, 1 }, .n_fds = 2 };
	int before;

	add (1);
	before = open_descriptors ();
	ck_assert_int_eq (link_send (ends[0], &outgoing, 0), 0);
	turn ();
	ck_assert_int_eq (n_records, 1);
	ck_assert_int_eq (open_descriptors (), before);
}
END_TEST

START_TEST (a_paused_worker_is_not_read)
{
	struct pooled *worker = add (1);

	post (ends[0], 50);
	pause_at = 5;
	turn ();
	ck_assert_int_eq (n_records, 5); /* not one more, though they came together */
	ck_assert (worker->paused);
	check_quiet ();
	pool_pause (worker, false);
	turn ();
	ck_assert_int_eq (n_records, 50);
}
END_TEST

/* --- links that end or fail -------------------------------------------------------------------------------------- */

/* The end of the link is not the death of the worker: the supervisor tells that. */
START_TEST (the_end_of_a_link_is_no_failure)
{
	struct pooled *worker = add (1);

	post (ends[0], 3);
	fd_close (&ends[0]);
	turn ();
	ck_assert_int_eq (n_records, 3);
	ck_assert_int_eq (n_broken, 0);
	check_quiet ();
	ck_assert_ptr_eq (pool_find (&pool, 1), worker);
	ck_assert_int_eq (send_to (worker, "x", 1), -1);
	ck_assert_int_eq (errno, EPIPE);
	ck_assert_int_eq (n_broken, 0);
	ck_assert (!worker->full);
	turn ();
	pool_pause (worker, true); /* (it is watched no more) */
	pool_pause (worker, false);
	turn ();
}
END_TEST

/* A plugin has written to the link. */
START_TEST (a_packet_that_is_no_record)
{
	add (1);
	post (ends[0], 2);
	ck_assert_int_eq (send (ends[0], "junk", 4, 0), 4);
	post (ends[0], 2);
	turn ();
	ck_assert_int_eq (n_records, 2);
	ck_assert_int_eq (n_broken, 1); /* once, and what follows is not read */
	check_quiet ();
}
END_TEST

/* The records of a worker that has sent a malformed packet are not read, not even after the worker is gone. */
START_TEST (a_broken_worker_is_not_read)
{
	struct pooled *worker = add (1);

	post (ends[0], 3);
	pool_break (worker);
	pool_break (worker);
	turn ();
	ck_assert_int_eq (n_broken, 1);
	pool_gone (worker);
	ck_assert (pool_drain (worker));
	ck_assert_int_eq (n_records, 0);
}
END_TEST

START_TEST (a_broken_link_of_a_dead_worker_is_ignored)
{
	struct pooled *worker = add (1);

	post (ends[0], 2);
	ck_assert_int_eq (send (ends[0], "junk", 4, 0), 4);
	pool_gone (worker);
	ck_assert (pool_drain (worker));
	ck_assert_int_eq (n_records, 2);
	ck_assert_int_eq (n_broken, 0);
}
END_TEST

/* --- a full link ------------------------------------------------------------------------------------------------- */

/* Send until the link is full; how many records went. */
static int fill (struct pooled *worker)
{
	static char bytes[60000];
	int n = 0;

	while (send_to (worker, bytes, sizeof bytes) == 0)
		n++;
	ck_assert_int_eq (errno, EAGAIN);
	ck_assert_int_gt (n, 0);
	ck_assert (worker->full);
	return n;
}

START_TEST (a_full_link_tells_when_there_is_room)
{
	static struct packet packet;
	struct pooled *worker = add (1);
	int n = fill (worker);

	turn ();
	ck_assert_int_eq (n_writable, 0);
	while (n--)
		ck_assert_int_eq (link_recv (ends[0], &packet, 0), 1);
	turn ();
	ck_assert_int_eq (n_writable, 1); /* once */
	ck_assert_int_eq (send_to (worker, "x", 1), 0);
	turn ();
	ck_assert_int_eq (n_writable, 1);
	ck_assert_int_eq (n_broken, 0);
	check_quiet ();
}
END_TEST

/* A worker whose output cannot be taken may still read its input, and the other way round. */
START_TEST (a_full_link_may_be_paused)
{
	static struct packet packet;
	struct pooled *worker = add (1);
	int n = fill (worker);

	pool_pause (worker, true);
	post (ends[0], 1);
	while (n--)
		ck_assert_int_eq (link_recv (ends[0], &packet, 0), 1);
	turn ();
	ck_assert_int_eq (n_writable, 1);
	ck_assert_int_eq (n_records, 0);
	pool_pause (worker, false);
	turn ();
	ck_assert_int_eq (n_records, 1);
}
END_TEST

START_TEST (a_full_link_is_read)
{
	struct pooled *worker = add (1);

	fill (worker);
	post (ends[0], 20);
	turn ();
	ck_assert_int_eq (n_records, 20);
	ck_assert_int_eq (n_writable, 0);
	ck_assert (worker->full);
}
END_TEST

/* --- a worker that is gone --------------------------------------------------------------------------------------- */

START_TEST (the_rest_of_a_link_is_drained)
{
	struct pooled *worker = add (1);

	fill (worker);
	post (ends[0], 40);
	fd_close (&ends[0]);
	pool_gone (worker);
	turn ();
	ck_assert_int_eq (n_records, 0); /* only pool_drain reads it */
	ck_assert_int_eq (n_writable, 0);
	pause_at = 20;
	ck_assert (!pool_drain (worker)); /* its output cannot be taken */
	ck_assert_int_eq (n_records, 20);
	check_quiet ();
	ck_assert (!pool_drain (worker)); /* not yet, either */
	ck_assert_int_eq (n_records, 20);
	pool_pause (worker, false);
	ck_assert (pool_drain (worker));
	ck_assert_int_eq (n_records, 40);
	ck_assert_int_eq (n_broken, 0);
	pool_remove (worker);
	ck_assert_ptr_null (pool_find (&pool, 1));
}
END_TEST

/* Its processes live on and hold the link: there is no end of it, but nothing more is waited for. */
START_TEST (a_link_that_others_hold_is_drained)
{
	struct pooled *worker = add (1);

	post (ends[0], 16); /* as many as are read in a row */
	pool_gone (worker);
	ck_assert (pool_drain (worker));
	ck_assert_int_eq (n_records, 16);
	fd_close (&ends[0]);
	ck_assert (pool_drain (worker));
}
END_TEST

/* They go on writing, as fast as the front reads: it reads what the link held, and no more, also in pieces. */
START_TEST (a_flood_is_not_followed)
{
	struct pooled *worker = add (1);

	post (ends[0], 40);
	pool_gone (worker);
	refill = ends[0];
	pause_at = _i;
	ck_assert_int_eq (pool_drain (worker), !_i);
	pool_pause (worker, false);
	ck_assert (pool_drain (worker));
	ck_assert_int_eq (n_records, 40);
}
END_TEST

/* --- phases ------------------------------------------------------------------------------------------------------ */

static void check_idle (const struct pooled *first, const struct pooled *second)
{
	struct pooled *worker;
	int n = 0;

	list_each (worker, &pool.idle, idle)
		ck_assert_ptr_eq (worker, n++ ? second : first);
	ck_assert_int_eq (n, (first != NULL) + (second != NULL));
}

START_TEST (the_worker_used_last_is_the_last_idle_one)
{
	struct pooled *one = add (1), *two = add (2);

	check_idle (one, two);
	pool_set_phase (one, WORKER_BUSY);
	check_idle (two, NULL);
	pool_set_phase (one, WORKER_IDLE);
	check_idle (two, one);
	pool_set_phase (two, WORKER_IDLE); /* it was idle already */
	check_idle (one, two);
	ck_assert_ptr_eq (pool_find (&pool, 2), two);
	ck_assert_ptr_null (pool_find (&pool, 3));
	ck_assert_int_eq (pool.n, 2);
}
END_TEST

/* A worker counts until it is removed, in whatever phase. */
START_TEST (a_worker_counts_until_it_is_gone)
{
	struct pooled *one = add (1), *two = add (2), *three = add (3), *four = add (4);

	pool_release (one);
	ck_assert_uint_eq (released, 1);
	pool_stop (two, 500);
	ck_assert_uint_eq (stopped, 2);
	ck_assert_int_eq (grace, 500);
	pool_set_phase (three, WORKER_BUSY);
	check_idle (four, NULL);
	ck_assert_int_eq (pool.n, 4);
	ck_assert_int_eq (pool.leaving, 1);
	pool_set_phase (one, WORKER_LEAVING); /* twice */
	ck_assert_int_eq (pool.leaving, 1);
	pool_remove (one);
	ck_assert_int_eq (pool.leaving, 0);
	ck_assert_int_eq (pool.n, 3);
	pool_release (three);
	pool_stop (three, 0); /* it has not left in time */
	ck_assert_int_eq (pool.leaving, 0);
	pool_remove (three);
	pool_remove (four);
	check_idle (NULL, NULL);
	ck_assert_int_eq (pool.n, 1);
}
END_TEST

START_TEST (a_worker_is_of_the_generation_that_it_was_made_in)
{
	struct pooled *old = add (1), *new;

	pool.generation = 5;
	new = add (2);
	ck_assert_int_eq (old->generation, 0);
	ck_assert_int_eq (new->generation, 5);
	ck_assert_uint_eq (new->birthday.users, 7);
	ck_assert_int_eq (new->birthday.ms, 8);
}
END_TEST

/* --- no worker --------------------------------------------------------------------------------------------------- */

/* 0: no memory for the worker; 1: none for its watch; 2: a descriptor that cannot be watched. The link is closed. */
START_TEST (a_worker_that_cannot_be_added)
{
	static const struct worker_birthday birthday;
	struct pooled *worker;
	int fds[2], before = open_descriptors ();

	if (_i < 2) {
		ck_assert_int_eq (link_pair (fds), 0);
		ends[n_ends++] = fds[1];
		before++;
		fail_alloc = _i + 1;
	} else {
		ck_assert_int_ge (fds[0] = open ("/proc/self/maps", O_RDONLY | O_CLOEXEC), 0);
	}
	worker = pool_add (&pool, 1, 1000, &birthday, fds[0]);
	ck_assert_int_eq (fail_alloc, 0);
	ck_assert_ptr_null (worker);
	ck_assert_int_eq (open_descriptors (), before);
	ck_assert_int_eq (pool.n, 0);
	ck_assert (list_empty (&pool.all));
	check_idle (NULL, NULL);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, tear_down);
	tcase_add_test (tcase, records_come_in_order);
	tcase_add_test (tcase, descriptors_that_nobody_takes_are_closed);
	tcase_add_test (tcase, a_paused_worker_is_not_read);
	tcase_add_test (tcase, the_end_of_a_link_is_no_failure);
	tcase_add_test (tcase, a_packet_that_is_no_record);
	tcase_add_test (tcase, a_broken_worker_is_not_read);
	tcase_add_test (tcase, a_broken_link_of_a_dead_worker_is_ignored);
	tcase_add_test (tcase, a_full_link_tells_when_there_is_room);
	tcase_add_test (tcase, a_full_link_may_be_paused);
	tcase_add_test (tcase, a_full_link_is_read);
	tcase_add_test (tcase, the_rest_of_a_link_is_drained);
	tcase_add_test (tcase, a_link_that_others_hold_is_drained);
	tcase_add_loop_test (tcase, a_flood_is_not_followed, 0, 3);
	tcase_add_test (tcase, the_worker_used_last_is_the_last_idle_one);
	tcase_add_test (tcase, a_worker_counts_until_it_is_gone);
	tcase_add_test (tcase, a_worker_is_of_the_generation_that_it_was_made_in);
	tcase_add_loop_test (tcase, a_worker_that_cannot_be_added, 0, 3);
}

CHECK_MAIN ("pool", add_cases)
