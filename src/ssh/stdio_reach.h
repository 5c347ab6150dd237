/* stdio_reach - a client reaches the remexd of a machine through its sshd: `remex stdio` there, which relays to the running
 * remexd; else `remexd --stdio`; else, where neither is installed, remex-ssh itself, by that sshd alone (alone.h).
 *
 *   LOOKING -> ATTACHED -> gone         a remexd there: bytes go between the channel and the client's socket
 *   LOOKING -> ALONE -> gone            an sshd alone
 *
 * LOOKING: one command looks for them, and prints a line first, so that what a login shell prints before it is dropped.
 */
#ifndef REMEX_SSH_STDIO_REACH_H
#define REMEX_SSH_STDIO_REACH_H

#include <uv.h>

#include "ssh/alone.h"
#include "ssh/ssh_pool.h"

struct stdio_reach;

struct stdio_reach_ops {
	/* The client may speak remex/1. */
	void (*opened) (void *arg);
	/* It never may, or (after opened) it may no longer: err->code is an enum failure. At most once. */
	void (*failed) (void *arg, const struct err *err);
	/* It is over, and freed. The last call. */
	void (*gone) (void *arg);
};

/* What an sshd alone can do. */
struct alone_verbs {
	const struct alone_verb *const *rows;
	size_t n;
};

/* Begin. The socket is one end of a pair, whose other end the client has; it is owned from now on. Nothing is called before the
 * loop runs. NULL and err; then it stays the caller's. */
struct stdio_reach *stdio_reach_new (uv_loop_t *loop, struct ssh_pool *pool, const struct ssh_pool_target *target,
	int fd, const struct alone_verbs *verbs, const struct stdio_reach_ops *ops, void *arg, struct err *err);

/* The client is gone: end it. `gone` is called later, when nothing is left to do over there; with a remexd that is at once,
 * because it stops what it runs by itself. */
void stdio_reach_leave (struct stdio_reach *reach);

#endif
