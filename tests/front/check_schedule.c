/* check_schedule - the decisions of the scheduler, one test for each: the waiter, the worker, and the action. */
#include "config.h"

#include <string.h>

#include "front/schedule.h"
#include "support/check_main.h"

enum { ROOT = 0, ALICE = 1000, BOB = 1001, MOST = 16, USERS = 77 };

/* A queue, a pool of at most 4 workers, three identities, and the scheduler's view of them. */
struct schedule_fixture {
	struct identity root, alice, bob;
	struct queue queue;
	struct pool pool;
	struct pooled workers[MOST];
	struct waiter waiters[MOST];
	int n_workers, n_waiters;
	struct schedule schedule;
};

static void identity_init (struct identity *identity, uid_t uid)
{
	identity->uid = uid;
	identity->full = uid == ROOT;
	identity_queue_init (&identity->ordinary);
	identity_queue_init (&identity->control);
}

static struct schedule_fixture *begin (void)
{
	static struct schedule_fixture fixture;

	memset (&fixture, 0, sizeof fixture);
	identity_init (&fixture.root, ROOT);
	identity_init (&fixture.alice, ALICE);
	identity_init (&fixture.bob, BOB);
	queue_init (&fixture.queue, 100, 1000, false);
	pool_init (&fixture.pool, NULL, 4, 0, NULL, NULL);
	fixture.schedule = (struct schedule){
		.queue = &fixture.queue,
		.pool = &fixture.pool,
		.affordable = 4,
		.may_ask = true,
		.users = USERS,
		.now_ms = 10000,
	};
	return &fixture;
}

static struct waiter *add_waiter (struct schedule_fixture *fixture, struct identity *identity, bool control)
{
	struct waiter *waiter = &fixture->waiters[fixture->n_waiters++];
	const char *limit;

	*waiter = (struct waiter){ .identity = identity, .uid = identity->uid, .since_ms = 9000, .control = control };
	list_init (&waiter->node);
	ck_assert_int_eq (queue_join (&fixture->queue, waiter, &limit), 0);
	return waiter;
}

static struct waiter *waits (struct schedule_fixture *fixture, struct identity *identity)
{
	return add_waiter (fixture, identity, false);
}

static struct waiter *waits_for_control (struct schedule_fixture *fixture, struct identity *identity)
{
	return add_waiter (fixture, identity, true);
}

/* A worker that was made before all requests came. */
static struct pooled *has (struct schedule_fixture *fixture, uid_t uid, enum worker_phase phase)
{
	struct pooled *worker = &fixture->workers[fixture->n_workers++];

	*worker = (struct pooled){
		.pool = &fixture->pool,
		.serial = (uint64_t)fixture->n_workers,
		.uid = uid,
		.link = -1,
		.birthday = { .users = USERS, .ms = 8000 },
	};
	list_init (&worker->idle);
	list_append (&fixture->pool.all, &worker->node);
	fixture->pool.n++;
	pool_set_phase (worker, phase);
	return worker;
}

/* The waiter leaves the queue and gets that worker. */
static void runs (struct schedule_fixture *fixture, struct waiter *waiter, struct pooled *worker)
{
	queue_leave (&fixture->queue, waiter);
	queue_served (&fixture->queue, waiter);
	waiter->identity->running++;
	fixture->schedule.running += !waiter->control;
	worker->waiter = waiter;
	pool_set_phase (worker, WORKER_BUSY);
}

static void check_next (struct schedule_fixture *fixture, enum schedule_action action, const struct waiter *waiter,
	const struct pooled *worker)
{
	struct decision decision = schedule_next (&fixture->schedule);

	ck_assert_int_eq (decision.action, action);
	ck_assert_ptr_eq (decision.waiter, waiter);
	ck_assert_ptr_eq (decision.worker, worker);
}

static void check_waits (struct schedule_fixture *fixture)
{
	check_next (fixture, SCHEDULE_WAIT, NULL, NULL);
}

/* --- RUN --------------------------------------------------------------------------------------------------------- */

START_TEST (an_empty_queue_needs_nothing)
{
	struct schedule_fixture *fixture = begin ();

	check_waits (fixture);
	has (fixture, ALICE, WORKER_IDLE);
	check_waits (fixture);
}
END_TEST

