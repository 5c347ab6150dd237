/* job_streams - see job_streams.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/text.h"
#include "job/job_streams.h"
#include "wire/records.h"

enum {
	TERMINAL_HOLDS = 64 * 1024, /* bytes: more than the kernel keeps of a terminal's output */
	PIPE_USUAL = 64 * 1024, /* bytes that a pipe holds (pipe(7)), */
	PIPE_WIDE = 256 * 1024, /* and that it may hold when it was full: each wake-up of the holder brings more */
};

void job_streams_init (struct job_streams *streams, int worker)
{
	*streams = (struct job_streams){ .worker = worker, .sink = { .fd = -1 } };
}

/* The descriptors were the worker's, and others may have copies. */
static void close_way (struct nowait *way)
{
	fd_drop (&way->fd);
}

void job_streams_cut (struct job_streams *streams)
{
	for (int i = 0; i < streams->n; i++)
		close_way (&streams->outlets[i].from);
}

void job_streams_free (struct job_streams *streams)
{
	job_streams_cut (streams);
	close_way (&streams->sink);
}

bool job_streams_ended (const struct job_streams *streams)
{
	for (int i = 0; i < streams->n; i++)
		if (streams->outlets[i].from.fd >= 0)
			return false;
	return true;
}

static struct nowait take (struct packet *packet, size_t i, int64_t kind, int access)
{
	struct nowait way = { .fd = -1 };

	if (fd_is_of_kind (packet->fds[i], (enum fd_kind)kind, access)) {
		way = nowait_of (packet->fds[i], access);
		packet->fds[i] = -1;
	}
	return way;
}

bool job_streams_add (
	struct job_streams *streams, struct packet *packet, int (*stream) (void *, const char *, size_t), void *arg)
{
	const char *names = (const char *)packet->data, *end = names + packet->record.length;
	bool good = packet->n_fds > 0;

	for (size_t i = 0; i < packet->n_fds; i++) {
		size_t n = strnlen (names, (size_t)(end - names));
		struct job_outlet *outlet = &streams->outlets[streams->n];
		int64_t kind = i ? packet->record.b : packet->record.a;

		if (i < 2 && streams->n < JOB_OUTLETS && text_is_name (names, n)) {
			*outlet = (struct job_outlet){ .kind = (enum fd_kind)kind, .owed = -1 };
			outlet->stream = stream (arg, names, n);
			outlet->from =
				outlet->stream < 0 ? (struct nowait){ .fd = -1 } : take (packet, i, kind, O_RDONLY);
			streams->n += outlet->from.fd >= 0;
			good &= outlet->from.fd >= 0;
		} else {
			good = false;
		}
		names += names + n < end ? n + 1 : n;
	}
	packet_close (packet);
	streams->failed |= !good;
	return good;
}

bool job_streams_set_sink (struct job_streams *streams, struct packet *packet)
{
	bool good = packet->n_fds == 1 && !streams->has_sink && !streams->pulled;

	if (good) {
		streams->sink_kind = (enum fd_kind)packet->record.a;
		streams->sink = take (packet, 0, packet->record.a, O_WRONLY);
		good = streams->has_sink = streams->sink.fd >= 0;
	}
	packet_close (packet);
	streams->failed |= !good;
	if (good && streams->input_over)
		close_way (&streams->sink);
	return good;
}

void job_streams_poll (const struct job_streams *streams, struct pollfd *fds, bool output)
{
	for (int i = 0; i < JOB_OUTLETS; i++)
		fds[i] = (struct pollfd){ .fd = output && i < streams->n ? streams->outlets[i].from.fd : -1,
			.events = POLLIN };
	fds[JOB_OUTLETS] = (struct pollfd){ .fd = streams->sink_full ? streams->sink.fd : -1, .events = POLLOUT };
}

/* --- output -------------------------------------------------------------------------------------------------------- */

/* Another process may hold the outlet, and what is owed was taken. */
static ssize_t give_up (struct job_streams *streams, struct job_outlet *outlet)
{
	char byte;
	ssize_t got = nowait_read (&outlet->from, &byte, 1);

	streams->pipe_held |= got > 0 || (got < 0 && errno == EAGAIN);
	close_way (&outlet->from);
	return -1;
}

