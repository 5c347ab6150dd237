/* handshake - see handshake.h. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "front/handshake.h"
#include "front/connection.h"
#include "front/front.h"
#include "front/trail.h"
#include "net/peer.h"

enum {
	LINGER_MS = 1000,
	REFUSED_MAX = 64, /* at once: they are in nobody's account, and who has a key could have any number of them, */
	REFUSED_EACH = 8, /* of one key */
};

static void handshake_free (struct handshake *handshake)
{
	struct front *front = handshake->front;

	watch_free (&handshake->watch);
	timer_free (&handshake->timer);
	tls_free (handshake->tls);
	if (handshake->source)
		throttle_leave (front->throttle, handshake->source);
	fd_close (&handshake->fd);
	list_remove (&handshake->node);
	free (handshake);
}

static void on_late (void *arg);

/* It will not come in. What it is told has been said. */
static void linger (struct handshake *handshake)
{
	struct front *front = handshake->front;

	tls_free (handshake->tls);
	handshake->tls = NULL;
	handshake->lingering = true;
	shutdown (handshake->fd, SHUT_WR);
	watch_set (handshake->watch, UV_READABLE);
	timer_set (&front->loop, &handshake->timer, clock_ms () + LINGER_MS, on_late, handshake);
}

static void fail (struct handshake *handshake, enum throttle_failure failure, const char *why)
{
	throttle_fail (handshake->front->throttle, handshake->source, failure, clock_ms ());
	if (failure == SOURCE_NO_KEY)
		trail_looked (handshake->front, &handshake->from, why);
	else
		trail_refused (handshake->front, &handshake->from, handshake->refused ? &handshake->key : NULL, NULL,
			NULL, why);
	linger (handshake);
}

static void on_late (void *arg)
{
	struct handshake *handshake = arg;

	if (handshake->lingering) {
		handshake_free (handshake);
		return;
	}
	tls_refuse (handshake->fd, TLS_ALERT_INTERNAL_ERROR);
	fail (handshake, SOURCE_LATE, "the handshake took too long");
}

/* --- the handshake is done ---------------------------------------------------------------------------------------- */

/* May a client that does not come in have a connection to read why? */
static bool may_be_told (const struct front *front, const struct key *key)
{
	const struct connection *connection;
	int n = 0;

	if (front->n_refused >= REFUSED_MAX)
		return false;
	if (front->n_refused)
		list_each (connection, &front->connections, node)
			n += connection->refused && key_equal (&connection->key, key);
	return n < REFUSED_EACH;
}

/* The key is proved: its identity comes in, or is told why not. The socket and the TLS go to a connection. */
static void come_in (struct handshake *handshake)
{
	struct front *front = handshake->front;
	struct key key = *tls_peer_key (handshake->tls);
	struct identity *identity = NULL;
	struct connection *connection;
	struct stream stream;
	struct err err;
	bool denied;

	identity = access_key (&front->access, &key, &handshake->from, time (NULL), &err);
	if (identity && listening_admit (front, identity, &err) < 0) {
		identity_release (identity);
		identity = NULL;
	}
	denied = !identity;
	if (denied) {
		const struct admitted *known = grants_by_key (front->access.grants, &key);

		if (err.code == CODE_DENIED)
			throttle_fail (front->throttle, handshake->source, SOURCE_DENIED, clock_ms ());
		trail_refused (front, &handshake->from, &key, known ? known->grant->name : NULL, NULL, err.text);
		identity = may_be_told (front, &key) ? access_nobody (&front->access) : NULL;
	}
	watch_free (&handshake->watch);
	stream_tls (&stream, handshake->fd, handshake->tls);
	handshake->fd = -1;
	handshake->tls = NULL;
	if (!identity)
		stream_close (&stream);
	else if ((connection = connection_start (front, &stream, identity, &handshake->from, &key)) && denied)
		connection_refuse (connection, (enum code)err.code, err.text);
	handshake_free (handshake);
}

