/* dispatch - from calls to workers: it checks a call and adds it to the queue, and carries out the decisions of the
 * scheduler (schedule.h).
 */
#ifndef REMEX_FRONT_DISPATCH_H
#define REMEX_FRONT_DISPATCH_H

#include "base/link.h"
#include "wire/session.h"

struct front;
struct gate_client;

/* A client makes a call. The call is answered immediately, or gets an owner: a request or a builtin call. `peer` is the
 * socket of a Unix peer, which proves the peer's user to the supervisor, or -1. `client` and `peer` must be valid as
 * long as the channel is. */
void dispatch_call (struct front *front, const struct gate_client *client, int peer, struct channel *channel,
	const struct message *message);

/* Serve the waiting requests as far as possible now: give them workers, ask for workers, make room. */
void dispatch_pump (struct front *front);

/* Answers of the supervisor (wire/records.h). AUDITED: the start of a request is in the audit trail, or could not be
 * written. BORN: a worker was made; NO_WORKER: none was. */
void dispatch_audited (struct front *front, struct packet *packet);
void dispatch_born (struct front *front, struct packet *packet);
void dispatch_recorder (struct front *front, struct packet *packet);
void dispatch_no_worker (struct front *front, struct packet *packet);

#endif
