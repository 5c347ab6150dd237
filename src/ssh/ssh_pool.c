/* ssh_pool - see ssh_pool.h.
 *
 *   peer      a user at a host and port: its route, its sessions, the requests that wait for one of them
 *   route     one session of a peer, from the look-up of the name to the end of the session
 *   reach     one request
 *
 * A reach is in the list `waiting` of its peer, or is a channel of a session. Routes and peers are freed by the sweep, which
 * the loop runs later: none is freed while one of its own functions runs.
 */
#include "config.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/link.h"
#include "base/list.h"
#include "loop/loop.h"
#include "loop/resolver.h"
#include "ssh/failure.h"
#include "ssh/ssh_login.h"
#include "ssh/ssh_pool.h"
#include "ssh/ssh_session.h"

struct ssh_pool {
	uv_loop_t *loop;
	struct resolver *resolver;
	struct agent_link *agent; /* shared by all logins */
	struct keyring *keyring; /* the same */
	struct list peers;
	struct timer *sweep;
	char *remark; /* for ssh_pool_remark */
	bool remarked;
	bool freeing;
};

struct peer {
	struct list node; /* in pool->peers */
	struct ssh_pool *pool;
	char *user, *host, *via; /* as they were asked for; via NULL: not said */
	int hops; /* on the way to it, as far as is known: those that ask for it */
	bool probe; /* its sessions end with the judgement of the key */
	struct login_shown shown; /* the key that was the reason for the last end */
	uint16_t port;
	struct login_host login; /* what ~/.ssh/config says of it */
	struct list waiting; /* of reach */
	struct list routes;
	size_t n_routes;
	int tries; /* connections in a row that were refused for now */
	int64_t pause_ms; /* no further session before this time */
	struct timer *timer;
};

struct route {
	struct list node; /* in peer->routes */
	struct peer *peer;
	struct lookup *lookup;
	struct ssh_reach
		*jump; /* the channel of another peer that the session goes through; NULL: none, or it has ended */
	int jump_fd; /* our end of its socket, until the session has it; -1 */
	struct login *login;
	struct ssh_session *session; /* NULL: the name is looked up, or the session has ended */
	bool ready, over;
	size_t most; /* channels that the sshd allows, as far as is known */
	int64_t idle_ms; /* since when it has no channel; 0: it has one, or is not ready */
};

struct ssh_reach {
	struct list node; /* in peer->waiting, or unlinked */
	struct peer *peer;
	struct route *route; /* of its channel */
	struct ssh_channel *channel; /* NULL: it waits */
	char *command, *subsystem, *to_host;
	uint16_t to_port;
	bool shell;
	struct tty tty;
	char **env;
	int fd; /* while it waits; -1: it has no socket */
	struct watch *watch; /* of fd */
	int tries;
	bool opened;
	const struct ssh_pool_ops *ops;
	void *arg;
};

static void run (struct peer *peer);

/* --- requests ---------------------------------------------------------------------------------------------------------- */

static void free_words (char **words)
{
	for (size_t i = 0; words && words[i]; i++)
		free (words[i]);
	free (words);
}

/* A copy of a list of strings, with NULL behind the last one. NULL: out of memory. */
static char **copy_words (const char *const *words)
{
	char **copy;
	size_t n = 0;

	while (words[n])
		n++;
	if (!(copy = calloc (n + 1, sizeof *copy)))
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (!(copy[i] = strdup (words[i]))) {
			free_words (copy);
			return NULL;
		}
	return copy;
}

static void reach_free (struct ssh_reach *reach)
{
	list_remove (&reach->node);
	watch_free (&reach->watch);
	fd_close (&reach->fd);
	free (reach->command);
	free (reach->subsystem);
	free (reach->to_host);
	free_words (reach->env);
	free (reach);
}

