/* check_workers - the pool of workers: with fake keepers at the other ends of their links, and with real ones. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "daemon/far_end.h"
#include "daemon/workers.h"
#include "support/check_main.h"
#include "wire/records.h"

static struct front_process front;
static struct workers workers; /* 128 KiB */
static struct generation generation;
static int far; /* the front's end of its link */

static void configure (const char *text)
{
	struct err err;

	config_free (generation.config);
	ck_assert_msg ((generation.config = config_parse (text, strlen (text), "test", &err)) != NULL, "%s", err.text);
}

static void set_up (void)
{
	far = far_end_of_front (&front);
	configure ("workers: {max: 2, spare: 2}\n");
	workers_init (&workers, &generation, &front);
}

/* One turn of the loop; waits for a keeper, or for a time. (The supervisor has SIGCHLD for keepers that are not
 * reaped.) */
static void turn (void)
{
	bool all_reaped = list_empty (&workers.ended);
	struct pollfd fds[16];

	ck_assert_uint_le (workers.n, 16);
	workers_poll (&workers, fds);
	poll (fds, (nfds_t)workers.n, all_reaped ? clock_until (workers_time (&workers)) : 1);
	workers_receive (&workers, fds);
	workers_watch (&workers);
}

static void turn_until_empty (void)
{
	while (workers.n || !list_empty (&workers.ended))
		turn ();
}

static void tear_down (void)
{
	workers_stop (&workers, true);
	turn_until_empty ();
	ck_assert_int_eq (workers.n_spares, 0);
	workers_close (&workers);
	ck_assert_int_eq (waitpid (-1, NULL, WNOHANG), -1);
	config_free (generation.config);
}

static uint64_t users (void)
{
	return userdb_state (&workers.userdb);
}

/* --- fake keepers ------------------------------------------------------------------------------------------------ */

/* A worker whose keeper is a process that does nothing. Returns the keeper's end of the link. */
static int add_fake (uint64_t serial, enum worker_process_phase phase)
{
	struct worker_process *worker = calloc (1, sizeof *worker);
	int keeper;

	ck_assert_ptr_nonnull (worker);
	ck_assert_int_eq (keeper_process_prepare (&worker->keeper, serial, NULL), 0);
	worker->uid = geteuid ();
	worker->front_end = -1;
	worker->phase = phase;
	worker->birthday.users = users ();
	worker->birthday.ms = clock_ms ();
	keeper = worker->keeper.far_link;
	worker->keeper.far_link = -1;
	worker->keeper.pid = fork ();
	ck_assert_int_ge (worker->keeper.pid, 0);
	while (!worker->keeper.pid)
		pause ();
	list_append (&workers.living, &worker->node);
	workers.n++;
	workers.n_spares += phase == WORKER_PROCESS_SPARE;
	return keeper;
}

static struct worker_process *only (void)
{
	ck_assert_uint_eq (workers.n, 1);
	return list_entry (workers.living.next, struct worker_process, node);
}

static void send_gone (int keeper, int64_t how, int64_t n, int64_t survivors)
{
	struct record gone = { .type = REC_KEEPER_GONE, .a = how, .b = n };

	ck_assert_int_eq (
		link_send (keeper, &(struct outgoing){ .record = gone, .data = &survivors, .n = sizeof survivors }, 0),
		0);
}

/* The keeper of the only worker ends. */
static void end_fake (int keeper)
{
	kill (only ()->keeper.pid, SIGKILL);
	close (keeper);
	turn_until_empty ();
}

static void expect_gone (uint64_t serial, int64_t how, int64_t n, int64_t survivors)
{
	const struct packet *packet = far_end_expect (far, REC_GONE);
	int64_t got;

	ck_assert_uint_eq (packet->record.id, serial);
	ck_assert_int_eq (packet->record.a, how);
	ck_assert_int_eq (packet->record.b, n);
	ck_assert_uint_eq (packet->record.length, sizeof got);
	memcpy (&got, packet->data, sizeof got);
	ck_assert_int_eq (got, survivors);
}

/* The front is told once how a worker ended, and the keeper gets no more time than it needs to exit. */
START_TEST (test_report)
{
	int keeper = add_fake (4, WORKER_PROCESS_OUT);

	send_gone (keeper, GONE_SIGNALLED, SIGSEGV, 3);
	turn ();
	expect_gone (4, GONE_SIGNALLED, SIGSEGV, 3);
	ck_assert_int_gt (only ()->keeper.end_ms, 0);
	workers_order (&workers, &(struct record){ .type = REC_STOP, .id = 4 }); /* it comes too late */
	end_fake (keeper);
	far_end_expect_nothing (far);
	ck_assert_int_eq (workers.keepers_lost, 0);
}
END_TEST

START_TEST (test_lost_keeper)
{
	end_fake (add_fake (4, WORKER_PROCESS_OUT));
	expect_gone (4, GONE_SIGNALLED, SIGKILL, -1);
	far_end_expect_nothing (far);
	ck_assert_int_eq (workers.keepers_lost, 1);
}
END_TEST

