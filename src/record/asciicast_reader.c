/* asciicast_reader - see asciicast_reader.h. */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "record/asciicast_reader.h"

static const char event_form[] = "an event is [SECONDS, CODE, DATA], as in [1.25, \"o\", \"text\"]";

/* Parse a line; NULL and err. */
static json_t *parse (const char *line, size_t n, const char *form, struct err *err)
{
	json_error_t error;
	json_t *json = json_loadb (line, n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	char shown[160];

	if (!json)
		err_set (err, 0, "no JSON (%s); %s", text_escape (shown, sizeof shown, error.text, strlen (error.text)),
			form);
	return json;
}

static int read_size (const json_t *json, const char *key, int *size, struct err *err)
{
	const json_t *value = json_object_get (json, key);

	if (!json_is_integer (value) || json_integer_value (value) < 1 || json_integer_value (value) > 65535)
		return err_set (err, 0, "the header has to have '%s', a whole number from 1 to 65535", key);
	*size = (int)json_integer_value (value);
	return 0;
}

static int read_header (const json_t *json, struct asciicast_info *info, struct err *err)
{
	const json_t *version = json_object_get (json, "version"), *idle = json_object_get (json, "idle_time_limit");

	if (!json_is_object (json) || !json_is_integer (version))
		return err_set (err, 0,
			"this is no recording: the first line has to be a header, as in {\"version\": 2, \"width\": "
			"80, "
			"\"height\": 24}");
	if (json_integer_value (version) != 2)
		return err_set (err, 0,
			"this is asciicast version %lld, and only version 2 can be played (asciinema convert makes it)",
			(long long)json_integer_value (version));
	if (read_size (json, "width", &info->cols, err) < 0 || read_size (json, "height", &info->rows, err) < 0)
		return -1;
	if (idle && !json_is_null (idle)) {
		if (!json_is_number (idle) || !(json_number_value (idle) > 0))
			return err_set (err, 0, "the header's 'idle_time_limit' has to be a number of seconds above 0");
		info->idle = json_number_value (idle);
	}
	info->term = json_is_string (json_object_get (json_object_get (json, "env"), "TERM"));
	return 0;
}

int asciicast_read_header (const char *line, size_t n, struct asciicast_info *info, struct err *err)
{
	json_t *json = parse (line, n,
		"the first line of a recording is an object, as in {\"version\": 2, \"width\": 80, "
		"\"height\": 24}",
		err);
	int result;

	*info = (struct asciicast_info){ .rows = 0 };
	result = json ? read_header (json, info, err) : -1;
	json_decref (json);
	return result;
}

static int read_event (const json_t *json, struct asciicast_event *event, struct err *err)
{
	const json_t *seconds = json_array_get (json, 0), *code = json_array_get (json, 1),
		     *data = json_array_get (json, 2);
	char rest;

	if (!json_is_array (json) || json_array_size (json) != 3 || !json_is_string (code) || !json_is_string (data))
		return err_set (err, 0, "no event: %s", event_form);
	if (!json_is_number (seconds) || !(json_number_value (seconds) >= 0) || !isfinite (json_number_value (seconds)))
		return err_set (
			err, 0, "the time of an event has to be a number of seconds, 0 or more: %s", event_form);
	event->seconds = json_number_value (seconds);
	if (!strcmp (json_string_value (code), "o")) {
		event->kind = ASCIICAST_OUTPUT;
		event->bytes = json_string_value (data);
		event->n = json_string_length (data);
	} else if (!strcmp (json_string_value (code), "r")) {
		event->kind = ASCIICAST_SIZE;
		if (sscanf (json_string_value (data), "%5dx%5d%c", &event->cols, &event->rows, &rest) != 2 ||
			event->rows < 1 || event->cols < 1)
			return err_set (err, 0, "the size of an \"r\" event has to be COLUMNSxROWS, as in \"80x24\"");
	}
	return 0;
}

static bool is_blank (const char *line, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strchr (" \t\r", line[i]))
			return false;
	return true;
}

int asciicast_read_event (const char *line, size_t n, struct asciicast_event *event, struct err *err)
{
	*event = (struct asciicast_event){ .kind = ASCIICAST_OTHER, .seconds = -1 };
	if (is_blank (line, n))
		return 0;
	if (!(event->json = parse (line, n, event_form, err)))
		return -1;
	if (read_event (event->json, event, err) == 0)
		return 0;
	json_decref (event->json);
	event->json = NULL;
	return -1;
}
