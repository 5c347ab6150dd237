/* workers - the supervisor's workers: born, kept spare, handed to the front, gone (supervisor.h). */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/link.h"
#include "base/log.h"
#include "daemon/supervisor.h"
#include "net/peer.h"
#include "proc/guard.h"
#include "proc/keeper.h"
#include "wire/records.h"

enum { SPARE_RETRY_MS = 1000 };

/* `users`: the state of the user database before anybody asked it for this worker. */
static struct worker_process *worker_new (struct supervisor *supervisor, uid_t uid, uint64_t users)
{
	struct worker_birth birth = {
		.config = supervisor->generation->config,
		.files = &supervisor->generation->plugins,
		.uid = uid,
	};
	struct worker_birthday birthday = { .users = users, .ms = clock_ms () };
	struct worker_process *worker = calloc (1, sizeof *worker);

	if (!worker || spawn_worker (worker, ++supervisor->last_serial, &birth, &supervisor->cgroups) < 0) {
		free (worker);
		return NULL;
	}
	worker->birthday = birthday;
	list_append (&supervisor->workers, &worker->node);
	supervisor->n_workers++;
	return worker;
}

struct worker_process *supervisor_find_worker (struct supervisor *supervisor, uint64_t serial)
{
	struct worker_process *worker;

	list_each (worker, &supervisor->workers, node)
		if (worker->serial == serial)
			return worker;
	return NULL;
}

void supervisor_keep_spares (struct supervisor *supervisor)
{
	const struct config *config = supervisor->generation->config;
	int want = supervisor->stdio ? 0 : config->workers_spare;
	struct worker_process *worker;

	if (supervisor->state != SUPERVISOR_SERVING || clock_ms () < supervisor->spare_retry)
		return;
	while (supervisor->n_spares < want && supervisor->n_workers < config->workers_max) {
		if (!(worker = worker_new (supervisor, geteuid (), userdb_state (&supervisor->userdb)))) {
			log_warning ("a spare worker cannot be made: %s", strerror (errno));
			supervisor->spare_retry = clock_ms () + SPARE_RETRY_MS;
			return;
		}
		supervisor->n_spares++;
	}
}

static struct worker_process *find_spare (const struct supervisor *supervisor, uid_t uid)
{
	struct worker_process *worker;

	list_each (worker, &supervisor->workers, node)
		if (worker->phase == WORKER_PROCESS_SPARE && worker->uid == uid)
			return worker;
	return NULL;
}

void supervisor_tell_keeper (struct worker_process *worker, uint32_t type, int64_t a)
{
	if (type == REC_RELEASE)
		worker_process_expect_end (worker, KEEPER_LEAVE_MS);
	else
		worker_process_expect_end (worker, (a < 0                        ? 0
							   : a < GUARD_GRACE_MAX ? a
										 : GUARD_GRACE_MAX) +
							   GUARD_KILL_MS);
	if (link_post (worker->keeper, type, 0, a, 0, MSG_DONTWAIT) == 0 || errno == EPIPE)
		return;
	/* What it was not told it would not do, and somebody waits for it. At the end of its link it kills. */
	log_warning ("a keeper cannot be told, and kills. serial=%llu: %s", (unsigned long long)worker->serial,
		strerror (errno));
	shutdown (worker->keeper, SHUT_WR);
	worker_process_expect_end (worker, GUARD_KILL_MS);
}

bool supervisor_drop_spare (struct supervisor *supervisor)
{
	struct worker_process *worker = find_spare (supervisor, geteuid ());

	if (!worker)
		return false;
	supervisor->n_spares--;
	worker->phase = WORKER_PROCESS_ENDING;
	fd_close (&worker->front_end);
	supervisor_tell_keeper (worker, REC_RELEASE, 0);
	return true;
}

/* A spare of that user that is of the state `users` of the user database. Those that are not, go. */
static struct worker_process *take_spare (struct supervisor *supervisor, uid_t uid, uint64_t users)
{
	int64_t age = supervisor->userdb.others ? supervisor->generation->config->workers_age_ms : 0;
	struct worker_process *worker;

	while ((worker = find_spare (supervisor, uid))) {
		if (worker->birthday.users == users && (!age || clock_ms () - worker->birthday.ms <= age)) {
			supervisor->n_spares--;
			return worker;
		}
		supervisor_drop_spare (supervisor);
	}
	return NULL;
}

/* Was that connection accepted on a listener of ours? The front could show us another socket, whose "peer" is whoever
 * listens there: the connecting end of a connection, or our listener itself. */
