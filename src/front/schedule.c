/* schedule - see schedule.h. */
#include "config.h"

#include "conf/config.h"
#include "front/schedule.h"

/* --- the pool ---------------------------------------------------------------------------------------------------- */

/* The idle worker of that user that was used last (its memory is warm), or NULL. */
static struct pooled *idle_of (const struct pool *pool, uid_t uid)
{
	for (struct list *node = pool->idle.prev; node != &pool->idle; node = node->prev) {
		struct pooled *worker = list_entry (node, struct pooled, idle);

		if (worker->uid == uid)
			return worker;
	}
	return NULL;
}

/* The least recently used idle worker of any user, or NULL. */
static struct pooled *oldest_idle (const struct pool *pool)
{
	return list_empty (&pool->idle) ? NULL : list_entry (pool->idle.next, struct pooled, idle);
}

static int count_idle (const struct pool *pool)
{
	const struct list *node;
	int n = 0;

	for (node = pool->idle.next; node != &pool->idle; node = node->next)
		n++;
	return n;
}

/* How many workers of that user have been told to leave and are still there. */
static int count_leaving (const struct pool *pool, uid_t uid)
{
	const struct pooled *worker;
	int n = 0;

	if (pool->leaving)
		list_each (worker, &pool->all, node)
			n += worker->phase == WORKER_LEAVING && worker->uid == uid;
	return n;
}

static bool has_control (const struct pooled *worker)
{
	return worker->waiter && worker->waiter->control;
}

/* Is the user database still in the state `users`, which it had at the time `ms`? */
static bool is_current (const struct schedule *schedule, uint64_t users, int64_t ms)
{
	return users == schedule->users && (!schedule->age_ms || schedule->now_ms - ms <= schedule->age_ms);
}

int schedule_affordable (const struct pool *pool, int64_t fds)
{
	int64_t n = fds / FRONT_WORKER_FDS;

	return n < 1 ? 1 : n < pool->max ? (int)n : pool->max;
}

bool schedule_keeps (const struct pool *pool, const struct pooled *worker)
{
	bool enough = pool->requests && worker->served >= pool->requests;

	return !enough && pool->n <= pool->max && worker->generation == pool->generation;
}

/* --- shares ------------------------------------------------------------------------------------------------------ */

/* Has the identity used its share of the pool, three quarters rounded up? A worker that was told to leave counts until
 * it is gone: its user could stop it (SIGSTOP), and it would keep the place of another worker. */
static bool over_share (const struct schedule *schedule, const struct identity *identity)
{
	int share = (3 * schedule->pool->max + 3) / 4;

	return schedule->shared && (identity->running >= share ||
					   identity->running + count_leaving (schedule->pool, identity->uid) >= share);
}

/* Does a control call of that identity run? */
static bool control_runs (const struct schedule *schedule, const struct identity *identity)
{
	const struct pooled *worker;

	list_each (worker, &schedule->pool->all, node)
		if (has_control (worker) && worker->waiter->identity == identity)
			return true;
	return false;
}

/* Does a control call of the administrators (or of the others) have a worker, or has one been asked for? */
static bool control_holds (const struct schedule *schedule, bool administrators)
{
	const struct pooled *worker;
	const struct waiter *waiter;

	list_each (worker, &schedule->pool->all, node)
		if (has_control (worker) && worker->waiter->identity->full == administrators)
			return true;
	for (waiter = queue_next (schedule->queue, NULL); waiter && waiter->control;
		waiter = queue_next (schedule->queue, waiter))
		if (waiter->asked && waiter->identity->full == administrators)
			return true;
	return false;
}

/* How many workers there may be, including a worker for the waiter. Besides the ordinary workers there is one for
 * control calls, and one more for control calls of administrators only. An ordinary call must not wait for these two: a
 * sequence of control calls would delay it without end. */
static int most_workers (const struct schedule *schedule, const struct waiter *waiter)
{
	bool control = waiter->control;

	if (control && waiter->identity->full)
		return schedule->affordable + (schedule->shared ? CONTROL_WORKERS : 1);
	return schedule->affordable + (control || control_holds (schedule, false)) + control_holds (schedule, true);
}

/* Must the waiter let others go first? Control calls come first and could take every worker. So each identity may run
 * one at a time; for an administrator this applies only while ordinary calls wait. */
static bool stands_back (const struct schedule *schedule, const struct waiter *waiter)
{
	if (waiter->control)
		return (schedule->queue->length || !waiter->identity->full) &&
		       control_runs (schedule, waiter->identity);
	return over_share (schedule, waiter->identity);
}

/* --- decisions --------------------------------------------------------------------------------------------------- */

/* An idle worker for the waiter: the worker made for it, or a worker that has to be current. NULL: there is none. */
static struct pooled *idle_for (const struct schedule *schedule, const struct waiter *waiter)
{
	const struct identity *identity = waiter->identity;
	struct pooled *worker = schedule->newborn;

	if (worker && waiter == schedule->newborn_for && worker->phase == WORKER_IDLE && worker->uid == waiter->uid)
		return worker;
	if (identity->remote && !is_current (schedule, identity->proved_users, identity->proved_ms))
		return NULL;
	worker = idle_of (schedule->pool, waiter->uid);
	/* A new worker that is not current is only for the waiter for which it was made. */
	if (worker && worker == schedule->newborn &&
		!is_current (schedule, worker->birthday.users, worker->birthday.ms))
		return NULL;
	return worker;
}

static struct decision decide (const struct schedule *schedule, struct waiter *waiter)
{
	const struct decision wait = { .action = SCHEDULE_WAIT };
	const struct pool *pool = schedule->pool;
	struct pooled *worker;
	int most, n = pool->n + pool->births;

	if (waiter->unrecorded)
		return wait; /* no call runs before its start is on record */
	/* A request whose output waits for its client counts: it has descriptors. Control calls do not count. */
	if (!waiter->control && schedule->running >= schedule->affordable)
		return wait;
	if (waiter->users && waiter->users != schedule->users)
		return (struct decision){ SCHEDULE_RENEW, waiter, NULL };
	worker = idle_for (schedule, waiter);
	if (worker && worker != schedule->newborn &&
		!is_current (schedule, worker->birthday.users, worker->birthday.ms))
		return (struct decision){ SCHEDULE_RETIRE, waiter, worker };
	if (worker)
		return (struct decision){ SCHEDULE_RUN, waiter, worker };
	if (waiter->asked)
		return wait;
	most = most_workers (schedule, waiter);
	if (n < most)
		return schedule->may_ask ? (struct decision){ SCHEDULE_ASK, waiter, NULL } : wait;
	/* For each waiter, one worker leaves at a time. If another waiter takes the place, the next one leaves. */
	if (n - count_idle (pool) < most && !pool_find (pool, waiter->evicted) && (worker = oldest_idle (pool)))
		return (struct decision){ SCHEDULE_EVICT, waiter, worker };
	return wait;
}

struct decision schedule_next (const struct schedule *schedule)
{
	struct decision decision = { .action = SCHEDULE_WAIT };
	struct waiter *waiter;

	for (waiter = queue_next (schedule->queue, NULL); waiter && decision.action == SCHEDULE_WAIT;
		waiter = queue_next (schedule->queue, waiter))
		if (!stands_back (schedule, waiter))
			decision = decide (schedule, waiter);
	return decision;
}
