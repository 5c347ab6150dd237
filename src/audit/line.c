/* audit/line - see line.h. */
#include "config.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "audit/line.h"
#include "base/text.h"
#include "wire/header.h"

enum {
	DUMP = JSON_COMPACT | JSON_REAL_PRECISION (9),
};

/* --- the text of a line ------------------------------------------------------------------------------------------ */

/* Append the line; it is consumed. Control characters that jansson leaves as they are (DEL, C1, U+2028) occur only within
 * strings, and are escaped. */
static int put (struct buf *out, json_t *line)
{
	char *text = line ? json_dumps (line, DUMP) : NULL;
	size_t size = 0, length;
	uint8_t *to = NULL;

	json_decref (line);
	errno = ENOMEM;
	for (const char *p = text; p && *p; p += length)
		size += text_json (NULL, p, &length);
	if (size > AUDIT_LINE_MAX)
		errno = ENOBUFS;
	else if (text && (to = buf_reserve (out, size))) {
		for (const char *p = text; *p; p += length)
			to += text_json ((char *)to, p, &length);
		buf_commit (out, size);
	}
	free (text);
	return to ? 0 : -1;
}

/* Add a member to the line. Without memory (`value` may be NULL then) the line is freed and becomes NULL. */
static void member (json_t **line, const char *key, json_t *value)
{
	if (*line && (!value || json_object_set_new (*line, key, value) < 0)) {
		json_decref (*line);
		*line = NULL;
	}
}

static void words (json_t **line, const char *key, const char *text)
{
	if (text)
		member (line, key, header_bytes (text, strlen (text)));
}

static void serial (json_t **line, const char *instance, uint64_t number)
{
	member (line, "serial", json_sprintf ("%.8s-%llu", instance, (unsigned long long)number));
}

