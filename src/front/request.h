/* request - one call, from its arrival to its only terminal message.
 *
 *   WAITING   in the queue                  --worker--> RUNNING
 *   RUNNING   a worker has it               --terminal record--> DRAINING (the worker is free)
 *                                           --deadline, cancel, lost client--> STOPPING
 *                                           --worker gone--> DRAINING (plugin_crashed)
 *   STOPPING  its tree is being killed      --worker gone--> DRAINING
 *   DRAINING  the rest of the command's pipes is delivered  --all out--> terminal message, freed
 *                                           --deadline, idle, stall, cancel, lost client--> terminal message, freed
 *
 * From RUNNING until it is freed, a request counts for its identity and has a place in the pool, with or without a
 * worker: it has descriptors until its output is delivered. A request that is recorded sends the call to its worker when the
 * recorder is ready (recording.h). If the front has decided a cause, a later record of the
 * worker does not change it. A request whose client is gone has no channel. It lives on until its worker is gone, and
 * counts until then. A request owns its relay, its timer, the copy of its header, and a reference to its identity.
 */
#ifndef REMEX_FRONT_REQUEST_H
#define REMEX_FRONT_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/link.h"
#include "front/pending_signals.h"
#include "front/pool.h"
#include "front/queue.h"
#include "front/recording.h"
#include "front/relay.h"
#include "front/trail.h"
#include "wire/call_limits.h"
#include "wire/codes.h"
#include "wire/session.h"

#define RETRY_AFTER 0.5 /* seconds, in a busy answer */

struct front;
struct gate_client;

enum request_state { REQUEST_WAITING, REQUEST_RUNNING, REQUEST_STOPPING, REQUEST_DRAINING };
enum cause {
	CAUSE_NONE,
	CAUSE_DEADLINE,
	CAUSE_IDLE,
	CAUSE_OUTPUT, /* it has sent as much output as it may */
	CAUSE_CANCEL,
	CAUSE_FLOW,
	CAUSE_NO_STREAMS,
	CAUSE_BROKEN, /* a stream of it, or its worker's link, has failed */
	CAUSE_STALL, /* its client takes too little of its output */
	CAUSE_SHUTDOWN,
	CAUSE_UNRECORDED, /* its recording could not begin: it has not run */
	CAUSE_RECORDING, /* its recording could not go on */
	CAUSE_DENIED, /* the rights of its identity have changed */
	CAUSE_LOST
};

struct request {
	struct list node; /* of the front's requests */
	struct list
		asking; /* of the front's asking: the supervisor owes an answer: its start is on record, or a worker */
	struct waiter waiter;
	struct front *front;
	const struct gate_client *client; /* NULL: the client is gone */
	int peer; /* the socket that proves the client's user to the supervisor; -1: there is none */
	struct channel *channel; /* the request is its owner (wire/session.h); NULL: the client is gone */
	struct identity *identity;
	struct verb_table *table; /* a reference to the table of the verb */
	const struct verb *verb;
	uint64_t number; /* given by the front, never reused */
	enum request_state state;
	enum cause cause;
	enum trail_state trail;
	int lines_sent, lines_written; /* lines about the start, for the audit trail */
	uid_t asked_uid; /* the user of the worker that the supervisor was asked for (waiter.asked) */
	bool tty; /* the command has a terminal, which is hung up at the command's end */
	struct pending_signals pending; /* the worker's link had no room for them */
	bool wait_output; /* after the command has ended by itself: wait until all processes have closed its output */
	bool counted; /* in identity->running, and in front->n_running if it is no control call */
	struct pooled *worker;
	struct relay relay;
	struct recording *recording; /* NULL: it is not recorded */
	struct timer *timer;
	struct call_limits limits; /* the strictest of the call, its identity and the configuration */
	int64_t started_ms, deadline_ms, late_ms;
	int64_t stall_ms, stall_bytes; /* the next check for a stall (0: none); bytes_out when its time began */

	bool nonsense; /* a record of its worker made no sense, and the log has a line about that */

	char *call; /* the header as it came, followed by the attachment; freed when it has been sent to the worker */
	size_t header_n, call_n, call_sent;
	char *kept; /* a copy of the header after `call` is freed, if the right to the call depends on the arguments */

	/* how the request ended, when that is known */
	bool failed;
	enum code code;
	enum outcome outcome;
	int number_of; /* exit status or signal */
	enum call_limit limit; /* the limit that ended its command, or the request */
	struct call_usage usage; /* of its command */
	int64_t survivors;
	int64_t ended_ms;
	char *text;
};

/* Make a request for a checked call. Its identity is referenced, and its deadline starts. NULL and err on failure. */
struct request *request_new (struct front *front, const struct gate_client *client, int peer, struct channel *channel,
	const struct verb *verb, uid_t uid, const struct message *message, struct err *err);

/* There is a new generation: check the verb, the arguments, the right to them and the user of a waiting request again.
 * 0, or -1 and err: refuse the request. */
int request_renew (struct request *request, struct err *err);

/* The user database has changed: look up the user of a waiting request again. 0, or -1 and err: refuse the request. */
int request_renew_user (struct request *request, struct err *err);

/* Do the rights of its identity no longer allow the call? Then a running request has to be stopped. */
bool request_forbidden (const struct request *request);

/* Run the request in an idle worker. */
void request_run (struct request *request, struct pooled *worker);

/* Handle a record of its worker. */
void request_record (struct request *request, struct packet *packet);

/* A worker is gone (see its gone_ members), and its link is read to the end: notify its request, forget the worker. */
void request_worker_gone (struct front *front, struct pooled *worker);

/* End the request for that reason. A waiting request is answered immediately, a running request when its worker is
 * gone. CAUSE_LOST: the client is gone, and there is no answer. */
void request_stop (struct request *request, enum cause cause);

/* End a waiting request with an error. */
void request_refuse (struct request *request, enum code code, const char *text, double retry_after);

/* The link of its worker takes records again. */
void request_writable (struct request *request);

/* There is room for output again: move all bytes that can move, and finish if all are delivered. */
void request_go (struct request *request);

#endif
