/* ssh_helper - see ssh_helper.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/link.h"
#include "client/host.h"
#include "client/remex.h"
#include "client/ssh_helper.h"
#include "proc/spawn.h"
#include "wire/records.h"

enum {
	/* The program ends with its control socket. Where it takes longer, it is killing processes on machines with an sshd
	 * alone (ssh/alone_kill.h), and is left to that: it ends by itself. */
	END_MS = 2000,
	TRUST_MS = 10000, /* for a line of known_hosts */
	SECRET_SIZE = 1024, /* bytes of a passphrase or password, with its NUL */
	QUESTION_SIZE = 640,
};

struct ssh_helper {
	struct remex *remex;
	int control; /* -1: the program does not run */
	uv_poll_t *poll; /* of control; freed by its close callback */
	int events; /* that it is set to */
	struct child child;
	struct list tunnels;
	uint64_t last_id;
	size_t waiting; /* tunnels that have no answer: while there are some, the loop is alive */
	struct packet *packet;
	uint64_t trusting; /* the id of the key that is being added; 0: none */
	int trusted; /* its result: 0 or -1, and: */
	struct err why;
};

enum tunnel_state { TUNNEL_WAITING, TUNNEL_OPEN, TUNNEL_ENDED };

struct tunnel {
	struct list node; /* in helper->tunnels */
	struct ssh_helper *helper;
	enum tunnel_state state;
	uint64_t id;
	int ours, theirs; /* the ends of the pair; -1: given away */
	const struct tunnel_ops *ops;
	void *arg;
	char end[512];
	uint16_t port; /* of the sshd */
	enum reach_way way;
	size_t n_request;
	char request[TUNNEL_USER + 2 * TUNNEL_HOST + TUNNEL_VIA + 16]; /* the payload of REC_REACH */
};

static void on_poll (uv_poll_t *poll, int status, int events);

/* --- the program -------------------------------------------------------------------------------------------------------- */

static void set_poll (struct ssh_helper *helper, int events)
{
	if (helper->waiting)
		uv_ref ((uv_handle_t *)helper->poll);
	else
		uv_unref ((uv_handle_t *)helper->poll);
	if (events == helper->events)
		return;
	helper->events = events;
	uv_poll_start (helper->poll, events, on_poll);
}

static void free_poll (uv_handle_t *poll)
{
	free (poll);
}

/* Close the control socket, and reap. Returns how the program ended, as from waitpid(2); 0 where that is not known. */
static int stop (struct ssh_helper *helper)
{
	struct pollfd one = { .fd = helper->child.pidfd, .events = POLLIN };
	int status = 0;

	if (helper->control < 0)
		return 0;
	uv_close ((uv_handle_t *)helper->poll, free_poll);
	helper->poll = NULL;
	helper->events = 0;
	fd_close (&helper->control);
	while (poll (&one, 1, END_MS) < 0 && errno == EINTR)
		continue;
	if (!(one.revents & POLLIN))
		fd_close (&helper->child.pidfd);
	else if (child_reap (&helper->child, &status) < 0)
		status = 0;
	return status;
}

/* NULL: it was not built. */
static const char *program (void)
{
	const char *named = secure_getenv ("REMEX_SSH");

	if (named && *named)
		return named;
#ifdef HAVE_LIBSSH2
	return LIBEXECDIR "/remex-ssh";
#else
	return NULL;
#endif
}

static int start (struct ssh_helper *helper, struct err *err)
{
	const char *const argv[] = { program (), NULL };
	struct spawn spawn = { .argv = argv, .env = (const char *const *)environ };
	int pair[2], result;

	if (!argv[0])
		return err_set (err, 0,
			"this remex was built without libssh2, and so without remex-ssh, which ssh:// and --via need "
			"(configure says whether it found libssh2)");
	if (link_pair (pair) < 0)
		return err_sys (err, 0, "cannot make a socket pair");
	spawn.fds[0] = pair[1];
	spawn.fds[1] = -1;
	spawn.fds[2] = fcntl (STDERR_FILENO, F_GETFD) < 0 ? -1 : STDERR_FILENO;
	result = spawn_start (&spawn, &helper->child, err);
	fd_close (&pair[1]);
	if (result == 0 && ((helper->poll = malloc (sizeof *helper->poll)) == NULL ||
				   uv_poll_init (&helper->remex->loop, helper->poll, pair[0]) < 0)) {
		free (helper->poll);
		helper->poll = NULL;
		fd_close (&pair[0]); /* with it the program ends */
		child_reap (&helper->child, &(int){ 0 });
		return err_set (err, 0, "out of memory");
	}
	if (result < 0) {
		fd_close (&pair[0]);
		return -1;
	}
	helper->control = pair[0];
	helper->poll->data = helper;
	return 0;
}

