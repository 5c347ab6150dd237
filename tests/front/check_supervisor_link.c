/* check_supervisor_link - the front's end of its link, with a supervisor that is a thread or this test. */
#include "config.h"

#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/link.h"
#include "front/supervisor_link.h"
#include "support/check_main.h"
#include "wire/records.h"

enum { RECORDS = 64, LINES = 64, LINE = 60 * 1024, PIECE = 100 * 1024 };

/* The front of this test, whose members are never used. */
struct front {
	uint64_t last; /* the id of the record that came last */
	int taken, pings;
	bool enough;
	uv_loop_t *loop;
};

static void on_piece (struct front *front, struct packet *packet)
{
	ck_assert_uint_eq (packet->record.id, front->last + 1);
	front->last = packet->record.id;
	if (++front->taken == RECORDS)
		uv_stop (front->loop);
}

static void on_ping (struct front *front, struct packet *packet)
{
	ck_assert_uint_eq (packet->record.type, REC_PING);
	front->pings++;
	uv_stop (front->loop);
}

static void on_equipped (struct front *front, struct packet *packet)
{
	(void)packet;
	front->enough = true;
}

static const struct supervisor_handler handlers[] = {
	{ REC_TABLE, on_piece },
	{ REC_PING, on_ping },
	{ REC_EQUIPPED, on_equipped },
	{ 0 },
};

struct link_fixture {
	uv_loop_t loop;
	struct front front;
	struct supervisor_link link;
	int fd; /* the supervisor's end */
};

static void begin (struct link_fixture *fixture)
{
	int fds[2];

	memset (fixture, 0, sizeof *fixture);
	ck_assert_int_eq (link_pair (fds), 0);
	ck_assert_int_eq (uv_loop_init (&fixture->loop), 0);
	fixture->fd = fds[1];
	fixture->front.loop = &fixture->loop;
	supervisor_link_init (&fixture->link, &fixture->loop, fds[0], handlers, &fixture->front);
}

static void end (struct link_fixture *fixture)
{
	supervisor_link_free (&fixture->link);
	while (uv_run (&fixture->loop, UV_RUN_NOWAIT))
		;
	ck_assert_int_eq (uv_loop_close (&fixture->loop), 0);
	fd_close (&fixture->fd);
}

static void check_received (struct link_fixture *fixture, struct packet *packet, uint32_t type, uint64_t id)
{
	ck_assert_int_eq (link_recv (fixture->fd, packet, 0), 1);
	ck_assert_uint_eq (packet->record.type, type);
	ck_assert_uint_eq (packet->record.id, id);
}

START_TEST (the_front_waits_for_its_equipment)
{
	static struct packet packet;
	struct link_fixture fixture;

	begin (&fixture);
	ck_assert_int_eq (link_post (fixture.fd, REC_TABLE, 1, 0, 0, 0), 0);
	ck_assert_int_eq (link_post (fixture.fd, REC_EQUIPPED, 0, 0, 0, 0), 0);
	ck_assert_int_eq (link_post (fixture.fd, REC_TABLE, 2, 0, 0, 0), 0);
	supervisor_link_wait (&fixture.link, &fixture.front.enough);
	ck_assert_int_eq (fixture.front.taken, 1);
	supervisor_link_ready (&fixture.link, "instance");
	check_received (&fixture, &packet, REC_READY, 0);
	ck_assert_int_eq (link_post (fixture.fd, REC_PING, 0, 0, 0, 0), 0);
	uv_run (&fixture.loop, UV_RUN_DEFAULT);
	ck_assert_int_eq (fixture.front.taken, 2);
	end (&fixture);
}
END_TEST

