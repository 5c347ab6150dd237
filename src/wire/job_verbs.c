/* job_verbs - see job_verbs.h. */
#include "config.h"

#include <stdbool.h>
#include <stddef.h>

#include "wire/job_verbs.h"

struct param {
	const char *name, *type, *help;
};

static const struct param id = { "id", "string", "The job." };
static const struct param key = { "key", "string", "The key with which the job was started, in place of its id." };
static const struct param since = { "since", "integer",
	"The offset in the job's output to begin at; -1: only what comes." };
static const struct param streams = { "streams", "string", "both, stdout or stderr." };
static const struct param follow = { "follow", "bool", "Go on until the job ends." };
static const struct param read_only = { "read_only", "bool", "Send no input, signals and sizes to the job." };
static const struct param lines = { "lines", "integer", "How many lines, where the job has no terminal (24)." };
static const struct param signo = { "signal", "string",
	"The signal (TERM: the job is stopped, and killed after limits.grace; KILL: it is killed)." };

enum { PARAMS = 6 };

static const struct {
	const char *name, *help;
	bool exact; /* the right is granted by its own name only */
	const struct param *params[PARAMS];
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

static json_t *params_json (const struct param *const *params)
{
	json_t *list = json_array ();

	for (size_t i = 0; i < PARAMS && params[i]; i++)
		json_array_append_new (
			list, json_pack ("{ss ss sb sb ss}", "name", params[i]->name, "type", params[i]->type,
				      "required", 0, "command", 0, "help", params[i]->help));
	return list;
}

json_t *job_verbs_json (void)
{
	json_t *verbs = json_array ();

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		json_array_append_new (
			verbs, json_pack ("{ss ss sb sb sb sb sb sb so}", "name", rows[i].name, "help", rows[i].help,
				       "control", 0, "facts", 0, "paths", 0, "runs", 0, "tty", 0, "exact",
				       rows[i].exact, "params", params_json (rows[i].params)));
	return json_pack ("{ss ss ss sb so}", "plugin", JOB_PLUGIN, "version", PACKAGE_VERSION, "summary",
		"Calls that go on without their client.", "builtin", 1, "verbs", verbs);
}
