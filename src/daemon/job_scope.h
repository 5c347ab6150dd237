/* job_scope - a transient scope of systemd for the holder of a job, so that `systemctl stop remexd` and `restart` leave the
 * job alone (systemd.scope(5), org.freedesktop.systemd1(5), StartTransientUnit).
 *
 * busctl(1) makes the scope, as a child with a time limit: the supervisor never waits for systemd. The holder has no
 * children yet, and gets none before the scope has it, so that all processes of the job are in the scope. Where systemd does
 * not answer, the job stays in remexd's own cgroup, and KillMode=process in remexd's unit keeps it alive there.
 *
 *   scope_start ──▶ ASKING ──busctl has ended──▶ MOVING ──the holder is in the scope, or late──▶ over
 *                      └──it has failed, or is late──▶ over
 */
#ifndef REMEX_DAEMON_JOB_SCOPE_H
#define REMEX_DAEMON_JOB_SCOPE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/text.h"
#include "proc/spawn.h"

/* What all processes of the job together may have (systemd.resource-control(5)), where systemd has the controllers; 0: no bound.
 * remexd's own three processes are added. */
struct job_scope_bounds {
	int64_t memory, processes;
	const char *slice; /* for the scope: "remex.slice" */
};

struct job_scope {
	char unit[TEXT_JOB_ID + 24]; /* remex-job-ID.scope */
	pid_t holder;
	struct child busctl; /* pid -1: it was reaped, and its pidfd is still the caller's to close */
	int64_t end_ms; /* clock_ms: when it is given up; 0: over */
	bool moving;
};

/* Does a systemd manage this daemon's processes: that of the system for root, that of the user else? */
bool job_scope_offered (void);

/* Begin, for the holder and, if the job is recorded, its recorder (else 0). `busctl.pidfd` is readable when busctl has ended. 0, or
 * -1: there will be no scope. */
int job_scope_start (
	struct job_scope *scope, const char *id, pid_t holder, pid_t recorder, const struct job_scope_bounds *bounds);

/* Go on: call it when busctl has ended, and by job_scope_time. True: it is over. */
bool job_scope_go_on (struct job_scope *scope);
int64_t job_scope_time (const struct job_scope *scope);

/* End it at once. busctl may still have to be reaped: scope->busctl is the caller's then, if its pid is not -1. */
void job_scope_end (struct job_scope *scope);

/* The user's own daemon: do the processes of this user end with the last session (loginctl(1), enable-linger)? */
bool job_scope_lingers (void);

#endif
