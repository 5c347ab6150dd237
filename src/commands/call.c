/* remex call - call any verb of any plugin (remex(1)). The verb's own table gives the type of each name=value, so the
 * table is fetched first, over the same connection. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/console.h"
#include "cli/conversation.h"
#include "cli/json.h"
#include "cli/many.h"
#include "cli/result.h"
#include "cli/say.h"
#include "commands/commands.h"
#include "wire/header.h"
#include "wire/verbs.h"

/* The settings from the command line. */
struct wanted {
	struct remex_options options;
	const char *args;
	struct option_list limits;
	bool input;
	int format;
	struct many_options many;
};

static const struct option call_options[] = {
	{ "args", 0, OPTION_TEXT, offsetof (struct wanted, args), "JSON",
		"the arguments as a JSON object; name=value adds to them", 0 },
	{ "input", 0, OPTION_FLAG, offsetof (struct wanted, input), NULL, "send standard input", 0 },
	OPTION_ROW_HOSTS ("on these hosts; the first word is then the verb; may be repeated"),
	OPTION_ROWS_CALL (struct wanted, "stop it after this time without a byte of input or output"),
	OPTION_ROW_LIMIT (struct wanted),
	OPTION_ROWS_MANY (struct wanted),
	OPTION_ROW_YES (struct wanted),
	OPTION_ROWS_VIEWS (struct wanted),
	OPTION_ROW_WAIT_OUTPUT (struct wanted),
	OPTION_ROW_JSON (
		struct wanted, "print a JSON object with the whole result, at the end; of many hosts an array"),
	OPTION_ROW_JSONL (struct wanted, "the same, on one line; of many hosts a line as each ends"),
	OPTION_ROW_HELP,
	{ 0 },
};

/* --- arguments --------------------------------------------------------------------------------------------------- */

static json_t *integer_of (const char *text)
{
	long long value;
	char *end;

	errno = 0;
	value = strtoll (text, &end, 10);
	return end == text || *end || errno ? NULL : json_integer (value);
}

static json_t *number_of (const char *text)
{
	double value;
	char *end;

	errno = 0;
	value = strtod (text, &end);
	return end == text || *end || errno ? NULL : json_real (value);
}

static json_t *bool_of (const char *text)
{
	static const char *const yes[] = { "true", "yes", "on", "1" }, *const no[] = { "false", "no", "off", "0" };

	for (int i = 0; i < 4; i++) {
		if (!strcmp (text, yes[i]))
			return json_true ();
		if (!strcmp (text, no[i]))
			return json_false ();
	}
	return NULL;
}

/* Add an item to a list; the list of a map holds NAME=VALUE. */
static int add_item (json_t *args, const struct verb_param *param, const char *text, struct err *err)
{
	json_t *list = json_object_get (args, param->name);

	if (param->type == VERB_MAP && (*text == '=' || !strchr (text, '=')))
		return err_set (err, 0, "%s wants %s=NAME=VALUE, not '%s'", param->name, param->name, text);
	if (!json_is_array (list)) {
		list = json_array ();
		json_object_set_new (args, param->name, list);
	}
	json_array_append_new (list, header_bytes (text, strlen (text)));
	return 0;
}

static int set_value (json_t *args, const struct verb_param *param, const char *text, struct err *err)
{
	json_t *value = NULL;

	switch (param->type) {
	case VERB_STRINGS:
	case VERB_MAP: return add_item (args, param, text, err);
	case VERB_STRING: value = header_bytes (text, strlen (text)); break;
	case VERB_INTEGER: value = integer_of (text); break;
	case VERB_NUMBER: value = number_of (text); break;
	case VERB_BOOL: value = bool_of (text); break;
	case N_VERB_TYPES: break;
	}
	if (!value || json_object_set_new (args, param->name, value) < 0)
		return err_set (err, 0, "%s wants a value of type %s, not '%s'", param->name,
			verb_type_name (param->type), text);
	return 0;
}

static int set_argument (json_t *args, const struct verb *verb, const char *word, struct err *err)
{
	size_t length = strcspn (word, "=");
	const char *names[32];
	char name[128], hint[128];

	if (!word[length])
		return err_set (err, 0, "'%s' is no name=value (options stand before the verb)", word);
	snprintf (name, sizeof name, "%.*s", (int)(length < 127 ? length : 127), word);
	for (size_t i = 0; i < verb->n_params; i++) {
		if (!strcmp (verb->params[i].name, name))
			return set_value (args, &verb->params[i], word + length + 1, err);
		if (i < 32)
			names[i] = verb->params[i].name;
	}
	text_hint (hint, sizeof hint, text_nearest (name, names, verb->n_params < 32 ? verb->n_params : 32));
	return err_set (err, 0, "%s has no argument '%s'%s", verb->name, name, hint);
}

