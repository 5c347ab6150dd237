/* queue - requests that wait for a worker: bounded in number and bytes, fair between identities.
 * The first call fits whatever its size (the protocol bounds it), so that no call is refused for ever.
 *
 * Identities take turns; within one, first come, first served. An identity may hold a quarter of the queue (rounded up)
 * where shares apply. Control calls wait apart, before all others: at most QUEUE_CONTROL, of which one identity may have a
 * quarter and a reserve is kept for the administrators (share.h).
 * Nothing is owned: a waiter is embedded in its request.
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
	uid_t uid; /* the user whose worker is to run it */
	size_t bytes;
	int64_t since_ms; /* when it came */
	bool control;

	/* what the scheduler looks at (schedule.h) */
	uint64_t
		users; /* the state of the user database in which the user that it names was looked up; 0: it names none */
	bool unrecorded; /* its start is not in the audit trail yet */
	bool asked; /* the supervisor was asked for a worker for it */
	uint64_t evicted; /* the serial of the idle worker that was released for it; 0: none */
};

struct queue {
	struct list turns; /* of identities that have ordinary waiters, the next one first */
	struct list control_turns; /* likewise of those that have control calls */
	int length, max;
	size_t bytes, max_bytes;
	int control_length;
	bool shared; /* shares apply */
};

void queue_init (struct queue *queue, int max, size_t max_bytes, bool shared);

/* Join the end of the identity's line; 0, or -1 when the queue (or the identity's share of it) is full: *limit is then
 * which, in words. */
int queue_join (struct queue *queue, struct waiter *waiter, const char **limit);

/* Leave the queue: to run, or because the request has ended. */
void queue_leave (struct queue *queue, struct waiter *waiter);

/* The first waiter of the identity whose turn comes after that of `after` (NULL: the first turn). Control calls come before
 * all others. NULL: there is no further identity. */
struct waiter *queue_next (const struct queue *queue, const struct waiter *after);

/* The waiter has left the queue and runs: the next turn of its identity comes after those of all others. */
void queue_served (struct queue *queue, const struct waiter *waiter);

/* How long the longest waiting request has waited, in milliseconds; 0 when none does. */
int64_t queue_oldest (const struct queue *queue, int64_t now_ms);

#endif
