/* job_viewer - see job_viewer.h. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/passrights.h"
#include "front/front_state.h"
#include "front/job_viewer.h"
#include "loop/loop.h"
#include "wire/records.h"
#include "wire/session.h"

enum {
	BURST = 16, /* records that are read before other events get their turn */
	INPUT_MAX = 2 * SESSION_CREDIT, /* the client has no more credit than that */
	INPUT_PIECE = 32 * 1024,
	STALL_BYTES = 1024, /* that a client has to take in limits.stall, as of a request's output */
	FACTS_MAX = 4096,
};

/* No output is longer: sums of offsets do not overflow. */
#define OFFSET_MAX (INT64_MAX / 4)

/* The viewer whose records are handled. NULL: its owner has closed it, and may have freed it. */
static struct job_viewer *current;

/* A record for the holder that waits. */
struct held_record {
	struct list node;
	struct record record;
};

/* Output that waits for the client. */
struct unsent {
	struct list node;
	char stream[TEXT_NAME_MAX + 1];
	size_t n, sent;
	char data[];
};

void job_viewer_init (struct job_viewer *viewer, struct front *front, struct identity *identity,
	const struct job_viewer_ops *ops, void *arg)
{
	*viewer = (struct job_viewer){
		.front = front, .identity = identity, .ops = ops, .arg = arg, .fd = -1, .screen_left = -1
	};
	list_init (&viewer->queue);
	list_init (&viewer->pending);
	list_init (&viewer->wait);
	buf_init (&viewer->input, INPUT_MAX);
}

static void piece_free (struct job_viewer *viewer, struct unsent *piece)
{
	budget_give (&viewer->front->budget, viewer->identity, piece->n);
	list_remove (&piece->node);
	free (piece);
	if (list_empty (&viewer->pending))
		viewer->identity->job_unread--;
}

static void drop_pending (struct job_viewer *viewer)
{
	struct unsent *piece, *after;

	list_each_safe (piece, after, &viewer->pending, node)
		piece_free (viewer, piece);
}

void job_viewer_close (struct job_viewer *viewer)
{
	struct held_record *queued, *after;

	if (current == viewer)
		current = NULL;
	watch_free (&viewer->watch);
	timer_free (&viewer->stall_timer);
	list_remove (&viewer->wait);
	if (viewer->fd >= 0 && viewer->guarded)
		fd_close (&viewer->fd);
	else if (viewer->fd >= 0) /* the last close closes descriptors in its queue */
		carrier_discard (&viewer->front->carrier, &viewer->fd);
	list_each_safe (queued, after, &viewer->queue, node) {
		list_remove (&queued->node);
		free (queued);
	}
	drop_pending (viewer);
	buf_free (&viewer->input);
	viewer->channel = NULL;
	viewer->hello = viewer->finishing = viewer->input_ended = viewer->input_end_sent = viewer->input_blocked =
		viewer->owner_waits = viewer->hurried = false;
	viewer->granted = 0;
	viewer->screen_left = -1;
}

/* --- to the holder ----------------------------------------------------------------------------------------------- */

static void set_watch (struct job_viewer *viewer)
{
	bool reads = list_empty (&viewer->pending) && !viewer->finishing && !list_linked (&viewer->wait);
	int in = reads ? UV_READABLE : 0;

	/* A holder that leaves while it is not read is seen once. */
	if (!in && !viewer->hurried)
		in = UV_DISCONNECT;
	if (!list_empty (&viewer->queue) || viewer->input_blocked || viewer->owner_waits)
		in |= UV_WRITABLE;
	if (viewer->watch)
		watch_set (viewer->watch, in);
}

/* --- a client that takes nothing --------------------------------------------------------------------------------- */

/* Does output wait for the client, here or with the holder? */
static bool has_output (const struct job_viewer *viewer)
{
	return !list_empty (&viewer->pending) || list_linked (&viewer->wait);
}

static void on_stall_time (void *arg);

/* The time in which the client has to take output starts now. */
static void watch_stall (struct job_viewer *viewer)
{
	if (!viewer->hurried || !has_output (viewer))
		return;
	viewer->taken_before = viewer->taken;
	timer_set (&viewer->front->loop, &viewer->stall_timer, clock_ms () + viewer->front->config->limits.stall_ms,
		on_stall_time, viewer);
}

static void on_stall_time (void *arg)
{
	struct job_viewer *viewer = arg;
	/* If the whole connection is full, its session decides (wire/session.h). */
	bool shut = !viewer->channel || viewer->channel->window == 0 || list_linked (&viewer->wait);

	if (shut && has_output (viewer) && viewer->taken - viewer->taken_before < STALL_BYTES)
		viewer->ops->stalled (viewer->arg);
	else
		watch_stall (viewer);
}