static void reach_ended (struct ssh_reach *reach, const struct ssh_exit *how, const struct err *err)
{
	const struct ssh_pool_ops *ops = reach->ops;
	void *arg = reach->arg;

	list_remove (&reach->node);
	ops->failed (arg, how, err);
	reach_free (reach);
}

static void reach_failed (struct ssh_reach *reach, const struct err *err)
{
	reach_ended (reach, NULL, err);
}

/* Nobody sends anything before the request has an answer: the other end of the socket is closed. */
static void on_given_up (void *arg, int events)
{
	struct ssh_reach *reach = arg;
	struct err err;

	(void)events;
	err_set (&err, FAILURE_UNREACHABLE, "nobody waits for it any more");
	reach_failed (reach, &err);
}

/* It waits for a session. 0, or -1: the socket cannot be watched. */
static int reach_wait (struct ssh_reach *reach, int fd, bool first)
{
	reach->fd = fd;
	reach->route = NULL;
	reach->channel = NULL;
	if (fd >= 0 && !(reach->watch = watch_new (reach->peer->pool->loop, fd, UV_READABLE, on_given_up, reach)))
		return -1;
	if (first)
		list_prepend (&reach->peer->waiting, &reach->node);
	else
		list_append (&reach->peer->waiting, &reach->node);
	return 0;
}

/* --- channels ---------------------------------------------------------------------------------------------------------- */

static void on_opened (void *arg)
{
	struct ssh_reach *reach = arg;

	reach->opened = true;
	reach->ops->opened (reach->arg);
}

static int64_t pause_after (int tries)
{
	int64_t pause = (int64_t)POOL_PAUSE_MS << (tries < 8 ? tries : 8);

	return pause / 2 + (int64_t)((uint64_t)clock_ns () % (uint64_t)(pause / 2 + 1)); /* jitter */
}

/* The sshd takes no further channel in this session, or the target of a forwarding does not answer. */
static void on_refused (void *arg, int fd, bool again, const struct err *err)
{
	struct ssh_reach *reach = arg;
	struct route *route = reach->route;
	struct peer *peer = reach->peer;
	struct err none;

	if (again && ++reach->tries < POOL_TRIES) {
		size_t others = ssh_session_n_channels (route->session);

		if (others)
			route->most = others; /* the session is full: there will be another one */
		else
			peer->pause_ms = clock_ms () + pause_after (reach->tries);
		if (reach_wait (reach, fd, true) == 0) {
			run (peer);
			return;
		}
		err_set (&none, FAILURE_INTERNAL, "out of memory");
		err = &none;
	}
	reach->fd = fd;
	reach_failed (reach, err);
}

static void on_channel_ready (void *arg)
{
	struct ssh_reach *reach = arg;

	reach->ops->ready (reach->arg);
}

static void on_channel_ended (void *arg, const struct ssh_exit *how, const struct err *err)
{
	reach_ended (arg, how, err);
}

static const struct ssh_channel_ops channel_ops = { on_opened, on_channel_ready, on_refused, on_channel_ended };

/* Make the request a channel of the session. */
static void attach (struct ssh_reach *reach, struct route *route)
{
	const struct ssh_channel_target target = {
		.command = reach->command,
		.shell = reach->shell,
		.subsystem = reach->subsystem,
		.host = reach->to_host,
		.port = reach->to_port,
		.tty = reach->tty.wanted ? &reach->tty : NULL,
		.env = (const char *const *)reach->env,
	};
	int fd = reach->fd;
	struct err err;

	list_remove (&reach->node);
	watch_free (&reach->watch);
	reach->fd = -1;
	reach->route = route;
	route->idle_ms = 0;
	if ((reach->channel = ssh_session_open (route->session, &target, fd, &channel_ops, reach)))
		return;
	reach->fd = fd;
	err_set (&err, FAILURE_INTERNAL, "out of memory");
	reach_failed (reach, &err);
}

/* --- routes ------------------------------------------------------------------------------------------------------------ */

