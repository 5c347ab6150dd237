/* pool - the workers as the front knows them: by serial and never by pid, each of one user, idle or busy.
 *
 * A worker is IDLE (in the list of idle workers, the least recently used first), BUSY (a request has it), LEAVING
 * (released) or STOPPING (its tree is being killed) until the supervisor reports that it is gone. It counts until then.
 * The pool owns the links and the watches on them. The scheduler (schedule.h) decides which request gets which worker.
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
	struct list idle; /* of idle workers */
	struct pool *pool;
	uint64_t serial;
	uid_t uid;
	int generation; /* of the configuration and the plugins that it has loaded */
	struct worker_birthday birthday;
	int link;
	struct watch *watch;
	enum worker_phase phase;
	struct request *request; /* BUSY and STOPPING: its request; NULL when that request has been forgotten */
	const struct waiter *waiter; /* of the same request */
	bool ready; /* the worker has loaded its plugins */
	bool paused; /* the link is not read for now */
	bool broken; /* the link is not read any more */
	struct identity *identity; /* of the request that it has, or had when it was lost; a reference, or NULL */
	bool full; /* the link was full: on_writable is called when there is room */
	bool gone; /* the supervisor has reported that the worker is gone; the rest of its link is still being read: */
	size_t unread; /* so many bytes of records */
	int gone_how, gone_n; /* enum gone, and the status or signal */
	int64_t survivors;
	int served; /* requests */
	int64_t resident; /* bytes, as the worker last reported */
};

/* Calls of the pool to its owner; `arg` is pool->arg. */
struct pool_ops {
	void (*on_record) (
		void *arg, struct pooled *worker, struct packet *packet); /* the packet owns the descriptors */
	void (*on_writable) (void *arg, struct pooled *worker); /* its link takes records again */
	void (*on_broken) (
		void *arg, struct pooled *worker); /* its link has failed; the worker may live, and has to go */
	/* Close a descriptor that the worker may hold too: its link, whose unread records may have descriptors. */
	void (*close) (void *arg, struct pooled *worker, int *fd);
	void (*release) (void *arg, uint64_t serial); /* let the worker leave */
	void (*stop) (void *arg, uint64_t serial, int64_t grace_ms); /* stop the worker and all processes beneath it */
};

struct pool {
	uv_loop_t *loop;
	struct list all, idle;
	int max; /* ordinary workers */
	int generation; /* of new workers */
	int n, births; /* known workers; workers that the supervisor was asked for and has not answered */
	int leaving; /* known workers in phase LEAVING */
	int requests; /* a worker is replaced after this number of requests; 0: never */
	const struct pool_ops *ops;
	void *arg;
};

/* `ops` may be NULL for a pool whose workers have no links. */
void pool_init (struct pool *pool, uv_loop_t *loop, int max, int requests, const struct pool_ops *ops, void *arg);
void pool_free (struct pool *pool);

/* Add a new worker with its birthday. The pool owns the link from now on. NULL without memory (the link is closed). */
struct pooled *pool_add (
	struct pool *pool, uint64_t serial, uid_t uid, const struct worker_birthday *birthday, int link);
struct pooled *pool_find (const struct pool *pool, uint64_t serial);

/* The supervisor has reported that the worker is gone. The records that its link holds now are all that it has sent.
 * Other processes may hold the other end, and go on writing. */
void pool_gone (struct pooled *worker);

/* Read the rest of the link of a worker that is gone. True: all was read. False: the worker was paused first. */
bool pool_drain (struct pooled *worker);

/* Forget a worker that is gone. */
void pool_remove (struct pooled *worker);

void pool_set_phase (struct pooled *worker, enum worker_phase phase);

/* Let an idle worker leave; stop a worker and all processes beneath it. */
void pool_release (struct pooled *worker);
void pool_stop (struct pooled *worker, int64_t grace_ms);

/* The worker has sent what no worker sends: its link is not read any more, and on_broken is called. */
void pool_break (struct pooled *worker);

/* Stop (`pause`) or continue reading a worker's link. It is paused while its output cannot be taken. */
void pool_pause (struct pooled *worker, bool pause);

/* Send a record to a worker without waiting, as link_send does. -1 with EAGAIN: the link is full; try again when
 * on_writable is called. */
int pool_send (struct pooled *worker, struct record *record, const void *bytes, size_t n);

#endif
