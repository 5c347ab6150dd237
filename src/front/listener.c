/* listener - accept clients: who they are, and whether there is room for them.
 *
 * When descriptors run out, the one in reserve is given up to accept, answer and close, so that the client reads "busy"
 * and not a bare end of stream; then accepting pauses, so that the loop does not spin (accept(2), EMFILE).
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "front/handshake.h"
#include "front/connection.h"
#include "front/front.h"
#include "gate/share.h"

enum {
	BURST = 64, /* accepted in a row before the loop looks at others */
	PAUSE_MS = 200,
};

/* Tell a client that will not become a connection why, as a session would. */
static void refuse (struct front *front, int fd, enum code code, const char *text)
{
	struct session session;
	struct identity nobody = { .name = "" };
	static const struct session_limits limits;

	session_init (&session, &front_session_events, NULL, &limits, front_hello (front, &nobody), 0);
	session_violation (&session, code, text);
	/* A new socket's buffer takes so little at once. */
	if (send (fd, buf_head (&session.out), buf_len (&session.out), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		shutdown (fd, SHUT_WR);
	session_free (&session);
	front->errors[code]++;
	fd_close (&fd);
}

/* The descriptors that clients may take altogether: what is left when the front has its own and the workers have theirs,
 * which are at most three eighths. */
static int64_t client_fds (const struct front *front)
{
	int64_t most = front->max_fds, few = most / 8;
	int64_t wanted = ((int64_t)front->pool.max + CONTROL_WORKERS) * FRONT_WORKER_FDS;
	int64_t kept = wanted < most * 3 / 8 ? wanted : most * 3 / 8;
	int64_t n = most - FRONT_OWN_FDS - front->n_listening - kept;

	return n > few ? n : few;
}

int64_t listening_clients (const struct front *front)
{
	return front->n_connections + front->n_refused + throttle_entering (front->throttle);
}

int64_t listening_unauthenticated (const struct front *front)
{
	int64_t half = client_fds (front) / 2;

	return half > 1 ? half : 1;
}

int listening_admit (const struct front *front, const struct identity *identity, struct err *err)
{
	int64_t fds = client_fds (front), clients = listening_clients (front) - identity->remote;
	const struct share connections = {
		.most = front->config->limits.connections,
		.each = front->config->limits.connections_each,
	}, descriptors = { .most = fds, .each = fds > 1 ? fds / 2 : 1 };
	enum share_verdict verdict;

	verdict = share_ask (&connections, front->n_connections, identity->connections, identity->full);
	if (verdict == SHARE_FULL)
		return err_set (err, CODE_BUSY, "too many connections");
	if (verdict == SHARE_FREE)
		verdict = share_ask (&descriptors, clients, identity->connections, identity->full);
	if (verdict == SHARE_FULL)
		return err_set (err, CODE_BUSY, "too few descriptors are left for more connections");
	if (verdict == SHARE_EACH)
		return err_set (err, CODE_BUSY, "%s has %d connections already", identity->name, identity->connections);
	return 0;
}

/* Over TCP nobody is known yet: a client has to prove who it is first (handshake.h). */
static void welcome_tcp (struct front *front, int fd)
{
	const struct share descriptors = { .most = client_fds (front), .each = 1 };

	if (share_ask (&descriptors, listening_clients (front), 0, false) == SHARE_FREE) {
		handshake_start (front, fd);
		return;
	}
	tls_refuse (fd, TLS_ALERT_INTERNAL_ERROR);
	front->turned_away++;
	fd_close (&fd);
}

static void welcome (struct front *front, int fd)
{
	struct identity *identity;
	struct stream stream;
	struct err err;

	if (!(identity = access_unix (&front->access, fd, &err))) {
		trail_refused (front, NULL, NULL, NULL, NULL, err.text);
		refuse (front, fd, (enum code)err.code, err.text);
		return;
	}
	if (listening_admit (front, identity, &err) < 0) {
		trail_refused (front, NULL, NULL, identity->name, NULL, err.text);
		identity_release (identity);
		refuse (front, fd, (enum code)err.code, err.text);
		return;
	}
	stream_unix (&stream, fd);
	connection_start (front, &stream, identity, NULL, NULL);
}

static void resume (void *arg)
{
	struct front *front = arg;

	if (front->reserve < 0)
		front->reserve = open ("/dev/null", O_RDONLY | O_CLOEXEC);
	for (int i = 0; i < front->n_listening; i++)
		if (front->listening[i].watch)
			watch_set (front->listening[i].watch, UV_READABLE);
}

/* No descriptor is left: answer one client with the one in reserve, then wait a little. */
static void exhausted (struct listening *listening)
{
	struct front *front = listening->front;
	int fd;

	log_warning ("no descriptors are left: clients are refused for now");
	fd_close (&front->reserve);
	fd = accept4 (listening->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0 && listening->kind == LISTEN_TCP) {
		tls_refuse (fd, TLS_ALERT_INTERNAL_ERROR);
		fd_close (&fd);
	} else if (fd >= 0) {
		refuse (front, fd, CODE_BUSY, "no descriptors are left");
	}
	front->reserve = open ("/dev/null", O_RDONLY | O_CLOEXEC);
	for (int i = 0; i < front->n_listening; i++)
		if (front->listening[i].watch)
			watch_set (front->listening[i].watch, 0);
	timer_set (&front->loop, &front->accept_timer, clock_ms () + PAUSE_MS, resume, front);
}

static void on_client (void *arg, int events)
{
	struct listening *listening = arg;

	(void)events;
	for (int i = 0; i < BURST; i++) {
		int fd = accept4 (listening->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0 && listening->kind == LISTEN_TCP) {
			welcome_tcp (listening->front, fd);
		} else if (fd >= 0) {
			welcome (listening->front, fd);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			exhausted (listening);
			return;
		} else if (errno != EINTR && errno != ECONNABORTED) {
			return;
		}
	}
}

/* Has somebody called listen(2)? The supervisor does so for TCP when the first identity may come in. */
static bool is_open (int fd)
{
	socklen_t size = sizeof (int);
	int listening = 0;

	return getsockopt (fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening;
}

int listening_follow (struct front *front)
{
	for (int i = 0; i < front->n_listening; i++) {
		struct listening *listening = &front->listening[i];

		if (!listening->watch && is_open (listening->fd) &&
			!(listening->watch =
					watch_new (&front->loop, listening->fd, UV_READABLE, on_client, listening)))
			return -1;
	}
	return 0;
}

int listening_add (struct front *front, int fd, enum listen_kind kind)
{
	struct listening *listening = &front->listening[front->n_listening];

	if (front->n_listening == (int)(sizeof front->listening / sizeof *front->listening))
		return -1;
	*listening = (struct listening){ .front = front, .fd = fd, .kind = kind };
	if (is_open (fd) && !(listening->watch = watch_new (&front->loop, fd, UV_READABLE, on_client, listening)))
		return -1;
	front->n_listening++;
	if (kind == LISTEN_TCP)
		front->access.shared = front->queue.shared = true;
	return 0;
}

void listening_stop (struct front *front)
{
	timer_free (&front->accept_timer);
	for (int i = 0; i < front->n_listening; i++) {
		watch_free (&front->listening[i].watch);
		fd_close (&front->listening[i].fd);
	}
	front->n_listening = 0;
}
