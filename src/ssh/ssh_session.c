/* ssh_session - see ssh_session.h. R1 to R13 are the rules of doc/architecture.md, "Through ssh". */
#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/text.h"
#include "loop/connector.h"
#include "ssh/failure.h"
#include "ssh/session_memory.h"
#include "ssh/ssh_session.h"

enum {
	IN_MAX = 256 * 1024, /* bytes that are read before libssh2 has taken them */
	OUT_MAX = 8 * 1024 * 1024, /* far above CHANNEL_OUT_HIGH: answers to the server's own requests come on top */
	PASSES = 64, /* over all channels in one turn of the loop (R5) */
	BANNER = 255, /* bytes of what a server says first */
	HANDSHAKE_MAX = 256 * 1024, /* bytes of a server until there are keys: an honest one needs a few thousand */
	MEMORY_MAX =
		32 * 1024 * 1024, /* bytes that libssh2 keeps for a session: what it does not know it queues for ever */
};

enum ssh_session_state { SESSION_CONNECTING, SESSION_HANDSHAKE, SESSION_LOGIN, SESSION_READY, SESSION_DEAD };

struct ssh_session {
	struct session_memory memory; /* first (session_memory.h) */
	uv_loop_t *loop;
	enum ssh_session_state state;
	const struct ssh_session_ops *ops;
	void *arg;
	struct connector *connector; /* while CONNECTING */
	struct watch *watch;
	struct timer *timer, *again;
	int64_t deadline_ms; /* of the state; 0: none */
	LIBSSH2_SESSION *raw;
	struct pump pump;
	struct buf in, out;
	char banner[BANNER + 1]; /* the first bytes of the server */
	size_t n_banner, n_handshake; /* bytes of the server in HANDSHAKE: those that are kept, and all of them */
	char parting[200]; /* what the server said when it disconnected */
	struct list channels;
	size_t n_channels;
	int64_t silence_ms;
	int64_t received_ms, probed_ms; /* when bytes last came; when a keepalive was sent, 0: none since then */
	bool stepping, stir; /* stir: another step is wanted */
	bool reported; /* `ended` was called */
	bool busy; /* the end is that the sshd takes no more connections */
	struct err end;
};

static void step (struct ssh_session *session);

/* --- what libssh2 calls ---------------------------------------------------------------------------------------------- */

/* Takes every byte: a packet is never sent in part (R1). */
static LIBSSH2_SEND_FUNC (on_send)
{
	struct ssh_session *session = *abstract;

	(void)socket;
	(void)flags;
	return buf_append (&session->out, buffer, length) < 0 ? -errno : (ssize_t)length;
}

/* Gives what there is; 0, the end, only when nothing is left (R1). */
static LIBSSH2_RECV_FUNC (on_receive)
{
	struct ssh_session *session = *abstract;
	size_t n = buf_len (&session->in);

	(void)socket;
	(void)flags;
	if (!n)
		return session->pump.read_ended ? 0 : -EAGAIN;
	if (n > length)
		n = length;
	memcpy (buffer, buf_head (&session->in), n);
	buf_consume (&session->in, n);
	return (ssize_t)n;
}

static LIBSSH2_DISCONNECT_FUNC (on_disconnect)
{
	struct ssh_session *server = *abstract;

	(void)session;
	(void)reason;
	(void)language;
	(void)language_len;
	text_plain (server->parting, sizeof server->parting, message, message_len > 0 ? (size_t)message_len : 0);
}

/* --- the end ---------------------------------------------------------------------------------------------------------- */

static void lose_channels (struct ssh_session *session, const struct err *err)
{
	struct ssh_channel *channel, *after;

	list_each_safe (channel, after, &session->channels, node)
		ssh_channel_lost (channel, err);
	session->n_channels = 0;
}

static void die (struct ssh_session *session, const struct err *err)
{
	if (session->state == SESSION_DEAD)
		return;
	session->state = SESSION_DEAD;
	session->end = *err;
	if (session->memory.greedy)
		err_set (&session->end, FAILURE_UNREACHABLE,
			"its sshd made us keep more than %zu MiB that nobody asked for", session->memory.most >> 20);
	else if (*session->parting)
		err_set (&session->end, err->code, "%.250s; its sshd says: %s", err->text, session->parting);
}

