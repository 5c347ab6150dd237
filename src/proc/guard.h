/* guard - the process above one child: it reaps, stops and kills the child and all that the child starts, and reports how
 * they ended.
 *
 * A guard has no policy: who may ask for the end, what else ends the child, and who is told about it, is decided by the
 * keeper that uses the guard. keeper.h has the keeper of a worker, which ends with the supervisor.
 *
 * States: RUNNING, RELEASED (the child may leave, and what it leaves behind lives on), STOPPING (SIGTERM was sent, the
 * grace runs), KILLING.
 *
 *   RUNNING  --guard_release--> RELEASED
 *   RELEASED --time to leave is over--> RELEASED: SIGKILL for the child, and for nobody else
 *   RUNNING, RELEASED --guard_stop--> STOPPING: SIGTERM for all beneath us (but not for a spared child)
 *   STOPPING --guard_stop with a shorter grace--> STOPPING, until then
 *   STOPPING --grace is over--> KILLING
 *   any      --guard_kill--> KILLING
 *
 * A guard is over when it is RELEASED and the child has ended, STOPPING and nothing is left, or KILLING. A child that ends
 * while the guard is RUNNING changes no state: the keeper says what that means.
 *
 * The calling process becomes a subreaper (prctl(2)), so that what escapes by forking twice or by setsid(2) becomes its
 * child. It becomes the leader of a session and blocks all signals: neither a terminal's Ctrl-C nor a stray SIGTERM may take
 * it away from its tree. A child that is stopped (SIGSTOP: its own command can do that) is told to go on at once: stopping
 * is for commands, and not for the process that watches them.
 *
 * The keeper has the loop:
 *
 *   guard_begin (&guard); guard.child = fork or spawn;
 *   while (!guard_over (&guard)) {
 *           poll (guard.signals and the keeper's own descriptors, guard_timeout (&guard, 0));
 *           guard_reap (&guard);
 *           what the keeper has heard: guard_release, guard_stop, guard_kill
 *   }
 *   guard_finish (&guard);
 *
 * A guard is single-threaded and allocates nothing. It owns `signals` and `cgroup_kill`.
 */
#ifndef REMEX_PROC_GUARD_H
#define REMEX_PROC_GUARD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	GUARD_KILL_MS = 5000, /* how long KILLING tries */
	GUARD_GRACE_MAX = 24 * 60 * 60 * 1000, /* a longer grace is this one */
};

enum guard_state { GUARD_RUNNING, GUARD_RELEASED, GUARD_STOPPING, GUARD_KILLING };

struct guard {
	/* Set by the keeper before guard_begin: */
	int cgroup; /* the child's cgroup directory (O_PATH or O_RDONLY), or -1; the caller's */
	int left; /* the cgroup directory to which what a RELEASED child left behind is moved, or -1; the caller's */
	bool spare_child; /* SIGTERM is for what is beneath the child, and not for the child itself */
	/* Set by the keeper after guard_begin: */
	pid_t child;
	/* To be read by the keeper: */
	enum guard_state state;
	bool gone; /* the child was reaped; */
	int status; /* its status, as waitpid(2) has it */
	int signals; /* signalfd(2) for SIGCHLD: readable when guard_reap has something to do */
	/* The guard's own: */
	int64_t deadline; /* clock_ms; STOPPING: KILLING begins; RELEASED: the child is killed. 0: never */
	int64_t leave_ms;
	int cgroup_kill; /* cgroup.kill, or -1 */
	bool empty; /* we have no child, so nothing is beneath us */
	bool more; /* there may be more to reap */
};

/* Make the calling process a guard, in the state RUNNING. It has no child yet. 0, or -1 with errno. */
int guard_begin (struct guard *guard);

/* How long poll(2) may wait: until the guard has something to do, or until `when` (clock_ms; 0: no such time). */
int guard_timeout (const struct guard *guard, int64_t when);

/* Reap the children that have ended, a bounded number at a time, and wake a child that is stopped. */
void guard_reap (struct guard *guard);

/* The child may leave, and gets `leave_ms` for it (0: as long as it likes). Only while RUNNING; later it is ignored. */
void guard_release (struct guard *guard, int64_t leave_ms);

/* SIGTERM now, SIGKILL after the grace (0 or less: at once, and no SIGTERM). A second call can only shorten the grace. */
void guard_stop (struct guard *guard, int64_t grace_ms);

/* SIGKILL now. */
void guard_kill (struct guard *guard);

/* Act on the times that have passed. True when the guard is over: guard_finish is next. */
bool guard_over (struct guard *guard);

/* Do what the last state asks for, and close what the guard owns. Returns how many processes live on: after RELEASED those
 * that the child left behind, after KILLING those that could not be killed in GUARD_KILL_MS. `gone` false: the child is one of
 * these. */
int guard_finish (struct guard *guard);

#endif