START_TEST (the_idle_worker_used_last_runs_it)
{
	struct schedule_fixture *fixture = begin ();
	struct waiter *waiter = waits (fixture, &fixture->alice);
	struct pooled *one = has (fixture, ALICE, WORKER_IDLE), *other = has (fixture, ALICE, WORKER_IDLE);

	has (fixture, BOB, WORKER_IDLE);
	check_next (fixture, SCHEDULE_RUN, waiter, other);
	pool_set_phase (one, WORKER_BUSY);
	pool_set_phase (one, WORKER_IDLE);
	check_next (fixture, SCHEDULE_RUN, waiter, one);
}
END_TEST

START_TEST (the_identity_comes_first_and_the_worker_second)
{
	struct schedule_fixture *fixture = begin ();
	struct waiter *alice = waits (fixture, &fixture->alice), *bob = waits (fixture, &fixture->bob);
	struct pooled *worker = has (fixture, BOB, WORKER_IDLE);

	/* There is a worker for bob, but alice is next. */
	check_next (fixture, SCHEDULE_ASK, alice, NULL);
	alice->asked = true;
	fixture->pool.births++;
	check_next (fixture, SCHEDULE_RUN, bob, worker);
}
END_TEST

START_TEST (a_request_runs_when_it_is_on_record)
{
	struct schedule_fixture *fixture = begin ();
	struct waiter *waiter = waits (fixture, &fixture->alice);
	struct pooled *worker = has (fixture, ALICE, WORKER_IDLE);

	waiter->unrecorded = true;
	check_waits (fixture);
	waiter->unrecorded = false;
	check_next (fixture, SCHEDULE_RUN, waiter, worker);
}
END_TEST

START_TEST (descriptors_bound_what_runs)
{
	struct schedule_fixture *fixture = begin ();
	struct waiter *waiter = waits (fixture, &fixture->alice), *control;
	struct pooled *worker = has (fixture, ALICE, WORKER_IDLE);

	fixture->schedule.affordable = fixture->schedule.running = 2;
	check_waits (fixture);
	/* A control call has no streams. */
	control = waits_for_control (fixture, &fixture->alice);
	check_next (fixture, SCHEDULE_RUN, control, worker);
	fixture->schedule.running = 1;
	runs (fixture, control, worker);
	worker = has (fixture, ALICE, WORKER_IDLE);
	check_next (fixture, SCHEDULE_RUN, waiter, worker);
}
END_TEST

/* --- ASK --------------------------------------------------------------------------------------------------------- */

START_TEST (a_worker_is_asked_for_once)
{
	struct schedule_fixture *fixture = begin ();
	struct waiter *waiter = waits (fixture, &fixture->alice);

	has (fixture, BOB, WORKER_IDLE);
	check_next (fixture, SCHEDULE_ASK, waiter, NULL);
	waiter->asked = true;
	fixture->pool.births++;
	check_waits (fixture);
}
END_TEST

START_TEST (workers_to_come_take_room)
{
	struct schedule_fixture *fixture = begin ();
	struct waiter *waiter;

	has (fixture, BOB, WORKER_BUSY);
	fixture->pool.births = 3;
	waiter = waits (fixture, &fixture->alice);
	check_waits (fixture);
	fixture->pool.births = 2;
	check_next (fixture, SCHEDULE_ASK, waiter, NULL);
}
END_TEST

START_TEST (no_worker_is_asked_for_while_that_is_forbidden)
{
	struct schedule_fixture *fixture = begin ();
	struct waiter *bob;
	struct pooled *worker;

	waits (fixture, &fixture->alice);
	fixture->schedule.may_ask = false;
	check_waits (fixture);
	bob = waits (fixture, &fixture->bob);
	worker = has (fixture, BOB, WORKER_IDLE);
	check_next (fixture, SCHEDULE_RUN, bob, worker);
}
END_TEST

/* --- EVICT ------------------------------------------------------------------------------------------------------- */

START_TEST (a_full_pool_evicts_the_worker_idle_for_longest)
{
	struct schedule_fixture *fixture = begin ();
	struct waiter *waiter = waits (fixture, &fixture->alice);
	struct pooled *oldest = has (fixture, BOB, WORKER_IDLE), *next = has (fixture, ROOT, WORKER_IDLE);

	has (fixture, BOB, WORKER_BUSY);
	has (fixture, BOB, WORKER_BUSY);
	check_next (fixture, SCHEDULE_EVICT, waiter, oldest);
	/* One at a time. */
	waiter->evicted = oldest->serial;
	pool_set_phase (oldest, WORKER_LEAVING);
	check_waits (fixture);
	/* It is gone, and another waiter has the room. */
	list_remove (&oldest->node);
	pool_set_phase (oldest, WORKER_BUSY);
	has (fixture, BOB, WORKER_BUSY);
	fixture->pool.n = 4;
	check_next (fixture, SCHEDULE_EVICT, waiter, next);
}
END_TEST

