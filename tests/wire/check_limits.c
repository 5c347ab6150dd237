/* check_limits - messages at their limits: each is valid to the byte or token, and one more is refused before memory is
 * spent on it; and the encoders, which write messages that the decoder reads, or nothing.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/check_main.h"
#include "wire/codes.h"
#include "wire/message.h"

static struct decoder decoder;
static struct buf in;
static struct err err;

static void open_decoder (void)
{
	decoder_init (&decoder, FROM_CLIENT);
	buf_init (&in, MESSAGE_MAX);
}

static void close_decoder (void)
{
	decoder_free (&decoder);
	buf_free (&in);
}

static void start (enum message_side from)
{
	close_decoder ();
	open_decoder ();
	decoder.from = from;
	err = (struct err){ 0 };
}

static void put_length (struct buf *buf, size_t n)
{
	uint32_t length = htonl ((uint32_t)n);

	ck_assert_int_eq (buf_append (buf, &length, 4), 0);
}

/* A message made by hand, without the checks of an encoder. */
static void put_raw (struct buf *buf, const char *header, const void *body, size_t n)
{
	put_length (buf, strlen (header));
	ck_assert_int_eq (buf_append (buf, header, strlen (header)), 0);
	ck_assert_int_eq (buf_append (buf, body, n), 0);
}

static const struct message *next (void)
{
	const struct message *message = NULL;
	int got = decoder_next (&decoder, &in, &message, &err);

	ck_assert_msg (got == 1 && message, "%d: %s", got, err.text);
	return message;
}

static int try_next (void)
{
	const struct message *message;

	err = (struct err){ 0 };
	return decoder_next (&decoder, &in, &message, &err);
}

static void check_violation (enum code code, const char *what)
{
	int got = try_next ();

	ck_assert_msg (got == -1, "%s: %d", what, got);
	ck_assert_msg (err.code == (int)code, "%s: %s: %s", what, code_name ((enum code)err.code), err.text);
	ck_assert (*err.text && !strchr (err.text, '\n'));
	/* Called again, it has the same result. */
	ck_assert_int_eq (try_next (), -1);
	ck_assert_int_eq (err.code, (int)code);
}

START_TEST (lengths)
{
	static const struct {
		uint32_t length;
		int code; /* -1: more is awaited */
	} samples[] = {
		{ 0, CODE_BAD_MESSAGE },
		{ 1, CODE_BAD_MESSAGE },
		{ 2, -1 },
		{ HEADER_CALL_MAX, -1 },
		{ HEADER_CALL_MAX + 1, CODE_TOO_LARGE },
		{ 0x47455420, CODE_TOO_LARGE }, /* "GET " */
		{ 0x7FFFFFFF, CODE_TOO_LARGE },
		{ 0x80000000, CODE_TOO_LARGE },
		{ 0xFFFFFFFF, CODE_TOO_LARGE },
	};

	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		size_t size;

		start (FROM_CLIENT);
		put_length (&in, samples[i].length);
		size = in.size;
		if (samples[i].code < 0)
			ck_assert_int_eq (try_next (), 0);
		else
			check_violation ((enum code)samples[i].code, "length");
		/* Four bytes decide; nothing was allocated for the rest. */
		ck_assert_uint_eq (in.size, size);
		ck_assert_ptr_null (decoder.header);
	}
}
END_TEST

/* A header of just n bytes: `begin`, spaces, "}". Nothing behind it. */
static void put_padded (size_t n, const char *begin)
{
	char *text = malloc (n + 1);

	memset (text, ' ', n);
	memcpy (text, begin, strlen (begin));
	text[n - 1] = '}';
	text[n] = '\0';
	put_raw (&in, text, NULL, 0);
	free (text);
}

/* A header with `n` tokens, odd and from 9 up: `begin` holds 5 ("{" and a member, a comma). */
static void put_tokens (int n, const char *begin)
{
	struct buf text;

	buf_init (&text, HEADER_CALL_MAX);
	ck_assert_int_eq (buf_append (&text, begin, strlen (begin)), 0);
	ck_assert_int_eq (buf_append (&text, "\"x\":[1", 6), 0);
	for (int i = 5 + 4; i + 2 < n; i += 2)
		ck_assert_int_eq (buf_append (&text, ",1", 2), 0);
	ck_assert_int_eq (buf_append (&text, "]}", 3), 0);
	put_raw (&in, (const char *)buf_head (&text), NULL, 0);
	buf_free (&text);
}

