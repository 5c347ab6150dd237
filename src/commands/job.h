/* job - the frame of the subcommands of `remex job`, each of which is a file: the options that name jobs, and one call
 * about each of some jobs. job.c has the table.
 */
#ifndef REMEX_COMMANDS_JOB_H
#define REMEX_COMMANDS_JOB_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/many.h"
#include "cli/subcommand.h"
#include "commands/job_words.h"

extern const struct subcommand cmd_job_start, cmd_job_list, cmd_job_logs, cmd_job_attach, cmd_job_peek, cmd_job_wait,
	cmd_job_kill, cmd_job_remove;

/* The options of a subcommand that names jobs; its own struct begins with this one. */
struct job_settings {
	struct remex_options options;
	struct many_options many;
	int format;
	bool quiet;
	bool raw;
};

#define OPTION_ROWS_JOBS \
	OPTION_ROW_HOSTS ("the host of an ID that names none; local without this"), \
		{ "via", 0, OPTION_TEXT, offsetof (struct job_settings, many.via), "GATEWAY", \
			"connect to the hosts from there: ssh://[USER@]HOST[:PORT]", 0 }, \
		{ "proxy", 0, OPTION_TEXT, offsetof (struct job_settings, many.proxy), "CMD", \
			"reach each host by this command ('ssh -W %h:%p gateway')", 0 }, \
	{ \
		"connect-timeout", 0, OPTION_SECONDS, offsetof (struct job_settings, many.connect_timeout), "SEC", \
			"try to reach each host for this time (10)", 0 \
	}
#define OPTION_ROWS_JOBS_MANY \
	{ "window", 0, OPTION_COUNT, offsetof (struct job_settings, many.window), "COUNT", \
		"at most this many jobs at once (64)", MANY_WINDOW_MAX }, \
		{ "no-status", 0, OPTION_FLAG, offsetof (struct job_settings, many.no_status), NULL, \
			"no status line at the terminal", 0 }, \
		{ "timeout", 'u', OPTION_SECONDS, offsetof (struct job_settings, options.deadline), "SEC", \
			"give up on an answer after this time (30, 1.5, 5m)", 0 }, \
		OPTION_ROW_JSON (struct job_settings, \
			"print a JSON object with the whole result, at the end; of many jobs an array"), \
		OPTION_ROW_JSONL (struct job_settings, "the same, on one line; of many jobs a line as each ends")
#define OPTION_ROW_RAW \
	{ \
		"raw", 0, OPTION_FLAG, offsetof (struct job_settings, raw), NULL, \
			"at a terminal: its control characters, too, as they came", 0 \
	}
#define OPTION_ROWS_JOBS_VIEWS OPTION_ROWS_VIEWS (struct job_settings)

/* A call about each job that the words name. */
struct job_request {
	const char *call; /* "job.wait" */
	void (*add_args) (struct remex_args *args, const struct job_settings *settings); /* beside the id; NULL: none */
};

/* Read the words and make the call. Output goes to ours, as that of `remex run` does. The exit status. */
int job_run (const struct subcommand *command, struct command_line *line, const struct job_request *request);

/* The arguments of a call about the job of this target, as text in new memory; NULL: out of memory. */
char *job_args (
	const struct host_target *target, const struct job_settings *settings, const struct job_request *request);

#endif