void job_viewer_hurry (struct job_viewer *viewer)
{
	viewer->hurried = true;
	watch_stall (viewer);
}

/* Send a record. False: not now. A connection that has failed shows its end when it is read; where there was no memory for the
 * record, that is the end, too: the next record would make no sense without it. */
static bool pass (const struct job_viewer *viewer, const struct outgoing *outgoing)
{
	if (link_send (viewer->fd, outgoing, MSG_DONTWAIT) == 0)
		return true;
	if (errno == EAGAIN)
		return false;
	shutdown (viewer->fd, SHUT_WR);
	return true;
}

/* Send what waits, as far as the holder takes it. */
static void flush_queue (struct job_viewer *viewer)
{
	struct held_record *queued, *after;

	list_each_safe (queued, after, &viewer->queue, node) {
		struct outgoing outgoing = { .record = queued->record };

		if (!pass (viewer, &outgoing))
			return;
		list_remove (&queued->node);
		free (queued);
	}
}

/* Send a record behind those that wait. False: not now. */
static bool send_now (const struct job_viewer *viewer, const struct record *record, const void *data, size_t n)
{
	struct outgoing outgoing = { .record = *record, .data = data, .n = n };

	return viewer->fd < 0 || (list_empty (&viewer->queue) && pass (viewer, &outgoing));
}

int job_viewer_try (struct job_viewer *viewer, const struct record *record, const void *data, size_t n)
{
	if (send_now (viewer, record, data, n))
		return 0;
	viewer->owner_waits = true;
	set_watch (viewer);
	return -1;
}

int job_viewer_send (struct job_viewer *viewer, const struct record *record)
{
	struct held_record *queued;

	if (send_now (viewer, record, NULL, 0))
		return 0;
	if (!(queued = malloc (sizeof *queued)))
		return -1;
	queued->record = *record;
	list_append (&viewer->queue, &queued->node);
	set_watch (viewer);
	return 0;
}

/* --- input ------------------------------------------------------------------------------------------------------- */

static void flush_input (struct job_viewer *viewer)
{
	viewer->input_blocked = false;
	while (viewer->hello && buf_len (&viewer->input) && viewer->granted > 0) {
		size_t n = buf_len (&viewer->input);
		struct outgoing outgoing = { .record = { .type = JOB_INPUT,
						     .a = viewer->append ? INPUT_APPEND : viewer->input_offset } };

		n = n < INPUT_PIECE ? n : INPUT_PIECE;
		n = n < (size_t)viewer->granted ? n : (size_t)viewer->granted;
		outgoing.data = buf_head (&viewer->input);
		outgoing.n = n;
		if (!list_empty (&viewer->queue) || link_send (viewer->fd, &outgoing, MSG_DONTWAIT) < 0) {
			/* A connection that has failed is always writable. */
			viewer->input_blocked = !list_empty (&viewer->queue) || errno == EAGAIN;
			return;
		}
		buf_consume (&viewer->input, n);
		viewer->granted -= (int64_t)n;
		viewer->input_offset += (int64_t)n;
		if (viewer->channel)
			channel_credit (viewer->channel, (int64_t)n);
	}
	if (viewer->hello && viewer->input_ended && !viewer->input_end_sent && !buf_len (&viewer->input)) {
		viewer->input_end_sent = true;
		job_viewer_send (viewer, &(struct record){ .type = JOB_INPUT_END,
						 .a = viewer->append ? INPUT_APPEND : viewer->input_offset });
	}
}

void job_viewer_input_begin (struct job_viewer *viewer, int64_t offset)
{
	viewer->append = offset == INPUT_APPEND;
	viewer->input_offset = offset;
	viewer->granted = JOB_INPUT_WINDOW;
	flush_input (viewer);
	set_watch (viewer);
}

int job_viewer_input (struct job_viewer *viewer, const uint8_t *bytes, size_t n)
{
	if (buf_append (&viewer->input, bytes, n) < 0)
		return -1;
	flush_input (viewer);
	set_watch (viewer);
	return 0;
}

void job_viewer_input_end (struct job_viewer *viewer)
{
	viewer->input_ended = true;
	flush_input (viewer);
	set_watch (viewer);
}

/* --- to the client ----------------------------------------------------------------------------------------------- */

