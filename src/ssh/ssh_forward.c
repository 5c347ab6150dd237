/* ssh_forward - see ssh_forward.h. R1 to R13 are the rules of doc/architecture.md, "Through ssh". */
#include "config.h"

#include <errno.h>
#include <libssh2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/link.h"
#include "base/list.h"
#include "base/text.h"
#include "loop/loop.h"
#include "loop/resolver.h"
#include "ssh/failure.h"
#include "ssh/forward_confine.h"
#include "ssh/known_hosts.h"
#include "ssh/public_key.h"
#include "ssh/ssh_forward.h"
#include "ssh/ssh_session.h"
#include "wire/records.h"

enum { TEXTS = 6, NAME = 256, KEY_MAX = 65536, TYPES_SIZE = 512 };

/* The type of a channel that every sshd refuses (step_probe). */
static const char probe_type[] = "keepalive@remex";

/* A client that waits for its socket. */
struct inbound {
	struct list node; /* of forward.inbounds */
	uint64_t id;
	LIBSSH2_CHANNEL *raw;
	int64_t since_ms;
};

struct forward {
	uv_loop_t loop;
	int control, front; /* front: -1, there is none now */
	struct watch *control_watch, *front_watch;
	struct timer *timer;
	struct resolver *resolver;
	struct ssh_session *session;
	char user[NAME], host[NAME], listen[NAME], print[PUBLIC_KEY_PRINT_SIZE], known_file[1024];
	uint16_t port, listen_port;
	int64_t keepalive_ms;
	char *key; /* the private one */
	size_t key_size;
	struct known_hosts *known; /* NULL: `print` counts */
	char key_types[TYPES_SIZE];
	LIBSSH2_LISTENER *listener; /* NULL: not UP */
	int64_t alone_ms; /* since when there is no front; 0: there is one */
	int64_t asked_ms; /* when the bastion was asked to listen; 0: it was not */
	char remark[100]; /* of the sshd, why it forwards nothing (SSH_MSG_DEBUG) */
	struct list inbounds;
	uint64_t last_id;
	size_t n_inbounds, n_channels;
	bool probing, over;
};

static struct forward forward;

/* --- the end ------------------------------------------------------------------------------------------------------------ */

/* The last record says why. */
static void finish (const struct err *err)
{
	char text[64 + ERR_TEXT];
	struct outgoing last = { .record = { .type = forward.listener ? REC_SEVERED : REC_UNREACHED }, .data = text };

	if (forward.over)
		return;
	forward.over = true;
	last.n = (size_t)snprintf (
			 text, sizeof text, "%s%c%s", failure_word ((enum failure)err->code), '\0', err->text) +
		 1;
	link_send (forward.control, &last, 0);
	uv_stop (&forward.loop);
}

static void finish_now (enum failure failure, const char *text)
{
	struct err err;

	err_set (&err, failure, "%s", text);
	finish (&err);
}

/* --- clients ------------------------------------------------------------------------------------------------------------ */

static void on_channel_opened (void *arg)
{
	(void)arg;
}

static void on_channel_refused (void *arg, int fd, bool again, const struct err *err)
{
	(void)arg;
	(void)again;
	(void)err;
	fd_close (&fd);
}

static void on_channel_ended (void *arg, const struct ssh_exit *how, const struct err *err)
{
	(void)arg;
	(void)how;
	(void)err;
	forward.n_channels--;
	ssh_session_wake (forward.session); /* there is room for a client that waits */
}

static const struct ssh_channel_ops channel_ops = {
	.opened = on_channel_opened,
	.refused = on_channel_refused,
	.ended = on_channel_ended,
};

/* Bytes flow between a client and a socket from now on. Without memory everything ends: libssh2 cannot forget a channel. */
static void connect_client (LIBSSH2_CHANNEL *raw, int fd)
{
	if (!ssh_session_adopt (forward.session, raw, fd, &channel_ops, NULL)) {
		fd_close (&fd);
		finish_now (FAILURE_INTERNAL, "out of memory");
		return;
	}
	forward.n_channels++;
}

