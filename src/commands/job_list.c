/* remex job list - the jobs of hosts, as one table for people, as the words that other commands take, or as JSON
 * (remex(1)). */
#include "config.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/conversation.h"
#include "cli/json.h"
#include "cli/progress.h"
#include "cli/result.h"
#include "cli/say.h"
#include "commands/job.h"
#include "wire/codes.h"

struct listing_settings {
	struct remex_options options;
	int format;
	bool ids;
	struct many_options many;
};

static const struct option list_options[] = {
	{ "ids", 'q', OPTION_FLAG, offsetof (struct listing_settings, ids), NULL,
		"print only HOST:ID, for scripts: remex job kill $(remex job list -q web1)", 0 },
	OPTION_ROW_HOSTS ("of these hosts, like those of the words; may be repeated"),
	{ "timeout", 'u', OPTION_SECONDS, offsetof (struct listing_settings, options.deadline), "SEC",
		"give up on an answer after this time (30, 1.5, 5m)", 0 },
	OPTION_ROWS_MANY_LETTER (struct listing_settings, 0),
	OPTION_ROW_JSON (
		struct listing_settings, "print the JSON document that the server sent; of many hosts an array"),
	OPTION_ROW_JSONL (struct listing_settings, "the same as a line for each host, as each ends"),
	OPTION_ROW_HELP,
	{ 0 },
};

/* --- the table --------------------------------------------------------------------------------------------------- */

enum { COLUMNS = 7, CELL = 256 };

static const char *const titles[COLUMNS] = { "JOB", "NAME", "STATE", "AGE", "USER", "BYTES", "COMMAND" };

struct job_row {
	char *cells[COLUMNS];
};

struct job_table {
	struct job_row *rows;
	size_t n, room;
	bool failed; /* out of memory */
};

static void table_free (struct job_table *table)
{
	for (size_t i = 0; i < table->n; i++)
		for (int j = 0; j < COLUMNS; j++)
			free (table->rows[i].cells[j]);
	free (table->rows);
}

static const char *text_at (const json_t *job, const char *key)
{
	const json_t *value = json_object_get (job, key);

	return json_is_string (value) ? json_string_value (value) : "";
}

/* "running", "exit 0", "signal XCPU (limit: cpu)", "timed out (limit: idle)", "cancelled", "lost: the machine was restarted". */
static void write_state (char *out, size_t size, const json_t *job)
{
	const char *state = text_at (job, "state"), *why = text_at (job, "why");
	const json_t *done = json_object_get (job, "done"), *signal = json_object_get (done, "signal");
	const char *outcome = text_at (done, "outcome"), *limit = text_at (done, "limit");
	size_t n;

	if (!strcmp (state, "lost"))
		snprintf (out, size, *why ? "lost: %s" : "lost", why);
	else if (strcmp (state, "ended") != 0)
		snprintf (out, size, "%s", *state ? state : "?");
	else if (!strcmp (outcome, "exited"))
		snprintf (out, size, "exit %lld", (long long)json_integer_value (json_object_get (done, "exit")));
	else if (!strcmp (outcome, "signalled") && json_is_string (signal))
		snprintf (out, size, "signal %s", json_string_value (signal));
	else if (!strcmp (outcome, "signalled"))
		snprintf (out, size, "signal %lld", (long long)json_integer_value (signal));
	else
		snprintf (out, size, "%s", *outcome ? outcome : state);
	for (char *p = out; strcmp (state, "lost") != 0 && *p; p++)
		if (*p == '_')
			*p = ' ';
	n = strlen (out);
	if (*limit && !strcmp (state, "ended"))
		snprintf (out + n, size - n, " (limit: %s)", limit);
}

