/* remex job kill - end jobs, or send them a signal (remex(1)). */
#include "config.h"

#include <string.h>

#include "commands/job.h"
#include "wire/codes.h"

struct job_killing {
	struct job_settings job;
	const char *signal;
};

static const struct option kill_options[] = {
	{ "signal", 's', OPTION_TEXT, offsetof (struct job_killing, signal), "NAME",
		"send this signal (INT, HUP, USR1 ...); TERM, as without this, ends all of the job, KILL at once", 0 },
	OPTION_ROWS_JOBS,
	{ "quiet", 'q', OPTION_FLAG, offsetof (struct job_settings, quiet), NULL, "print no errors", 0 },
	OPTION_ROWS_JOBS_MANY,
	OPTION_ROW_HELP,
	{ 0 },
};

/* The name of a signal without SIG. */
static const char *bare (const char *word)
{
	return strncmp (word, "SIG", 3) == 0 ? word + 3 : word;
}

static void add_args (struct remex_args *args, const struct job_settings *settings)
{
	const struct job_killing *kill = (const struct job_killing *)settings;

	if (kill->signal)
		remex_args_string (args, "signal", bare (kill->signal));
}

static int run_kill (const struct subcommand *command, struct command_line *line)
{
	const struct job_killing *kill = line->values;

	if (kill->signal && signal_parse (bare (kill->signal)) < 0)
		return usage_error (command,
			"no signal '%s' (examples: TERM, KILL, INT, HUP, QUIT, USR1, USR2, STOP, CONT)", kill->signal);
	return job_run (command, line, &(struct job_request){ "job.kill", add_args });
}

const struct subcommand cmd_job_kill = { "job kill", "ID...", "End jobs, or send them a signal", kill_options,
	WORDS_MIXED, -1, sizeof (struct job_killing), run_kill };
