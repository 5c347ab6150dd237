/* supervisor_link - see supervisor_link.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "front/connection.h"
#include "front/builtin.h"
#include "front/front.h"
#include "front/supervisor_link.h"

enum {
	SILENT_MS = 10000, /* a supervisor pings every two seconds: it does not run */
	NUDGE_MS = 2000,
};

/* Without the supervisor there is nothing to be done: its keepers see the same end, and kill. */
static _Noreturn void supervisor_gone (void)
{
	log_error ("the supervisor is gone");
	_exit (EXIT_FAILURE);
}

/* --- what it is told --------------------------------------------------------------------------------------------- */

/* One snapshot of the configuration: the same bytes and the same code as in the supervisor. */
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
	config_free (front->next_config);
	front->next_config = config;
	front->next_generation = (int)packet->record.a;
	front->daemon = (uid_t)packet->record.b;
}

static void take_grants (struct front *front, const struct packet *packet)
{
	struct err err = { .text = "no descriptors" };

	grants_free (front->next_grants);
	front->next_grants = packet->n_fds == 2 ? grants_read (packet->fds[0], packet->fds[1], &err) : NULL;
	if (!front->next_grants) {
		log_error ("the identities cannot be used: %s", err.text);
		_exit (EXIT_FAILURE);
	}
}

static void take_host_key (struct front *front, const struct packet *packet)
{
	struct err err = { .text = "no descriptor" };
	char print[KEY_PRINT_SIZE];
	struct credential *key = packet->n_fds ? credential_read (packet->fds[0], "the host key", &err) : NULL;

	if (!key || gate_set_host_key (&front->gate, key, &err) < 0) {
		log_error ("no TLS: %s", err.text);
		_exit (EXIT_FAILURE);
	}
	log_info ("the host key is %s", key_print (credential_key (key), print));
}

static void take_table (struct front *front, const struct packet *packet)
{
	struct err err = { .text = "it is no JSON" };
	struct verb_table *verbs;
	json_t *json;

	if (buf_append (&front->table, packet->data, packet->record.length) < 0)
		_exit (EXIT_FAILURE);
	if (buf_len (&front->table) < (size_t)packet->record.a)
		return;
	json = json_loadb ((const char *)buf_head (&front->table), buf_len (&front->table), 0, NULL);
	buf_free (&front->table);
	verbs = json ? verb_table_new (json, &err) : NULL;
	json_decref (json);
	if (!verbs || !front->next_config) {
		log_error ("the verb table cannot be used: %s", err.text);
		_exit (EXIT_FAILURE);
	}
	front_swap (front, verbs);
	if (listener_follow (&front->gate) < 0) {
		log_error ("a listener cannot be used: %s", strerror (errno));
		_exit (EXIT_FAILURE);
	}
}

static void take_worker (struct front *front, struct packet *packet)
{
	const struct record *record = &packet->record;
	struct worker_birthday birthday = { 0 };
	struct pooled *worker;

	front->pool.births--;
	if (record->length == sizeof birthday)
		memcpy (&birthday, packet->data, sizeof birthday);
	worker = packet->n_fds
			 ? pool_add (&front->pool, (uint64_t)record->a, (uid_t)record->b, &birthday, packet->fds[0])
			 : NULL;
	if (!worker) {
		/* Nobody can talk to it. Asking again at once would find the same. */
		if (packet->n_fds)
			packet->fds[0] = -1;
		supervisor_link_stop (front, (uint64_t)record->a, 0);
		dispatch_no_worker (front, record->id, packet->lost ? EMFILE : ENOMEM);
		return;
	}
	packet->fds[0] = -1;
	front->born++;
	dispatch_born (front, record->id, worker);
}

