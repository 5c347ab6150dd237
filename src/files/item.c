/* item - items of a stream of files to bytes and back; see item.h. */
#include "config.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files/item.h"
#include "wire/header.h"
#include "wire/message.h"

/* The key that tells the kind of an item. */
static const struct {
	const char *key;
	enum { WITH_TRUE, WITH_NAME, WITH_PATH, WITH_NUMBER } value;
} kinds[N_ITEMS] = {
	[ITEM_TOTAL] = { "total", WITH_NUMBER },
	[ITEM_DIRECTORY] = { "directory", WITH_NAME },
	[ITEM_LEAVE] = { "leave", WITH_TRUE },
	[ITEM_FILE] = { "file", WITH_NAME },
	[ITEM_DATA] = { "data", WITH_TRUE },
	[ITEM_HOLE] = { "hole", WITH_NUMBER },
	[ITEM_FROM] = { "from", WITH_NUMBER },
	[ITEM_END] = { "end", WITH_TRUE },
	[ITEM_ABORT] = { "abort", WITH_TRUE },
	[ITEM_LINK] = { "link", WITH_NAME },
	[ITEM_FAILED] = { "failed", WITH_PATH },
	[ITEM_HAVE] = { "have", WITH_NUMBER },
	[ITEM_DONE] = { "done", WITH_PATH },
};

void item_init (struct item *item, enum item_kind kind)
{
	item->kind = kind;
	item->name[0] = item->sum[0] = item->text[0] = '\0';
	item->source = item->size = item->mode = -1;
	item->number = item->mtime_ns = 0;
	item->has_mtime = item->resume = item->changed = false;
	item->code = CODE_FAILED;
	item->body = 0;
}

bool item_is_component (const char *name)
{
	return *name && strcmp (name, ".") != 0 && strcmp (name, "..") != 0 && !strchr (name, '/') &&
	       strlen (name) <= ITEM_NAME_MAX;
}

/* --- to bytes ---------------------------------------------------------------------------------------------------- */

/* -1 also when the value is NULL (out of memory). */
static int set (json_t *header, const char *key, json_t *value)
{
	return json_object_set_new (header, key, value);
}

static json_t *leading_value (const struct item *item)
{
	switch (kinds[item->kind].value) {
	case WITH_TRUE: return json_true ();
	case WITH_NUMBER: return json_integer (item->number);
	case WITH_NAME:
	case WITH_PATH: break;
	}
	return header_bytes (item->name, strlen (item->name));
}

static const char *text_key (enum item_kind kind)
{
	return kind == ITEM_LINK ? "target" : "message";
}

static json_t *header_of (const struct item *item)
{
	bool with_reason = item->kind == ITEM_FAILED || item->kind == ITEM_ABORT;
	json_t *header = json_object ();
	int sum = digest_kind_of (item->sum);
	int bad = set (header, kinds[item->kind].key, leading_value (item));

	if (item->source >= 0)
		bad |= set (header, "source", json_integer (item->source));
	if (item->size >= 0)
		bad |= set (header, item->kind == ITEM_TOTAL ? "bytes" : "size", json_integer (item->size));
	if (item->mode >= 0)
		bad |= set (header, "mode", json_integer (item->mode));
	if (item->has_mtime)
		bad |= set (header, "mtime", json_integer (item->mtime_ns));
	if (sum >= 0)
		bad |= set (header, digest_name ((enum digest_kind)sum), json_string (item->sum));
	if (item->resume)
		bad |= set (header, "resume", json_true ());
	if (item->changed)
		bad |= set (header, "changed", json_true ());
	if (with_reason)
		bad |= set (header, "code", json_string (code_name (item->code)));
	if (with_reason || item->kind == ITEM_LINK || (item->kind == ITEM_DONE && item->text[0]))
		bad |= set (header, text_key (item->kind), header_bytes (item->text, strlen (item->text)));
	if (item->body)
		bad |= set (header, "body", json_integer ((json_int_t)item->body));
	if (!bad)
		return header;
	json_decref (header);
	return NULL;
}

