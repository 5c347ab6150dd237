/* session - see session.h. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "wire/session.h"

/* The bytes by which a half-received message has to grow in limits.message_ms, and the bytes of waiting output that a
 * client has to take in limits.stall_ms. One byte at a time is no progress. */
enum { PROGRESS = 1024, PROGRESS_PART = 64 /* this part of a message, if it is more */ };

void session_init (struct session *session, const struct session_events *events, void *arg,
	const struct session_limits *limits, json_t *hello, int64_t now_ms)
{
	*session = (struct session){
		.events = events,
		.arg = arg,
		.limits = *limits,
		.received_ms = now_ms,
	};
	decoder_init (&session->decoder, FROM_CLIENT);
	buf_init (&session->in, MESSAGE_MAX + 64 * 1024);
	if (!limits->output)
		session->limits.output = SESSION_OUT_FULL;
	buf_init (&session->out, session->limits.output + SESSION_OUT_MAX - SESSION_OUT_FULL);
	list_init (&session->channels);
	if (message_put (&session->out, hello, NULL, 0) < 0)
		session->state = SESSION_ENDED;
}

static void channel_free (struct channel *channel)
{
	channel->session->n_channels--;
	list_remove (&channel->node);
	free (channel);
}

/* Call an operation of the channel's owner, if the owner has it. The channel may be freed after that. */
#define TELL(channel, event, ...) \
	do { \
		if ((channel)->ops->event) \
			(channel)->ops->event (__VA_ARGS__); \
	} while (0)

static const struct channel_ops no_owner;

void channel_own (struct channel *channel, const struct channel_ops *ops, void *owner)
{
	channel->ops = ops;
	channel->owner = owner;
}

void session_flush (struct session *session)
{
	session->events->flush (session->arg);
}

void session_lose (struct session *session)
{
	while (!list_empty (&session->channels)) {
		struct channel *channel = list_entry (session->channels.next, struct channel, node);

		list_remove (&channel->node);
		TELL (channel, lost, channel);
		channel_free (channel);
	}
}

void session_room (struct session *session)
{
	session->wants_room = false;
	/* Each channel goes to the end of the list before its owner is called, who may free any channel. */
	for (int n = session->n_channels; n > 0 && !list_empty (&session->channels); n--) {
		struct channel *channel = list_entry (session->channels.next, struct channel, node);

		list_remove (&channel->node);
		list_append (&session->channels, &channel->node);
		TELL (channel, room, channel);
	}
}

void session_free (struct session *session)
{
	struct channel *channel, *after;

	list_each_safe (channel, after, &session->channels, node)
		channel_free (channel);
	decoder_free (&session->decoder);
	buf_free (&session->in);
	buf_free (&session->out);
}

/* --- output ------------------------------------------------------------------------------------------------------ */

/* Check whether a message was put. If not, the client does not read its answers, and it cannot be sent an error. */
static void check_put (struct session *session, int put)
{
	if (put < 0)
		session->state = SESSION_ENDED;
}

/* Put a message (consumed). After the error that ended the session, no message is put. */
static void put (struct session *session, json_t *message)
{
	if (session->state == SESSION_ENDED)
		json_decref (message);
	else
		check_put (session, message_put (&session->out, message, NULL, 0));
}

/* The text may be cut within a character, or come from a plugin that quotes file names in any encoding. */
static json_t *error_json (enum code code, const char *text, double retry_after)
{
	char clean[2 * ERR_TEXT];
	json_t *error;

	if (!text_is_utf8 (text, strlen (text)))
		text = text_escape (clean, sizeof clean, text, strlen (text));
	error = json_pack ("{ss ss}", "code", code_name (code), "message", text);

	if (error && retry_after > 0)
		json_object_set_new (error, "retry_after", json_real (retry_after));
	return error;
}

void session_violation (struct session *session, enum code code, const char *text)
{
	put (session, json_pack ("{so}", "error", error_json (code, text, 0)));
	session->state = SESSION_ENDED;
}

static void finish (struct channel *channel, json_t *message)
{
	struct session *session = channel->session;

	put (session, message);
	channel_free (channel);
	if (session->state == SESSION_LEAVING && !session->n_channels)
		session->state = SESSION_ENDED;
}

void channel_done (struct channel *channel, json_t *done)
{
	finish (channel, json_pack ("{sI so}", "id", (json_int_t)channel->id, "done", done));
}

void channel_error (struct channel *channel, enum code code, const char *text, double retry_after)
{
	json_t *error = error_json (code, text, retry_after);

	finish (channel, json_pack ("{sI so}", "id", (json_int_t)channel->id, "error", error));
}

void channel_credit (struct channel *channel, int64_t n)
{
	struct session *session = channel->session;

	if (!channel->input || n <= 0 || session->state == SESSION_ENDED)
		return;
	channel->untold += n;
	if (channel->untold < channel->credit)
		return;
	check_put (session, message_printf (&session->out, "{\"id\":%llu,\"credit\":%lld}",
				    (unsigned long long)channel->id, (long long)channel->untold));
	channel->credit += channel->untold;
	channel->untold = 0;
}