/* A late keeper is killed, and the front is told of it. */
START_TEST (test_late_keeper)
{
	int keeper = add_fake (4, WORKER_PROCESS_OUT);

	workers_order (&workers, &(struct record){ .type = REC_STOP, .id = 4, .a = 100 });
	ck_assert_int_eq (far_end_expect (keeper, REC_STOP)->record.a, 100);
	ck_assert_int_eq (workers_time (&workers), only ()->keeper.end_ms);
	only ()->keeper.end_ms = clock_ms ();
	workers_watch (&workers);
	ck_assert_int_gt (only ()->keeper.forced_ms, 0);
	close (keeper);
	turn_until_empty ();
	expect_gone (4, GONE_SIGNALLED, SIGKILL, -1);
	ck_assert_int_eq (workers.keepers_lost, 1);
}
END_TEST

/* The front's orders go to the named worker, and to no other; orders for an unknown worker are no error. */
START_TEST (test_orders)
{
	int one = add_fake (4, WORKER_PROCESS_OUT), two = add_fake (6, WORKER_PROCESS_OUT),
	    spare = add_fake (8, WORKER_PROCESS_SPARE);
	const struct worker_process *worker;

	workers_order (&workers, &(struct record){ .type = REC_RELEASE, .id = 6 });
	workers_order (&workers, &(struct record){ .type = REC_STOP, .id = 5 });
	workers_order (&workers, &(struct record){ .type = REC_STOP, .id = 8 }); /* the front has not got it */
	far_end_expect (two, REC_RELEASE);
	far_end_expect_nothing (one);
	far_end_expect_nothing (spare);
	list_each (worker, &workers.living, node)
		ck_assert_int_eq (worker->keeper.released, worker->keeper.serial == 6);
	/* The front is gone: workers that it did not release are stopped, and spares stay. */
	workers_stop (&workers, false);
	far_end_expect (one, REC_STOP);
	far_end_expect_nothing (two);
	far_end_expect_nothing (spare);
	ck_assert_int_eq (workers.n_spares, 1);
	/* The end: the spare exits, and the released worker gets no more time. */
	workers_stop (&workers, true);
	far_end_expect (spare, REC_RELEASE);
	ck_assert_int_eq (workers.n_spares, 0);
	workers_hurry (&workers);
	list_each (worker, &workers.living, node) {
		ck_assert_int_gt (worker->keeper.end_ms, 0);
		kill (worker->keeper.pid, SIGKILL);
	}
	ck_assert_int_eq (close (one) | close (two) | close (spare), 0);
	turn_until_empty ();
	far_end_expect_nothing (far); /* the front is not told of these */
}
END_TEST

/* A deaf front is told nothing more. */
START_TEST (test_deaf_front)
{
	int keeper = add_fake (4, WORKER_PROCESS_OUT);

	front.deaf = true;
	send_gone (keeper, GONE_EXITED, 0, 0);
	turn ();
	end_fake (keeper);
	far_end_expect_nothing (far);
}
END_TEST

/* A spare whose worker dies delays the next one, and the front is not told of it. */
START_TEST (test_spare_dies)
{
	int keeper = add_fake (4, WORKER_PROCESS_SPARE);

	send_gone (keeper, GONE_SIGNALLED, SIGKILL, 0);
	turn ();
	ck_assert_int_eq (workers.n_spares, 0);
	ck_assert_int_gt (workers.spare_retry_ms, clock_ms ());
	ck_assert_int_le (workers_time (&workers), workers.spare_retry_ms);
	workers_keep_spares (&workers, 2);
	ck_assert_int_eq (workers.n_spares, 0);
	end_fake (keeper);
	far_end_expect_nothing (far);
}
END_TEST

/* --- who gets which ------------------------------------------------------------------------------------------------ */

static uint64_t expect_born (uint64_t request)
{
	const struct packet *packet = far_end_expect (far, REC_BORN);

	ck_assert_uint_eq (packet->record.id, request);
	ck_assert_int_eq (packet->record.b, geteuid ());
	ck_assert_uint_eq (packet->record.length, sizeof (struct worker_birthday));
	ck_assert_uint_eq (packet->n_fds, 1);
	return (uint64_t)packet->record.a;
}

/* A spare of an older state of the user database exits, and the request that needs one gets a new worker. */
START_TEST (test_spare_out_of_date)
{
	int keeper = add_fake (4, WORKER_PROCESS_SPARE);

	only ()->birthday.users--;
	workers.last_serial = 4;
	workers_give (&workers, 9, geteuid (), users ());
	far_end_expect (keeper, REC_RELEASE);
	ck_assert_uint_eq (expect_born (9), 5);
	ck_assert_int_eq (workers.n_spares, 0);
	kill (list_entry (workers.living.next, struct worker_process, node)->keeper.pid, SIGKILL);
	close (keeper);
}
END_TEST

