/* supervisor_link - see supervisor_link.h. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "front/supervisor_link.h"
#include "loop/loop.h"
#include "wire/records.h"

enum {
	SILENT_MS = 10000, /* a supervisor that runs pings every two seconds */
	NUDGE_MS = 2000,
};

/* The front cannot work without the supervisor. The keepers see the end of their links too, and kill their workers. */
static _Noreturn void supervisor_gone (void)
{
	log_error ("the supervisor is gone");
	_exit (EXIT_FAILURE);
}

/* --- receiving --------------------------------------------------------------------------------------------------- */

/* The supervisor has not pinged for long: a process has stopped it (SIGSTOP), and no worker is made or killed before it
 * goes on. In a user's own remexd a command can have done that, and the front can send SIGCONT. Only root can stop
 * root's remexd, and that front is not allowed to send a signal to its supervisor. */
static void on_silence (void *arg)
{
	struct supervisor_link *link = arg;
	struct pollfd poll_link = { .fd = link->fd, .events = POLLIN };

	if (poll (&poll_link, 1, 0) == 0) { /* otherwise the front itself was slow */
		if (!link->silent)
			log_error ("the supervisor is stopped: sending SIGCONT to it");
		link->silent = true;
		if (getppid () == link->supervisor)
			kill (link->supervisor, SIGCONT);
	}
	timer_set (link->loop, &link->silence_timer, clock_ms () + NUDGE_MS, on_silence, link);
}

static void on_supervisor_alive (struct supervisor_link *link)
{
	if (link->silent)
		log_info ("the supervisor runs again");
	link->silent = false;
	timer_set (link->loop, &link->silence_timer, clock_ms () + SILENT_MS, on_silence, link);
}

static void take (struct supervisor_link *link, struct packet *packet)
{
	const struct supervisor_handler *handler = link->handlers;

	if (packet->record.type == REC_PING) {
		on_supervisor_alive (link);
		link_post (link->fd, REC_PONG, 0, 0, 0, 0);
	}
	while (handler->type && handler->type != packet->record.type)
		handler++;
	if (handler->type)
		handler->take (link->front, packet);
	else
		log_error ("an unknown record from the supervisor. type=%u", packet->record.type);
	packet_close (packet);
}

/* A record that came while the link was full the other way. */
struct deferred {
	struct list node; /* of the link's deferred */
	struct record record;
	int fds[LINK_FDS];
	size_t n_fds;
	bool lost;
	uint8_t data[];
};

static void deferred_take (struct deferred *deferred, struct packet *packet)
{
	packet->record = deferred->record;
	memcpy (packet->fds, deferred->fds, sizeof deferred->fds);
	packet->n_fds = deferred->n_fds;
	packet->lost = deferred->lost;
	memcpy (packet->data, deferred->data, deferred->record.length);
	list_remove (&deferred->node);
	free (deferred);
}

/* The next record, in the order in which they came. */
static int next_record (struct supervisor_link *link, struct packet *packet)
{
	if (list_empty (&link->deferred))
		return link_recv (link->fd, packet, MSG_DONTWAIT);
	deferred_take (list_entry (link->deferred.next, struct deferred, node), packet);
	return 1;
}

static void on_record (void *arg, int events)
{
	static struct packet packet; /* 128 KiB: not for the stack */
	struct supervisor_link *link = arg;
	int got;

	(void)events;
	while ((got = next_record (link, &packet)) > 0) {
		take (link, &packet);
	}
	if (got == 0 || errno != EAGAIN)
		supervisor_gone ();
}

static void on_deferred (void *arg)
{
	on_record (arg, 0);
}

/* Read one record and keep it for the loop: a handler must not run within a call that sends. */
static void defer (struct supervisor_link *link)
{
	static struct packet packet;
	struct deferred *deferred;
	int got = link_recv (link->fd, &packet, MSG_DONTWAIT);

	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0 || !(deferred = malloc (sizeof *deferred + packet.record.length)))
		supervisor_gone ();
	deferred->record = packet.record;
	memcpy (deferred->fds, packet.fds, sizeof deferred->fds);
	deferred->n_fds = packet.n_fds;
	deferred->lost = packet.lost;
	memcpy (deferred->data, packet.data, packet.record.length);
	list_append (&link->deferred, &deferred->node);
	timer_set (link->loop, &link->deferred_timer, 1, on_deferred, link);
}

void supervisor_link_init (struct supervisor_link *link, uv_loop_t *loop, int fd,
	const struct supervisor_handler *handlers, struct front *front)
{
	*link = (struct supervisor_link){
		.loop = loop,
		.fd = fd,
		.handlers = handlers,
		.front = front,
		.supervisor = getppid (),
		.claims = -1,
	};
	list_init (&link->deferred);
}

