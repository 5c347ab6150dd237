/* message - see message.h. */
#include "config.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/codes.h"
#include "wire/message.h"

void decoder_init (struct decoder *decoder, enum message_side from)
{
	*decoder = (struct decoder){ .from = from };
}

void decoder_free (struct decoder *decoder)
{
	json_decref (decoder->header);
	decoder_init (decoder, decoder->from);
}

/* --- what kind of message a header is ---------------------------------------------------------------------------- */

/* For each kind of message: the member that identifies the kind, the type of that member, the sender, and whether an id
 * is needed. The kind of a header is the first row whose member it has. */
static const struct kind_row {
	const char *key;
	enum message_kind kind;
	enum { HOLDS_WORD, HOLDS_COUNT, HOLDS_NUMBER, HOLDS_SIZE, HOLDS_TRUE, HOLDS_OBJECT } holds;
	enum { BY_CLIENT = 1, BY_SERVER = 2, BY_BOTH = 3 } by;
	enum { ID_NEVER, ID_ALWAYS, ID_MAYBE } id;
} kinds[] = {
	{ "remex", MESSAGE_HELLO, HOLDS_COUNT, BY_SERVER, ID_NEVER },
	{ "call", MESSAGE_CALL, HOLDS_WORD, BY_CLIENT, ID_ALWAYS },
	{ "data", MESSAGE_DATA, HOLDS_WORD, BY_BOTH, ID_ALWAYS },
	{ "end", MESSAGE_END, HOLDS_WORD, BY_CLIENT, ID_ALWAYS },
	{ "credit", MESSAGE_CREDIT, HOLDS_COUNT, BY_BOTH, ID_ALWAYS },
	{ "signal", MESSAGE_SIGNAL, HOLDS_WORD, BY_CLIENT, ID_ALWAYS },
	{ "resize", MESSAGE_RESIZE, HOLDS_SIZE, BY_CLIENT, ID_ALWAYS },
	{ "cancel", MESSAGE_CANCEL, HOLDS_TRUE, BY_CLIENT, ID_ALWAYS },
	{ "done", MESSAGE_DONE, HOLDS_OBJECT, BY_SERVER, ID_ALWAYS },
	{ "error", MESSAGE_ERROR, HOLDS_OBJECT, BY_SERVER, ID_MAYBE },
	{ "ping", MESSAGE_PING, HOLDS_NUMBER, BY_BOTH, ID_NEVER },
	{ "pong", MESSAGE_PONG, HOLDS_NUMBER, BY_BOTH, ID_NEVER },
	{ "bye", MESSAGE_BYE, HOLDS_TRUE, BY_CLIENT, ID_NEVER },
};

static int read_value (const struct kind_row *row, const json_t *value, struct message *message, struct err *err)
{
	bool good = false;

	switch (row->holds) {
	case HOLDS_WORD:
		good = json_is_string (value) && json_string_length (value) > 0;
		message->name = json_string_value (value);
		break;
	case HOLDS_COUNT:
		good = json_is_integer (value) && json_integer_value (value) > 0 &&
		       json_integer_value (value) <= MESSAGE_ID_MAX;
		message->number = json_integer_value (value);
		break;
	case HOLDS_NUMBER:
		good = json_is_integer (value);
		message->number = json_integer_value (value);
		break;
	case HOLDS_SIZE: good = tty_read_size (value, &message->rows, &message->cols) == 0; break;
	case HOLDS_TRUE: good = json_is_true (value); break;
	case HOLDS_OBJECT: good = json_is_object (value); break;
	}
	if (!good)
		return err_set (err, CODE_BAD_MESSAGE, "'%s' has a value of the wrong type", row->key);
	return 0;
}

static int read_id (const struct kind_row *row, const json_t *header, struct message *message, struct err *err)
{
	const json_t *id = json_object_get (header, "id");

	if (!id && row->id == ID_ALWAYS)
		return err_set (err, CODE_BAD_MESSAGE, "a '%s' without an id", row->key);
	if (!id || row->id == ID_NEVER)
		return 0;
	if (!json_is_integer (id) || json_integer_value (id) < 1 || json_integer_value (id) > MESSAGE_ID_MAX)
		return err_set (err, CODE_BAD_MESSAGE, "an id must be an integer from 1 to 2^53-1");
	message->id = (uint64_t)json_integer_value (id);
	return 0;
}

