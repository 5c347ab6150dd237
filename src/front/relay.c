/* relay - see relay.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/link.h"
#include "base/nowait.h"
#include "base/text.h"
#include "front/relay.h"

enum {
	PIECE = 128 * 1024, /* read from an outlet at once */
	BURST = 2, /* pieces in a row before the loop looks at others */
	INPUT_MAX = 64 * 1024 + SESSION_CREDIT, /* the call's body, and the credit */
};

void relay_init (struct relay *relay, uv_loop_t *loop, struct carrier *carrier, struct channel *channel)
{
	*relay = (struct relay){ .loop = loop,
		.carrier = carrier,
		.channel = channel,
		.sink = -1,
		.sink_rest = -1,
		.last_ms = clock_ms () };
	buf_init (&relay->held, LINK_RECORD);
	buf_init (&relay->input, INPUT_MAX);
}

/* The carrier has to close a descriptor. There is room for all outlets, the sink, and the descriptors of one record that
 * are refused: after that the worker is not listened to any more. */
static void discard (struct relay *relay, int *fd)
{
	if (!closing_add (&relay->closing, fd))
		carrier_discard (relay->carrier, fd);
}

static void refuse (struct relay *relay, int *fd)
{
	relay->gave_up = true;
	discard (relay, fd);
	closing_give (&relay->closing, relay->carrier);
}

/* The carrier closes quiet descriptors together, when the relay or its owner gives them (closing_give). */
static void outlet_close (struct outlet *outlet)
{
	watch_free (&outlet->watch);
	if (outlet->carriage)
		fd_close (&outlet->fd);
	else
		discard (outlet->relay, &outlet->fd);
}

/* Close an outlet before its end. */
static void outlet_give_up (struct outlet *outlet)
{
	outlet->relay->gave_up |= outlet->fd >= 0;
	outlet_close (outlet);
}

static void sink_close (struct relay *relay)
{
	watch_free (&relay->sink_watch);
	if (relay->sink_carriage)
		fd_close (&relay->sink);
	else
		discard (relay, &relay->sink);
	fd_close (&relay->sink_rest);
}

/* The input has ended, and the carrier has been sent all of it: end the sink. */
static void sink_end (struct relay *relay)
{
	if (!relay->sink_carriage) {
		discard (relay, &relay->sink);
		closing_give (&relay->closing, relay->carrier); /* the command waits for the end */
		return;
	}
	shutdown (relay->sink, SHUT_WR);
	relay->sink_rest = relay->sink;
	relay->sink = -1;
	watch_free (&relay->sink_watch);
}

void relay_free (struct relay *relay)
{
	for (int i = 0; i < relay->n_outlets; i++)
		outlet_give_up (&relay->outlets[i]);
	sink_close (relay);
	buf_free (&relay->held);
	buf_free (&relay->input);
}

static bool carriage_let_go (struct carriage **carriage)
{
	if (*carriage && carriage_state (*carriage) == CARRYING)
		return false;
	if (*carriage)
		carriage_free (*carriage);
	*carriage = NULL;
	return true;
}

bool relay_let_go (struct relay *relay)
{
	bool all = carriage_let_go (&relay->sink_carriage);

	for (int i = 0; i < relay->n_outlets; i++)
		all &= carriage_let_go (&relay->outlets[i].carriage);
	return all;
}

static void count (struct relay *relay, int64_t *counter, size_t n)
{
	*counter += (int64_t)n;
	relay->last_ms = clock_ms ();
}

/* At most how many of n bytes of output may still pass? */
static size_t passing (const struct relay *relay, size_t n)
{
	int64_t left = relay->output_max - relay->bytes_out - (relay->tape ? (int64_t)tape_waiting (relay->tape) : 0);

	if (!relay->output_max || left >= (int64_t)n)
		return n;
	return left > 0 ? (size_t)left : 0;
}

