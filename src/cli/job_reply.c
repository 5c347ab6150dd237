/* job_reply - see job_reply.h. */
#include "config.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/job_reply.h"

enum { LINE_MAX = 64 * 1024 };

void job_reply_init (struct job_reply *job)
{
	*job = (struct job_reply){ .begun = false };
	buf_init (&job->line, LINE_MAX);
}

void job_reply_free (struct job_reply *job)
{
	free (job->warning);
	job->warning = NULL;
	buf_free (&job->line);
}

bool job_verb_is (const char *name)
{
	return !strncmp (name, "job.", 4);
}

bool job_id_is (const char *text)
{
	return strlen (text) == JOB_ID_LENGTH && strspn (text, "abcdefghijklmnopqrstuvwxyz234567") == JOB_ID_LENGTH;
}

/* --- the stream `job` -------------------------------------------------------------------------------------------- */

/* Two integers of at least 0. */
static bool read_pair (const json_t *list, int64_t *first, int64_t *second)
{
	const json_t *one = json_array_get (list, 0), *two = json_array_get (list, 1);

	*first = json_integer_value (one);
	*second = json_integer_value (two);
	return json_array_size (list) == 2 && json_is_integer (one) && json_is_integer (two) && *first >= 0 &&
	       *second >= 0;
}

static bool read_number (const json_t *line, const char *key, int64_t *to)
{
	const json_t *value = json_object_get (line, key);

	*to = json_integer_value (value);
	return !value || (json_is_integer (value) && *to >= 0);
}

static bool take_first (struct job_reply *job, const json_t *line)
{
	const char *id = json_string_value (json_object_get (line, "id"));
	const json_t *tty = json_object_get (line, "tty");
	int64_t rows = 0, cols = 0;

	if (!id || !job_id_is (id) || !read_number (line, "offset", &job->offset) ||
		!read_number (line, "input", &job->input))
		return false;
	if (json_is_array (tty) && (!read_pair (tty, &rows, &cols) || rows > 65535 || cols > 65535))
		return false;
	memcpy (job->id, id, sizeof job->id);
	job->tty = json_is_array (tty) || json_is_true (tty);
	job->rows = (int)rows;
	job->cols = (int)cols;
	job->begun = true;
	return true;
}

static bool take_line (struct job_reply *job, const json_t *line)
{
	const json_t *cut = json_object_get (line, "cut");
	int64_t from, to;

	if (!json_is_object (line) || (!job->begun && !take_first (job, line)))
		return false;
	if (!cut || json_is_null (cut))
		return true;
	if (!read_pair (cut, &from, &to) || to < from)
		return false;
	job->cut += to - from;
	return true;
}

int job_reply_take (struct job_reply *job, const void *bytes, size_t n)
{
	const char *at = bytes, *newline;
	json_t *line;
	bool good;

	while (n > 0) {
		size_t length = (newline = memchr (at, '\n', n)) ? (size_t)(newline - at) : n;

		if (buf_append (&job->line, at, length) < 0)
			return -1;
		if (!newline)
			return 0;
		line = json_loadb ((const char *)buf_head (&job->line), buf_len (&job->line), 0, NULL);
		buf_consume (&job->line, buf_len (&job->line));
		good = take_line (job, line);
		json_decref (line);
		if (!good)
			return -1;
		at += length + 1;
		n -= length + 1;
	}
	return 0;
}

/* --- the ends of calls ------------------------------------------------------------------------------------------- */

int job_reply_started (struct job_reply *job, const struct remex_result *result)
{
	json_t *header = json_loads (result->json, 0, NULL);
	const json_t *done = json_object_get (header, "done");
	const char *id = json_string_value (json_object_get (done, "job"));
	const char *warning = json_string_value (json_object_get (done, "warning"));
	bool found = id && job_id_is (id);

	if (found)
		memcpy (job->id, id, sizeof job->id);
	free (job->warning);
	job->warning = warning ? strdup (warning) : NULL;
	json_decref (header);
	return found ? 0 : -1;
}

const char *job_reply_refusal (const char *name, bool starts, const struct remex_result *result)
{
	bool unknown = !strcmp (result->code, "unknown_call") && job_verb_is (name),
	     key = starts && !strcmp (result->code, "bad_message") && strstr (result->message, "'job'");

	if (result->outcome != REMEX_FAILED || (!unknown && !key))
		return NULL;
	return !strcmp (result->via, "sshd") ? "jobs need remexd on that machine, which has an sshd alone"
					     : "this remexd is too old for jobs";
}
