/* viewers - see viewers.h. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "job/viewers.h"
#include "wire/records.h"

enum {
	PIECE = 64 * 1024, /* bytes of one OUTPUT or SCREEN */
	BURST = 16, /* records of one viewer in a row */
	SCREEN_MAX = 64 * 1024 * 1024, /* more than screen.h can draw */
	NOT_ENDED = -2,
	NEAR = 512 * 1024, /* bytes that a viewer may be behind while it paces the job, */
	PACE_MS = 50, /* and how long it does so after it has moved */
};

/* The last record that came, and a piece of output: one viewer is served at a time. */
static struct packet packet;
static uint8_t piece[PIECE];

void viewers_init (struct viewers *viewers, const struct viewer_ops *ops, void *arg, const struct job_spool *spool)
{
	*viewers = (struct viewers){ .ops = ops, .arg = arg, .spool = spool, .outcome = "" };
	for (int i = 0; i < HOLDER_VIEWERS; i++)
		viewers->all[i].fd = -1;
}

static void forget (struct viewer *viewer)
{
	fd_close (&viewer->fd);
	buf_free (&viewer->screen);
	buf_free (&viewer->input);
	viewer->used = false;
}

/* The viewer is gone, or is of no use any more. Its input stays. */
static void leave (struct viewer *viewer)
{
	fd_close (&viewer->fd);
	buf_free (&viewer->screen);
	if (viewer->gap || (!buf_len (&viewer->input) && viewer->input_end == NOT_ENDED))
		forget (viewer);
}

void viewers_free (struct viewers *viewers)
{
	for (int i = 0; i < HOLDER_VIEWERS; i++)
		if (viewers->all[i].used)
			forget (&viewers->all[i]);
}

static struct viewer *find_room (struct viewers *viewers)
{
	for (int i = 0; i < HOLDER_VIEWERS; i++)
		if (!viewers->all[i].used)
			return &viewers->all[i];
	for (int i = 0; i < HOLDER_VIEWERS; i++)
		if (viewers->all[i].fd < 0) {
			forget (&viewers->all[i]);
			return &viewers->all[i];
		}
	return NULL;
}

/* What waits in the socket of a viewer that goes is lost for it, and has to be in the spool when it comes back: a sixteenth of the
 * spool, of which the kernel makes an eighth (socket(7), SO_SNDBUF), and no less than a record needs. */
static int buffer_size (const struct job_spool *spool)
{
	const int64_t most = 1024 * 1024, least = 2 * PIECE; /* most: as link_pair */
	int64_t size = spool->cap > 0 ? spool->cap / 16 : most;

	return (int)(size < least ? least : size < most ? size : most);
}

struct viewer *viewers_add (struct viewers *viewers, int fd)
{
	struct viewer *viewer = find_room (viewers);
	int size = buffer_size (viewers->spool);

