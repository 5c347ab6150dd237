/* proxy - see proxy.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/passrights.h"
#include "base/text.h"
#include "client/host.h"
#include "client/proxy.h"
#include "proc/spawn.h"

enum {
	LINE_ROOM = 512, /* bytes of a line that are kept */
	LATE_MS = 1000, /* from the end of the stream */
	TERM_MS = 20, /* for the command to end by itself, */
	KILL_MS = 1000, /* and for the kernel to end it */
};

struct proxy {
	struct remex_host *host;
	struct child child; /* reaped at the host's end only: until then its number is that of its group */
	bool ended;
	siginfo_t how; /* how it ended, as from waitid(2); si_pid 0: not known */
	int error_fd; /* its standard error; -1: at its end */
	char line[LINE_ROOM], last[LINE_ROOM]; /* the line that is not complete, and the last one that was */
	size_t used; /* of `line` */
	bool awaited, over;
	uv_poll_t exit, errors;
	uv_timer_t late;
	int handles; /* open ones of libuv; the proxy is freed when the last is closed */
};

/* --- the end ----------------------------------------------------------------------------------------------------- */

static void on_closed (uv_handle_t *handle)
{
	struct proxy *proxy = handle->data;

	if (--proxy->handles == 0)
		free (proxy);
}

static bool ends_within (const struct proxy *proxy, int ms)
{
	struct pollfd one = { .fd = proxy->child.pidfd, .events = POLLIN };

	return poll (&one, 1, ms) > 0;
}

/* End the command and the processes that it has left in its group, and reap it. A process that even SIGKILL does not
 * end, because it waits within the kernel, is left to the kernel. */
static void end_child (struct proxy *proxy)
{
	int status;

	if (!proxy->ended)
		child_signal (&proxy->child, SIGTERM);
	if (!proxy->ended)
		ends_within (proxy, TERM_MS);
	child_signal (&proxy->child, SIGKILL);
	if (proxy->child.pid > 0 && ends_within (proxy, KILL_MS))
		child_reap (&proxy->child, &status);
	else
		fd_close (&proxy->child.pidfd);
}

void proxy_end (struct proxy *proxy)
{
	if (!proxy)
		return;
	uv_close ((uv_handle_t *)&proxy->exit, on_closed);
	uv_close ((uv_handle_t *)&proxy->errors, on_closed);
	uv_close ((uv_handle_t *)&proxy->late, on_closed);
	end_child (proxy);
	fd_close (&proxy->error_fd);
}

static void be_over (struct proxy *proxy)
{
	struct remex_host *host = proxy->host;

	if (proxy->over)
		return;
	proxy->over = true;
	uv_timer_stop (&proxy->late);
	if (!proxy->awaited)
		return;
	if (host->state == HOST_CONNECTING)
		host->dialer->wake (host);
	else
		host_ready (host);
}

/* --- what it says ------------------------------------------------------------------------------------------------ */

static void end_line (struct proxy *proxy)
{
	while (proxy->used && strchr (" \t\r", proxy->line[proxy->used - 1]))
		proxy->used--;
	if (proxy->used)
		text_plain (proxy->last, sizeof proxy->last, proxy->line, proxy->used);
	proxy->used = 0;
}

static void take (struct proxy *proxy, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (bytes[i] == '\n')
			end_line (proxy);
		else if (proxy->used < LINE_ROOM)
			proxy->line[proxy->used++] = bytes[i];
}

/* Read once from standard error. false: there is nothing now. */
static bool read_errors (struct proxy *proxy)
{
	char bytes[4096];
	ssize_t n = proxy->error_fd < 0 ? -1 : read (proxy->error_fd, bytes, sizeof bytes);

	if (n > 0) {
		take (proxy, bytes, (size_t)n);
		return true;
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		uv_poll_stop (&proxy->errors);
		fd_close (&proxy->error_fd);
	}
	return false;
}

static void on_errors (uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	read_errors (poll->data);
}

/* The command has exited. Its last messages are in the pipe, which others may still hold. */
static void on_end (uv_poll_t *poll, int status, int events)
{
	struct proxy *proxy = poll->data;

	(void)status;
	(void)events;
	uv_poll_stop (poll);
	for (int i = 0; i < 64 && read_errors (proxy); i++)
		continue;
	end_line (proxy);
	proxy->ended = true;
	if (waitid (P_PID, (id_t)proxy->child.pid, &proxy->how, WEXITED | WNOHANG | WNOWAIT) < 0) {
		proxy->how.si_pid = 0; /* reaped elsewhere: its number may belong to another process now */
		proxy->child.pid = 0;
	}
	be_over (proxy);
}

