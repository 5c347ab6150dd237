/* way - see way.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/link.h"
#include "meter.h"
#include "net/credential.h"
#include "net/endpoint.h"
#include "net/tls.h"
#include "way.h"
#include "wire/records.h"

static const char ssh_scheme[] = "ssh://";
extern char **environ;

struct way {
	int fd;
	struct tls *tls; /* NULL: a Unix socket */
};

static void wait_for (struct way *way, short events)
{
	struct pollfd one = { .fd = way->fd, .events = events };

	if (poll (&one, 1, -1) < 0 && errno != EINTR)
		meter_fail ("poll");
}

static bool accept_any_key (void *arg, const struct key *key)
{
	(void)arg;
	(void)key;
	return true;
}

/* One key for all connections of this process. */
static struct tls_context *context (void)
{
	static struct tls_context *context;
	struct credential *credential;
	const char *directory = getenv ("REMEX_CONFIG");
	char path[4096];
	struct err err;
	int fd;

	if (context)
		return context;
	snprintf (path, sizeof path, "%s/id.pem", directory ? directory : ".");
	if ((fd = credential_open (path, &err)) < 0 || !(credential = credential_read (fd, path, &err)) ||
		!(context = tls_context_new (TLS_CLIENT, credential, &err)))
		meter_fail ("%s", err.text);
	fd_close (&fd);
	credential_free (credential);
	return context;
}

static void shake (struct way *way, const char *where)
{
	int done;

	if (!(way->tls = tls_new (context (), way->fd, accept_any_key, NULL)))
		meter_fail ("no memory");
	while ((done = tls_handshake (way->tls)) == 0)
		wait_for (way, tls_wants_write (way->tls) ? POLLOUT : POLLIN);
	if (done < 0)
		meter_fail ("%s: %s", where, tls_why (way->tls));
}

/* The control socket of a remex-ssh; it is never closed, since remex-ssh ends with it. */
static int start_helper (void)
{
	const char *program = getenv ("REMEX_SSH");
	char name[] = "remex-ssh", *argv[] = { name, NULL };
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int pair[2], error;

	if (!program || link_pair (pair) < 0)
		meter_fail ("remex-ssh: REMEX_SSH");
	posix_spawn_file_actions_init (&actions);
	posix_spawn_file_actions_adddup2 (&actions, pair[1], STDIN_FILENO);
	posix_spawn_file_actions_addopen (&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if ((error = posix_spawn (&pid, program, &actions, NULL, argv, environ)) != 0) {
		errno = error;
		meter_fail ("%s", program);
	}
	posix_spawn_file_actions_destroy (&actions);
	fd_close (&pair[1]);
	return pair[0];
}

/* A channel to the remexd of HOST:PORT, as libremex asks for it. */
static int reach (const char *where)
{
	const char *colon = strrchr (where, ':');
	struct outgoing request = { .record = { .type = REC_REACH, .id = 1, .b = REACH_STDIO } };
	static struct packet answer;
	char texts[256];
	int pair[2], control = start_helper ();

	if (!colon || colon - where > 200)
		meter_fail ("not HOST:PORT: %s", where);
	if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		meter_fail ("socketpair");
	request.record.a = strtol (colon + 1, NULL, 10);
	request.n = (size_t)snprintf (texts, sizeof texts, "%c%.*s%c", 0, (int)(colon - where), where, 0) + 1;
	request.data = texts;
	request.fds = &pair[1];
	request.n_fds = 1;
	if (link_send (control, &request, 0) < 0 || link_recv (control, &answer, 0) <= 0)
		meter_fail ("remex-ssh has ended");
	errno = 0;
	if (answer.record.type != REC_REACHED)
		meter_fail ("%s: %s", where, (const char *)answer.data + strlen ((const char *)answer.data) + 1);
	fd_close (&pair[1]);
	return pair[0];
}

struct way *way_open (const char *where)
{
	struct way *way = calloc (1, sizeof *way);
	struct endpoint to;
	struct err err;

	if (!way)
		meter_fail ("no memory");
	if (*where == '/') {
		way->fd = meter_connect (where);
		return way;
	}
	if (!strncmp (where, ssh_scheme, strlen (ssh_scheme))) {
		way->fd = reach (where + strlen (ssh_scheme));
		return way;
	}
	if (endpoint_parse (&to, where, &err) < 0)
		meter_fail ("%s", err.text);
	way->fd = socket (to.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (way->fd < 0 || connect (way->fd, (struct sockaddr *)&to.address, to.size) < 0 ||
		fd_nonblock (way->fd, true) < 0)
		meter_fail ("%s", where);
	endpoint_tune (way->fd);
	shake (way, where);
	return way;
}

void way_close (struct way *way)
{
	tls_free (way->tls);
	fd_close (&way->fd);
	free (way);
}

ssize_t way_recv (struct way *way, void *bytes, size_t n)
{
	ssize_t got;

	if (!way->tls)
		return recv (way->fd, bytes, n, 0);
	while ((got = tls_read (way->tls, bytes, n)) < 0 && errno == EAGAIN)
		wait_for (way, POLLIN);
	return got;
}

void way_send (struct way *way, const void *bytes, size_t n)
{
	const char *from = bytes;

	while (n) {
		ssize_t done = way->tls ? tls_write (way->tls, from, n) : send (way->fd, from, n, MSG_NOSIGNAL);

		if (done < 0 && errno == EAGAIN) {
			wait_for (way, POLLOUT);
			continue;
		}
		if (done < 0)
			meter_fail ("send");
		from += done;
		n -= (size_t)done;
	}
}
