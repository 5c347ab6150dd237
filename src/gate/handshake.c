/* handshake - see handshake.h. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "gate/gate.h"
#include "gate/handshake.h"
#include "net/peer.h"

enum {
	LINGER_MS = 1000,
};

static void handshake_free (struct handshake *handshake)
{
	struct gate *gate = handshake->gate;

	watch_free (&handshake->watch);
	timer_free (&handshake->timer);
	tls_free (handshake->tls);
	if (handshake->source)
		throttle_leave (gate->throttle, handshake->source);
	fd_close (&handshake->fd);
	list_remove (&handshake->node);
	free (handshake);
}

static void on_late (void *arg);

/* The client is refused, and its alert is sent. */
static void linger (struct handshake *handshake)
{
	struct gate *gate = handshake->gate;

	tls_free (handshake->tls);
	handshake->tls = NULL;
	handshake->lingering = true;
	shutdown (handshake->fd, SHUT_WR);
	watch_set (handshake->watch, UV_READABLE);
	timer_set (gate->loop, &handshake->timer, clock_ms () + LINGER_MS, on_late, handshake);
}

static void fail (struct handshake *handshake, enum throttle_failure failure, const char *why)
{
	struct gate *gate = handshake->gate;
	struct gate_refusal refusal = {
		.from = &handshake->from,
		.key = handshake->refused ? &handshake->key : NULL,
		.why = why,
		.looked = failure == THROTTLE_NO_KEY,
	};

	throttle_fail (gate->throttle, handshake->source, failure, clock_ms ());
	gate->ops->on_refused (gate->arg, &refusal);
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
	fail (handshake, THROTTLE_LATE, "the handshake took too long");
}

/* --- the end of the handshake ------------------------------------------------------------------------------------- */

/* The key is proved: the client is admitted, or told why it is not. The socket and the TLS go to the owner of the
 * gate. */
static void finish (struct handshake *handshake)
{
	struct gate *gate = handshake->gate;
	struct gate_client who = {
		.remote = true,
		.from = handshake->from,
		.key = *tls_peer_key (handshake->tls),
	};
	struct stream stream;
	struct err err;

	who.identity = access_key (&gate->access, &who.key, &who.from, time (NULL), &err);
	if (!who.identity || gate_admit (gate, who.identity, &err) < 0) {
		const struct admitted *known = grants_by_key (gate->access.grants, &who.key);
		struct gate_refusal refusal = {
			.from = &who.from,
			.key = &who.key,
			.you = known ? known->grant->name : NULL,
			.why = err.text,
		};

		if (err.code == CODE_DENIED)
			throttle_fail (gate->throttle, handshake->source, THROTTLE_DENIED, clock_ms ());
		gate->ops->on_refused (gate->arg, &refusal);
		identity_release (who.identity);
		who.refused = true;
		who.identity = gate_admit_refused (gate, &who.key) ? access_nobody (&gate->access) : NULL;
	}
	watch_free (&handshake->watch);
	stream_tls (&stream, handshake->fd, handshake->tls);
	handshake->fd = -1;
	handshake->tls = NULL;
	if (who.identity)
		gate->ops->connected (gate->arg, &stream, &who, who.refused ? &err : NULL);
	else
		stream_close (&stream);
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
		finish (handshake);
	else if (done == 0)
		watch_set (handshake->watch, tls_wants_write (handshake->tls) ? UV_WRITABLE : UV_READABLE);
	else if (tls_keyless (handshake->tls))
		fail (handshake, THROTTLE_NO_KEY, tls_why (handshake->tls));
	else
		fail (handshake, handshake->refused ? THROTTLE_BAD_KEY : THROTTLE_GARBAGE, tls_why (handshake->tls));
}

/* --- the start of the handshake ----------------------------------------------------------------------------------- */

static bool judge (void *arg, const struct key *key)
{
	struct handshake *handshake = arg;

	handshake->refused = !grants_by_key (handshake->gate->access.grants, key);
	handshake->key = *key;
	return !handshake->refused;
}

/* Refuse a client before any handshake, with a bare alert. */
static void turn_away (struct gate *gate, int fd, const struct endpoint *from, const char *why, enum tls_alert alert)
{
	struct gate_refusal refusal = { .from = from, .why = why };

	tls_refuse (fd, alert);
	gate->ops->on_refused (gate->arg, &refusal);
	gate->turned_away++;
	shutdown (fd, SHUT_WR);
	fd_close (&fd);
}