static void on_late (uv_timer_t *timer)
{
	be_over (timer->data);
}

bool proxy_awaited (struct proxy *proxy)
{
	if (!proxy || proxy->over)
		return false;
	if (!proxy->awaited) {
		proxy->awaited = true;
		uv_update_time (&proxy->host->remex->loop);
		uv_timer_start (&proxy->late, on_late, LATE_MS, 0);
	}
	return true;
}

char *proxy_words (const struct proxy *proxy, char *out, size_t size)
{
	char how[48] = "";

	*out = '\0';
	if (!proxy)
		return out;
	if (proxy->ended && !proxy->how.si_pid)
		snprintf (how, sizeof how, " ended");
	else if (proxy->ended && proxy->how.si_code == CLD_EXITED)
		snprintf (how, sizeof how, " ended with status %d", proxy->how.si_status);
	else if (proxy->ended)
		snprintf (how, sizeof how, " was killed by signal %d", proxy->how.si_status);
	else if (proxy->awaited)
		snprintf (how, sizeof how, " has closed its output");
	else if (*proxy->last)
		snprintf (how, sizeof how, " says");
	if (*how)
		snprintf (out, size, "; the proxy command%s%s%.300s", how, *proxy->last ? ": " : "", proxy->last);
	return out;
}

/* --- the beginning ----------------------------------------------------------------------------------------------- */

/* The three handles of libuv, in a proxy whose descriptors are open. 0, or an error of libuv, and nothing is left open but
 * the descriptors. */
static int watch (struct proxy *proxy)
{
	uv_loop_t *loop = &proxy->host->remex->loop;
	int failed;

	if ((failed = uv_poll_init (loop, &proxy->exit, proxy->child.pidfd)) < 0)
		return failed;
	proxy->handles = 1;
	if ((failed = uv_poll_init (loop, &proxy->errors, proxy->error_fd)) < 0) {
		uv_close ((uv_handle_t *)&proxy->exit, on_closed);
		return failed;
	}
	uv_timer_init (loop, &proxy->late);
	proxy->handles = 3;
	uv_poll_start (&proxy->exit, UV_READABLE, on_end);
	uv_poll_start (&proxy->errors, UV_READABLE, on_errors);
	return 0;
}

/* Run the line with `theirs` as its standard input and output, and `errors` as its standard error. */
static int run (struct proxy *proxy, const char *command, int theirs, int errors, struct err *err)
{
	const char *argv[] = { "sh", "-c", command, NULL };
	const struct spawn spawn = {
		.argv = argv,
		.env = (const char *const *)environ,
		.file = "/bin/sh",
		.fds = { theirs, theirs, errors },
		.die_with_parent = true,
	};
	int failed;

	if (spawn_start (&spawn, &proxy->child, err) < 0) {
		free (proxy);
		return -1;
	}
	if ((failed = watch (proxy)) == 0)
		return 0;
	end_child (proxy);
	if (!proxy->handles)
		free (proxy);
	return err_set (err, 0, "the proxy command cannot be watched: %s", uv_strerror (failed));
}

struct proxy *proxy_start (struct remex_host *host, const char *command, int *fd, struct err *err)
{
	struct proxy *proxy = calloc (1, sizeof *proxy);
	int pair[2] = { -1, -1 }, errors[2] = { -1, -1 }, result = -1;

	if (!proxy) {
		err_set (err, 0, "out of memory");
		return NULL;
	}
	proxy->host = host;
	proxy->exit.data = proxy->errors.data = proxy->late.data = proxy;
	if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0 || pipe2 (errors, O_CLOEXEC) < 0) {
		err_sys (err, 0, "cannot make the pipes of the proxy command");
		free (proxy);
	} else {
		proxy->error_fd = errors[0];
		fd_nonblock (errors[0], true);
		passrights_refuse (pair[0]);
		result = run (proxy, command, pair[1], errors[1], err);
	}
	fd_close (&pair[1]);
	fd_close (&errors[1]);
	if (result == 0) {
		*fd = pair[0];
		return proxy;
	}
	fd_close (&pair[0]);
	fd_close (&errors[0]);
	return NULL;
}