START_TEST (a_ping_is_answered)
{
	static struct packet packet;
	struct link_fixture fixture;

	begin (&fixture);
	supervisor_link_ready (&fixture.link, "instance");
	check_received (&fixture, &packet, REC_READY, 0);
	ck_assert_int_eq (link_post (fixture.fd, REC_PING, 0, 0, 0, 0), 0);
	uv_run (&fixture.loop, UV_RUN_DEFAULT);
	check_received (&fixture, &packet, REC_PONG, 0);
	ck_assert_int_eq (fixture.front.pings, 1);
	end (&fixture);
}
END_TEST

START_TEST (a_worker_is_asked_for_with_its_proof)
{
	static struct packet packet;
	struct link_fixture fixture;
	int claims[2];

	begin (&fixture);
	ck_assert_int_eq (link_pair (claims), 0);
	supervisor_link_set_claims (&fixture.link, claims[0]);
	ck_assert_int_eq (supervisor_link_ask (&fixture.link, 7, "alice", 1000, fixture.fd), 0);
	ck_assert_int_eq (link_recv (claims[1], &packet, MSG_DONTWAIT), 1);
	ck_assert_uint_eq (packet.record.type, REC_WORKER);
	ck_assert_uint_eq (packet.record.id, 7);
	ck_assert_int_eq (packet.record.a, 1000);
	ck_assert_uint_eq (packet.n_fds, 1);
	packet_close (&packet);
	close (claims[1]);
	ck_assert_int_eq (supervisor_link_ask (&fixture.link, 8, "bob", 1001, -1), 0);
	check_received (&fixture, &packet, REC_WORKER, 8);
	ck_assert_int_eq (packet.record.a, 1001);
	ck_assert_uint_eq (packet.record.length, 3);
	ck_assert_mem_eq (packet.data, "bob", 3);
	ck_assert_uint_eq (packet.n_fds, 0);
	supervisor_link_stop (&fixture.link, 9, 500);
	check_received (&fixture, &packet, REC_STOP, 9);
	ck_assert_int_eq (packet.record.a, 500);
	supervisor_link_release (&fixture.link, 10);
	check_received (&fixture, &packet, REC_RELEASE, 10);
	end (&fixture);
}
END_TEST

/* A supervisor that first sends all its records, and only then reads. */
static void *send_then_read (void *arg)
{
	static struct packet packet;
	static uint8_t piece[PIECE];
	struct link_fixture *fixture = arg;

	for (uint64_t id = 1; id <= RECORDS; id++) {
		struct record record = { .type = REC_TABLE, .id = id };

		ck_assert_int_eq (link_send (fixture->fd,
					  &(struct outgoing){ .record = record, .data = piece, .n = sizeof piece }, 0),
			0);
	}
	for (uint64_t id = 1; id <= LINES; id++) {
		check_received (fixture, &packet, REC_AUDIT, id);
		ck_assert_uint_eq (packet.record.length, LINE);
	}
	return NULL;
}

START_TEST (a_link_that_is_full_both_ways_moves_on)
{
	static char line[LINE];
	struct link_fixture fixture;
	pthread_t supervisor;

	begin (&fixture);
	ck_assert_int_eq (pthread_create (&supervisor, NULL, send_then_read, &fixture), 0);
	/* Each end waits for the other one to read: the front gives way, and keeps the received records for the
	 * loop. */
	for (uint64_t id = 1; id <= LINES; id++) {
		supervisor_link_audit (&fixture.link, id, 0, line, sizeof line);
		ck_assert_int_eq (fixture.front.taken, 0);
	}
	pthread_join (supervisor, NULL);
	supervisor_link_ready (&fixture.link, "instance");
	uv_run (&fixture.loop, UV_RUN_DEFAULT);
	ck_assert_int_eq (fixture.front.taken, RECORDS);
	end (&fixture);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, the_front_waits_for_its_equipment);
	tcase_add_test (tcase, a_ping_is_answered);
	tcase_add_test (tcase, a_worker_is_asked_for_with_its_proof);
	tcase_add_test (tcase, a_link_that_is_full_both_ways_moves_on);
}

CHECK_MAIN ("supervisor_link", add_cases)