/* Give the channel as much as it takes of n bytes. Returns how much that is. */
static size_t deliver (struct job_viewer *viewer, const char *stream, const char *bytes, size_t n)
{
	size_t sent = 0, piece;
	uint8_t *space;

	while (sent < n) {
		piece = n - sent;
		if (!(space = channel_output_begin (viewer->channel, stream, &piece)))
			break;
		memcpy (space, bytes + sent, piece);
		channel_output_end (viewer->channel, stream, piece);
		sent += piece;
	}
	viewer->taken += (int64_t)sent;
	return sent;
}

void job_viewer_put (struct job_viewer *viewer, const char *stream, const char *bytes, size_t n)
{
	struct unsent *piece;
	size_t sent;
	bool first;

	if (!viewer->channel)
		return;
	sent = list_empty (&viewer->pending) ? deliver (viewer, stream, bytes, n) : 0;
	if (sent == n)
		return;
	/* Bytes must not be left out; another front is started. */
	if (!(piece = malloc (sizeof *piece + n - sent)))
		abort ();
	*piece = (struct unsent){ .n = n - sent };
	snprintf (piece->stream, sizeof piece->stream, "%s", stream);
	memcpy (piece->data, bytes + sent, n - sent);
	first = list_empty (&viewer->pending);
	list_append (&viewer->pending, &piece->node);
	budget_charge (&viewer->front->budget, viewer->identity, piece->n);
	if (!first)
		return;
	viewer->identity->job_unread++;
	watch_stall (viewer);
}

/* May output be read that the client perhaps does not take? */
static bool has_room (const struct job_viewer *viewer)
{
	if (viewer->channel && viewer->channel->window == 0)
		return false;
	return !viewer->identity->job_unread || budget_has_room (&viewer->front->budget, viewer->identity, LINK_RECORD);
}

void job_viewer_room (struct job_viewer *viewer)
{
	struct unsent *piece, *after;

	list_each_safe (piece, after, &viewer->pending, node) {
		piece->sent += deliver (viewer, piece->stream, piece->data + piece->sent, piece->n - piece->sent);
		if (piece->sent < piece->n)
			return;
		piece_free (viewer, piece);
	}
	if (viewer->finishing) {
		viewer->ops->delivered (viewer->arg);
		return;
	}
	if (has_room (viewer))
		list_remove (&viewer->wait); /* on_ready looks again */
	set_watch (viewer);
}

void job_viewer_finish (struct job_viewer *viewer)
{
	viewer->finishing = true;
	if (list_empty (&viewer->pending))
		viewer->ops->delivered (viewer->arg);
}

/* --- from the holder --------------------------------------------------------------------------------------------- */

static bool take_output (struct job_viewer *viewer, const struct packet *packet)
{
	const struct record *record = &packet->record;
	char stream[TEXT_NAME_MAX + 1];
	size_t n;

	if (record->b < 1 || record->b > TEXT_NAME_MAX || record->b > record->length || record->a < viewer->position ||
		record->a > OFFSET_MAX || !text_is_name ((const char *)packet->data, (size_t)record->b))
		return false;
	memcpy (stream, packet->data, (size_t)record->b);
	stream[record->b] = '\0';
	n = record->length - (size_t)record->b;
	viewer->position = record->a + (int64_t)n;
	job_viewer_put (viewer, stream, (const char *)packet->data + record->b, n);
	return true;
}

static bool take_screen (struct job_viewer *viewer, const struct packet *packet)
{
	const struct record *record = &packet->record;

	if (record->a < 0 || record->a > OFFSET_MAX || record->b < 0 ||
		(viewer->screen_left >= 0 && viewer->screen_left < record->length))
		return false;
	if (viewer->screen_left < 0) {
		viewer->screen_left = record->b;
		viewer->position = record->a;
		if (viewer->screen_left < record->length)
			return false;
		viewer->ops->screen (viewer->arg, record->a, record->b);
		if (!current)
			return true;
	}
	viewer->screen_left -= record->length;
	job_viewer_put (viewer, "stdout", (const char *)packet->data, record->length);
	if (viewer->screen_left)
		return true;
	viewer->screen_left = -1;
	viewer->ops->screen_end (viewer->arg);
	return true;
}

static bool take_hello (struct job_viewer *viewer, const struct packet *packet)
{
	json_t *facts =
		packet->record.length <= FACTS_MAX
			? json_loadb ((const char *)packet->data, packet->record.length, JSON_REJECT_DUPLICATES, NULL)
			: NULL;

	if (viewer->hello || !json_is_object (facts) || packet->record.a < 0 || packet->record.a > OFFSET_MAX ||
		packet->record.b < 0 || packet->record.b > OFFSET_MAX) {
		json_decref (facts);
		return false;
	}
	viewer->hello = true;
	viewer->ops->hello (viewer->arg, &packet->record, facts);
	json_decref (facts);
	return true;
}

