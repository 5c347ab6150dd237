/* agent - see agent.h. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ssh/agent.h"
#include "ssh/ssh_string.h"

enum agent_message {
	AGENT_FAILURE = 5,
	AGENT_REQUEST_IDENTITIES = 11,
	AGENT_IDENTITIES_ANSWER = 12,
	AGENT_SIGN_REQUEST = 13,
	AGENT_SIGN_RESPONSE = 14,
};

enum { LENGTH_SIZE = 4 };

/* --- requests ---------------------------------------------------------------------------------------------------- */

static int fail_to_ask (struct buf *out, size_t before, struct err *err)
{
	out->end = out->start + before;
	return err_sys (err, 0, "the request to the ssh agent is too long");
}

int agent_ask_keys (struct buf *out, struct err *err)
{
	const uint8_t request = AGENT_REQUEST_IDENTITIES;
	size_t before = buf_len (out);

	return ssh_put_string (out, &request, 1) < 0 ? fail_to_ask (out, before, err) : 0;
}

int agent_ask_signature (struct buf *out, const struct public_key *key, const void *bytes, size_t n, struct err *err)
{
	const size_t frame = 1 + 3 * LENGTH_SIZE; /* the type, two lengths and the flags */
	size_t before = buf_len (out);

	if (n > AGENT_MESSAGE_MAX - LENGTH_SIZE - frame - key->n)
		return err_set (err, 0, "%zu bytes to sign: that is too much for an ssh agent", n);
	if (ssh_put_u32 (out, (uint32_t)(frame + key->n + n)) < 0 || ssh_put_byte (out, AGENT_SIGN_REQUEST) < 0 ||
		ssh_put_string (out, key->bytes, key->n) < 0 || ssh_put_string (out, bytes, n) < 0 ||
		ssh_put_u32 (out, 0) < 0)
		return fail_to_ask (out, before, err);
	return 0;
}

/* --- answers ----------------------------------------------------------------------------------------------------- */

ssize_t agent_message_size (const uint8_t *bytes, size_t n, struct err *err)
{
	struct ssh_reader reader = { bytes, n };
	uint32_t length;

	if (!ssh_take_u32 (&reader, &length))
		return 0;
	if (length < 1 || length > AGENT_MESSAGE_MAX - LENGTH_SIZE)
		return err_set (err, 0, "the ssh agent sends a message of %u bytes: that is no ssh agent", length);
	return n < LENGTH_SIZE + length ? 0 : (ssize_t)(LENGTH_SIZE + length);
}

static int malformed (struct err *err)
{
	return err_set (err, 0, "the answer of the ssh agent is malformed");
}

/* Begin to read a message that has to be of that type. */
static int begin (struct ssh_reader *reader, const uint8_t *message, size_t n, enum agent_message type,
	const char *request, struct err *err)
{
	struct ssh_reader whole = { message, n };
	uint8_t byte;

	if (!ssh_take_string (&whole, &reader->at, &reader->left) || whole.left || !ssh_take_byte (reader, &byte))
		return malformed (err);
	if (byte == type)
		return 0;
	if (byte == AGENT_FAILURE)
		return err_set (err, 0, "the ssh agent refuses %s", request);
	return err_set (err, 0, "the ssh agent answers %s with a message of type %d", request, byte);
}

/* 1; 0: this key is skipped; -1: the message ends before the key does. */
static int take_key (struct ssh_reader *reader, struct agent_key *key)
{
	const uint8_t *bytes, *comment;
	size_t n, length;
	struct err err;

	if (!ssh_take_string (reader, &bytes, &n) || !ssh_take_string (reader, &comment, &length))
		return -1;
	if (public_key_set (&key->key, bytes, n, &err) < 0)
		return 0;
	text_plain (key->comment, sizeof key->comment, comment, length);
	return 1;
}

int agent_read_keys (struct agent_keys *keys, const uint8_t *message, size_t n, struct err *err)
{
	struct ssh_reader reader;
	uint32_t count;

	*keys = (struct agent_keys){ .n = 0 };
	if (begin (&reader, message, n, AGENT_IDENTITIES_ANSWER, "to list its keys", err) < 0)
		return -1;
	if (!ssh_take_u32 (&reader, &count) || count > reader.left / (2 * LENGTH_SIZE))
		return malformed (err);
	if (count && !(keys->keys = calloc (count < AGENT_KEYS_MAX ? count : AGENT_KEYS_MAX, sizeof *keys->keys)))
		return err_set (err, 0, "out of memory");
	for (uint32_t i = 0; i < count; i++) {
		int result;

		if (keys->n == AGENT_KEYS_MAX) {
			keys->skipped += count - i;
			return 0;
		}
		if ((result = take_key (&reader, &keys->keys[keys->n])) < 0) {
			agent_keys_free (keys);
			return malformed (err);
		}
		*(result ? &keys->n : &keys->skipped) += 1;
	}
	return 0;
}

void agent_keys_free (struct agent_keys *keys)
{
	for (size_t i = 0; i < keys->n; i++)
		public_key_free (&keys->keys[i].key);
	free (keys->keys);
	*keys = (struct agent_keys){ .n = 0 };
}

int agent_read_signature (const uint8_t *message, size_t n, const char *type, const uint8_t **signature,
	size_t *signature_size, struct err *err)
{
	struct ssh_reader reader, inner;
	const uint8_t *algorithm;
	char shown[80];
	size_t length;

	if (begin (&reader, message, n, AGENT_SIGN_RESPONSE, "to sign", err) < 0)
		return -1;
	if (!ssh_take_string (&reader, &inner.at, &inner.left) || reader.left ||
		!ssh_take_string (&inner, &algorithm, &length) ||
		!ssh_take_string (&inner, signature, signature_size) || inner.left || !*signature_size)
		return malformed (err);
	if (length == strlen (type) && !memcmp (algorithm, type, length))
		return 0;
	return err_set (err, 0, "the ssh agent signs with '%s', not with %s",
		text_escape (shown, sizeof shown, algorithm, length), type);
}