static void sweep_soon (struct ssh_pool *pool);

/* The route ends, and with it those who wait, unless another session serves them. */
static void route_over (struct route *route, bool again, const struct err *err)
{
	struct peer *peer = route->peer;
	struct ssh_reach *reach, *after;
	bool others = false;
	struct route *other;

	route->over = true;
	peer->n_routes--;
	list_each (other, &peer->routes, node)
		others = others || (!other->over && other->ready);
	if (again && ++peer->tries < POOL_TRIES) {
		peer->pause_ms = clock_ms () + pause_after (peer->tries);
	} else if (others) {
		peer->pause_ms = clock_ms () + POOL_IDLE_MS;
	} else if (!route->ready) {
		peer->tries = 0;
		list_each_safe (reach, after, &peer->waiting, node)
			reach_failed (reach, err);
	}
	sweep_soon (peer->pool);
	run (peer);
}

static int on_judge (void *arg, const uint8_t *key, size_t n, struct err *err)
{
	struct route *route = arg;
	struct peer *peer = route->peer;

	free (peer->shown.key);
	return login_judge (route->login, key, n, peer->probe, &peer->shown, err);
}

static int on_login (void *arg, LIBSSH2_SESSION *raw, struct err *err)
{
	struct route *route = arg;

	return login_step (route->login, raw, err);
}

static void on_session_ready (void *arg)
{
	struct route *route = arg;

	route->ready = true;
	route->peer->tries = 0;
	run (route->peer);
}

static void on_roomy (void *arg)
{
	struct route *route = arg;

	run (route->peer);
}

static void on_session_ended (void *arg, bool again, const struct err *err)
{
	struct route *route = arg;

	route_over (route, again, err);
}

static const struct ssh_session_ops session_ops = { on_judge, on_login, on_session_ready, on_roomy, on_session_ended,
	NULL, NULL };

static void on_stir (void *arg)
{
	struct route *route = arg;

	if (route->session && !route->over)
		ssh_session_wake (route->session);
}

static void connect_route (struct route *route, const struct ssh_session_target *target)
{
	struct err err;

	if (!(route->session = ssh_session_new (route->peer->pool->loop, target, &session_ops, route, &err)))
		route_over (route, false, &err);
}

static void on_lookup_started (void *arg)
{
	(void)arg;
}

static void on_found (void *arg, int status, const struct addrinfo *found)
{
	struct route *route = arg;
	struct ssh_session_target target = {
		.addresses = found, .fd = -1, .key_types = login_key_types (route->login)
	};
	struct err err;

	route->lookup = NULL;
	if (!status) {
		connect_route (route, &target);
		return;
	}
	err_set (&err, FAILURE_UNREACHABLE, "cannot find %s: %s", route->peer->login.hostname,
		status == EAI_NONAME ? "there is no host of that name" : gai_strerror (status));
	route_over (route, false, &err);
}

static const struct ssh_pool_ops forgotten_ops;

static void route_free (struct route *route)
{
	list_remove (&route->node);
	if (route->jump)
		route->jump->ops = &forgotten_ops;
	fd_close (&route->jump_fd);
	lookup_cancel (route->lookup);
	ssh_session_free (route->session);
	login_free (route->login);
	free (route);
}

/* --- hops --------------------------------------------------------------------------------------------------------------- */

static void forget_opened (void *arg)
{
	(void)arg;
}

static void forget_failed (void *arg, const struct ssh_exit *how, const struct err *err)
{
	(void)arg;
	(void)how;
	(void)err;
}

/* Of a channel whose route is gone: the end of the socket ends it. */
static const struct ssh_pool_ops forgotten_ops = { forget_opened, forget_opened, forget_failed };

static void on_hop_opened (void *arg)
{
	struct route *route = arg;
	struct ssh_session_target target = { .fd = route->jump_fd, .key_types = login_key_types (route->login) };

	route->jump_fd = -1;
	connect_route (route, &target);
}

