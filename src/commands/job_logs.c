/* remex job logs - the output of jobs (remex(1)). */
#include "config.h"

#include <limits.h>
#include <stdio.h>

#include "commands/job.h"

struct job_reading {
	struct job_settings job;
	bool follow;
	long since;
	int streams;
};

enum log_streams { STREAMS_BOTH, STREAMS_STDOUT, STREAMS_STDERR };

static const struct option logs_options[] = {
	{ "follow", 'f', OPTION_FLAG, offsetof (struct job_reading, follow), NULL, "and what comes, until the job ends",
		0 },
	{ "since", 0, OPTION_NUMBER, offsetof (struct job_reading, since), "OFFSET",
		"begin at this byte of its output, counted from 0", LONG_MAX },
	{ "stdout", 0, OPTION_CHOICE, offsetof (struct job_reading, streams), NULL, "only its standard output",
		STREAMS_STDOUT },
	{ "stderr", 0, OPTION_CHOICE, offsetof (struct job_reading, streams), NULL, "only its standard error",
		STREAMS_STDERR },
	OPTION_ROW_RAW,
	OPTION_ROWS_JOBS,
	OPTION_ROWS_JOBS_VIEWS,
	OPTION_ROWS_JOBS_MANY,
	OPTION_ROW_HELP,
	{ 0 },
};

static void add_args (struct remex_args *args, const struct job_settings *settings)
{
	const struct job_reading *logs = (const struct job_reading *)settings;
	char number[32];

	if (logs->since) {
		snprintf (number, sizeof number, "%ld", logs->since);
		remex_args_json (args, "since", number);
	}
	if (logs->streams != STREAMS_BOTH)
		remex_args_string (args, "streams", logs->streams == STREAMS_STDOUT ? "stdout" : "stderr");
	if (logs->follow)
		remex_args_json (args, "follow", "true");
}

static int run_logs (const struct subcommand *command, struct command_line *line)
{
	return job_run (command, line, &(struct job_request){ "job.logs", add_args });
}

const struct subcommand cmd_job_logs = { "job logs", "ID...", "Print the output of jobs", logs_options, WORDS_MIXED, -1,
	sizeof (struct job_reading), run_logs };