/* A stream cannot be carried, with errno. */
static void fail (struct relay *relay)
{
	relay->failed = true;
	relay->short_of_descriptors |= errno == EMFILE || errno == ENFILE;
}

/* --- the way to the channel -------------------------------------------------------------------------------------- */

static void flush_tape (struct relay *relay);

/* Does output not go through a tape? */
static bool is_past_tape (const struct relay *relay)
{
	return !relay->tape || (relay->tape->state == TAPE_CUT && !tape_waiting (relay->tape));
}

/* Room for output of that stream, as channel_output_begin. */
static uint8_t *begin_output (struct relay *relay, const char *name, size_t *room)
{
	uint8_t *space;

	if (!relay->channel)
		return NULL;
	if (relay->tape && relay->tape->state == TAPE_CUT)
		flush_tape (relay);
	if (!is_past_tape (relay)) {
		if ((space = tape_begin (relay->tape, room)) || relay->tape->state != TAPE_CUT)
			return space;
		flush_tape (relay); /* the tape had no memory */
		if (!is_past_tape (relay))
			return NULL;
	}
	return channel_output_begin (relay->channel, name, room);
}

static void end_output (struct relay *relay, const char *name, size_t n)
{
	if (!is_past_tape (relay)) {
		tape_end (relay->tape, name, n);
	} else {
		channel_output_end (relay->channel, name, n);
		count (relay, &relay->bytes_out, n);
	}
}

/* Deliver what is recorded, as far as there is room. */
static void flush_tape (struct relay *relay)
{
	const uint8_t *bytes;
	const char *name;
	size_t n;

	while (relay->tape && relay->channel && (bytes = tape_next (relay->tape, &name, &n))) {
		uint8_t *space = channel_output_begin (relay->channel, name, &n);

		if (!space)
			return;
		memcpy (space, bytes, n);
		channel_output_end (relay->channel, name, n);
		tape_taken (relay->tape, n);
		count (relay, &relay->bytes_out, n);
	}
	if (relay->tape && !relay->channel)
		tape_drop (relay->tape);
}

static void drop_held (struct relay *relay)
{
	buf_free (&relay->held);
	if (relay->tape)
		tape_drop (relay->tape);
}

/* --- output ------------------------------------------------------------------------------------------------------ */

static void on_outlet (void *arg, int events);

/* Let the carrier read the outlet from now on. */
static void outlet_carry (struct outlet *outlet)
{
	struct relay *relay = outlet->relay;

	watch_free (&outlet->watch);
	if ((outlet->carriage = carrier_take (relay->carrier, CARRY_OUT, outlet->kind, &outlet->fd)))
		outlet->watch = watch_new (relay->loop, outlet->fd, UV_READABLE, on_outlet, outlet);
	if (!outlet->watch) {
		fail (relay);
		outlet_close (outlet);
	}
}

/* What has become of a quiet pipe? */
static void outlet_look (struct outlet *outlet)
{
	struct pollfd one = { .fd = outlet->fd, .events = POLLIN };

	if (poll (&one, 1, 0) == 0)
		return;
	if (!outlet->relay->channel)
		watch_set (outlet->watch, 0);
	else if (one.revents == POLLHUP)
		outlet_close (outlet); /* the end, in all processes */
	else
		outlet_carry (outlet);
}

static ssize_t receive (const struct outlet *outlet, void *bytes, size_t n, int flags)
{
	bool reset = false;
	ssize_t got;

	/* The carrier ended before it read the byte that wakes it: the kernel reports that error once. */
	do
		got = recv (outlet->fd, bytes, n, flags | MSG_DONTWAIT);
	while (got < 0 && (errno == EINTR || (errno == ECONNRESET && !reset && (reset = true))));
	return got;
}

/* As read(2), but the byte stays unread. 0: the carrier has closed its end, and all bytes are read. */
static ssize_t peek (const struct outlet *outlet)
{
	char byte;

	return receive (outlet, &byte, 1, MSG_PEEK);
}