/* Before it was open: the route has failed. Afterwards the session sees the end of its connection. */
static void on_hop_failed (void *arg, const struct ssh_exit *how, const struct err *err)
{
	struct route *route = arg;
	bool opened = route->jump->opened;
	struct err why;

	(void)how;
	route->jump = NULL;
	if (opened || route->over)
		return;
	err_set (&why, err->code, "on the way there: %.450s", err->text);
	route_over (route, false, &why);
}

/* Take the last hop off a list like "a,bob@b:2222". `rest` gets what is left, or "" and *first true where it was the only
 * one. 0, or -1 and err. */
static int take_hop (char *list, struct ssh_pool_target *hop, bool *only, struct err *err)
{
	char *comma = strrchr (list, ','), *word = comma ? comma + 1 : list, *at, *colon, *end;

	*only = !comma;
	if (comma)
		*comma = '\0';
	if (!strncmp (word, "ssh://", 6))
		word += 6;
	at = strrchr (word, '@');
	if (at)
		*at = '\0';
	hop->user = at ? word : "";
	word = at ? at + 1 : word;
	end = *word == '[' ? strchr (word, ']') : NULL;
	colon = end ? (end[1] == ':' ? end + 1 : NULL) : strchr (word, ':');
	if (colon) {
		unsigned long port = strtoul (colon + 1, &at, 10);

		if (*at || !port || port > 65535)
			return err_set (
				err, FAILURE_DENIED, "ProxyJump names no port behind its colon: '%.100s'", word);
		hop->port = (uint16_t)port;
		*colon = '\0';
	}
	if (end) {
		*end = '\0';
		word++;
	}
	if (!*word)
		return err_set (err, FAILURE_DENIED, "ProxyJump names no host");
	hop->host = word;
	return 0;
}

static struct ssh_reach *reach_new (struct ssh_pool *pool, const struct ssh_pool_target *target, int hops, int fd,
	const struct ssh_pool_ops *ops, void *arg, struct err *err);

/* Go through the last one of the hosts on the way. 0, or -1 and err. */
static int begin_hop (struct route *route, const char *jump, struct err *err)
{
	static const struct ssh_pool_ops ops = { .opened = on_hop_opened, .failed = on_hop_failed };
	struct peer *peer = route->peer;
	struct ssh_pool_target hop = { .to_host = peer->login.hostname, .to_port = peer->login.port };
	char *list = strdup (jump);
	bool only;
	int pair[2], result = -1;

	if (peer->hops >= POOL_HOPS) {
		err_set (err, FAILURE_DENIED, "there are more than %d hosts on the way (ProxyJump)", POOL_HOPS);
	} else if (!list) {
		err_set (err, FAILURE_INTERNAL, "out of memory");
	} else if (take_hop (list, &hop, &only, err) == 0) {
		hop.via = only ? NULL : list;
		if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) {
			err_sys (err, FAILURE_INTERNAL, "cannot make a socket pair");
		} else if (!(route->jump = reach_new (peer->pool, &hop, peer->hops + 1, pair[1], &ops, route, err))) {
			fd_close (&pair[0]);
			fd_close (&pair[1]);
		} else {
			route->jump_fd = pair[0];
			result = 0;
		}
	}
	free (list);
	return result;
}