#define ARGS_EXAMPLE "example: --args '{\"name\": \"value\"}'"

/* The value of --args; NULL and err. */
static json_t *parse_args (const char *text, struct err *err)
{
	json_t *args = header_parse (text, strlen (text), HEADER_CALL_TOKENS, NULL, err), *other;
	char shown[80], said[160];
	json_error_t why;

	if (args)
		return args;
	text_escape (shown, sizeof shown, text, strlen (text));
	other = json_loads (text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &why);
	if (!other)
		err_set (err, 0, "--args '%s' is no JSON: %s (" ARGS_EXAMPLE ")", shown,
			text_escape (said, sizeof said, why.text, strlen (why.text)));
	else if (!json_is_object (other)) /* otherwise err has the reason: too long, or too many parts */
		err_set (err, 0, "--args '%s' is JSON, but no object (" ARGS_EXAMPLE ")", shown);
	json_decref (other);
	return NULL;
}

/* The arguments as text, in new memory, or NULL and err. */
static char *make_args (const struct wanted *wanted, const struct verb *verb, char **words, struct err *err)
{
	json_t *args = wanted->args ? parse_args (wanted->args, err) : json_object ();
	char *text = NULL;
	bool good = args != NULL;

	for (; good && *words; words++)
		good = set_argument (args, verb, *words, err) == 0;
	if (good && verb_check (verb, args, err) == 0 && !(text = json_dumps (args, JSON_COMPACT)))
		err_set (err, 0, "out of memory");
	json_decref (args);
	return text;
}

/* --- the call ---------------------------------------------------------------------------------------------------- */

/* The arguments in the words, read by this verb table, as text; NULL when there is a mistake (already reported). */
static char *parse_words (const struct wanted *wanted, char **words, const struct buf *table_bytes, const char *where)
{
	json_t *json = json_of (table_bytes, where);
	struct verb_table *table = NULL;
	const struct verb *verb;
	char *text = NULL;
	struct err err;

	if (json && (table = verb_table_new (json, &err)) && (verb = verb_find (table, words[0], &err)))
		text = make_args (wanted, verb, words + 1, &err);
	if (json && !text)
		complain (where, "%s", err.text);
	verb_table_free (table);
	json_decref (json);
	return text;
}

/* Fetch the table and parse the words with it. The arguments as text, or NULL and *status (already reported). */
static char *prepare (const struct wanted *wanted, char **words, struct conversation *conversation, int *status)
{
	struct call call;
	char *text = NULL;

	*status = conversation_fetch (conversation, &call, "plugins", wanted->options.deadline);
	if (*status == 0 && !(text = parse_words (wanted, words, &call.result_bytes, conversation->where)))
		*status = STATUS_REMEX;
	call_free (&call);
	return text;
}

/* Print the result, after the output that was printed while it came. */
static int print_end (const struct wanted *wanted, struct call *call)
{
	const struct buf *bytes = &call->result_bytes;
	char why[256] = "";
	json_t *result = buf_len (bytes) ? json_parse (bytes, why, sizeof why) : NULL, *all;
	int status;

	/* The result of a call that has failed may be incomplete, so only these outcomes need a valid one. */
	if (*why && (call->result.outcome == REMEX_COMPLETED || call->result.outcome == REMEX_EXITED)) {
		call->result.outcome = REMEX_FAILED;
		call->result.code = "bad_message";
		call->result.message = why;
	}
	status = result_status (call);
	if (!wanted->format) {
		if (result)
			json_print (result, false);
		fflush (stdout);
		result_explain (call, NULL);
		return finish (status);
	}
	all = result_json (call);
	json_object_set_new (all, "result", result ? result : json_null ());
	if (*why)
		json_object_set_new (all, "result_bytes", json_bytes (bytes));
	json_print (all, wanted->format == FORMAT_JSON_LINE);
	return finish (status);
}