static struct ssh_helper *helper_of (struct remex *remex)
{
	struct ssh_helper *helper = remex->ssh;

	if (helper || !(helper = calloc (1, sizeof *helper)))
		return helper;
	helper->remex = remex;
	helper->control = -1;
	list_init (&helper->tunnels);
	if (!(helper->packet = malloc (sizeof *helper->packet))) {
		free (helper);
		return NULL;
	}
	remex->ssh = helper;
	return helper;
}

void ssh_helper_free (struct ssh_helper *helper)
{
	if (!helper)
		return;
	stop (helper);
	free (helper->packet);
	free (helper);
}

/* --- tunnels ------------------------------------------------------------------------------------------------------------ */

static void tunnel_fail (struct tunnel *tunnel, const char *code, const char *text)
{
	enum tunnel_state was = tunnel->state;

	if (was == TUNNEL_ENDED)
		return;
	tunnel->state = TUNNEL_ENDED;
	snprintf (tunnel->end, sizeof tunnel->end, "%s", text);
	fd_close (&tunnel->ours);
	fd_close (&tunnel->theirs);
	if (was == TUNNEL_WAITING) {
		tunnel->helper->waiting--;
		tunnel->ops->failed (tunnel->arg, !strcmp (code, "unreachable") ? "" : code, text);
	}
}

/* Send the requests that were not sent, in turn. False: the control socket takes no more now. */
static bool send_requests (struct ssh_helper *helper)
{
	struct tunnel *tunnel;

	list_each (tunnel, &helper->tunnels, node) {
		const struct outgoing outgoing = {
			.record = { .type = REC_REACH, .id = tunnel->id, .a = tunnel->port, .b = tunnel->way },
			.data = tunnel->request,
			.n = tunnel->n_request,
			.fds = &tunnel->theirs,
			.n_fds = 1,
		};

		if (tunnel->state != TUNNEL_WAITING || tunnel->theirs < 0)
			continue;
		if (link_send (helper->control, &outgoing, 0) < 0)
			return errno != EAGAIN; /* any other error will be read as the end of the socket */
		fd_close (&tunnel->theirs);
	}
	return true;
}

static void flush (struct ssh_helper *helper)
{
	if (helper->control >= 0)
		set_poll (helper, send_requests (helper) ? UV_READABLE : UV_READABLE | UV_WRITABLE);
}

/* The program has ended: its tunnels have, too. */
static void lose (struct ssh_helper *helper)
{
	int status = stop (helper);
	char text[128] = "remex-ssh has ended";
	struct tunnel *tunnel, *after;
	struct list lost;

	if (WIFSIGNALED (status))
		snprintf (text, sizeof text, "remex-ssh was killed by signal %d (%s)", WTERMSIG (status),
			strsignal (WTERMSIG (status)));
	else if (WIFEXITED (status) && WEXITSTATUS (status))
		snprintf (text, sizeof text, "remex-ssh exited with %d", WEXITSTATUS (status));
	/* A callee may begin a new tunnel, and with it a new program. */
	list_init (&lost);
	list_each_safe (tunnel, after, &helper->tunnels, node) {
		list_remove (&tunnel->node);
		list_append (&lost, &tunnel->node);
	}
	list_each_safe (tunnel, after, &lost, node) {
		list_remove (&tunnel->node);
		tunnel_fail (tunnel, "unreachable", text);
	}
}

static struct tunnel *find (const struct ssh_helper *helper, uint64_t id)
{
	struct tunnel *tunnel;

	list_each (tunnel, &helper->tunnels, node)
		if (tunnel->id == id)
			return tunnel;
	return NULL;
}

/* The text behind `text` in a payload that ends with a NUL; "": there is none. */
static const char *next_text (const struct packet *packet, const char *text)
{
	const char *end = (const char *)packet->data + packet->record.length, *next = text + strlen (text) + 1;

	return *text && next < end ? next : "";
}