static void stamp (json_t **line, const char *key, const struct timespec *when)
{
	struct tm tm;
	char text[32];

	gmtime_r (&when->tv_sec, &tm);
	strftime (text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
	member (line, key, json_sprintf ("%s.%03ldZ", text, when->tv_nsec / 1000000));
}

static json_t *begin (const char *event, const struct timespec *now)
{
	json_t *line = json_pack ("{ss}", "audit", event);

	stamp (&line, "time", now);
	return line;
}

/* --- arguments, cut where they are too long ---------------------------------------------------------------------- */

/* The most bytes that the character at p takes in a line; *length is its bytes in memory. */
static size_t character (const char *p, size_t *length)
{
	size_t n = text_json (NULL, p, length);

	return (uint8_t)*p < 0x20 ? 6 : *p == '"' || *p == '\\' ? 2 : n;
}

/* How many bytes of the string fit into *room. *room is reduced by the bytes that they take in a line. */
static size_t fitting (const char *text, size_t n, size_t *room)
{
	size_t i = 0, length;

	for (size_t cost; i < n && (cost = character (text + i, &length)) <= *room; i += length)
		*room -= cost;
	return i;
}

/* The most bytes that the value takes in a line. Counting stops soon above `most`. */
static size_t weight (json_t *value, size_t most)
{
	size_t sum = 2, i, room = most;
	const char *key;
	json_t *part;

	if (json_is_string (value)) {
		sum += fitting (json_string_value (value), json_string_length (value), &room) <
				       json_string_length (value)
			       ? most
			       : most - room;
	} else if (json_is_array (value)) {
		for (i = 0; i < json_array_size (value) && sum <= most; i++)
			sum += 1 + weight (json_array_get (value, i), most - sum);
	} else if (json_is_object (value)) {
		json_object_foreach (value, key, part)
		{
			room = most;
			fitting (key, strlen (key), &room);
			sum += 4 + (most - room);
			if (sum > most)
				break;
			sum += weight (part, most - sum);
		}
	} else {
		sum = 24; /* a number, true, false, null */
	}
	return sum;
}

static json_t *cut (json_t *value, size_t *room);

static json_t *cut_string (json_t *value, size_t *room, size_t multiple)
{
	size_t n = fitting (json_string_value (value), json_string_length (value), room);

	return json_stringn (json_string_value (value), n - n % multiple);
}

static json_t *cut_array (json_t *value, size_t *room)
{
	json_t *copy = json_array ();

	for (size_t i = 0; copy && i < json_array_size (value) && *room > 3; i++) {
		json_t *part;

		--*room;
		if ((part = cut (json_array_get (value, i), room)) && json_array_append_new (copy, part) < 0) {
			json_decref (copy);
			return NULL;
		}
	}
	return copy;
}

struct portion {
	const char *key;
	json_t *value;
	size_t weight;
};

static int by_weight (const void *a, const void *b)
{
	const struct portion *one = a, *other = b;

	return (one->weight > other->weight) - (one->weight < other->weight);
}

/* Take the small members first, and give each an equal part of the room that is left: so a long member takes no room
 * from the others, in any order of arrival. */
static json_t *cut_object (json_t *value, size_t *room)
{
	size_t n = json_object_size (value), i = 0, left, part;
	struct portion *portions = calloc (n + 1, sizeof *portions);
	json_t *copy = json_object (), *piece;
	const char *key;

	if (!portions || !copy)
		goto fail;
	json_object_foreach (value, key, piece)
	{
		left = *room;
		fitting (key, strlen (key), &left);
		portions[i++] = (struct portion){ key, piece, *room - left + 4 + weight (piece, *room) };
	}
	qsort (portions, n, sizeof *portions, by_weight);
	for (i = 0; i < n; i++) {
		left = part = *room / (n - i);
		if (fitting (portions[i].key, strlen (portions[i].key), &left) < strlen (portions[i].key) || left < 6)
			continue;
		left -= 4;
		piece = cut (portions[i].value, &left);
		if (piece && json_object_set_new (copy, portions[i].key, piece) < 0)
			goto fail;
		*room -= part - left;
	}
	free (portions);
	return copy;
fail:
	free (portions);
	json_decref (copy);
	return NULL;
}

/* The part of the value that fits into *room (a new reference); *room is reduced. NULL: nothing fits. */
static json_t *cut (json_t *value, size_t *room)
{
	size_t all = weight (value, *room);
	json_t *encoded =
		json_is_object (value) && json_object_size (value) == 1 ? json_object_get (value, "b64") : NULL;

	if (all <= *room) {
		*room -= all;
		return json_incref (value);
	}
	if (*room < 2)
		return NULL;
	*room -= 2;
	if (json_is_string (value))
		return cut_string (value, room, 1);
	if (json_is_array (value))
		return cut_array (value, room);
	if (json_is_string (encoded)) {
		if (*room < 8)
			return NULL;
		*room -= 8;
		return json_pack ("{so}", "b64", cut_string (encoded, room, 4));
	}
	return json_is_object (value) ? cut_object (value, room) : NULL;
}

/* The "cut" member: size and digest of all arguments. */
static json_t *whole (json_t *args)
{
	char *text = json_dumps (args, DUMP);
	uint8_t digest[32];
	char hex[65];
	json_t *json;

	if (!text || EVP_Digest (text, strlen (text), digest, NULL, EVP_sha256 (), NULL) != 1) {
		free (text);
		return NULL;
	}
	for (size_t i = 0; i < sizeof digest; i++)
		sprintf (hex + 2 * i, "%02x", digest[i]);
	json = json_pack ("{sI ss}", "bytes", (json_int_t)strlen (text), "sha256", hex);
	free (text);
	return json;
}

static void arguments (json_t **line, json_t *args)
{
	size_t room = AUDIT_ARGS_MAX;

	if (!args)
		return;
	if (weight (args, room) <= room) {
		member (line, "args", json_incref (args));
	} else {
		member (line, "args", cut (args, &room));
		member (line, "cut", whole (args));
	}
}

/* --- the lines --------------------------------------------------------------------------------------------------- */

int audit_start (struct buf *out, const struct timespec *now, const struct audit_start *start)
{
	json_t *line = begin ("start", now);

	serial (&line, start->instance, start->number);
	words (&line, "you", start->you);
	member (&line, "uid", json_integer ((json_int_t)start->uid));
	words (&line, "user", start->user);
	words (&line, "from", start->from);
	words (&line, "call", start->call);
	words (&line, "job", start->job);
	words (&line, "recording", start->recording);
	arguments (&line, start->args);
	return put (out, line);
}

static void outcome (json_t **line, const struct audit_end *end)
{
	words (line, end->outcome ? "outcome" : "error", end->outcome ? end->outcome : end->error);
	if (end->exit >= 0)
		member (line, "exit", json_integer (end->exit));
	words (line, "signal", end->signal);
	words (line, "limit", end->limit);
}

static void bytes (json_t **line, const struct audit_end *end)
{
	if (end->in >= 0)
		member (line, "in", json_integer (end->in));
	if (end->out >= 0)
		member (line, "out", json_integer (end->out));
}

int audit_end (struct buf *out, const struct timespec *now, const struct audit_end *end)
{
	json_t *line = begin ("end", now);

	serial (&line, end->instance, end->number);
	outcome (&line, end);
	member (&line, "seconds", json_real (end->seconds));
	bytes (&line, end);
	words (&line, "recording", end->recording);
	return put (out, line);
}

int audit_job_end (struct buf *out, const struct timespec *now, const struct audit_job_end *end)
{
	struct timespec ended = { .tv_sec = (time_t)end->ended };
	json_t *line = begin ("job_end", now);

	ended.tv_nsec = (long)((end->ended - (double)ended.tv_sec) * 1e9);
	words (&line, "job", end->job);
	words (&line, "you", *end->you ? end->you : NULL);
	if (end->uid != (uid_t)-1)
		member (&line, "uid", json_integer ((json_int_t)end->uid));
	words (&line, "user", *end->user ? end->user : NULL);
	words (&line, "call", *end->call ? end->call : NULL);
	if (end->ended > 0)
		stamp (&line, "ended", &ended);
	outcome (&line, &end->end);
	words (&line, "why", end->why);
	if (end->end.seconds > 0)
		member (&line, "seconds", json_real (end->end.seconds));
	bytes (&line, &end->end);
	words (&line, "recording", end->end.recording);
	if (end->memory >= 0)
		member (&line, "rusage",
			json_pack ("{sf sf sI}", "user", end->user_seconds, "system", end->system_seconds, "memory",
				(json_int_t)end->memory));
	if (end->again)
		member (&line, "again", json_true ());
	return put (out, line);
}

int audit_refused (struct buf *out, const struct timespec *now, const struct audit_refused *refused)
{
	json_t *line = begin ("refused", now);

	words (&line, "from", refused->from);
	words (&line, "key", refused->key);
	words (&line, "you", refused->you);
	words (&line, "call", refused->call);
	words (&line, "why", refused->why);
	if (refused->suppressed)
		member (&line, "suppressed", json_integer ((json_int_t)refused->suppressed));
	return put (out, line);
}
