/* front - see front.h: setting up, tying the modules together, draining. */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <malloc.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/resident.h"
#include "base/text.h"
#include "front/confine.h"
#include "front/connection.h"
#include "front/front.h"
#include "front/builtin.h"
#include "front/request.h"
#include "front/revoke.h"
#include "front/supervisor_link.h"

json_t *front_hello (const struct front *front, const struct identity *identity)
{
	return json_pack ("{si ss ss ss ss s{si si si si}}", "remex", 1, "host", front->host, "version",
		PACKAGE_VERSION, "instance", front->instance, "you", identity->name, "limits", "header",
		HEADER_CALL_MAX, "body", (int)MESSAGE_BODY_MAX, "input", SESSION_CREDIT, "calls",
		front->config->limits.calls);
}

/* A worker's record: for its request, or about itself. */
static void on_record (void *arg, struct pooled *worker, struct packet *packet)
{
	(void)arg;
	if (packet->record.type == REC_READY) {
		worker->ready = true;
		worker->resident = packet->record.a;
		return;
	}
	if (packet->record.type == REC_FAIL && packet->record.id == 0) {
		struct request *request = worker->request;
		size_t skip = sizeof (struct worker_state);

		/* It could not start, and says why; the supervisor says next that it is gone. */
		if (request && request->cause == CAUSE_NONE && packet->record.length > skip && !request->text) {
			request->text = strndup ((const char *)packet->data + skip, packet->record.length - skip);
			request->code = packet->record.a >= 0 && packet->record.a < N_CODES
						? (enum code)packet->record.a
						: CODE_INTERNAL;
		}
		return;
	}
	if (worker->request)
		request_record (worker->request, packet);
}

static void on_worker_writable (void *arg, struct pooled *worker)
{
	(void)arg;
	if (worker->request)
		request_writable (worker->request);
}

static void on_worker_lost (void *arg, struct pooled *worker)
{
	log_warning (
		"a worker's link has failed. serial=%llu: %s", (unsigned long long)worker->serial, strerror (errno));
	if (worker->request) {
		request_stop (worker->request, CAUSE_BROKEN);
	} else if (worker->phase == WORKER_IDLE) {
		pool_set_phase (worker, WORKER_LEAVING);
		supervisor_link_stop (arg, worker->serial, 0);
	}
}

/* Idle workers of another generation leave; busy ones do when they have finished (request.c). */
static void release_old (struct front *front)
{
	struct pooled *worker, *after;

	list_each_safe (worker, after, &front->pool.all, node)
		if (worker->phase == WORKER_IDLE && worker->generation != front->generation) {
			pool_set_phase (worker, WORKER_LEAVING);
			supervisor_link_release (front, worker->serial);
		}
}

/* The gate's limits: of the configuration, and of the descriptors what is left when the front has its own and the workers
 * have theirs, which are at most three eighths. */
static void set_gate_limits (struct front *front)
{
	const struct config *config = front->config;
	int64_t most = front->max_fds;
	int64_t wanted = ((int64_t)config->workers_max + CONTROL_WORKERS) * FRONT_WORKER_FDS;
	int64_t kept = wanted < most * 3 / 8 ? wanted : most * 3 / 8;
	int64_t left = most - FRONT_OWN_FDS - kept;
	struct gate_limits limits = {
		.connections = config->limits.connections,
		.connections_each = config->limits.connections_each,
		.descriptors = left > most / 8 ? left : most / 8,
		.handshake_ms = config->limits.handshake_ms,
		.throttle = {
			.most = config->limits.unproved,
			.most_each = config->limits.unproved_each,
			.penalty_ms = config->limits.penalty_ms,
		},
	};

	gate_set_limits (&front->gate, &limits, clock_ms ());
}

/* --- what the gate tells ----------------------------------------------------------------------------------------- */

static void on_connected (void *arg, struct stream *stream, const struct gate_client *who, const struct err *err)
{
	struct connection *connection = connection_start (arg, stream, who);

	if (connection && who->refused)
		connection_refuse (connection, (enum code)err->code, err->text);
}