/* A login needs a secret of the person. While it is asked for, no host's time to connect passes. */
static void ask (struct ssh_helper *helper, const struct packet *packet)
{
	static const enum reach_answer answers[] = { [REMEX_ASK_ANSWERED] = REACH_ANSWERED,
		[REMEX_ASK_NOBODY] = REACH_NOBODY,
		[REMEX_ASK_DECLINED] = REACH_DECLINED };
	struct remex *remex = helper->remex;
	struct outgoing outgoing = { .record = { .type = REC_ANSWER, .id = packet->record.id, .a = REACH_NOBODY } };
	char secret[SECRET_SIZE] = "", question[QUESTION_SIZE];
	int64_t began = clock_ms ();
	struct remex_host *host;

	snprintf (question, sizeof question, "%.*s", (int)packet->record.length, (const char *)packet->data);
	if (remex->ask)
		outgoing.record.a = answers[remex->ask (remex->ask_arg, question, secret, sizeof secret)];
	if (outgoing.record.a == REACH_ANSWERED) {
		outgoing.data = secret;
		outgoing.n = strlen (secret) + 1;
	}
	link_send (helper->control, &outgoing, 0); /* an error will be read as the end of the socket */
	explicit_bzero (secret, sizeof secret);
	list_each (host, &remex->hosts, node)
		if (host->state <= HOST_GREETING && host->give_up_ms != INT64_MAX)
			host->give_up_ms += clock_ms () - began;
}

/* An answer of the program. */
static void take (struct ssh_helper *helper, const struct packet *packet)
{
	struct tunnel *tunnel = find (helper, packet->record.id);
	const char *text = (const char *)packet->data, *code = text;
	int fd;

	if (packet->record.type == REC_ASK) {
		ask (helper, packet);
		return;
	}
	if (packet->record.type == REC_TRUSTED && packet->record.id == helper->trusting) {
		helper->trusting = 0;
		helper->trusted =
			packet->record.length ? err_set (&helper->why, 0, "%.*s", (int)packet->record.length, text) : 0;
		return;
	}
	if (!tunnel)
		return; /* it was given up */
	if (packet->record.type == REC_REACHED && tunnel->state == TUNNEL_WAITING) {
		tunnel->state = TUNNEL_OPEN;
		helper->waiting--;
		fd = tunnel->ours;
		tunnel->ours = -1;
		tunnel->ops->opened (tunnel->arg, fd);
		return;
	}
	if (!packet->record.length || text[packet->record.length - 1]) {
		tunnel_fail (tunnel, "unreachable", "unreachable");
		return;
	}
	text = next_text (packet, code);
	if (tunnel->state == TUNNEL_WAITING && tunnel->ops->shown && *next_text (packet, text)) {
		const char *key = next_text (packet, text);

		tunnel->ops->shown (tunnel->arg, key, next_text (packet, key));
	}
	tunnel_fail (tunnel, code, *text ? text : code);
}

/* Take the answers that are there. */
static void receive (struct ssh_helper *helper)
{
	int got = 1;

	while (helper->control >= 0 && (got = link_recv (helper->control, helper->packet, MSG_DONTWAIT)) > 0) {
		take (helper, helper->packet);
		packet_close (helper->packet);
	}
	if (helper->control >= 0 && (got == 0 || errno != EAGAIN))
		lose (helper);
}

static void on_poll (uv_poll_t *poll, int status, int events)
{
	struct ssh_helper *helper = poll->data;

	(void)events;
	if (status < 0)
		helper->events = 0;
	receive (helper);
	flush (helper);
}

const char *tunnel_end (struct tunnel *tunnel)
{
	if (!tunnel)
		return "";
	/* The reason is sent before the stream is closed. */
	if (tunnel->state == TUNNEL_OPEN)
		receive (tunnel->helper);
	return tunnel->end;
}

void tunnel_free (struct tunnel *tunnel)
{
	if (!tunnel)
		return;
	if (tunnel->state == TUNNEL_WAITING)
		tunnel->helper->waiting--;
	tunnel->state = TUNNEL_ENDED;
	list_remove (&tunnel->node);
	fd_close (&tunnel->ours);
	fd_close (&tunnel->theirs);
	flush (tunnel->helper);
	free (tunnel);
}