START_TEST (a_busy_pool_waits)
{
	struct schedule_fixture *fixture = begin ();

	waits (fixture, &fixture->alice);
	for (int i = 0; i < 4; i++)
		has (fixture, BOB, i ? WORKER_BUSY : WORKER_STOPPING);
	check_waits (fixture);
}
END_TEST

START_TEST (no_worker_is_evicted_in_vain)
{
	struct schedule_fixture *fixture = begin ();

	waits (fixture, &fixture->alice);
	for (int i = 0; i < 4; i++)
		has (fixture, BOB, WORKER_BUSY);
	has (fixture, BOB, WORKER_IDLE);
	/* The pool has become smaller: without the idle worker there are still too many. */
	check_waits (fixture);
}
END_TEST

/* --- RETIRE ------------------------------------------------------------------------------------------------------ */

START_TEST (a_worker_of_another_state_of_its_user_retires)
{
	struct schedule_fixture *fixture = begin ();
	struct waiter *waiter = waits (fixture, &fixture->alice);
	struct pooled *good = has (fixture, ALICE, WORKER_IDLE), *old = has (fixture, ALICE, WORKER_IDLE);

	old->birthday.users = USERS + 1;
	check_next (fixture, SCHEDULE_RETIRE, waiter, old);
	pool_set_phase (old, WORKER_LEAVING);
	check_next (fixture, SCHEDULE_RUN, waiter, good);
	/* A worker made since the request came is of no use, either. */
	good->birthday.users = USERS + 1;
	good->birthday.ms = waiter->since_ms + 1;
	check_next (fixture, SCHEDULE_RETIRE, waiter, good);
}
END_TEST

START_TEST (the_worker_that_was_made_for_it_runs_it)
{
	struct schedule_fixture *fixture = begin ();
	struct waiter *first = waits (fixture, &fixture->alice), *second = waits (fixture, &fixture->alice);
	struct pooled *worker = has (fixture, ALICE, WORKER_IDLE);

	worker->birthday.users = USERS + 1; /* the database changes all the time */
	fixture->schedule.newborn = worker;
	fixture->schedule.newborn_for = first;
	check_next (fixture, SCHEDULE_RUN, first, worker);
	/* It is for its own waiter only, and does not retire while it may be given to that waiter. */
	fixture->schedule.newborn_for = second;
	check_next (fixture, SCHEDULE_ASK, first, NULL);
	/* A current worker is for the first waiter. */
	worker->birthday.users = USERS;
	check_next (fixture, SCHEDULE_RUN, first, worker);
	/* The waiter may act as another user by now. */
	worker->birthday.users = USERS + 1;
	fixture->schedule.newborn_for = first;
	first->uid = BOB;
	check_next (fixture, SCHEDULE_ASK, first, NULL);
}
END_TEST

START_TEST (over_tcp_the_user_has_to_be_proved)
{
	struct schedule_fixture *fixture = begin ();
	struct waiter *waiter = waits (fixture, &fixture->alice);
	struct pooled *worker = has (fixture, ALICE, WORKER_IDLE);

	fixture->alice.remote = true;
	check_next (fixture, SCHEDULE_ASK, waiter, NULL);
	fixture->alice.proved_users = USERS;
	fixture->alice.proved_ms = 8000;
	check_next (fixture, SCHEDULE_RUN, waiter, worker);
	fixture->schedule.age_ms = 1999;
	check_next (fixture, SCHEDULE_ASK, waiter, NULL);
	fixture->schedule.newborn = worker;
	fixture->schedule.newborn_for = waiter;
	check_next (fixture, SCHEDULE_RUN, waiter, worker);
}
END_TEST

/* --- RENEW ------------------------------------------------------------------------------------------------------- */

START_TEST (a_named_user_is_looked_up_again)
{
	struct schedule_fixture *fixture = begin ();
	struct waiter *waiter = waits (fixture, &fixture->alice);
	struct pooled *worker = has (fixture, ALICE, WORKER_IDLE);

	waiter->users = USERS + 1;
	check_next (fixture, SCHEDULE_RENEW, waiter, NULL);
	waiter->users = USERS;
	check_next (fixture, SCHEDULE_RUN, waiter, worker);
	/* A request that is not recorded yet is looked up when it may run. */
	waiter->users = USERS + 1;
	waiter->unrecorded = true;
	check_waits (fixture);
}
END_TEST