ssize_t job_streams_read (struct job_streams *streams, int i, void *bytes, size_t size)
{
	struct job_outlet *outlet = &streams->outlets[i];
	ssize_t got;

	if (outlet->from.fd < 0)
		return -1;
	if (outlet->owed == 0)
		return give_up (streams, outlet);
	if (outlet->owed > 0 && size > (size_t)outlet->owed)
		size = (size_t)outlet->owed;
	got = nowait_read (&outlet->from, bytes, size);
	if (got >= PIPE_USUAL && !outlet->wide && outlet->kind == FD_PIPE) {
		outlet->wide = true;
		fcntl (outlet->from.fd, F_SETPIPE_SZ, PIPE_WIDE); /* the kernel may refuse */
	}
	if (got > 0) {
		outlet->owed -= outlet->owed > 0 ? got : 0;
		return got;
	}
	if (got < 0 && errno == EAGAIN)
		return outlet->owed >= 0 ? give_up (streams, outlet) : 0;
	streams->failed |= got < 0 && !fd_read_ended (outlet->kind, errno);
	close_way (&outlet->from);
	return -1;
}

void job_streams_late (struct job_streams *streams)
{
	for (int i = 0; i < streams->n; i++) {
		struct job_outlet *outlet = &streams->outlets[i];
		int n = 0;

		if (outlet->from.fd < 0 || outlet->owed >= 0)
			continue;
		/* The kernel says how much waits in a pipe or a socket; of what waits in a terminal only a part. */
		if (outlet->kind != FD_PIPE && outlet->kind != FD_SOCKET)
			outlet->owed = TERMINAL_HOLDS;
		else
			outlet->owed = ioctl (outlet->from.fd, FIONREAD, &n) < 0 ? 0 : n;
	}
}

/* --- input --------------------------------------------------------------------------------------------------------- */

/* Nobody reads any more. */
static void end_sink (struct job_streams *streams)
{
	streams->input_over = true;
	streams->sink_full = false;
	close_way (&streams->sink);
}

static size_t write_sink (struct job_streams *streams, const uint8_t *bytes, size_t n)
{
	ssize_t done = nowait_write (&streams->sink, bytes, n);

	if (done >= 0)
		return (size_t)done;
	if (errno == EAGAIN) {
		streams->sink_full = true;
		return 0;
	}
	streams->failed |= !fd_reader_gone (streams->sink_kind, errno);
	end_sink (streams);
	return n;
}

static size_t write_worker (struct job_streams *streams, const uint8_t *bytes, size_t n)
{
	if (streams->pulled <= 0)
		return 0;
	if (n > (size_t)streams->pulled)
		n = (size_t)streams->pulled;
	if (n > LINK_PAYLOAD)
		n = LINK_PAYLOAD;
	if (link_send (streams->worker,
		    &(struct outgoing){ .record = { .type = REC_INPUT, .id = 1 }, .data = bytes, .n = n },
		    MSG_DONTWAIT) < 0) {
		streams->input_over |= errno != EAGAIN;
		return streams->input_over ? n : 0;
	}
	streams->pulled -= (int64_t)n;
	return n;
}

size_t job_streams_write (struct job_streams *streams, const uint8_t *bytes, size_t n)
{
	if (streams->input_over)
		return n;
	if (streams->has_sink)
		return streams->sink_full ? 0 : write_sink (streams, bytes, n);
	return streams->worker < 0 ? 0 : write_worker (streams, bytes, n);
}

bool job_streams_end_input (struct job_streams *streams)
{
	if (streams->input_over)
		return true;
	if (streams->has_sink) {
		end_sink (streams);
		return true;
	}
	if (streams->worker < 0 || streams->pulled <= 0 ||
		(link_post (streams->worker, REC_INPUT_END, 1, 0, 0, MSG_DONTWAIT) < 0 && errno == EAGAIN))
		return false;
	streams->input_over = true;
	return true;
}
