/* job_start - a call with the key `job` (doc/protocol.md, 16): it becomes a job, and ends as soon as the job runs.
 *
 *   ASKED      the supervisor makes the job's directory and its holder     --REC_JOB--> RECORDING, or KNOWN
 *   RECORDING  the start is written to the audit trail, with the job's id; nothing runs before that is done
 *   SENDING    the call is on its way to the holder                        --all of it is sent--> SENT
 *   SENT       the holder has the call: the job runs in a moment, whatever becomes of the client
 *                                                                          --HELLO: the job runs--> terminal message
 *   KNOWN      the key is that of a job, and nothing is started: its holder is asked whether its call has come
 *                                       --HELLO--> terminal message        --it never came: gone--> ASKED
 *
 * A client that goes before SENT has no job by this call: a holder ends without its call. Until then a reload checks the call like a
 * new one. In SENT neither a reload nor the end of the front takes the answer from it. Of the call only its text is kept,
 * which counts in the budget of the identity, and is freed when it is sent. A holder that says nothing is given up: it is a process
 * of the job's user, and so may be a job with a known key.
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
