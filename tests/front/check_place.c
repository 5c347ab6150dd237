/* check_place - when the place of a request is free again: with a real carrier, and pipes whose lock a thread holds. */
#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/link.h"
#include "front/front_state.h"
#include "front/lock_holder.h"
#include "front/place.h"
#include "front/relay.h"
#include "support/check_main.h"

static struct front front;
static struct identity *identity;
static int freed;

static void on_freed (struct front *one)
{
	ck_assert_ptr_eq (one, &front);
	freed++;
}

static const struct front_events events = { .freed = on_freed };

static void begin (void)
{
	signal (SIGPIPE, SIG_IGN);
	memset (&front, 0, sizeof front);
	freed = 0;
	ck_assert_int_eq (carrier_start (&front.carrier), 0);
	ck_assert_int_eq (uv_loop_init (&front.loop), 0);
	list_init (&front.places.lingering);
	front.events = &events;
	ck_assert_ptr_nonnull (identity = calloc (1, sizeof *identity));
	list_init (&identity->node);
	list_init (&identity->ordinary.turn);
	list_init (&identity->control.turn);
	identity->references = 1;
}

static void finish (void)
{
	places_end (&front);
	carrier_end (&front.carrier);
	uv_run (&front.loop, UV_RUN_NOWAIT);
	ck_assert_int_eq (uv_loop_close (&front.loop), 0);
	ck_assert_uint_eq (identity->references, 1);
	identity_release (identity);
}

/* --- a pipe whose lock is held ----------------------------------------------------------------------------------- */

struct holder {
	int pipe[2];
	struct lock_holder lock;
};

static void hold_begin (struct holder *holder)
{
	ck_assert_int_eq (pipe2 (holder->pipe, O_CLOEXEC), 0);
	lock_holder_begin (&holder->lock, holder->pipe[1]);
}

static void hold_end (struct holder *holder)
{
	lock_holder_end (&holder->lock);
	fd_close (&holder->pipe[1]);
}

/* A request that has to close the held pipe is over. */
static void leave (struct holder *holder, bool gave_up)
{
	struct relay relay;

	relay_init (&relay, &front.loop, &front.carrier, NULL);
	relay_free (&relay);
	relay.gave_up = gave_up;
	ck_assert (closing_add (&relay.closing, &holder->pipe[0]));
	place_take (&front, identity, false);
	place_leave (&front, identity, false, true, &relay);
}

static void turn (void)
{
	uv_run (&front.loop, UV_RUN_NOWAIT);
	poll (NULL, 0, 1);
}

static void until_freed (int n)
{
	while (freed < n)
		turn ();
}

/* How many descriptors the front has still to give to the carrier. */
static int waiting (void)
{
	int n = 0;

	for (int i = 0; i < front.places.n_closings; i++)
		n += front.places.closings[i].closing.n;
	return n;
}

static void until_given (void)
{
	while (waiting ())
		turn ();
}

/* The read end of a new pipe, and *writer, its write end. */
static int reader (int *writer)
{
	int ends[2];

	ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
	*writer = ends[1];
	return ends[0];
}

/* A request of that identity is over, with n pipes that have ended. */
static void leave_ended (struct identity *whose, int *writers, int n)
{
	struct relay relay;

	relay_init (&relay, &front.loop, &front.carrier, NULL);
	relay_free (&relay);
	for (int i = 0; i < n; i++) {
		int fd = reader (&writers[i]);

		ck_assert (closing_add (&relay.closing, &fd));
	}
	place_take (&front, whose, false);
	place_leave (&front, whose, false, true, &relay);
}

/* Wait until the read end is closed, and close the write end. */
static void until_closed (int *writer)
{
	struct pollfd one = { .fd = *writer };

	while (poll (&one, 1, 1) == 0 || !(one.revents & POLLERR))
		turn ();
	fd_close (writer);
}

START_TEST (a_request_without_streams)
{
	struct relay relay;

	relay_init (&relay, &front.loop, &front.carrier, NULL);
	relay_free (&relay);
	for (int control = 0; control < 2; control++) {
		place_take (&front, identity, control);
		ck_assert_int_eq (identity->running, 1);
		ck_assert_int_eq (front.n_running, !control);
		place_leave (&front, identity, control, true, &relay);
		ck_assert_int_eq (identity->running, 0);
		ck_assert_int_eq (front.n_running, 0);
	}
	ck_assert_int_eq (places_lingering (&front.places), 0);
}
END_TEST

/* Others may have the other end of a pipe that was given up: the place waits for it. */
START_TEST (a_pipe_that_was_given_up)
{
	struct holder holder;

	hold_begin (&holder);
	leave (&holder, true);
	ck_assert_int_eq (identity->running, 1);
	ck_assert_int_eq (front.n_running, 1);
	ck_assert_int_eq (places_lingering (&front.places), 1);
	hold_end (&holder);
	until_freed (1);
	ck_assert_int_eq (identity->running, 0);
	ck_assert_int_eq (front.n_running, 0);
	ck_assert_int_eq (places_lingering (&front.places), 0);
}
END_TEST

/* A few pipes of an identity that have ended need no place, and the next one does. */
START_TEST (pipes_that_have_ended)
{
	struct holder holders[PLACE_CLOSINGS_EACH + 1];

	for (int i = 0; i < PLACE_CLOSINGS_EACH; i++) {
		hold_begin (&holders[i]);
		leave (&holders[i], false);
		ck_assert_int_eq (identity->running, 0);
		until_given ();
	}
	hold_begin (&holders[PLACE_CLOSINGS_EACH]);
	leave (&holders[PLACE_CLOSINGS_EACH], false);
	ck_assert_int_eq (identity->running, 1);
	hold_end (&holders[0]);
	until_freed (1);
	ck_assert_int_eq (identity->running, 0);
	for (int i = 1; i <= PLACE_CLOSINGS_EACH; i++)
		hold_end (&holders[i]);
}
END_TEST