/* The end of the outlet was read, or (`failed`) it cannot be read. The carrier has set how the stream ended; a carrier
 * that died has not. */
static void outlet_ended (struct outlet *outlet, bool failed)
{
	enum carried how = failed ? CARRIED_FAILED : carriage_state (outlet->carriage);

	outlet->relay->failed |= how == CARRIED_FAILED || how == CARRYING;
	outlet->relay->pipe_held |= how == CARRIED_HELD;
	outlet_close (outlet);
}

/* Move one piece. True: there may be more bytes now. */
static bool outlet_piece (struct outlet *outlet)
{
	struct relay *relay = outlet->relay;
	size_t room = PIECE;
	uint8_t *space;
	ssize_t got;

	if (outlet->fd < 0 || !outlet->carriage)
		return false;
	if (!(space = begin_output (relay, outlet->name, &room))) {
		/* The end of the stream needs no room: output that filled the window exactly does not have to wait. */
		if (relay->command_ended && peek (outlet) == 0)
			outlet_ended (outlet, false);
		else
			watch_set (outlet->watch, 0); /* relay_go goes on */
		return false;
	}
	watch_set (outlet->watch, UV_READABLE);
	room = passing (relay, room);
	got = room ? receive (outlet, space, room, 0) : peek (outlet);
	if (got > 0 && !room) {
		relay->over = true;
		watch_set (outlet->watch, 0);
		return false;
	}
	if (got > 0) {
		end_output (relay, outlet->name, (size_t)got);
		return (size_t)got == room;
	}
	if (got == 0 || errno != EAGAIN)
		outlet_ended (outlet, got < 0);
	return false;
}

static void outlet_move (struct outlet *outlet)
{
	for (int i = 0; i < BURST && outlet_piece (outlet); i++)
		;
}

static void on_outlet (void *arg, int events)
{
	struct outlet *outlet = arg;
	struct relay *relay = outlet->relay;

	(void)events;
	if (!outlet->carriage)
		outlet_look (outlet);
	else
		outlet_move (outlet);
	relay->moved (relay->arg);
}

static bool name_taken (const struct relay *relay, const char *name, size_t n)
{
	for (int i = 0; i < relay->n_outlets; i++)
		if (strlen (relay->outlets[i].name) == n && !memcmp (relay->outlets[i].name, name, n))
			return true;
	return false;
}

int relay_add_outlet (struct relay *relay, const char *name, size_t n, enum fd_kind kind, int fd)
{
	struct outlet *outlet = &relay->outlets[relay->n_outlets];

	if (relay->n_outlets == RELAY_OUTLETS || !text_is_name (name, n) || name_taken (relay, name, n)) {
		refuse (relay, &fd);
		return -1;
	}
	if (relay->shut) {
		refuse (relay, &fd);
		return 0;
	}
	*outlet = (struct outlet){ .relay = relay, .kind = kind, .fd = fd };
	memcpy (outlet->name, name, n);
	relay->n_outlets++;
	/* A pipe can be polled by whoever cannot be made to wait: its poll takes no lock (pipe_poll of the kernel). */
	if (kind != FD_PIPE || !fd_is_of_kind (fd, kind, O_RDONLY) ||
		!(outlet->watch = watch_new (relay->loop, fd, UV_READABLE, on_outlet, outlet)))
		outlet_carry (outlet);
	return outlet->fd < 0 ? -1 : 0;
}

/* Deliver held bytes as far as there is room. */
static void flush_held (struct relay *relay)
{
	while (relay->channel && buf_len (&relay->held)) {
		size_t n = buf_len (&relay->held);
		uint8_t *space = begin_output (relay, relay->held_name, &n);

		if (!space)
			return;
		if (!(n = passing (relay, n))) {
			relay->over = true;
			return;
		}
		memcpy (space, buf_head (&relay->held), n);
		end_output (relay, relay->held_name, n);
		buf_consume (&relay->held, n);
	}
	if (!relay->channel)
		buf_consume (&relay->held, buf_len (&relay->held));
	buf_trim (&relay->held);
}

