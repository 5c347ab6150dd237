/* schedule - who gets a worker next, and what is to be done so that there is one.
 *
 * The scheduler picks the identity first and a worker second: it never prefers a request because a matching worker happens
 * to be idle. A worker belongs to one user, so a request may have to wait until a worker is made, or until an idle worker
 * of another user has left.
 *
 * Pure: it reads the queue, the pool and some numbers, and changes nothing. Whoever carries out a decision (dispatch.c)
 * changes the queue and the pool, so that the next decision is another one:
 *
 *   RUN     the waiter gets this idle worker             the waiter leaves the queue, the worker is busy
 *   ASK     a worker of its user has to be made          waiter->asked, pool->births
 *   EVICT   this idle worker of another user leaves      waiter->evicted, the worker is leaving
 *   RETIRE  this idle worker of its user leaves, because its user may have changed since it was made
 *   RENEW   the user that the waiter names is looked up again, because the user database has changed since
 *   WAIT    there is nothing to do before something changes
 *
 * A worker is given in the state of the user database in which it was made, and over TCP only in the state in which the
 * supervisor last let the identity act as that user: its user may have become somebody else's uid, who may have an idle
 * worker. Only the worker that was made for a request is given to it as it comes, and no later, however fast the database
 * changes.
 */
#ifndef REMEX_FRONT_SCHEDULE_H
#define REMEX_FRONT_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "front/pool.h"
#include "front/queue.h"

enum {
	FRONT_OWN_FDS = 24, /* what the loop, the log, the listeners and the supervisor's link take, with some room */
	FRONT_WORKER_FDS = 6, /* the link of a worker, and all streams that it can hand over (relay.h) */
};

enum schedule_action { SCHEDULE_WAIT, SCHEDULE_RUN, SCHEDULE_ASK, SCHEDULE_EVICT, SCHEDULE_RETIRE, SCHEDULE_RENEW };

struct schedule {
	const struct queue *queue;
	const struct pool *pool;
	bool shared; /* others than the administrators may call: shares apply */
	int running; /* ordinary requests that have a place of the pool's: from a worker to their terminal message */
	int affordable; /* how many workers the descriptors are enough for (schedule_affordable) */
	bool may_ask; /* false: the supervisor cannot be asked for a worker now */
	uint64_t users; /* the state of the user database now (base/userdb.h) */
	int64_t age_ms; /* what is older may be of another state of the user database; 0: no limit */
	int64_t now_ms;
	struct pooled *newborn; /* the worker that has just come, or NULL, */
	const struct waiter *newborn_for; /* and the waiter that it was made for; NULL: one that waits no more */
};

struct decision {
	enum schedule_action action;
	struct waiter *waiter; /* NULL: WAIT */
	struct pooled *worker; /* RUN, EVICT, RETIRE */
};

/* What is to be done next. */
struct decision schedule_next (const struct schedule *schedule);

/* How many workers may be there, where so many descriptors are left for them: at least one, at most the pool's maximum. */
int schedule_affordable (const struct pool *pool, int64_t fds);

/* May a worker that has served its request serve another? Else it leaves. */
bool schedule_keeps (const struct pool *pool, const struct pooled *worker);

#endif