/* The pipes of an identity's requests go to the carrier together: when the next request would find no room in the record, or
 * a little later. */
START_TEST (pipes_that_have_ended_together)
{
	int writers[LINK_FDS];

	for (int n = 0; n < LINK_FDS; n += 2) {
		ck_assert_int_eq (waiting (), n);
		leave_ended (identity, &writers[n], 2);
		ck_assert_int_eq (identity->running, 0);
		ck_assert_int_eq (front.places.n_closings, 1);
	}
	ck_assert_int_eq (waiting (), LINK_FDS);
	uv_run (&front.loop, UV_RUN_NOWAIT);
	ck_assert_int_eq (waiting (), 0);
	for (int i = 0; i < LINK_FDS; i++)
		until_closed (&writers[i]);
	leave_ended (identity, writers, 1);
	ck_assert_int_eq (waiting (), 1);
	until_closed (&writers[0]);
	ck_assert_int_eq (waiting (), 0);
}
END_TEST

/* Pipes that do not fit into the record get another record. Neither record has pipes of another identity. */
START_TEST (ended_pipes_of_two_identities)
{
	struct identity *other = calloc (1, sizeof *other);
	int writers[LINK_FDS - 1], more[3], others[2];

	ck_assert_ptr_nonnull (other);
	list_init (&other->node);
	list_init (&other->ordinary.turn);
	list_init (&other->control.turn);
	other->references = 1;
	leave_ended (identity, writers, LINK_FDS - 1);
	leave_ended (other, others, 2);
	ck_assert_int_eq (front.places.n_closings, 2);
	leave_ended (identity, more, 3);
	ck_assert_int_eq (front.places.n_closings, 3);
	ck_assert_uint_eq (other->references, 2);
	for (int i = 0; i < LINK_FDS - 1; i++)
		until_closed (&writers[i]);
	for (int i = 0; i < 3; i++)
		until_closed (&more[i]);
	for (int i = 0; i < 2; i++)
		until_closed (&others[i]);
	places_end (&front);
	ck_assert_uint_eq (other->references, 1);
	identity_release (other);
}
END_TEST

/* A front that ends has the carrier close what it has not given yet: another process may hold up a close, and so the end
 * of the front. */
START_TEST (the_end_of_the_front_before_pipes_are_given)
{
	struct holder holder;

	hold_begin (&holder);
	leave (&holder, false);
	ck_assert_int_eq (waiting (), 1);
	places_end (&front);
	ck_assert_int_eq (front.places.n_closings, 0);
	/* The carrier has it: the lock is held, and the end of the carrier is not waited for long. */
	carrier_end (&front.carrier);
	hold_end (&holder);
}
END_TEST

/* The front ends while the pipes are held. */
START_TEST (the_end_of_the_front)
{
	struct holder holders[2];

	for (int i = 0; i < 2; i++) {
		hold_begin (&holders[i]);
		leave (&holders[i], i);
	}
	places_end (&front);
	ck_assert_int_eq (identity->running, 0);
	ck_assert_uint_eq (identity->references, 1);
	for (int i = 0; i < 2; i++)
		hold_end (&holders[i]);
}
END_TEST

/* A descriptor without an identity, and one of an identity. */
START_TEST (one_descriptor)
{
	for (int whose = 0; whose < 2; whose++) {
		struct holder holder;
		int none = -1;

		hold_begin (&holder);
		place_close (&front, whose ? identity : NULL, &holder.pipe[0]);
		place_close (&front, identity, &none);
		ck_assert_int_eq (holder.pipe[0], -1);
		ck_assert_int_eq (identity->running, whose);
		hold_end (&holder);
		until_freed (whose);
		ck_assert_int_eq (identity->running, 0);
	}
}
END_TEST

/* More than one record holds. */
START_TEST (many_descriptors)
{
	struct closing closing = { 0 };
	int ends[2], writers[CLOSING_MAX];

	for (int i = 0; i < CLOSING_MAX; i++) {
		ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
		writers[i] = ends[1];
		ck_assert (closing_add (&closing, &ends[0]));
		ck_assert_int_eq (ends[0], -1);
	}
	ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
	ck_assert (!closing_add (&closing, &ends[0]));
	ck_assert_int_ge (ends[0], 0);
	while (!closing_done (&closing, &front.carrier))
		poll (NULL, 0, 1);
	for (int i = 0; i < CLOSING_MAX; i++) {
		ck_assert_int_eq (write (writers[i], "x", 1), -1);
		fd_close (&writers[i]);
	}
	ck_assert (closing_add (&closing, &ends[0]));
	while (!closing_done (&closing, &front.carrier))
		poll (NULL, 0, 1);
	fd_close (&ends[1]);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, begin, finish);
	tcase_add_test (tcase, a_request_without_streams);
	tcase_add_test (tcase, a_pipe_that_was_given_up);
	tcase_add_test (tcase, pipes_that_have_ended);
	tcase_add_test (tcase, pipes_that_have_ended_together);
	tcase_add_test (tcase, ended_pipes_of_two_identities);
	tcase_add_test (tcase, the_end_of_the_front_before_pipes_are_given);
	tcase_add_test (tcase, the_end_of_the_front);
	tcase_add_test (tcase, one_descriptor);
	tcase_add_test (tcase, many_descriptors);
}

CHECK_MAIN ("place", add_cases)