static bool is_ours (const struct supervisor *supervisor, int peer)
{
	if (!peer_is_connection (peer))
		return false;
	for (size_t i = 0; i < supervisor->n_listeners; i++)
		if (supervisor->listeners[i].kind == LISTEN_UNIX &&
			peer_accepted_on (peer, supervisor->listeners[i].fd))
			return true;
	return false;
}

/* May the front have a worker of that user? 0, or the errno of the refusal: EPERM, or ENOTCONN where the caller has left.
 * The front is not asked who is calling: the kernel is, or, where there is no peer on a Unix socket, the identity `name`. Root
 * and our own user may act as anybody we can become, a member of group remex as itself, somebody over TCP as whom an
 * identity names.
 *
 * The credentials are those of whoever called connect(2), whoever accepts. They count as long as the caller may still say
 * something: at the end of what a client sends the front ends its connection too, and a front that keeps a copy of the
 * socket must not have a worker by it. A worker that was given a moment before stays with the front. */
static int check_claim (struct supervisor *supervisor, const char *name, uid_t uid, uint64_t users, int peer)
{
	uid_t caller;

	if (geteuid () != 0)
		return uid == geteuid () ? 0 : EPERM;
	if (supervisor->stdio)
		return 0;
	if (peer < 0)
		return identity_files_support (&supervisor->generation->identities, name, uid, users) ? 0 : EPERM;
	if (!is_ours (supervisor, peer) || peer_uid (peer, &caller, NULL) < 0)
		return EPERM;
	if (caller != 0 &&
		(caller != uid || supervisor->group == (gid_t)-1 || !peer_in_group (peer, supervisor->group)))
		return EPERM;
	return peer_is_there (peer) ? 0 : ENOTCONN;
}

/* A worker counts until the front has been told that it is gone: its keeper may need a moment more to leave. */
static int count_living (const struct supervisor *supervisor)
{
	struct worker_process *worker;
	int n = 0;

	list_each (worker, &supervisor->workers, node)
		n += !worker->reported;
	return n;
}

/* A front that does not hear what it waits for would wait for ever: another one is better. */
static void tell_front (struct supervisor *supervisor, uint32_t type, uint64_t id, int64_t a)
{
	if (link_post (supervisor->front_link, type, id, a, 0, 0) < 0)
		supervisor->front_deaf = true;
}

void supervisor_answer_worker (struct supervisor *supervisor, const struct packet *packet)
{
	int max = supervisor->generation->config->workers_max + CONTROL_WORKERS;
	uid_t uid = (uid_t)packet->record.a;
	uint64_t users = userdb_state (&supervisor->userdb);
	struct record record = { .type = REC_BORN, .id = packet->record.id, .b = (int64_t)uid };
	struct worker_process *worker = NULL;
	char name[GRANT_NAME_MAX + 1];
	int error = 0;

	snprintf (name, sizeof name, "%.*s", (int)packet->record.length, (const char *)packet->data);
	if (packet->lost) {
		error = EMFILE; /* there was no room to look at who is calling */
	} else if ((error = check_claim (supervisor, name, uid, users, packet->n_fds ? packet->fds[0] : -1))) {
		if (error == EPERM) /* a client may leave at any moment: that is no news */
			log_warning ("the front asked for a worker it may not have. uid=%u", (unsigned)uid);
	} else if (!(worker = take_spare (supervisor, uid, users))) {
		if (count_living (supervisor) >= max)
			supervisor_drop_spare (supervisor); /* for a worker of another user */
		if (count_living (supervisor) - supervisor->n_spares >= max)
			error = EBUSY; /* some have yet to go: it asks again */
		else if (!(worker = worker_new (supervisor, uid, users)))
			error = errno;
	}
	if (!worker) {
		tell_front (supervisor, REC_NO_WORKER, packet->record.id, error);
		return;
	}
	record.a = (int64_t)worker->serial;
	worker->phase = WORKER_PROCESS_OUT;
	if (link_send (supervisor->front_link, &record, &worker->birthday, sizeof worker->birthday, NULL, 0,
		    &worker->front_end, 1, 0) < 0) {
		if (errno == ETOOMANYREFS) {
			/* The front cannot have it now. It asks again, and this one goes. */
			worker->phase = WORKER_PROCESS_ENDING;
			supervisor_tell_keeper (worker, REC_RELEASE, 0);
			tell_front (supervisor, REC_NO_WORKER, packet->record.id, EBUSY);
		} else {
			supervisor->front_deaf = true;
		}
	}
	fd_close (&worker->front_end);
}

static void tell_gone (
	struct supervisor *supervisor, struct worker_process *worker, int64_t how, int64_t n, int64_t survivors)
{
	struct record record = { .type = REC_GONE, .id = worker->serial, .a = how, .b = n };

