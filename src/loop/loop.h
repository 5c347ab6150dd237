/* loop - watches on descriptors, and timers, on a loop of libuv. The memory is freed when libuv has closed the handle.
 *
 * A watch does not own its descriptor, but sets O_NONBLOCK on it (uv_poll_init). After watch_free the descriptor may be
 * closed immediately.
 */
#ifndef REMEX_LOOP_LOOP_H
#define REMEX_LOOP_LOOP_H

#include <stdint.h>
#include <uv.h>

struct watch;
struct timer;

/* `events` is UV_READABLE | UV_WRITABLE, or UV_DISCONNECT: the peer has ended its side, for who does not read. An error or a
 * hang-up counts as all of them. An error ends the watch: `ready` has to call watch_set if it does not free the watch.
 * NULL without memory, or when the descriptor cannot be watched. */
struct watch *watch_new (uv_loop_t *loop, int fd, int events, void (*ready) (void *arg, int events), void *arg);
void watch_set (struct watch *watch, int events); /* 0: no events for now */
void watch_free (struct watch **watch); /* *watch may be NULL, and becomes NULL */

/* Fire once, at the time `when_ms` of clock_ms (0: never). timer_set makes the timer when *timer is NULL. Without
 * memory the process aborts, and the supervisor starts another front: a front without deadlines would be worse. */
void timer_set (uv_loop_t *loop, struct timer **timer, int64_t when_ms, void (*fire) (void *arg), void *arg);
void timer_free (struct timer **timer);

#endif
