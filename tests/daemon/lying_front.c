/* lying_front - a front that asks for what it may not have: remexd with this in place of its own front, for
 * tests/system/tcp.test.
 *
 * It takes the records that the supervisor sends a front, says that it is ready, becomes nobody, and then asks for
 * workers with every kind of descriptor that a front has or can make. It writes one line for each request to the file
 * $LYING_FRONT_LOG: the kind of descriptor, and the errno of the refusal, or "born". It reads from the environment:
 *
 *   LYING_FRONT_GRANTED  the uid that an identity names
 *   LYING_FRONT_SOCKET   the path of a socket that root listens on and that is none of remexd's
 *   LYING_FRONT_OWN      a path that it may bind as root
 *
 * Three clients of root's connect to remexd: the first leaves when it reads of "a client", the second shuts its sending
 * side at once, the third stays.
 */
#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/link.h"
#include "wire/codes.h"
#include "wire/records.h"

int lying_front_run (int link);

static struct packet packet;
static uint64_t last;

static int listeners[2] = { -1, -1 }; /* by enum listen_kind */
static int claims = -1; /* the link for requests with a client's socket */

/* Everything up to the record of that type. */
static bool wait_for (int link, uint32_t type)
{
	while (link_recv (link, &packet, 0) > 0) {
		if (packet.record.type == REC_PING)
			link_post (link, REC_PONG, 0, 0, 0, 0);
		if (packet.record.type == REC_LISTENER && packet.n_fds && listeners[packet.record.a] < 0) {
			listeners[packet.record.a] = packet.fds[0];
			packet.fds[0] = -1;
		}
		if (packet.record.type == REC_CLAIMS && packet.n_fds) {
			claims = packet.fds[0];
			packet.fds[0] = -1;
		}
		if (packet.record.type == type)
			return true;
		packet_close (&packet);
	}
	return false;
}

static const char *identity = "ann"; /* the identity that it claims */

static char job[16]; /* the id of the last job that it was given */
static int job_fd = -1; /* the connection to its process, which keeps it */

/* Ask about a job in the same way. The line has "given", "done", whether the list has the last job, or the word of the code. */
static void ask_job (
	int link, FILE *out, const char *what, uint32_t type, uid_t uid, int shown, const char *data, size_t n)
{
	size_t name = shown >= 0 ? 0 : strlen (identity);
	struct record record = { .type = type, .id = ++last, .a = (int64_t)uid, .b = (int64_t)name };
	struct outgoing outgoing = { .record = record,
		.data = identity,
		.n = name,
		.more = data,
		.more_n = n,
		.fds = &shown,
		.n_fds = shown >= 0 ? 1 : 0 };
	uint32_t got = 0;

	if (link_send (shown >= 0 ? claims : link, &outgoing, 0) < 0)
		return;
	while (got != REC_JOB && got != REC_NO_JOB && got != REC_JOBS) {
		if (link_recv (link, &packet, 0) <= 0)
			return;
		got = packet.record.type;
		if (got == REC_PING)
			link_post (link, REC_PONG, 0, 0, 0, 0);
		if (got == REC_JOB) {
			const char *id = memmem (packet.data, packet.record.length, "\"id\":\"", 6);

			snprintf (job, sizeof job, "%.12s", id ? id + 6 : "");
			if (type == REC_JOB_START && packet.n_fds) {
				close (job_fd);
				job_fd = packet.fds[0];
				packet.fds[0] = -1;
			}
			fprintf (out, "%s: given\n", what);
		} else if (got == REC_NO_JOB) {
			fprintf (out, "%s: %s\n", what,
				packet.record.a ? code_name ((enum code)packet.record.a) : "done");
		} else if (got == REC_JOBS) {
			fprintf (out, "%s: %s\n", what,
				memmem (packet.data, packet.record.length, job, strlen (job)) ? "has it"
											      : "has it not");
		}
		packet_close (&packet);
	}
}

static void ask_for_job (int link, FILE *out, const char *what, uid_t uid, int shown)
{
	static const char texts[] = "name\0\0exec.run\0true\0\0\0"
				    "0\0"
				    "0"; /* no flags, no recording, no limits */
	char line[128];

	snprintf (line, sizeof line, "a job of %s", what);
	ask_job (link, out, line, REC_JOB_START, uid, shown, texts, sizeof texts);
}

static void ask (int link, FILE *out, const char *what, uid_t uid, int shown)
{
	struct record record = { .type = REC_WORKER, .id = ++last, .a = (int64_t)uid };

	if (link_send (shown >= 0 ? claims : link,
		    &(struct outgoing){ .record = record,
			    .data = identity,
			    .n = shown >= 0 ? 0 : strlen (identity),
			    .fds = &shown,
			    .n_fds = shown >= 0 ? 1 : 0 },
		    0) < 0) {
		fprintf (out, "%s: cannot be asked\n", what);
		return;
	}
	for (;;) {
		if (link_recv (link, &packet, 0) <= 0) {
			fprintf (out, "%s: the end\n", what);
			return;
		}
		if (packet.record.type == REC_PING)
			link_post (link, REC_PONG, 0, 0, 0, 0);
		if (packet.record.type == REC_BORN)
			fprintf (out, "%s: born\n", what);
		if (packet.record.type == REC_NO_WORKER)
			fprintf (out, "%s: %s\n", what,
				packet.record.a == EPERM      ? "EPERM"
				: packet.record.a == ENOTCONN ? "ENOTCONN"
							      : "another error");
		packet_close (&packet);
		if (packet.record.type == REC_BORN || packet.record.type == REC_NO_WORKER)
			break;
	}
	ask_for_job (link, out, what, uid, shown);
}

