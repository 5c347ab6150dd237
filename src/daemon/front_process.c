/* front_process - the front, from the supervisor's side: started, equipped, heard, lost (supervisor.h). */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/link.h"
#include "base/log.h"
#include "base/resident.h"
#include "daemon/service.h"
#include "daemon/supervisor.h"
#include "wire/records.h"

enum {
	PING_MS = 2000, /* between pings to the front */
	PINGS_LOST = 5, /* unanswered in a row: it hangs */
	YOUNG_MS = 10000, /* a front that dies younger makes the next wait */
	WAIT_MIN_MS = 100,
	WAIT_MAX_MS = 10000,
	SEND_S = 2, /* a front that takes no record for so long hangs; we must not hang with it */
	FRONT_DEATH_MS = 2000, /* from SIGKILL to its end: the kernel may hold it */
	FRONT_EXIT_MS = 10000, /* from the end of its link to the end of the process: a leak checker may look first */
};

static int send_grants (struct supervisor *supervisor)
{
	struct record grants = { .type = REC_GRANTS };
	struct err err;
	int fds[2], result;

	if (identity_files_snapshot (&supervisor->generation->identities, fds, &err) < 0) {
		log_error ("%s", err.text);
		return -1;
	}
	result = link_send (supervisor->front_link, &grants, NULL, 0, NULL, 0, fds, 2, 0);
	fd_close (&fds[0]);
	fd_close (&fds[1]);
	return result;
}

int supervisor_send_generation (struct supervisor *supervisor)
{
	const struct generation *generation = supervisor->generation;
	struct record config = { .type = REC_CONFIG, .a = generation->number, .b = (int64_t)geteuid () };
	size_t whole = strlen (generation->table), sent = 0;

	if (link_send (supervisor->front_link, &config, generation->file, strlen (generation->file), NULL, 0,
		    &generation->snapshot, 1, 0) < 0)
		return -1;
	if (send_grants (supervisor) < 0)
		return -1;
	while (sent < whole) {
		struct record table = { .type = REC_TABLE, .a = (int64_t)whole };
		size_t n = whole - sent < LINK_PAYLOAD ? whole - sent : LINK_PAYLOAD;

		if (link_send (supervisor->front_link, &table, generation->table + sent, n, NULL, 0, NULL, 0, 0) < 0)
			return -1;
		sent += n;
	}
	return 0;
}

/* Hand the generation, the listeners (or the connection) to a new front. */
static int equip_front (struct supervisor *supervisor)
{
	struct record connection = { .type = REC_CONNECTION, .a = (int64_t)getuid () }, key = { .type = REC_HOST_KEY };

	if (supervisor_send_generation (supervisor) < 0)
		return -1;
	if (supervisor->host_key >= 0 &&
		link_send (supervisor->front_link, &key, NULL, 0, NULL, 0, &supervisor->host_key, 1, 0) < 0)
		return -1;
	for (size_t i = 0; i < supervisor->n_listeners; i++) {
		struct record listener = { .type = REC_LISTENER, .a = supervisor->listeners[i].kind };

		if (link_send (supervisor->front_link, &listener, NULL, 0, NULL, 0, &supervisor->listeners[i].fd, 1,
			    0) < 0)
			return -1;
	}
	if (supervisor->stdio &&
		link_send (supervisor->front_link, &connection, NULL, 0, NULL, 0, supervisor->std, 2, 0) < 0)
		return -1;
	fd_close (&supervisor->std[0]);
	fd_close (&supervisor->std[1]);
	return link_post (supervisor->front_link, REC_EQUIPPED, 0, 0, 0, 0);
}

int supervisor_start_front (struct supervisor *supervisor)
{
	char number[32];
	const char *argv[] = { "remexd", number, NULL };
	struct spawn spawn = {
		.argv = argv, .env = (const char *const *)environ, .file = "/proc/self/exe", .fds = { -1, -1, 2 }
	};
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
	setsockopt (link[0], SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){ .tv_sec = SEND_S }, sizeof (struct timeval));
	supervisor->front_deaf = false;
	supervisor->front_link = link[0];
	supervisor->fronts++;
	return equip_front (supervisor);
}

