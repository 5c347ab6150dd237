/* check_queue - which requests wait, which are refused, and which is next. */
#include "config.h"

#include <string.h>

#include "front/queue.h"
#include "support/check_main.h"

enum { MAX = 8, MAX_BYTES = 800 };

static struct identity *people (void)
{
	static struct identity three[3];

	for (size_t i = 0; i < 3; i++) {
		memset (&three[i], 0, sizeof three[i]);
		identity_queue_init (&three[i].ordinary);
		identity_queue_init (&three[i].control);
	}
	return three;
}

static struct waiter waits (struct identity *identity, size_t bytes, bool control)
{
	return (struct waiter){ .identity = identity, .bytes = bytes, .control = control };
}

/* Make a waiter and let it join: 0 or -1. A refused waiter is in no list. */
static int join (struct queue *queue, struct waiter *waiter, struct identity *identity, size_t bytes)
{
	const char *limit = "";
	int result;

	*waiter = waits (identity, bytes, false);
	list_init (&waiter->node);
	result = queue_join (queue, waiter, &limit);
	ck_assert_int_eq (result < 0, limit != NULL);
	ck_assert_int_eq (result < 0, !list_linked (&waiter->node));
	return result;
}

static int join_control (struct queue *queue, struct waiter *waiter, struct identity *identity)
{
	const char *limit = NULL;

	*waiter = waits (identity, 0, true);
	list_init (&waiter->node);
	return queue_join (queue, waiter, &limit);
}

/* The offered waiters, in order, must be these. */
static void check_order (const struct queue *queue, struct waiter *const *expected, size_t n)
{
	const struct waiter *waiter = NULL;

	for (size_t i = 0; i < n; i++) {
		waiter = queue_next (queue, waiter);
		ck_assert_ptr_eq (waiter, expected[i]);
	}
	ck_assert_ptr_null (queue_next (queue, waiter));
}

#define CHECK_ORDER(queue, ...) \
	check_order (queue, (struct waiter *[]){ __VA_ARGS__ }, \
		sizeof ((struct waiter *[]){ __VA_ARGS__ }) / sizeof (struct waiter *))

/* The next one runs. */
static struct waiter *serve (struct queue *queue)
{
	struct waiter *waiter = queue_next (queue, NULL);

	if (waiter) {
		queue_leave (queue, waiter);
		queue_served (queue, waiter);
	}
	return waiter;
}

START_TEST (an_empty_queue)
{
	struct waiter waiter;
	struct queue queue;

	queue_init (&queue, MAX, MAX_BYTES, true);
	ck_assert_ptr_null (queue_next (&queue, NULL));
	ck_assert_int_eq (queue_oldest (&queue, 12345), 0);
	waiter = waits (people (), 0, false);
	queue_served (&queue, &waiter);
	ck_assert_ptr_null (queue_next (&queue, NULL));
}
END_TEST

/* --- bounds ------------------------------------------------------------------------------------------------------ */

START_TEST (bounded_by_number)
{
	struct identity *one = people ();
	struct waiter waiters[MAX + 1];
	struct queue queue;

	queue_init (&queue, MAX, MAX_BYTES, false);
	for (int i = 0; i < MAX; i++)
		ck_assert_int_eq (join (&queue, &waiters[i], one, 0), 0);
	ck_assert_int_eq (join (&queue, &waiters[MAX], one, 0), -1);
	ck_assert_int_eq (queue.length, MAX);
	queue_leave (&queue, &waiters[3]);
	ck_assert_int_eq (join (&queue, &waiters[MAX], one, 0), 0);
	ck_assert_int_eq (one->ordinary.length, MAX);
}
END_TEST

START_TEST (bounded_by_bytes)
{
	struct identity *one = people ();
	struct waiter a, b, c;
	struct queue queue;

	queue_init (&queue, MAX, MAX_BYTES, false);
	/* One request always fits, as otherwise it could never be made; but only one. */
	ck_assert_int_eq (join (&queue, &a, one, MAX_BYTES + 1), 0);
	ck_assert_int_eq (join (&queue, &b, one, 0), -1);
	queue_leave (&queue, &a);
	ck_assert_uint_eq (queue.bytes, 0);
	ck_assert_int_eq (join (&queue, &a, one, MAX_BYTES - 1), 0);
	ck_assert_int_eq (join (&queue, &b, one, 2), -1);
	ck_assert_int_eq (join (&queue, &b, one, 1), 0);
	ck_assert_int_eq (join (&queue, &c, one, 0), 0); /* nothing more of the bytes */
	ck_assert_uint_eq (queue.bytes, MAX_BYTES);
	queue_leave (&queue, &a);
	ck_assert_uint_eq (queue.bytes, 1);
	ck_assert_uint_eq (one->ordinary.bytes, 1);
	ck_assert_int_eq (join (&queue, &a, one, MAX_BYTES - 1), 0);
}
END_TEST

