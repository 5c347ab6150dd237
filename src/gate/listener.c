/* listener - see listener.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "gate/gate.h"
#include "gate/handshake.h"
#include "gate/listener.h"

enum {
	BURST = 64, /* clients accepted in a row before the loop serves others */
	PAUSE_MS = 200,
};

static void accept_unix (struct gate *gate, int fd)
{
	struct gate_client who = { .remote = false };
	struct gate_refusal refusal = { .from = NULL };
	struct stream stream;
	struct err err;

	who.identity = access_unix (&gate->access, fd, &err);
	if (who.identity && gate_admit (gate, who.identity, &err) == 0) {
		stream_unix (&stream, fd);
		gate->ops->connected (gate->arg, &stream, &who, NULL);
		return;
	}
	refusal.you = who.identity ? who.identity->name : NULL;
	refusal.why = err.text;
	gate->ops->on_refused (gate->arg, &refusal);
	identity_release (who.identity);
	gate->ops->send_refusal (gate->arg, fd, (enum code)err.code, err.text);
}

static void resume (void *arg)
{
	struct gate *gate = arg;

	if (gate->reserve < 0)
		gate->reserve = open ("/dev/null", O_RDONLY | O_CLOEXEC);
	for (int i = 0; i < gate->n_listeners; i++)
		if (gate->listeners[i].watch)
			watch_set (gate->listeners[i].watch, UV_READABLE);
}

/* No descriptor is left: answer one client with the spare one, then pause. */
static void exhausted (struct listener_watch *listener)
{
	struct gate *gate = listener->gate;
	int fd;

	log_warning ("no descriptors are left: clients are refused for now");
	fd_close (&gate->reserve);
	fd = accept4 (listener->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0 && listener->kind == LISTEN_TCP) {
		tls_refuse (fd, TLS_ALERT_INTERNAL_ERROR);
		fd_close (&fd);
	} else if (fd >= 0) {
		gate->ops->send_refusal (gate->arg, fd, CODE_BUSY, "no descriptors are left");
	}
	gate->reserve = open ("/dev/null", O_RDONLY | O_CLOEXEC);
	for (int i = 0; i < gate->n_listeners; i++)
		if (gate->listeners[i].watch)
			watch_set (gate->listeners[i].watch, 0);
	timer_set (gate->loop, &gate->pause_timer, clock_ms () + PAUSE_MS, resume, gate);
}

static void on_client (void *arg, int events)
{
	struct listener_watch *listener = arg;

	(void)events;
	for (int i = 0; i < BURST; i++) {
		int fd = accept4 (listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0 && listener->kind == LISTEN_TCP) {
			handshake_start (listener->gate, fd); /* the client has to prove its key first */
		} else if (fd >= 0) {
			accept_unix (listener->gate, fd);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			exhausted (listener);
			return;
		} else if (errno != EINTR && errno != ECONNABORTED) {
			return;
		}
	}
}

/* Does the socket listen? The supervisor calls listen(2) for TCP when the first identity is admitted. 1, 0, or -1 with
 * errno. */
static int is_open (int fd)
{
	socklen_t size = sizeof (int);
	int listening = 0;

	return getsockopt (fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) < 0 ? -1 : listening;
}

int listener_follow (struct gate *gate)
{
	for (int i = 0; i < gate->n_listeners; i++) {
		struct listener_watch *listener = &gate->listeners[i];

		int open = listener->watch ? 0 : is_open (listener->fd);

		if (open < 0)
			return -1;
		if (open && !(listener->watch = watch_new (gate->loop, listener->fd, UV_READABLE, on_client, listener)))
			return -1;
	}
	return 0;
}

int listener_add (struct gate *gate, int fd, enum listen_kind kind)
{
	struct listener_watch *listener = &gate->listeners[gate->n_listeners];

	if (gate->n_listeners == LISTENERS_MAX)
		return -1;
	*listener = (struct listener_watch){ .gate = gate, .fd = fd, .kind = kind };
	if (is_open (fd) && !(listener->watch = watch_new (gate->loop, fd, UV_READABLE, on_client, listener)))
		return -1;
	gate->n_listeners++;
	if (kind == LISTEN_TCP)
		gate->access.shared = true;
	return 0;
}

void listener_stop (struct gate *gate)
{
	timer_free (&gate->pause_timer);
	handshake_stop_all (gate);
	for (int i = 0; i < gate->n_listeners; i++) {
		watch_free (&gate->listeners[i].watch);
		fd_close (&gate->listeners[i].fd);
	}
	gate->n_listeners = 0;
}