/* The payload: texts, each with its NUL. */
static void put (struct tunnel *tunnel, const char *text)
{
	size_t n = strlen (text) + 1;

	memcpy (tunnel->request + tunnel->n_request, text, n);
	tunnel->n_request += n;
}

/* Make a tunnel with the first texts of its payload. */
static struct tunnel *tunnel_begin (struct remex *remex, const struct ssh_address *to, enum reach_way way,
	const struct tunnel_ops *ops, void *arg, struct err *err)
{
	struct ssh_helper *helper = helper_of (remex);
	struct tunnel *tunnel = helper ? calloc (1, sizeof *tunnel) : NULL;
	int pair[2];

	if (!tunnel) {
		err_set (err, 0, "out of memory");
		return NULL;
	}
	if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) {
		err_sys (err, 0, "cannot make a socket pair");
		free (tunnel);
		return NULL;
	}
	if (helper->control < 0 && start (helper, err) < 0) {
		fd_close (&pair[0]);
		fd_close (&pair[1]);
		free (tunnel);
		return NULL;
	}
	tunnel->helper = helper;
	tunnel->id = ++helper->last_id;
	tunnel->ours = pair[0];
	tunnel->theirs = pair[1];
	tunnel->ops = ops;
	tunnel->arg = arg;
	tunnel->port = to->port;
	tunnel->way = way;
	put (tunnel, to->user);
	put (tunnel, to->host);
	put (tunnel, to->via);
	return tunnel;
}

/* Send its request, as soon as that is possible. */
static struct tunnel *tunnel_ask (struct tunnel *tunnel)
{
	struct ssh_helper *helper = tunnel->helper;

	list_append (&helper->tunnels, &tunnel->node);
	helper->waiting++;
	flush (helper);
	return tunnel;
}

struct tunnel *tunnel_new (struct remex *remex, const struct ssh_address *from, const char *host, uint16_t port,
	const struct tunnel_ops *ops, void *arg, struct err *err)
{
	struct tunnel *tunnel = tunnel_begin (remex, from, host ? REACH_DIRECT : REACH_STDIO, ops, arg, err);
	char number[8];

	if (!tunnel)
		return NULL;
	if (host) {
		snprintf (number, sizeof number, "%u", (unsigned)port);
		put (tunnel, host);
		put (tunnel, number);
	}
	return tunnel_ask (tunnel);
}

struct tunnel *tunnel_probe (
	struct remex *remex, const struct ssh_address *to, const struct tunnel_ops *ops, void *arg, struct err *err)
{
	struct tunnel *tunnel = tunnel_begin (remex, to, REACH_PROBE, ops, arg, err);

	return tunnel ? tunnel_ask (tunnel) : NULL;
}

/* --- known hosts -------------------------------------------------------------------------------------------------------- */

/* Take answers until the one that is waited for has come. */
static int await_trust (struct ssh_helper *helper, struct err *err)
{
	int64_t until = clock_ms () + TRUST_MS;

	while (helper->trusting && helper->control >= 0) {
		struct pollfd one = { .fd = helper->control, .events = POLLIN };

		if (clock_until (until) <= 0)
			return err_set (err, 0, "remex-ssh has not answered in %d s", TRUST_MS / 1000);
		poll (&one, 1, clock_until (until));
		receive (helper);
	}
	if (helper->trusting)
		return err_set (err, 0, "remex-ssh has ended");
	*err = helper->why;
	return helper->trusted;
}

int ssh_helper_trust (struct remex *remex, const struct ssh_address *to, const char *key, struct err *err)
{
	struct ssh_helper *helper = helper_of (remex);
	struct outgoing outgoing = { .record = { .type = REC_TRUST, .a = to->port } };
	char *texts;
	int result, n;

	if (!helper)
		return err_set (err, 0, "out of memory");
	if (helper->control < 0 && start (helper, err) < 0)
		return -1;
	if ((n = asprintf (&texts, "%s%c%s%c%s", to->user, '\0', to->host, '\0', key)) < 0)
		return err_set (err, 0, "out of memory");
	outgoing.record.id = helper->trusting = ++helper->last_id;
	outgoing.data = texts;
	outgoing.n = (size_t)n + 1;
	result = link_send (helper->control, &outgoing, 0) < 0 ? err_sys (err, 0, "cannot ask remex-ssh")
							       : await_trust (helper, err);
	helper->trusting = 0;
	free (texts);
	return result;
}
