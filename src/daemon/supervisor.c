/* supervisor - see supervisor.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/link.h"
#include "base/log.h"
#include "daemon/paths.h"
#include "daemon/service.h"
#include "daemon/supervisor.h"
#include "net/peer.h"
#include "wire/records.h"

enum {
	PING_MS = 2000, /* between pings to the front */
	PINGS_LOST = 5, /* unanswered in a row: it hangs */
	YOUNG_MS = 10000, /* a front that dies younger makes the next wait */
	WAIT_MIN_MS = 100,
	WAIT_MAX_MS = 10000,
	SPARE_RETRY_MS = 1000,
	FRONT_EXIT_MS = 1000, /* from the end of its link to the end of the process */
};

/* --- workers ----------------------------------------------------------------------------------------------------- */

static struct reared *worker_new (struct supervisor *supervisor, uid_t uid)
{
	struct worker_birth birth = {
		.config = supervisor->generation->config,
		.files = &supervisor->generation->plugins,
		.uid = uid,
	};
	struct reared *worker = calloc (1, sizeof *worker);

	if (!worker || rear (worker, ++supervisor->last_serial, &birth, &supervisor->cgroups) < 0) {
		free (worker);
		return NULL;
	}
	list_append (&supervisor->workers, &worker->node);
	supervisor->n_workers++;
	return worker;
}

static struct reared *worker_find (struct supervisor *supervisor, uint64_t serial)
{
	struct reared *worker;

	list_each (worker, &supervisor->workers, node)
		if (worker->serial == serial)
			return worker;
	return NULL;
}

/* Keep `workers.spare` idle ones of our own user warm, within the maximum. */
static void keep_spares (struct supervisor *supervisor)
{
	const struct config *config = supervisor->generation->config;
	int want = supervisor->stdio ? 0 : config->workers_spare;
	struct reared *worker;

	if (supervisor->state != SUPERVISOR_SERVING || clock_ms () < supervisor->spare_retry)
		return;
	while (supervisor->n_spares < want && supervisor->n_workers < config->workers_max) {
		if (!(worker = worker_new (supervisor, geteuid ()))) {
			log_warning ("a spare worker cannot be made: %s", strerror (errno));
			supervisor->spare_retry = clock_ms () + SPARE_RETRY_MS;
			return;
		}
		supervisor->n_spares++;
	}
}

static struct reared *take_spare (struct supervisor *supervisor, uid_t uid)
{
	struct reared *worker;

	list_each (worker, &supervisor->workers, node)
		if (worker->phase == REARED_SPARE && worker->uid == uid) {
			supervisor->n_spares--;
			return worker;
		}
	return NULL;
}

/* Make room for a worker of another user: a spare leaves. */
static void drop_spare (struct supervisor *supervisor)
{
	struct reared *worker = take_spare (supervisor, geteuid ());

	if (worker) {
		worker->phase = REARED_ENDING;
		fd_close (&worker->front_end);
		link_post (worker->keeper, REC_RELEASE, 0, 0, 0, MSG_DONTWAIT);
	}
}

/* May the front have a worker of that user? It is not asked who is calling: the kernel is. Root and our own user may act
 * as anybody we can become, a member of group remex as itself. */
static bool may_have (const struct supervisor *supervisor, uid_t uid, int peer)
{
	uid_t caller;

	if (geteuid () != 0)
		return uid == geteuid ();
	if (supervisor->stdio)
		return true;
	if (peer < 0 || peer_uid (peer, &caller, NULL) < 0)
		return false;
	if (caller == 0)
		return true;
	return caller == uid && supervisor->group != (gid_t)-1 && peer_in_group (peer, supervisor->group);
}