int item_put (struct buf *out, const struct item *item)
{
	return message_put (out, header_of (item), NULL, 0);
}

/* As in message_data_begin: the number is padded, so that data can be read straight behind the header. */
#define DATA_HEADER "{\"data\":true,\"body\":%7zu}"
enum { DATA_HEADER_SIZE = sizeof "{\"data\":true,\"body\":1234567}" - 1 };

uint8_t *item_data_begin (struct buf *out, size_t max)
{
	uint8_t *space = buf_reserve (out, 4 + DATA_HEADER_SIZE + max);

	assert (max && max <= ITEM_DATA_MAX);
	return space ? space + 4 + DATA_HEADER_SIZE : NULL;
}

void item_data_end (struct buf *out, size_t n)
{
	uint8_t *space = out->data + out->end;
	uint32_t length = htonl (DATA_HEADER_SIZE);
	char text[DATA_HEADER_SIZE + 1];

	snprintf (text, sizeof text, DATA_HEADER, n);
	memcpy (space, &length, sizeof length);
	memcpy (space + 4, text, DATA_HEADER_SIZE);
	buf_commit (out, 4 + DATA_HEADER_SIZE + n);
}

/* --- from bytes --------------------------------------------------------------------------------------------------- */

/* Copy a string member to `out` of `size`. 1; 0 when it is absent; -1 and err. */
static int take_text (const json_t *header, const char *key, char *out, size_t size, struct err *err)
{
	const json_t *member = json_object_get (header, key);
	char *text;
	size_t n;

	if (!member)
		return 0;
	if (!(text = header_string (member, &n, err)))
		return -1;
	if (n >= size)
		err_set (err, CODE_BAD_VALUE, "'%s' is longer than %zu bytes", key, size - 1);
	else
		memcpy (out, text, n + 1);
	free (text);
	return n < size ? 1 : -1;
}

static int take_true (const json_t *header, const char *key, bool *truth, struct err *err)
{
	const json_t *member = json_object_get (header, key);

	*truth = json_is_true (member);
	return !member || json_is_boolean (member) ? 0 : err_set (err, CODE_BAD_VALUE, "'%s' must be true", key);
}

static int take_kind (const json_t *header, struct item *item, struct err *err)
{
	for (int kind = 0; kind < N_ITEMS; kind++)
		if (json_object_get (header, kinds[kind].key)) {
			item_init (item, (enum item_kind)kind);
			return 0;
		}
	return err_set (err, CODE_BAD_VALUE, "not an item of a stream of files");
}

static int take_leading (const json_t *header, struct item *item, struct err *err)
{
	const char *key = kinds[item->kind].key;
	json_int_t number = 0;
	bool truth;

	switch (kinds[item->kind].value) {
	case WITH_TRUE:
		if (take_true (header, key, &truth, err) < 0)
			return -1;
		return truth ? 0 : err_set (err, CODE_BAD_VALUE, "'%s' must be true", key);
	case WITH_NUMBER:
		if (header_integer (header, key, 0, INT64_MAX, &number, err) < 0)
			return -1;
		item->number = number;
		return 0;
	case WITH_NAME:
		if (take_text (header, key, item->name, sizeof item->name, err) < 0)
			return -1;
		/* "." is for a source that stands for its content: check, below. */
		if (!item_is_component (item->name) && (item->kind != ITEM_DIRECTORY || strcmp (item->name, ".") != 0))
			return err_set (err, CODE_BAD_VALUE, "'%s' must be a name, not a path", key);
		return 0;
	case WITH_PATH: break;
	}
	return take_text (header, key, item->name, sizeof item->name, err) < 0 ? -1 : 0;
}

