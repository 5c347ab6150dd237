/* Messages: however the bytes are cut, the messages are the same; violations are refused as early as possible.
 * check_limits.c has the sizes and the encoders.
 */
#include "config.h"

#include <arpa/inet.h>
#include <string.h>

#include "support/check_main.h"
#include "wire/codes.h"
#include "wire/message.h"

#define ROWS(table) (int)(sizeof table / sizeof *table)

static struct decoder decoder;
static struct buf in;
static const struct message *message;
static struct err err;

static void setup (void)
{
	decoder_init (&decoder, FROM_CLIENT);
	buf_init (&in, MESSAGE_MAX + 64 * 1024);
}

static void teardown (void)
{
	decoder_free (&decoder);
	buf_free (&in);
}

/* Put a header unchanged, with any length in front of it. */
static void put_length (struct buf *to, uint32_t length, const char *text, size_t n)
{
	length = htonl (length);
	ck_assert_int_eq (buf_append (to, &length, 4), 0);
	ck_assert_int_eq (buf_append (to, text, n), 0);
}

static void put (const char *text)
{
	put_length (&in, (uint32_t)strlen (text), text, strlen (text));
}

static int next (void)
{
	return decoder_next (&decoder, &in, &message, &err);
}

/* --- every way to cut --------------------------------------------------------------------------------------------- */

static const char *const stream_text[] = { "{\"id\":1,\"call\":\"exec.run\",\"args\":{\"argv\":[\"x\"]},\"body\":5}",
	"{\"id\":1,\"data\":\"stdin\",\"body\":3}", "{\"id\":1,\"end\":\"stdin\"}", "{\"ping\":-9}",
	"{\"id\":1,\"signal\":\"INT\"}", "{\"id\":1,\"resize\":[24,80]}", "{\"id\":1,\"credit\":1}",
	"{\"id\":1,\"cancel\":true}", "{\"bye\":true}" };
static const enum message_kind stream_kinds[] = { MESSAGE_CALL, MESSAGE_DATA, MESSAGE_END, MESSAGE_PING, MESSAGE_SIGNAL,
	MESSAGE_RESIZE, MESSAGE_CREDIT, MESSAGE_CANCEL, MESSAGE_BYE };
enum { STREAM = 9 };

static void make_stream (struct buf *stream)
{
	buf_init (stream, 4096);
	for (int i = 0; i < STREAM; i++) {
		put_length (stream, (uint32_t)strlen (stream_text[i]), stream_text[i], strlen (stream_text[i]));
		buf_append (stream, "12345", i == 0 ? 5 : i == 1 ? 3 : 0);
	}
}

/* Take the available messages; `seen` counts on. */
static void take_stream (int *seen)
{
	while (next () > 0) {
		ck_assert_int_lt (*seen, STREAM);
		ck_assert_int_eq (message->kind, stream_kinds[*seen]);
		ck_assert_uint_eq (message->text_len, strlen (stream_text[*seen]));
		ck_assert_mem_eq (message->text, stream_text[*seen], message->text_len);
		ck_assert_uint_eq (message->body_len, *seen == 0 ? 5 : *seen == 1 ? 3 : 0);
		ck_assert_mem_eq (message->body, "12345", message->body_len);
		++*seen;
	}
}

START_TEST (all_at_once)
{
	struct buf stream;
	int seen = 0;

	make_stream (&stream);
	buf_append (&in, buf_head (&stream), buf_len (&stream));
	take_stream (&seen);
	ck_assert_int_eq (seen, STREAM);
	ck_assert (!decoder_pending (&decoder, &in));
	buf_free (&stream);
}
END_TEST

START_TEST (byte_by_byte)
{
	struct buf stream;
	int seen = 0;

	make_stream (&stream);
	for (size_t i = 0; i < buf_len (&stream); i++) {
		buf_append (&in, buf_head (&stream) + i, 1);
		ck_assert (decoder_pending (&decoder, &in));
		take_stream (&seen);
	}
	ck_assert_int_eq (seen, STREAM);
	ck_assert (!decoder_pending (&decoder, &in));
	buf_free (&stream);
}
END_TEST

START_TEST (cut_anywhere)
{
	struct buf stream;

	make_stream (&stream);
	for (size_t cut = 0; cut <= buf_len (&stream); cut++) {
		int seen = 0;

		buf_append (&in, buf_head (&stream), cut);
		take_stream (&seen);
		buf_append (&in, buf_head (&stream) + cut, buf_len (&stream) - cut);
		take_stream (&seen);
		ck_assert_int_eq (seen, STREAM);
		ck_assert (!decoder_pending (&decoder, &in));
	}
	buf_free (&stream);
}
END_TEST