static int read_kind (const struct decoder *decoder, const json_t *header, struct message *message, struct err *err)
{
	unsigned side = decoder->from == FROM_CLIENT ? BY_CLIENT : BY_SERVER;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		const json_t *value = json_object_get (header, kinds[i].key);

		if (!value)
			continue;
		if (!(kinds[i].by & side))
			return err_set (err, CODE_BAD_MESSAGE, "this side may not send '%s'", kinds[i].key);
		message->kind = kinds[i].kind;
		if (read_value (&kinds[i], value, message, err) < 0)
			return -1;
		return read_id (&kinds[i], header, message, err);
	}
	return err_set (err, CODE_BAD_MESSAGE, "the header has no key that makes it a message");
}

/* --- decoding ---------------------------------------------------------------------------------------------------- */

static uint32_t header_length (const struct buf *in)
{
	uint32_t length;

	memcpy (&length, in->data + in->start, sizeof length); /* at least four bytes are there */
	return ntohl (length);
}

static uint32_t header_max (const struct decoder *decoder)
{
	return decoder->from == FROM_CLIENT ? HEADER_CALL_MAX : HEADER_MAX; /* a server makes no calls */
}

/* Parse a complete header, and check all that can be checked without its body. */
static int read_header (struct decoder *decoder, const struct buf *in, struct err *err)
{
	struct message *message = &decoder->message;
	json_int_t body = 0;
	int tokens;

	*message = (struct message){ .text = (const char *)buf_head (in) + 4, .text_len = header_length (in) };
	decoder->header = header_parse (message->text, message->text_len,
		decoder->from == FROM_CLIENT ? HEADER_CALL_TOKENS : HEADER_TOKENS, &tokens, err);
	if (!decoder->header || read_kind (decoder, decoder->header, message, err) < 0)
		return -1;
	if (message->kind != MESSAGE_CALL && (message->text_len > HEADER_MAX || tokens > HEADER_TOKENS))
		return err_set (err, CODE_TOO_LARGE, "only the header of a call may have over %d bytes or %d tokens",
			HEADER_MAX, HEADER_TOKENS);
	if (header_integer (decoder->header, "body", 0, MESSAGE_ID_MAX, &body, err) < 0) {
		err->code = CODE_BAD_MESSAGE;
		return -1;
	}
	if (body > (json_int_t)MESSAGE_BODY_MAX ||
		(message->kind == MESSAGE_CALL && body > (json_int_t)MESSAGE_CALL_BODY_MAX))
		return err_set (err, CODE_TOO_LARGE, "a body of %lld bytes; %zu is the most here", (long long)body,
			message->kind == MESSAGE_CALL ? MESSAGE_CALL_BODY_MAX : MESSAGE_BODY_MAX);
	if (body && message->kind != MESSAGE_CALL && message->kind != MESSAGE_DATA)
		return err_set (err, CODE_BAD_MESSAGE, "only a call and data may have a body");
	if (!body && message->kind == MESSAGE_DATA)
		return err_set (err, CODE_BAD_MESSAGE, "data without a body");
	message->header = decoder->header;
	message->body_len = decoder->body_len = (size_t)body;
	decoder->measured = true;
	return 0;
}

static void drop_header (struct decoder *decoder)
{
	json_decref (decoder->header);
	decoder->header = NULL;
}