/* The last part of each step: the callee may free the session. */
static void report_end (struct ssh_session *session)
{
	if (session->reported)
		return;
	session->reported = true;
	watch_free (&session->watch);
	pump_write (&session->pump); /* the words of a disconnect, if they go out at once */
	lose_channels (session, &session->end); /* on the end all of them, at once (R8) */
	session->ops->ended (session->arg, session->busy, &session->end);
}

void ssh_session_end (struct ssh_session *session, const struct err *err)
{
	if (session->state == SESSION_READY)
		libssh2_session_disconnect (session->raw, ""); /* EAGAIN: then without a word */
	die (session, err);
	ssh_session_wake (session);
}

void ssh_session_free (struct ssh_session *session)
{
	struct err err;

	if (!session)
		return;
	session->reported = true;
	err_set (&err, FAILURE_UNREACHABLE, "the connection was closed");
	lose_channels (session, &err);
	watch_free (&session->watch);
	timer_free (&session->timer);
	timer_free (&session->again);
	/* Its channels wait for the server, until there is no server any more. */
	session->pump.read_ended = true;
	buf_consume (&session->in, buf_len (&session->in));
	while (session->raw && libssh2_session_free (session->raw) == LIBSSH2_ERROR_EAGAIN)
		continue;
	session_memory_free (&session->memory);
	pump_close (&session->pump);
	connector_free (&session->connector);
	buf_free (&session->in);
	buf_free (&session->out);
	free (session);
}

/* --- connecting ------------------------------------------------------------------------------------------------------- */

static void on_ready (void *arg, int events);

/* The session owns the socket from now on, if the result is 0; else -1 and err. */
static int begin_handshake (struct ssh_session *session, int fd, struct err *err)
{
	struct stream stream;

	if (stream_owned (&stream, fd, fd) < 0)
		return err_sys (err, FAILURE_INTERNAL, "the socket cannot be used");
	if (!(session->watch = watch_new (session->loop, fd, UV_READABLE, on_ready, session)))
		return err_set (err, FAILURE_INTERNAL, "out of memory");
	pump_open (&session->pump, &stream);
	session->state = SESSION_HANDSHAKE;
	session->deadline_ms = clock_ms () + SESSION_HANDSHAKE_MS;
	return 0;
}

static void on_connected (void *arg, int fd)
{
	struct ssh_session *session = arg;
	struct err err;

	connector_free (&session->connector);
	if (begin_handshake (session, fd, &err) < 0) {
		fd_close (&fd);
		die (session, &err);
	}
	step (session);
}

static void on_not_connected (void *arg, const struct connector_end *end)
{
	struct ssh_session *session = arg;
	struct err err;

	err_set (&err, FAILURE_UNREACHABLE, "cannot connect to its sshd: %s",
		*end->why ? end->why : "it has no address");
	connector_free (&session->connector);
	die (session, &err);
	step (session);
}

static const struct connector_ops connector_ops = { on_connected, on_not_connected };

/* --- time -------------------------------------------------------------------------------------------------------------- */

static void fail_late (struct ssh_session *session)
{
	struct err err;

	switch (session->state) {
	case SESSION_HANDSHAKE:
		err_set (&err, FAILURE_UNREACHABLE, "connected, but its sshd agrees on no keys in %d s",
			SESSION_HANDSHAKE_MS / 1000);
		break;
	default:
		err_set (&err, FAILURE_UNREACHABLE, "its sshd has not let us in after %d s", SESSION_LOGIN_MS / 1000);
		break;
	}
	die (session, &err);
}

/* A server that has been stopped says nothing, and TCP does not notice: libssh2 knows no such end (R9). */
static void check_silence (struct ssh_session *session)
{
	int64_t now = clock_ms ();
	struct err err;
	int next;

	if (!session->n_channels && !session->ops->probe) {
		session->received_ms = now;
	} else if (now - session->received_ms >= 3 * session->silence_ms) {
		err_set (&err, FAILURE_UNREACHABLE, "its sshd said nothing for %lld s",
			3 * (long long)session->silence_ms / 1000);
		die (session, &err);
	} else if (now - session->received_ms >= session->silence_ms &&
		   now - session->probed_ms >= session->silence_ms) {
		session->probed_ms = now;
		if (session->ops->probe)
			session->ops->probe (session->arg);
		else
			libssh2_keepalive_send (
				session->raw, &next); /* EAGAIN: a key exchange sends bytes of its own */
	}
}

