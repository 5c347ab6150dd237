/* pool - see pool.h. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "front/pool.h"
#include "gate/access.h"

enum { BURST = 16 }; /* records read in a row before the loop looks at others; see also pool_drain */

void pool_init (struct pool *pool, uv_loop_t *loop, int max, int requests, const struct pool_ops *ops, void *arg)
{
	*pool = (struct pool){ .loop = loop, .max = max, .requests = requests, .ops = ops, .arg = arg };
	list_init (&pool->all);
	list_init (&pool->idle);
}

static void forget (struct pooled *worker)
{
	list_remove (&worker->node);
	list_remove (&worker->idle);
	watch_free (&worker->watch);
	if (worker->pool->ops)
		worker->pool->ops->close (worker->pool->arg, worker, &worker->link);
	fd_close (&worker->link);
	identity_release (worker->identity);
	worker->pool->n--;
	worker->pool->leaving -= worker->phase == WORKER_LEAVING;
	free (worker);
}

void pool_free (struct pool *pool)
{
	struct pooled *worker, *after;

	list_each_safe (worker, after, &pool->all, node)
		forget (worker);
}

/* The link has failed, with errno. If the other end is closed, the worker is dead: the supervisor will report it. */
static void fail (struct pooled *worker)
{
	int saved = errno;

	if (saved != EPIPE && saved != ECONNRESET && !worker->gone)
		worker->pool->ops->on_broken (worker->pool->arg, worker);
	errno = saved;
}

/* Read one record. Returns its size; 0: there is no more to read, now or at all. */
static size_t read_record (struct pooled *worker)
{
	static struct packet packet; /* 128 KiB, shared by all workers: there is one loop and one thread */
	int got = link_recv (worker->link, &packet, MSG_DONTWAIT);
	size_t size = sizeof packet.record + packet.record.length;

	if (got <= 0) {
		for (size_t i = 0; i < packet.n_fds; i++) /* of what is no record */
			worker->pool->ops->close (worker->pool->arg, worker, &packet.fds[i]);
		/* The end of the stream is not the death of the worker, which the supervisor reports. But no more
		 * records come. */
		if (got == 0 || errno != EAGAIN)
			watch_free (&worker->watch);
		if (got < 0 && errno != EAGAIN)
			fail (worker);
		return 0;
	}
	worker->pool->ops->on_record (worker->pool->arg, worker, &packet);
	packet_close (&packet);
	return size;
}

static void set_watch (struct pooled *worker)
{
	if (worker->watch)
		watch_set (worker->watch,
			(worker->paused || worker->broken ? 0 : UV_READABLE) | (worker->full ? UV_WRITABLE : 0));
}

static void on_ready (void *arg, int events)
{
	struct pooled *worker = arg;

	if (worker->gone)
		return; /* only pool_drain reads the link of this worker, because the worker may be freed then */
	if (worker->full && events & UV_WRITABLE) {
		worker->full = false;
		worker->pool->ops->on_writable (worker->pool->arg, worker);
	}
	for (int i = 0; i < BURST && !worker->paused && !worker->broken && read_record (worker); i++)
		;
	set_watch (worker);
}

int pool_send (struct pooled *worker, struct record *record, const void *bytes, size_t n)
{
	int result =
		link_send (worker->link, &(struct outgoing){ .record = *record, .data = bytes, .n = n }, MSG_DONTWAIT);

	if (result < 0 && errno == EAGAIN) {
		worker->full = true;
		set_watch (worker);
		errno = EAGAIN; /* libuv changes errno */
	} else if (result < 0) {
		fail (worker);
	}
	return result;
}

struct pooled *pool_add (
	struct pool *pool, uint64_t serial, uid_t uid, const struct worker_birthday *birthday, int link)
{
	struct pooled *worker = calloc (1, sizeof *worker);

	if (worker)
		worker->watch = watch_new (pool->loop, link, UV_READABLE, on_ready, worker);
	if (!worker || !worker->watch) {
		free (worker);
		fd_close (&link);
		return NULL;
	}
	worker->pool = pool;
	worker->serial = serial;
	worker->uid = uid;
	worker->generation = pool->generation;
	worker->birthday = *birthday;
	worker->link = link;
	list_init (&worker->idle);
	list_append (&pool->all, &worker->node);
	list_append (&pool->idle, &worker->idle);
	pool->n++;
	return worker;
}

struct pooled *pool_find (const struct pool *pool, uint64_t serial)
{
	struct pooled *worker;

	list_each (worker, &pool->all, node)
		if (worker->serial == serial)
			return worker;
	return NULL;
}

void pool_gone (struct pooled *worker)
{
	int held;

	worker->gone = true;
	worker->full = false; /* the worker does not read any more */
	set_watch (worker);
	worker->unread = ioctl (worker->link, FIONREAD, &held) == 0 && held > 0 ? (size_t)held : 0;
}

bool pool_drain (struct pooled *worker)
{
	while (worker->unread && !worker->paused && !worker->broken) {
		size_t size = read_record (worker);

		worker->unread -= size && size < worker->unread ? size : worker->unread;
	}
	return !worker->unread || worker->broken;
}

void pool_remove (struct pooled *worker)
{
	forget (worker);
}

void pool_set_phase (struct pooled *worker, enum worker_phase phase)
{
	worker->pool->leaving += (phase == WORKER_LEAVING) - (worker->phase == WORKER_LEAVING);
	worker->phase = phase;
	list_remove (&worker->idle);
	if (phase == WORKER_IDLE)
		list_append (&worker->pool->idle, &worker->idle);
}

void pool_release (struct pooled *worker)
{
	pool_set_phase (worker, WORKER_LEAVING);
	worker->pool->ops->release (worker->pool->arg, worker->serial);
}

void pool_stop (struct pooled *worker, int64_t grace_ms)
{
	pool_set_phase (worker, WORKER_STOPPING);
	worker->pool->ops->stop (worker->pool->arg, worker->serial, grace_ms);
}

void pool_break (struct pooled *worker)
{
	if (worker->broken)
		return;
	worker->broken = true;
	set_watch (worker);
	errno = EBADMSG;
	fail (worker);
}

void pool_pause (struct pooled *worker, bool pause)
{
	worker->paused = pause;
	set_watch (worker);
}