/* A quarter each, rounded up: 2 of 8, 3 of 9. */
START_TEST (a_share_is_a_quarter)
{
	struct identity *who = people ();
	struct waiter waiters[4], other;
	struct queue queue;

	queue_init (&queue, MAX, MAX_BYTES, true);
	ck_assert_int_eq (join (&queue, &waiters[0], who, 0), 0);
	ck_assert_int_eq (join (&queue, &waiters[1], who, 0), 0);
	ck_assert_int_eq (join (&queue, &waiters[2], who, 0), -1);
	ck_assert_int_eq (join (&queue, &other, who + 1, 0), 0);
	queue_leave (&queue, &waiters[0]);
	ck_assert_int_eq (join (&queue, &waiters[2], who, 0), 0);

	who = people ();
	queue_init (&queue, 9, MAX_BYTES, true);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq (join (&queue, &waiters[i], who, 0), 0);
	ck_assert_int_eq (join (&queue, &waiters[3], who, 0), -1);

	who = people ();
	queue_init (&queue, 1, MAX_BYTES, true); /* a share is never nothing */
	ck_assert_int_eq (join (&queue, &waiters[0], who, 0), 0);
}
END_TEST

START_TEST (a_share_is_a_quarter_of_the_bytes)
{
	struct identity *who = people ();
	struct waiter a, b;
	struct queue queue;

	queue_init (&queue, MAX, MAX_BYTES, true);
	ck_assert_int_eq (join (&queue, &a, who, MAX_BYTES / 4 + 1), 0); /* its first */
	ck_assert_int_eq (join (&queue, &b, who, 0), -1);
	queue_leave (&queue, &a);
	ck_assert_int_eq (join (&queue, &a, who, MAX_BYTES / 4), 0);
	ck_assert_int_eq (join (&queue, &b, who, 1), -1);
	ck_assert_int_eq (join (&queue, &b, who + 1, MAX_BYTES / 4), 0);
	ck_assert_uint_eq (queue.bytes, MAX_BYTES / 2);
}
END_TEST

START_TEST (the_refusal_says_why)
{
	struct identity *who = people ();
	struct waiter first = waits (who, 1, false), waiter = waits (who, MAX_BYTES, false);
	const char *limit = NULL;
	struct queue queue;

	queue_init (&queue, MAX, MAX_BYTES, true);
	ck_assert_int_eq (queue_join (&queue, &first, &limit), 0);
	ck_assert_int_eq (queue_join (&queue, &waiter, &limit), -1);
	ck_assert_str_eq (limit, "the queue is full");
	waiter.bytes = MAX_BYTES / 2;
	ck_assert_int_eq (queue_join (&queue, &waiter, &limit), -1);
	ck_assert_str_eq (limit, "your share of the queue is full");
}
END_TEST

/* --- turns ------------------------------------------------------------------------------------------------------- */

START_TEST (one_identity_is_served_in_order)
{
	struct identity *one = people ();
	struct waiter waiters[4];
	struct queue queue;

	queue_init (&queue, MAX, MAX_BYTES, false);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq (join (&queue, &waiters[i], one, 1), 0);
	CHECK_ORDER (&queue, &waiters[0]); /* its first is its only offer */
	for (int i = 0; i < 4; i++)
		ck_assert_ptr_eq (serve (&queue), &waiters[i]);
	ck_assert_ptr_null (serve (&queue));
	ck_assert_int_eq (queue.length, 0);
	ck_assert_uint_eq (queue.bytes, 0);
	ck_assert (!list_linked (&one->ordinary.turn));
}
END_TEST

/* a, b and c take turns however many requests each has, and an identity that joins in between comes last. */
START_TEST (three_identities_take_turns)
{
	struct identity *who = people ();
	struct waiter a[3], b[2], c[2];
	struct queue queue;

	queue_init (&queue, MAX, MAX_BYTES, false);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq (join (&queue, &a[i], who, 1), 0);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq (join (&queue, &b[i], who + 1, 1), 0);
	ck_assert_int_eq (join (&queue, &c[0], who + 2, 1), 0);
	CHECK_ORDER (&queue, &a[0], &b[0], &c[0]);
	ck_assert_ptr_eq (serve (&queue), &a[0]);
	CHECK_ORDER (&queue, &b[0], &c[0], &a[1]);
	ck_assert_ptr_eq (serve (&queue), &b[0]);
	ck_assert_ptr_eq (serve (&queue), &c[0]); /* that was all it had */
	ck_assert_int_eq (join (&queue, &c[1], who + 2, 1), 0);
	CHECK_ORDER (&queue, &a[1], &b[1], &c[1]);
	ck_assert_ptr_eq (serve (&queue), &a[1]);
	ck_assert_ptr_eq (serve (&queue), &b[1]);
	ck_assert_ptr_eq (serve (&queue), &c[1]);
	ck_assert_ptr_eq (serve (&queue), &a[2]);
	ck_assert_ptr_null (serve (&queue));
}
END_TEST

