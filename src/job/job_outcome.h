/* job_outcome - how a job has ended, and the line about it in the file `outcome` (holder.h has its form). */
#ifndef REMEX_JOB_JOB_OUTCOME_H
#define REMEX_JOB_JOB_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "job/holder.h"
#include "proc/cgroup.h"
#include "wire/codes.h"
#include "wire/done.h"

struct job_outcome {
	bool failed; /* `code` and `text` count, else `done`, whose message is `text` */
	enum code code;
	struct done done;
	char text[512]; /* as the worker has sent it */
	int64_t left; /* processes that live on */
	int64_t bytes, cut, input;
	const char *recording; /* "complete", "cut"; NULL: it is not recorded */
};

/* Name the limit of memory or processes that has ended the job, where its cgroup has counted that: a command that was killed, or
 * has failed, and had too much of one. Other outcomes stay. A worker that was killed for its command's memory has not crashed. */
void job_outcome_name_limit (
	struct job_outcome *outcome, const struct call_limits *limits, const struct cgroup_events *events);

/* Make the line: with its newline, in `line`. rusage is that of all children of this process that were waited for. Returns its
 * length. */
size_t job_outcome_line (const struct job_outcome *outcome, char line[HOLDER_OUTCOME_MAX + 1]);

/* Have the file system keep room for the line, so that a full disk does not take the outcome. */
void job_outcome_reserve (int fd);

/* Write the line and sync it. 0, or -1 with errno; then it may be tried again. */
int job_outcome_write (int fd, const char *line, size_t n);

/* Read the line of a job that has ended. Its length; 0: there is none. */
size_t job_outcome_read (int fd, char line[HOLDER_OUTCOME_MAX + 1]);

#endif
