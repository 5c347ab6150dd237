/* fuzz_session - the session between a client and a dispatcher that both do what the input says, with a made-up clock.
 *
 * The input is a script: an operation, its operands, the next one. The client's bytes, well formed or raw, go to the
 * session in pieces and to a decoder of the model's own, which knows what was granted. What comes out is decoded as a
 * client would, and must be: a hello, then messages of a server; one terminal message for each call that the dispatcher
 * ended, and nothing for that id behind it; no data beyond a window; after a violation one error and nothing else. What
 * goes to the dispatcher is no more input than it granted.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "wire/session.h"

enum { CHANNELS = 1024, STEPS = 400, OVERFLOW_OUT = 300 * 1024 };

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

struct known { /* of one id, as the model has it */
	struct world *world;
	uint64_t id;
	struct channel *channel; /* while the dispatcher has it */
	int64_t window; /* bytes that may still come; -1: any number */
	int64_t granted, taken, told; /* input: by the dispatcher, to the dispatcher, as seen by the client */
	bool ended, terminal; /* by the dispatcher, for the client */
};

struct world {
	const uint8_t *data, *end;
	struct session session;
	struct decoder client, model; /* bytes to the client; bytes from the client */
	struct buf received, said;
	struct known known[CHANNELS];
	size_t n_known;
	uint64_t next_id;
	int64_t now;
	bool greeted, closed, deaf; /* the model's decoder has seen a violation */
	bool lost; /* a message did not fit: the session ended without a message */
};

static void require (bool holds)
{
	if (!holds)
		abort ();
}

static uint8_t byte (struct world *world)
{
	return world->data < world->end ? *world->data++ : 0;
}

/* A number that is often small and sometimes not. */
static size_t amount (struct world *world)
{
	size_t n = byte (world);

	return n < 128 ? n : (n - 127) * 2053;
}

static struct known *find (struct world *world, uint64_t id)
{
	for (size_t i = 0; i < world->n_known; i++)
		if (world->known[i].id == id)
			return &world->known[i];
	return NULL;
}

/* --- the dispatcher ----------------------------------------------------------------------------------------------- */

static void finish (struct world *world, struct known *known, bool good)
{
	struct session *session = &world->session;
	bool was_over = session->state == SESSION_ENDED, leaving = session->state == SESSION_LEAVING;
	struct channel *channel = known->channel;

	known->channel = NULL;
	if (good)
		channel_done (channel, json_pack ("{ss}", "outcome", "completed"));
	else
		channel_error (
			channel, CODE_FAILED, world->now & 1 ? "no" : "\xFF\x1B[2J\xE2\x82", world->now & 2 ? 0.5 : 0);
	if (!was_over && session->state == SESSION_ENDED && !(leaving && !session->n_channels))
		world->lost = true;
	known->ended = !was_over && !world->lost;
}

static void act (struct world *world, struct known *known)
{
	uint8_t what = byte (world), *space;
	size_t n, asked;

	if (!known || !known->channel)
		return;
	switch (what % 8) {
	case 0:
	case 1: finish (world, known, what & 8); break;
	case 2:
	case 3:
	case 4:
		n = asked = amount (world) + 1;
		space = channel_output_begin (known->channel, what & 8 ? "stderr" : "stdout", &n);
		require (!space == !n && n <= asked);
		if (space) {
			memset (space, 'x', n);
			n = what & 16 ? n / 2 : n;
			channel_output_end (known->channel, what & 8 ? "stderr" : "stdout", n);
		}
		break;
	case 5:
		n = amount (world);
		if (known->channel->input && world->session.state != SESSION_ENDED)
			known->granted += (int64_t)n;
		channel_credit (known->channel, (int64_t)n);
		break;
	default: break;
	}
}

static void on_input (struct channel *channel, const uint8_t *bytes, size_t n)
{
	struct known *known = channel->owner;

	require (known->channel == channel && n > 0 && bytes);
	known->taken += (int64_t)n;
	require (known->taken <= known->granted);
	act (known->world, known);
}

static void on_other (struct channel *channel)
{
	struct known *known = channel->owner;

	require (known->channel == channel);
	act (known->world, known);
}

static void on_signal (struct channel *channel, int signo)
{
	require (signo > 0);
	on_other (channel);
}

static void on_resize (struct channel *channel, int rows, int cols)
{
	require (rows >= 0 && rows <= TTY_SIZE_MAX && cols == 80);
	on_other (channel);
}

static const struct channel_ops channel_ops = {
	.input = on_input,
	.input_end = on_other,
	.signal = on_signal,
	.resize = on_resize,
	.cancel = on_other,
	.room = on_other,
	.flow = on_other,
};