/* The connecting end of a connection to another process's socket: SO_PEERCRED there names the listener. */
static int connect_to (const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf (address.sun_path, sizeof address.sun_path, "%s", path);
	return connect (fd, (struct sockaddr *)&address, sizeof address) < 0 ? -1 : fd;
}

/* Wait until the descriptor reports one of these events of poll(2). */
static void await (int fd, short events)
{
	struct pollfd wanted = { .fd = fd, .events = events };

	while (poll (&wanted, 1, -1) < 0)
		;
}

static int accept_from (int listener)
{
	await (listener, POLLIN);
	return accept (listener, NULL, NULL);
}

/* A connection of root's to a listener of root's that is not remexd's, as the accepting process has it. */
static int accept_own (const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf (address.sun_path, sizeof address.sun_path, "%s", path);
	if (bind (listener, (struct sockaddr *)&address, sizeof address) < 0 || listen (listener, 1) < 0 ||
		connect_to (path) < 0)
		return -1;
	return accept_from (listener);
}

/* Descriptors that a front has or can make by itself: none of them is a client. */
static void ask_with_everything (int link, FILE *out, const int pairs[2], int own)
{
	int other = connect_to (getenv ("LYING_FRONT_SOCKET"));

	ask (link, out, "root by a pair", 0, pairs[0]);
	ask (link, out, "root by a pair of packets", 0, pairs[1]);
	fprintf (out, "connected: %s\n", other >= 0 ? "yes" : strerror (errno));
	ask (link, out, "root by a stranger's socket", 0, other);
	ask (link, out, "root by a stranger's client", 0, own);
	ask (link, out, "root by the listener", 0, listeners[0]);
	ask (link, out, "root by a copy of the listener", 0, dup (listeners[0]));
	ask (link, out, "root by the listener of TCP", 0, listeners[1]);
	ask (link, out, "root by its link", 0, link);
	ask (link, out, "root by a Unix socket", 0, socket (AF_UNIX, SOCK_STREAM, 0));
	ask (link, out, "root by a socket of TCP", 0, socket (AF_INET, SOCK_STREAM, 0));
	ask (link, out, "root by a socket of UDP", 0, socket (AF_INET, SOCK_DGRAM, 0));
	ask (link, out, "root by no socket at all", 0, STDERR_FILENO);
}

/* The last job is root's. Its own client may do all with it, and another identity nothing: for that one it does not exist. */
static void ask_others_jobs (int link, FILE *out, uid_t granted, int root)
{
	char id[16];

	snprintf (id, sizeof id, "%s", job);
	identity = "ann";
	ask_job (link, out, "ann opens root's job", REC_JOB_OPEN, granted, -1, id, strlen (id));
	ask_job (link, out, "ann removes root's job", REC_JOB_REMOVE, granted, -1, id, strlen (id));
	ask_job (link, out, "ann kills root's job", REC_JOB_KILL, granted, -1, id, strlen (id));
	ask_job (link, out, "ann lists jobs", REC_JOB_LIST, granted, -1, "", 0);
	ask_job (link, out, "ann opens it as root", REC_JOB_OPEN, 0, -1, id, strlen (id));
	ask_job (link, out, "nobody lists jobs", REC_JOB_LIST, granted + 1, -1, "", 0);
	ask_job (link, out, "root opens root's job", REC_JOB_OPEN, 0, root, id, strlen (id));
	ask_job (link, out, "root lists jobs", REC_JOB_LIST, 0, root, "", 0);
	ask_job (link, out, "root removes root's job", REC_JOB_REMOVE, 0, root, id, strlen (id));
}

static void ask_with_clients (int link, FILE *out, uid_t granted)
{
	int leaves, half, stays;

	leaves = accept_from (listeners[0]);
	ask (link, out, "a client", 0, leaves);
	ask (link, out, "a copy of a client", 0, dup (leaves));
	fflush (out);
	await (leaves, POLLRDHUP);
	ask (link, out, "root by a client that has left", 0, leaves);
	half = accept_from (listeners[0]);
	await (half, POLLRDHUP);
	ask (link, out, "root by a client that has shut its side", 0, half);
	stays = accept_from (listeners[0]);
	ask (link, out, "root by a client that stays", 0, stays);
	ask_others_jobs (link, out, granted, stays);
	shutdown (stays, SHUT_RDWR);
	ask (link, out, "root by a client that was shut out", 0, stays);
}

int lying_front_run (int link)
{
	FILE *out = fopen (getenv ("LYING_FRONT_LOG"), "we");
	uid_t granted = (uid_t)atoi (getenv ("LYING_FRONT_GRANTED"));
	int stream[2], packets[2], own;

	if (!out || !wait_for (link, REC_EQUIPPED) || link_post (link, REC_READY, 0, 0, 0, 0) < 0)
		return 1;
	/* Made by root: their credentials are root's. */
	if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream) < 0 ||
		socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, packets) < 0 ||
		(own = accept_own (getenv ("LYING_FRONT_OWN"))) < 0)
		return 1;
	if (setresgid (65534, 65534, 65534) < 0 || setresuid (65534, 65534, 65534) < 0)
		return 1;
	ask (link, out, "granted", granted, -1);
	ask (link, out, "root", 0, -1);
	ask (link, out, "another", granted + 1, -1);
	identity = "bob";
	ask (link, out, "granted to another", granted, -1);
	ask_with_everything (link, out, (const int[]){ stream[0], packets[0] }, own);
	ask_with_clients (link, out, granted);
	fputs ("done\n", out);
	fclose (out);
	wait_for (link, REC_DRAIN);
	return 0;
}