int decoder_next (struct decoder *decoder, struct buf *in, const struct message **message, struct err *err)
{
	struct message *now = &decoder->message;
	struct err ignored;
	uint32_t length;

	if (!err)
		err = &ignored;
	if (decoder->consumed) {
		drop_header (decoder);
		buf_consume (in, decoder->consumed);
		decoder->consumed = 0;
		decoder->measured = false;
	}
	if (buf_len (in) < 4)
		return 0;
	length = header_length (in);
	if (length < 2)
		return err_set (err, CODE_BAD_MESSAGE, "a header of %u bytes is no JSON object", length);
	if (length > header_max (decoder))
		return err_set (err, CODE_TOO_LARGE, "a header of %u bytes; %u is the most (is this remex/1?)", length,
			header_max (decoder));
	if (buf_len (in) < 4 + (size_t)length ||
		(decoder->measured && buf_len (in) < 4 + (size_t)length + decoder->body_len))
		return 0;
	if (read_header (decoder, in, err) < 0) {
		drop_header (decoder);
		decoder->measured = false; /* a second call fails in the same way */
		return -1;
	}
	if (buf_len (in) < 4 + (size_t)length + now->body_len) {
		drop_header (decoder);
		return 0;
	}
	now->body = buf_head (in) + 4 + length;
	decoder->consumed = 4 + (size_t)length + now->body_len;
	*message = now;
	return 1;
}

size_t decoder_needs (const struct decoder *decoder, const struct buf *in)
{
	size_t length;

	if (decoder->consumed || buf_len (in) < 4)
		return 0;
	length = 4 + (size_t)header_length (in);
	return length + (decoder->measured ? decoder->body_len : length > HEADER_MAX ? MESSAGE_CALL_BODY_MAX : 0);
}

bool decoder_pending (const struct decoder *decoder, const struct buf *in)
{
	return buf_len (in) > decoder->consumed;
}

/* --- encoding ---------------------------------------------------------------------------------------------------- */

static void put_length (uint8_t *at, size_t n)
{
	uint32_t length = htonl ((uint32_t)n);

	memcpy (at, &length, sizeof length);
}

int message_put (struct buf *out, json_t *header, const void *body, size_t n)
{
	char *text = NULL;
	uint8_t *space;
	size_t length;

	if (header && (!n || json_object_set_new (header, "body", json_integer ((json_int_t)n)) == 0))
		text = json_dumps (header, JSON_COMPACT | JSON_REAL_PRECISION (9));
	json_decref (header);
	if (!text) {
		errno = ENOMEM;
		return -1;
	}
	length = strlen (text);
	if ((space = buf_reserve (out, 4 + length + n))) {
		put_length (space, length);
		memcpy (space + 4, text, length);
		if (n)
			memcpy (space + 4 + length, body, n);
		buf_commit (out, 4 + length + n);
	}
	free (text);
	return space ? 0 : -1;
}

int message_printf (struct buf *out, const char *fmt, ...)
{
	char text[1024];
	uint8_t *space;
	va_list args;
	int n;

	va_start (args, fmt);
	n = vsnprintf (text, sizeof text, fmt, args);
	va_end (args);
	assert (n >= 0 && (size_t)n < sizeof text);
	if (!(space = buf_reserve (out, 4 + (size_t)n)))
		return -1;
	put_length (space, (size_t)n);
	memcpy (space + 4, text, (size_t)n);
	buf_commit (out, 4 + (size_t)n);
	return 0;
}

/* The length of the header does not depend on the length of the body: the number is padded with spaces, which JSON
 * allows before a value. So the bytes can be read into their final place before their number is known. */
static int data_header (char *text, size_t size, uint64_t id, const char *stream, size_t n)
{
	return snprintf (text, size, "{\"id\":%llu,\"data\":\"%s\",\"body\":%7zu}", (unsigned long long)id, stream, n);
}

size_t message_data_overhead (uint64_t id, const char *stream)
{
	return 4 + (size_t)data_header (NULL, 0, id, stream, 1);
}

uint8_t *message_data_begin (struct buf *out, uint64_t id, const char *stream, size_t max)
{
	size_t overhead = message_data_overhead (id, stream);
	uint8_t *space = buf_reserve (out, overhead + max);

	assert (max && max <= MESSAGE_BODY_MAX);
	return space ? space + overhead : NULL;
}

void message_data_end (struct buf *out, uint64_t id, const char *stream, size_t n)
{
	size_t overhead = message_data_overhead (id, stream);
	uint8_t *space = out->data + out->end;
	char text[256];

	assert (overhead - 4 < sizeof text);
	put_length (space, overhead - 4);
	data_header (text, sizeof text, id, stream, n);
	memcpy (space + 4, text, overhead - 4);
	buf_commit (out, overhead + n);
}
