/* fuzz_message - any bytes as messages of remex/1. However the bytes are cut into pieces, the decoder has the same results. An accepted message keeps the promises of message.h, and is the same message after it was encoded and decoded again.
 *
 * The first byte says from which side the messages come, the second how the pieces are cut.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "wire/codes.h"
#include "wire/message.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void require (bool holds)
{
	if (!holds)
		abort ();
}

/* --- the results of a decoder, as text ---------------------------------------------------------------------------- */

static uint32_t sum (const uint8_t *bytes, size_t n)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	return hash;
}

/* The terminal that a call asks for. */
static void check_tty (const json_t *header)
{
	struct tty tty;
	struct err err;

	if (tty_read (header, NULL, &tty, &err) < 0) {
		require (err.code == CODE_BAD_VALUE && *err.text && !strchr (err.text, '\n'));
		return;
	}
	require (tty.wanted == (json_object_get (header, "tty") != NULL));
	require (tty.rows >= 0 && tty.rows <= TTY_SIZE_MAX && tty.cols >= 0 && tty.cols <= TTY_SIZE_MAX);
	require (tty.erase >= TTY_ERASE_NONE && tty.erase <= 255);
	require (strlen (tty.term) <= TTY_TERM_MAX && !strchr (tty.term, '/'));
}

static void check_message (const struct message *message, enum message_side from)
{
	static const bool by_client[] = { [MESSAGE_CALL] = true,
		[MESSAGE_DATA] = true,
		[MESSAGE_END] = true,
		[MESSAGE_CREDIT] = true,
		[MESSAGE_SIGNAL] = true,
		[MESSAGE_RESIZE] = true,
		[MESSAGE_CANCEL] = true,
		[MESSAGE_PING] = true,
		[MESSAGE_PONG] = true,
		[MESSAGE_BYE] = true };
	bool call = message->kind == MESSAGE_CALL, has_body = call || message->kind == MESSAGE_DATA;

	require (from == FROM_SERVER || by_client[message->kind]);
	require (message->id <= (uint64_t)MESSAGE_ID_MAX);
	require (json_is_object (message->header));
	require (message->body_len <= (call ? MESSAGE_CALL_BODY_MAX : MESSAGE_BODY_MAX));
	require (has_body || !message->body_len);
	require (message->text_len <= (size_t)(call ? HEADER_CALL_MAX : HEADER_MAX));
	if (message->kind == MESSAGE_DATA || message->kind == MESSAGE_SIGNAL || message->kind == MESSAGE_END || call)
		require (message->id && message->name && *message->name);
	if (call)
		check_tty (message->header);
	if (message->kind == MESSAGE_RESIZE)
		require (message->id && message->rows >= 0 && message->rows <= TTY_SIZE_MAX && message->cols >= 0 &&
			 message->cols <= TTY_SIZE_MAX);
	if (message->kind == MESSAGE_CREDIT)
		require (message->id && message->number > 0);
}

static void trace_message (struct buf *trace, const struct message *message)
{
	require (buf_printf (trace, "%d %llu %s %lld %zu %x %zu %x\n", (int)message->kind,
			 (unsigned long long)message->id, message->name ? message->name : "-",
			 (long long)message->number, message->text_len,
			 sum ((const uint8_t *)message->text, message->text_len), message->body_len,
			 sum (message->body, message->body_len)) == 0);
}

/* Decode `n` bytes in pieces; `seed` 0: in one. */
static void decode (struct buf *trace, enum message_side from, const uint8_t *bytes, size_t n, uint32_t seed)
{
	const struct message *message;
	struct decoder decoder;
	struct err err = { 0 };
	struct buf in;
	int got = 0;

	decoder_init (&decoder, from);
	buf_init (&in, MESSAGE_MAX + 64 * 1024);
	while (n && got == 0) {
		size_t piece = n;

		if (seed) {
			seed = seed * 1664525u + 1013904223u;
			piece = seed >> 30 ? 1 + (seed >> 16) % 7 : 1 + (seed >> 8) % 3000;
			piece = piece < n ? piece : n;
		}
		require (buf_append (&in, bytes, piece) == 0);
		bytes += piece;
		n -= piece;
		while ((got = decoder_next (&decoder, &in, &message, &err)) > 0) {
			check_message (message, from);
			trace_message (trace, message);
		}
	}
	if (got < 0) {
		require (err.code == CODE_BAD_MESSAGE || err.code == CODE_TOO_LARGE);
		require (*err.text && !strchr (err.text, '\n'));
		require (decoder_next (&decoder, &in, &message, NULL) < 0);
		buf_printf (trace, "%s", code_name ((enum code)err.code));
	} else {
		buf_printf (trace, "%s", decoder_pending (&decoder, &in) ? "more" : "end");
	}
	decoder_free (&decoder);
	buf_free (&in);
}

