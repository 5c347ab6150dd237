/* remex job peek - the last screenful of jobs, without attaching (remex(1)). */
#include "config.h"

#include "commands/job.h"

static const struct option peek_options[] = {
	OPTION_ROW_RAW,
	OPTION_ROWS_JOBS,
	OPTION_ROWS_JOBS_VIEWS,
	OPTION_ROWS_JOBS_MANY,
	OPTION_ROW_HELP,
	{ 0 },
};

static int run_peek (const struct subcommand *command, struct command_line *line)
{
	return job_run (command, line, &(struct job_request){ "job.peek", NULL });
}

const struct subcommand cmd_job_peek = { "job peek", "ID...", "Print the last screenful of jobs", peek_options,
	WORDS_MIXED, -1, sizeof (struct job_settings), run_peek };