/* Handle a record. False: it makes no sense. */
static bool take (struct job_viewer *viewer, const struct packet *packet)
{
	const struct record *record = &packet->record;

	if (!viewer->hello && record->type != JOB_HELLO && record->type != JOB_END)
		return false;
	switch (record->type) {
	case JOB_HELLO: return take_hello (viewer, packet);
	case JOB_OUTPUT: return take_output (viewer, packet);
	case JOB_SCREEN: return take_screen (viewer, packet);
	case JOB_CUT:
		if (record->a > record->b || record->a < 0 || record->b > OFFSET_MAX)
			return false;
		viewer->position = record->b;
		viewer->ops->cut (viewer->arg, record->a, record->b);
		return true;
	case JOB_INPUT_TAKEN:
		if (record->b > 0 && record->b <= JOB_INPUT_WINDOW && viewer->granted <= JOB_INPUT_WINDOW)
			viewer->granted += record->b;
		flush_input (viewer);
		return true;
	case JOB_INPUT_GAP: return true; /* the client is told by the offset of its next attach */
	case JOB_END:
		viewer->ops->end (viewer->arg, record->a, (const char *)packet->data, record->length);
		return true;
	default: return true; /* of a later version */
	}
}

/* Read one record. False: there is none now, or the viewer was closed. */
static bool read_one (struct job_viewer *viewer)
{
	static struct packet packet; /* 128 KiB: not for the stack */
	int got;

	packet.n_fds = 0;
	errno = EBADMSG;
	got = !viewer->guarded && passrights_pending (viewer->fd) ? -1 : link_recv (viewer->fd, &packet, MSG_DONTWAIT);
	if (got < 0 && errno == EAGAIN)
		return false;
	if (got > 0 && take (viewer, &packet)) {
		packet_close (&packet);
		return current;
	}
	packet_close (&packet);
	if (!current)
		return false;
	if (got > 0)
		log_warning ("a job's process sends a record that makes no sense. type=%u", packet.record.type);
	viewer->ops->gone (viewer->arg);
	return false;
}

/* Is the next record output? Others are read at any time. */
static bool is_output_next (const struct job_viewer *viewer)
{
	struct record record;

	return recv (viewer->fd, &record, sizeof record, MSG_PEEK | MSG_DONTWAIT) == sizeof record &&
	       (record.type == JOB_OUTPUT || record.type == JOB_SCREEN);
}

/* Does the next record have to wait until there is room? */
static bool has_to_wait (struct job_viewer *viewer)
{
	if (has_room (viewer) || !is_output_next (viewer)) {
		list_remove (&viewer->wait);
		return false;
	}
	if (!list_linked (&viewer->wait)) {
		list_append (&viewer->front->job_waiting, &viewer->wait);
		watch_stall (viewer);
	}
	return true;
}

static void on_ready (void *arg, int events)
{
	struct job_viewer *viewer = arg;
	struct session *session = viewer->channel ? viewer->channel->session : NULL;

	current = viewer;
	if ((events & UV_DISCONNECT) && !viewer->hurried)
		job_viewer_hurry (viewer);
	if (events & UV_WRITABLE) {
		flush_queue (viewer);
		flush_input (viewer);
		if (viewer->owner_waits) {
			viewer->owner_waits = false;
			viewer->ops->writable (viewer->arg);
		}
	}
	for (int i = 0; i < BURST && current; i++)
		if (!list_empty (&viewer->pending) || viewer->finishing || has_to_wait (viewer) || !read_one (viewer))
			break;
	if (current)
		set_watch (viewer);
	current = NULL;
	if (session)
		session_flush (session);
}

void job_viewers_resume (struct front *front)
{
	struct job_viewer *viewer, *after;
	struct list before;

	/* A client may be lost meanwhile, with several viewers. */
	list_init (&before);
	list_each_safe (viewer, after, &front->job_waiting, wait) {
		list_remove (&viewer->wait);
		list_append (&before, &viewer->wait);
	}
	while (!list_empty (&before)) {
		viewer = list_entry (before.next, struct job_viewer, wait);
		list_remove (&viewer->wait);
		if (has_room (viewer))
			on_ready (viewer, 0);
		else
			list_append (&front->job_waiting, &viewer->wait);
	}
}

int job_viewer_open (struct job_viewer *viewer, struct channel *channel, int fd)
{
	viewer->fd = fd;
	viewer->channel = channel;
	viewer->guarded = passrights_refused (fd);
	viewer->watch = watch_new (&viewer->front->loop, fd, UV_READABLE, on_ready, viewer);
	if (viewer->watch)
		return 0;
	job_viewer_close (viewer);
	return -1;
}