static void on_call (void *arg, struct channel *channel, const struct message *message)
{
	struct world *world = arg;
	struct known *known = find (world, message->id);

	require (known && !known->channel && !known->ended && channel->id == message->id);
	require (world->session.state == SESSION_OPEN);
	known->channel = channel;
	channel_own (channel, &channel_ops, known);
	act (world, known);
}

static const struct session_events events = { .call = on_call };

/* --- the client --------------------------------------------------------------------------------------------------- */

/* Which answers may come after these bytes. */
static void learn (struct world *world, const uint8_t *bytes, size_t n)
{
	const struct message *message;
	struct known *known;
	int got;

	require (buf_append (&world->said, bytes, n) == 0);
	while (!world->deaf && (got = decoder_next (&world->model, &world->said, &message, NULL)) != 0) {
		if (got < 0 || world->n_known == CHANNELS) {
			world->deaf = true;
			return;
		}
		known = find (world, message->id);
		if (message->kind == MESSAGE_CREDIT && known && known->window >= 0)
			known->window += message->number;
		if (message->kind == MESSAGE_CALL && !known && message->id > world->next_id) {
			json_int_t window = json_integer_value (json_object_get (message->header, "window"));

			world->next_id = message->id;
			world->known[world->n_known++] =
				(struct known){ .world = world, .id = message->id, .window = window ? window : -1 };
		}
	}
}

static void client_sends (struct world *world, struct buf *message, uint8_t cut)
{
	size_t n = buf_len (message), first = cut ? n * cut / 256 : n;

	if (!n)
		return;
	learn (world, buf_head (message), n);
	for (size_t piece = first; n; piece = n) {
		if (world->session.state != SESSION_ENDED)
			require (buf_append (&world->session.in, buf_head (message), piece) == 0);
		do
			session_feed (&world->session, world->now);
		while (world->session.more);
		buf_consume (message, piece);
		n -= piece;
		if (n && first)
			world->now++;
	}
}

static uint64_t pick_id (struct world *world)
{
	uint8_t which = byte (world);

	if (which >= 250)
		return world->next_id + 1;
	return world->n_known ? world->known[world->n_known - 1 - which % world->n_known].id : 1;
}

/* Some message of the client's, mostly in order. */
static void make_message (struct world *world, struct buf *to)
{
	static const char *const signals[] = { "INT", "KILL", "TSTP", "SEGV", "" };
	static const char body[272 * 1024];
	uint8_t what = byte (world);
	unsigned long long id = what % 16 < 5 ? world->next_id + 1 + what / 64 : pick_id (world);
	size_t n;

	switch (what % 16) {
	case 0:
	case 1:
	case 2:
		message_printf (to, "{\"id\":%llu,\"call\":\"a.b\",\"input\":%s}", id, what & 16 ? "true" : "false");
		break;
	case 3: message_printf (to, "{\"id\":%llu,\"call\":\"a.b\",\"window\":%zu}", id, amount (world)); break;
	case 4:
		n = amount (world);
		message_put (to, json_pack ("{sI ss sb}", "id", (json_int_t)id, "call", "x", "input", 1), body, n);
		break;
	case 5:
	case 6:
	case 7:
		n = amount (world) + (what < 240);
		message_put (
			to, json_pack ("{sI ss}", "id", (json_int_t)id, "data", what < 240 ? "stdin" : "x"), body, n);
		break;
	case 8: message_printf (to, "{\"id\":%llu,\"end\":\"stdin\"}", id); break;
	case 9: message_printf (to, "{\"id\":%llu,\"credit\":%zu}", id, amount (world) + (what < 240)); break;
	case 10: message_printf (to, "{\"id\":%llu,\"credit\":%lld}", id, (long long)MESSAGE_ID_MAX); break;
	case 11: message_printf (to, "{\"id\":%llu,\"signal\":\"%s\"}", id, signals[what / 16 % 5]); break;
	case 12: message_printf (to, "{\"id\":%llu,\"cancel\":true}", id); break;
	case 13: message_printf (to, "{\"pong\":%d}", what); break;
	case 14:
		for (n = what < 128 ? 1 : 500; n; n--)
			message_printf (to, "{\"ping\":9223372036854775807}");
		break;
	default:
		if (what > 200)
			message_printf (to, "{\"bye\":true}");
		else
			message_printf (to, "{\"id\":%llu,\"resize\":[%d,80]}", id, what < 128 ? what : 65392 + what);
	}
}

