/* stdio_reach - see stdio_reach.h. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/text.h"
#include "loop/loop.h"
#include "ssh/failure.h"
#include "ssh/preamble.h"
#include "ssh/stdio_reach.h"

enum {
	PREAMBLE_MOST = 1024 * 1024, /* bytes of what a login shell may print */
	NAMES = 400, /* bytes of a host's and a user's name */
};

#define BEGIN "remex-ssh:begin\n"
#define ALONE "remex-ssh:alone "

/* sbin is not in everybody's PATH. `remex stdio` ends with 69 when no remexd listens, before it has read or printed anything.
 * What follows the first line is the hello of a remexd, which begins with a byte 0, or the second line. */
static const char command[] =
	"exec /bin/sh -c 'PATH=$PATH:/usr/local/bin:/usr/local/sbin:/usr/sbin:/sbin; echo remex-ssh:begin; s=69; "
	"command -v remex >/dev/null 2>&1 && { remex stdio; s=$?; }; "
	"case $s in 69|127) command -v remexd >/dev/null 2>&1 && exec remexd --stdio; "
	"echo remex-ssh:alone \"$(uname -n)\" \"$(id -un)\"; exit 0;; esac; exit $s'";

enum stdio_state { STDIO_LOOKING, STDIO_ATTACHED, STDIO_ALONE };

struct stdio_reach {
	uv_loop_t *loop;
	struct ssh_pool *pool;
	enum stdio_state state;
	char *user, *host, *via; /* as in struct ssh_pool_target */
	uint16_t port;
	int fd; /* LOOKING: the client's socket */
	struct watch *watch; /* of fd */
	struct ssh_reach *reach; /* the command's channel; NULL: it has ended */
	struct preamble begin, second, errors;
	char names[NAMES]; /* behind ALONE: "HOST USER" */
	size_t n_names;
	const struct alone_verbs *verbs;
	struct alone *alone;
	const struct stdio_reach_ops *ops;
	void *arg;
};

static void reach_free (struct stdio_reach *reach)
{
	if (reach->reach)
		ssh_reach_abandon (reach->reach);
	watch_free (&reach->watch);
	fd_close (&reach->fd);
	free (reach->user);
	free (reach->host);
	free (reach->via);
	free (reach);
}

static void go (struct stdio_reach *reach)
{
	const struct stdio_reach_ops *ops = reach->ops;
	void *arg = reach->arg;

	reach_free (reach);
	ops->gone (arg);
}

static void fail (struct stdio_reach *reach, const struct err *err)
{
	reach->ops->failed (reach->arg, err);
	go (reach);
}

/* Nobody sends anything before hello: the other end of the socket is closed. */
static void on_given_up (void *arg, int events)
{
	struct err err;

	(void)events;
	err_set (&err, FAILURE_UNREACHABLE, "nobody waits for it any more");
	fail (arg, &err);
}

/* --- an sshd alone ----------------------------------------------------------------------------------------------- */

static void on_severed (void *arg, const struct err *err)
{
	struct stdio_reach *reach = arg;

	reach->ops->failed (reach->arg, err);
}

static void on_gone (void *arg)
{
	go (arg);
}

static void serve_alone (struct stdio_reach *reach)
{
	static const struct alone_ops ops = { on_severed, on_gone };
	char *space = strchr (reach->names, ' '), name[NAMES], you[NAMES];
	struct alone_target target = {
		.user = reach->user, .host = reach->host, .via = reach->via, .port = reach->port
	};
	struct err err;

	if (space)
		*space = '\0';
	target.name = text_plain (name, sizeof name, reach->names, strlen (reach->names));
	target.you = text_plain (you, sizeof you, space ? space + 1 : "", space ? strlen (space + 1) : 0);
	ssh_reach_abandon (reach->reach);
	reach->reach = NULL;
	watch_free (&reach->watch);
	reach->state = STDIO_ALONE;
	reach->alone = alone_new (
		reach->loop, reach->pool, &target, reach->fd, reach->verbs->rows, reach->verbs->n, &ops, reach);
	if (!reach->alone) {
		err_set (&err, FAILURE_INTERNAL, "out of memory");
		fail (reach, &err);
		return;
	}
	reach->fd = -1;
	reach->ops->opened (reach->arg);
}

/* --- a remexd ---------------------------------------------------------------------------------------------------- */

static void attach (struct stdio_reach *reach)
{
	struct err err;

	watch_free (&reach->watch);
	if (ssh_channel_attach (ssh_reach_channel (reach->reach), reach->fd) < 0) {
		err_set (&err, FAILURE_INTERNAL, "out of memory");
		fail (reach, &err);
		return;
	}
	reach->fd = -1;
	reach->state = STDIO_ATTACHED;
	reach->ops->opened (reach->arg);
}