#define CALL "{\"id\":1,\"call\":\"a\"" /* 8 tokens */
#define PING "{\"ping\":1"

START_TEST (header_sizes)
{
	start (FROM_CLIENT);
	put_padded (HEADER_CALL_MAX, CALL);
	ck_assert_uint_eq (next ()->text_len, HEADER_CALL_MAX);
	start (FROM_CLIENT);
	put_padded (HEADER_MAX, PING);
	ck_assert_uint_eq (next ()->text_len, HEADER_MAX);
	start (FROM_CLIENT);
	put_padded (HEADER_MAX + 1, PING);
	check_violation (CODE_TOO_LARGE, "a ping over 64 KiB");
	start (FROM_SERVER);
	put_padded (HEADER_MAX + 1, "{\"error\":{}");
	check_violation (CODE_TOO_LARGE, "an error over 64 KiB");
}
END_TEST

START_TEST (header_tokens)
{
	start (FROM_CLIENT);
	put_tokens (HEADER_TOKENS - 1, PING ",");
	next ();
	start (FROM_CLIENT);
	put_tokens (HEADER_TOKENS + 1, PING ",");
	check_violation (CODE_TOO_LARGE, "a ping of too many tokens");
	/* Four tokens more than a ping's. */
	start (FROM_CLIENT);
	put_tokens (HEADER_CALL_TOKENS - 5, CALL ",");
	next ();
	start (FROM_CLIENT);
	put_tokens (HEADER_CALL_TOKENS - 3, CALL ",");
	check_violation (CODE_TOO_LARGE, "a call of too many tokens");
}
END_TEST

START_TEST (bodies)
{
	static const struct {
		const char *header;
		size_t body;
		int code; /* -1: none */
	} samples[] = {
		{ CALL, MESSAGE_CALL_BODY_MAX, -1 },
		{ CALL, MESSAGE_CALL_BODY_MAX + 1, CODE_TOO_LARGE },
		{ CALL, MESSAGE_BODY_MAX, CODE_TOO_LARGE },
		{ "{\"id\":1,\"data\":\"stdin\"", 1, -1 },
		{ "{\"id\":1,\"data\":\"stdin\"", MESSAGE_BODY_MAX, -1 },
		{ "{\"id\":1,\"data\":\"stdin\"", MESSAGE_BODY_MAX + 1, CODE_TOO_LARGE },
		{ "{\"id\":1,\"data\":\"stdin\"", 0xFFFFFFFF, CODE_TOO_LARGE },
		{ "{\"id\":1,\"data\":\"stdin\"", (size_t)MESSAGE_ID_MAX, CODE_TOO_LARGE },
		{ "{\"id\":1,\"data\":\"stdin\"", SIZE_MAX / 2, CODE_BAD_MESSAGE },
		{ PING, MESSAGE_BODY_MAX, CODE_BAD_MESSAGE },
	};
	uint8_t *body = malloc (MESSAGE_BODY_MAX);

	for (size_t i = 0; i < MESSAGE_BODY_MAX; i++)
		body[i] = (uint8_t)(i * 7 >> 4);
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		const struct message *message;
		char header[100];

		start (FROM_CLIENT);
		snprintf (header, sizeof header, "%s,\"body\":%zu}", samples[i].header, samples[i].body);
		put_raw (&in, header, NULL, 0);
		if (samples[i].code >= 0) {
			/* Before a byte of the body has come. */
			check_violation ((enum code)samples[i].code, header);
			continue;
		}
		ck_assert_int_eq (try_next (), 0);
		ck_assert_int_eq (buf_append (&in, body, samples[i].body), 0);
		message = next ();
		ck_assert_uint_eq (message->body_len, samples[i].body);
		ck_assert (!memcmp (message->body, body, samples[i].body));
		ck_assert (!strncmp (message->text, header, strlen (header)));
	}
	free (body);
}
END_TEST