static int take_numbers (const json_t *header, struct item *item, struct err *err)
{
	json_int_t source = -1, size = -1, mode = -1, mtime = 0, body = 0;
	int has_mtime;

	if (header_integer (header, "source", 0, INT32_MAX, &source, err) < 0 ||
		header_integer (header, item->kind == ITEM_TOTAL ? "bytes" : "size", 0, INT64_MAX, &size, err) < 0 ||
		header_integer (header, "mode", 0, 07777, &mode, err) < 0 ||
		(has_mtime = header_integer (header, "mtime", INT64_MIN, INT64_MAX, &mtime, err)) < 0 ||
		header_integer (header, "body", 0, INT64_MAX, &body, err) < 0)
		return -1;
	item->source = source;
	item->size = size;
	item->mode = (int)mode;
	item->mtime_ns = mtime;
	item->has_mtime = has_mtime;
	item->body = (uint64_t)body;
	return 0;
}

/* One sum, of one of the kinds. */
static int take_sum (const json_t *header, struct item *item, struct err *err)
{
	for (int kind = 0; kind < N_DIGESTS; kind++) {
		const char *name = digest_name ((enum digest_kind)kind);
		int found = item->sum[0] ? 0 : take_text (header, name, item->sum, sizeof item->sum, err);

		if (found < 0)
			return -1;
		if (found && digest_kind_of (item->sum) != kind)
			return err_set (err, CODE_BAD_VALUE, "'%s' must be %d digits of 0-9a-f", name,
				digest_digits ((enum digest_kind)kind));
	}
	return 0;
}

static int take_words (const json_t *header, struct item *item, struct err *err)
{
	const json_t *code = json_object_get (header, "code");
	int number;

	if (take_sum (header, item, err) < 0 ||
		take_text (header, text_key (item->kind), item->text, sizeof item->text, err) < 0 ||
		take_true (header, "resume", &item->resume, err) < 0 ||
		take_true (header, "changed", &item->changed, err) < 0)
		return -1;
	/* An unknown code of a newer remex counts as a failure. */
	number = json_is_string (code) ? code_parse (json_string_value (code)) : -1;
	item->code = number < 0 ? CODE_FAILED : (enum code)number;
	return 0;
}

/* Members that this kind needs, and members that it must not have. */
static int check (const struct item *item, struct err *err)
{
	bool whole = item->kind == ITEM_FILE && item->sum[0];

	if (item->source < 0 && !strcmp (item->name, "."))
		return err_set (err, CODE_BAD_VALUE, "a directory within another needs a name");
	if (item->body && item->kind != ITEM_DATA && !whole)
		return err_set (err, CODE_BAD_VALUE, "'%s' has no body", kinds[item->kind].key);
	if (whole && item->size != (int64_t)item->body)
		return err_set (err, CODE_BAD_VALUE, "the size of a whole file is that of its body");
	if (item->kind == ITEM_LINK && !item->text[0])
		return err_set (err, CODE_BAD_VALUE, "a link needs a target");
	if ((item->kind == ITEM_END || item->kind == ITEM_HAVE) && !item->sum[0])
		return err_set (err, CODE_BAD_VALUE, "'%s' needs a sum", kinds[item->kind].key);
	return 0;
}

int item_next (struct buf *in, struct item *item, struct err *err)
{
	const uint8_t *head = buf_head (in);
	uint32_t length;
	json_t *header;
	int result = -1;

	if (!head || buf_len (in) < sizeof length)
		return 0;
	memcpy (&length, head, sizeof length);
	length = ntohl (length);
	if (length < 2 || length > HEADER_MAX)
		return err_set (err, CODE_BAD_VALUE, "an item of %u bytes in a stream of files", length);
	if (buf_len (in) < sizeof length + length)
		return 0;
	header = header_parse ((const char *)head + sizeof length, length, HEADER_TOKENS, NULL, err);
	if (!header) {
		if (err && err->code != CODE_BUSY)
			err->code = CODE_BAD_VALUE;
		return -1;
	}
	if (take_kind (header, item, err) == 0 && take_leading (header, item, err) == 0 &&
		take_numbers (header, item, err) == 0 && take_words (header, item, err) == 0 && check (item, err) == 0)
		result = 1;
	json_decref (header);
	if (result == 1)
		buf_consume (in, sizeof length + length);
	return result;
}
