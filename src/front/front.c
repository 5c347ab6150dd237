/* front - see front.h: set-up, the calls between the parts, the drain. */
#include "config.h"

#include <errno.h>
#include <grp.h>
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
#include "conf/front_user.h"
#include "front/builtin.h"
#include "front/confine.h"
#include "front/connection.h"
#include "front/dispatch.h"
#include "front/front.h"
#include "front/front_state.h"
#include "front/job_call.h"
#include "front/reply.h"
#include "front/request.h"
#include "front/revoke.h"
#include "front/schedule.h"
#include "net/credential.h"

/* --- operations of the pool -------------------------------------------------------------------------------------- */

static void release_worker (void *arg, uint64_t serial)
{
	struct front *front = arg;

	supervisor_link_release (&front->supervisor, serial);
}

static void stop_worker (void *arg, uint64_t serial, int64_t grace_ms)
{
	struct front *front = arg;

	supervisor_link_stop (&front->supervisor, serial, grace_ms);
}

/* A worker without a request must not send records: stop it. */
static void stop_unasked (struct pooled *worker, const struct packet *packet)
{
	log_warning ("a worker without a request sends records, and is ended. type=%u serial=%llu", packet->record.type,
		(unsigned long long)worker->serial);
	pool_set_phase (worker, WORKER_LEAVING);
	worker->pool->ops->stop (worker->pool->arg, worker->serial, 0);
}

/* Take a record of a worker, which is for the worker's request or about the worker itself. */
static void take_record (struct pooled *worker, struct packet *packet)
{
	if (packet->record.type == REC_READY) {
		worker->ready = true;
		worker->resident = packet->record.a;
		return;
	}
	if (packet->record.type == REC_FAIL && packet->record.id == 0) {
		struct request *request = worker->request;
		size_t skip = sizeof (struct worker_state);

		/* The worker could not start, and this is the reason. Next, the supervisor reports that it is gone. */
		if (request && request->cause == CAUSE_NONE && packet->record.length > skip && !request->text) {
			request->text = strndup ((const char *)packet->data + skip, packet->record.length - skip);
			request->code = code_of (packet->record.a);
		}
		return;
	}
	if (worker->request)
		request_record (worker->request, packet);
	else if (worker->phase == WORKER_IDLE)
		stop_unasked (worker, packet);
}

/* No worker sends descriptors that no handler takes. The carrier closes them, because a last close may take long. */
static void refuse_fds (struct front *front, struct pooled *worker, struct packet *packet)
{
	bool some = false;

	for (size_t i = 0; i < packet->n_fds; i++) {
		some |= packet->fds[i] >= 0;
		place_close (front, worker->identity, &packet->fds[i]);
	}
	if (some)
		pool_break (worker);
}

/* A worker has handed over what the front must not close: that worker ends, and calls as its user are refused. */
static void quarantine_user (struct front *front, struct pooled *worker)
{
	struct request *request, *after;
	uid_t uid = worker->uid;
	char user[64];

	log_error (
		"a worker has handed over a descriptor that is no pipe, socket or terminal, and is ended. serial=%llu "
		"user=%s",
		(unsigned long long)worker->serial, access_name (user, sizeof user, uid));
	if (worker->request) {
		request_stop (worker->request, CAUSE_BROKEN);
	} else if (worker->phase == WORKER_IDLE) {
		pool_set_phase (worker, WORKER_LEAVING);
		stop_worker (front, worker->serial, 0);
	}
	if (uid == 0 || uid == front->daemon)
		return;
	if (quarantine_add (&front->quarantine, uid) < 0)
		_exit (EXIT_FAILURE);
	list_each_safe (request, after, &front->requests, node)
		if (request->state == REQUEST_WAITING && request->waiter.uid == uid)
			request_refuse (request, CODE_DENIED, QUARANTINE_WORDS, 0);
}

static void on_worker_record (void *arg, struct pooled *worker, struct packet *packet)
{
	if (quarantine_take (packet))
		quarantine_user (arg, worker);
	else
		take_record (worker, packet);
	refuse_fds (arg, worker, packet);
}

