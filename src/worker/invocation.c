/* invocation - see invocation.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/text.h"
#include "wire/header.h"
#include "wire/records.h"
#include "worker/invocation.h"

int invocation_init (struct remex_call *call, struct worker *worker, uint64_t id, const char *header, size_t n,
	const char *attachment, size_t attachment_n, struct err *err)
{
	*call = (struct remex_call){
		.worker = worker, .id = id, .outcome = OUTCOME_COMPLETED, .pty = { .master = -1, .slave = -1 }
	};
	buf_init (&call->input, 2 * LINK_RECORD);
	/* The front has checked this text. The worker checks it again: it trusts no other process, and needs the tree
	 * anyway. */
	if (!(call->header = header_parse (header, n, HEADER_CALL_TOKENS, NULL, err)))
		return -1;
	call->has_input = json_is_true (json_object_get (call->header, "input")) ||
			  json_integer_value (json_object_get (call->header, "body")) > 0;
	if (tty_read (call->header, NULL, &call->tty, err) < 0)
		return -1;
	return context_read (&call->context, attachment, attachment_n, err);
}

void invocation_free (struct remex_call *call)
{
	for (size_t i = 0; i < call->n_streams; i++)
		free (call->streams[i]);
	pty_close (&call->pty);
	arguments_free (&call->args);
	buf_free (&call->input);
	context_free (&call->context);
	json_decref (call->header);
}

/* Milliseconds until call->wake_ms; -1: there is no such time. */
static int timeout (const struct remex_call *call)
{
	int64_t left = call->wake_ms - clock_ms ();

	if (!call->wake_ms)
		return -1;
	return left <= 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

int invocation_wait (struct remex_call *call, bool writing, int extra, bool patient)
{
	struct pollfd fds[3] = {
		{ .fd = call->worker->link, .events = writing ? POLLIN | POLLOUT : POLLIN },
		{ .fd = patient ? -1 : call->worker->lifeline, .events = POLLIN },
		{ .fd = extra, .events = POLLIN },
	};
	int happened = 0;

	while (poll (fds, 3, timeout (call)) < 0)
		if (errno != EINTR) {
			call->broken = errno;
			return -1;
		}
	if (call->wake_ms && clock_ms () >= call->wake_ms)
		happened = INVOCATION_TIME;
	for (int i = 0; i < 3; i++)
		if (fds[i].revents)
			happened |= 1 << i;
	return happened;
}

int invocation_receive (struct remex_call *call)
{
	struct packet *packet = &call->worker->packet;
	int got = link_recv (call->worker->link, packet, MSG_DONTWAIT);

	if (got == 0)
		errno = EPIPE;
	if (got <= 0) {
		if (errno != EAGAIN)
			call->broken = errno;
		return -1;
	}
	packet_close (packet);
	if (packet->record.id != call->id)
		return 0; /* a late record of a request that has ended */
	switch (packet->record.type) {
	case REC_INPUT:
		call->granted -= packet->record.length < call->granted ? packet->record.length : call->granted;
		return buf_append (&call->input, packet->data, packet->record.length);
	case REC_INPUT_END: call->input_ended = true; break;
	case REC_SIGNAL:
		if (packet->record.a > 0 && packet->record.a < 64)
			call->signals |= (uint64_t)1 << packet->record.a;
		break;
	case REC_RESIZE:
		call->tty.rows = (int)packet->record.a;
		call->tty.cols = (int)packet->record.b;
		call->resized = true;
		break;
	}
	return 0;
}

int invocation_check_stream (const struct remex_call *call, const char *stream)
{
	size_t n = strlen (stream);

	if (!text_is_name (stream, n)) {
		errno = EINVAL;
		return -1;
	}
	for (size_t i = 0; i < call->n_streams; i++)
		if (!strcmp (call->streams[i], stream)) {
			errno = EBUSY;
			return -1;
		}
	return 0;
}

/* Mark the stream as handed over: the worker may not write to it from now on. Returns the kind of the descriptor;
 * FD_OTHER with errno. */
static enum fd_kind give_away (struct remex_call *call, const char *stream, int fd)
{
	enum fd_kind kind = fd_kind_of (fd, O_RDONLY);

	if (invocation_check_stream (call, stream) < 0)
		return FD_OTHER;
	if (call->n_streams == INVOCATION_STREAMS)
		errno = EBUSY;
	else if (kind == FD_OTHER)
		errno = EINVAL;
	else if ((call->streams[call->n_streams] = strdup (stream))) {
		call->n_streams++;
		return kind;
	}
	return FD_OTHER;
}

int invocation_hand_over (struct remex_call *call, const char *stream, int fd, const char *other, int other_fd)
{
	struct record record = { .type = REC_STREAM, .id = call->id };
	int fds[2] = { fd, other_fd }, result = -1;
	char names[128];
	size_t n;

	if ((record.a = give_away (call, stream, fd)) != FD_OTHER &&
		(!other || (record.b = give_away (call, other, other_fd)) != FD_OTHER)) {
		n = (size_t)snprintf (names, sizeof names, "%s", stream) + 1;
		if (other)
			n += (size_t)snprintf (names + n, sizeof names - n, "%s", other) + 1;
		result = link_send (call->worker->link,
			&(struct outgoing){
				.record = record, .data = names, .n = n, .fds = fds, .n_fds = other ? 2 : 1 },
			0);
	}
	fd_close (&fd);
	fd_close (&other_fd);
	return result;
}

int invocation_hand_sink (struct remex_call *call, int fd)
{
	struct record record = { .type = REC_SINK, .id = call->id, .a = fd_kind_of (fd, O_WRONLY) };
	int result = -1;

	if (call->has_sink || call->read_begun)
		errno = EBUSY;
	else if (record.a == FD_OTHER)
		errno = EINVAL;
	else {
		call->has_sink = true;
		result = link_send (
			call->worker->link, &(struct outgoing){ .record = record, .fds = &fd, .n_fds = 1 }, 0);
	}
	fd_close (&fd);
	return result;
}
