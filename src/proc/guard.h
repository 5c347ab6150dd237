/* guard - the process above one child: it reaps, stops and kills the child and the child's descendants, and reports how
 * they ended.
 *
 * A guard has no policy: the keeper that uses the guard decides who may ask for the end, which other events end the
 * child, and who is told. keeper.h has the keeper of a worker, which ends with the supervisor.
 *
 * States: RUNNING, RELEASED (the child may leave, and the processes that it leaves behind live on), STOPPING (SIGTERM
 * was sent, the grace runs), KILLING.
 *
 *   RUNNING  --guard_release--> RELEASED
 *   RELEASED --time to leave is over--> RELEASED: SIGKILL for the child only
 *   RUNNING, RELEASED --guard_stop--> STOPPING: SIGTERM for all beneath us (but not for a spared child)
 *   STOPPING --guard_stop with a shorter grace--> STOPPING, until then
 *   STOPPING --grace is over--> KILLING
 *   any      --guard_kill--> KILLING
 *
 * A guard is over when it is RELEASED and the child has ended, STOPPING and nothing is left, or KILLING. A child that
 * ends while the guard is RUNNING changes no state: the keeper decides what follows.
 *
 * The calling process becomes a subreaper (prctl(2)), so that a process that escapes by forking twice or by setsid(2)
 * becomes its child. It becomes the leader of a session and blocks all signals: neither Ctrl-C at a terminal nor a
 * stray SIGTERM may end it before its tree. A stopped child (its own command can send SIGSTOP) is continued at once: a
 * command may be stopped, but not the process that watches it.
 *
 * The keeper has the loop:
 *
 *   guard_begin (&guard); guard.child = fork or spawn;
 *   while (!guard_over (&guard)) {
 *           poll (guard.signals and the keeper's own descriptors, guard_timeout (&guard, 0));
 *           guard_reap (&guard);
 *           orders to the keeper: guard_release, guard_stop, guard_kill
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
	GUARD_KILL_MS = 5000, /* the time limit of KILLING */
	GUARD_GRACE_MAX = 24 * 60 * 60 * 1000, /* a longer grace is cut to this */
};

enum guard_state { GUARD_RUNNING, GUARD_RELEASED, GUARD_STOPPING, GUARD_KILLING };

struct guard {
	/* Set by the keeper before guard_begin: */
	int cgroup; /* the child's cgroup directory (O_PATH or O_RDONLY), or -1; the caller's */
	int left; /* the cgroup directory for the processes that a RELEASED child left behind, or -1; the caller's */
	bool spare_child; /* SIGTERM is sent to the processes beneath the child, but not to the child */
	/* Set by the keeper after guard_begin: */
	pid_t child;
	/* To be read by the keeper: */
	enum guard_state state;
	bool gone; /* the child was reaped */
	int status; /* of the reaped child, as from waitpid(2) */
	int signals; /* signalfd(2) for SIGCHLD: readable when guard_reap has something to do */
	/* The guard's own: */
	int64_t deadline; /* clock_ms; STOPPING: when KILLING begins; RELEASED: when the child is killed; 0: never */
	int64_t leave_ms;
	int cgroup_kill; /* cgroup.kill, or -1 */
	bool empty; /* there is no child, so no process is beneath us */
	bool more; /* more children may have ended */
};

/* Make the calling process a guard, in the state RUNNING. It has no child yet. 0, or -1 with errno. */
int guard_begin (struct guard *guard);

/* How long poll(2) may wait: until the guard has something to do, or until `when` (clock_ms; 0: no such time). */
int guard_timeout (const struct guard *guard, int64_t when);

/* Reap the children that have ended, a bounded number at a time, and wake a child that is stopped. */
void guard_reap (struct guard *guard);

/* Let the child leave within `leave_ms` (0: no limit). Ignored in every state but RUNNING. */
void guard_release (struct guard *guard, int64_t leave_ms);

/* SIGTERM now, SIGKILL after the grace (0 or less: SIGKILL at once, no SIGTERM). A second call can only shorten the
 * grace. */
void guard_stop (struct guard *guard, int64_t grace_ms);

/* SIGKILL now. */
void guard_kill (struct guard *guard);

/* Handle deadlines that have passed. True when the guard is over: call guard_finish next. */
bool guard_over (struct guard *guard);

/* Finish the last state, and close the guard's descriptors. Returns the number of processes that live on: after
 * RELEASED those that the child left behind, after KILLING those that could not be killed within GUARD_KILL_MS. With
 * `gone` false the child is among them. */
int guard_finish (struct guard *guard);

#endif
