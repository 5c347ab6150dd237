/* gate - see gate.h: the caps on clients, and the clients that stay. */
#include "config.h"

#include <time.h>

#include "base/clock.h"
#include "base/fd.h"
#include "gate/gate.h"
#include "gate/share.h"
#include "net/credential.h"

enum {
	LOOK_MS = 10000, /* expiry is in wall clock time, which may be set: check again after this time */
	/* Refused clients at once, in all and of one key: without a cap a key could open any number. */
	REFUSED_MAX = 64,
	REFUSED_EACH = 8,
};

int gate_init (struct gate *gate, uv_loop_t *loop, const struct gate_ops *ops, void *arg, uid_t daemon)
{
	static const struct throttle_limits none;

	*gate = (struct gate){ .loop = loop, .ops = ops, .arg = arg, .reserve = -1 };
	list_init (&gate->handshakes);
	list_init (&gate->clients);
	access_init (&gate->access, daemon);
	gate->throttle = throttle_new (&none);
	return gate->throttle ? 0 : -1;
}

void gate_free (struct gate *gate)
{
	timer_free (&gate->expiry_timer);
	access_free (&gate->access);
	throttle_free (gate->throttle);
	tls_context_free (gate->tls);
	credential_free (gate->host_key);
	fd_close (&gate->reserve);
}

void gate_set_limits (struct gate *gate, const struct gate_limits *limits, int64_t now_ms)
{
	gate->limits = *limits;
	throttle_set_limits (gate->throttle, &limits->throttle, now_ms);
}

int gate_set_host_key (struct gate *gate, struct credential *key, struct err *err)
{
	gate->host_key = key;
	return (gate->tls = tls_context_new (TLS_SERVER, key, err)) ? 0 : -1;
}

/* --- admission ---------------------------------------------------------------------------------------------------- */

/* The number of descriptors that all clients together may have. */
static int64_t client_descriptors (const struct gate *gate)
{
	int64_t all = gate->limits.descriptors, n = all - gate->n_listeners;

	return n > all / 2 ? n : all / 2;
}

int64_t gate_descriptors (const struct gate *gate)
{
	return gate->n_connections + gate->n_refused + throttle_entering (gate->throttle);
}

enum gate_verdict gate_admit_stranger (
	struct gate *gate, const struct endpoint *from, int64_t now_ms, struct throttle_source **source)
{
	int64_t fds = client_descriptors (gate);
	const struct share descriptors = { .most = fds, .each = 1 };

	if (share_ask (&descriptors, gate_descriptors (gate), 0, false) != SHARE_FREE)
		return ADMIT_NO_DESCRIPTORS;
	switch (throttle_enter (gate->throttle, from, now_ms, source)) {
	case THROTTLE_CROWDED: return ADMIT_CROWDED;
	case THROTTLE_PENALISED: return ADMIT_PENALISED;
	case THROTTLE_FULL: return ADMIT_FULL;
	case THROTTLE_ENTERED: break;
	}
	/* Clients in the handshake take at most half of the descriptors for clients, so that silent clients never keep
	 * out a known client. */
	if (throttle_entering (gate->throttle) > 1 && throttle_entering (gate->throttle) > fds / 2) {
		throttle_leave (gate->throttle, *source);
		*source = NULL;
		return ADMIT_FULL;
	}
	return ADMIT_IN;
}

int gate_admit (const struct gate *gate, const struct identity *identity, struct err *err)
{
	int64_t fds = client_descriptors (gate), clients = gate_descriptors (gate) - identity->remote;
	const struct share connections = { .most = gate->limits.connections, .each = gate->limits.connections_each };
	const struct share descriptors = { .most = fds, .each = fds > 1 ? fds / 2 : 1 };
	const struct grant *grant = identity->grant;
	enum share_verdict verdict;

	if (grant && identity->connections >= grant->limits.connections)
		return err_set (err, CODE_BUSY, "the identity '%s' has %d connections already", identity->name,
			identity->connections);
	verdict = share_ask (&connections, gate->n_connections, identity->connections, identity->full);
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

bool gate_admit_refused (const struct gate *gate, const struct key *key)
{
	const struct gate_client *client;
	int n = 0;

	if (gate->n_refused >= REFUSED_MAX)
		return false;
	if (gate->n_refused)
		list_each (client, &gate->clients, node)
			n += client->refused && key_equal (&client->key, key);
	return n < REFUSED_EACH;
}

/* --- connected clients -------------------------------------------------------------------------------------------- */

static void on_expiry (void *arg)
{
	struct gate *gate = arg;

	gate->expiry_at = 0;
	gate->ops->on_expiry (gate->arg);
}

/* Check again when the grant expires, or earlier. */
static void watch_expiry (struct gate *gate, const struct grant *grant)
{
	struct timespec now;
	int64_t left;

	if (!grant->expires || (gate->expiry_at && gate->expiry_at <= grant->expires))
		return;
	gate->expiry_at = grant->expires;
	clock_gettime (CLOCK_REALTIME, &now);
	left = grant->expires - now.tv_sec > LOOK_MS / 1000
		       ? LOOK_MS
		       : (grant->expires - now.tv_sec) * 1000 - now.tv_nsec / 1000000;
	timer_set (gate->loop, &gate->expiry_timer, clock_ms () + (left > 0 ? left : 1), on_expiry, gate);
}

void gate_enter (struct gate *gate, struct gate_client *client)
{
	client->gate = gate;
	client->identity->connections++;
	list_append (&gate->clients, &client->node);
	if (client->refused)
		gate->n_refused++;
	else
		gate->n_connections++;
	if (client->identity->grant)
		watch_expiry (gate, client->identity->grant);
}

void gate_leave (struct gate_client *client)
{
	client->identity->connections--;
	if (client->refused)
		client->gate->n_refused--;
	else
		client->gate->n_connections--;
	list_remove (&client->node);
	identity_release (client->identity);
	client->identity = NULL;
}

void gate_review (struct gate *gate, int64_t now)
{
	struct gate_client *client, *after;
	struct err err;

	gate->expiry_at = 0;
	list_each_safe (client, after, &gate->clients, node) {
		if (!client->remote)
			continue;
		if (access_stays (client->identity, &client->key, &client->from, now, &err) == 0)
			watch_expiry (gate, client->identity->grant);
		else
			gate->ops->on_revoked (gate->arg, client, &err);
	}
}