START_TEST (a_worker_that_is_too_old_retires)
{
	struct schedule_fixture *fixture = begin ();
	struct waiter *waiter = waits (fixture, &fixture->alice);
	struct pooled *worker = has (fixture, ALICE, WORKER_IDLE);

	fixture->schedule.age_ms = 2000;
	check_next (fixture, SCHEDULE_RUN, waiter, worker);
	fixture->schedule.age_ms = 1999;
	check_next (fixture, SCHEDULE_RETIRE, waiter, worker);
	fixture->schedule.age_ms = 0;
	check_next (fixture, SCHEDULE_RUN, waiter, worker);
}
END_TEST

/* --- shares ------------------------------------------------------------------------------------------------------ */

START_TEST (an_identity_with_its_share_stands_back)
{
	struct schedule_fixture *fixture = begin ();
	struct waiter *alice = waits (fixture, &fixture->alice), *bob = waits (fixture, &fixture->bob);

	fixture->alice.running = 3;
	fixture->schedule.shared = true;
	check_next (fixture, SCHEDULE_ASK, bob, NULL);
	fixture->alice.running = 2;
	check_next (fixture, SCHEDULE_ASK, alice, NULL);
	/* A worker of its user that was told to exit, and has not, counts. */
	has (fixture, ALICE, WORKER_LEAVING);
	check_next (fixture, SCHEDULE_ASK, bob, NULL);
	fixture->schedule.shared = false;
	check_next (fixture, SCHEDULE_ASK, alice, NULL);
}
END_TEST

/* --- control calls ----------------------------------------------------------------------------------------------- */

START_TEST (control_calls_come_first)
{
	struct schedule_fixture *fixture = begin ();
	struct waiter *control;

	waits (fixture, &fixture->alice);
	control = waits_for_control (fixture, &fixture->bob);
	check_next (fixture, SCHEDULE_ASK, control, NULL);
}
END_TEST

START_TEST (a_full_pool_has_one_more_worker_for_control)
{
	struct schedule_fixture *fixture = begin ();
	struct waiter *alice, *root;

	for (int i = 0; i < 4; i++)
		has (fixture, BOB, WORKER_BUSY);
	fixture->schedule.shared = true;
	alice = waits_for_control (fixture, &fixture->alice);
	check_next (fixture, SCHEDULE_ASK, alice, NULL);
	alice->asked = true;
	fixture->pool.births++;
	/* One worker for all but the administrators, */
	waits_for_control (fixture, &fixture->bob);
	check_waits (fixture);
	/* and one more for the administrators. */
	root = waits_for_control (fixture, &fixture->root);
	check_next (fixture, SCHEDULE_ASK, root, NULL);
}
END_TEST

START_TEST (one_for_control_is_enough_where_nobody_else_calls)
{
	struct schedule_fixture *fixture = begin ();

	for (int i = 0; i < 5; i++)
		has (fixture, ROOT, WORKER_BUSY);
	waits_for_control (fixture, &fixture->root);
	check_waits (fixture);
}
END_TEST

START_TEST (an_ordinary_call_does_not_wait_for_control)
{
	struct schedule_fixture *fixture = begin ();
	struct waiter *waiter, *control = waits_for_control (fixture, &fixture->bob);

	runs (fixture, control, has (fixture, BOB, WORKER_IDLE));
	for (int i = 0; i < 3; i++)
		has (fixture, BOB, WORKER_BUSY);
	waiter = waits (fixture, &fixture->alice);
	check_next (fixture, SCHEDULE_ASK, waiter, NULL);
	waiter->asked = true;
	fixture->pool.births++;
	waits (fixture, &fixture->bob);
	check_waits (fixture);
}
END_TEST

START_TEST (an_identity_has_one_control_call_at_a_time)
{
	struct schedule_fixture *fixture = begin ();
	struct waiter *first = waits_for_control (fixture, &fixture->alice),
		      *second = waits_for_control (fixture, &fixture->alice);
	struct pooled *worker = has (fixture, ALICE, WORKER_IDLE), *other = has (fixture, ALICE, WORKER_IDLE);

	check_next (fixture, SCHEDULE_RUN, first, other);
	runs (fixture, first, other);
	check_waits (fixture);
	other->waiter = NULL;
	pool_set_phase (other, WORKER_LEAVING);
	check_next (fixture, SCHEDULE_RUN, second, worker);
}
END_TEST