static void turn_away_by_verdict (struct gate *gate, int fd, const struct endpoint *from, enum gate_verdict verdict)
{
	static const char *const words[] = {
		[ADMIT_FULL] = "too many clients are in the handshake",
		[ADMIT_CROWDED] = "too many clients from that address are in the handshake",
		[ADMIT_PENALISED] = "that address has failed too often",
		[ADMIT_NO_DESCRIPTORS] = "too few descriptors are left",
	};

	turn_away (gate, fd, from, words[verdict],
		verdict == ADMIT_PENALISED ? TLS_ALERT_ACCESS_DENIED : TLS_ALERT_INTERNAL_ERROR);
}

/* The oldest handshake, or the oldest one of the tunnel; NULL: there is none. */
static struct handshake *oldest_of (const struct gate *gate, bool of_tunnel)
{
	struct handshake *handshake;

	list_each (handshake, &gate->handshakes, node)
		if (!of_tunnel || endpoint_is_tunnel (&handshake->from))
			return handshake;
	return NULL;
}

/* End the oldest handshake (of the tunnel), with an alert unless one was sent. False: there is none. */
static bool make_room (struct gate *gate, bool of_tunnel)
{
	struct handshake *oldest = oldest_of (gate, of_tunnel);

	if (!oldest)
		return false;
	watch_free (&oldest->watch);
	if (!oldest->lingering) {
		turn_away_by_verdict (gate, oldest->fd, &oldest->from, ADMIT_FULL);
		oldest->fd = -1;
	}
	handshake_free (oldest);
	return true;
}

/* Admit a client to the handshake; the oldest handshake may have to make room. */
static enum gate_verdict admit (struct gate *gate, const struct endpoint *from, struct throttle_source **source)
{
	enum gate_verdict verdict;

	do
		verdict = gate_admit_stranger (gate, from, clock_ms (), source);
	while ((verdict == ADMIT_FULL && make_room (gate, false)) ||
		(verdict == ADMIT_CROWDED && endpoint_is_tunnel (from) && make_room (gate, true)));
	return verdict;
}

/* The owner of `fd` has the handshake with it. NULL without memory: nothing has changed. */
static struct handshake *handshake_new (
	struct gate *gate, int fd, const struct endpoint *from, struct throttle_source *source)
{
	struct handshake *handshake = calloc (1, sizeof *handshake);

	if (!handshake)
		return NULL;
	handshake->gate = gate;
	handshake->from = *from;
	handshake->fd = fd;
	handshake->tls = tls_new (gate->tls, fd, judge, handshake);
	handshake->watch = handshake->tls ? watch_new (gate->loop, fd, UV_READABLE, on_ready, handshake) : NULL;
	if (!handshake->watch) {
		tls_free (handshake->tls);
		free (handshake);
		return NULL;
	}
	handshake->source = source;
	list_append (&gate->handshakes, &handshake->node);
	return handshake;
}

static void start (struct gate *gate, int fd, const struct endpoint *from)
{
	struct throttle_source *source;
	struct handshake *handshake;
	enum gate_verdict verdict;

	if (!gate->tls) {
		turn_away (gate, fd, from, "there is no host key", TLS_ALERT_INTERNAL_ERROR);
		return;
	}
	if ((verdict = admit (gate, from, &source)) != ADMIT_IN) {
		turn_away_by_verdict (gate, fd, from, verdict);
		return;
	}
	if (!(handshake = handshake_new (gate, fd, from, source))) {
		turn_away (gate, fd, from, "out of memory", TLS_ALERT_INTERNAL_ERROR);
		throttle_leave (gate->throttle, source);
		return;
	}
	timer_set (gate->loop, &handshake->timer, clock_ms () + gate->limits.handshake_ms, on_late, handshake);
}

void handshake_start (struct gate *gate, int fd)
{
	struct endpoint from;

	if (peer_endpoint (fd, &from) < 0) {
		fd_close (&fd); /* the client is gone already */
		return;
	}
	endpoint_tune (fd);
	start (gate, fd, &from);
}

void handshake_start_tunnel (struct gate *gate, int fd)
{
	struct endpoint from;

	endpoint_set_tunnel (&from);
	start (gate, fd, &from);
}

void handshake_stop_all (struct gate *gate)
{
	struct handshake *handshake, *after;

	list_each_safe (handshake, after, &gate->handshakes, node)
		handshake_free (handshake);
}