/* Begin a further session. */
static void route_new (struct peer *peer)
{
	static const struct lookup_ops ops = { on_lookup_started, on_found };
	struct route *route = calloc (1, sizeof *route);
	const char *jump = peer->via ? peer->via : peer->login.jump;
	char port[8];
	struct err err;

	err_set (&err, FAILURE_INTERNAL, "out of memory");
	if (!route) {
		struct ssh_reach *reach, *after;

		list_each_safe (reach, after, &peer->waiting, node)
			reach_failed (reach, &err);
		return;
	}
	route->peer = peer;
	route->jump_fd = -1;
	route->most = SESSION_CHANNELS;
	list_append (&peer->routes, &route->node);
	peer->n_routes++;
	free (peer->shown.key);
	peer->shown.key = NULL;
	snprintf (port, sizeof port, "%u", (unsigned)peer->login.port);
	if (!(route->login = login_new (&peer->login, peer->pool->agent, peer->pool->keyring, on_stir, route, &err)))
		route_over (route, false, &err);
	else if (jump && strcmp (jump, "none") != 0) {
		if (begin_hop (route, jump, &err) < 0)
			route_over (route, false, &err);
	} else if (!(route->lookup = resolver_look_up (peer->pool->resolver, peer->login.hostname, port, &ops, route)))
		route_over (route, false, &err);
}

/* --- peers ------------------------------------------------------------------------------------------------------------- */

static void on_peer_timer (void *arg)
{
	run (arg);
}

static bool has_room (const struct route *route)
{
	return !route->over && route->session && ssh_session_has_room (route->session) &&
	       ssh_session_n_channels (route->session) < route->most;
}

/* Will this session open a channel soon? Until when is it worth to wait for it; 0: it is not. */
static int64_t worth_waiting (const struct route *route)
{
	int64_t since;

	if (route->over)
		return 0;
	if (!route->ready)
		return INT64_MAX;
	since = ssh_session_opening_since (route->session);
	if (!since || ssh_session_n_channels (route->session) >= route->most)
		return 0;
	return clock_ms () - since < POOL_PATIENCE_MS ? since + POOL_PATIENCE_MS : 0;
}

/* Give those who wait to sessions with room, and decide whether there should be a further session. */
static void run (struct peer *peer)
{
	int64_t now = clock_ms (), wait_until = 0;
	struct route *route;
	bool given = true;

	if (peer->pool->freeing)
		return;
	while (given && !list_empty (&peer->waiting) && now >= peer->pause_ms) {
		given = false;
		list_each (route, &peer->routes, node)
			if (has_room (route)) {
				attach (list_entry (peer->waiting.next, struct ssh_reach, node), route);
				given = true;
				break;
			}
	}
	if (list_empty (&peer->waiting))
		return;
	list_each (route, &peer->routes, node) {
		int64_t until = worth_waiting (route);

		if (until > wait_until)
			wait_until = until;
	}
	if (now < peer->pause_ms)
		wait_until = peer->pause_ms;
	if (wait_until == INT64_MAX)
		return; /* a session will be ready, or will end */
	if (wait_until)
		timer_set (peer->pool->loop, &peer->timer, wait_until, on_peer_timer, peer);
	else if (peer->n_routes < POOL_SESSIONS)
		route_new (peer);
}

static void peer_free (struct peer *peer)
{
	struct route *route, *next_route;
	struct ssh_reach *reach, *next;

	list_each_safe (reach, next, &peer->waiting, node)
		reach_free (reach);
	list_each_safe (route, next_route, &peer->routes, node)
		route_free (route);
	timer_free (&peer->timer);
	list_remove (&peer->node);
	login_host_free (&peer->login);
	free (peer->shown.key);
	free (peer->user);
	free (peer->host);
	free (peer->via);
	free (peer);
}

static bool same_way (const char *a, const char *b)
{
	return a && b ? !strcmp (a, b) : a == b;
}

static bool is_peer_of (const struct peer *peer, const struct ssh_pool_target *target, int hops)
{
	return !strcmp (peer->user, target->user) && !strcasecmp (peer->host, target->host) &&
	       peer->port == target->port && same_way (peer->via, target->via) && peer->hops == hops &&
	       peer->probe == target->probe;
}

/* How a user names a peer that is behind others: a refusal of its key shows the command that adds the key. 0, or -1: out of
 * memory. */