size_t session_output_max (const struct session *session)
{
	return session->tight ? SESSION_OUT_TIGHT : session->limits.output;
}

bool session_full (const struct session *session)
{
	return buf_len (&session->out) >= session_output_max (session);
}

uint8_t *channel_output_begin (struct channel *channel, const char *stream, size_t *n)
{
	struct session *session = channel->session;
	size_t used = buf_len (&session->out);
	size_t limit = session_output_max (session), most = used < limit ? limit - used : 0;
	uint8_t *space;

	session->wants_room = session->wants_room || !most;
	if (channel->window >= 0 && most > (size_t)channel->window)
		most = (size_t)channel->window;
	if (*n > most)
		*n = most;
	if (session->state == SESSION_ENDED)
		*n = 0;
	if (!*n)
		return NULL;
	if (!(space = message_data_begin (&session->out, channel->id, stream, *n))) {
		*n = 0;
		/* End the session: no event would continue this output when there is memory again. */
		check_put (session, -1);
	}
	return space;
}

void channel_output_end (struct channel *channel, const char *stream, size_t n)
{
	if (!n)
		return;
	message_data_end (&channel->session->out, channel->id, stream, n);
	if (channel->window >= 0)
		channel->window -= (int64_t)n;
}

/* --- input ------------------------------------------------------------------------------------------------------- */

static struct channel *find (struct session *session, uint64_t id)
{
	struct channel *channel;

	list_each (channel, &session->channels, node)
		if (channel->id == id)
			return channel;
	return NULL;
}

static void take_call (struct session *session, const struct message *message)
{
	struct channel *channel;
	json_int_t window = -1;
	struct err err;

	if (message->id <= session->last_id) {
		session_violation (session, CODE_BAD_MESSAGE, "ids must increase");
		return;
	}
	if (!(channel = calloc (1, sizeof *channel))) {
		session_violation (session, CODE_INTERNAL, "out of memory");
		return;
	}
	session->last_id = message->id;
	channel->session = session;
	channel->id = message->id;
	channel->ops = &no_owner;
	list_append (&session->channels, &channel->node);
	session->n_channels++;
	channel->input = json_is_true (json_object_get (message->header, "input"));
	if (session->state == SESSION_LEAVING) {
		if (session->bye)
			channel_error (channel, CODE_BAD_MESSAGE, "a call after bye", 0);
		else
			channel_error (channel, CODE_SHUTTING_DOWN, "remexd is shutting down", 0);
		return;
	}
	if (session->n_channels > session->limits.calls) {
		channel_error (channel, CODE_BUSY, "too many calls at once on this connection", 0.5);
		return;
	}
	if (header_integer (message->header, "window", 1, MESSAGE_ID_MAX, &window, &err) < 0) {
		channel_error (channel, err.code, err.text, 0);
		return;
	}
	channel->window = window;
	session->events->call (session->arg, channel, message);
}

static void take_data (struct session *session, struct channel *channel, const struct message *message)
{
	if (strcmp (message->name, "stdin")) {
		session_violation (session, CODE_BAD_MESSAGE, "a client's data goes to 'stdin'");
		return;
	}
	if (!channel || !channel->input)
		return;
	if ((int64_t)message->body_len > channel->credit) {
		channel->input = false;
		TELL (channel, flow, channel);
		return;
	}
	channel->credit -= (int64_t)message->body_len;
	TELL (channel, input, channel, message->body, message->body_len);
}

static void take_end (struct session *session, struct channel *channel, const struct message *message)
{
	if (strcmp (message->name, "stdin")) {
		session_violation (session, CODE_BAD_MESSAGE, "a client ends 'stdin'");
		return;
	}
	if (!channel || !channel->input)
		return;
	channel->input = false;
	TELL (channel, input_end, channel);
}

static void take_credit (struct session *session, struct channel *channel, const struct message *message)
{
	bool was_shut;

	if (!channel || channel->window < 0)
		return;
	was_shut = channel->window == 0;
	if (__builtin_add_overflow (channel->window, message->number, &channel->window)) {
		session_violation (session, CODE_BAD_VALUE, "the window overflows");
		return;
	}
	if (was_shut)
		TELL (channel, room, channel);
}

static void take (struct session *session, const struct message *message)
{
	struct channel *channel = message->id ? find (session, message->id) : NULL;
	int signo;

	if (message->id > session->last_id && message->kind != MESSAGE_CALL) {
		session_violation (session, CODE_BAD_MESSAGE, "no call has had that id");
		return;
	}
	switch (message->kind) {
	case MESSAGE_CALL: take_call (session, message); break;
	case MESSAGE_DATA: take_data (session, channel, message); break;
	case MESSAGE_END: take_end (session, channel, message); break;
	case MESSAGE_CREDIT: take_credit (session, channel, message); break;
	case MESSAGE_SIGNAL:
		if ((signo = signal_parse (message->name)) < 0)
			session_violation (session, CODE_BAD_MESSAGE, "that is no signal of remex/1");
		else if (channel)
			TELL (channel, signal, channel, signo);
		break;
	case MESSAGE_RESIZE:
		if (channel)
			TELL (channel, resize, channel, message->rows, message->cols);
		break;
	case MESSAGE_CANCEL:
		if (channel)
			TELL (channel, cancel, channel);
		break;
	case MESSAGE_PING:
		check_put (session, message_printf (&session->out, "{\"pong\":%lld}", (long long)message->number));
		break;
	case MESSAGE_PONG: break;
	case MESSAGE_BYE:
		session->bye = true;
		session->state = session->n_channels ? SESSION_LEAVING : SESSION_ENDED;
		break;
	case MESSAGE_HELLO:
	case MESSAGE_DONE:
	case MESSAGE_ERROR: break; /* the decoder refuses these from a client */
	}
}