static void take_gone (struct front *front, const struct packet *packet)
{
	struct pooled *worker = pool_find (&front->pool, packet->record.id);

	if (!worker)
		return;
	worker->gone = true;
	worker->gone_how = (int)packet->record.a;
	worker->gone_n = (int)packet->record.b;
	if (packet->record.length == sizeof worker->survivors)
		memcpy (&worker->survivors, packet->data, sizeof worker->survivors);
	/* What it sent before it died counts: a terminal record wins. But when the front has decided why the request
	 * ends, nothing that a worker said can change it. */
	if (worker->phase == WORKER_STOPPING || pool_drain (worker))
		front_worker_gone (front, worker);
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

/* The supervisor has not pinged for long: somebody has stopped it, and nothing that needs it, from a new worker to a
 * deadline, happens before it goes on. In a user's own remexd a command can have done that, and we can undo it; root's
 * remexd only root can stop, and the front of that one has no leave to touch it. */
static void on_silence (void *arg)
{
	struct front *front = arg;
	struct pollfd link = { .fd = front->link, .events = POLLIN };

	if (poll (&link, 1, 0) == 0) { /* else it is we who were slow */
		if (!front->silent)
			log_error ("the supervisor does not run: it is told to go on");
		front->silent = true;
		if (getppid () == front->supervisor)
			kill (front->supervisor, SIGCONT);
	}
	timer_set (&front->loop, &front->silence_timer, clock_ms () + NUDGE_MS, on_silence, front);
}

static void heard_supervisor (struct front *front)
{
	if (front->silent)
		log_info ("the supervisor runs again");
	front->silent = false;
	timer_set (&front->loop, &front->silence_timer, clock_ms () + SILENT_MS, on_silence, front);
}

static void take (struct front *front, struct packet *packet)
{
	const struct record *record = &packet->record;

	switch (record->type) {
	case REC_CONFIG: take_config (front, packet); break;
	case REC_TABLE: take_table (front, packet); break;
	case REC_LISTENER:
		/* Clients would wait where nobody listens: another front may do better. */
		if (!packet->n_fds || listener_add (&front->gate, packet->fds[0], (enum listen_kind)record->a) < 0) {
			log_error ("a listener cannot be used: %s", strerror (errno));
			_exit (EXIT_FAILURE);
		}
		packet->fds[0] = -1;
		front->queue.shared = front->gate.access.shared;
		break;
	case REC_GRANTS: take_grants (front, packet); break;
	case REC_HOST_KEY: take_host_key (front, packet); break;
	case REC_RELOADED: builtin_reloaded (front, packet); break;
	case REC_AUDITED: dispatch_audited (front, record->id, (int)record->a); break;
	case REC_CONNECTION: take_connection (front, packet); break;
	case REC_EQUIPPED: front->equipped = true; break;
	case REC_BORN: take_worker (front, packet); break;
	case REC_NO_WORKER:
		front->pool.births--;
		dispatch_no_worker (front, record->id, (int)record->a);
		break;
	case REC_GONE: take_gone (front, packet); break;
	case REC_COUNTERS:
		if (record->a >= 0 && record->a < (int64_t)(sizeof front->counters / sizeof *front->counters))
			front->counters[record->a] = record->b;
		break;
	case REC_DRAIN: front_drain (front, record->a); break;
	case REC_PING:
		heard_supervisor (front);
		link_post (front->link, REC_PONG, 0, 0, 0, 0);
		trail_tell_suppressed (front);
		log_flush ();
		break;
	default: log_error ("an unknown record from the supervisor. type=%u", record->type);
	}
}

/* A record that came while the link was full the other way. */
struct deferred {
	struct list node; /* of the front's deferred */
	struct record record;
	int fds[LINK_FDS];
	size_t n_fds;
	bool lost;
	uint8_t data[];
};

static void deferred_take (struct deferred *deferred, struct packet *packet)
{
	packet->record = deferred->record;
	memcpy (packet->fds, deferred->fds, sizeof packet->fds);
	packet->n_fds = deferred->n_fds;
	packet->lost = deferred->lost;
	memcpy (packet->data, deferred->data, deferred->record.length);
	list_remove (&deferred->node);
	free (deferred);
}

/* The next record, in the order in which they came. */
static int next_record (struct front *front, struct packet *packet)
{
	if (list_empty (&front->deferred))
		return link_recv (front->link, packet, MSG_DONTWAIT);
	deferred_take (list_entry (front->deferred.next, struct deferred, node), packet);
	return 1;
}

static void on_record (void *arg, int events)
{
	static struct packet packet; /* 128 KiB: not for the stack */
	struct front *front = arg;
	int got;

	(void)events;
	while ((got = next_record (front, &packet)) > 0) {
		take (front, &packet);
		packet_close (&packet);
	}
	if (got == 0 || errno != EAGAIN)
		supervisor_gone ();
}

static void on_deferred (void *arg)
{
	on_record (arg, 0);
}

/* Read one record and keep it for the loop: whoever posts is in the middle of something. */
static void defer (struct front *front)
{
	static struct packet packet;
	struct deferred *deferred;
	int got = link_recv (front->link, &packet, MSG_DONTWAIT);

	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0 || !(deferred = malloc (sizeof *deferred + packet.record.length)))
		supervisor_gone ();
	deferred->record = packet.record;
	memcpy (deferred->fds, packet.fds, sizeof deferred->fds);
	deferred->n_fds = packet.n_fds;
	deferred->lost = packet.lost;
	memcpy (deferred->data, packet.data, packet.record.length);
	list_append (&front->deferred, &deferred->node);
	timer_set (&front->loop, &front->deferred_timer, 1, on_deferred, front);
}