void supervisor_link_free (struct supervisor_link *link)
{
	struct deferred *deferred, *after;

	timer_free (&link->deferred_timer);
	timer_free (&link->silence_timer);
	watch_free (&link->watch);
	list_each_safe (deferred, after, &link->deferred, node) {
		for (size_t i = 0; i < deferred->n_fds; i++)
			fd_close (&deferred->fds[i]);
		list_remove (&deferred->node);
		free (deferred);
	}
	fd_close (&link->fd);
	fd_close (&link->claims);
}

void supervisor_link_wait (struct supervisor_link *link, const bool *enough)
{
	static struct packet packet;

	while (!*enough) {
		if (link_recv (link->fd, &packet, 0) <= 0)
			supervisor_gone ();
		take (link, &packet);
	}
}

void supervisor_link_ready (struct supervisor_link *link, const char *instance)
{
	struct outgoing ready = { .record = { .type = REC_READY }, .data = instance, .n = strlen (instance) };

	link->watch = watch_new (link->loop, link->fd, UV_READABLE, on_record, link);
	if (!link->watch || link_send (link->fd, &ready, 0) < 0)
		supervisor_gone ();
	on_supervisor_alive (link);
}

/* --- sending ----------------------------------------------------------------------------------------------------- */

/* Send a record. The front reads while it waits for room: otherwise front and supervisor would wait for each other when
 * the link is full in both directions. */
static int post (struct supervisor_link *link, const struct outgoing *outgoing)
{
	while (link_send (link->fd, outgoing, MSG_DONTWAIT) < 0) {
		struct pollfd full = { .fd = link->fd, .events = POLLOUT | POLLIN };

		if (errno == ETOOMANYREFS)
			return -1;
		if (errno != EAGAIN || poll (&full, 1, -1) < 0)
			supervisor_gone ();
		if (full.revents & POLLIN)
			defer (link);
	}
	return 0;
}

void supervisor_link_reload (struct supervisor_link *link, uint64_t request)
{
	struct outgoing outgoing = { .record = { .type = REC_RELOAD, .id = request } };

	post (link, &outgoing);
}

void supervisor_link_audit (struct supervisor_link *link, uint64_t starts, uint64_t ends, const void *line, size_t n)
{
	struct outgoing outgoing = {
		.record = { .type = REC_AUDIT, .id = starts, .a = (int64_t)ends }, .data = line, .n = n
	};

	post (link, &outgoing);
}

void supervisor_link_record (struct supervisor_link *link, uint64_t request)
{
	struct outgoing outgoing = { .record = { .type = REC_RECORD, .id = request } };

	post (link, &outgoing);
}

void supervisor_link_set_claims (struct supervisor_link *link, int fd)
{
	fd_close (&link->claims);
	link->claims = fd;
}

int supervisor_link_ask (struct supervisor_link *link, uint64_t request, const char *you, uid_t uid, int peer)
{
	struct outgoing outgoing = { .record = { .type = REC_WORKER, .id = request, .a = (int64_t)uid } };

	if (peer < 0) {
		outgoing.data = you;
		outgoing.n = strlen (you);
		return post (link, &outgoing);
	}
	outgoing.fds = &peer;
	outgoing.n_fds = 1;
	return link_send (link->claims, &outgoing, MSG_DONTWAIT);
}

int supervisor_link_job (struct supervisor_link *link, uint32_t type, uint64_t request, const char *you, uid_t uid,
	int peer, const void *data, size_t n)
{
	struct outgoing outgoing = {
		.record = { .type = type, .id = request, .a = (int64_t)uid }, .more = data, .more_n = n
	};

	if (peer < 0) {
		outgoing.data = you;
		outgoing.n = strlen (you);
		outgoing.record.b = (int64_t)outgoing.n;
		return post (link, &outgoing);
	}
	outgoing.fds = &peer;
	outgoing.n_fds = 1;
	return link_send (link->claims, &outgoing, MSG_DONTWAIT);
}

void supervisor_link_release (struct supervisor_link *link, uint64_t serial)
{
	struct outgoing outgoing = { .record = { .type = REC_RELEASE, .id = serial } };

	post (link, &outgoing);
}

void supervisor_link_stop (struct supervisor_link *link, uint64_t serial, int64_t grace_ms)
{
	struct outgoing outgoing = { .record = { .type = REC_STOP, .id = serial, .a = grace_ms } };

	post (link, &outgoing);
}
