/* agent_link - see agent_link.h. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/list.h"
#include "loop/loop.h"
#include "net/pump.h"
#include "ssh/agent.h"
#include "ssh/agent_link.h"

struct agent_link {
	uv_loop_t *loop;
	struct list requests; /* the first one was sent, and has no answer yet */
	struct pump pump; /* of the socket, while there is a connection */
	struct buf in, out;
	struct watch *watch;
	struct timer *timer;
	bool broken; /* `why` */
	struct err why;
};

struct agent_request {
	struct list node;
	struct buf message;
	bool sent;
	int ms;
	int64_t deadline_ms; /* once it was sent */
	void (*done) (void *arg, const uint8_t *message, size_t n, const struct err *err); /* NULL: cancelled */
	void *arg;
};

static void run (struct agent_link *link);

bool agent_link_is_there (void)
{
	const char *path = getenv ("SSH_AUTH_SOCK");

	return path && *path;
}

static void request_free (struct agent_request *request)
{
	list_remove (&request->node);
	buf_free (&request->message);
	free (request);
}

static void disconnect (struct agent_link *link)
{
	watch_free (&link->watch);
	pump_close (&link->pump);
	buf_consume (&link->in, buf_len (&link->in));
	buf_consume (&link->out, buf_len (&link->out));
	pump_init (&link->pump, &link->in, &link->out);
}

/* The agent cannot be used: every request fails. */
static void fail_all (struct agent_link *link)
{
	struct list failed;
	struct agent_request *request, *after;

	disconnect (link);
	link->broken = true;
	list_init (&failed);
	list_each_safe (request, after, &link->requests, node) {
		list_remove (&request->node);
		list_append (&failed, &request->node);
	}
	while (!list_empty (&failed)) {
		request = list_entry (failed.next, struct agent_request, node);
		list_remove (&request->node);
		if (request->done)
			request->done (request->arg, NULL, 0, &link->why);
		request_free (request);
	}
}

/* --- the connection ------------------------------------------------------------------------------------------------------ */

static void on_ready (void *arg, int events)
{
	struct agent_link *link = arg;

	(void)events;
	if (pump_read (&link->pump, AGENT_MESSAGE_MAX) == PUMP_ENDED) {
		err_set (&link->why, 0, "the agent has closed its connection");
		fail_all (link);
		return;
	}
	run (link);
}

static int connect_agent (struct agent_link *link)
{
	const char *path = getenv ("SSH_AUTH_SOCK");
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	struct stream stream;
	int fd;

	if (!path || !*path)
		return err_set (&link->why, 0, "there is no agent (SSH_AUTH_SOCK is not set)");
	if (strlen (path) >= sizeof name.sun_path)
		return err_set (&link->why, 0, "the path of the agent's socket (SSH_AUTH_SOCK) is too long");
	strcpy (name.sun_path, path);
	if ((fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) < 0)
		return err_sys (&link->why, 0, "cannot make a socket for the agent");
	if (connect (fd, (const struct sockaddr *)&name, sizeof name) < 0 || stream_owned (&stream, fd, fd) < 0) {
		err_sys (&link->why, 0, "cannot reach the agent at %.300s", path);
		fd_close (&fd);
		return -1;
	}
	pump_open (&link->pump, &stream);
	if (!(link->watch = watch_new (link->loop, fd, UV_READABLE, on_ready, link)))
		return err_set (&link->why, 0, "out of memory");
	return 0;
}

/* --- requests ------------------------------------------------------------------------------------------------------------ */

static void on_timer (void *arg)
{
	struct agent_link *link = arg;
	struct agent_request *request;

	if (list_empty (&link->requests))
		return;
	request = list_entry (link->requests.next, struct agent_request, node);
	if (request->sent && clock_ms () >= request->deadline_ms) {
		err_set (&link->why, 0, "the agent has not answered in %d s", request->ms / 1000);
		fail_all (link);
		return;
	}
	run (link);
}

/* Send the first request, if it was not sent. */
static int send_first (struct agent_link *link, struct agent_request *request)
{
	if (request->sent)
		return 0;
	if (!pump_is_open (&link->pump) && connect_agent (link) < 0)
		return -1;
	if (buf_append (&link->out, buf_head (&request->message), buf_len (&request->message)) < 0)
		return err_set (&link->why, 0, "out of memory");
	request->sent = true;
	request->deadline_ms = clock_ms () + request->ms;
	return 0;
}

/* Give the first request its answer, if it is whole. 1: it was; 0; -1: the agent breaks its protocol. */
static int take_answer (struct agent_link *link, struct agent_request *request)
{
	ssize_t size =
		buf_len (&link->in) ? agent_message_size (buf_head (&link->in), buf_len (&link->in), &link->why) : 0;

	if (size < 0)
		return -1;
	if (!request->sent || !size || (size_t)size > buf_len (&link->in))
		return 0;
	list_remove (&request->node);
	if (request->done)
		request->done (request->arg, buf_head (&link->in), (size_t)size, NULL);
	request_free (request);
	buf_consume (&link->in, (size_t)size);
	return 1;
}

static void run (struct agent_link *link)
{
	int result = 1;

	while (result > 0 && !list_empty (&link->requests)) {
		struct agent_request *request = list_entry (link->requests.next, struct agent_request, node);

		if (link->broken || send_first (link, request) < 0) {
			fail_all (link);
			return;
		}
		pump_write (&link->pump);
		result = take_answer (link, request);
		if (result < 0) {
			fail_all (link);
			return;
		}
		if (!result)
			timer_set (link->loop, &link->timer, request->deadline_ms, on_timer, link);
	}
	if (link->watch)
		watch_set (link->watch, UV_READABLE | (link->pump.write_blocked ? UV_WRITABLE : 0));
}

struct agent_request *agent_link_ask (struct agent_link *link, struct buf *message, int ms,
	void (*done) (void *arg, const uint8_t *message, size_t n, const struct err *err), void *arg)
{
	struct agent_request *request = calloc (1, sizeof *request);
	bool first = list_empty (&link->requests);

	if (!request)
		return NULL;
	request->message = *message;
	buf_init (message, message->max);
	request->ms = ms;
	request->done = done;
	request->arg = arg;
	list_append (&link->requests, &request->node);
	if (first)
		timer_set (link->loop, &link->timer, clock_ms (), on_timer, link);
	return request;
}

void agent_request_cancel (struct agent_request *request)
{
	if (!request)
		return;
	if (request->sent) /* its answer will come, and belongs to nobody */
		request->done = NULL;
	else
		request_free (request);
}

/* --- beginning and end --------------------------------------------------------------------------------------------------- */

struct agent_link *agent_link_new (uv_loop_t *loop)
{
	struct agent_link *link = calloc (1, sizeof *link);

	if (!link)
		return NULL;
	link->loop = loop;
	list_init (&link->requests);
	buf_init (&link->in, AGENT_MESSAGE_MAX);
	buf_init (&link->out, AGENT_MESSAGE_MAX);
	pump_init (&link->pump, &link->in, &link->out);
	return link;
}

void agent_link_free (struct agent_link *link)
{
	struct agent_request *request, *after;

	if (!link)
		return;
	list_each_safe (request, after, &link->requests, node)
		request_free (request);
	disconnect (link);
	timer_free (&link->timer);
	buf_free (&link->in);
	buf_free (&link->out);
	free (link);
}
