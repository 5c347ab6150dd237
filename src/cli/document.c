/* document - see document.h. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/console.h"
#include "cli/conversation.h"
#include "cli/document.h"
#include "cli/json.h"
#include "cli/say.h"

const struct option document_options[] = {
	OPTION_ROW_HOSTS ("of these hosts, like those of the words; may be repeated"),
	{ "timeout", 'u', OPTION_SECONDS, offsetof (struct document_settings, timeout), "SEC",
		"give up on an answer after this time (30, 1.5, 5m)", 0 },
	OPTION_ROWS_MANY (struct document_settings),
	OPTION_ROWS_VIEWS (struct document_settings),
	OPTION_ROW_JSON (
		struct document_settings, "print the JSON document that the server sent; of many hosts an array"),
	OPTION_ROW_JSONL (struct document_settings, "the same as a line for each host, as each ends"),
	OPTION_ROW_HELP,
	{ 0 },
};

static int fetch (
	struct conversation *conversation, const struct document *document, const struct document_settings *settings)
{
	struct call call;
	int status = conversation_fetch (conversation, &call, document->call, settings->timeout);
	int format = settings->format;
	json_t *json = NULL;
	struct err err;

	console_release_signals (); /* printing may block from here on */
	if (status == 0 && !(json = json_of (&call.result_bytes, conversation->where)))
		status = STATUS_REMEX;
	call_free (&call);
	if (status == 0 && document->check (json, &err) < 0) {
		complain (conversation->where, "the result of %s is invalid: %s", document->call, err.text);
		status = STATUS_REMEX;
	}
	if (status == 0 && format && json_print (json_incref (json), format == FORMAT_JSON_LINE) < 0)
		status = STATUS_REMEX;
	if (status == 0 && !format)
		document->show (json);
	json_decref (json);
	return finish (status);
}

static int run_on_one (
	const struct host_target *target, const struct document *document, const struct document_settings *settings)
{
	struct conversation conversation;
	int status;

	if (conversation_open_to (&conversation, target, settings->many.connect_timeout) < 0)
		return STATUS_REMEX;
	status = fetch (&conversation, document, settings);
	conversation_close (&conversation);
	return status;
}

/* --- many hosts -------------------------------------------------------------------------------------------------- */

/* The text that `show` prints; NULL: out of memory. */
static char *shown (const struct document *document, const json_t *json)
{
	FILE *saved = stdout, *memory;
	char *text = NULL;
	size_t n;

	if (!(memory = open_memstream (&text, &n)))
		return NULL;
	stdout = memory;
	document->show (json);
	stdout = saved;
	if (fclose (memory) == 0)
		return text;
	free (text);
	return NULL;
}

static char *render (struct fanout *fanout, const struct member *member, struct err *err)
{
	const struct document *document = fanout->context;
	char why[256], *text = NULL;
	json_t *json = json_parse (&member->call.result_bytes, why, sizeof why);
	struct err wrong;

	if (!json)
		err_set (err, 0, "%s", why);
	else if (document->check (json, &wrong) < 0)
		err_set (err, 0, "the result of %s is invalid: %.300s", document->call, wrong.text);
	else if (!(text = shown (document, json)))
		err_set (err, 0, "out of memory");
	json_decref (json);
	return text;
}

static int run_on_many (
	const struct many_hosts *hosts, const struct document *document, const struct document_settings *settings)
{
	struct document copy = *document;
	struct many many = { .options = &settings->many, .format = settings->format };

	many.fanout.call = document->call;
	many.fanout.options.deadline = settings->timeout;
	many.fanout.render = render;
	many.fanout.context = &copy;
	return many_run (&many, hosts);
}

int document_run (const struct subcommand *command, struct command_line *line, const struct document *document)
{
	const struct document_settings *settings = line->values;
	struct many_hosts hosts;
	int status;

	if ((status = many_check (command, &settings->many, settings->format)))
		return status;
	if ((status = many_words (command, line)))
		return status;
	if (!line->firsts.n && !settings->many.proxy)
		return run_on_one (&(struct host_target){ .label = "local", .where = "local" }, document, settings);
	if ((status = many_expand (command, &settings->many, many_or_local (&line->firsts), false, &hosts)) == 0)
		status = many_is_one (&settings->many, &hosts) ? run_on_one (hosts.targets.targets, document, settings)
							       : run_on_many (&hosts, document, settings);
	many_hosts_free (&hosts);
	return status;
}