/* The header was parsed, then the body makes the buffer move. */
START_TEST (a_body_that_moves_the_buffer)
{
	static char body[MESSAGE_BODY_MAX];

	memset (body, 'b', sizeof body);
	put ("{\"id\":7,\"data\":\"stdin\",\"body\":1048576}");
	for (size_t sent = 0; sent < sizeof body; sent += 4096) {
		ck_assert_int_eq (next (), 0);
		buf_append (&in, body + sent, 4096);
	}
	ck_assert_int_eq (next (), 1);
	ck_assert_str_eq (message->name, "stdin");
	ck_assert_uint_eq (message->body_len, sizeof body);
	ck_assert_mem_eq (message->body, body, sizeof body);
	ck_assert_mem_eq (message->text, "{\"id\":7", 7);
}
END_TEST

START_TEST (less_than_a_length)
{
	ck_assert_int_eq (next (), 0);
	ck_assert (!decoder_pending (&decoder, &in));
	buf_append (&in, "\0\0\0", 3);
	ck_assert_int_eq (next (), 0);
	ck_assert (decoder_pending (&decoder, &in));
}
END_TEST

/* --- one header, from either side --------------------------------------------------------------------------------- */

enum { C = 1, S = 2, B = 3 }; /* the permitted senders */

static const struct header_row {
	const char *text;
	int by;
	int code; /* of the refusal for a permitted sender; -1: valid */
} headers[] = {
	/* each kind from each side; refused before the body, which is not here */
	{ "{\"remex\":1,\"host\":\"h\"}", S, -1 },
	{ "{\"id\":1,\"call\":\"a.b\"}", C, -1 },
	{ "{\"id\":1,\"data\":\"stdout\",\"body\":9}", B, -1 },
	{ "{\"id\":1,\"end\":\"stdin\"}", C, -1 },
	{ "{\"id\":1,\"credit\":5}", B, -1 },
	{ "{\"id\":1,\"signal\":\"INT\"}", C, -1 },
	{ "{\"id\":1,\"resize\":[24,80]}", C, -1 },
	{ "{\"id\":1,\"resize\":[0,65535]}", C, -1 },
	{ "{\"id\":1,\"cancel\":true}", C, -1 },
	{ "{\"id\":1,\"done\":{}}", S, -1 },
	{ "{\"id\":1,\"error\":{}}", S, -1 },
	{ "{\"error\":{}}", S, -1 },
	{ "{\"ping\":0}", B, -1 },
	{ "{\"pong\":-9223372036854775808}", B, -1 },
	{ "{\"bye\":true}", C, -1 },
	/* ids */
	{ "{\"id\":9007199254740991,\"call\":\"a\"}", C, -1 },
	{ "{\"id\":9007199254740992,\"call\":\"a\"}", C, CODE_BAD_MESSAGE },
	{ "{\"id\":0,\"call\":\"a\"}", C, CODE_BAD_MESSAGE },
	{ "{\"id\":-1,\"call\":\"a\"}", C, CODE_BAD_MESSAGE },
	{ "{\"id\":1.0,\"call\":\"a\"}", C, CODE_BAD_MESSAGE },
	{ "{\"id\":\"1\",\"call\":\"a\"}", C, CODE_BAD_MESSAGE },
	{ "{\"id\":null,\"call\":\"a\"}", C, CODE_BAD_MESSAGE },
	{ "{\"id\":9223372036854775808,\"call\":\"a\"}", C, CODE_BAD_MESSAGE },
	{ "{\"call\":\"a\"}", C, CODE_BAD_MESSAGE },
	{ "{\"cancel\":true}", C, CODE_BAD_MESSAGE },
	{ "{\"resize\":[24,80]}", C, CODE_BAD_MESSAGE },
	{ "{\"done\":{}}", S, CODE_BAD_MESSAGE },
	{ "{\"id\":0,\"error\":{}}", S, CODE_BAD_MESSAGE },
	{ "{\"id\":\"x\",\"ping\":1}", B, -1 }, /* no id is read there */
	/* values of the wrong type */
	{ "{\"id\":1,\"resize\":[24]}", C, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"resize\":[24,80,1]}", C, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"resize\":[-1,80]}", C, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"resize\":[24,65536]}", C, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"resize\":[24.0,80]}", C, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"resize\":{\"rows\":24,\"cols\":80}}", C, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"call\":1}", C, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"call\":\"\"}", C, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"call\":null}", C, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"call\":{\"b64\":\"YQ==\"}}", C, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"credit\":0}", B, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"credit\":-1}", B, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"credit\":1.5}", B, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"credit\":9007199254740991}", B, -1 },
	{ "{\"id\":1,\"credit\":9007199254740992}", B, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"cancel\":false}", C, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"cancel\":1}", C, CODE_BAD_MESSAGE },
	{ "{\"bye\":null}", C, CODE_BAD_MESSAGE },
	{ "{\"ping\":1.0}", B, CODE_BAD_MESSAGE },
	{ "{\"ping\":\"1\"}", B, CODE_BAD_MESSAGE },
	{ "{\"ping\":9223372036854775808}", B, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"done\":true}", S, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"error\":\"x\"}", S, CODE_BAD_MESSAGE },
	{ "{\"remex\":0}", S, CODE_BAD_MESSAGE },
	{ "{\"remex\":2}", S, -1 }, /* it is for the client to refuse another version */
	{ "{\"remex\":true}", S, CODE_BAD_MESSAGE },
	/* bodies */
	{ "{\"id\":1,\"call\":\"a\",\"body\":0}", C, -1 },
	{ "{\"id\":1,\"call\":\"a\",\"body\":65536}", C, -1 },
	{ "{\"id\":1,\"call\":\"a\",\"body\":65537}", C, CODE_TOO_LARGE },
	{ "{\"id\":1,\"data\":\"stdin\",\"body\":1048576}", B, -1 },
	{ "{\"id\":1,\"data\":\"stdin\",\"body\":1048577}", B, CODE_TOO_LARGE },
	{ "{\"id\":1,\"data\":\"stdin\",\"body\":9223372036854775807}", B, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"data\":\"stdin\",\"body\":-1}", B, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"data\":\"stdin\",\"body\":1.0}", B, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"data\":\"stdin\",\"body\":\"3\"}", B, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"data\":\"stdin\",\"body\":null}", B, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"data\":\"stdin\",\"body\":true}", B, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"data\":\"stdin\",\"body\":0}", B, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"data\":\"stdin\"}", B, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"end\":\"stdin\",\"body\":1}", C, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"end\":\"stdin\",\"body\":0}", C, -1 },
	{ "{\"ping\":1,\"body\":1}", B, CODE_BAD_MESSAGE },
	/* none, two, unknown */
	{ "{}", B, CODE_BAD_MESSAGE },
	{ "{\"id\":1}", B, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"exec\":\"x\"}", B, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"call\":\"a\",\"data\":\"stdin\",\"x\":[{}]}", C, -1 }, /* the first of the table: a call */
	{ "[]", B, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"id\":2,\"call\":\"a\"}", C, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"call\":\"a\\u0000b\"}", C, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"call\":\"\\ud800\"}", C, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"call\":\"a\",\"x\":1e999}", C, CODE_BAD_MESSAGE },
	{ "{\"id\":1,\"call\":\"a\",\"args\":[[[[[[[]]]]]]]}", C, -1 },
	{ "{\"id\":1,\"call\":\"a\",\"args\":[[[[[[[[]]]]]]]]}", C, CODE_BAD_MESSAGE },
};