static int name_way (struct peer *peer)
{
	const char *between = "--via ";
	struct buf name;
	int result = 0;

	if (!peer->via || !strcmp (peer->via, "none"))
		return 0;
	buf_init (&name, LINK_PAYLOAD);
	for (const char *hop = peer->via; result == 0 && *hop; between = ",") {
		size_t n = strcspn (hop, ",");

		result = buf_printf (
			&name, "%s%s%.*s", between, strncmp (hop, "ssh://", 6) ? "ssh://" : "", (int)n, hop);
		hop += n + (hop[n] == ',');
	}
	if (result == 0 && (result = buf_printf (&name, " %s", peer->login.address)) == 0) {
		free (peer->login.address);
		peer->login.address = strndup ((const char *)buf_head (&name), buf_len (&name));
	}
	buf_free (&name);
	return peer->login.address ? result : -1;
}

static struct peer *find_peer (struct ssh_pool *pool, const struct ssh_pool_target *target, int hops, struct err *err)
{
	struct peer *peer;

	list_each (peer, &pool->peers, node)
		if (is_peer_of (peer, target, hops))
			return peer;
	if (!(peer = calloc (1, sizeof *peer))) {
		err_set (err, FAILURE_INTERNAL, "out of memory");
		return NULL;
	}
	peer->pool = pool;
	peer->port = target->port;
	peer->hops = hops;
	peer->probe = target->probe;
	list_init (&peer->node);
	list_init (&peer->waiting);
	list_init (&peer->routes);
	err_set (err, FAILURE_INTERNAL, "out of memory");
	if (!(peer->user = strdup (target->user)) || !(peer->host = strdup (target->host)) ||
		(target->via && !(peer->via = strdup (target->via))) ||
		login_host_find (&peer->login, peer->user, peer->host, peer->port, err) < 0 || name_way (peer) < 0) {
		peer_free (peer);
		return NULL;
	}
	if (peer->login.ignored && !pool->remarked) {
		pool->remark = peer->login.ignored;
		peer->login.ignored = NULL;
		pool->remarked = true;
	}
	list_append (&pool->peers, &peer->node);
	return peer;
}

/* --- the pool ---------------------------------------------------------------------------------------------------------- */

static void sweep (void *arg)
{
	struct ssh_pool *pool = arg;
	struct route *route, *next_route;
	struct peer *peer, *next_peer;
	int64_t now = clock_ms ();
	bool left = false;

	list_each_safe (peer, next_peer, &pool->peers, node) {
		list_each_safe (route, next_route, &peer->routes, node) {
			if (route->over) {
				route_free (route);
				continue;
			}
			if (!route->ready || ssh_session_n_channels (route->session)) {
				route->idle_ms = 0;
			} else if (!route->idle_ms) {
				route->idle_ms = now;
			} else if (now - route->idle_ms >= POOL_IDLE_MS) {
				struct err err;

				err_set (&err, FAILURE_UNREACHABLE, "the session is not used any more");
				ssh_session_end (route->session, &err);
			}
		}
		if (list_empty (&peer->waiting) && list_empty (&peer->routes))
			peer_free (peer);
		else
			left = true;
	}
	if (left)
		timer_set (pool->loop, &pool->sweep, clock_ms () + 1000, sweep, pool);
}

static void sweep_soon (struct ssh_pool *pool)
{
	timer_set (pool->loop, &pool->sweep, clock_ms (), sweep, pool);
}

struct ssh_pool *ssh_pool_new (uv_loop_t *loop, void (*ask) (void *arg, uint64_t id, const char *question), void *arg)
{
	struct ssh_pool *pool = calloc (1, sizeof *pool);

	if (!pool)
		return NULL;
	pool->loop = loop;
	list_init (&pool->peers);
	pool->resolver = resolver_new (loop);
	pool->agent = agent_link_new (loop);
	pool->keyring = keyring_new (loop, ask, arg);
	if (pool->resolver && pool->agent && pool->keyring)
		return pool;
	ssh_pool_free (pool);
	return NULL;
}

