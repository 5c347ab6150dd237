/* remex job wait - wait for the end of jobs; the exit status is theirs (remex(1)). */
#include "config.h"

#include "commands/job.h"

static const struct option wait_options[] = {
	OPTION_ROWS_JOBS,
	{ "quiet", 'q', OPTION_FLAG, offsetof (struct job_settings, quiet), NULL,
		"do not say how they ended: the exit status does", 0 },
	OPTION_ROWS_JOBS_MANY,
	OPTION_ROW_HELP,
	{ 0 },
};

static int run_wait (const struct subcommand *command, struct command_line *line)
{
	return job_run (command, line, &(struct job_request){ "job.wait", NULL });
}

const struct subcommand cmd_job_wait = { "job wait", "ID...", "Wait for the end of jobs, and exit with their status",
	wait_options, WORDS_MIXED, -1, sizeof (struct job_settings), run_wait };
