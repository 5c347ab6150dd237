/* fake_session - see fake_session.h. */
#include "config.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fake_session.h"

enum { LOG_MAX = 16 * 1024 * 1024 };

/* --- the dispatcher ---------------------------------------------------------------------------------------------- */

static void note (struct buf *log, const char *fmt, ...) __attribute__ ((format (printf, 2, 3)));

static void note (struct buf *log, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start (args, fmt);
	vsnprintf (text, sizeof text, fmt, args);
	va_end (args);
	ck_assert_int_eq (buf_append (log, text, strlen (text)), 0);
}

static unsigned id_of (const struct channel *channel)
{
	return (unsigned)channel->id;
}

static void on_input (struct channel *channel, const uint8_t *bytes, size_t n)
{
	struct fake_session *fake = channel->owner;

	if (n <= 32)
		note (&fake->events, "input %u %.*s;", id_of (channel), (int)n, (const char *)bytes);
	else
		note (&fake->events, "input %u %zu;", id_of (channel), n);
}

static void on_input_end (struct channel *channel)
{
	note (&((struct fake_session *)channel->owner)->events, "end %u;", id_of (channel));
}

static void on_signal (struct channel *channel, int signo)
{
	note (&((struct fake_session *)channel->owner)->events, "signal %u %d;", id_of (channel), signo);
}

static void on_resize (struct channel *channel, int rows, int cols)
{
	note (&((struct fake_session *)channel->owner)->events, "resize %u %d %d;", id_of (channel), rows, cols);
}

static void on_cancel (struct channel *channel)
{
	note (&((struct fake_session *)channel->owner)->events, "cancel %u;", id_of (channel));
}

static void on_room (struct channel *channel)
{
	note (&((struct fake_session *)channel->owner)->events, "room %u;", id_of (channel));
}

static void on_flow (struct channel *channel)
{
	note (&((struct fake_session *)channel->owner)->events, "flow %u;", id_of (channel));
}

static void on_lost (struct channel *channel)
{
	note (&((struct fake_session *)channel->owner)->events, "lost %u;", id_of (channel));
}

static const struct channel_ops channel_ops = {
	.input = on_input,
	.input_end = on_input_end,
	.signal = on_signal,
	.resize = on_resize,
	.cancel = on_cancel,
	.room = on_room,
	.flow = on_flow,
	.lost = on_lost,
};

static void on_call (void *arg, struct channel *channel, const struct message *message)
{
	struct fake_session *fake = arg;

	ck_assert_ptr_null (channel->owner);
	channel_own (channel, &channel_ops, fake);
	ck_assert_uint_eq (channel->id, message->id);
	note (&fake->events, "call %u %s;", id_of (channel), message->name);
}

static void on_flush (void *arg)
{
	note (&((struct fake_session *)arg)->events, "flush;");
}

static const struct session_events events = {
	.call = on_call,
	.flush = on_flush,
};

void fake_begin (struct fake_session *fake)
{
	static const struct session_limits limits = {
		.calls = 4, .message_ms = 1000, .ping_ms = 2000, .silence_ms = 5000, .stall_ms = 4000
	};

	*fake = (struct fake_session){ .now = 100000 };
	decoder_init (&fake->decoder, FROM_SERVER);
	buf_init (&fake->received, LOG_MAX);
	buf_init (&fake->events, LOG_MAX);
	buf_init (&fake->answers, LOG_MAX);
	session_init (&fake->session, &events, fake, &limits, json_pack ("{si}", "remex", 1), fake->now);
}

void fake_end (struct fake_session *fake)
{
	session_free (&fake->session);
	decoder_free (&fake->decoder);
	buf_free (&fake->received);
	buf_free (&fake->events);
	buf_free (&fake->answers);
}

/* --- the client -------------------------------------------------------------------------------------------------- */

void fake_bytes (struct fake_session *fake, const void *bytes, size_t n)
{
	ck_assert_int_eq (buf_append (&fake->session.in, bytes, n), 0);
	do
		session_feed (&fake->session, fake->now);
	while (fake->session.more);
}