/* When to step, although nothing has come. */
static int64_t next_ms (const struct ssh_session *session)
{
	int64_t next = session->deadline_ms ? session->deadline_ms : INT64_MAX;
	const struct ssh_channel *channel;

	if (session->state != SESSION_READY)
		return next == INT64_MAX ? 0 : next;
	list_each (channel, &session->channels, node)
		if (ssh_channel_wakes (channel) < next)
			next = ssh_channel_wakes (channel);
	if (session->n_channels || session->ops->probe) {
		int64_t later = session->probed_ms > session->received_ms ? session->probed_ms : session->received_ms;

		if (later + session->silence_ms < next)
			next = later + session->silence_ms;
	}
	return next == INT64_MAX ? 0 : next;
}

static void on_timer (void *arg)
{
	struct ssh_session *session = arg;

	if (session->deadline_ms && clock_ms () >= session->deadline_ms && session->state < SESSION_READY)
		fail_late (session);
	if (session->state == SESSION_READY)
		check_silence (session);
	step (session);
}

/* --- steps ------------------------------------------------------------------------------------------------------------- */

/* The handshake has failed: why? What the server said first tells more than libssh2. */
static void explain_handshake (struct ssh_session *session, struct err *err)
{
	char said[120];

	session->banner[session->n_banner] = '\0';
	session->banner[strcspn (session->banner, "\r\n")] = '\0';
	text_plain (said, sizeof said, session->banner, strlen (session->banner));
	if (session->pump.read_ended && !session->n_banner) {
		session->busy = true; /* sshd drops connections above MaxStartups, with words or without */
		err_set (err, FAILURE_BUSY,
			"its sshd closed the connection without a word (MaxStartups of sshd_config?)");
	} else if (strstr (said, "MaxStartups")) {
		session->busy = true;
		err_set (err, FAILURE_BUSY, "its sshd takes no more connections now: %s", said);
	} else if (strncmp (said, "SSH-", 4) != 0) {
		err_set (err, FAILURE_UNREACHABLE, "no sshd listens there: it says '%s'", said);
	} else if (libssh2_session_last_errno (session->raw) == LIBSSH2_ERROR_KEX_FAILURE) {
		err_set (err, FAILURE_UNREACHABLE,
			"its sshd (%s) and libssh2 have no method in common, or none for the key that is known for it; "
			"libssh2 has ssh-ed25519 and ecdsa-sha2, but not rsa-sha2: an Ed25519 host key helps",
			said);
	} else {
		failure_of_session (session->raw, "the key exchange failed", err);
	}
}

/* libssh2 reads lines until one of them is a banner, for ever. */
static int check_handshake (const struct ssh_session *session, struct err *err)
{
	if (session->n_handshake <= HANDSHAKE_MAX)
		return 0;
	return err_set (err, FAILURE_UNREACHABLE,
		"no sshd listens there: it has sent more than %d KiB and agrees on no keys", HANDSHAKE_MAX / 1024);
}

static int step_handshake (struct ssh_session *session, struct err *err)
{
	int result = libssh2_session_handshake (session->raw, session->pump.stream.in);
	const char *key;
	size_t n;
	int type;

	if (result == LIBSSH2_ERROR_EAGAIN)
		return check_handshake (session, err);
	if (result) {
		explain_handshake (session, err);
		return -1;
	}
	if (!(key = libssh2_session_hostkey (session->raw, &n, &type)))
		return err_set (err, FAILURE_UNREACHABLE, "its sshd has shown no key");
	if (session->ops->judge (session->arg, (const uint8_t *)key, n, err) < 0)
		return -1;
	session->state = SESSION_LOGIN;
	session->deadline_ms = clock_ms () + SESSION_LOGIN_MS;
	return 1;
}