static void answer_worker (struct supervisor *supervisor, const struct packet *packet)
{
	int max = supervisor->generation->config->workers_max + 1; /* and the one for control verbs */
	uid_t uid = (uid_t)packet->record.a;
	struct record record = { .type = REC_BORN, .id = packet->record.id, .b = (int64_t)uid };
	struct reared *worker = NULL;
	int error = 0;

	if (!may_have (supervisor, uid, packet->n_fds ? packet->fds[0] : -1)) {
		log_warning ("the front asked for a worker it may not have. uid=%u", (unsigned)uid);
		error = EPERM;
	} else if (!(worker = take_spare (supervisor, uid))) {
		if (supervisor->n_workers >= max)
			drop_spare (supervisor);
		if (supervisor->n_workers - supervisor->n_spares >= max)
			error = EAGAIN;
		else if (!(worker = worker_new (supervisor, uid)))
			error = errno;
	}
	if (!worker) {
		link_post (supervisor->front_link, REC_NO_WORKER, packet->record.id, error, 0, 0);
		return;
	}
	record.a = (int64_t)worker->serial;
	worker->phase = REARED_OUT;
	link_send (supervisor->front_link, &record, NULL, 0, NULL, 0, &worker->front_end, 1, 0);
	fd_close (&worker->front_end);
}

static void tell_gone (struct supervisor *supervisor, struct reared *worker, int64_t how, int64_t n, int64_t survivors)
{
	struct record record = { .type = REC_GONE, .id = worker->serial, .a = how, .b = n };

	worker->reported = true;
	if (worker->phase == REARED_SPARE) {
		/* Nobody had it. That it did not live wants a pause, or we would do nothing else. */
		supervisor->n_spares--;
		supervisor->spare_retry = clock_ms () + SPARE_RETRY_MS;
	}
	if (worker->phase == REARED_OUT && supervisor->front_link >= 0)
		link_send (supervisor->front_link, &record, &survivors, sizeof survivors, NULL, 0, NULL, 0, 0);
	worker->phase = REARED_ENDING;
}

