/* queue - requests that wait for a worker: bounded in number and bytes, fair between identities.
 * An empty queue takes a call of any size (the protocol bounds it), so that every call can be made at some time.
 *
 * Identities take turns; the calls of one identity are served in the order of arrival. When shares apply, an identity
 * may hold a quarter of the queue (rounded up). Control calls wait in a separate queue and come before all others.
 * There are at most QUEUE_CONTROL of them; one identity may have a quarter, and a reserve is kept for the
 * administrators (share.h). The queue owns nothing: a waiter is embedded in its request.
 */
#ifndef REMEX_FRONT_QUEUE_H
#define REMEX_FRONT_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/list.h"
#include "gate/access.h"

enum { QUEUE_CONTROL = 32 };

struct waiter {
	struct list node;
	struct identity *identity;
	uid_t uid; /* the user whose worker is to run the request */
	size_t bytes;
	int64_t since_ms; /* time of arrival */
	bool control;

	/* for the scheduler (schedule.h) */
	uint64_t
		users; /* the state of the user database when the named user was looked up; 0: the call names no user */
	bool unrecorded; /* the start is not in the audit trail yet */
	bool asked; /* the supervisor was asked for a worker for this request */
	uint64_t evicted; /* the serial of the idle worker that was released for this request; 0: none */
};

struct queue {
	struct list turns; /* of identities that have ordinary waiters, the next identity first */
	struct list control_turns; /* likewise of identities that have control calls */
	int length, max;
	size_t bytes, max_bytes;
	int control_length;
	bool shared; /* shares apply */
};

void queue_init (struct queue *queue, int max, size_t max_bytes, bool shared);

/* Join the end of the identity's line. 0; or -1 when the queue, or the identity's share of it, is full: *limit then
 * names the limit in words. */
int queue_join (struct queue *queue, struct waiter *waiter, const char **limit);

/* Leave the queue: to run, or because the request has ended. */
void queue_leave (struct queue *queue, struct waiter *waiter);

/* The first waiter of the next identity after that of `after` (NULL: of the first identity). Control calls come before
 * all others. NULL: there is no further identity. */
struct waiter *queue_next (const struct queue *queue, const struct waiter *after);

/* The waiter has left the queue and runs: its identity now takes its next turn after all other identities. */
void queue_served (struct queue *queue, const struct waiter *waiter);

/* How long the oldest waiting request has waited, in milliseconds; 0: no request waits. */
int64_t queue_oldest (const struct queue *queue, int64_t now_ms);

#endif