	worker->reported = true;
	if (worker->phase == WORKER_PROCESS_SPARE) {
		/* Nobody had it. That it did not live wants a pause, or we would do nothing else. */
		supervisor->n_spares--;
		supervisor->spare_retry = clock_ms () + SPARE_RETRY_MS;
	}
	if (worker->phase == WORKER_PROCESS_OUT && supervisor->front_link >= 0 && !supervisor->front_deaf &&
		link_send (supervisor->front_link, &record, &survivors, sizeof survivors, NULL, 0, NULL, 0, 0) < 0)
		supervisor->front_deaf = true;
	worker->phase = WORKER_PROCESS_ENDING;
}

/* The process has ended too: nothing of it is left. */
static bool worker_reap (struct supervisor *supervisor, struct worker_process *worker)
{
	if (!worker_process_reap (worker))
		return false;
	if (supervisor->cgroups.root >= 0)
		cgroup_remove (&supervisor->cgroups, worker->serial);
	list_remove (&worker->node);
	free (worker);
	return true;
}

/* What a keeper that was killed has left. Only a cgroup helps then; what was let be lives on. */
static void clean_up (struct supervisor *supervisor, struct worker_process *worker)
{
	if (worker->cgroup < 0)
		return;
	if (worker->released && supervisor->cgroups.left >= 0)
		cgroup_empty (worker->cgroup, supervisor->cgroups.left);
	else
		cgroup_destroy (&supervisor->cgroups, worker->serial, worker->cgroup);
}

/* The keeper's link has ended. Without its report it was killed by another hand, or by ours. */
static void worker_ended (struct supervisor *supervisor, struct worker_process *worker)
{
	if (!worker->reported) {
		supervisor->keepers_lost++;
		if (!worker->forced_since)
			log_warning (
				"a keeper died before its worker. serial=%llu", (unsigned long long)worker->serial);
		clean_up (supervisor, worker);
		tell_gone (supervisor, worker, GONE_SIGNALLED, SIGKILL, -1);
	}
	fd_close (&worker->keeper);
	fd_close (&worker->front_end);
	fd_close (&worker->cgroup);
	list_remove (&worker->node);
	list_append (&supervisor->ended, &worker->node);
	supervisor->n_workers--;
	worker_reap (supervisor, worker);
}

void supervisor_watch_keepers (struct supervisor *supervisor)
{
	struct worker_process *worker, *after;

	list_each_safe (worker, after, &supervisor->ended, node)
		worker_reap (supervisor, worker);
	list_each (worker, &supervisor->workers, node)
		if (worker_process_force (worker))
			log_warning ("a keeper does not act in time: it is killed, with what it keeps. serial=%llu",
				(unsigned long long)worker->serial);
}

int64_t supervisor_keepers_time (const struct supervisor *supervisor)
{
	const struct worker_process *worker;
	int64_t when = 0;

	list_each (worker, &supervisor->workers, node)
		if (worker->end_by && (!when || worker->end_by < when))
			when = worker->end_by;
	return when;
}

void supervisor_wake_keepers (struct supervisor *supervisor)
{
	siginfo_t info = { .si_pid = 0 };
	int result;

	while ((result = waitid (P_ALL, 0, &info, WSTOPPED | WNOHANG)) == 0 ? info.si_pid : errno == EINTR) {
		struct worker_process *worker;

		if (result < 0)
			continue;
		/* A front that is stopped does not answer its pings, and is replaced. */
		if (info.si_pid != supervisor->front.pid)
			kill (info.si_pid, SIGCONT);
		list_each (worker, &supervisor->workers, node)
			if (worker->pid == info.si_pid && !worker->woken) {
				worker->woken = true;
				log_warning ("a keeper was stopped, and goes on. serial=%llu",
					(unsigned long long)worker->serial);
			}
		info.si_pid = 0;
	}
}

void supervisor_hear_keeper (struct supervisor *supervisor, struct worker_process *worker)
{
	struct packet *packet = &supervisor->packet;
	int64_t survivors = -1;
	int got = link_recv (worker->keeper, packet, MSG_DONTWAIT);

	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0) {
		worker_ended (supervisor, worker);
		return;
	}
	if (packet->record.type == REC_KEEPER_GONE) {
		if (packet->record.length == sizeof survivors)
			memcpy (&survivors, packet->data, sizeof survivors);
		tell_gone (supervisor, worker, packet->record.a, packet->record.b, survivors);
		worker_process_expect_end (worker, 0);
	}
	packet_close (packet);
}
