/* keeper_process - a keeper from the supervisor's side: forked, given orders by its link, killed when it is late, reaped.
 *
 * A keeper's end is known by its link, not by its pid. It says what became of what it keeps (KEEPER_GONE), and exits. What
 * it does when the supervisor ends is the policy of that keeper (proc/keeper.h), and of no interest here; so this side is
 * the same for every kind of keeper.
 *
 * A supervisor must not wait for ever for a keeper, since a request waits for what the keeper reports. So each order has a
 * time by which the keeper has to be gone. A keeper that is late is killed, after all that is beneath it.
 *
 * It owns the link, the directory of the cgroup, and the cgroup's name, which is removed when the keeper is reaped.
 */
#ifndef REMEX_DAEMON_KEEPER_PROCESS_H
#define REMEX_DAEMON_KEEPER_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proc/cgroup.h"

struct keeper_process {
	uint64_t serial; /* names it in the log, and its cgroup */
	pid_t pid; /* -1: not forked */
	int link; /* to it; -1: closed */
	int far_link; /* the keeper's end, until it is forked; else -1 */
	const struct cgroups *cgroups; /* NULL: there are none */
	int cgroup; /* the directory of its cgroup, or -1 */
	bool released; /* told to leave: what was left behind by commands lives on */
	bool reported; /* it has said that what it keeps is gone */
	int64_t end_ms; /* clock_ms: when it has to be gone; 0: whenever it likes */
	int64_t forced_ms; /* clock_ms: since when it is killed, because it was late; 0: it is not */
};

/* In two steps, because what runs in the keeper has to know far_link and cgroup: make these, then fork. `run` is the keeper's
 * main function, with its argument; the descriptors in `keep` stay open in it, besides far_link and cgroup. 0, or -1 with
 * errno and nothing left. `cgroups` may be NULL. */
int keeper_process_prepare (struct keeper_process *keeper, uint64_t serial, const struct cgroups *cgroups);
int keeper_process_fork (
	struct keeper_process *keeper, int (*run) (void *), void *argument, const int *keep, size_t n_keep);

/* Between the two: undo the first. errno stays. */
void keeper_process_abandon (struct keeper_process *keeper);

/* Send RELEASE, or STOP with the grace `a` in milliseconds. Either ends the keeper in a bounded time. A keeper to which it
 * cannot be sent is made to kill. */
void keeper_process_order (struct keeper_process *keeper, uint32_t type, int64_t a);

/* It has to be gone in so many milliseconds, and some more for a busy machine. The earliest of several such times counts. */
void keeper_process_expect_end (struct keeper_process *keeper, int64_t within_ms);

/* Is it late? Then kill what is beneath the keeper (not where it was released: what is left then lives on), and the keeper
 * itself when that is done, or after five seconds. Does not wait: is to be called again by end_ms. */
void keeper_process_force (struct keeper_process *keeper);

/* Its link has ended: close the link. Where it has not reported, it was killed, and so is now what it kept, as far as there
 * is a cgroup. It is to be reaped then. */
void keeper_process_close (struct keeper_process *keeper);

/* Reap it; false when it has not ended yet (a debugger may hold it). */
bool keeper_process_reap (struct keeper_process *keeper);

/* Close the link, at the end of which the keeper kills; wait for that, do it in its place when it is late, and reap it. */
void keeper_process_end (struct keeper_process *keeper);

#endif