static void on_worker_close (void *arg, struct pooled *worker, int *fd)
{
	if (*fd < 0 || fd_closes_at_once (*fd)) {
		place_close (arg, worker->identity, fd);
	} else {
		*fd = -1; /* stays open (quarantine.h) */
		quarantine_user (arg, worker);
	}
}

static void on_worker_writable (void *arg, struct pooled *worker)
{
	(void)arg;
	if (worker->request)
		request_writable (worker->request);
}

static void on_worker_broken (void *arg, struct pooled *worker)
{
	log_warning (
		"a worker's link has failed. serial=%llu: %s", (unsigned long long)worker->serial, strerror (errno));
	if (worker->request) {
		request_stop (worker->request, CAUSE_BROKEN);
	} else if (worker->phase == WORKER_IDLE) {
		pool_set_phase (worker, WORKER_LEAVING);
		stop_worker (arg, worker->serial, 0);
	}
}

static const struct pool_ops pool_ops = {
	.on_record = on_worker_record,
	.on_writable = on_worker_writable,
	.on_broken = on_worker_broken,
	.close = on_worker_close,
	.release = release_worker,
	.stop = stop_worker,
};

/* Let idle workers of another generation leave. Busy workers leave when they have finished (request.c). */
static void release_old (struct front *front)
{
	struct pooled *worker, *after;

	list_each_safe (worker, after, &front->pool.all, node)
		if (worker->phase == WORKER_IDLE && worker->generation != front->generation)
			pool_release (worker);
}

/* Set the gate's limits: those of the configuration, and the descriptors that are left after the front's own and those
 * of the workers and of calls about jobs. The latter two get at most three eighths. */
static void set_gate_limits (struct front *front)
{
	const struct config *config = front->config;
	int64_t most = front->max_fds;
	int64_t wanted = ((int64_t)config->workers_max + CONTROL_WORKERS) * FRONT_WORKER_FDS + job_calls_most (front);
	int64_t kept = wanted < most * 3 / 8 ? wanted : most * 3 / 8;
	int64_t left = most - FRONT_OWN_FDS - kept;
	struct gate_limits limits = {
		.connections = config->limits.connections,
		.connections_each = config->limits.connections_each,
		.descriptors = left > most / 8 ? left : most / 8,
		.handshake_ms = config->limits.handshake_ms,
		.throttle = {
			.most = config->limits.unauthenticated,
			.most_each = config->limits.unauthenticated_each,
			.penalty_ms = config->limits.penalty_ms,
		},
	};

	gate_set_limits (&front->gate, &limits, clock_ms ());
}

/* --- operations of the gate -------------------------------------------------------------------------------------- */

static void let_go (void *arg, int *fd)
{
	carrier_discard (&((struct front *)arg)->carrier, fd);
}

static void on_connected (void *arg, struct stream *stream, const struct gate_client *who, const struct err *err)
{
	struct connection *connection;

	if (!who->remote) {
		stream->let_go = let_go;
		stream->arg = arg;
	}
	connection = connection_start (arg, stream, who);
	if (connection && who->refused)
		connection_refuse (connection, (enum code)err->code, err->text);
}

