/* job_reply - what all calls about jobs (doc/protocol.md, 13) have in common: what the stream `job` says, the id of a job
 * that was started, and the words for hosts that have no jobs.
 */
#ifndef REMEX_CLI_JOB_REPLY_H
#define REMEX_CLI_JOB_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "remex/client.h"

enum { JOB_ID_LENGTH = 12 };

/* A call about a job, from its start to its end. */
struct job_reply {
	char id[JOB_ID_LENGTH + 1]; /* "" until it is known */
	bool begun; /* the first line of the stream `job` has come: */
	int64_t offset; /* of the first byte of output that comes */
	int64_t input; /* bytes of input that the job has taken */
	bool tty; /* the job has a terminal, of this size: */
	int rows, cols;
	int64_t cut; /* bytes of output that are missing, since the caller has set this to 0 */
	char *warning; /* of a start; NULL: none */
	struct buf line; /* of the stream, without its newline */
};

void job_reply_init (struct job_reply *job);
void job_reply_free (struct job_reply *job);

/* Is this the name of a call about jobs ("job.list")? No command of ours runs in it. */
bool job_verb_is (const char *name);

/* Is the text the id of a job: 12 characters of a-z and 2-7? */
bool job_id_is (const char *text);

/* n bytes of the stream `job`. 0, or -1: they are malformed. */
int job_reply_take (struct job_reply *job, const void *bytes, size_t n);

/* A call that starts a job is over: find the id. 0, or -1: there is none. */
int job_reply_started (struct job_reply *job, const struct remex_result *result);

/* If the host has refused the call because it has no jobs: the words for that. NULL: it was something else. */
const char *job_reply_refusal (const char *name, bool starts, const struct remex_result *result);

#endif
