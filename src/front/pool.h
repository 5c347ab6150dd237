/* pool - the workers as the front knows them: by serial, each of one user, idle or busy, never by pid.
 *
 * A worker is IDLE (in the list of idle ones, the least recently used first), BUSY (a request has it), LEAVING
 * (released) or STOPPING (its tree is being killed) until the supervisor reports that it is gone. It counts until then. The pool owns the links and the watches on them; who gets which worker is decided by the scheduler
 * (schedule.h).
 */
#ifndef REMEX_FRONT_POOL_H
#define REMEX_FRONT_POOL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/link.h"
#include "base/list.h"
#include "loop/loop.h"
#include "wire/records.h"

struct request;
struct waiter;

enum worker_phase { WORKER_IDLE, WORKER_BUSY, WORKER_LEAVING, WORKER_STOPPING };

struct pooled {
	struct list node; /* of all workers */
	struct list idle; /* of idle ones */
	struct pool *pool;
	uint64_t serial;
	uid_t uid;
	int generation; /* of the configuration and the plugins that it has loaded */
	struct worker_birthday birthday;
	int link;
	struct watch *watch;
	enum worker_phase phase;
	struct request *request; /* BUSY and STOPPING: the one that it has; NULL when that one has been forgotten */
	const struct waiter *waiter; /* of the same request */
	bool ready; /* it has loaded its plugins */
	bool paused; /* its link is not read for now */
	bool full; /* its link was full: on_writable is called when it is not */
	bool gone; /* the supervisor said so; what its link holds is still being read */
	int gone_how, gone_n; /* enum gone, and its status or signal */
	int64_t survivors;
	int served; /* requests */
	int64_t resident; /* bytes, as it last said */
};

/* What the owner of the pool is told and does; `arg` is pool->arg. */
struct pool_ops {
	void (*on_record) (
		void *arg, struct pooled *worker, struct packet *packet); /* the descriptors are the packet's */
	void (*on_writable) (void *arg, struct pooled *worker); /* its link takes records again */
	void (*on_broken) (
		void *arg, struct pooled *worker); /* its link has failed, though it may live: it has to go */
	void (*release) (void *arg, uint64_t serial); /* have it leave */
	void (*stop) (void *arg, uint64_t serial, int64_t grace_ms); /* have it stopped, and all beneath it */
};

struct pool {
	uv_loop_t *loop;
	struct list all, idle;
	int max; /* ordinary workers */
	int generation; /* of workers that come now */
	int n, births; /* known ones; asked for and not answered */
	int leaving; /* of the known ones, in that phase */
	int requests; /* a worker is replaced after so many; 0: never */
	const struct pool_ops *ops;
	void *arg;
};

/* `ops` may be NULL for a pool whose workers have no links. */
void pool_init (struct pool *pool, uv_loop_t *loop, int max, int requests, const struct pool_ops *ops, void *arg);
void pool_free (struct pool *pool);

/* A worker was born, then; the link is the pool's from now on. NULL without memory (the link is closed). */
struct pooled *pool_add (
	struct pool *pool, uint64_t serial, uid_t uid, const struct worker_birthday *birthday, int link);
struct pooled *pool_find (const struct pool *pool, uint64_t serial);

/* Read what the link of a worker that is gone still holds: true when that was all, false when it was paused before. */
bool pool_drain (struct pooled *worker);

/* Forget a worker that is gone. */
void pool_remove (struct pooled *worker);

void pool_set_phase (struct pooled *worker, enum worker_phase phase);

/* An idle worker leaves; a worker is stopped, and all beneath it. */
void pool_release (struct pooled *worker);
void pool_stop (struct pooled *worker, int64_t grace_ms);

/* Stop and go on reading a worker's link: while its output cannot be taken. */
void pool_pause (struct pooled *worker, bool pause);

/* Send a worker a record without waiting for it, as link_send does. -1 with EAGAIN when its link is full: on_writable
 * tells when to try again. */
int pool_send (struct pooled *worker, struct record *record, const void *bytes, size_t n);

#endif