/* The keeper's link has ended. Without its report it was killed by another hand: only a cgroup helps then. */
static void worker_ended (struct supervisor *supervisor, struct reared *worker)
{
	if (!worker->reported) {
		supervisor->keepers_lost++;
		log_warning ("a keeper died before its worker. serial=%llu", (unsigned long long)worker->serial);
		if (worker->cgroup >= 0)
			cgroup_kill (worker->cgroup);
		tell_gone (supervisor, worker, GONE_SIGNALLED, SIGKILL, -1);
	}
	fd_close (&worker->keeper);
	fd_close (&worker->front_end);
	fd_close (&worker->cgroup);
	while (waitpid (worker->pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (supervisor->cgroups.root >= 0)
		cgroup_remove (&supervisor->cgroups, worker->serial);
	list_remove (&worker->node);
	supervisor->n_workers--;
	free (worker);
}

static void hear_keeper (struct supervisor *supervisor, struct reared *worker)
{
	static struct packet packet;
	int64_t survivors = -1;
	int got = link_recv (worker->keeper, &packet, MSG_DONTWAIT);

	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0) {
		worker_ended (supervisor, worker);
		return;
	}
	if (packet.record.type == REC_KEEPER_GONE) {
		if (packet.record.length == sizeof survivors)
			memcpy (&survivors, packet.data, sizeof survivors);
		tell_gone (supervisor, worker, packet.record.a, packet.record.b, survivors);
	}
	packet_close (&packet);
}

/* --- the front --------------------------------------------------------------------------------------------------- */

/* Hand the generation, the listeners (or the connection) to a new front. */
static int equip_front (struct supervisor *supervisor)
{
	const struct generation *generation = supervisor->generation;
	struct record config = { .type = REC_CONFIG, .a = generation->number, .b = (int64_t)geteuid () };
	struct record connection = { .type = REC_CONNECTION, .a = (int64_t)getuid () };
	size_t whole = strlen (generation->table), sent = 0;

	if (link_send (supervisor->front_link, &config, generation->file, strlen (generation->file), NULL, 0,
		    &generation->snapshot, 1, 0) < 0)
		return -1;
	while (sent < whole) {
		struct record table = { .type = REC_TABLE, .a = (int64_t)whole };
		size_t n = whole - sent < LINK_PAYLOAD ? whole - sent : LINK_PAYLOAD;

		if (link_send (supervisor->front_link, &table, generation->table + sent, n, NULL, 0, NULL, 0, 0) < 0)
			return -1;
		sent += n;
	}
	for (size_t i = 0; i < supervisor->n_listeners; i++) {
		struct record listener = { .type = REC_LISTENER, .a = (int64_t)i };

		if (link_send (supervisor->front_link, &listener, NULL, 0, NULL, 0, &supervisor->listeners[i].fd, 1, 0) < 0)
			return -1;
	}
	if (!supervisor->stdio)
		return 0;
	if (link_send (supervisor->front_link, &connection, NULL, 0, NULL, 0, supervisor->std, 2, 0) < 0)
		return -1;
	fd_close (&supervisor->std[0]);
	fd_close (&supervisor->std[1]);
	return 0;
}

/* Re-executed from the very file we run from, so that an upgrade on disk never mixes versions. */
static int start_front (struct supervisor *supervisor)
{
	char number[32];
	const char *argv[] = { "remexd", number, NULL };
	struct spawn spawn = { .argv = argv, .env = (const char *const *)environ, .file = "/proc/self/exe", .fds = { -1, -1, 2 } };
	struct err err;
	int link[2];

	if (link_pair (link) < 0)
		return -1;
	snprintf (number, sizeof number, "--front=%d", link[1]);
	spawn.keep = &link[1];
	spawn.n_keep = 1;
	supervisor->front_since = clock_ms ();
	supervisor->front_retry = 0;
	supervisor->unanswered = 0;
	supervisor->ping_at = supervisor->front_since + PING_MS;
	if (spawn_start (&spawn, &supervisor->front, &err) < 0) {
		log_error ("the front cannot be started: %s", err.text);
		fd_close (&link[0]);
		fd_close (&link[1]);
		return -1;
	}
	fd_close (&link[1]);
	supervisor->front_link = link[0];
	supervisor->fronts++;
	return equip_front (supervisor);
}

/* The front's link has ended, or it hangs: it goes, and all it had running with it. */
static void lose_front (struct supervisor *supervisor, const char *why, int patience_ms)
{
	struct pollfd end = { .fd = supervisor->front.pidfd, .events = POLLIN };
	bool ending = supervisor->state >= SUPERVISOR_DRAINING || supervisor->stdio;
	bool young = clock_ms () < supervisor->front_since + YOUNG_MS;
	int status = 0;

	fd_close (&supervisor->front_link);
	if (!ending)
		log_error ("the front is lost: %s", why);
	/* It may be about to exit by itself, with a status that means something. */
	if (supervisor->front.pid > 0) {
		if (poll (&end, 1, patience_ms) <= 0)
			child_signal (&supervisor->front, SIGKILL);
		child_reap (&supervisor->front, &status);
	}
	supervisor->front.pid = -1;
	if (supervisor->state == SUPERVISOR_STARTING || (supervisor->stdio && supervisor->state < SUPERVISOR_DRAINING)) {
		if (supervisor->state == SUPERVISOR_STARTING || !WIFEXITED (status) || WEXITSTATUS (status))
			supervisor->exit_status = EXIT_FAILURE;
		ending = true;
	}
	if (ending)
		supervisor->state = SUPERVISOR_ENDING;
	supervisor_stop_workers (supervisor);
	supervisor->front_wait = !young ? 0 : !supervisor->front_wait ? WAIT_MIN_MS :
		supervisor->front_wait * 2 > WAIT_MAX_MS ? WAIT_MAX_MS : supervisor->front_wait * 2;
	supervisor->front_retry = clock_ms () + supervisor->front_wait;
}

static void tell_counters (struct supervisor *supervisor)
{
	char text[128];
	size_t n;
	long pages = 0;
	char *statm = fd_read_file ("/proc/self/statm", sizeof text, &n, NULL);

	if (statm)
		sscanf (statm, "%*d %ld", &pages);
	free (statm);
	link_post (supervisor->front_link, REC_COUNTERS, 0, COUNTER_SUPERVISOR_RESIDENT, pages * sysconf (_SC_PAGESIZE),
		MSG_DONTWAIT);
	link_post (supervisor->front_link, REC_COUNTERS, 0, COUNTER_KEEPERS_LOST, supervisor->keepers_lost, MSG_DONTWAIT);
	link_post (supervisor->front_link, REC_COUNTERS, 0, COUNTER_FRONTS, supervisor->fronts, MSG_DONTWAIT);
	link_post (supervisor->front_link, REC_COUNTERS, 0, COUNTER_SPARES, supervisor->n_spares, MSG_DONTWAIT);
	supervisor->told_spares = supervisor->n_spares;
	supervisor->told_lost = supervisor->keepers_lost;
}

static void front_ready (struct supervisor *supervisor)
{
	tell_counters (supervisor);
	if (supervisor->state != SUPERVISOR_STARTING)
		return;
	supervisor->state = SUPERVISOR_SERVING;
	for (size_t i = 0; i < supervisor->n_listeners; i++)
		log_info ("listening on unix://%s", supervisor->listeners[i].path);
	if (!supervisor->stdio)
		log_info ("ready");
	service_notify ("READY=1");
}

static void hear_front (struct supervisor *supervisor)
{
	static struct packet packet;
	struct reared *worker;
	int got = link_recv (supervisor->front_link, &packet, MSG_DONTWAIT);

	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0) {
		lose_front (supervisor, "its link has ended", FRONT_EXIT_MS);
		return;
	}
	supervisor->unanswered = 0;
	switch (packet.record.type) {
	case REC_READY: front_ready (supervisor); break;
	case REC_WORKER: answer_worker (supervisor, &packet); break;
	case REC_RELEASE:
	case REC_STOP:
		worker = worker_find (supervisor, packet.record.id);
		/* One that has just reported its end hears no more; that is no loss. */
		if (worker && packet.record.type == REC_RELEASE)
			worker->released = true;
		if (worker && worker->phase == REARED_OUT)
			link_post (worker->keeper, packet.record.type, 0, packet.record.a, 0, MSG_DONTWAIT);
		break;
	case REC_PONG: break;
	default: log_error ("an unknown record from the front. type=%u", packet.record.type);
	}
	packet_close (&packet);
}