static int step_login (struct ssh_session *session, struct err *err)
{
	int result = session->ops->login (session->arg, session->raw, err);

	if (result < 0 && strstr (session->parting, "Too many authentication failures"))
		return err_set (err, FAILURE_DENIED,
			"its sshd ended the login after too many keys: IdentityFile and IdentitiesOnly in "
			"~/.ssh/config say which "
			"one is right");
	if (result < 0 && *session->parting)
		return err_set (err, FAILURE_DENIED, "its sshd ended the login");
	if (result < 0 && session->pump.read_ended) /* libssh2 has other reasons then: a passphrase that is missing */
		return err_set (err, FAILURE_UNREACHABLE, "its sshd closed the connection during the login");
	if (result == 2) {
		session->deadline_ms = 0;
		return 0;
	}
	if (result == 0 && !session->deadline_ms)
		session->deadline_ms = clock_ms () + SESSION_LOGIN_MS;
	if (result <= 0)
		return result;
	session->memory.secret = false;
	session->state = SESSION_READY;
	session->deadline_ms = 0;
	session->received_ms = clock_ms ();
	libssh2_keepalive_config (session->raw, 1, 2); /* the least interval; check_silence has the real one */
	session->ops->ready (session->arg);
	return 1;
}

/* One pass over all channels. The first of them is the last one of the next pass (R5). */
static int step_channels (struct ssh_session *session, struct err *err)
{
	struct ssh_channel *channel, *after;
	struct list *first;
	int done = 0;

	list_each_safe (channel, after, &session->channels, node) {
		int result = ssh_channel_step (channel, err);

		if (result < 0)
			return -1;
		done |= result;
	}
	if (!list_empty (&session->channels)) {
		first = session->channels.next;
		list_remove (first);
		list_append (&session->channels, first);
	}
	return done;
}

/* The number of channels that keep the session alive, and whether there is room for one that was not there before. */
static void count_channels (struct ssh_session *session)
{
	struct ssh_channel *channel;
	size_t n = 0;

	list_each (channel, &session->channels, node)
		n += !ssh_channel_is_stale (channel);
	session->n_channels = n;
}

static int step_all (struct ssh_session *session, struct err *err)
{
	int done = step_channels (session, err), more = 0;

	if (done >= 0 && session->ops->pass)
		more = session->ops->pass (session->arg, session->raw, err);
	return done < 0 || more < 0 ? -1 : done | more;
}

static int step_once (struct ssh_session *session, struct err *err)
{
	switch (session->state) {
	case SESSION_HANDSHAKE: return step_handshake (session, err);
	case SESSION_LOGIN: return step_login (session, err);
	case SESSION_READY: return step_all (session, err);
	case SESSION_CONNECTING:
	case SESSION_DEAD: break;
	}
	return 0;
}

/* Send what libssh2 has put out. Reading makes output, too: grants, key exchanges, answers (R1). */
static int flush (struct ssh_session *session, struct err *err)
{
	if (!pump_is_open (&session->pump))
		return 0;
	pump_write (&session->pump);
	if (session->pump.write_failed && session->pump.write_error != EPIPE && session->pump.write_error != ECONNRESET)
		return err_set (
			err, FAILURE_UNREACHABLE, "cannot send to its sshd: %s", strerror (session->pump.write_error));
	return 0;
}

static int explain_close (const struct ssh_session *session, struct err *err)
{
	if (session->pump.read_error)
		return err_set (err, FAILURE_UNREACHABLE, "the connection to its sshd has ended: %s",
			strerror (session->pump.read_error));
	return err_set (err, FAILURE_UNREACHABLE, "its sshd closed the connection");
}

/* All that came is consumed, and the connection has ended. */
static int check_end (struct ssh_session *session, struct err *err)
{
	if (session->pump.read_ended && session->state == SESSION_READY && list_empty (&session->channels))
		buf_consume (&session->in, buf_len (&session->in)); /* no channel takes it */
	if (!session->pump.read_ended || buf_len (&session->in))
		return 0;
	return explain_close (session, err);
}

static void on_again (void *arg)
{
	step (arg);
}