void fake_send (struct fake_session *fake, const char *fmt, ...)
{
	char text[1024];
	uint32_t length;
	va_list args;

	va_start (args, fmt);
	vsnprintf (text, sizeof text, fmt, args);
	va_end (args);
	length = htonl ((uint32_t)strlen (text));
	ck_assert_int_eq (buf_append (&fake->session.in, &length, sizeof length), 0);
	fake_bytes (fake, text, strlen (text));
}

void fake_data (struct fake_session *fake, unsigned id, const char *stream, const char *bytes, size_t n)
{
	uint8_t *space = message_data_begin (&fake->session.in, id, stream, n);

	ck_assert_ptr_nonnull (space);
	memcpy (space, bytes, n);
	message_data_end (&fake->session.in, id, stream, n);
	session_feed (&fake->session, fake->now);
}

void fake_wait (struct fake_session *fake, int64_t ms)
{
	fake->now += ms;
	session_tick (&fake->session, fake->now);
}

struct channel *fake_channel (struct fake_session *fake, unsigned id)
{
	struct channel *channel;

	list_each (channel, &fake->session.channels, node)
		if (channel->id == id)
			return channel;
	return NULL;
}

size_t fake_output (struct channel *channel, const char *stream, size_t n)
{
	size_t room = n;
	uint8_t *space = channel_output_begin (channel, stream, &room);

	ck_assert_uint_le (room, n);
	ck_assert_int_eq (!space, !room);
	if (space)
		memset (space, 'o', room);
	channel_output_end (channel, stream, room);
	return room;
}

/* --- what happened ----------------------------------------------------------------------------------------------- */

/* The text of a log, which starts anew with the next write. */
static const char *take_log (struct buf *log)
{
	static char text[LOG_MAX + 1];
	size_t n = buf_len (log);

	if (n)
		memcpy (text, buf_head (log), n);
	text[n] = '\0';
	buf_consume (log, n);
	return text;
}

const char *fake_events (struct fake_session *fake)
{
	return take_log (&fake->events);
}

static void note_answer (struct fake_session *fake, const struct message *message)
{
	unsigned id = (unsigned)message->id;
	json_t *value;

	switch (message->kind) {
	case MESSAGE_HELLO: note (&fake->answers, "hello;"); break;
	case MESSAGE_DATA: note (&fake->answers, "data %u %s %zu;", id, message->name, message->body_len); break;
	case MESSAGE_CREDIT: note (&fake->answers, "credit %u %lld;", id, (long long)message->number); break;
	case MESSAGE_DONE:
		value = json_object_get (json_object_get (message->header, "done"), "outcome");
		note (&fake->answers, "done %u %s;", id, json_string_value (value));
		break;
	case MESSAGE_ERROR:
		value = json_object_get (message->header, "error");
		ck_assert (json_is_string (json_object_get (value, "message")));
		note (&fake->answers, "error %u %s;", id, json_string_value (json_object_get (value, "code")));
		break;
	case MESSAGE_PING: note (&fake->answers, "ping;"); break;
	case MESSAGE_PONG: note (&fake->answers, "pong %lld;", (long long)message->number); break;
	default: ck_abort_msg ("the session said something of kind %d", (int)message->kind);
	}
}

const char *fake_answers (struct fake_session *fake)
{
	struct buf *out = &fake->session.out;
	const struct message *message;
	struct err err = { 0 };
	int got;

	if (buf_len (out))
		ck_assert_int_eq (buf_append (&fake->received, buf_head (out), buf_len (out)), 0);
	buf_consume (out, buf_len (out));
	while ((got = decoder_next (&fake->decoder, &fake->received, &message, &err)) > 0)
		note_answer (fake, message);
	ck_assert_msg (got == 0, "%s", err.text);
	ck_assert_uint_eq (buf_len (&fake->received), 0);
	return take_log (&fake->answers);
}
