/* front_alone - see front_alone.h. */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "front/connection.h"
#include "front/dispatch.h"
#include "front/job_call.h"
#include "front/request.h"
#include "front_alone.h"
#include "support/descriptors.h"

static const char table[] = "[{\"plugin\":\"words\",\"version\":\"1\",\"summary\":\"s\",\"verbs\":["
			    "{\"name\":\"count\",\"help\":\"h\",\"params\":["
			    "{\"name\":\"text\",\"type\":\"string\",\"required\":true,\"help\":\"h\"}]},"
			    "{\"name\":\"show\",\"help\":\"h\",\"control\":true,\"params\":[]},"
			    "{\"name\":\"run\",\"help\":\"h\",\"runs\":true,\"tty\":true,\"params\":["
			    "{\"name\":\"text\",\"type\":\"string\",\"required\":true,\"help\":\"h\"}]}]},"
			    "{\"plugin\":\"bad\",\"refused\":\"its file is /secret/bad.so\"}]";

/* --- what front.c does for its parts ----------------------------------------------------------------------------- */

static void on_freed (struct front *front)
{
	dispatch_pump (front);
}

static void on_connection_closed (struct front *front)
{
	((struct front_alone *)((char *)front - offsetof (struct front_alone, front)))->closed++;
}

static const struct front_events events = { .freed = on_freed, .connection_closed = on_connection_closed };

static void on_record (void *arg, struct pooled *worker, struct packet *packet)
{
	(void)arg;
	if (worker->request)
		request_record (worker->request, packet);
}

static void on_writable (void *arg, struct pooled *worker)
{
	(void)arg;
	if (worker->request)
		request_writable (worker->request);
}

static void on_broken (void *arg, struct pooled *worker)
{
	(void)arg;
	ck_abort_msg ("the link of the worker %llu is broken", (unsigned long long)worker->serial);
}

static void on_release (void *arg, uint64_t serial)
{
	supervisor_link_release (&((struct front *)arg)->supervisor, serial);
}

static void on_stop (void *arg, uint64_t serial, int64_t grace_ms)
{
	supervisor_link_stop (&((struct front *)arg)->supervisor, serial, grace_ms);
}

static void on_close (void *arg, struct pooled *worker, int *fd)
{
	(void)arg;
	(void)worker;
	fd_close (fd);
}

static const struct pool_ops pool_ops = { .on_record = on_record,
	.on_writable = on_writable,
	.on_broken = on_broken,
	.close = on_close,
	.release = on_release,
	.stop = on_stop };

static const struct supervisor_handler no_handlers[] = { { 0 } };

static const struct gate_ops gate_ops;

static const struct gate_limits gate_limits = {
	.connections = 1000, .connections_each = 1000, .descriptors = 1000, .handshake_ms = 5000
};

void alone_begin (struct front_alone *alone, const char *yaml)
{
	struct front *front = &alone->front;
	json_t *json = json_loads (table, 0, NULL);
	struct err err = { .text = "" };
	int fds[2];

	signal (SIGPIPE, SIG_IGN);
	memset (alone, 0, sizeof *alone);
	for (int i = 0; i <= ALONE_WORKERS; i++)
		alone->workers[i] = -1;
	ck_assert_int_eq (uv_loop_init (&front->loop), 0);
	uv_run (&front->loop, UV_RUN_NOWAIT);
	alone->descriptors = open_descriptors ();
	list_init (&front->requests);
	list_init (&front->places.lingering);
	list_init (&front->asking);
	list_init (&front->reloads);
	list_init (&front->replies);
	list_init (&front->job_calls);
	list_init (&front->job_asks);
	list_init (&front->job_turns);
	list_init (&front->job_waiting);
	front->events = &events;
	front->statm = -1;
	front->max_fds = 10000;
	front->carrier.link = -1;
	front->gate.reserve = -1;
	front->userdb.directory = "/nonexistent"; /* it never changes */
	strcpy (front->host, "web1");
	strcpy (front->instance, "0123456789abcdef0123456789abcdef");
	ck_assert_ptr_nonnull (front->config = config_parse (yaml, strlen (yaml), "remexd.yaml", &err));
	ck_assert_ptr_nonnull (front->verbs = verb_table_new (json, &err));
	json_decref (json);
	trim_init (&front->trim, &front->loop);
	ck_assert_int_eq (link_pair (fds), 0);
	alone->supervisor = fds[1];
	supervisor_link_init (&front->supervisor, &front->loop, fds[0], no_handlers, front);
	ck_assert_int_eq (link_pair (fds), 0);
	alone->claims = fds[1];
	supervisor_link_set_claims (&front->supervisor, fds[0]);
	ck_assert_int_eq (gate_init (&front->gate, &front->loop, &gate_ops, front, geteuid ()), 0);
	gate_set_limits (&front->gate, &gate_limits, 0);
	connections_init (front);
	queue_init (&front->queue, front->config->queue_length, (size_t)front->config->queue_bytes, false);
	breakers_init (&front->breakers, front->config->limits.crashes);
	pool_init (&front->pool, &front->loop, front->config->workers_max, front->config->workers_requests, &pool_ops,
		front);
}