/* Close the channel of a client: it gets a socket whose other end is closed. */
static void refuse_client (LIBSSH2_CHANNEL *raw)
{
	int pair[2];

	if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) {
		finish_now (FAILURE_INTERNAL, "no descriptors are left");
		return;
	}
	close (pair[1]);
	connect_client (raw, pair[0]);
}

static void inbound_free (struct inbound *inbound)
{
	list_remove (&inbound->node);
	forward.n_inbounds--;
	free (inbound);
}

static void refuse_all (int64_t before_ms)
{
	struct inbound *inbound, *after;

	list_each_safe (inbound, after, &forward.inbounds, node) {
		LIBSSH2_CHANNEL *raw = inbound->raw;

		if (inbound->since_ms > before_ms)
			continue;
		inbound_free (inbound);
		refuse_client (raw);
	}
}

static void set_timer (void);

/* A client is there: ask the front for a socket. */
static void take_client (LIBSSH2_CHANNEL *raw)
{
	struct inbound *inbound = forward.front >= 0 ? calloc (1, sizeof *inbound) : NULL;

	if (!inbound || link_post (forward.front, REC_INBOUND, ++forward.last_id, 0, 0, MSG_DONTWAIT) < 0) {
		free (inbound);
		refuse_client (raw);
		return;
	}
	inbound->id = forward.last_id;
	inbound->raw = raw;
	inbound->since_ms = clock_ms ();
	list_append (&forward.inbounds, &inbound->node);
	forward.n_inbounds++;
	set_timer ();
}

/* --- the front ---------------------------------------------------------------------------------------------------------- */

static void lose_front (void)
{
	watch_free (&forward.front_watch);
	fd_close (&forward.front);
	forward.alone_ms = clock_ms ();
	refuse_all (INT64_MAX);
	set_timer ();
}

static void take_answer (struct packet *packet)
{
	struct inbound *inbound;
	LIBSSH2_CHANNEL *raw;

	list_each (inbound, &forward.inbounds, node)
		if (inbound->id == packet->record.id)
			break;
	if (&inbound->node == &forward.inbounds)
		return; /* it was too late */
	raw = inbound->raw;
	inbound_free (inbound);
	if (packet->n_fds) {
		connect_client (raw, packet->fds[0]);
		packet->fds[0] = -1;
	} else {
		refuse_client (raw);
	}
}

static struct packet packet; /* 128 KiB: not for the stack */

static void on_front (void *arg, int events)
{
	int got = 1;

	(void)arg;
	(void)events;
	for (int i = 0; i < 64 && (got = link_recv (forward.front, &packet, MSG_DONTWAIT)) > 0; i++) {
		if (packet.record.type == REC_INBOUND)
			take_answer (&packet);
		packet_close (&packet);
	}
	if (got == 0 || (got < 0 && errno != EAGAIN))
		lose_front ();
}

static void take_front (int fd)
{
	lose_front ();
	forward.front = fd;
	forward.alone_ms = 0;
	if (!(forward.front_watch = watch_new (&forward.loop, fd, UV_READABLE, on_front, NULL)))
		finish_now (FAILURE_INTERNAL, "out of memory");
}

/* --- the bastion listens ------------------------------------------------------------------------------------------------- */

static LIBSSH2_DEBUG_FUNC (on_remark)
{
	char said[sizeof forward.remark];

	(void)session;
	(void)always_display;
	(void)language;
	(void)language_len;
	(void)abstract;
	text_plain (said, sizeof said, message, message_len > 0 ? (size_t)message_len : 0);
	/* It says other things, too: which options the key has in authorized_keys. */
	if (strstr (said, "disabled port forwarding") || strstr (said, "forwarding refused"))
		strcpy (forward.remark, said);
}