/* Since the start, by the clock here. */
static void write_age (char *out, size_t size, const json_t *job)
{
	double age = (double)time (NULL) - json_number_value (json_object_get (job, "started"));
	long long s = age > 0 && age < 1e12 ? (long long)age : 0;

	if (!json_is_number (json_object_get (job, "started")))
		snprintf (out, size, "?");
	else if (s >= 86400)
		snprintf (out, size, "%lld d %lld h", s / 86400, s / 3600 % 24);
	else if (s >= 3600)
		snprintf (out, size, "%lld h %lld min", s / 3600, s / 60 % 60);
	else if (s >= 60)
		snprintf (out, size, "%lld min %lld s", s / 60, s % 60);
	else
		snprintf (out, size, "%lld s", s);
}

/* A cell that is safe for a terminal. */
static void set_cell (struct job_table *table, struct job_row *row, int column, const char *text)
{
	if (!(row->cells[column] = strdup (safe (text))))
		table->failed = true;
}

static void add_row (struct job_table *table, const char *host, const json_t *job)
{
	char text[CELL];
	struct job_row *row;

	if (table->n == table->room) {
		size_t room = table->room ? 2 * table->room : 64;
		struct job_row *more = realloc (table->rows, room * sizeof *more);

		if (!more) {
			table->failed = true;
			return;
		}
		table->rows = more;
		table->room = room;
	}
	row = &table->rows[table->n++];
	*row = (struct job_row){ { NULL } };
	snprintf (text, sizeof text, "%s:%s", host, text_at (job, "id"));
	set_cell (table, row, 0, text);
	set_cell (table, row, 1, text_at (job, "name"));
	write_state (text, sizeof text, job);
	set_cell (table, row, 2, text);
	write_age (text, sizeof text, job);
	set_cell (table, row, 3, text);
	set_cell (table, row, 4, text_at (job, "user"));
	progress_bytes (text, sizeof text, json_number_value (json_object_get (job, "bytes")));
	set_cell (table, row, 5, text);
	set_cell (table, row, 6, text_at (job, "command"));
}

/* How many columns of a terminal the text takes: bytes of UTF-8 that continue a character take none. */
static int width_of (const char *text)
{
	int width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xC0) != 0x80;
	return width;
}

static void print_line (const char *const *cells, const int *widths)
{
	for (int j = 0; j < COLUMNS; j++) {
		if (!widths[j])
			continue;
		if (j == COLUMNS - 1)
			printf ("%s\n", cells[j]);
		else if (j == 5)
			printf ("%*s%s  ", widths[j] - width_of (cells[j]), "", cells[j]);
		else
			printf ("%s%*s  ", cells[j], widths[j] - width_of (cells[j]), "");
	}
}

/* Columns are as wide as their widest cell; the names have none where no job has one. */
static void table_print (const struct job_table *table)
{
	int widths[COLUMNS] = { 0 };

	for (int j = 0; j < COLUMNS; j++) {
		for (size_t i = 0; i < table->n; i++) {
			int width = width_of (table->rows[i].cells[j]);

			widths[j] = width > widths[j] ? width : widths[j];
		}
		if ((j != 1 || widths[j]) && widths[j] < width_of (titles[j]))
			widths[j] = width_of (titles[j]);
	}
	if (table->n)
		print_line (titles, widths);
	for (size_t i = 0; i < table->n; i++)
		print_line ((const char *const *)table->rows[i].cells, widths);
}

/* --- the calls --------------------------------------------------------------------------------------------------- */

/* Is this a list of jobs? */
static int check (const json_t *list, struct err *err)
{
	const json_t *job;
	size_t i;

	if (!json_is_array (list))
		return err_set (err, 0, "the result of job.list is no list");
	json_array_foreach (list, i, job) if (!json_is_string (json_object_get (job, "id"))) return err_set (
		err, 0, "the result of job.list has a job without an id");
	return 0;
}

static void add_jobs (struct job_table *table, const char *host, const json_t *list)
{
	const json_t *job;
	size_t i;

	json_array_foreach (list, i, job) add_row (table, host, job);
}