size_t session_needs (const struct session *session)
{
	return session->state == SESSION_ENDED ? 0 : decoder_needs (&session->decoder, &session->in);
}

/* The larger a message is, the more bytes of it have to come in that time, because it keeps memory from others. */
static size_t progress (const struct session *session)
{
	size_t part = session_needs (session) / PROGRESS_PART;

	return part > PROGRESS ? part : PROGRESS;
}

void session_feed (struct session *session, int64_t now_ms)
{
	const struct message *message;
	struct err err;
	size_t left;
	int got = 0, taken = 0;

	session->more = false;
	session->received_ms = now_ms;
	session->pinged_ms = 0;
	while (session->state != SESSION_ENDED && taken++ < SESSION_TURN &&
		(got = decoder_next (&session->decoder, &session->in, &message, &err)) != 0) {
		if (got < 0)
			session_violation (session, (enum code)err.code, err.text);
		else {
			session->partial_ms = 0;
			take (session, message);
		}
	}
	session->more = got > 0 && session->state != SESSION_ENDED;
	if (session->more || session->state == SESSION_ENDED || !decoder_pending (&session->decoder, &session->in)) {
		session->partial_ms = 0;
		return;
	}
	left = buf_len (&session->in);
	if (!session->partial_ms || left >= session->partial_bytes + progress (session)) {
		session->partial_ms = now_ms;
		session->partial_bytes = left;
	}
}

/* --- time -------------------------------------------------------------------------------------------------------- */

void session_sent (struct session *session, size_t n, int64_t now_ms)
{
	session->taken += n;
	if (!buf_len (&session->out)) {
		session->stuck_ms = 0;
	} else if (!session->stuck_ms || session->taken >= PROGRESS) {
		session->stuck_ms = now_ms;
		session->taken = 0;
	}
}

/* When a client that was pinged is given up. The client always gets its time to answer, because a front that was
 * stopped or got no processor time pings late. */
static int64_t give_up_ms (const struct session *session)
{
	int64_t silent = session->received_ms + session->limits.silence_ms;
	int64_t asked = session->pinged_ms + session->limits.silence_ms - session->limits.ping_ms;

	return silent > asked ? silent : asked;
}

void session_hold (struct session *session)
{
	session->held = true;
}

void session_resume (struct session *session, int64_t now_ms)
{
	session->held = false;
	session->received_ms = now_ms;
	session->pinged_ms = 0;
	if (session->partial_ms)
		session->partial_ms = now_ms;
}

int64_t session_wake (const struct session *session)
{
	int64_t when = 0;

	if (session->state == SESSION_ENDED)
		return 0;
	if (session->stuck_ms && session->limits.stall_ms)
		when = session->stuck_ms + session->limits.stall_ms;
	if (session->held)
		return when;
	if (session->partial_ms)
		when = clock_earlier (when, session->partial_ms + session->limits.message_ms);
	if (!session->n_channels && session->limits.idle_ms)
		when = clock_earlier (when, session->received_ms + session->limits.idle_ms);
	if (session->n_channels && session->pinged_ms)
		when = clock_earlier (when, give_up_ms (session));
	else if (session->n_channels)
		when = clock_earlier (when, session->received_ms + session->limits.ping_ms);
	return when;
}

void session_tick (struct session *session, int64_t now_ms)
{
	if (session->state == SESSION_ENDED)
		return;
	if (session->stuck_ms && session->limits.stall_ms && now_ms >= session->stuck_ms + session->limits.stall_ms) {
		session->stalled = true;
		session->state = SESSION_ENDED;
		return;
	}
	if (session->held)
		return;
	if (session->partial_ms && now_ms >= session->partial_ms + session->limits.message_ms) {
		session_violation (session, CODE_BAD_MESSAGE, "the rest of the message did not come in time");
		return;
	}
	if (!session->n_channels) {
		if (session->limits.idle_ms && now_ms >= session->received_ms + session->limits.idle_ms)
			session_violation (session, CODE_SHUTTING_DOWN, "no call came for too long");
		return;
	}
	if (session->pinged_ms) {
		if (now_ms >= give_up_ms (session))
			session_violation (session, CODE_BAD_MESSAGE, "silent for too long");
	} else if (now_ms >= session->received_ms + session->limits.ping_ms) {
		session->pinged_ms = now_ms;
		check_put (session, message_printf (&session->out, "{\"ping\":%lld}", (long long)now_ms));
	}
}