/* OpenSSH's sshd gives no reason, but a remark where it is told to forward nothing. */
static int explain_refusal (struct err *err)
{
	const char *host = *forward.listen ? forward.listen : "*";

	if (*forward.remark)
		return err_set (err, FAILURE_DENIED,
			"its sshd does not listen on %s:%u for %s: %s (AllowTcpForwarding, PermitListen, and "
			"`restrict` in "
			"authorized_keys)",
			host, (unsigned)forward.listen_port, forward.user, forward.remark);
	return err_set (err, FAILURE_DENIED,
		"its sshd cannot listen on %s:%u: the port is taken, or the address is none of that machine", host,
		(unsigned)forward.listen_port);
}

/* Ask the bastion to listen, until there is an answer. 1, 0, -1 and err. */
static int listen_there (LIBSSH2_SESSION *raw, struct err *err)
{
	int port = 0, result;

	if (!forward.asked_ms) {
		forward.asked_ms = clock_ms ();
		libssh2_session_callback_set (raw, LIBSSH2_CALLBACK_DEBUG, (void *)on_remark);
		set_timer ();
	}
	forward.listener =
		libssh2_channel_forward_listen_ex (raw, forward.listen, forward.listen_port, &port, FORWARD_CLIENTS);
	if (!forward.listener) {
		result = libssh2_session_last_errno (raw);
		if (result == LIBSSH2_ERROR_EAGAIN)
			return 0;
		return result == LIBSSH2_ERROR_REQUEST_DENIED
			       ? explain_refusal (err)
			       : failure_of_session (raw, "its sshd does not listen", err);
	}
	link_post (forward.control, REC_FORWARDING, 0, port, 0, 0);
	set_timer ();
	return 1;
}

/* Take the clients that are there. */
static int accept_clients (void)
{
	LIBSSH2_CHANNEL *raw;
	int done = 0;

	while (!forward.over && forward.n_channels + forward.n_inbounds < FORWARD_CLIENTS &&
		(raw = libssh2_channel_forward_accept (forward.listener))) {
		take_client (raw);
		done = 1;
	}
	return done;
}

/* Is somebody there? A question to which each answer is taken away: libssh2 1.10 would keep every answer to its own
 * keepalive, in the list that each read searches. No other channel is opened in this session (R4). */
static void step_probe (LIBSSH2_SESSION *raw)
{
	LIBSSH2_CHANNEL *channel;

	if (!forward.probing)
		return;
	channel = libssh2_channel_open_ex (raw, probe_type, sizeof probe_type - 1, 0, 32768, NULL, 0);
	if (!channel && libssh2_session_last_errno (raw) == LIBSSH2_ERROR_EAGAIN)
		return;
	forward.probing = false;
	if (channel) /* no sshd does that */
		refuse_client (channel);
}

static int on_pass (void *arg, LIBSSH2_SESSION *raw, struct err *err)
{
	(void)arg;
	if (!forward.listener)
		return listen_there (raw, err);
	step_probe (raw);
	return accept_clients ();
}

static void on_probe (void *arg)
{
	(void)arg;
	forward.probing = forward.listener;
}

/* --- the session ---------------------------------------------------------------------------------------------------------- */

static void show_bastion (char out[NAME + 16])
{
	snprintf (out, NAME + 16, forward.port == 22 ? "%s" : "[%s]:%u", forward.host, (unsigned)forward.port);
}

static int judge_by_print (const struct public_key *shown, const char *print, struct err *err)
{
	if (!strcmp (print, forward.print))
		return 0;
	return err_set (err, FAILURE_UNTRUSTED,
		"the key of its sshd is not the configured one (tunnel.host_key): it shows %s %s, configured is %s. "
		"Nothing was sent",
		shown->type, print, forward.print);
}

