/* schedule - decides which request gets a worker next, and how a worker becomes available.
 *
 * The scheduler picks the identity first and a worker second: it never prefers a request because a matching worker
 * happens to be idle. A worker belongs to one user, so a request may have to wait until a worker is made, or until an
 * idle worker of another user has left.
 *
 * Pure: it reads the queue, the pool and some numbers, and changes nothing. dispatch.c carries out each decision and
 * changes the queue and the pool, so that the next decision is a different one:
 *
 *   RUN     the waiter gets this idle worker             the waiter leaves the queue, the worker is busy
 *   ASK     a worker of the waiter's user has to be made waiter->asked, pool->births
 *   EVICT   this idle worker of another user leaves      waiter->evicted, the worker is leaving
 *   RETIRE  this idle worker of its user leaves, because that user may have changed since the worker was made
 *   RENEW   the user that the waiter names is looked up again, because the user database has changed since
 *   WAIT    there is nothing to do until something changes
 *
 * A worker is given only while the user database is in the state in which the worker was made. Over TCP it must also be
 * in the state in which the supervisor last let the identity act as that user: the uid may belong to another person
 * now, who may have an idle worker. The only exception is the worker that was made for a request: the request gets it
 * at the moment when it comes, and not later, however fast the database changes.
 */
#ifndef REMEX_FRONT_SCHEDULE_H
#define REMEX_FRONT_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "front/pool.h"
#include "front/queue.h"

enum {
	FRONT_OWN_FDS = 24, /* for the loop, the log, the listeners and the supervisor's link, with some reserve */
	FRONT_WORKER_FDS =
		7, /* for the link of a worker, all streams that it can hand over (relay.h), and the recorder */
};

enum schedule_action { SCHEDULE_WAIT, SCHEDULE_RUN, SCHEDULE_ASK, SCHEDULE_EVICT, SCHEDULE_RETIRE, SCHEDULE_RENEW };

struct schedule {
	const struct queue *queue;
	const struct pool *pool;
	bool shared; /* not only administrators may make calls: shares apply */
	int running; /* ordinary requests with a place in the pool: from getting a worker to their terminal message */
	int affordable; /* the number of workers for which there are descriptors (schedule_affordable) */
	bool may_ask; /* false: the supervisor cannot be asked for a worker now */
	uint64_t users; /* the state of the user database now (base/userdb.h) */
	int64_t age_ms; /* after this time the user database may have changed without notice; 0: no limit */
	int64_t now_ms;
	struct pooled *newborn; /* the worker that has just come, or NULL */
	const struct waiter *newborn_for; /* the waiter for which it was made; NULL: that waiter waits no more */
};

struct decision {
	enum schedule_action action;
	struct waiter *waiter; /* NULL: WAIT */
	struct pooled *worker; /* RUN, EVICT, RETIRE */
};

/* The next decision. */
struct decision schedule_next (const struct schedule *schedule);

/* How many workers there may be, with `fds` descriptors for them: at least one, at most the pool's maximum. */
int schedule_affordable (const struct pool *pool, int64_t fds);

/* May a worker that has served its request serve another request? If not, it leaves. */
bool schedule_keeps (const struct pool *pool, const struct pooled *worker);

#endif