/* The next request may be unable to run (its user has no worker): the others are tried, and it keeps its turn. */
START_TEST (passing_over_costs_no_turn)
{
	struct identity *who = people ();
	struct waiter a[2], b[2];
	struct queue queue;

	queue_init (&queue, MAX, MAX_BYTES, false);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq (join (&queue, &a[i], who, 1), 0);
		ck_assert_int_eq (join (&queue, &b[i], who + 1, 1), 0);
	}
	ck_assert_ptr_eq (queue_next (&queue, queue_next (&queue, NULL)), &b[0]);
	queue_leave (&queue, &b[0]);
	queue_served (&queue, &b[0]);
	CHECK_ORDER (&queue, &a[0], &b[1]);
}
END_TEST

START_TEST (leaving_from_the_middle)
{
	struct identity *who = people ();
	struct waiter a[3], b;
	struct queue queue;

	queue_init (&queue, MAX, MAX_BYTES, false);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq (join (&queue, &a[i], who, 10), 0);
	ck_assert_int_eq (join (&queue, &b, who + 1, 5), 0);
	queue_leave (&queue, &a[1]);
	queue_leave (&queue, &a[1]); /* twice is harmless */
	ck_assert_int_eq (queue.length, 3);
	ck_assert_uint_eq (queue.bytes, 25);
	CHECK_ORDER (&queue, &a[0], &b);
	queue_leave (&queue, &a[0]); /* over, not served: its turn stays */
	CHECK_ORDER (&queue, &a[2], &b);
	queue_leave (&queue, &a[2]);
	CHECK_ORDER (&queue, &b);
	ck_assert_int_eq (who->ordinary.length, 0);
	ck_assert_uint_eq (who->ordinary.bytes, 0);
	ck_assert (!list_linked (&who->ordinary.turn));
}
END_TEST

START_TEST (a_waiter_that_was_refused_may_leave)
{
	struct identity *one = people ();
	struct waiter a, b;
	struct queue queue;

	queue_init (&queue, 1, MAX_BYTES, false);
	ck_assert_int_eq (join (&queue, &a, one, 7), 0);
	ck_assert_int_eq (join (&queue, &b, one, 7), -1);
	queue_leave (&queue, &b);
	ck_assert_int_eq (queue.length, 1);
	ck_assert_uint_eq (queue.bytes, 7);
	CHECK_ORDER (&queue, &a);
}
END_TEST

/* --- control calls ----------------------------------------------------------------------------------------------- */

START_TEST (control_calls_come_first)
{
	struct identity *who = people ();
	struct waiter a, b, control[2];
	struct queue queue;

	queue_init (&queue, 2, MAX_BYTES, false);
	ck_assert_int_eq (join (&queue, &a, who, 1), 0);
	ck_assert_int_eq (join (&queue, &b, who + 1, 1), 0);
	ck_assert_int_eq (join_control (&queue, &control[0], who), 0); /* though the queue is full */
	ck_assert_int_eq (join_control (&queue, &control[1], who + 2), 0);
	ck_assert_int_eq (queue.length, 2);
	ck_assert_int_eq (who->ordinary.length, 1);
	CHECK_ORDER (&queue, &control[0], &control[1], &a, &b);
	ck_assert_ptr_eq (serve (&queue), &control[0]);
	queue_leave (&queue, &control[1]);
	ck_assert_int_eq (queue.control_length, 0);
	queue_leave (&queue, &a);
	queue_leave (&queue, &b);
	ck_assert_ptr_null (serve (&queue));
}
END_TEST

/* A user that floods the queue with control calls has a quarter of it. However many users do so, some room is left for
 * root, and root is bound by the maximum alone. */
START_TEST (control_calls_are_bounded)
{
	enum { EACH = QUEUE_CONTROL / 4, LEFT = QUEUE_CONTROL / 8 };
	struct identity *who = people ();
	struct waiter flood[3][EACH + 1], root[LEFT + 1], a;
	const char *limit = NULL;
	struct queue queue;

	queue_init (&queue, 1, MAX_BYTES, true);
	for (int i = 0; i < 3; i++) {
		for (int j = 0; j < EACH; j++)
			ck_assert_int_eq (join_control (&queue, &flood[i][j], who + i), 0);
		flood[i][EACH] = waits (who + i, 0, true);
		ck_assert_int_eq (queue_join (&queue, &flood[i][EACH], &limit), -1);
		ck_assert_str_eq (limit, "too many of your control calls wait");
	}
	ck_assert_int_eq (join (&queue, &a, who, 1), 0); /* they take no place in the queue */
	queue_leave (&queue, &flood[0][5]);
	ck_assert_int_eq (join_control (&queue, &flood[0][5], who), 0);
	who[0].full = true; /* another identity, which had all */
	for (int i = 0; i < QUEUE_CONTROL - 3 * EACH; i++)
		ck_assert_int_eq (join_control (&queue, &root[i % LEFT], who), 0);
	ck_assert_int_eq (join_control (&queue, &root[LEFT], who), -1);
}
END_TEST