static void ping_front (struct supervisor *supervisor)
{
	if (supervisor->front_link < 0 || clock_ms () < supervisor->ping_at)
		return;
	supervisor->ping_at = clock_ms () + PING_MS;
	if (supervisor->unanswered++ >= PINGS_LOST)
		lose_front (supervisor, "it does not answer", 0);
	else
		link_post (supervisor->front_link, REC_PING, 0, 0, 0, MSG_DONTWAIT);
}

/* --- the loop ---------------------------------------------------------------------------------------------------- */

static void hear_signals (struct supervisor *supervisor)
{
	struct signalfd_siginfo info;

	while (read (supervisor->signals, &info, sizeof info) == sizeof info) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			supervisor_end (supervisor);
		else if (info.ssi_signo == SIGHUP)
			log_warning ("SIGHUP: this remexd does not reload; restart it");
	}
}

static int64_t next_time (const struct supervisor *supervisor)
{
	int64_t when = supervisor->front_link >= 0 ? supervisor->ping_at : 0;

	if (supervisor->front_link < 0 && supervisor->state < SUPERVISOR_ENDING)
		when = supervisor->front_retry;
	if (supervisor->spare_retry > clock_ms () && (!when || supervisor->spare_retry < when))
		when = supervisor->spare_retry;
	return when;
}

/* One turn: wait, then look at everybody who said something. */
static int turn (struct supervisor *supervisor)
{
	size_t n = 2, i = 2;
	struct pollfd *fds = calloc (n + (size_t)supervisor->n_workers, sizeof *fds);
	struct reared *worker, *after;

	if (!fds)
		return -1;
	fds[0] = (struct pollfd){ .fd = supervisor->signals, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = supervisor->front_link, .events = POLLIN };
	list_each (worker, &supervisor->workers, node)
		fds[n++] = (struct pollfd){ .fd = worker->keeper, .events = POLLIN };
	if (poll (fds, n, clock_until (next_time (supervisor))) < 0 && errno != EINTR) {
		free (fds);
		return -1;
	}
	/* New workers are appended, so the descriptors still match the list's beginning. */
	list_each_safe (worker, after, &supervisor->workers, node) {
		if (i == n)
			break;
		if (fds[i++].revents)
			hear_keeper (supervisor, worker);
	}
	if (fds[1].revents)
		hear_front (supervisor);
	if (fds[0].revents)
		hear_signals (supervisor);
	free (fds);
	ping_front (supervisor);
	if (supervisor->front_link < 0 && supervisor->state < SUPERVISOR_ENDING && clock_ms () >= supervisor->front_retry &&
		start_front (supervisor) < 0)
		lose_front (supervisor, "it cannot be started", 0);
	keep_spares (supervisor);
	if (supervisor->front_link >= 0 && (supervisor->told_spares != supervisor->n_spares ||
		supervisor->told_lost != supervisor->keepers_lost))
		tell_counters (supervisor);
	return 0;
}

