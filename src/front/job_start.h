/* job_start - a call with the key `job` (doc/protocol.md, 16): it becomes a job, and ends as soon as the job runs.
 *
 *   ASKED      the supervisor makes the job's directory and its holder     --REC_JOB--> RECORDING
 *   RECORDING  the start is written to the audit trail, with the job's id; nothing runs before that is done
 *   SENDING    the call is on its way to the holder                        --HELLO: the job runs--> terminal message
 *
 * A client that goes before SENDING has no job: the holder ends without its call. A known key starts nothing: the holder of
 * that job is asked whether its call has come, and if it never came, the job is forgotten and the call starts over.
 */
#ifndef REMEX_FRONT_JOB_START_H
#define REMEX_FRONT_JOB_START_H

#include <sys/types.h>

#include "wire/session.h"
#include "wire/verbs.h"

struct front;
struct gate_client;

/* Take a call with the key `job` that was checked, and that its identity may make as the user `uid`. The rights to jobs are
 * checked here. */
void job_start_call (struct front *front, const struct gate_client *client, int peer, struct channel *channel,
	const struct verb *verb, uid_t uid, const struct message *message);

#endif