static int judge_by_file (const struct public_key *shown, const char *print, struct err *err)
{
	struct known_hosts_judgement judgement = known_hosts_judge (forward.known, forward.host, forward.port, shown);
	char other[PUBLIC_KEY_PRINT_SIZE] = "", where[NAME + 16];

	show_bastion (where);
	if (judgement.key)
		public_key_print (judgement.key, other);
	switch (judgement.verdict) {
	case KNOWN_HOSTS_MATCH: return 0;
	case KNOWN_HOSTS_REVOKED:
		return err_set (err, FAILURE_UNTRUSTED, "the key of its sshd is revoked: %s %s (%s:%u)", shown->type,
			print, judgement.path, judgement.line);
	case KNOWN_HOSTS_CHANGED:
	case KNOWN_HOSTS_OTHER_TYPE:
		return err_set (err, FAILURE_UNTRUSTED,
			"the key of its sshd HAS CHANGED: it shows %s %s, known is %s %s (%s:%u). Somebody may be in "
			"between. "
			"Nothing was sent",
			shown->type, print, judgement.key->type, other, judgement.path, judgement.line);
	case KNOWN_HOSTS_UNKNOWN: break;
	}
	return err_set (err, FAILURE_UNTRUSTED, "its sshd is not known: it shows %s %s, and %s has no key of %s%s",
		shown->type, print, forward.known_file, where,
		judgement.authority ? " (certificates do not count here)" : "");
}

static int on_judge (void *arg, const uint8_t *key, size_t n, struct err *err)
{
	char print[PUBLIC_KEY_PRINT_SIZE];
	struct public_key shown;
	int result;

	(void)arg;
	if (public_key_set (&shown, key, n, err) < 0) {
		err->code = FAILURE_UNTRUSTED;
		return -1;
	}
	public_key_print (&shown, print);
	result = forward.known ? judge_by_file (&shown, print, err) : judge_by_print (&shown, print, err);
	public_key_free (&shown);
	return result;
}

static int refuse_key (struct err *err)
{
	return err_set (err, FAILURE_DENIED,
		"the file tunnel.key has no private key that libssh2 can use: ssh-keygen -t ed25519 -N '' makes one");
}

static int on_login (void *arg, LIBSSH2_SESSION *raw, struct err *err)
{
	int result = libssh2_userauth_publickey_frommemory (
		raw, forward.user, strlen (forward.user), NULL, 0, forward.key, forward.key_size, NULL);

	(void)arg;
	switch (result) {
	case 0: return 1;
	case LIBSSH2_ERROR_EAGAIN: return 0;
	case LIBSSH2_ERROR_AUTHENTICATION_FAILED:
		return err_set (err, FAILURE_DENIED,
			"its sshd does not let %s in with the key of tunnel.key (authorized_keys there; libssh2 cannot "
			"use RSA "
			"keys with it)",
			forward.user);
	case LIBSSH2_ERROR_FILE: /* what libssh2 says of a key that it cannot read */
	case LIBSSH2_ERROR_PROTO:
	case LIBSSH2_ERROR_METHOD_NONE:
	case LIBSSH2_ERROR_METHOD_NOT_SUPPORTED:
	case LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED: return refuse_key (err);
	default:
		/* Of a key with a passphrase libssh2 says nothing. */
		return libssh2_session_last_errno (raw) ? failure_of_session (raw, "the login failed", err)
							: refuse_key (err);
	}
}

static void on_session_ready (void *arg)
{
	(void)arg;
}

static void on_session_ended (void *arg, bool again, const struct err *err)
{
	(void)arg;
	(void)again;
	finish (err);
}

static const struct ssh_session_ops session_ops = {
	.judge = on_judge,
	.login = on_login,
	.ready = on_session_ready,
	.roomy = on_session_ready,
	.ended = on_session_ended,
	.pass = on_pass,
	.probe = on_probe,
};

/* --- time ----------------------------------------------------------------------------------------------------------------- */

static void on_timer (void *arg)
{
	int64_t now = clock_ms ();
	struct err err;

	(void)arg;
	if (forward.asked_ms && !forward.listener && now - forward.asked_ms >= FORWARD_LISTEN_MS) {
		err_set (&err, FAILURE_UNREACHABLE, "its sshd does not answer the request to listen");
		ssh_session_end (forward.session, &err);
		return;
	}
	if (forward.alone_ms && now - forward.alone_ms >= FORWARD_ALONE_MS) {
		if (!forward.n_channels) {
			finish_now (FAILURE_INTERNAL, "the front has left the tunnel");
			return;
		}
		forward.alone_ms = now; /* its clients may stay */
	}
	refuse_all (now - FORWARD_FRONT_MS);
	set_timer ();
}