START_TEST (a_reserve_of_control_calls)
{
	struct waiter waiters[QUEUE_CONTROL], more;
	struct identity many[8], root = { .full = true };
	const char *limit = NULL;
	struct queue queue;
	int n = 0;

	queue_init (&queue, 1, MAX_BYTES, true);
	identity_queue_init (&root.control);
	for (int i = 0; i < 8; i++) {
		memset (&many[i], 0, sizeof many[i]);
		identity_queue_init (&many[i].control);
		for (int j = 0; j < QUEUE_CONTROL / 8 && n < QUEUE_CONTROL; j++)
			n += join_control (&queue, &waiters[n], &many[i]) == 0;
	}
	ck_assert_int_eq (n, QUEUE_CONTROL - QUEUE_CONTROL / 8);
	more = waits (&many[7], 0, true);
	ck_assert_int_eq (queue_join (&queue, &more, &limit), -1);
	ck_assert_str_eq (limit, "too many control calls wait");
	for (; n < QUEUE_CONTROL; n++)
		ck_assert_int_eq (join_control (&queue, &waiters[n], &root), 0);
	ck_assert_int_eq (join_control (&queue, &more, &root), -1);
}
END_TEST

/* An identity that called first and often does not delay the turns of others. */
START_TEST (control_calls_take_turns)
{
	struct identity *who = people ();
	struct waiter a[3], b;
	struct queue queue;

	queue_init (&queue, 1, MAX_BYTES, true);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq (join_control (&queue, &a[i], who), 0);
	ck_assert_int_eq (join_control (&queue, &b, who + 1), 0);
	CHECK_ORDER (&queue, &a[0], &b);
	ck_assert_ptr_eq (serve (&queue), &a[0]);
	ck_assert_ptr_eq (serve (&queue), &b);
	ck_assert_ptr_eq (serve (&queue), &a[1]);
	ck_assert_ptr_eq (serve (&queue), &a[2]);
	ck_assert_ptr_null (serve (&queue));
}
END_TEST

/* --- how long ---------------------------------------------------------------------------------------------------- */

START_TEST (the_oldest_of_all)
{
	struct identity *who = people ();
	struct waiter a[2], b;
	struct queue queue;

	queue_init (&queue, MAX, MAX_BYTES, false);
	ck_assert_int_eq (join (&queue, &a[0], who, 1), 0);
	ck_assert_int_eq (join (&queue, &b, who + 1, 1), 0);
	ck_assert_int_eq (join (&queue, &a[1], who, 1), 0);
	a[0].since_ms = 400;
	b.since_ms = 300;
	a[1].since_ms = 500;
	ck_assert_int_eq (queue_oldest (&queue, 1000), 700);
	queue_leave (&queue, &b);
	ck_assert_int_eq (queue_oldest (&queue, 1000), 600);
	queue_leave (&queue, &a[0]);
	ck_assert_int_eq (queue_oldest (&queue, 1000), 500);
	queue_leave (&queue, &a[1]);
	ck_assert_int_eq (queue_oldest (&queue, 1000), 0);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, an_empty_queue);
	tcase_add_test (tcase, bounded_by_number);
	tcase_add_test (tcase, bounded_by_bytes);
	tcase_add_test (tcase, a_share_is_a_quarter);
	tcase_add_test (tcase, a_share_is_a_quarter_of_the_bytes);
	tcase_add_test (tcase, the_refusal_says_why);
	tcase_add_test (tcase, one_identity_is_served_in_order);
	tcase_add_test (tcase, three_identities_take_turns);
	tcase_add_test (tcase, passing_over_costs_no_turn);
	tcase_add_test (tcase, leaving_from_the_middle);
	tcase_add_test (tcase, a_waiter_that_was_refused_may_leave);
	tcase_add_test (tcase, control_calls_come_first);
	tcase_add_test (tcase, control_calls_are_bounded);
	tcase_add_test (tcase, a_reserve_of_control_calls);
	tcase_add_test (tcase, control_calls_take_turns);
	tcase_add_test (tcase, the_oldest_of_all);
}

CHECK_MAIN ("queue", add_cases)