/* --- looking ----------------------------------------------------------------------------------------------------- */

static void on_opened (void *arg)
{
	(void)arg;
}

/* Take what is known to be no hello: how many bytes. */
static size_t take (struct stdio_reach *reach, const uint8_t *bytes, size_t n)
{
	size_t taken = preamble_take (&reach->begin, bytes, n);

	if (!reach->begin.passed || taken == n || !bytes[taken])
		return taken;
	taken += preamble_take (&reach->second, bytes + taken, n - taken);
	while (taken < n && reach->n_names < sizeof reach->names - 1)
		reach->names[reach->n_names++] = (char)bytes[taken++];
	return n;
}

static void on_ready (void *arg)
{
	struct stdio_reach *reach = arg;
	struct ssh_channel *channel = ssh_reach_channel (reach->reach);
	const uint8_t *bytes;
	struct err err;
	size_t n, taken;
	char *end;

	bytes = ssh_channel_output (channel, CHANNEL_STDERR, &n);
	preamble_take (&reach->errors, bytes, n);
	ssh_channel_consume (channel, CHANNEL_STDERR, n);
	bytes = ssh_channel_output (channel, CHANNEL_STDOUT, &n);
	taken = take (reach, bytes, n);
	ssh_channel_consume (channel, CHANNEL_STDOUT, taken);
	if (reach->second.passed && (end = memchr (reach->names, '\n', reach->n_names))) {
		*end = '\0';
		serve_alone (reach);
	} else if (taken < n) {
		attach (reach);
	} else if (reach->begin.n_taken > PREAMBLE_MOST || reach->second.n_taken > PREAMBLE_MOST) {
		err_set (&err, FAILURE_DENIED, "its login shell prints without an end");
		fail (reach, &err);
	}
}

static void explain_end (const struct stdio_reach *reach, const struct ssh_exit *how, struct err *err)
{
	char line[PREAMBLE_LINE];

	if (!reach->begin.passed)
		preamble_line (&reach->begin, line, sizeof line);
	if (reach->begin.passed || !*line)
		preamble_line (&reach->errors, line, sizeof line);
	if (!reach->begin.passed)
		err_set (err, FAILURE_DENIED,
			"its sshd has run something else in place of the command (a forced command, or a login shell "
			"that "
			"runs none), which ended with %d%s%s",
			how->status, *line ? ": " : "", line);
	else if (*how->signal)
		err_set (err, FAILURE_UNREACHABLE, "the command was ended by SIG%s%s%s", how->signal, *line ? ": " : "",
			line);
	else
		err_set (err, FAILURE_UNREACHABLE, "the command exited with %d%s%s", how->status, *line ? ": " : "",
			line);
}

static void on_failed (void *arg, const struct ssh_exit *how, const struct err *err)
{
	struct stdio_reach *reach = arg;
	struct err why = *err;

	reach->reach = NULL;
	if (reach->state == STDIO_LOOKING && how && how->known)
		explain_end (reach, how, &why);
	fail (reach, &why);
}

struct stdio_reach *stdio_reach_new (uv_loop_t *loop, struct ssh_pool *pool, const struct ssh_pool_target *target,
	int fd, const struct alone_verbs *verbs, const struct stdio_reach_ops *ops, void *arg, struct err *err)
{
	static const struct ssh_pool_ops pool_ops = { on_opened, on_ready, on_failed };
	const struct ssh_pool_target asked = {
		.user = target->user, .host = target->host, .via = target->via, .port = target->port, .command = command
	};
	struct stdio_reach *reach = calloc (1, sizeof *reach);

	err_set (err, FAILURE_INTERNAL, "out of memory");
	if (!reach)
		return NULL;
	*reach = (struct stdio_reach){
		.loop = loop, .pool = pool, .port = target->port, .fd = fd, .verbs = verbs, .ops = ops, .arg = arg
	};
	preamble_init (&reach->begin, BEGIN);
	preamble_init (&reach->second, ALONE);
	preamble_init (&reach->errors, "\001"); /* does not come */
	if ((reach->user = strdup (target->user)) && (reach->host = strdup (target->host)) &&
		(!target->via || (reach->via = strdup (target->via))) &&
		(reach->watch = watch_new (loop, fd, UV_READABLE, on_given_up, reach)) &&
		(reach->reach = ssh_pool_open (pool, &asked, &pool_ops, reach, err)))
		return reach;
	reach->fd = -1;
	reach_free (reach);
	return NULL;
}

void stdio_reach_leave (struct stdio_reach *reach)
{
	if (reach->state == STDIO_ALONE)
		alone_leave (reach->alone);
	else
		go (reach);
}