/* The next time that something is late (R9). */
static void set_timer (void)
{
	int64_t when = forward.asked_ms && !forward.listener ? forward.asked_ms + FORWARD_LISTEN_MS : 0;

	if (!when && forward.alone_ms)
		when = forward.alone_ms + FORWARD_ALONE_MS;
	if (!when && !list_empty (&forward.inbounds))
		when = list_entry (forward.inbounds.next, struct inbound, node)->since_ms + FORWARD_FRONT_MS;
	timer_set (&forward.loop, &forward.timer, when, on_timer, NULL);
}

/* --- the orders ------------------------------------------------------------------------------------------------------------ */

/* The types of the keys that are known come first (R11). */
static void order_types (void)
{
	static const char *const useful[] = { "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
		"ecdsa-sha2-nistp521" };
	const char *types[KNOWN_HOSTS_TYPES_MAX];
	size_t n = forward.known ? known_hosts_types (forward.known, forward.host, forward.port, types) : 0, used = 0;

	for (size_t i = 0; i < n; i++)
		if (public_key_use (types[i]) != PUBLIC_KEY_USELESS)
			used += (size_t)snprintf (
				forward.key_types + used, TYPES_SIZE - used, "%s%s", used ? "," : "", types[i]);
	for (size_t i = 0; i < sizeof useful / sizeof *useful && !n; i++)
		used += (size_t)snprintf (
			forward.key_types + used, TYPES_SIZE - used, "%s%s", used ? "," : "", useful[i]);
}

static void on_lookup_started (void *arg)
{
	(void)arg;
}

static void on_found (void *arg, int status, const struct addrinfo *found)
{
	const struct ssh_session_target target = {
		.addresses = found,
		.fd = -1,
		.key_types = *forward.key_types ? forward.key_types : NULL,
		.silence_ms = forward.keepalive_ms,
		.memory_max = FORWARD_MEMORY,
	};
	struct err err;

	(void)arg;
	if (status)
		err_set (&err, FAILURE_UNREACHABLE, "cannot find %s: %s", forward.host,
			status == EAI_NONAME ? "there is no host of that name" : gai_strerror (status));
	else if ((forward.session = ssh_session_new (&forward.loop, &target, &session_ops, NULL, &err)))
		return;
	finish (&err);
}

/* All bytes of a descriptor that the supervisor has sent. */
static char *read_whole (int fd, size_t max, size_t *n, struct err *err)
{
	if (lseek (fd, 0, SEEK_SET) < 0) {
		err_sys (err, FAILURE_INTERNAL, "a file of the supervisor");
		return NULL;
	}
	return fd_read_all (fd, max, n, err);
}

/* Read the key and the known hosts. */
static int read_files (const int *fds, size_t n_fds, struct err *err)
{
	size_t n = 0;
	char *text;
	int result;

	if (!(forward.key = read_whole (fds[0], KEY_MAX, &forward.key_size, err)))
		return -1;
	if (n_fds < 2)
		return 0;
	if (!(forward.known = known_hosts_new ()))
		return err_set (err, FAILURE_INTERNAL, "out of memory");
	if (!(text = read_whole (fds[1], KNOWN_HOSTS_FILE_MAX, &n, err)))
		return -1;
	result = known_hosts_read_text (forward.known, text, n, forward.known_file, err);
	free (text);
	return result;
}

/* The texts of the payload, each with its NUL. */
static bool take_texts (const struct packet *orders, const char *texts[TEXTS])
{
	const char *at = (const char *)orders->data, *end = at + orders->record.length;

	for (size_t i = 0; i < TEXTS; i++) {
		const char *stop = at < end ? memchr (at, '\0', (size_t)(end - at)) : NULL;

		if (!stop)
			return false;
		texts[i] = at;
		at = stop + 1;
	}
	return at == end;
}