void supervisor_link_end (struct front *front)
{
	struct deferred *deferred, *after;

	timer_free (&front->deferred_timer);
	timer_free (&front->silence_timer);
	list_each_safe (deferred, after, &front->deferred, node) {
		for (size_t i = 0; i < deferred->n_fds; i++)
			fd_close (&deferred->fds[i]);
		list_remove (&deferred->node);
		free (deferred);
	}
}

static void wait_for (struct front *front, bool (*enough) (const struct front *front))
{
	static struct packet packet;

	while (!enough (front)) {
		if (link_recv (front->link, &packet, 0) <= 0)
			supervisor_gone ();
		take (front, &packet);
		packet_close (&packet);
	}
}

static bool configured (const struct front *front)
{
	return front->verbs != NULL;
}

static bool equipped (const struct front *front)
{
	return front->equipped;
}

void supervisor_link_start (struct front *front, int link)
{
	front->link = link;
	wait_for (front, configured);
}

void supervisor_link_ready (struct front *front)
{
	wait_for (front, equipped);
	front->link_watch = watch_new (&front->loop, front->link, UV_READABLE, on_record, front);
	if (!front->link_watch || link_post (front->link, REC_READY, 0, 0, 0, 0) < 0)
		supervisor_gone ();
	heard_supervisor (front);
}

/* --- what it asks ------------------------------------------------------------------------------------------------ */

/* The supervisor waits for room to answer, as we do to ask: where the link is full both ways, one has to give way, and
 * that is us. */
static int post (struct front *front, struct record *record, const void *bytes, size_t n, const int *fds, size_t n_fds)
{
	while (link_send (front->link, record, bytes, n, NULL, 0, fds, n_fds, MSG_DONTWAIT) < 0) {
		struct pollfd link = { .fd = front->link, .events = POLLOUT | POLLIN };

		if (errno == ETOOMANYREFS)
			return -1;
		if (errno != EAGAIN || poll (&link, 1, -1) < 0)
			supervisor_gone ();
		if (link.revents & POLLIN)
			defer (front);
	}
	return 0;
}

void supervisor_link_reload (struct front *front, uint64_t request)
{
	struct record record = { .type = REC_RELOAD, .id = request };

	post (front, &record, NULL, 0, NULL, 0);
}

void supervisor_link_audit (struct front *front, uint64_t request, const void *line, size_t n)
{
	struct record record = { .type = REC_AUDIT, .id = request };

	post (front, &record, line, n, NULL, 0);
}

int supervisor_link_ask (struct front *front, uint64_t request, const char *you, uid_t uid, int peer)
{
	struct record record = { .type = REC_WORKER, .id = request, .a = (int64_t)uid };

	return post (front, &record, you, strlen (you), &peer, peer >= 0 ? 1 : 0);
}

void supervisor_link_release (struct front *front, uint64_t serial)
{
	struct record record = { .type = REC_RELEASE, .id = serial };

	post (front, &record, NULL, 0, NULL, 0);
}

void supervisor_link_stop (struct front *front, uint64_t serial, int64_t grace_ms)
{
	struct record record = { .type = REC_STOP, .id = serial, .a = grace_ms };

	post (front, &record, NULL, 0, NULL, 0);
}