	if (!viewer) {
		fd_close (&fd);
		return NULL;
	}
	if (viewers->last == viewer)
		viewers->last = NULL;
	setsockopt (fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	*viewer = (struct viewer){ .used = true, .fd = fd, .input_end = NOT_ENDED, .moved_ms = clock_ms () };
	buf_init (&viewer->screen, SCREEN_MAX);
	buf_init (&viewer->input, JOB_INPUT_WINDOW);
	return viewer;
}

int viewers_count (const struct viewers *viewers)
{
	int n = 0;

	for (int i = 0; i < HOLDER_VIEWERS; i++)
		n += viewers->all[i].used && viewers->all[i].fd >= 0;
	return n;
}

/* --- records out --------------------------------------------------------------------------------------------------- */

/* 1: sent; 0: not now, or never. */
static int send_record (struct viewer *viewer, const struct outgoing *outgoing)
{
	if (link_send (viewer->fd, outgoing, MSG_DONTWAIT) == 0)
		return 1;
	if (errno == EAGAIN)
		viewer->full = true;
	else
		leave (viewer);
	return 0;
}

static int send_plain (struct viewer *viewer, uint32_t type, int64_t a, int64_t b, const char *text)
{
	return send_record (viewer,
		&(struct outgoing){ .record = { .type = type, .a = a, .b = b }, .data = text, .n = strlen (text) });
}

static int send_hello (const struct viewers *viewers, struct viewer *viewer)
{
	char text[256], tty[64] = "";

	if (viewers->has_tty)
		snprintf (tty, sizeof tty, ",\"tty\":[%d,%d]", viewers->rows, viewers->cols);
	snprintf (text, sizeof text, "{\"version\":%d,\"state\":\"%s\",\"start\":%lld,\"input\":%s%s}", JOB_VERSION,
		viewers->ended ? "ended" : "running", (long long)viewers->spool->start,
		viewers->takes_input ? "true" : "false", tty);
	if (!send_plain (viewer, JOB_HELLO, viewers->spool->end, viewers->taken, text))
		return 0;
	viewer->greeted = true;
	/* Input may only begin at what is told now. */
	viewer->input_at = viewers->taken;
	return 1;
}

static int send_screen (struct viewer *viewer)
{
	size_t n = buf_len (&viewer->screen) < PIECE ? buf_len (&viewer->screen) : PIECE;

	if (!send_record (viewer,
		    &(struct outgoing){
			    .record = { .type = JOB_SCREEN, .a = viewer->screen_offset, .b = viewer->screen_size },
			    .data = buf_head (&viewer->screen),
			    .n = n,
		    }))
		return 0;
	buf_consume (&viewer->screen, n);
	viewer->screen_due = buf_len (&viewer->screen) > 0;
	buf_trim (&viewer->screen);
	return 1;
}

static int send_end (const struct viewers *viewers, struct viewer *viewer)
{
	if (!send_plain (viewer, JOB_END, viewer->following, 0, viewers->ended ? viewers->outcome : ""))
		return 0;
	viewer->over = true;
	return 1;
}

/* -1: there is no output that the viewer does not have. */
static int send_output (struct viewers *viewers, struct viewer *viewer)
{
	struct spool_place place = viewer->place;
	struct spool_read read;
	int sent = -1;

	switch (job_spool_read (viewers->spool, &place, viewer->streams, piece, sizeof piece, &read)) {
	case SPOOL_DATA: {
		const char *name = viewers->spool->names[read.stream];
		size_t n = strlen (name);

		sent = send_record (viewer, &(struct outgoing){
						    .record = { .type = JOB_OUTPUT, .a = read.offset, .b = (int64_t)n },
						    .data = name,
						    .n = n,
						    .more = read.bytes,
						    .more_n = (size_t)read.n,
					    });
		break;
	}
	case SPOOL_GAP: sent = send_plain (viewer, JOB_CUT, read.offset, read.offset + read.n, ""); break;
	case SPOOL_SIZE:
	case SPOOL_END: break;
	}
	if (sent)
		viewer->place = place;
	if (sent && viewers->last == viewer)
		viewers->reached = place.offset;
	return sent;
}

static int send_due (struct viewers *viewers, struct viewer *viewer)
{
	int sent;

	/* A job that could not start has no HELLO. */
	if (!viewer->greeted && viewers->running)
		return send_hello (viewers, viewer);
	if (!viewer->greeted)
		return viewers->ended && !viewer->over ? send_end (viewers, viewer) : 0;
	if (viewer->credit && (viewer->credit >= JOB_INPUT_WINDOW / 4 || !buf_len (&viewer->input))) {
		if (!send_plain (viewer, JOB_INPUT_TAKEN, viewers->taken, viewer->credit, ""))
			return 0;
		viewer->credit = 0;
		return 1;
	}
	if (viewer->gap && !viewer->gap_told)
		return viewer->gap_told = send_plain (viewer, JOB_INPUT_GAP, viewer->input_at, 0, "");
	if (viewer->screen_due)
		return send_screen (viewer);
	if (viewer->over)
		return 0;
	if (viewer->following) {
		if (!viewer->live && viewer->place.offset >= viewer->until)
			return send_end (viewers, viewer);
		if ((sent = send_output (viewers, viewer)) >= 0)
			return sent;
	}
	return viewers->ended || (viewer->following && !viewer->live) ? send_end (viewers, viewer) : 0;
}

static void go (struct viewers *viewers, struct viewer *viewer, int64_t now)
{
	int i;

	for (i = 0; i < BURST && viewer->used && viewer->fd >= 0 && !viewer->full; i++) {
		if (!send_due (viewers, viewer))
			return;
		viewer->moved_ms = now;
	}
	viewers->more |= i == BURST;
}

void viewers_go (struct viewers *viewers, int64_t now)
{
	viewers->more = false;
	for (int i = 0; i < HOLDER_VIEWERS; i++)
		go (viewers, &viewers->all[i], now);
}

/* --- records in ---------------------------------------------------------------------------------------------------- */

static void draw (const struct viewers *viewers, struct viewer *viewer, bool text, int64_t lines)
{
	buf_consume (&viewer->screen, buf_len (&viewer->screen));
	viewers->ops->draw (viewers->arg, text, lines, &viewer->screen);
	viewer->screen_size = (int64_t)buf_len (&viewer->screen);
	viewer->screen_offset = viewers->spool->end;
	viewer->screen_due = true;
}

static void follow (struct viewers *viewers, struct viewer *viewer, int64_t since, int64_t flags)
{
	int64_t end = viewers->spool->end;

	viewer->following = true;
	viewer->over = false;
	viewer->live = flags & FOLLOW_LIVE;
	viewer->read_only = flags & FOLLOW_READ_ONLY;
	viewer->streams = flags & FOLLOW_STDOUT   ? 1 << SPOOL_STDOUT
			  : flags & FOLLOW_STDERR ? 1 << SPOOL_STDERR
						  : SPOOL_ALL;
	if ((flags & FOLLOW_STDOUT) && (flags & FOLLOW_STDERR))
		viewer->streams = SPOOL_ALL;
	viewer->until = end;
	if ((flags & FOLLOW_SCREEN) && viewers->has_tty) {
		draw (viewers, viewer, false, 0);
		since = end;
	}
	viewer->place = (struct spool_place){ .offset = since == FOLLOW_NEW || since > end ? end
							: since < 0                        ? 0
											   : since };
	if (viewer->live && !viewer->read_only && viewer->streams == SPOOL_ALL) {
		viewers->last = viewer;
		viewers->reached = viewer->place.offset;
	}
}

/* Input that is not taken yet is part of what a viewer has sent: a repeated byte is dropped, here or when it is taken. */
static void take_input (
	const struct viewers *viewers, struct viewer *viewer, int64_t at, const uint8_t *bytes, size_t n)
{
	size_t length = buf_len (&viewer->input), repeated = 0;

	if (viewer->read_only || viewer->gap)
		return;
	if (viewer->input_end != NOT_ENDED || !viewers->takes_input) {
		viewer->credit += (int64_t)n; /* nobody will read it */
		return;
	}
	if (at == INPUT_APPEND) {
		if (!length)
			viewer->input_at = INPUT_APPEND;
	} else if (viewer->input_at == INPUT_APPEND || at > viewer->input_at + (int64_t)length) {
		viewer->gap = true;
	} else if (at < viewer->input_at + (int64_t)length) {
		int64_t more = viewer->input_at + (int64_t)length - at;

		repeated = more < (int64_t)n ? (size_t)more : n;
		viewer->credit += (int64_t)repeated;
	}
	if (!viewer->gap && buf_append (&viewer->input, bytes + repeated, n - repeated) < 0)
		viewer->gap = true; /* more than it may send */
}

static void end_input (struct viewer *viewer, int64_t at)
{
	if (viewer->read_only || viewer->gap || viewer->input_end != NOT_ENDED)
		return;
	if (at != INPUT_APPEND && at > viewer->input_at + (int64_t)buf_len (&viewer->input))
		viewer->gap = true;
	else
		viewer->input_end = at < 0 ? INPUT_APPEND : at;
}

static void handle (struct viewers *viewers, struct viewer *viewer)
{
	const struct record *record = &packet.record;

	if (record->type == REC_CALL) {
		if (!viewers->running)
			viewers->ops->call (viewers->arg, &packet);
		return;
	}
	if (!viewers->running)
		return;
	switch (record->type) {
	case JOB_FOLLOW: follow (viewers, viewer, record->a, record->b); break;
	case JOB_INPUT: take_input (viewers, viewer, record->a, packet.data, record->length); break;
	case JOB_INPUT_END:
		if (!viewers->has_tty) /* the input of a terminal has no end */
			end_input (viewer, record->a);
		break;
	case JOB_PEEK: draw (viewers, viewer, true, record->a); break;
	case JOB_SIGNAL:
		if (!viewer->read_only && record->a > 0 && record->a < 64)
			viewers->ops->signal (viewers->arg, (int)record->a);
		break;
	case JOB_RESIZE:
		if (!viewer->read_only && record->a >= 0 && record->a <= UINT16_MAX && record->b >= 0 &&
			record->b <= UINT16_MAX)
			viewers->ops->resize (viewers->arg, (int)record->a, (int)record->b);
		break;
	case JOB_STOP:
		if (!viewer->read_only)
			viewers->ops->stop (viewers->arg, record->a);
		break;
	default: break; /* of a later version */
	}
}

static void receive (struct viewers *viewers, struct viewer *viewer, int64_t now)
{
	for (int i = 0; i < BURST && viewer->used && viewer->fd >= 0; i++) {
		int got = link_recv (viewer->fd, &packet, MSG_DONTWAIT);

		packet_close (&packet);
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0) {
			leave (viewer);
			return;
		}
		viewer->moved_ms = now;
		handle (viewers, viewer);
	}
}