/* At the maximum the front has to ask again. A spare exits to make room for a worker of another user. */
START_TEST (test_maximum)
{
	int fakes[2 + CONTROL_WORKERS];

	for (int i = 0; i < 2 + CONTROL_WORKERS; i++)
		fakes[i] = add_fake ((uint64_t)i + 1, i == 1 ? WORKER_PROCESS_SPARE : WORKER_PROCESS_OUT);
	workers_give (&workers, 8, geteuid () + 1, users ());
	far_end_expect (fakes[1], REC_RELEASE);
	ck_assert_int_eq (far_end_expect (far, REC_NO_WORKER)->record.a, EBUSY);
	workers_give (&workers, 9, geteuid (), users ());
	ck_assert_int_eq (far_end_expect (far, REC_NO_WORKER)->record.a, EBUSY);
	/* A worker reported as gone does not count, though its keeper still exists. */
	send_gone (fakes[0], GONE_EXITED, 0, 0);
	turn ();
	expect_gone (1, GONE_EXITED, 0, 0);
	workers.last_serial = 10;
	workers_give (&workers, 9, geteuid (), users ());
	ck_assert_uint_eq (expect_born (9), 11);
	for (struct list *node = workers.living.next; node != &workers.living; node = node->next) {
		const struct worker_process *worker = list_entry (node, struct worker_process, node);

		if (worker->keeper.serial < 10)
			kill (worker->keeper.pid, SIGKILL);
	}
	for (int i = 0; i < 2 + CONTROL_WORKERS; i++)
		close (fakes[i]);
}
END_TEST

/* --- real keepers -------------------------------------------------------------------------------------------------- */

/* The front's end of the link of a newborn worker. */
static int take_born (uint64_t request, uint64_t *serial)
{
	struct packet *packet;
	int link;

	*serial = expect_born (request);
	packet = far_end_last ();
	link = packet->fds[0];
	packet->fds[0] = -1;
	return link;
}

/* A worker is born, is ready, and is gone after RELEASE or STOP. */
START_TEST (test_real)
{
	static const struct record orders[] = { { .type = REC_RELEASE }, { .type = REC_STOP, .a = 600000 } };
	struct record order = orders[_i];
	uint64_t serial;
	int worker;

	workers_give (&workers, 9, geteuid (), users ());
	worker = take_born (9, &serial);
	ck_assert_uint_eq (serial, 1);
	far_end_expect (worker, REC_READY);
	order.id = serial;
	workers_order (&workers, &order);
	turn_until_empty ();
	expect_gone (serial, GONE_EXITED, 0, 0);
	far_end_expect_end (worker);
	ck_assert_int_eq (workers.keepers_lost, 0);
}
END_TEST

/* As many spares as configured, within the maximum. A spare is given before a new worker is made. */
START_TEST (test_spares)
{
	uint64_t serial;
	int worker;

	workers_keep_spares (&workers, 3);
	ck_assert_int_eq (workers.n_spares, 2);
	workers_give (&workers, 9, geteuid (), users ());
	worker = take_born (9, &serial);
	ck_assert_uint_eq (serial, 1);
	ck_assert_int_eq (workers.n_spares, 1);
	far_end_expect (worker, REC_READY);
	/* A new generation ends the spares, but not the workers of the front. */
	workers_set_generation (&workers, &generation);
	ck_assert_int_eq (workers.n_spares, 0);
	while (workers.n > 1 || !list_empty (&workers.ended))
		turn ();
	ck_assert_uint_eq (only ()->keeper.serial, 1);
	far_end_expect_nothing (far);
}
END_TEST

/* The front is gone: its workers are stopped, whatever they do. */
START_TEST (test_front_gone)
{
	uint64_t serials[2];
	int links[2];

	for (int i = 0; i < 2; i++) {
		workers_give (&workers, 9, geteuid (), users ());
		links[i] = take_born (9, &serials[i]);
	}
	workers_stop (&workers, false);
	turn_until_empty ();
	for (int i = 0; i < 2; i++)
		while (read (links[i], &serials, sizeof serials) > 0)
			;
	far_end_expect_nothing (far);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, tear_down);
	tcase_add_test (tcase, test_report);
	tcase_add_test (tcase, test_lost_keeper);
	tcase_add_test (tcase, test_late_keeper);
	tcase_add_test (tcase, test_orders);
	tcase_add_test (tcase, test_deaf_front);
	tcase_add_test (tcase, test_spare_dies);
	tcase_add_test (tcase, test_spare_out_of_date);
	tcase_add_test (tcase, test_maximum);
	tcase_add_loop_test (tcase, test_real, 0, 2);
	tcase_add_test (tcase, test_spares);
	tcase_add_test (tcase, test_front_gone);
}

CHECK_MAIN ("workers", add_cases)
