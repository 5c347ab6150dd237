/* invocation - see invocation.h. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "wire/header.h"
#include "wire/records.h"
#include "worker/invocation.h"

int invocation_init (struct remex_call *call, struct worker *worker, uint64_t id, const char *header, size_t n,
	const char *attachment, size_t attachment_n, struct err *err)
{
	*call = (struct remex_call){ .worker = worker, .id = id, .outcome = OUTCOME_COMPLETED };
	buf_init (&call->input, 2 * LINK_RECORD);
	/* The front has checked this text once; a worker trusts nobody's bytes, and needs the tree anyway. */
	if (!(call->header = header_parse (header, n, HEADER_CALL_TOKENS, NULL, err)))
		return -1;
	call->has_input = json_is_true (json_object_get (call->header, "input")) ||
			  json_integer_value (json_object_get (call->header, "body")) > 0;
	return context_read (&call->context, attachment, attachment_n, err);
}

void invocation_free (struct remex_call *call)
{
	for (size_t i = 0; i < call->n_streams; i++)
		free (call->streams[i]);
	arguments_free (&call->args);
	buf_free (&call->input);
	context_free (&call->context);
	json_decref (call->header);
}

int invocation_wait (struct remex_call *call, bool writing, int extra, bool patient)
{
	struct pollfd fds[3] = {
		{ .fd = call->worker->link, .events = writing ? POLLIN | POLLOUT : POLLIN },
		{ .fd = patient ? -1 : call->worker->lifeline, .events = POLLIN },
		{ .fd = extra, .events = POLLIN },
	};
	int happened = 0;

	while (poll (fds, 3, -1) < 0)
		if (errno != EINTR) {
			call->broken = errno;
			return -1;
		}
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
		return 0; /* a late word for a request that has ended */
	switch (packet->record.type) {
	case REC_INPUT:
		call->granted -= packet->record.length < call->granted ? packet->record.length : call->granted;
		return buf_append (&call->input, packet->data, packet->record.length);
	case REC_INPUT_END: call->input_ended = true; break;
	case REC_SIGNAL:
		if (packet->record.a > 0 && packet->record.a < 64)
			call->signals |= (uint64_t)1 << packet->record.a;
		break;
	}
	return 0;
}

int invocation_check_stream (const struct remex_call *call, const char *stream)
{
	size_t n = strlen (stream);

	if (!n || n > 32 || strspn (stream, "abcdefghijklmnopqrstuvwxyz0123456789_") != n) {
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