static void send_some (struct world *world, bool raw)
{
	struct buf message;
	uint8_t cut = byte (world);

	buf_init (&message, MESSAGE_MAX);
	if (raw)
		for (size_t n = byte (world) % 64; n; n--) {
			uint8_t c = byte (world);

			buf_append (&message, &c, 1);
		}
	else
		make_message (world, &message);
	client_sends (world, &message, cut);
	buf_free (&message);
}

/* --- what the client receives ------------------------------------------------------------------------------------- */

static void check_terminal (struct world *world, const struct message *message)
{
	struct known *known = find (world, message->id);

	if (!message->id) {
		require (message->kind == MESSAGE_ERROR);
		world->closed = true;
		return;
	}
	require (known && !known->terminal && !known->channel);
	known->terminal = true;
	if (message->kind == MESSAGE_ERROR) {
		const json_t *error = json_object_get (message->header, "error");

		require (code_parse (json_string_value (json_object_get (error, "code"))) >= 0);
		require (json_is_string (json_object_get (error, "message")));
	}
}

static void check_received (struct world *world, const struct message *message)
{
	struct known *known = find (world, message->id);

	require (!world->closed && world->greeted == (message->kind != MESSAGE_HELLO));
	world->greeted = true;
	switch (message->kind) {
	case MESSAGE_DATA:
		require (known && !known->terminal);
		if (known->window >= 0)
			require ((known->window -= (int64_t)message->body_len) >= 0);
		break;
	case MESSAGE_CREDIT:
		require (known && !known->terminal);
		known->told += message->number;
		require (known->told <= known->granted);
		break;
	case MESSAGE_DONE:
	case MESSAGE_ERROR: check_terminal (world, message); break;
	default:
		require (message->kind == MESSAGE_HELLO || message->kind == MESSAGE_PING ||
			 message->kind == MESSAGE_PONG);
	}
}

static void client_receives (struct world *world, size_t n)
{
	struct session *session = &world->session;
	const struct message *message;
	int got;

	if (n > buf_len (&session->out))
		n = buf_len (&session->out);
	if (n)
		require (buf_append (&world->received, buf_head (&session->out), n) == 0);
	buf_consume (&session->out, n);
	while ((got = decoder_next (&world->client, &world->received, &message, NULL)) > 0)
		check_received (world, message);
	require (got == 0);
}

static void check_end (struct world *world)
{
	client_receives (world, SIZE_MAX);
	require (world->greeted && !decoder_pending (&world->client, &world->received));
	for (size_t i = 0; i < world->n_known; i++)
		require (!world->known[i].ended || world->known[i].terminal);
	if (world->closed)
		require (world->session.state == SESSION_ENDED);
}

/* --- the script --------------------------------------------------------------------------------------------------- */

static void step (struct world *world)
{
	uint8_t what = byte (world);
	int64_t wake;

	switch (what % 8) {
	case 0: send_some (world, true); break;
	case 1:
	case 2:
	case 3: send_some (world, false); break;
	case 4:
	case 5:
		if (world->n_known)
			act (world, &world->known[world->n_known - 1 - byte (world) % world->n_known]);
		break;
	case 6: client_receives (world, amount (world)); break;
	default:
		wake = session_wake (&world->session);
		require (!wake || world->session.state != SESSION_ENDED);
		world->now += what & 8 ? 16000 : byte (world);
		if (what & 16 && wake > world->now)
			world->now = wake;
		session_tick (&world->session, world->now);
		/* What was due is done: the next time lies ahead. */
		wake = session_wake (&world->session);
		require (!wake || wake > world->now);
	}
	require (buf_len (&world->session.out) <= SESSION_OUT_MAX);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
	static struct world world;
	struct session_limits limits = { .calls = 4, .message_ms = 10000, .ping_ms = 15000, .silence_ms = 45000 };

	memset (&world, 0, sizeof world);
	world.data = data;
	world.end = data + size;
	world.now = 1000;
	decoder_init (&world.client, FROM_SERVER);
	decoder_init (&world.model, FROM_CLIENT);
	buf_init (&world.received, 2 * SESSION_OUT_MAX);
	buf_init (&world.said, 64 * MESSAGE_MAX);
	session_init (&world.session, &events, &world, &limits, json_pack ("{si}", "remex", 1), world.now);
	if (byte (&world) & 1)
		world.session.out.max = OVERFLOW_OUT;
	for (int i = 0; i < STEPS && world.data < world.end; i++)
		step (&world);
	check_end (&world);
	session_free (&world.session);
	decoder_free (&world.client);
	decoder_free (&world.model);
	buf_free (&world.received);
	buf_free (&world.said);
	return 0;
}