/* A client that gets no connection is told why as a session would. */
static void tell_refused (void *arg, int fd, enum code code, const char *text)
{
	static const struct session_limits limits;
	static const struct session_events no_events;
	struct identity nobody = { .name = "" };
	struct front *front = arg;
	struct session session;

	session_init (&session, &no_events, NULL, &limits, front_hello (front, &nobody), 0);
	session_violation (&session, code, text);
	/* A new socket's buffer takes so little at once. */
	if (send (fd, buf_head (&session.out), buf_len (&session.out), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		shutdown (fd, SHUT_WR);
	session_free (&session);
	front->errors[code]++;
}

static void on_refused (void *arg, const struct gate_refusal *refusal)
{
	if (refusal->looked)
		trail_looked (arg, refusal->from, refusal->why);
	else
		trail_refused (arg, refusal->from, refusal->key, refusal->you, NULL, refusal->why);
}

static const struct gate_ops gate_ops = {
	.connected = on_connected,
	.tell_refused = tell_refused,
	.on_refused = on_refused,
	.on_expiry = revoke_expired,
	.on_revoked = revoke_client,
};

void front_swap (struct front *front, struct verb_table *verbs)
{
	struct config *old_config = front->config, *config = front->next_config;
	struct verb_table *old_verbs = front->verbs;

	front->config = config;
	front->next_config = NULL;
	front->verbs = verbs;
	front->generation = front->pool.generation = front->next_generation;
	if (!old_config)
		return; /* the first one: set_up does the rest */
	access_replace (&front->gate.access, front->next_grants);
	front->next_grants = NULL;
	log_setup ("remexd[front]", config->log);
	front->budget.max = (size_t)config->limits.memory;
	front->queue.max = config->queue_length;
	front->queue.max_bytes = (size_t)config->queue_bytes;
	front->pool.max = config->workers_max;
	front->breakers.limit = config->limits.crashes;
	front->pool.requests = config->workers_requests;
	set_gate_limits (front);
	release_old (front);
	revoke_all (front);
	config_free (old_config);
	verb_table_free (old_verbs);
	dispatch_pump (front);
}

void front_worker_gone (struct front *front, struct pooled *worker)
{
	if (worker->phase != WORKER_LEAVING && worker->phase != WORKER_STOPPING)
		front->crashed++;
	if (worker->request)
		request_worker_gone (worker->request);
	pool_remove (worker);
	dispatch_pump (front);
}

/* --- memory ------------------------------------------------------------------------------------------------------ */

enum {
	MAPPED_FROM = 128 * 1024, /* a block of so many bytes goes back to the system when it is freed (mallopt(3)) */
	TRIM_MS = 200,
};

/* Without this glibc learns from the first large block that is freed to keep such blocks, up to 32 MiB. */
static void settle_memory (void)
{
	mallopt (M_MMAP_THRESHOLD, MAPPED_FROM);
	mallopt (M_TRIM_THRESHOLD, MAPPED_FROM);
}

static void on_trim (void *arg)
{
	struct front *front = arg;

	malloc_trim (0);
	front->trimming = false;
}

void front_trim_later (struct front *front)
{
	if (!front->trimming)
		timer_set (&front->loop, &front->trim_timer, clock_ms () + TRIM_MS, on_trim, front);
	front->trimming = true;
}

/* --- the end ----------------------------------------------------------------------------------------------------- */

/* The front ends when nothing is left to do: no request, no connection. */
void front_settle (struct front *front)
{
	if (front->draining && list_empty (&front->requests) && list_empty (&front->connections))
		uv_stop (&front->loop);
}

void front_connection_closed (struct front *front)
{
	if (front->single && list_empty (&front->connections))
		front->draining = true;
	front_settle (front);
}

static void on_drained (void *arg)
{
	struct front *front = arg;
	struct request *request, *after;

	log_info ("the drain's time is over: stopping what still runs");
	list_each_safe (request, after, &front->requests, node)
		request_stop (request, CAUSE_SHUTDOWN);
	builtin_stop (front);
}

void front_drain (struct front *front, int64_t limit_ms)
{
	struct connection *connection, *next;
	struct request *request, *after;

	front->draining = true;
	listener_stop (&front->gate);
	trail_tell_suppressed (front);
	list_each_safe (request, after, &front->requests, node)
		if (request->state == REQUEST_WAITING)
			request_refuse (request, CODE_SHUTTING_DOWN, "remexd is shutting down", 0);
	list_each_safe (connection, next, &front->connections, node)
		connection_leave (connection);
	timer_set (&front->loop, &front->drain_timer, clock_ms () + limit_ms, on_drained, front);
	front_settle (front);
}

/* --- the beginning ----------------------------------------------------------------------------------------------- */

/* Started by root, the front becomes `front_user`, or remex, or nobody; there is no way back. */
static int drop_privileges (const struct front *front)
{
	const char *name = front->config->front_user;
	struct passwd *entry;

	if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	if (geteuid () == 0) {
		if (!(entry = getpwnam (name ? name : "remex"))) {
			if (name) {
				log_error ("front_user: there is no user '%s'", name);
				return -1;
			}
			log_warning ("there is no user 'remex': the front runs as nobody");
			entry = getpwnam ("nobody");
		}
		if (!entry || setgroups (0, NULL) < 0 || setresgid (entry->pw_gid, entry->pw_gid, entry->pw_gid) < 0 ||
			setresuid (entry->pw_uid, entry->pw_uid, entry->pw_uid) < 0 ||
			(entry->pw_uid && setuid (0) == 0)) {
			log_error ("cannot become the front's user: %s", strerror (errno));
			return -1;
		}
	}
	/* From here on, for a change of the user clears it (prctl(2)): one that hangs before it reads from its link, or at
	 * any time later, does not outlive the supervisor. */
	if (prctl (PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl (PR_SET_DUMPABLE, 0) < 0) {
		log_error ("the front cannot be bound to the supervisor: %s", strerror (errno));
		return -1;
	}
	return getppid () == front->supervisor ? 0 : -1;
}

static int describe (struct front *front)
{
	uint8_t random[16];

	if (gethostname (front->host, sizeof front->host - 1) < 0 ||
		getrandom (random, sizeof random, 0) != sizeof random)
		return -1;
	if (!text_is_utf8 (front->host, strlen (front->host)))
		strcpy (front->host, "?");
	for (size_t i = 0; i < sizeof random; i++)
		snprintf (front->instance + 2 * i, 3, "%02x", random[i]);
	front->supervisor = getppid ();
	front->started_ms = clock_ms ();
	front->started_at = time (NULL);
	return 0;
}

static int set_up (struct front *front, int link)
{
	struct config *config;
	struct rlimit limit;
	struct err err;

	list_init (&front->requests);
	list_init (&front->connections);
	list_init (&front->parked);
	list_init (&front->asked);
	list_init (&front->answering);
	list_init (&front->deferred);
	buf_init (&front->table, 16 * 1024 * 1024);
	front->statm = resident_open ();
	if (uv_loop_init (&front->loop) < 0 || describe (front) < 0)
		return -1;
	supervisor_link_start (front, link);
	config = front->config;
	log_setup ("remexd[front]", config->log);
	if (drop_privileges (front) < 0)
		return -1;
	fd_raise_limit ();
	front->max_fds = getrlimit (RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < INT32_MAX ? (int64_t)limit.rlim_cur
											      : INT32_MAX;
	if (gate_init (&front->gate, &front->loop, &gate_ops, front, front->daemon) < 0)
		return -1;
	access_replace (&front->gate.access, front->next_grants);
	front->next_grants = NULL;
	set_gate_limits (front);
	budget_init (&front->budget, (size_t)config->limits.memory);
	queue_init (&front->queue, config->queue_length, (size_t)config->queue_bytes, front->gate.access.shared);
	breakers_init (&front->breakers, config->limits.crashes);
	pool_init (&front->pool, &front->loop, config->workers_max, config->workers_requests);
	front->pool.generation = front->generation;
	front->pool.record = on_record;
	front->pool.writable = on_worker_writable;
	front->pool.lost = on_worker_lost;
	front->pool.arg = front;
	front->gate.reserve = dup (STDERR_FILENO);
	supervisor_link_ready (front);
	if (front_confine (&err) < 0)
		log_warning ("the front is not confined: %s", err.text);
	return 0;
}

static void free_handle (uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing (handle))
		uv_close (handle, NULL);
}

/* The mirror of set_up, so that a leak checker sees what leaked and not what was simply in use. */
static void tear_down (struct front *front)
{
	listener_stop (&front->gate);
	timer_free (&front->drain_timer);
	timer_free (&front->ask_timer);
	timer_free (&front->parked_timer);
	timer_free (&front->trim_timer);
	supervisor_link_end (front);
	watch_free (&front->link_watch);
	gate_free (&front->gate);
	pool_free (&front->pool);
	uv_run (&front->loop, UV_RUN_NOWAIT);
	uv_walk (&front->loop, free_handle, NULL);
	uv_run (&front->loop, UV_RUN_NOWAIT);
	uv_loop_close (&front->loop);
	verb_table_free (front->verbs);
	config_free (front->config);
	config_free (front->next_config);
	grants_free (front->next_grants);
	buf_free (&front->table);
	breakers_free (&front->breakers);
	fd_close (&front->statm);
}

int front_run (int link)
{
	static struct front front;

	log_setup ("remexd[front]", LOG_INFO);
	prctl (PR_SET_NAME, "remexd-front");
	signal (SIGPIPE, SIG_IGN);
	/* What goes through a ring passes by the filter (confine.h). */
	setenv ("UV_USE_IO_URING", "0", 1);
	/* `pkill remexd` means the supervisor, which tells the front what to do. */
	signal (SIGHUP, SIG_IGN);
	signal (SIGINT, SIG_IGN);
	signal (SIGTERM, SIG_IGN);
	settle_memory ();
	if (set_up (&front, link) < 0)
		return EXIT_FAILURE;
	uv_run (&front.loop, UV_RUN_DEFAULT);
	tear_down (&front);
	fd_close (&front.link);
	return EXIT_SUCCESS;
}