int relay_write (struct relay *relay, const char *name, size_t name_n, const uint8_t *bytes, size_t n)
{
	if (!text_is_name (name, name_n) || buf_len (&relay->held)) {
		errno = EINVAL;
		return -1;
	}
	memcpy (relay->held_name, name, name_n);
	relay->held_name[name_n] = '\0';
	if (buf_append (&relay->held, bytes, n) < 0)
		return -1;
	flush_held (relay);
	return 0;
}

bool relay_holds (const struct relay *relay)
{
	return buf_len (&relay->held) > 0;
}

/* --- input ------------------------------------------------------------------------------------------------------- */

/* n bytes of input have left the relay: the client may send n more. */
static void input_left (struct relay *relay, size_t n)
{
	buf_consume (&relay->input, n);
	count (relay, &relay->bytes_in, n);
	if (relay->channel)
		channel_credit (relay->channel, (int64_t)n);
}

/* Does that error of sending only mean that the command reads no more? The carrier knows why it closed its end. */
static bool command_reads_no_more (const struct relay *relay, int error)
{
	return fd_reader_gone (FD_SOCKET, error) && carriage_state (relay->sink_carriage) == CARRIED_WHOLE;
}

static void on_sink (void *arg, int events);

/* Let the carrier write the sink from now on. */
static void sink_carry (struct relay *relay)
{
	if ((relay->sink_carriage = carrier_take (relay->carrier, CARRY_IN, relay->sink_kind, &relay->sink)))
		relay->sink_watch = watch_new (relay->loop, relay->sink, 0, on_sink, relay);
	if (!relay->sink_watch) {
		fail (relay);
		relay->broken = true;
		sink_close (relay);
	}
}

static void input_to_sink (struct relay *relay)
{
	if (relay->sink >= 0 && !relay->sink_carriage && buf_len (&relay->input))
		sink_carry (relay);
	while (relay->sink >= 0 && buf_len (&relay->input)) {
		struct nowait to = { relay->sink, NOWAIT_SOCKET };
		ssize_t done = nowait_write (&to, buf_head (&relay->input), buf_len (&relay->input));

		if (done > 0) {
			input_left (relay, (size_t)done);
		} else if (errno == EAGAIN && carriage_widen (relay->sink, &relay->sink_wide)) {
			continue;
		} else if (errno == EAGAIN) {
			watch_set (relay->sink_watch, UV_WRITABLE);
			return;
		} else {
			relay->broken = true;
			relay->failed = relay->failed || !command_reads_no_more (relay, errno);
			sink_close (relay);
		}
	}
	if (relay->sink < 0)
		return;
	if (relay->sink_watch)
		watch_set (relay->sink_watch, 0);
	if (relay->input_ended)
		sink_end (relay);
}

static void input_to_worker (struct relay *relay)
{
	if (relay->broken)
		return;
	while (relay->pulled > 0 && buf_len (&relay->input)) {
		size_t n = buf_len (&relay->input);

		if (n > (size_t)relay->pulled)
			n = (size_t)relay->pulled;
		if (n > LINK_PAYLOAD)
			n = LINK_PAYLOAD;
		if (relay->to_worker (relay->arg, buf_head (&relay->input), n) < 0) {
			relay->broken = relay->broken || errno != EAGAIN;
			return;
		}
		relay->pulled -= (int64_t)n;
		input_left (relay, n);
	}
	if (relay->input_ended && !buf_len (&relay->input) && !relay->end_sent && relay->pulled > 0)
		relay->end_sent = relay->to_worker (relay->arg, NULL, 0) == 0;
}

static void input_move (struct relay *relay)
{
	if (relay->has_sink)
		input_to_sink (relay);
	else
		input_to_worker (relay);
	if (relay->broken && buf_len (&relay->input))
		input_left (relay, buf_len (&relay->input));
	if (relay->sink < 0)
		buf_trim (&relay->input); /* a sink is for bulk transfers: see connection.c */
}

