/* call_limits - see call_limits.h. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "wire/call_limits.h"
#include "wire/codes.h"
#include "wire/header.h"

#define CALL_LIMIT_ROW(name, word, quantity, least, most, resource, words, help) \
	[LIMIT_##name] = { word, QUANTITY_##quantity, least, most, resource, words },
static const struct call_limit_row rows[N_CALL_LIMITS] = { [LIMIT_NONE] = { "", QUANTITY_COUNT, 0, 0, NO_RESOURCE, "" },
	CALL_LIMIT_TABLE (CALL_LIMIT_ROW) };
#undef CALL_LIMIT_ROW

static const enum call_limit first = LIMIT_OUTPUT; /* the first member of the key `limits` */

_Static_assert(LIMIT_DEADLINE < LIMIT_OUTPUT && LIMIT_IDLE < LIMIT_OUTPUT, "deadline and idle are keys of their own");

enum { NAMES = 128 }; /* bytes for the names of all */

const struct call_limit_row *call_limit_row (int limit)
{
	return &rows[limit > LIMIT_NONE && limit < N_CALL_LIMITS ? limit : LIMIT_NONE];
}

enum call_limit call_limit_of (const char *word)
{
	for (int i = LIMIT_NONE + 1; i < N_CALL_LIMITS; i++)
		if (!strcmp (rows[i].word, word))
			return (enum call_limit)i;
	return LIMIT_NONE;
}

void call_limits_lower (struct call_limits *limits, const struct call_limits *other)
{
	for (int i = LIMIT_NONE + 1; i < N_CALL_LIMITS; i++) {
		int64_t *value = &limits->value[i], with = other->value[i];

		if (with && with < rows[i].least)
			with = rows[i].least;
		if (with && (!*value || (i == LIMIT_NICE ? with > *value : with < *value)))
			*value = with;
	}
}

bool call_limits_bind_command (const struct call_limits *limits)
{
	for (int i = LIMIT_NONE + 1; i < N_CALL_LIMITS; i++)
		if (limits->value[i] && (rows[i].resource != NO_RESOURCE || i == LIMIT_NICE))
			return true;
	return false;
}

/* "output, cpu, …" */
static const char *names (char out[NAMES])
{
	size_t n = 0;

	for (int i = (int)first; i < N_CALL_LIMITS; i++)
		n += (size_t)snprintf (out + n, NAMES - n, "%s%s", i == (int)first ? "" : ", ", rows[i].word);
	return out;
}

static enum call_limit member_of (const char *word, struct err *err)
{
	enum call_limit limit = call_limit_of (word);
	char shown[64], all[NAMES];

	if (limit >= first)
		return limit;
	err_set (err, CODE_BAD_VALUE, "there is no limit '%s' (the limits: %s)",
		text_escape (shown, sizeof shown, word, strlen (word)), names (all));
	return LIMIT_NONE;
}

int call_limits_read (struct call_limits *limits, const json_t *json, struct err *err)
{
	struct call_limits read = *limits;
	const char *key;
	json_t *value;

	if (!json)
		return 0;
	if (!json_is_object (json))
		return err_set (err, CODE_BAD_VALUE, "'limits' must be an object");
	json_object_foreach ((json_t *)(uintptr_t)json, key, value)
	{
		enum call_limit limit = member_of (key, err);
		const struct call_limit_row *row = &rows[limit];
		json_int_t number = 0;
		struct err why;
		int result;

		if (!limit)
			return -1;
		if (row->quantity == QUANTITY_TIME)
			result = header_seconds (json, key, &read.value[limit], &why);
		else if ((result = header_integer (json, key, row->least, row->most, &number, &why)) > 0)
			read.value[limit] = number;
		if (result < 0)
			return err_set (err, CODE_BAD_VALUE, "limits: %s", why.text);
	}
	*limits = read;
	return 0;
}

json_t *call_limit_value (int limit, int64_t value)
{
	return call_limit_row (limit)->quantity == QUANTITY_TIME && value % 1000 ? json_real ((double)value / 1000)
	       : call_limit_row (limit)->quantity == QUANTITY_TIME               ? json_integer (value / 1000)
										 : json_integer (value);
}

json_t *call_limits_json (const struct call_limits *limits)
{
	json_t *json = json_object ();

	for (int i = (int)first; i < N_CALL_LIMITS; i++)
		if (limits->value[i])
			json_object_set_new (json, rows[i].word, call_limit_value (i, limits->value[i]));
	return json;
}

/* "cpu=10s", of n bytes. */
static int parse_one (struct call_limits *limits, const char *text, size_t n, struct err *err)
{
	char word[64], shown[80], low[QUANTITY_SHOWN], high[QUANTITY_SHOWN], *value;
	const struct call_limit_row *row;
	enum call_limit limit;
	long long number;

	snprintf (word, sizeof word, "%.*s", (int)n, text);
	text_escape (shown, sizeof shown, word, strlen (word));
	if (n >= sizeof word || !(value = strchr (word, '=')))
		return err_set (err, CODE_BAD_VALUE,
			"invalid limit '%s' (examples: cpu=10s, memory=1GiB, processes=100)", shown);
	*value++ = '\0';
	if (!(limit = member_of (word, err)))
		return -1;
	row = &rows[limit];
	if (quantity_parse (row->quantity, value, &number) < 0 || number < row->least || number > row->most)
		return err_set (err, CODE_BAD_VALUE, "invalid limit '%s' (%s is from %s to %s)", shown, row->word,
			quantity_show (row->quantity, row->least, low), quantity_show (row->quantity, row->most, high));
	limits->value[limit] = number;
	return 0;
}

int call_limits_parse (struct call_limits *limits, const char *text, struct err *err)
{
	struct call_limits read = *limits;

	for (;; text++) {
		size_t n = strcspn (text, ",");

		if (parse_one (&read, text, n, err) < 0)
			return -1;
		text += n;
		if (!*text)
			break;
	}
	*limits = read;
	return 0;
}