START_TEST (an_administrator_has_more_while_nobody_waits)
{
	struct schedule_fixture *fixture = begin ();
	struct waiter *first = waits_for_control (fixture, &fixture->root),
		      *second = waits_for_control (fixture, &fixture->root), *ordinary;
	struct pooled *worker = has (fixture, ROOT, WORKER_IDLE), *other = has (fixture, ROOT, WORKER_IDLE);

	runs (fixture, first, other);
	check_next (fixture, SCHEDULE_RUN, second, worker);
	ordinary = waits (fixture, &fixture->alice);
	check_next (fixture, SCHEDULE_ASK, ordinary, NULL);
}
END_TEST

/* --- numbers ----------------------------------------------------------------------------------------------------- */

START_TEST (requests_that_the_descriptors_allow)
{
	struct schedule_fixture *fixture = begin ();

	ck_assert_int_eq (schedule_affordable (&fixture->pool, -5), 1);
	ck_assert_int_eq (schedule_affordable (&fixture->pool, 0), 1);
	ck_assert_int_eq (schedule_affordable (&fixture->pool, 3 * FRONT_WORKER_FDS - 1), 2);
	ck_assert_int_eq (schedule_affordable (&fixture->pool, 3 * FRONT_WORKER_FDS), 3);
	ck_assert_int_eq (schedule_affordable (&fixture->pool, INT64_MAX), 4);
}
END_TEST

START_TEST (a_worker_is_kept_while_it_is_fit)
{
	struct schedule_fixture *fixture = begin ();
	struct pooled *worker = has (fixture, ALICE, WORKER_BUSY);

	worker->served = 1000;
	ck_assert (schedule_keeps (&fixture->pool, worker));
	fixture->pool.requests = 1001;
	ck_assert (schedule_keeps (&fixture->pool, worker));
	fixture->pool.requests = 1000;
	ck_assert (!schedule_keeps (&fixture->pool, worker));
	fixture->pool.requests = 0;
	fixture->pool.generation = 2;
	ck_assert (!schedule_keeps (&fixture->pool, worker));
	worker->generation = 2;
	ck_assert (schedule_keeps (&fixture->pool, worker));
	fixture->pool.n = 5;
	ck_assert (!schedule_keeps (&fixture->pool, worker));
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, an_empty_queue_needs_nothing);
	tcase_add_test (tcase, the_idle_worker_used_last_runs_it);
	tcase_add_test (tcase, the_identity_comes_first_and_the_worker_second);
	tcase_add_test (tcase, a_request_runs_when_it_is_on_record);
	tcase_add_test (tcase, descriptors_bound_what_runs);
	tcase_add_test (tcase, a_worker_is_asked_for_once);
	tcase_add_test (tcase, workers_to_come_take_room);
	tcase_add_test (tcase, no_worker_is_asked_for_while_that_is_forbidden);
	tcase_add_test (tcase, a_full_pool_evicts_the_worker_idle_for_longest);
	tcase_add_test (tcase, a_busy_pool_waits);
	tcase_add_test (tcase, no_worker_is_evicted_in_vain);
	tcase_add_test (tcase, a_worker_of_another_state_of_its_user_retires);
	tcase_add_test (tcase, the_worker_that_was_made_for_it_runs_it);
	tcase_add_test (tcase, over_tcp_the_user_has_to_be_proved);
	tcase_add_test (tcase, a_named_user_is_looked_up_again);
	tcase_add_test (tcase, a_worker_that_is_too_old_retires);
	tcase_add_test (tcase, an_identity_with_its_share_stands_back);
	tcase_add_test (tcase, control_calls_come_first);
	tcase_add_test (tcase, a_full_pool_has_one_more_worker_for_control);
	tcase_add_test (tcase, one_for_control_is_enough_where_nobody_else_calls);
	tcase_add_test (tcase, an_ordinary_call_does_not_wait_for_control);
	tcase_add_test (tcase, an_identity_has_one_control_call_at_a_time);
	tcase_add_test (tcase, an_administrator_has_more_while_nobody_waits);
	tcase_add_test (tcase, requests_that_the_descriptors_allow);
	tcase_add_test (tcase, a_worker_is_kept_while_it_is_fit);
}

CHECK_MAIN ("schedule", add_cases)
