/* keeper_process - a keeper from the supervisor's side: forked, given orders by its link, killed when it is late,
 * reaped.
 *
 * A keeper's end is known by its link, not by its pid. A keeper reports the end of its child (KEEPER_GONE), and exits.
 * The keeper's behaviour at the end of the supervisor is its own policy (proc/keeper.h); so this side is the same for
 * every kind of keeper.
 *
 * A supervisor must not wait for ever for a keeper, since a request waits for the keeper's report. So each order has a
 * time by which the keeper must be gone. A late keeper is killed, after all processes beneath it.
 *
 * A struct keeper_process owns the link, the directory of the cgroup, and the cgroup's name, which is removed when the
 * keeper is reaped.
 */
#ifndef REMEX_DAEMON_KEEPER_PROCESS_H
#define REMEX_DAEMON_KEEPER_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proc/cgroup.h"

struct keeper_process {
	uint64_t serial; /* its name in the log and of its cgroup */
	pid_t pid; /* -1: not forked */
	int link; /* to the keeper; -1: closed */
	int far_link; /* the keeper's end, until the fork; else -1 */
	const struct cgroups *cgroups; /* NULL: no cgroups */
	int cgroup; /* the directory of its cgroup, or -1 */
	bool released; /* told to leave: processes that commands left behind live on */
	bool reported; /* it has sent its report */
	int64_t end_ms; /* clock_ms: when it must be gone; 0: no limit */
	int64_t forced_ms; /* clock_ms: when killing began, because it was late; 0: not begun */
};

/* Start a keeper in two steps, because the code in the keeper needs far_link and cgroup: make these, then fork. `run`
 * is the keeper's main function, with its argument; the descriptors in `keep` stay open in the keeper, besides far_link
 * and cgroup. 0, or -1 with errno, and nothing is left behind. `cgroups` may be NULL. */
int keeper_process_prepare (struct keeper_process *keeper, uint64_t serial, const struct cgroups *cgroups);
int keeper_process_fork (
	struct keeper_process *keeper, int (*run) (void *), void *argument, const int *keep, size_t n_keep);

/* Undo the first step, before the second. errno is kept. */
void keeper_process_abandon (struct keeper_process *keeper);

/* Send RELEASE, or STOP with the grace `a` in milliseconds. Either order ends the keeper in a bounded time. When the
 * order cannot be sent, the link is shut down, so that the keeper kills. */
void keeper_process_order (struct keeper_process *keeper, uint32_t type, int64_t a);

/* The keeper must be gone within so many milliseconds (and some more for a busy machine). The earliest of several such
 * times counts. */
void keeper_process_expect_end (struct keeper_process *keeper, int64_t within_ms);

/* When the keeper is late, kill the processes beneath it (after a release they live on), and then, or after five
 * seconds, the keeper itself. The call does not wait: call it again by end_ms. */
void keeper_process_force (struct keeper_process *keeper);

/* Close the link, which has ended. A keeper without a report was killed; the processes that it kept are now killed, if
 * there is a cgroup. The caller then reaps the keeper. */
void keeper_process_close (struct keeper_process *keeper);

/* Reap the keeper; false when it has not ended yet (a debugger may hold it). */
bool keeper_process_reap (struct keeper_process *keeper);

/* Close the link, so that the keeper kills. Wait for that, kill in the keeper's place when it is late, and reap it. */
void keeper_process_end (struct keeper_process *keeper);

#endif