/* A tree takes many times the bytes of its text: there is no tree while the message is incomplete. */
START_TEST (bytes_until_it_is_whole)
{
	const struct message *message;
	char body[] = "body";

	start (FROM_CLIENT);
	ck_assert_uint_eq (decoder_needs (&decoder, &in), 0);
	put_raw (&in, CALL ",\"args\":{\"x\":[{},{},{}]},\"body\":4}", NULL, 0);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq (try_next (), 0);
		ck_assert_ptr_null (decoder.header);
		ck_assert_uint_eq (decoder_needs (&decoder, &in), buf_len (&in) + 4 - i);
		ck_assert (decoder_pending (&decoder, &in));
		ck_assert_int_eq (buf_append (&in, body + i, 1), 0);
	}
	message = next ();
	ck_assert_uint_eq (json_array_size (json_object_get (json_object_get (message->header, "args"), "x")), 3);
	ck_assert_mem_eq (message->body, "body", 4);
	ck_assert_int_eq (try_next (), 0);
	ck_assert_ptr_null (decoder.header);
	ck_assert_uint_eq (decoder_needs (&decoder, &in), 0);
	/* A large header is counted with the largest body that it may announce; a smaller header announces it soon. */
	put_length (&in, HEADER_CALL_MAX);
	ck_assert_int_eq (try_next (), 0);
	ck_assert_uint_eq (decoder_needs (&decoder, &in), 4 + HEADER_CALL_MAX + MESSAGE_CALL_BODY_MAX);
	start (FROM_CLIENT);
	put_length (&in, HEADER_MAX / 2);
	ck_assert_int_eq (try_next (), 0);
	ck_assert_uint_eq (decoder_needs (&decoder, &in), 4 + HEADER_MAX / 2);
}
END_TEST

/* A server makes no calls. */
START_TEST (a_servers_header)
{
	start (FROM_SERVER);
	put_length (&in, HEADER_MAX);
	ck_assert_int_eq (try_next (), 0);
	start (FROM_SERVER);
	put_length (&in, HEADER_MAX + 1);
	check_violation (CODE_TOO_LARGE, "a server's header over 64 KiB");
	start (FROM_SERVER);
	put_tokens (HEADER_TOKENS + 1, "{\"id\":1,");
	check_violation (CODE_TOO_LARGE, "a server's header of too many tokens");
}
END_TEST

static void add_limits (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, open_decoder, close_decoder);
	tcase_add_test (tcase, lengths);
	tcase_add_test (tcase, header_sizes);
	tcase_add_test (tcase, header_tokens);
	tcase_add_test (tcase, bodies);
	tcase_add_test (tcase, bytes_until_it_is_whole);
	tcase_add_test (tcase, a_servers_header);
}

/* --- encoders ----------------------------------------------------------------------------------------------------- */

static void check_wire (const struct buf *out, const char *header, const char *body)
{
	size_t n = strlen (header);
	uint32_t length = htonl ((uint32_t)n);

	ck_assert_uint_eq (buf_len (out), 4 + n + strlen (body));
	ck_assert (!memcmp (buf_head (out), &length, 4));
	ck_assert (!memcmp (buf_head (out) + 4, header, n));
	ck_assert (!memcmp (buf_head (out) + 4 + n, body, strlen (body)));
}

START_TEST (put)
{
	struct buf out;

	buf_init (&out, 1000);
	ck_assert_int_eq (message_put (&out, json_pack ("{sisf}", "ping", 1, "x", 0.25), NULL, 0), 0);
	check_wire (&out, "{\"ping\":1,\"x\":0.25}", "");
	buf_consume (&out, buf_len (&out));
	ck_assert_int_eq (message_put (&out, json_pack ("{siss}", "id", 1, "call", "a"), "abc", 3), 0);
	check_wire (&out, "{\"id\":1,\"call\":\"a\",\"body\":3}", "abc");
	buf_consume (&out, buf_len (&out));
	ck_assert_int_eq (message_printf (&out, "{\"ping\":%d}", 12), 0);
	check_wire (&out, "{\"ping\":12}", "");
	errno = 0;
	ck_assert_int_eq (message_put (&out, NULL, NULL, 0), -1);
	ck_assert_int_eq (errno, ENOMEM);
	check_wire (&out, "{\"ping\":12}", "");
	buf_free (&out);
}
END_TEST

/* To the byte, and nothing is appended when the message does not fit. */
START_TEST (no_room)
{
	enum { HEADER = sizeof "{\"ping\":12}" - 1 };

	for (size_t max = 0; max <= 4 + HEADER; max++) {
		struct buf out;
		int expected = max < 4 + HEADER ? -1 : 0;

		buf_init (&out, max);
		errno = 0;
		ck_assert_int_eq (message_printf (&out, "{\"ping\":12}"), expected);
		ck_assert_int_eq (errno, expected ? ENOBUFS : 0);
		ck_assert_uint_eq (buf_len (&out), expected ? 0 : max);
		buf_consume (&out, buf_len (&out));
		errno = 0;
		ck_assert_int_eq (message_put (&out, json_pack ("{si}", "ping", 12), NULL, 0), expected);
		ck_assert_int_eq (errno, expected ? ENOBUFS : 0);
		ck_assert_uint_eq (buf_len (&out), expected ? 0 : max);
		buf_free (&out);
	}
}
END_TEST