/* Step until nothing more can be done, for a bounded number of passes: the loop has other sessions. */
static void run_steps (struct ssh_session *session)
{
	bool had_room = ssh_session_has_room (session);
	int result = 1;
	struct err err;

	for (int pass = 0; pass < PASSES && result > 0 && session->state != SESSION_DEAD; pass++) {
		session->stir = false;
		result = step_once (session, &err);
		if (result >= 0 && flush (session, &err) < 0)
			result = -1;
		if (result == 0 && session->stir)
			result = 1;
	}
	if (result == 0 && session->state != SESSION_DEAD && check_end (session, &err) < 0)
		result = -1;
	if (result < 0 && session->state == SESSION_READY && session->pump.read_ended &&
		libssh2_session_last_errno (session->raw) == LIBSSH2_ERROR_SOCKET_RECV)
		explain_close (session, &err); /* more than libssh2 says */
	if (result < 0)
		die (session, &err);
	if (session->state == SESSION_DEAD)
		return;
	if (result > 0)
		timer_set (session->loop, &session->again, clock_ms (), on_again, session);
	count_channels (session);
	if (!had_room && ssh_session_has_room (session))
		session->ops->roomy (session->arg);
}

/* What to wait for is decided by our own buffers only (R2). */
static void set_watch (struct ssh_session *session)
{
	int wants;

	if (!session->watch || !pump_is_open (&session->pump))
		return;
	wants = pump_wants (&session->pump);
	watch_set (session->watch, (wants & PUMP_READABLE && buf_room (&session->in) ? UV_READABLE : 0) |
					   (wants & PUMP_WRITABLE ? UV_WRITABLE : 0));
}

static void step (struct ssh_session *session)
{
	if (session->stepping) {
		session->stir = true;
		return;
	}
	session->stepping = true;
	run_steps (session);
	session->stepping = false;
	if (session->state == SESSION_DEAD) {
		report_end (session);
		return;
	}
	set_watch (session);
	timer_set (session->loop, &session->timer, next_ms (session), on_timer, session);
}

static void keep_banner (struct ssh_session *session, size_t before)
{
	size_t n = buf_len (&session->in) - before;

	session->n_handshake += n;
	if (n > BANNER - session->n_banner)
		n = BANNER - session->n_banner;
	memcpy (session->banner + session->n_banner, buf_head (&session->in) + before, n);
	session->n_banner += n;
}

/* Acknowledge at once what has come. An sshd waits with its next small packet for the acknowledgement of the last one (Nagle),
 * and Linux delays that by 40 ms where nothing is sent: the first channel of a session took so much longer. A socket
 * that is not of TCP refuses. */
static void acknowledge (const struct ssh_session *session)
{
	setsockopt (session->pump.stream.in, IPPROTO_TCP, TCP_QUICKACK, &(int){ 1 }, sizeof (int));
}

static void on_ready (void *arg, int events)
{
	struct ssh_session *session = arg;
	size_t before = buf_len (&session->in);

	(void)events;
	if (!session->pump.read_ended && pump_read (&session->pump, IN_MAX) == PUMP_BYTES) {
		session->received_ms = clock_ms ();
		if (!session->pump.full)
			acknowledge (session);
		if (session->state == SESSION_HANDSHAKE)
			keep_banner (session, before);
	}
	step (session);
}

/* --- the beginning ----------------------------------------------------------------------------------------------------- */

/* Begin to connect, or to use the socket that is there. 0, or -1 and err. */
static int begin (struct ssh_session *session, const struct ssh_session_target *target, struct err *err)
{
	struct endpoint endpoints[CONNECTOR_ADDRESSES];

	if (target->fd >= 0)
		return begin_handshake (session, target->fd, err);
	session->connector =
		connector_new (session->loop, endpoints, connector_addresses (target->addresses, endpoints),
			clock_ms () + SESSION_CONNECT_MS, &connector_ops, session);
	return session->connector ? 0 : err_set (err, FAILURE_INTERNAL, "out of memory");
}

/* Encryption and MAC that libssh2 1.10 and today's sshd have in common; host keys by what is known of the host (R11). */
static int set_methods (LIBSSH2_SESSION *raw, const char *key_types, struct err *err)
{
	const struct {
		int method;
		const char *names;
	} wanted[] = {
		{ LIBSSH2_METHOD_HOSTKEY, key_types },
		{ LIBSSH2_METHOD_CRYPT_CS, "aes256-ctr,aes192-ctr,aes128-ctr" },
		{ LIBSSH2_METHOD_CRYPT_SC, "aes256-ctr,aes192-ctr,aes128-ctr" },
		{ LIBSSH2_METHOD_MAC_CS, "hmac-sha2-256,hmac-sha2-512" },
		{ LIBSSH2_METHOD_MAC_SC, "hmac-sha2-256,hmac-sha2-512" },
	};

	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		if (wanted[i].names && libssh2_session_method_pref (raw, wanted[i].method, wanted[i].names))
			return err_set (err, FAILURE_UNTRUSTED,
				"libssh2 cannot check a host key of the type that is known for it (%s): add an Ed25519 "
				"key "
				"of it to known_hosts",
				wanted[i].names);
	return 0;
}