/* Parse and check a result; NULL and err. */
static json_t *parse (const struct buf *bytes, struct err *err)
{
	char why[256];
	json_t *list = json_parse (bytes, why, sizeof why);

	if (!list) {
		err_set (err, 0, "%s", why);
	} else if (check (list, err) < 0) {
		json_decref (list);
		list = NULL;
	}
	return list;
}

static int print (const struct job_table *table, const struct listing_settings *settings)
{
	if (table->failed) {
		complain (NULL, "out of memory");
		return STATUS_REMEX;
	}
	if (!settings->ids)
		table_print (table);
	for (size_t i = 0; settings->ids && i < table->n; i++)
		puts (table->rows[i].cells[0]);
	return 0;
}

static int list_one (const struct listing_settings *settings, const struct host_target *target)
{
	struct job_table table = { .n = 0 };
	struct conversation conversation;
	json_t *list = NULL;
	struct call call;
	struct err err;
	int status;

	if (conversation_open_to (&conversation, target, settings->many.connect_timeout) < 0)
		return STATUS_REMEX;
	status = conversation_fetch (&conversation, &call, "job.list", settings->options.deadline);
	console_release_signals (); /* printing may block from here on */
	if (status == 0 && !(list = parse (&call.result_bytes, &err))) {
		complain (target->label, "%s", err.text);
		status = STATUS_REMEX;
	} else if (status == 0 && settings->format) {
		status = json_print (json_incref (list), settings->format == FORMAT_JSON_LINE) < 0 ? STATUS_REMEX : 0;
	} else if (status == 0) {
		add_jobs (&table, target->label, list);
		status = print (&table, settings);
	}
	json_decref (list);
	call_free (&call);
	conversation_close (&conversation);
	table_free (&table);
	return finish (status);
}

/* For JSON: a result that is no list is no success. */
static char *render (struct fanout *fanout, const struct member *member, struct err *err)
{
	json_t *list = parse (&member->call.result_bytes, err);

	(void)fanout;
	json_decref (list);
	return list ? strdup ("") : NULL;
}

static void on_ended (struct fanout *fanout, struct member *member)
{
	struct call *call = &member->call;
	json_t *list = NULL;
	struct err err;

	if (call->skipped)
		return;
	if (call->result.outcome == REMEX_COMPLETED && !(list = parse (&call->result_bytes, &err)))
		call_fail (call, REMEX_FAILED, "bad_message", err.text);
	result_explain (call, NULL);
	add_jobs (fanout->context, member->target->label, list);
	json_decref (list);
}

static int list_many (const struct listing_settings *settings, const struct many_hosts *hosts)
{
	struct many many = { .options = &settings->many, .format = settings->format };
	struct job_table table = { .n = 0 };
	int status, printed;

	many.own = !settings->format;
	many.fanout.call = "job.list";
	many.fanout.options = settings->options;
	many.fanout.render = many.own ? NULL : render;
	many.fanout.ended = many.own ? on_ended : NULL;
	many.fanout.context = &table;
	status = many_run (&many, hosts);
	if (many.own && (printed = print (&table, settings)))
		status = printed;
	table_free (&table);
	return finish (status);
}

static int run_list (const struct subcommand *command, struct command_line *line)
{
	const struct listing_settings *settings = line->values;
	struct many_hosts hosts;
	int status;

	if ((status = many_check (command, &settings->many, settings->format)) || (status = many_words (command, line)))
		return status;
	if ((status = many_expand (command, &settings->many, many_or_local (&line->firsts), false, &hosts)) == 0)
		status = many_is_one (&settings->many, &hosts) ? list_one (settings, hosts.targets.targets)
							       : list_many (settings, &hosts);
	many_hosts_free (&hosts);
	return status;
}

const struct subcommand cmd_job_list = { "job list", "[HOSTS]...", "List the jobs of hosts", list_options, WORDS_MIXED,
	-1, sizeof (struct listing_settings), run_list };