static void try_header (const struct header_row *row, enum message_side from, bool may)
{
	int code = may ? row->code : CODE_BAD_MESSAGE, got;
	bool waits = code < 0 && strstr (row->text, "\"body\"") && !strstr (row->text, "\"body\":0");

	decoder_init (&decoder, from);
	put (row->text);
	err = (struct err){ .code = -1 };
	got = next ();
	ck_assert_msg (got == (code >= 0 ? -1 : waits ? 0 : 1), "%s: %d", row->text, got);
	ck_assert_msg (code < 0 || err.code == code, "%s: %s", row->text, err.text);
	if (code >= 0) {
		ck_assert_int_eq (next (), -1); /* and again: a refusal is final */
		ck_assert_int_eq (decoder_next (&decoder, &in, &message, NULL), -1);
	}
	decoder_free (&decoder);
	buf_consume (&in, buf_len (&in));
}

START_TEST (from_either_side)
{
	try_header (&headers[_i], FROM_CLIENT, headers[_i].by & C);
	try_header (&headers[_i], FROM_SERVER, headers[_i].by & S);
}
END_TEST

START_TEST (values_are_read)
{
	put ("{\"id\":9007199254740991,\"credit\":4611686018427387}");
	put ("{\"pong\":-5,\"id\":3}");
	put ("{\"id\":2,\"call\":\"exec.run\",\"extra\":true}");
	ck_assert_int_eq (next (), 1);
	ck_assert_uint_eq (message->id, (uint64_t)MESSAGE_ID_MAX);
	ck_assert_int_eq (message->number, 4611686018427387);
	ck_assert_int_eq (next (), 1);
	ck_assert_uint_eq (message->id, 0);
	ck_assert_int_eq (message->number, -5);
	ck_assert_int_eq (next (), 1);
	ck_assert_str_eq (message->name, "exec.run");
	ck_assert (json_is_true (json_object_get (message->header, "extra")));
}
END_TEST

static void cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, setup, teardown);
	tcase_add_test (tcase, all_at_once);
	tcase_add_test (tcase, byte_by_byte);
	tcase_add_test (tcase, cut_anywhere);
	tcase_add_test (tcase, a_body_that_moves_the_buffer);
	tcase_add_test (tcase, less_than_a_length);
	tcase_add_loop_test (tcase, from_either_side, 0, ROWS (headers));
	tcase_add_test (tcase, values_are_read);
}

CHECK_MAIN ("wire/message", cases)