START_TEST (data)
{
	static const struct {
		size_t n;
		const char *header;
	} samples[] = {
		{ 1, "{\"id\":7,\"data\":\"stdout\",\"body\":      1}" },
		{ 65536, "{\"id\":7,\"data\":\"stdout\",\"body\":  65536}" },
		{ MESSAGE_BODY_MAX, "{\"id\":7,\"data\":\"stdout\",\"body\":1048576}" },
	};
	size_t overhead = message_data_overhead (7, "stdout");

	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		const struct message *message;
		size_t n = samples[i].n;
		uint8_t *space;

		start (FROM_SERVER);
		ck_assert_uint_eq (overhead, 4 + strlen (samples[i].header));
		/* Behind another message, and with more room than is used. */
		ck_assert_int_eq (message_printf (&in, "{\"ping\":1}"), 0);
		space = message_data_begin (&in, 7, "stdout", MESSAGE_BODY_MAX);
		ck_assert_ptr_nonnull (space);
		memset (space, 'b', n);
		message_data_end (&in, 7, "stdout", n);
		ck_assert_uint_eq (buf_len (&in), 14 + overhead + n);
		/* The next message starts where this one ends. */
		ck_assert_int_eq (message_printf (&in, "{\"ping\":2}"), 0);
		ck_assert_int_eq (next ()->kind, MESSAGE_PING);
		message = next ();
		ck_assert_int_eq (message->kind, MESSAGE_DATA);
		ck_assert_uint_eq (message->id, 7);
		ck_assert_str_eq (message->name, "stdout");
		ck_assert_uint_eq (message->text_len, strlen (samples[i].header));
		ck_assert (!memcmp (message->text, samples[i].header, message->text_len));
		ck_assert_uint_eq (message->body_len, n);
		ck_assert_uint_eq (message->body[0], 'b');
		ck_assert_uint_eq (message->body[n - 1], 'b');
		ck_assert_int_eq (next ()->number, 2);
		ck_assert_int_eq (try_next (), 0);
	}
}
END_TEST

/* Room that was reserved and is not used goes to the next message. */
START_TEST (data_given_up)
{
	start (FROM_SERVER);
	ck_assert_ptr_nonnull (message_data_begin (&in, 1, "stdout", 1000));
	ck_assert_int_eq (message_printf (&in, "{\"ping\":1}"), 0);
	ck_assert_int_eq (next ()->kind, MESSAGE_PING);
	ck_assert_int_eq (try_next (), 0);
}
END_TEST

START_TEST (data_room)
{
	size_t overhead = message_data_overhead ((uint64_t)MESSAGE_ID_MAX, "a");
	struct buf out;
	uint8_t *space;

	buf_init (&out, overhead + 10);
	errno = 0;
	ck_assert_ptr_null (message_data_begin (&out, (uint64_t)MESSAGE_ID_MAX, "a", 11));
	ck_assert_int_eq (errno, ENOBUFS);
	ck_assert_uint_eq (buf_len (&out), 0);
	space = message_data_begin (&out, (uint64_t)MESSAGE_ID_MAX, "a", 10);
	ck_assert_ptr_nonnull (space);
	memcpy (space, "0123456789", 10);
	/* A begun message is not appended yet. */
	ck_assert_uint_eq (buf_len (&out), 0);
	message_data_end (&out, (uint64_t)MESSAGE_ID_MAX, "a", 10);
	check_wire (&out, "{\"id\":9007199254740991,\"data\":\"a\",\"body\":     10}", "0123456789");
	buf_free (&out);
}
END_TEST

static void add_encoders (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, open_decoder, close_decoder);
	tcase_add_test (tcase, put);
	tcase_add_test (tcase, no_room);
	tcase_add_test (tcase, data);
	tcase_add_test (tcase, data_given_up);
	tcase_add_test (tcase, data_room);
}

CHECK_MAIN ("wire/limits", add_limits, add_encoders)