/* Tell a client that gets no connection the reason, with the messages that a session would send. */
static void send_refusal (void *arg, int fd, enum code code, const char *text)
{
	static const struct session_limits limits;
	static const struct session_events no_events;
	struct identity nobody = { .name = "" };
	struct front *front = arg;
	struct session session;

	session_init (&session, &no_events, NULL, &limits, connection_hello (front, &nobody), 0);
	session_violation (&session, code, text);
	/* The buffer of a new socket has room for these few bytes. */
	if (send (fd, buf_head (&session.out), buf_len (&session.out), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		shutdown (fd, SHUT_WR);
	session_free (&session);
	front->counts.errors[code]++;
	carrier_discard (&front->carrier, &fd); /* its unread input is dropped */
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
	.send_refusal = send_refusal,
	.on_refused = on_refused,
	.on_expiry = revoke_expired,
	.on_revoked = revoke_client,
};

/* The next generation is complete, with its verbs: it replaces the generation in use. */
static void swap (struct front *front, struct verb_table *verbs)
{
	struct config *old_config = front->config, *config = front->next.config;
	struct verb_table *old_verbs = front->verbs;

	front->config = config;
	front->next.config = NULL;
	front->verbs = verbs;
	front->generation = front->pool.generation = front->next.generation;
	front->configured = true;
	if (!old_config)
		return; /* the first generation: set_up does the rest */
	access_replace (&front->gate.access, front->next.grants);
	front->next.grants = NULL;
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

/* --- the end ----------------------------------------------------------------------------------------------------- */

/* A draining front ends when there is no request and no connection. */
static void settle (struct front *front)
{
	if (front->draining && list_empty (&front->requests) && list_empty (&front->job_calls) &&
		list_empty (&front->connections))
		uv_stop (&front->loop);
}

static void on_connection_closed (struct front *front)
{
	if (front->single && list_empty (&front->connections))
		front->draining = true;
	settle (front);
}

static void on_freed (struct front *front)
{
	dispatch_pump (front);
	settle (front);
}

static const struct front_events events = { .freed = on_freed, .connection_closed = on_connection_closed };

static void on_drained (void *arg)
{
	struct front *front = arg;
	struct request *request, *after;

	log_info ("the time of limits.drain is over: the requests that still run are stopped");
	list_each_safe (request, after, &front->requests, node)
		request_stop (request, CAUSE_SHUTDOWN);
	reply_stop (front);
	job_calls_stop (front);
}

static void drain (struct front *front, int64_t limit_ms)
{
	struct connection *connection, *next;
	struct request *request, *after;

	front->draining = true;
	responder_stop (&front->responder);
	listener_stop (&front->gate);
	trail_log_suppressed (front);
	list_each_safe (request, after, &front->requests, node)
		if (request->state == REQUEST_WAITING)
			request_refuse (request, CODE_SHUTTING_DOWN, "remexd is shutting down", 0);
	job_calls_drain (front);
	list_each_safe (connection, next, &front->connections, node)
		connection_leave (connection);
	timer_set (&front->loop, &front->drain_timer, clock_ms () + limit_ms, on_drained, front);
	settle (front);
}

/* --- records of the supervisor ----------------------------------------------------------------------------------- */

/* Take a snapshot of the configuration. The front parses the same bytes with the same code as the supervisor. */
static void take_config (struct front *front, struct packet *packet)
{
	struct err err = { .text = "no descriptor" };
	struct config *config = NULL;
	char *text = NULL, *name;
	size_t n;

	name = strndup ((const char *)packet->data, packet->record.length);
	if (packet->n_fds && lseek (packet->fds[0], 0, SEEK_SET) == 0)
		text = fd_read_all (packet->fds[0], CONF_FILE_MAX, &n, &err);
	if (text && name)
		config = config_parse (text, n, name, &err);
	free (text);
	free (name);
	if (!config) {
		log_error ("the configuration's snapshot cannot be used: %s", err.text);
		_exit (EXIT_FAILURE);
	}
	config_free (front->next.config);
	front->next.config = config;
	front->next.generation = (int)packet->record.a;
	front->daemon = (uid_t)packet->record.b;
}

static void follow_listeners (struct front *front)
{
	if (listener_follow (&front->gate) < 0) {
		log_error ("a listener cannot be used: %s", strerror (errno));
		_exit (EXIT_FAILURE);
	}
}

static void take_grants (struct front *front, struct packet *packet)
{
	struct err err = { .text = "no descriptors" };

	grants_free (front->next.grants);
	front->next.grants = packet->n_fds == 2 ? grants_read (packet->fds[0], packet->fds[1], &err) : NULL;
	if (!front->next.grants) {
		log_error ("the identities cannot be used: %s", err.text);
		_exit (EXIT_FAILURE);
	}
	if (!packet->record.a)
		return;
	/* The grants are for the generation in use. */
	access_replace (&front->gate.access, front->next.grants);
	front->next.grants = NULL;
	revoke_all (front);
	dispatch_pump (front);
	follow_listeners (front);
}

static void take_host_key (struct front *front, struct packet *packet)
{
	struct err err = { .text = "no descriptor" };
	char print[KEY_PRINT_SIZE];
	struct credential *key = packet->n_fds ? credential_read (packet->fds[0], "the host key", &err) : NULL;

	if (!key || gate_set_host_key (&front->gate, key, &err) < 0) {
		log_error ("TLS cannot be set up: %s", err.text);
		_exit (EXIT_FAILURE);
	}
	log_info ("the host key is %s", key_print (credential_key (key), print));
}

static void take_claims (struct front *front, struct packet *packet)
{
	if (!packet->n_fds)
		_exit (EXIT_FAILURE); /* no descriptors are left; the next front may have some */
	supervisor_link_set_claims (&front->supervisor, packet->fds[0]);
	packet->fds[0] = -1;
}

static void take_table (struct front *front, struct packet *packet)
{
	struct err err = { .text = "it is no JSON" };
	struct verb_table *verbs;
	json_t *json;

	if (buf_append (&front->next.table, packet->data, packet->record.length) < 0)
		_exit (EXIT_FAILURE);
	if (buf_len (&front->next.table) < (size_t)packet->record.a)
		return;
	json = json_loadb ((const char *)buf_head (&front->next.table), buf_len (&front->next.table), 0, NULL);
	buf_free (&front->next.table);
	verbs = json ? verb_table_new (json, &err) : NULL;
	json_decref (json);
	if (!verbs || !front->next.config) {
		log_error ("the verb table cannot be used: %s", err.text);
		_exit (EXIT_FAILURE);
	}
	swap (front, verbs);
	follow_listeners (front);
}

static void take_gone (struct front *front, struct packet *packet)
{
	struct pooled *worker = pool_find (&front->pool, packet->record.id);

	if (!worker)
		return;
	pool_gone (worker);
	worker->gone_how = (int)packet->record.a;
	worker->gone_n = (int)packet->record.b;
	if (packet->record.length == sizeof worker->survivors)
		memcpy (&worker->survivors, packet->data, sizeof worker->survivors);
	/* Records that the worker sent before it died are valid: a terminal record wins. But if the front has decided
	 * the cause, no record of the worker changes it. */
	if (worker->phase == WORKER_STOPPING || pool_drain (worker))
		request_worker_gone (front, worker);
}

static void take_connection (struct front *front, struct packet *packet)
{
	struct identity *identity = access_uid (&front->gate.access, (uid_t)packet->record.a);
	struct stream stream;

	front->single = true;
	if (!identity || packet->n_fds != 2 || stream_shared (&stream, packet->fds[0], packet->fds[1]) < 0) {
		log_error ("standard input and output cannot be used as a connection");
		_exit (EXIT_FAILURE);
	}
	packet->n_fds = 0;
	connection_start (front, &stream, &(struct gate_client){ .identity = identity });
}

static void take_listener (struct front *front, struct packet *packet)
{
	enum listen_kind kind = (enum listen_kind)packet->record.a;

	/* Without this listener, clients would wait and never be accepted: another front may be able to use it. */
	if (!packet->n_fds || listener_add (&front->gate, packet->fds[0], kind) < 0) {
		log_error ("a listener cannot be used: %s", strerror (errno));
		_exit (EXIT_FAILURE);
	}
	packet->fds[0] = -1;
	front->queue.shared = front->gate.access.shared;
}

static void take_discovery (struct front *front, struct packet *packet)
{
	struct err err;

	if (!packet->n_fds || front->draining) {
		responder_stop (&front->responder);
	} else if (responder_start (&front->responder, &front->gate, packet->fds, packet->n_fds, front->host, &err) <
		   0) {
		log_error ("discovery does not work: %s", err.text);
	} else {
		log_info ("queries of discovery are answered. name=%s", front->host);
		packet->n_fds = 0;
	}
}

static void take_equipped (struct front *front, struct packet *packet)
{
	(void)packet;
	front->equipped = true;
}

static void take_counters (struct front *front, struct packet *packet)
{
	const struct record *record = &packet->record;

	if (record->a >= 0 && record->a < (int64_t)(sizeof front->counters / sizeof *front->counters))
		front->counters[record->a] = record->b;
}

static void take_drain (struct front *front, struct packet *packet)
{
	drain (front, packet->record.a);
}

static void take_ping (struct front *front, struct packet *packet)
{
	(void)packet;
	trail_log_suppressed (front);
	log_flush ();
	if (carrier_check (&front->carrier) < 0) {
		log_error ("the carrier hangs");
		_exit (EXIT_FAILURE);
	}
}

static const struct supervisor_handler handlers[] = {
	{ REC_CONFIG, take_config },
	{ REC_GRANTS, take_grants },
	{ REC_CLAIMS, take_claims },
	{ REC_HOST_KEY, take_host_key },
	{ REC_TABLE, take_table },
	{ REC_LISTENER, take_listener },
	{ REC_DISCOVERY, take_discovery },
	{ REC_CONNECTION, take_connection },
	{ REC_EQUIPPED, take_equipped },
	{ REC_BORN, dispatch_born },
	{ REC_NO_WORKER, dispatch_no_worker },
	{ REC_GONE, take_gone },
	{ REC_AUDITED, dispatch_audited },
	{ REC_RELOADED, builtin_reloaded },
	{ REC_JOB, job_call_answer },
	{ REC_NO_JOB, job_call_answer },
	{ REC_JOBS, job_call_answer },
	{ REC_RECORDER, dispatch_recorder },
	{ REC_COUNTERS, take_counters },
	{ REC_PING, take_ping },
	{ REC_DRAIN, take_drain },
	{ REC_TUNNEL, tunnel_link_take },
	{ REC_TUNNEL_STATE, tunnel_link_state },
	{ 0 },
};

/* --- the beginning ----------------------------------------------------------------------------------------------- */

/* If root started the front, it becomes `front_user`, or remex, or nobody, permanently. */
static int drop_privileges (const struct front *front)
{
	const struct passwd *entry;

	if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	if (geteuid () == 0) {
		if (!(entry = front_user (front->config))) {
			log_error ("front_user: there is no user '%s'",
				front->config->front_user ? front->config->front_user : "nobody");
			return -1;
		}
		if (!front->config->front_user && strcmp (entry->pw_name, "remex") != 0)
			log_warning ("there is no user 'remex': the front runs as nobody");
		if (setgroups (0, NULL) < 0 || setresgid (entry->pw_gid, entry->pw_gid, entry->pw_gid) < 0 ||
			setresuid (entry->pw_uid, entry->pw_uid, entry->pw_uid) < 0 ||
			(entry->pw_uid && setuid (0) == 0)) {
			log_error ("cannot become the front's user: %s", strerror (errno));
			return -1;
		}
	}
	/* A front that hangs must not outlive the supervisor, also before it reads from its link. This comes after the
	 * change of the user, because that change clears the setting (prctl(2)). */
	if (prctl (PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl (PR_SET_DUMPABLE, 0) < 0) {
		log_error ("the front cannot be bound to the supervisor: %s", strerror (errno));
		return -1;
	}
	return getppid () == front->supervisor.supervisor ? 0 : -1;
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
	front->started_ms = clock_ms ();
	front->started_at = time (NULL);
	return 0;
}

static void on_pass (uv_prepare_t *prepare)
{
	struct front *front = prepare->data;

	front->pass++;
}

/* The carrier's link has ended. Streams that were cut off cannot be told from streams that ended well. */
static void on_carrier (void *arg, int ready)
{
	(void)arg;
	(void)ready;
	log_error ("the carrier is gone");
	_exit (EXIT_FAILURE);
}

static int set_up (struct front *front, int link)
{
	struct config *config;
	struct rlimit limit;
	struct err err;

	list_init (&front->places.lingering);
	tunnel_link_init (&front->tunnel);
	list_init (&front->requests);
	list_init (&front->asking);
	list_init (&front->reloads);
	list_init (&front->replies);
	list_init (&front->job_calls);
	list_init (&front->job_asks);
	list_init (&front->job_turns);
	list_init (&front->job_waiting);
	front->events = &events;
	buf_init (&front->next.table, 16 * 1024 * 1024);
	front->statm = resident_open ();
	if (uv_loop_init (&front->loop) < 0 || describe (front) < 0)
		return -1;
	trim_init (&front->trim, &front->loop);
	supervisor_link_init (&front->supervisor, &front->loop, link, handlers, front);
	supervisor_link_wait (&front->supervisor, &front->configured);
	config = front->config;
	log_setup ("remexd[front]", config->log);
	if (drop_privileges (front) < 0)
		return -1;
	fd_raise_limit ();
	front->max_fds = getrlimit (RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < INT32_MAX ? (int64_t)limit.rlim_cur
											      : INT32_MAX;
	if (carrier_start (&front->carrier) < 0 || !(front->carrier_watch = watch_new (&front->loop,
							     front->carrier.link, UV_READABLE, on_carrier, front))) {
		log_error ("the carrier cannot be started: %s", strerror (errno));
		return -1;
	}
	if (gate_init (&front->gate, &front->loop, &gate_ops, front, front->daemon) < 0)
		return -1;
	access_replace (&front->gate.access, front->next.grants);
	front->next.grants = NULL;
	set_gate_limits (front);
	connections_init (front);
	queue_init (&front->queue, config->queue_length, (size_t)config->queue_bytes, front->gate.access.shared);
	breakers_init (&front->breakers, config->limits.crashes);
	pool_init (&front->pool, &front->loop, config->workers_max, config->workers_requests, &pool_ops, front);
	front->pool.generation = front->generation;
	uv_prepare_init (&front->loop, &front->prepare);
	front->prepare.data = front;
	uv_prepare_start (&front->prepare, on_pass);
	uv_unref ((uv_handle_t *)&front->prepare);
	front->gate.reserve = dup (STDERR_FILENO);
	supervisor_link_wait (&front->supervisor, &front->equipped);
	supervisor_link_ready (&front->supervisor, front->instance);
	if (front_confine (front->carrier.pid, &err) < 0)
		log_warning ("the front is not confined: %s", err.text);
	return 0;
}

static void free_handle (uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing (handle))
		uv_close (handle, NULL);
}

/* Undo set_up, so that a leak checker reports only leaks, and not memory that was in use. */
static void tear_down (struct front *front)
{
	responder_stop (&front->responder);
	listener_stop (&front->gate);
	tunnel_link_close (front);
	timer_free (&front->drain_timer);
	timer_free (&front->ask_timer);
	timer_free (&front->parked_timer);
	trim_free (&front->trim);
	supervisor_link_free (&front->supervisor);
	gate_free (&front->gate);
	pool_free (&front->pool);
	places_end (front);
	job_calls_end (front);
	watch_free (&front->carrier_watch);
	carrier_end (&front->carrier);
	uv_run (&front->loop, UV_RUN_NOWAIT);
	uv_walk (&front->loop, free_handle, NULL);
	uv_run (&front->loop, UV_RUN_NOWAIT);
	uv_loop_close (&front->loop);
	verb_table_free (front->verbs);
	config_free (front->config);
	config_free (front->next.config);
	grants_free (front->next.grants);
	buf_free (&front->next.table);
	breakers_free (&front->breakers);
	quarantine_free (&front->quarantine);
	fd_close (&front->statm);
}

int front_run (int link)
{
	static struct front front;

	log_setup ("remexd[front]", LOG_INFO);
	prctl (PR_SET_NAME, "remexd-front");
	signal (SIGPIPE, SIG_IGN);
	/* The filter of system calls does not see calls through io_uring (confine.h). */
	setenv ("UV_USE_IO_URING", "0", 1);
	/* `pkill remexd` is for the supervisor, and the supervisor gives the front its orders. */
	signal (SIGHUP, SIG_IGN);
	signal (SIGINT, SIG_IGN);
	signal (SIGTERM, SIG_IGN);
	if (set_up (&front, link) < 0)
		return EXIT_FAILURE;
	uv_run (&front.loop, UV_RUN_DEFAULT);
	tear_down (&front);
	return EXIT_SUCCESS;
}