/* A front that was killed and is not dead waits in the kernel for something that others hold (a pipe's lock, while its
 * writer is held by a file system of the writer's own), and nothing ends that wait but they: it is left behind. */
static void leave_front (struct supervisor *supervisor)
{
	log_error ("the front cannot be killed, and is left behind. pid=%d", (int)supervisor->front.pid);
	for (size_t i = 0; i < sizeof supervisor->stuck / sizeof *supervisor->stuck; i++)
		if (!supervisor->stuck[i]) {
			supervisor->stuck[i] = supervisor->front.pid;
			break;
		}
	fd_close (&supervisor->front.pidfd);
}

void supervisor_reap_stuck (struct supervisor *supervisor)
{
	for (size_t i = 0; i < sizeof supervisor->stuck / sizeof *supervisor->stuck; i++)
		if (supervisor->stuck[i] && waitpid (supervisor->stuck[i], NULL, WNOHANG) != 0)
			supervisor->stuck[i] = 0;
}

void supervisor_lose_front (struct supervisor *supervisor, const char *why, int patience_ms)
{
	struct pollfd end = { .fd = supervisor->front.pidfd, .events = POLLIN };
	bool ending = supervisor->state >= SUPERVISOR_DRAINING || supervisor->stdio;
	bool young = clock_ms () < supervisor->front_since + YOUNG_MS;
	int status = 0;

	fd_close (&supervisor->front_link);
	supervisor->n_askers = 0;
	if (!ending)
		log_error ("the front is lost: %s", why);
	/* It may be about to exit by itself, with a status that means something. */
	if (supervisor->front.pid > 0) {
		bool gone = poll (&end, 1, patience_ms) > 0;

		if (!gone) {
			child_signal (&supervisor->front, SIGKILL);
			supervisor_stop_workers (supervisor); /* it may be one of these that holds it */
			gone = poll (&end, 1, FRONT_DEATH_MS) > 0;
		}
		if (gone) {
			child_reap (&supervisor->front, &status);
		} else {
			leave_front (supervisor);
			status = SIGKILL; /* as waitpid(2) has it */
		}
	}
	supervisor->front.pid = -1;
	if (supervisor->state == SUPERVISOR_STARTING ||
		(supervisor->stdio && supervisor->state < SUPERVISOR_DRAINING)) {
		if (supervisor->state == SUPERVISOR_STARTING || !WIFEXITED (status) || WEXITSTATUS (status)) {
			log_error ("the front has ended%s: %s %d",
				supervisor->state == SUPERVISOR_STARTING ? " at the start" : "",
				WIFEXITED (status) ? "status" : "signal",
				WIFEXITED (status) ? WEXITSTATUS (status) : WTERMSIG (status));
			supervisor->exit_status = EXIT_FAILURE;
		}
		ending = true;
	}
	if (ending)
		supervisor->state = SUPERVISOR_ENDING;
	supervisor_stop_workers (supervisor);
	supervisor->front_wait = !young                                     ? 0
				 : !supervisor->front_wait                  ? WAIT_MIN_MS
				 : supervisor->front_wait * 2 > WAIT_MAX_MS ? WAIT_MAX_MS
									    : supervisor->front_wait * 2;
	supervisor->front_retry = clock_ms () + supervisor->front_wait;
}