void viewers_poll (const struct viewers *viewers, struct pollfd *fds)
{
	for (int i = 0; i < HOLDER_VIEWERS; i++) {
		const struct viewer *viewer = &viewers->all[i];

		fds[i] = (struct pollfd){ .fd = viewer->used ? viewer->fd : -1,
			.events = (short)(POLLIN | (viewer->full ? POLLOUT : 0)) };
	}
}

void viewers_ready (struct viewers *viewers, const struct pollfd *fds, int64_t now)
{
	for (int i = 0; i < HOLDER_VIEWERS; i++) {
		struct viewer *viewer = &viewers->all[i];

		if (!viewer->used || viewer->fd < 0 || viewer->fd != fds[i].fd)
			continue;
		if (fds[i].revents & POLLOUT)
			viewer->full = false;
		if (fds[i].revents & (POLLIN | POLLHUP | POLLERR))
			receive (viewers, viewer, now);
	}
}

/* Output that is sent soon is still in the processor's cache. A viewer that does not move does not hold up the job. */
int64_t viewers_pace (const struct viewers *viewers, int64_t now)
{
	const struct viewer *viewer = viewers->last;

	if (!viewer || !viewer->used || viewer->fd < 0 || viewers->spool->end - viewers->reached < NEAR)
		return 0;
	return viewer->moved_ms + PACE_MS > now ? viewer->moved_ms + PACE_MS : 0;
}

