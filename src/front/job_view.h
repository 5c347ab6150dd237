/* job_view - the calls about jobs that exist (doc/protocol.md, 16): job.list, attach, logs, peek, wait, kill, remove.
 *
 *   list, remove       the supervisor answers
 *   the others         the supervisor gives a connection to the job's holder, and then:
 *
 *   OPENING    --HELLO--> FLOWING    --END--> terminal message
 *   FLOWING    --the connection ends--> OPENING again, behind the output that has come: the job has just ended, and its files
 *              are read from then on; or it is lost
 */
#ifndef REMEX_FRONT_JOB_VIEW_H
#define REMEX_FRONT_JOB_VIEW_H

#include "wire/session.h"
#include "wire/verbs.h"

struct front;
struct gate_client;

/* Take a call of a built-in verb, whose arguments were checked and which its identity may make. */
void job_view_call (struct front *front, const struct gate_client *client, int peer, struct channel *channel,
	const struct verb *verb, const struct message *message);

#endif
