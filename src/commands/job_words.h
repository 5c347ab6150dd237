/* job_words - the words that name jobs: HOST:ID, as `remex job start` prints it, or ID alone, for a job of the host of -w
 * or of this machine. Each job is a target of its own for the machinery of many hosts (cli/many.h), with the label HOST:ID.
 */
#ifndef REMEX_COMMANDS_JOB_WORDS_H
#define REMEX_COMMANDS_JOB_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/many.h"
#include "cli/subcommand.h"

struct job_host; /* a host that words name, with its target */

struct job_words {
	struct many_hosts hosts; /* a target for each job */
	struct job_host **known; /* n_known of them */
	size_t n_known;
};

/* Read the words of the command line. 0, or the exit status (the reason was reported). Then job_words_free, in both
 * cases. */
int job_words_read (struct job_words *words, const struct subcommand *command, const struct many_options *options,
	const struct command_line *line);
void job_words_free (struct job_words *words);

/* The id in the label of a target. */
const char *job_words_id (const struct host_target *target);

#endif
