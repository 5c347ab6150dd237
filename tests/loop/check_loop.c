/* check_loop - watches: which events wake the loop. */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "loop/loop.h"
#include "support/check_main.h"

static uv_loop_t loop;
static struct watch *watch;
static int ours, theirs, calls, last;

static void on_ready (void *arg, int events)
{
	(void)arg;
	calls++;
	last = events;
}

static void setup (void)
{
	int pair[2];

	ck_assert_int_eq (uv_loop_init (&loop), 0);
	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	ours = pair[0];
	theirs = pair[1];
	calls = last = 0;
}

static void teardown (void)
{
	watch_free (&watch);
	uv_run (&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq (uv_loop_close (&loop), 0);
	fd_close (&ours);
	fd_close (&theirs);
}

static void fill (void)
{
	char bytes[4096] = { 0 };

	while (write (ours, bytes, sizeof bytes) > 0)
		continue;
	ck_assert_int_eq (errno, EAGAIN);
}

static void begin (int events)
{
	watch = watch_new (&loop, ours, events, on_ready, NULL);
	ck_assert_ptr_nonnull (watch);
}

/* The peer has ended its side and does not read: nothing can be written, and nothing wakes the loop. */
START_TEST (a_half_closed_peer_while_output_is_blocked)
{
	char bytes[65536];

	fill ();
	ck_assert_int_eq (shutdown (theirs, SHUT_WR), 0);
	begin (UV_WRITABLE);
	for (int i = 0; i < 20; i++)
		uv_run (&loop, UV_RUN_NOWAIT);
	ck_assert_int_eq (calls, 0);
	while (read (theirs, bytes, sizeof bytes) > 0)
		continue;
	uv_run (&loop, UV_RUN_ONCE);
	ck_assert_int_eq (calls, 1);
	ck_assert (last & UV_WRITABLE);
}
END_TEST

START_TEST (the_end_of_the_peer_is_readable)
{
	ck_assert_int_eq (shutdown (theirs, SHUT_WR), 0);
	begin (UV_READABLE);
	uv_run (&loop, UV_RUN_ONCE);
	ck_assert_int_eq (calls, 1);
	ck_assert (last & UV_READABLE);
}
END_TEST

/* Who does not read may still ask for the end of the peer. */
START_TEST (the_end_of_the_peer_alone)
{
	begin (UV_DISCONNECT);
	ck_assert_int_eq (write (theirs, "x", 1), 1);
	for (int i = 0; i < 5; i++)
		uv_run (&loop, UV_RUN_NOWAIT);
	ck_assert_int_eq (calls, 0);
	ck_assert_int_eq (shutdown (theirs, SHUT_WR), 0);
	uv_run (&loop, UV_RUN_ONCE);
	ck_assert_int_eq (calls, 1);
	ck_assert (last & UV_DISCONNECT);
}
END_TEST

/* A peer that is gone altogether is told to a writer, too. */
START_TEST (a_peer_that_is_gone)
{
	fill ();
	begin (UV_WRITABLE);
	fd_close (&theirs);
	uv_run (&loop, UV_RUN_ONCE);
	ck_assert_int_eq (calls, 1);
	ck_assert (last & UV_WRITABLE);
}
END_TEST

START_TEST (no_events_for_now)
{
	begin (UV_READABLE);
	watch_set (watch, 0);
	ck_assert_int_eq (write (theirs, "x", 1), 1);
	for (int i = 0; i < 5; i++)
		uv_run (&loop, UV_RUN_NOWAIT);
	ck_assert_int_eq (calls, 0);
	watch_set (watch, UV_READABLE);
	uv_run (&loop, UV_RUN_ONCE);
	ck_assert_int_eq (calls, 1);
}
END_TEST

static void add_cases (TCase *cases)
{
	tcase_add_checked_fixture (cases, setup, teardown);
	tcase_add_test (cases, a_half_closed_peer_while_output_is_blocked);
	tcase_add_test (cases, the_end_of_the_peer_is_readable);
	tcase_add_test (cases, the_end_of_the_peer_alone);
	tcase_add_test (cases, a_peer_that_is_gone);
	tcase_add_test (cases, no_events_for_now);
}

CHECK_MAIN ("loop", add_cases)
