/* job_verbs - see job_verbs.h. */
#include "config.h"

#include <stdbool.h>
#include <stddef.h>

#include "wire/job_verbs.h"
#include "wire/verbs.h"

static const struct verb_param id = { .name = "id", .type = VERB_STRING, .help = "The job." };
static const struct verb_param key = {
	.name = "key", .type = VERB_STRING, .help = "The key with which the job was started, in place of its id."
};
static const struct verb_param since = { .name = "since",
	.type = VERB_INTEGER,
	.help = "The offset in the job's output to begin at; -1: only what comes." };
static const struct verb_param streams = { .name = "streams", .type = VERB_STRING, .help = "both, stdout or stderr." };
static const struct verb_param follow = { .name = "follow", .type = VERB_BOOL, .help = "Go on until the job ends." };
static const struct verb_param read_only = {
	.name = "read_only", .type = VERB_BOOL, .help = "Send no input, signals and sizes to the job."
};
static const struct verb_param lines = {
	.name = "lines", .type = VERB_INTEGER, .help = "How many lines, where the job has no terminal (24)."
};
static const struct verb_param signo = { .name = "signal",
	.type = VERB_STRING,
	.help = "The signal (TERM: the job is stopped, and killed after limits.grace; KILL: it is killed)." };

enum { PARAMS = 6 };

static const struct {
	const char *name, *help;
	bool exact; /* the right is granted by its own name only */
	const struct verb_param *params[PARAMS];
} rows[] = {
	{ "start", "The right to make a call as a job: with the key `job`.", false, { NULL } },
	{ "list", "List your jobs.", false, { NULL } },
	{ "attach", "Output of a job as it comes, and input for it.", false,
		{ &id, &key, &since, &streams, &read_only } },
	{ "logs", "The output of a job.", false, { &id, &key, &since, &streams, &follow } },
	{ "peek", "The last screenful of a job.", false, { &id, &key, &lines } },
	{ "wait", "Wait for the end of a job.", false, { &id, &key } },
	{ "kill", "Signal a job, or stop it with all beneath it.", false, { &id, &key, &signo } },
	{ "remove", "Forget a job that has ended.", false, { &id, &key } },
	{ "any", "The right to reach the jobs of others too; only its own name grants it.", true, { NULL } },
};

static json_t *params_json (const struct verb_param *const *params)
{
	json_t *list = json_array ();

	for (size_t i = 0; i < PARAMS && params[i]; i++)
		json_array_append_new (list, verb_param_json (params[i]));
	return list;
}

static json_t *row_json (size_t i)
{
	json_t *json = verb_json (rows[i].name, &(struct verb){ .help = rows[i].help }, params_json (rows[i].params));

	json_object_set_new (json, "exact", json_boolean (rows[i].exact));
	return json;
}

json_t *job_verbs_json (void)
{
	json_t *verbs = json_array ();

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		json_array_append_new (verbs, row_json (i));
	return json_pack ("{ss ss ss sb so}", "plugin", JOB_PLUGIN, "version", PACKAGE_VERSION, "summary",
		"Calls that go on without their client.", "builtin", 1, "verbs", verbs);
}