/* --- the beginning ----------------------------------------------------------------------------------------------- */

static int open_listeners (struct supervisor *supervisor, struct err *err)
{
	const struct config *config = supervisor->generation->config;
	const struct group *group = geteuid () == 0 ? getgrnam ("remex") : NULL;
	char *path = NULL;
	int result = 0;

	supervisor->group = group ? group->gr_gid : (gid_t)-1;
	if (!config->n_listen) {
		if (!(path = paths_socket ()))
			return err_sys (err, 0, "the default socket");
		if (!(result = listener_open (&supervisor->listeners[0], path, supervisor->group, err)))
			supervisor->n_listeners = 1;
		free (path);
		return result;
	}
	for (size_t i = 0; i < config->n_listen && i < SUPERVISOR_LISTENERS; i++) {
		if (listener_open (&supervisor->listeners[i], config->listen[i].path, supervisor->group, err) < 0)
			return -1;
		supervisor->n_listeners++;
	}
	return 0;
}

static int watch_signals (struct supervisor *supervisor)
{
	sigset_t set;

	sigemptyset (&set);
	sigaddset (&set, SIGTERM);
	sigaddset (&set, SIGINT);
	sigaddset (&set, SIGHUP);
	if (sigprocmask (SIG_BLOCK, &set, NULL) < 0)
		return -1;
	supervisor->signals = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return supervisor->signals;
}

/* Take 0 and 1 for the connection; nothing of ours must write there from now on. */
static int take_std (struct supervisor *supervisor)
{
	for (int i = 0; i < 2; i++)
		if ((supervisor->std[i] = fcntl (i, F_DUPFD_CLOEXEC, 3)) < 0)
			return -1;
	close (0);
	close (1);
	return fd_fill_std ();
}

static int start (struct supervisor *supervisor, const struct options *options, struct err *err)
{
	char *path = options->config ? realpath (options->config, NULL) : paths_config ();

	if (options->config && !path)
		return err_sys (err, 0, "%s", options->config);
	supervisor->generation = generation_new (1, path, !options->config, err);
	free (path);
	if (!supervisor->generation)
		return -1;
	log_setup ("remexd", options->stdio ? LOG_WARNING : supervisor->generation->config->log);
	if (generation_report (supervisor->generation) && options->test)
		supervisor->exit_status = EXIT_FAILURE;
	if (options->test)
		return 0;
	if ((options->stdio ? take_std (supervisor) : 0) < 0 || watch_signals (supervisor) < 0)
		return err_sys (err, 0, "cannot start");
	if (!options->stdio && open_listeners (supervisor, err) < 0)
		return -1;
	cgroups_open (&supervisor->cgroups);
	if (chdir ("/") < 0 || start_front (supervisor) < 0)
		return err_sys (err, 0, "cannot start the front");
	return 0;
}

int supervisor_run (const struct options *options)
{
	struct supervisor supervisor = {
		.stdio = options->stdio,
		.std = { -1, -1 },
		.signals = -1,
		.front = { .pid = -1, .pidfd = -1 },
		.front_link = -1,
		.cgroups = { -1, -1 },
	};
	struct err err = { .text = "" };

	list_init (&supervisor.workers);
	if (start (&supervisor, options, &err) < 0) {
		log_error ("%s", err.text);
		supervisor.exit_status = EXIT_FAILURE;
	} else if (options->test) {
		printf ("%s: OK\n", supervisor.generation->file);
	} else {
		while (supervisor.state != SUPERVISOR_ENDING || supervisor.n_workers > 0 || supervisor.front.pid > 0)
			if (turn (&supervisor) < 0)
				break;
	}
	supervisor_close (&supervisor);
	return supervisor.exit_status;
}