static int call_on (const struct wanted *wanted, char **words, struct conversation *conversation)
{
	struct call call = { .name = words[0], .options = wanted->options };
	struct input input;
	int status;
	char *args = prepare (wanted, words, conversation, &status);

	if (!args)
		return status;
	call.options.args = args;
	call.sink = wanted->format ? &sink_collect : &sink_live;
	input_init (&input, wanted->input);
	if (wanted->input && input_is_closed ())
		input.error = EBADF;
	call.input = &input;
	status = STATUS_REMEX;
	if (conversation_call (conversation, &call) == 0) {
		console_release_signals ();
		status = call.gave_up || call.broken ? result_status (&call) : print_end (wanted, &call);
	}
	call_free (&call);
	input_close (&input);
	free (args);
	return status;
}

static int call_on_one (const struct wanted *wanted, char **words, const struct host_target *target)
{
	struct wanted own = *wanted;
	struct conversation conversation;
	int status;

	if (!own.options.user)
		own.options.user = target->user;
	if (conversation_open_to (&conversation, target, wanted->many.connect_timeout) < 0)
		return STATUS_REMEX;
	status = call_on (&own, words, &conversation);
	conversation_close (&conversation);
	return status;
}

/* --- many hosts -------------------------------------------------------------------------------------------------- */

/* The arguments for all hosts, by the table of the first host that can be reached: a host with another table refuses
 * arguments that it does not know. NULL and *status (already reported). */
static char *prepare_many (const struct wanted *wanted, char **words, const struct many_hosts *hosts, int *status)
{
	struct fanout fanout = { .call = "plugins",
		.options.deadline = wanted->options.deadline,
		.targets = &hosts->targets,
		.window = MANY_WINDOW,
		.connect_timeout = wanted->many.connect_timeout,
		.brake.any = true };
	const struct member *last = NULL;
	char *text = NULL;

	*status = STATUS_REMEX;
	if (fanout_open (&fanout) == 0 && fanout_run (&fanout) == 0) {
		for (size_t i = 0; i < fanout.n && !fanout.members[i].call.skipped; i++)
			last = &fanout.members[i];
		*status = fanout_status (&fanout);
		if (*status == 0 && last &&
			!(text = parse_words (wanted, words, &last->call.result_bytes, last->target->label)))
			*status = STATUS_REMEX;
		else if (*status && !fanout.interrupted && last)
			result_explain (&last->call, NULL);
	}
	fanout_close (&fanout);
	return text;
}

/* A structured result, for people. */
static char *render (struct fanout *fanout, const struct member *member, struct err *err)
{
	char why[256], *text;
	json_t *result = json_parse (&member->call.result_bytes, why, sizeof why);

	(void)fanout;
	if (!result) {
		err_set (err, 0, "%s", why);
		return NULL;
	}
	if (!(text = json_text (result)))
		err_set (err, 0, "out of memory");
	return text;
}

static int call_on_many (const struct wanted *wanted, char **words, const struct many_hosts *hosts)
{
	struct many many = { .options = &wanted->many, .format = wanted->format };
	struct input input;
	int status;
	char *args = prepare_many (wanted, words, hosts, &status);

	if (!args)
		return status;
	input_init (&input, wanted->input);
	if (wanted->input && input_is_closed ())
		input.error = EBADF;
	many.fanout.call = words[0];
	many.fanout.options = wanted->options;
	many.fanout.options.args = args;
	many.fanout.render = render;
	many.fanout.input = &input;
	status = many_run (&many, hosts);
	input_close (&input);
	free (args);
	return status;
}

static int run_call (const struct subcommand *command, struct command_line *line)
{
	struct wanted *wanted = line->values;
	struct many_hosts hosts;
	char *limits;
	int status;

	if (!line->first)
		return usage_error (command, "missing host");
	if (!line->n_words)
		return usage_error (command, "missing verb ('remex plugins %s' shows them)", line->first);
	if ((status = many_check (command, &wanted->many, wanted->format)) ||
		(status = usage_limits (command, &wanted->limits, &limits)))
		return status;
	wanted->options.limits = limits;
	if ((status = many_expand (command, &wanted->many, &line->firsts, wanted->input, &hosts)) == 0 &&
		(status = many_confirm (&wanted->many, &hosts)) == 0)
		status = many_is_one (&wanted->many, &hosts)
				 ? call_on_one (wanted, line->words, &hosts.targets.targets[0])
				 : call_on_many (wanted, line->words, &hosts);
	many_hosts_free (&hosts);
	free (limits);
	return status;
}

const struct subcommand cmd_call = { "call", "HOSTS VERB [NAME=VALUE]...", "Call any verb of any plugin", call_options,
	WORDS_LAST, -1, sizeof (struct wanted), run_call };
