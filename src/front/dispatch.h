/* dispatch - from calls to workers: a call is checked and joins the queue, and the decisions of the scheduler
 * (schedule.h) are carried out.
 */
#ifndef REMEX_FRONT_DISPATCH_H
#define REMEX_FRONT_DISPATCH_H

#include "base/link.h"
#include "wire/session.h"

struct front;
struct gate_client;

/* A client calls: the call is answered at once, or has an owner, a request or a builtin call. `peer` is the socket of a
 * Unix peer, which proves to the supervisor who that is, or -1. Both are good as long as the channel is. */
void dispatch_call (struct front *front, const struct gate_client *client, int peer, struct channel *channel,
	const struct message *message);

/* Do what can be done now for the requests that wait: give workers to them, ask for workers, make room. */
void dispatch_pump (struct front *front);

/* Answers of the supervisor (wire/records.h). AUDITED: the start of a request is in the audit trail, or could not be
 * written. BORN: a worker was made; NO_WORKER: none was. */
void dispatch_audited (struct front *front, struct packet *packet);
void dispatch_born (struct front *front, struct packet *packet);
void dispatch_no_worker (struct front *front, struct packet *packet);

#endif
