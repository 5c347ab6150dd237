/* remex job remove - forget jobs that have ended, with their output (remex(1)). */
#include "config.h"

#include "commands/job.h"

static const struct option remove_options[] = {
	OPTION_ROWS_JOBS,
	{ "quiet", 'q', OPTION_FLAG, offsetof (struct job_settings, quiet), NULL, "print no errors", 0 },
	OPTION_ROWS_JOBS_MANY,
	OPTION_ROW_HELP,
	{ 0 },
};

static int run_remove (const struct subcommand *command, struct command_line *line)
{
	return job_run (command, line, &(struct job_request){ "job.remove", NULL });
}

const struct subcommand cmd_job_remove = { "job remove", "ID...", "Forget jobs that have ended, with their output",
	remove_options, WORDS_MIXED, -1, sizeof (struct job_settings), run_remove };