/* Begin to connect. False: these are no orders. */
static bool take_orders (const struct packet *orders)
{
	static const struct lookup_ops ops = { on_lookup_started, on_found };
	const char *texts[TEXTS];
	char port[8];
	struct err err;

	if (forward.key || !orders->n_fds || orders->lost || !take_texts (orders, texts))
		return false;
	forward.port = (uint16_t)orders->record.a;
	forward.keepalive_ms = orders->record.b;
	snprintf (forward.user, sizeof forward.user, "%s", texts[0]);
	snprintf (forward.host, sizeof forward.host, "%s", texts[1]);
	snprintf (forward.listen, sizeof forward.listen, "%s", texts[2]);
	forward.listen_port = (uint16_t)strtoul (texts[3], NULL, 10);
	snprintf (forward.print, sizeof forward.print, "%s", texts[4]);
	snprintf (forward.known_file, sizeof forward.known_file, "%s", texts[5]);
	err_set (&err, FAILURE_INTERNAL, "out of memory");
	if (read_files (orders->fds, orders->n_fds, &err) < 0) {
		finish (&err);
		return true;
	}
	order_types ();
	snprintf (port, sizeof port, "%u", (unsigned)forward.port);
	if (!resolver_look_up (forward.resolver, forward.host, port, &ops, NULL))
		finish (&err);
	return true;
}

static void on_control (void *arg, int events)
{
	bool good = true;
	int got = 1;

	(void)arg;
	(void)events;
	while (good && (got = link_recv (forward.control, &packet, MSG_DONTWAIT)) > 0) {
		switch (packet.record.type) {
		case REC_FORWARD: good = take_orders (&packet); break;
		case REC_FORWARD_FRONT:
			if ((good = packet.n_fds == 1)) {
				take_front (packet.fds[0]);
				packet.fds[0] = -1;
			}
			break;
		case REC_PING: link_post (forward.control, REC_PONG, 0, 0, 0, MSG_DONTWAIT); break;
		default: good = false;
		}
		packet_close (&packet);
	}
	if (!good || got == 0 || errno != EAGAIN)
		uv_stop (&forward.loop);
}

/* --- the program ----------------------------------------------------------------------------------------------------------- */

static void tear_down (void)
{
	struct inbound *inbound, *after;

	forward.over = true;
	list_each_safe (inbound, after, &forward.inbounds, node)
		inbound_free (inbound);
	ssh_session_free (forward.session);
	watch_free (&forward.front_watch);
	watch_free (&forward.control_watch);
	timer_free (&forward.timer);
	fd_close (&forward.front);
	resolver_free (forward.resolver);
	uv_run (&forward.loop, UV_RUN_NOWAIT);
	known_hosts_free (forward.known);
	if (forward.key)
		explicit_bzero (forward.key, forward.key_size);
	free (forward.key);
	libssh2_exit ();
}

int ssh_forward_run (int control)
{
	struct err err;

	forward.control = control;
	forward.front = -1;
	list_init (&forward.inbounds);
	fd_fill_std ();
	fd_raise_limit ();
	signal (SIGPIPE, SIG_IGN);
	/* The filter of system calls does not see calls through io_uring. */
	setenv ("UV_USE_IO_URING", "0", 1);
	/* The private key is in this memory. */
	if (prctl (PR_SET_DUMPABLE, 0) < 0 || prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || libssh2_init (0) ||
		uv_loop_init (&forward.loop) < 0 || !(forward.resolver = resolver_new (&forward.loop)) ||
		!(forward.control_watch = watch_new (&forward.loop, control, UV_READABLE, on_control, NULL))) {
		fputs ("remex-ssh: out of memory\n", stderr);
		return EXIT_FAILURE;
	}
	if (forward_confine (&err) < 0)
		fprintf (stderr, "remex-ssh: %s\n", err.text);
	uv_run (&forward.loop, UV_RUN_DEFAULT);
	tear_down ();
	return EXIT_SUCCESS;
}