static void on_sink (void *arg, int events)
{
	struct relay *relay = arg;

	(void)events;
	input_move (relay);
	relay->moved (relay->arg);
}

int relay_set_sink (struct relay *relay, enum fd_kind kind, int fd)
{
	if (relay->has_sink || relay->pulled) {
		refuse (relay, &fd);
		return -1;
	}
	relay->has_sink = true;
	relay->sink = fd;
	relay->sink_kind = kind;
	if (relay->broken) {
		sink_close (relay);
		closing_give (&relay->closing, relay->carrier);
	}
	input_move (relay);
	return relay->failed ? -1 : 0;
}

void relay_pull (struct relay *relay, int64_t n)
{
	if (n > 0 && n <= LINK_RECORD && relay->pulled <= LINK_RECORD)
		relay->pulled += n;
	input_move (relay);
}

int relay_input (struct relay *relay, const uint8_t *bytes, size_t n)
{
	if (buf_append (&relay->input, bytes, n) < 0)
		return -1;
	input_move (relay);
	return 0;
}

void relay_input_end (struct relay *relay)
{
	relay->input_ended = true;
	input_move (relay);
}

/* --- moving and ending ------------------------------------------------------------------------------------------- */

void relay_go (struct relay *relay)
{
	flush_tape (relay);
	flush_held (relay);
	for (int i = 0; i < relay->n_outlets; i++)
		if (relay->outlets[i].fd >= 0)
			outlet_move (&relay->outlets[i]);
	flush_tape (relay);
	input_move (relay);
}

void relay_end (struct relay *relay)
{
	relay->command_ended = relay->broken = true;
	sink_close (relay);
	input_move (relay);
	for (int i = 0; i < relay->n_outlets; i++)
		if (relay->outlets[i].fd >= 0 && !relay->outlets[i].carriage)
			outlet_look (&relay->outlets[i]);
	relay_go (relay);
	if (!relay_done (relay))
		closing_give (&relay->closing, relay->carrier);
}

/* Nobody can be made to wait for the outlet any longer. True: its carrier needs more time. */
static bool outlet_late (struct outlet *outlet)
{
	if (outlet->fd >= 0 && !outlet->carriage) {
		outlet_look (outlet);
		if (outlet->fd >= 0 && !outlet->carriage) {
			outlet->relay->pipe_held = true;
			outlet_give_up (outlet);
		}
	}
	if (outlet->fd < 0)
		return false;
	carriage_late (outlet->carriage, outlet->fd);
	if (carriage_is_stuck (outlet->carriage)) {
		/* Other processes hold the pipe, and so hold up the carrier. */
		outlet->relay->pipe_held = true;
		outlet_give_up (outlet);
	}
	return outlet->fd >= 0;
}

bool relay_late (struct relay *relay)
{
	bool again = false;

	for (int i = 0; i < relay->n_outlets; i++)
		again |= outlet_late (&relay->outlets[i]);
	closing_give (&relay->closing, relay->carrier);
	return again;
}

void relay_cut (struct relay *relay)
{
	relay_go (relay);
	for (int i = 0; i < relay->n_outlets; i++)
		outlet_give_up (&relay->outlets[i]);
	closing_give (&relay->closing, relay->carrier);
	drop_held (relay);
}

void relay_shut (struct relay *relay)
{
	relay->shut = relay->broken = true;
	sink_close (relay);
	for (int i = 0; i < relay->n_outlets; i++)
		outlet_give_up (&relay->outlets[i]);
	closing_give (&relay->closing, relay->carrier);
	drop_held (relay);
	input_move (relay);
}

bool relay_done (const struct relay *relay)
{
	for (int i = 0; i < relay->n_outlets; i++)
		if (relay->outlets[i].fd >= 0)
			return false;
	return relay->command_ended && !buf_len (&relay->held) && (!relay->tape || !tape_waiting (relay->tape));
}
