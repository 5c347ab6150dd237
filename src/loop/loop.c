/* loop - see loop.h. */
#include "config.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "loop/loop.h"

struct watch {
	uv_poll_t poll; /* first, because libuv's pointer to it is cast to the watch */
	void (*ready) (void *arg, int events);
	void *arg;
	int events;
};

static void freed (uv_handle_t *handle)
{
	free (handle);
}

static void on_poll (uv_poll_t *poll, int status, int events)
{
	struct watch *watch = (struct watch *)poll;

	/* On an error libuv stops the poll by itself: the next watch_set starts it again. */
	if (status < 0) {
		watch->events = 0;
		events = UV_READABLE | UV_WRITABLE | UV_DISCONNECT;
	}
	watch->ready (watch->arg, events);
}

struct watch *watch_new (uv_loop_t *loop, int fd, int events, void (*ready) (void *arg, int events), void *arg)
{
	struct watch *watch = calloc (1, sizeof *watch);

	if (!watch)
		return NULL;
	watch->ready = ready;
	watch->arg = arg;
	if (uv_poll_init (loop, &watch->poll, fd) < 0) {
		free (watch);
		return NULL;
	}
	watch_set (watch, events);
	return watch;
}

void watch_set (struct watch *watch, int events)
{
	if (events == watch->events)
		return;
	watch->events = events;
	if (events)
		uv_poll_start (&watch->poll, events, on_poll);
	else
		uv_poll_stop (&watch->poll);
}

void watch_free (struct watch **watch)
{
	if (*watch)
		uv_close ((uv_handle_t *)&(*watch)->poll, freed);
	*watch = NULL;
}

struct timer {
	uv_timer_t timer; /* first, as in struct watch */
	void (*fire) (void *arg);
	void *arg;
};

static void on_timer (uv_timer_t *uv)
{
	struct timer *timer = (struct timer *)uv;

	timer->fire (timer->arg);
}

void timer_set (uv_loop_t *loop, struct timer **timer, int64_t when_ms, void (*fire) (void *arg), void *arg)
{
	int64_t delay;

	if (!*timer) {
		if (!when_ms)
			return;
		if (!(*timer = calloc (1, sizeof **timer))) {
			log_error ("out of memory for a timer");
			abort (); /* see loop.h */
		}
		uv_timer_init (loop, &(*timer)->timer);
	}
	(*timer)->fire = fire;
	(*timer)->arg = arg;
	if (!when_ms) {
		uv_timer_stop (&(*timer)->timer);
		return;
	}
	delay = when_ms - clock_ms ();
	uv_update_time (loop);
	uv_timer_start (&(*timer)->timer, on_timer, delay > 0 ? (uint64_t)delay : 0, 0);
}

void timer_free (struct timer **timer)
{
	if (*timer)
		uv_close ((uv_handle_t *)&(*timer)->timer, freed);
	*timer = NULL;
}