/* --- through the encoder and back --------------------------------------------------------------------------------- */

/* A number gets longer when it is printed (1E9): then the header may have become too large. */
static bool fits (const struct buf *out, const struct message *message)
{
	uint8_t length[4];

	require (buf_len (out) > sizeof length);
	memcpy (length, out->data + out->start, sizeof length);
	return (length[0] << 24 | length[1] << 16 | length[2] << 8 | length[3]) <=
	       (message->kind == MESSAGE_CALL ? (int)HEADER_CALL_MAX : (int)HEADER_MAX);
}

static void same (struct buf *out, enum message_side from, const struct message *before)
{
	const struct message *after;
	struct decoder decoder;

	decoder_init (&decoder, from);
	require (decoder_next (&decoder, out, &after, NULL) == 1);
	require (after->kind == before->kind && after->id == before->id && after->number == before->number);
	require (!after->name == !before->name && (!after->name || !strcmp (after->name, before->name)));
	require (after->rows == before->rows && after->cols == before->cols);
	require (after->body_len == before->body_len && !memcmp (after->body, before->body, after->body_len));
	require (json_object_size (after->header) >= json_object_size (before->header));
	require (decoder_next (&decoder, out, &after, NULL) == 0 && !decoder_pending (&decoder, out));
	decoder_free (&decoder);
}

static bool plain (const char *name)
{
	size_t n = strlen (name);

	return n <= 32 && strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

static void encode (struct buf *out, enum message_side from, const struct message *message)
{
	require (message_put (out, json_copy (message->header), message->body, message->body_len) == 0);
	if (fits (out, message))
		same (out, from, message);
	buf_consume (out, buf_len (out));
	if (message->kind == MESSAGE_DATA && plain (message->name)) {
		uint8_t *space = message_data_begin (out, message->id, message->name, MESSAGE_BODY_MAX);

		require (space != NULL);
		memcpy (space, message->body, message->body_len);
		message_data_end (out, message->id, message->name, message->body_len);
		require (buf_len (out) == message_data_overhead (message->id, message->name) + message->body_len);
		/* The header is a new one, with three keys; `before` may have more. */
		struct message bare = *message;

		bare.header = NULL;
		same (out, from, &bare);
		buf_consume (out, buf_len (out));
	}
}

static void round_trips (enum message_side from, const uint8_t *bytes, size_t n)
{
	const struct message *message;
	struct decoder decoder;
	struct buf in, out;

	decoder_init (&decoder, from);
	buf_init (&in, MESSAGE_MAX + 64 * 1024);
	buf_init (&out, 8 * MESSAGE_MAX);
	require (buf_append (&in, bytes, n) == 0);
	while (decoder_next (&decoder, &in, &message, NULL) > 0)
		encode (&out, from, message);
	decoder_free (&decoder);
	buf_free (&in);
	buf_free (&out);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
	enum message_side from;
	struct buf whole, split;

	if (size < 2 || size > MESSAGE_MAX)
		return 0;
	from = data[0] & 1 ? FROM_SERVER : FROM_CLIENT;
	buf_init (&whole, 64 * MESSAGE_MAX);
	buf_init (&split, 64 * MESSAGE_MAX);
	decode (&whole, from, data + 2, size - 2, 0);
	decode (&split, from, data + 2, size - 2, 1 + data[1]);
	require (buf_len (&whole) == buf_len (&split) &&
		 !memcmp (buf_head (&whole), buf_head (&split), buf_len (&whole)));
	round_trips (from, data + 2, size - 2);
	buf_free (&whole);
	buf_free (&split);
	return 0;
}