void alone_end (struct front_alone *alone)
{
	struct front *front = &alone->front;

	ck_assert (list_empty (&front->connections));
	ck_assert (list_empty (&front->requests));
	ck_assert (list_empty (&front->gate.access.identities));
	ck_assert_uint_eq (front->budget.held, 0);
	ck_assert_int_eq (front->n_running, 0);
	timer_free (&front->ask_timer);
	timer_free (&front->parked_timer);
	trim_free (&front->trim);
	supervisor_link_free (&front->supervisor);
	gate_free (&front->gate);
	pool_free (&front->pool);
	places_end (front);
	job_calls_end (front);
	while (uv_run (&front->loop, UV_RUN_NOWAIT))
		;
	fd_close (&alone->supervisor);
	fd_close (&alone->claims);
	for (int i = 0; i <= ALONE_WORKERS; i++)
		fd_close (&alone->workers[i]);
	ck_assert_int_eq (open_descriptors (), alone->descriptors);
	ck_assert_int_eq (uv_loop_close (&front->loop), 0);
	verb_table_free (front->verbs);
	config_free (front->config);
	breakers_free (&front->breakers);
}

void alone_turn (struct front_alone *alone)
{
	alone->front.pass++;
	uv_run (&alone->front.loop, UV_RUN_NOWAIT);
}

/* --- the supervisor ---------------------------------------------------------------------------------------------- */

void alone_expect (struct front_alone *alone, uint32_t type, uint64_t id)
{
	/* What has a client's socket as its proof comes over a link of its own. */
	if (link_recv (alone->claims, &alone->packet, MSG_DONTWAIT) != 1)
		ck_assert_int_eq (link_recv (alone->supervisor, &alone->packet, MSG_DONTWAIT), 1);
	alone->n_fds = alone->packet.n_fds;
	packet_close (&alone->packet);
	ck_assert_uint_eq (alone->packet.record.type, type);
	ck_assert_uint_eq (alone->packet.record.id, id);
}

void alone_expect_nothing (struct front_alone *alone)
{
	ck_assert_int_eq (link_recv (alone->supervisor, &alone->packet, MSG_DONTWAIT), -1);
	ck_assert_int_eq (errno, EAGAIN);
	ck_assert_int_eq (link_recv (alone->claims, &alone->packet, MSG_DONTWAIT), -1);
	ck_assert_int_eq (errno, EAGAIN);
}

void alone_give_worker (struct front_alone *alone, uint64_t number, uint64_t serial, uid_t uid, bool lost)
{
	static struct packet packet;
	struct worker_birthday birthday = { .users = userdb_state (&alone->front.userdb), .ms = clock_ms () };
	int fds[2];

	ck_assert_uint_le (serial, ALONE_WORKERS);
	birthday.users += alone->users_change;
	packet.record = (struct record){
		.type = REC_BORN, .id = number, .a = (int64_t)serial, .b = uid, .length = sizeof birthday
	};
	memcpy (packet.data, &birthday, sizeof birthday);
	packet.lost = lost;
	packet.n_fds = 0;
	if (!lost) {
		ck_assert_int_eq (link_pair (fds), 0);
		alone->workers[serial] = fds[1];
		packet.fds[packet.n_fds++] = fds[0];
	}
	dispatch_born (&alone->front, &packet);
	packet_close (&packet);
}

void alone_refuse_worker (struct front_alone *alone, uint64_t number, int error)
{
	static struct packet packet;

	packet.record = (struct record){ .type = REC_NO_WORKER, .id = number, .a = error };
	dispatch_no_worker (&alone->front, &packet);
}

void alone_audited (struct front_alone *alone, uint64_t number, int error)
{
	static struct packet packet;

	packet.record = (struct record){ .type = REC_AUDITED, .id = number, .a = error };
	dispatch_audited (&alone->front, &packet);
}

/* --- the workers ------------------------------------------------------------------------------------------------- */

void alone_worker_expect (struct front_alone *alone, uint64_t serial, uint32_t type, uint64_t id)
{
	ck_assert_int_eq (link_recv (alone->workers[serial], &alone->packet, MSG_DONTWAIT), 1);
	ck_assert_uint_eq (alone->packet.record.type, type);
	ck_assert_uint_eq (alone->packet.record.id, id);
}

void alone_complete (struct front_alone *alone, uint64_t serial, uint64_t number)
{
	struct worker_state state = { 0 };
	struct outgoing outgoing = {
		.record = { .type = REC_DONE, .id = number, .a = OUTCOME_COMPLETED },
		.data = &state,
		.n = sizeof state,
	};

	ck_assert_int_eq (link_send (alone->workers[serial], &outgoing, 0), 0);
}
