/* connector - see connector.h. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "loop/connector.h"
#include "loop/loop.h"

struct connector {
	uv_loop_t *loop;
	struct endpoint endpoints[CONNECTOR_ADDRESSES];
	size_t n, at; /* at: the one that is tried */
	int64_t until_ms, next_ms; /* next_ms: of the address */
	int fd; /* -1: no address is being tried */
	int refused; /* the errno with which the first address was refused at once; 0: it was not */
	struct watch *watch;
	struct timer *timer;
	struct connector_end end;
	const struct connector_ops *ops;
	void *arg;
};

static void try_next (struct connector *connector);

size_t connector_addresses (const struct addrinfo *found, struct endpoint endpoints[CONNECTOR_ADDRESSES])
{
	size_t n = 0;

	for (; found && n < CONNECTOR_ADDRESSES; found = found->ai_next) {
		bool again = found->ai_family != AF_INET && found->ai_family != AF_INET6;

		if (!again)
			endpoint_set (&endpoints[n], found->ai_addr, found->ai_addrlen);
		for (size_t i = 0; i < n && !again; i++)
			again = endpoint_equal (&endpoints[i], &endpoints[n]);
		n += !again;
	}
	return n;
}

static void stop (struct connector *connector)
{
	watch_free (&connector->watch);
	fd_close (&connector->fd);
}

/* The address has failed: try the next one. */
static void fail (struct connector *connector, int error)
{
	struct connector_end *end = &connector->end;
	size_t used = strlen (end->why);
	char shown[ENDPOINT_SIZE];

	snprintf (end->why + used, sizeof end->why - used, "%s%s: %s", used ? "; " : "",
		endpoint_format (&connector->endpoints[connector->at], shown), strerror (error));
	end->error = error;
	end->refused = end->refused || error == ECONNREFUSED;
	stop (connector);
	connector->at++;
	connector->refused = 0;
	try_next (connector);
}

/* The socket is connected, or not. */
static void on_ready (void *arg, int events)
{
	struct connector *connector = arg;
	socklen_t size = sizeof (int);
	int error = 0, fd = connector->fd;

	(void)events;
	if (getsockopt (fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error) {
		fail (connector, error ? error : errno);
		return;
	}
	connector->fd = -1;
	stop (connector);
	timer_set (connector->loop, &connector->timer, 0, NULL, NULL);
	endpoint_tune (fd);
	connector->ops->connected (connector->arg, fd);
}

/* The loop may be late, and the socket may have been ready in time. */
static void on_timer (void *arg)
{
	struct connector *connector = arg;
	struct pollfd one = { .fd = connector->fd, .events = POLLOUT };

	if (connector->fd < 0 && connector->refused)
		fail (connector, connector->refused);
	else if (connector->fd < 0)
		try_next (connector);
	else if (poll (&one, 1, 0) > 0)
		on_ready (connector, UV_WRITABLE);
	else if (clock_ms () < connector->next_ms)
		timer_set (connector->loop, &connector->timer, connector->next_ms, on_timer, connector);
	else
		fail (connector, ETIMEDOUT);
}

/* 0, or an errno. */
static int begin (struct connector *connector)
{
	struct endpoint there = connector->endpoints[connector->at];
	struct err err;

	if (endpoint_resolve (&there, &err) < 0)
		return err.sys;
	connector->fd = socket (there.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (connector->fd < 0 || (connect (connector->fd, (const struct sockaddr *)&there.address, there.size) < 0 &&
					 errno != EINPROGRESS))
		return errno;
	connector->watch = watch_new (connector->loop, connector->fd, UV_WRITABLE, on_ready, connector);
	return connector->watch ? 0 : ENOMEM;
}

/* Try the current address: 0, or an errno. */
static int try_one (struct connector *connector)
{
	int64_t now = clock_ms (), left = connector->until_ms - now;

	connector->next_ms = now + left / (int64_t)(connector->n - connector->at);
	timer_set (connector->loop, &connector->timer, connector->next_ms, on_timer, connector);
	return begin (connector);
}

/* Try the current address, and on failure the addresses after it. */
static void try_next (struct connector *connector)
{
	int error;

	if (connector->at == connector->n || connector->until_ms <= clock_ms ()) {
		timer_set (connector->loop, &connector->timer, 0, NULL, NULL);
		connector->ops->failed (connector->arg, &connector->end);
	} else if ((error = try_one (connector))) {
		fail (connector, error);
	}
}

struct connector *connector_new (uv_loop_t *loop, const struct endpoint *endpoints, size_t n, int64_t until_ms,
	const struct connector_ops *ops, void *arg)
{
	struct connector *connector = calloc (1, sizeof *connector);

	if (!connector)
		return NULL;
	connector->loop = loop;
	connector->fd = -1;
	connector->n = n < CONNECTOR_ADDRESSES ? n : CONNECTOR_ADDRESSES;
	if (connector->n)
		memcpy (connector->endpoints, endpoints, connector->n * sizeof *endpoints);
	connector->until_ms = until_ms;
	connector->ops = ops;
	connector->arg = arg;
	if (!n || until_ms <= clock_ms () || (connector->refused = try_one (connector))) {
		stop (connector); /* told by the timer */
		timer_set (loop, &connector->timer, clock_ms (), on_timer, connector);
	}
	return connector;
}

void connector_free (struct connector **connector)
{
	if (!*connector)
		return;
	stop (*connector);
	timer_free (&(*connector)->timer);
	free (*connector);
	*connector = NULL;
}