struct ssh_session *ssh_session_new (uv_loop_t *loop, const struct ssh_session_target *target,
	const struct ssh_session_ops *ops, void *arg, struct err *err)
{
	struct ssh_session *session = calloc (1, sizeof *session);

	if (session)
		session_memory_init (&session->memory, target->memory_max ? target->memory_max : SESSION_MEMORY_MAX);
	if (!session || !(session->raw = libssh2_session_init_ex (
				  session_memory_alloc, session_memory_release, session_memory_realloc, session))) {
		free (session);
		err_set (err, FAILURE_INTERNAL, "out of memory");
		return NULL;
	}
	session->loop = loop;
	session->ops = ops;
	session->arg = arg;
	session->silence_ms = target->silence_ms ? target->silence_ms : SESSION_SILENCE_MS;
	list_init (&session->channels);
	buf_init (&session->in, IN_MAX);
	buf_init (&session->out, OUT_MAX);
	pump_init (&session->pump, &session->in, &session->out);
	libssh2_session_set_blocking (session->raw, 0);
	libssh2_session_callback_set (session->raw, LIBSSH2_CALLBACK_SEND, (void *)on_send);
	libssh2_session_callback_set (session->raw, LIBSSH2_CALLBACK_RECV, (void *)on_receive);
	libssh2_session_callback_set (session->raw, LIBSSH2_CALLBACK_DISCONNECT, (void *)on_disconnect);
	if (set_methods (session->raw, target->key_types, err) < 0 || begin (session, target, err) < 0) {
		ssh_session_free (session);
		return NULL;
	}
	timer_set (loop, &session->again, clock_ms (), on_again, session);
	return session;
}

/* --- channels ----------------------------------------------------------------------------------------------------------- */

void ssh_session_wake (struct ssh_session *session)
{
	timer_set (session->loop, &session->again, clock_ms (), on_again, session);
}

bool ssh_session_has_room (const struct ssh_session *session)
{
	const struct ssh_channel *channel;
	size_t n = 0;

	if (session->state != SESSION_READY)
		return false;
	list_each (channel, &session->channels, node) {
		if (channel->state == CHANNEL_OPENING)
			return false;
		n++;
	}
	return n < SESSION_CHANNELS;
}

int64_t ssh_session_opening_since (const struct ssh_session *session)
{
	const struct ssh_channel *channel;

	list_each (channel, &session->channels, node)
		if (channel->state == CHANNEL_OPENING)
			return channel->since_ms;
	return 0;
}

size_t ssh_session_n_channels (const struct ssh_session *session)
{
	const struct ssh_channel *channel;
	size_t n = 0;

	list_each (channel, &session->channels, node)
		n += !ssh_channel_is_stale (channel);
	return n;
}

static void on_stir (void *arg)
{
	step (arg);
}

static void on_wake (void *arg)
{
	ssh_session_wake (arg);
}

static struct ssh_channel *add_channel (struct ssh_session *session, struct ssh_channel *channel)
{
	if (!channel)
		return NULL;
	if (!session->n_channels++)
		session->received_ms = clock_ms ();
	list_append (&session->channels, &channel->node);
	ssh_session_wake (session);
	return channel;
}

struct ssh_channel *ssh_session_open (struct ssh_session *session, const struct ssh_channel_target *target, int fd,
	const struct ssh_channel_ops *ops, void *arg)
{
	const struct channel_place place = { session->loop, session->raw, &session->out, on_stir, on_wake, session };

	return add_channel (session, ssh_channel_new (&place, target, fd, ops, arg));
}

struct ssh_channel *ssh_session_adopt (
	struct ssh_session *session, LIBSSH2_CHANNEL *raw, int fd, const struct ssh_channel_ops *ops, void *arg)
{
	const struct channel_place place = { session->loop, session->raw, &session->out, on_stir, on_wake, session };

	return add_channel (session, ssh_channel_adopt (&place, raw, fd, ops, arg));
}