void ssh_pool_free (struct ssh_pool *pool)
{
	struct peer *peer, *next;

	if (!pool)
		return;
	pool->freeing = true;
	list_each_safe (peer, next, &pool->peers, node)
		peer_free (peer);
	timer_free (&pool->sweep);
	agent_link_free (pool->agent);
	keyring_free (pool->keyring);
	free (pool->remark);
	resolver_free (pool->resolver);
	free (pool);
}

void ssh_pool_answer (struct ssh_pool *pool, uint64_t id, enum keyring_answer answer, const char *secret)
{
	keyring_answer (pool->keyring, id, answer, secret);
}

static struct ssh_reach *reach_new (struct ssh_pool *pool, const struct ssh_pool_target *target, int hops, int fd,
	const struct ssh_pool_ops *ops, void *arg, struct err *err)
{
	struct peer *peer = find_peer (pool, target, hops, err);
	struct ssh_reach *reach = peer ? calloc (1, sizeof *reach) : NULL;

	if (!reach)
		return NULL;
	list_init (&reach->node);
	reach->peer = peer;
	reach->ops = ops;
	reach->arg = arg;
	reach->to_port = target->to_port;
	reach->shell = target->shell;
	if (target->tty)
		reach->tty = *target->tty;
	reach->env = target->env ? copy_words (target->env) : NULL;
	reach->command = target->command ? strdup (target->command) : NULL;
	reach->subsystem = target->subsystem ? strdup (target->subsystem) : NULL;
	reach->to_host = target->to_host ? strdup (target->to_host) : NULL;
	if ((target->command && !reach->command) || (target->subsystem && !reach->subsystem) ||
		(target->to_host && !reach->to_host) || (target->env && !reach->env) ||
		reach_wait (reach, fd, false) < 0) {
		reach->fd = -1;
		reach_free (reach);
		err_set (err, FAILURE_INTERNAL, "out of memory");
		return NULL;
	}
	timer_set (pool->loop, &peer->timer, clock_ms (), on_peer_timer, peer);
	timer_set (pool->loop, &pool->sweep, clock_ms () + 1000, sweep, pool);
	return reach;
}

int ssh_pool_reach (struct ssh_pool *pool, const struct ssh_pool_target *target, int fd, const struct ssh_pool_ops *ops,
	void *arg, struct err *err)
{
	return reach_new (pool, target, 0, fd, ops, arg, err) ? 0 : -1;
}

struct ssh_reach *ssh_pool_open (struct ssh_pool *pool, const struct ssh_pool_target *target,
	const struct ssh_pool_ops *ops, void *arg, struct err *err)
{
	return reach_new (pool, target, 0, -1, ops, arg, err);
}

struct ssh_channel *ssh_reach_channel (const struct ssh_reach *reach)
{
	return reach->channel;
}

void ssh_reach_abandon (struct ssh_reach *reach)
{
	if (reach->channel)
		ssh_channel_abandon (reach->channel);
	reach_free (reach);
}

char *ssh_pool_remark (struct ssh_pool *pool)
{
	char *remark = pool->remark;

	pool->remark = NULL;
	return remark;
}

int ssh_pool_trust (const struct ssh_pool_target *target, const char *key, struct err *err)
{
	struct login_host host;
	int result;

	if (login_host_find (&host, target->user, target->host, target->port, err) < 0)
		return -1;
	result = login_trust (&host, key, err);
	login_host_free (&host);
	return result;
}

bool ssh_pool_shown (
	const struct ssh_pool *pool, const struct ssh_pool_target *target, const char **key, const char **known)
{
	struct peer *peer;

	list_each (peer, &pool->peers, node)
		if (is_peer_of (peer, target, 0) && peer->shown.key) {
			*key = peer->shown.key;
			*known = peer->shown.known;
			return true;
		}
	return false;
}