static void on_ready (void *arg, int events)
{
	struct handshake *handshake = arg;
	char nothing[4096];
	int done;

	(void)events;
	if (handshake->lingering) {
		ssize_t got = recv (handshake->fd, nothing, sizeof nothing, MSG_DONTWAIT);

		if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
			handshake_free (handshake);
		return;
	}
	done = tls_handshake (handshake->tls);
	if (done > 0)
		come_in (handshake);
	else if (done == 0)
		watch_set (handshake->watch, tls_wants_write (handshake->tls) ? UV_WRITABLE : UV_READABLE);
	else if (tls_keyless (handshake->tls))
		fail (handshake, SOURCE_NO_KEY, tls_why (handshake->tls));
	else
		fail (handshake, handshake->refused ? SOURCE_BAD_KEY : SOURCE_GARBAGE, tls_why (handshake->tls));
}

/* --- the beginning ------------------------------------------------------------------------------------------------ */

static bool judge (void *arg, const struct key *key)
{
	struct handshake *handshake = arg;

	handshake->refused = !grants_by_key (handshake->front->access.grants, key);
	handshake->key = *key;
	return !handshake->refused;
}

/* It cannot even begin: a bare alert says so. */
static void turn_away (struct front *front, int fd, const struct endpoint *from, enum throttle_verdict verdict)
{
	static const char *const words[] = {
		[SOURCE_WELCOME] = "out of memory",
		[SOURCE_CROWDED] = "too many from there are on their way in",
		[SOURCE_FULL] = "too many are on their way in",
		[SOURCE_PENALISED] = "it has failed too often",
	};

	tls_refuse (fd, verdict == SOURCE_PENALISED ? TLS_ALERT_ACCESS_DENIED : TLS_ALERT_INTERNAL_ERROR);
	trail_refused (front, from, NULL, NULL, NULL, words[verdict]);
	front->turned_away++;
	shutdown (fd, SHUT_WR);
	fd_close (&fd);
}

/* The oldest goes: with a word, unless that has been said. False when there is none. */
static bool make_room (struct front *front)
{
	struct handshake *oldest;

	if (list_empty (&front->handshakes))
		return false;
	oldest = list_entry (front->handshakes.next, struct handshake, node);
	watch_free (&oldest->watch);
	if (!oldest->lingering) {
		turn_away (front, oldest->fd, &oldest->from, SOURCE_FULL);
		oldest->fd = -1;
	}
	handshake_free (oldest);
	return true;
}

static enum throttle_verdict enter (struct front *front, const struct endpoint *from, struct throttle_source **source)
{
	enum throttle_verdict verdict;
	uint32_t dice = 0;

	(void)!getrandom (&dice, sizeof dice, GRND_NONBLOCK);
	verdict = throttle_enter (front->throttle, from, clock_ms (), dice, source);
	if (verdict == SOURCE_FULL && make_room (front))
		verdict = throttle_enter (front->throttle, from, clock_ms (), UINT32_MAX, source);
	if (verdict == SOURCE_WELCOME && throttle_entering (front->throttle) > listening_unauthenticated (front))
		make_room (front); /* the new one does not count yet */
	return verdict;
}

void handshake_start (struct front *front, int fd)
{
	struct handshake *handshake = calloc (1, sizeof *handshake);
	enum throttle_verdict verdict = SOURCE_WELCOME;
	struct endpoint from;

	if (peer_endpoint (fd, &from) < 0) {
		free (handshake);
		fd_close (&fd); /* it is gone again */
		return;
	}
	endpoint_tune (fd);
	if (!handshake || !front->tls || (verdict = enter (front, &from, &handshake->source)) != SOURCE_WELCOME) {
		turn_away (front, fd, &from, verdict);
		free (handshake);
		return;
	}
	handshake->front = front;
	handshake->fd = fd;
	handshake->from = from;
	list_append (&front->handshakes, &handshake->node);
	handshake->tls = tls_new (front->tls, fd, judge, handshake);
	handshake->watch = handshake->tls ? watch_new (&front->loop, fd, UV_READABLE, on_ready, handshake) : NULL;
	if (!handshake->watch) {
		tls_refuse (fd, TLS_ALERT_INTERNAL_ERROR);
		handshake_free (handshake);
		return;
	}
	timer_set (
		&front->loop, &handshake->timer, clock_ms () + front->config->limits.handshake_ms, on_late, handshake);
}

void handshake_stop_all (struct front *front)
{
	struct handshake *handshake, *after;

	list_each_safe (handshake, after, &front->handshakes, node)
		handshake_free (handshake);
}