int64_t viewers_drop_late (struct viewers *viewers, int64_t now)
{
	int64_t next = 0;

	for (int i = 0; i < HOLDER_VIEWERS; i++) {
		struct viewer *viewer = &viewers->all[i];
		int64_t late = viewer->moved_ms + HOLDER_PATIENCE_MS;

		if (!viewer->used || viewer->fd < 0)
			continue;
		if (late <= now)
			leave (viewer);
		else if (!next || late < next)
			next = late;
	}
	return next;
}

/* --- input --------------------------------------------------------------------------------------------------------- */

/* Drop the bytes that the job has taken from another viewer. */
static void drop_repeated (const struct viewers *viewers, struct viewer *viewer)
{
	int64_t repeated = viewers->taken - viewer->input_at;
	size_t n = buf_len (&viewer->input);

	if (viewer->input_at == INPUT_APPEND || repeated <= 0 || !n)
		return;
	if (repeated < (int64_t)n)
		n = (size_t)repeated;
	buf_consume (&viewer->input, n);
	viewer->input_at += (int64_t)n;
	viewer->credit += (int64_t)n;
}

const uint8_t *viewers_input (struct viewers *viewers, size_t *n, bool *end)
{
	*end = false;
	for (int i = 0; i < HOLDER_VIEWERS; i++) {
		int at = (viewers->turn + i) % HOLDER_VIEWERS;
		struct viewer *viewer = &viewers->all[at];

		if (!viewer->used)
			continue;
		drop_repeated (viewers, viewer);
		if (buf_len (&viewer->input)) {
			viewers->turn = at;
			*n = buf_len (&viewer->input);
			return buf_head (&viewer->input);
		}
		if (viewer->input_end != NOT_ENDED)
			*end = true;
		if (viewer->fd < 0)
			forget (viewer);
	}
	return NULL;
}

void viewers_taken (struct viewers *viewers, size_t n)
{
	struct viewer *viewer = &viewers->all[viewers->turn];

	buf_consume (&viewer->input, n);
	buf_trim (&viewer->input);
	if (viewer->input_at != INPUT_APPEND)
		viewer->input_at += (int64_t)n;
	viewer->credit += (int64_t)n;
	viewers->more = true; /* the viewer has to be told, before anything is waited for */
	viewers->taken += (int64_t)n;
	/* What one viewer has sent in a row is not torn. */
	if (!buf_len (&viewer->input))
		viewers->turn = (viewers->turn + 1) % HOLDER_VIEWERS;
}
