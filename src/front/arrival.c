/* arrival - see arrival.h. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "front/arrival.h"
#include "front/connection.h"
#include "front/front.h"
#include "front/trail.h"
#include "net/peer.h"

enum {
	LINGER_MS = 1000,
	REFUSED_MAX = 64, /* at once: they are in nobody's account, and who has a key could have any number of them, */
	REFUSED_EACH = 8, /* of one key */
};

static void arrival_free (struct arrival *arrival)
{
	struct front *front = arrival->front;

	watch_free (&arrival->watch);
	timer_free (&arrival->timer);
	tls_free (arrival->tls);
	if (arrival->source)
		source_leave (front->sources, arrival->source);
	fd_close (&arrival->fd);
	list_remove (&arrival->node);
	free (arrival);
}

static void on_late (void *arg);

/* It will not come in. What it is told has been said. */
static void linger (struct arrival *arrival)
{
	struct front *front = arrival->front;

	tls_free (arrival->tls);
	arrival->tls = NULL;
	arrival->lingering = true;
	shutdown (arrival->fd, SHUT_WR);
	watch_set (arrival->watch, UV_READABLE);
	timer_set (&front->loop, &arrival->timer, clock_ms () + LINGER_MS, on_late, arrival);
}

static void fail (struct arrival *arrival, enum source_failure failure, const char *why)
{
	source_fail (arrival->front->sources, arrival->source, failure, clock_ms ());
	if (failure == SOURCE_NO_KEY)
		trail_looked (arrival->front, &arrival->from, why);
	else
		trail_refused (
			arrival->front, &arrival->from, arrival->refused ? &arrival->key : NULL, NULL, NULL, why);
	linger (arrival);
}

static void on_late (void *arg)
{
	struct arrival *arrival = arg;

	if (arrival->lingering) {
		arrival_free (arrival);
		return;
	}
	tls_refuse (arrival->fd, TLS_ALERT_INTERNAL_ERROR);
	fail (arrival, SOURCE_LATE, "the handshake took too long");
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
static void come_in (struct arrival *arrival)
{
	struct front *front = arrival->front;
	struct key key = *tls_peer_key (arrival->tls);
	struct identity *identity = NULL;
	struct connection *connection;
	struct stream stream;
	struct err err;
	bool denied;

	identity = access_key (&front->access, &key, &arrival->from, time (NULL), &err);
	if (identity && listening_admit (front, identity, &err) < 0) {
		identity_release (identity);
		identity = NULL;
	}
	denied = !identity;
	if (denied) {
		const struct admitted *known = grants_by_key (front->access.grants, &key);

		if (err.code == CODE_DENIED)
			source_fail (front->sources, arrival->source, SOURCE_DENIED, clock_ms ());
		trail_refused (front, &arrival->from, &key, known ? known->grant->name : NULL, NULL, err.text);
		identity = may_be_told (front, &key) ? access_nobody (&front->access) : NULL;
	}
	watch_free (&arrival->watch);
	stream_tls (&stream, arrival->fd, arrival->tls);
	arrival->fd = -1;
	arrival->tls = NULL;
	if (!identity)
		stream_close (&stream);
	else if ((connection = connection_start (front, &stream, identity, &arrival->from, &key)) && denied)
		connection_refuse (connection, (enum code)err.code, err.text);
	arrival_free (arrival);
}

static void on_ready (void *arg, int events)
{
	struct arrival *arrival = arg;
	char nothing[4096];
	int done;

	(void)events;
	if (arrival->lingering) {
		ssize_t got = recv (arrival->fd, nothing, sizeof nothing, MSG_DONTWAIT);

		if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
			arrival_free (arrival);
		return;
	}
	done = tls_handshake (arrival->tls);
	if (done > 0)
		come_in (arrival);
	else if (done == 0)
		watch_set (arrival->watch, tls_wants_write (arrival->tls) ? UV_WRITABLE : UV_READABLE);
	else if (tls_keyless (arrival->tls))
		fail (arrival, SOURCE_NO_KEY, tls_why (arrival->tls));
	else
		fail (arrival, arrival->refused ? SOURCE_BAD_KEY : SOURCE_GARBAGE, tls_why (arrival->tls));
}

/* --- the beginning ------------------------------------------------------------------------------------------------ */

static bool judge (void *arg, const struct key *key)
{
	struct arrival *arrival = arg;

	arrival->refused = !grants_by_key (arrival->front->access.grants, key);
	arrival->key = *key;
	return !arrival->refused;
}

/* It cannot even begin: a bare alert says so. */
static void turn_away (struct front *front, int fd, const struct endpoint *from, enum source_verdict verdict)
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
	struct arrival *oldest;

	if (list_empty (&front->arrivals))
		return false;
	oldest = list_entry (front->arrivals.next, struct arrival, node);
	watch_free (&oldest->watch);
	if (!oldest->lingering) {
		turn_away (front, oldest->fd, &oldest->from, SOURCE_FULL);
		oldest->fd = -1;
	}
	arrival_free (oldest);
	return true;
}

static enum source_verdict enter (struct front *front, const struct endpoint *from, struct source **source)
{
	enum source_verdict verdict;
	uint32_t dice = 0;

	(void)!getrandom (&dice, sizeof dice, GRND_NONBLOCK);
	verdict = sources_enter (front->sources, from, clock_ms (), dice, source);
	if (verdict == SOURCE_FULL && make_room (front))
		verdict = sources_enter (front->sources, from, clock_ms (), UINT32_MAX, source);
	if (verdict == SOURCE_WELCOME && sources_entering (front->sources) > listening_unproved (front))
		make_room (front); /* the new one is no arrival yet */
	return verdict;
}

void arrival_start (struct front *front, int fd)
{
	struct arrival *arrival = calloc (1, sizeof *arrival);
	enum source_verdict verdict = SOURCE_WELCOME;
	struct endpoint from;

	if (peer_endpoint (fd, &from) < 0) {
		free (arrival);
		fd_close (&fd); /* it is gone again */
		return;
	}
	endpoint_tune (fd);
	if (!arrival || !front->tls || (verdict = enter (front, &from, &arrival->source)) != SOURCE_WELCOME) {
		turn_away (front, fd, &from, verdict);
		free (arrival);
		return;
	}
	arrival->front = front;
	arrival->fd = fd;
	arrival->from = from;
	list_append (&front->arrivals, &arrival->node);
	arrival->tls = tls_new (front->tls, fd, judge, arrival);
	arrival->watch = arrival->tls ? watch_new (&front->loop, fd, UV_READABLE, on_ready, arrival) : NULL;
	if (!arrival->watch) {
		tls_refuse (fd, TLS_ALERT_INTERNAL_ERROR);
		arrival_free (arrival);
		return;
	}
	timer_set (&front->loop, &arrival->timer, clock_ms () + front->config->limits.handshake_ms, on_late, arrival);
}

void arrival_stop_all (struct front *front)
{
	struct arrival *arrival, *after;

	list_each_safe (arrival, after, &front->arrivals, node)
		arrival_free (arrival);
}