void supervisor_tell_counters (struct supervisor *supervisor)
{
	int64_t resident = resident_bytes (supervisor->statm);

	link_post (supervisor->front_link, REC_COUNTERS, 0, COUNTER_SUPERVISOR_RESIDENT, resident, MSG_DONTWAIT);
	link_post (
		supervisor->front_link, REC_COUNTERS, 0, COUNTER_KEEPERS_LOST, supervisor->keepers_lost, MSG_DONTWAIT);
	link_post (supervisor->front_link, REC_COUNTERS, 0, COUNTER_FRONTS, supervisor->fronts, MSG_DONTWAIT);
	link_post (supervisor->front_link, REC_COUNTERS, 0, COUNTER_SPARES, supervisor->n_spares, MSG_DONTWAIT);
	supervisor->told_spares = supervisor->n_spares;
	supervisor->told_lost = supervisor->keepers_lost;
}

/* A line for the audit trail. Where somebody waits for it, it is told how that went. */
static void write_audit (struct supervisor *supervisor, const struct packet *packet)
{
	int failed =
		audit_write (&supervisor->audit, (const char *)packet->data, packet->record.length) < 0 ? errno : 0;

	if (failed)
		log_error ("the audit trail cannot be written: %s", strerror (failed));
	if (packet->record.id && link_post (supervisor->front_link, REC_AUDITED, packet->record.id, failed, 0, 0) < 0 &&
		errno == EAGAIN)
		supervisor->front_deaf = true;
}

static void front_ready (struct supervisor *supervisor)
{
	supervisor_tell_counters (supervisor);
	if (supervisor->state != SUPERVISOR_STARTING)
		return;
	supervisor->state = SUPERVISOR_SERVING;
	for (size_t i = 0; i < supervisor->n_listeners; i++)
		listening_say (&supervisor->listeners[i]);
	if (!supervisor->stdio)
		log_info ("ready");
	service_notify ("READY=1");
	if (supervisor->reload_again)
		supervisor_reload (supervisor);
}

void supervisor_hear_front (struct supervisor *supervisor)
{
	struct packet *packet = &supervisor->packet;
	struct worker_process *worker;
	int got = link_recv (supervisor->front_link, packet, MSG_DONTWAIT);

	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0) {
		supervisor_lose_front (supervisor, "its link has ended", FRONT_EXIT_MS);
		return;
	}
	supervisor->unanswered = 0;
	switch (packet->record.type) {
	case REC_READY: front_ready (supervisor); break;
	case REC_WORKER: supervisor_answer_worker (supervisor, packet); break;
	case REC_RELEASE:
	case REC_STOP:
		worker = supervisor_find_worker (supervisor, packet->record.id);
		/* One that has just reported its end hears no more; that is no loss. */
		if (worker && packet->record.type == REC_RELEASE)
			worker->released = true;
		if (worker && worker->phase == WORKER_PROCESS_OUT)
			supervisor_tell_keeper (worker, packet->record.type, packet->record.a);
		break;
	case REC_RELOAD: supervisor_reload_for (supervisor, packet->record.id); break;
	case REC_AUDIT: write_audit (supervisor, packet); break;
	case REC_PONG: break;
	default: log_error ("an unknown record from the front. type=%u", packet->record.type);
	}
	packet_close (packet);
}

void supervisor_ping_front (struct supervisor *supervisor)
{
	struct pollfd link = { .fd = supervisor->front_link, .events = POLLIN };

	/* Of one that has ended, what it said before is still read, up to the end of its link. */
	if (supervisor->front_link >= 0 && supervisor->front_deaf && poll (&link, 1, 0) > 0 && link.revents & POLLHUP)
		return;
	if (supervisor->front_link >= 0 && supervisor->front_deaf) {
		supervisor_lose_front (supervisor, "it does not read what it is told", 0);
		return;
	}
	if (supervisor->front_link < 0 || clock_ms () < supervisor->ping_at)
		return;
	supervisor->ping_at = clock_ms () + PING_MS;
	if (supervisor->unanswered++ >= PINGS_LOST)
		supervisor_lose_front (supervisor, "it does not answer", 0);
	else
		link_post (supervisor->front_link, REC_PING, 0, 0, 0, MSG_DONTWAIT);
}
