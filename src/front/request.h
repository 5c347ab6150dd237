/* request - one call from its arrival to its one terminal message.
 *
 *   WAITING   in the queue                  --worker--> RUNNING
 *   RUNNING   a worker has it               --terminal record--> DRAINING (the worker is free)
 *                                           --deadline, cancel, lost client--> STOPPING
 *                                           --worker gone--> DRAINING (plugin_crashed)
 *   STOPPING  its tree is being killed      --worker gone--> DRAINING
 *   DRAINING  what the command left in its pipes is delivered  --all out--> terminal message, freed
 *                                           --deadline, idle, stall, cancel, lost client--> terminal message, freed
 *
 * From RUNNING until it is freed, a request counts for its identity and has a place in the pool, with a worker or without
 * one: it has descriptors until its output is delivered.
 * If the front has decided a cause, a later record of the worker does not change it. A request whose client is gone has no
 * channel. It lives on until its worker is gone, and counts until then. A request owns its relay, its timer, the copy of its
 * header, and a reference to its identity.
 */
#ifndef REMEX_FRONT_REQUEST_H
#define REMEX_FRONT_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/link.h"
#include "front/pool.h"
#include "front/queue.h"
#include "front/relay.h"
#include "wire/session.h"
#include "front/trail.h"
#include "wire/codes.h"

#define RETRY_AFTER 0.5 /* seconds, in a busy answer */

struct front;
struct gate_client;

enum request_state { REQUEST_WAITING, REQUEST_RUNNING, REQUEST_STOPPING, REQUEST_DRAINING };
enum cause {
	CAUSE_NONE,
	CAUSE_DEADLINE,
	CAUSE_IDLE,
	CAUSE_CANCEL,
	CAUSE_FLOW,
	CAUSE_NO_STREAMS,
	CAUSE_BROKEN, /* a stream of it, or its worker's link, has failed */
	CAUSE_STALL, /* its client takes too little of its output */
	CAUSE_SHUTDOWN,
	CAUSE_DENIED, /* what its identity may do has changed */
	CAUSE_LOST
};

struct request {
	struct list node; /* of the front's requests */
	struct list
		asking; /* of the front's asking: the supervisor owes an answer, that its start is on record or a worker */
	struct waiter waiter;
	struct front *front;
	const struct gate_client *client; /* NULL: gone */
	int peer; /* the socket that proves to the supervisor who the client is; -1: there is none */
	struct channel *channel; /* which it owns (wire/session.h); NULL: the client is gone */
	struct identity *identity;
	struct verb_table *table; /* referenced: the one that verb is in */
	const struct verb *verb;
	uint64_t number; /* the front's own, never reused */
	enum request_state state;
	enum cause cause;
	enum trail_state trail;
	int lines_sent, lines_written; /* of its start, in the audit trail */
	uid_t asked_uid; /* the user of the worker that the supervisor was asked for (waiter.asked) */
	bool wait_output; /* once the command has ended by itself: until everybody has closed its output */
	bool counted; /* in identity->running, and in front->n_running where it is no control call */
	struct pooled *worker;
	struct relay relay;
	struct timer *timer;
	int64_t started_ms, deadline_ms, idle_limit_ms, late_ms;
	int64_t stall_ms, stall_bytes; /* when more than these must have gone out; 0: it does not matter */

	char *call; /* the header as it came, and then the attachment; freed when the worker has it */
	size_t header_n, call_n, call_sent;
	char *kept; /* the header again, once the worker has it, where the right to the call depends on the arguments */

	/* how it ended, once known */
	bool failed;
	enum code code;
	enum outcome outcome;
	int number_of; /* exit status or signal */
	int64_t survivors;
	int64_t ended_ms;
	char *text;
};

/* Make a request for a checked call. Its identity is referenced, and its deadline starts. NULL and err on failure. */
struct request *request_new (struct front *front, const struct gate_client *client, int peer, struct channel *channel,
	const struct verb *verb, uid_t uid, const struct message *message, struct err *err);

/* Forget the places of requests that are over (the front ends). */
void request_end_lingering (struct front *front);

/* A waiting request meets a new generation: its verb, its arguments, the right to them and its user are checked anew. 0,
 * or -1 and err: refuse it. */
int request_renew (struct request *request, struct err *err);

/* The user database has changed: a waiting request's user is looked up anew. 0, or -1 and err:
 * refuse it. */
int request_renew_user (struct request *request, struct err *err);

/* Would the call be refused now, by the rights of its identity? Then a running request has to be stopped. */
bool request_forbidden (const struct request *request);

/* Run the request in an idle worker. */
void request_run (struct request *request, struct pooled *worker);

/* Handle a record of its worker. */
void request_record (struct request *request, struct packet *packet);

/* A worker is gone (its gone_ members say how), and its link read to the end: its request is told, and it is forgotten. */
void request_worker_gone (struct front *front, struct pooled *worker);

/* End the request for that reason. A waiting request is answered at once, a running one when its worker is gone.
 * CAUSE_LOST: the client is gone, and nothing is answered. */
void request_stop (struct request *request, enum cause cause);

/* End a waiting request with an error. */
void request_refuse (struct request *request, enum code code, const char *text, double retry_after);

/* The link of its worker takes records again. */
void request_writable (struct request *request);

/* There is room for output again: move what can be moved, and finish if all is delivered. */
void request_go (struct request *request);

#endif
