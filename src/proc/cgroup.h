/* cgroup - one cgroup per worker, where cgroup v2 allows that (cgroups(7)): killing is then one write.
 *
 * The root is the daemon's own cgroup in the unified hierarchy, found from /proc/self/cgroup and the mount of type
 * cgroup2; it is usable when we may make directories and move processes there, and the kernel has cgroup.kill (5.14).
 * No controller is ever enabled: a controller above a process that outlives the daemon would keep systemd from starting the
 * next daemon in that cgroup ("no internal processes", below). Those that somebody else has enabled are used (cgroup_bound).
 * Names: worker-SERIAL; job-ID; `left` for processes that finished commands left behind;
 * `daemon` for the daemon itself (cgroups_settle), so that no cgroup has both processes and cgroups in it (cgroups(7),
 * "no internal processes").
 */
#ifndef REMEX_PROC_CGROUP_H
#define REMEX_PROC_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

struct cgroups {
	int root; /* the directory for worker cgroups; -1: none */
	int left; /* its child `left`, or -1 */
	bool settled; /* this process has moved to `daemon` */
};

/* Find and try the root: make a directory `remex-PID` in it and probe that directory. Empty directories of earlier
 * daemons are removed. Without a usable root, or with REMEX_CGROUP=none in the environment, both descriptors are -1,
 * which is no error. */
void cgroups_open (struct cgroups *cgroups);

/* Move the calling process, and so all its later children, to `daemon`. Without permission the process stays, without
 * harm. cgroups_close moves it back. */
void cgroups_settle (struct cgroups *cgroups);

/* Remove the directories that cgroups_open made, if they are empty (`left` stays while processes live in it). */
void cgroups_close (struct cgroups *cgroups);

/* Make worker-SERIAL and return its directory, or -1. */
int cgroup_make (const struct cgroups *cgroups, uint64_t serial);

/* The same for a job, by its id: job-ID. A job outlives this process, and so does its cgroup: cgroup_open_job opens it again.
 * cgroup_remove_job also removes nothing that has processes. */
int cgroup_make_job (const struct cgroups *cgroups, const char *id);
int cgroup_open_job (const struct cgroups *cgroups, const char *id);
void cgroup_remove_job (const struct cgroups *cgroups, const char *id);

/* Bound all processes in the cgroup together: memory in bytes (memory.max), and processes and threads (pids.max); 0: no
 * bound. Without its controller a bound is not set, which is no error. */
void cgroup_bound (int cgroup, int64_t memory, int64_t processes);

/* What has happened in a cgroup since it was made: processes that were killed because there was too much memory, forks that
 * were refused because there were too many processes. 0 also where the controller is missing. */
struct cgroup_events {
	int64_t killed, refused;
};
void cgroup_read_events (int cgroup, struct cgroup_events *events);

/* Open the caller's own cgroup, if it is the scope of one job (daemon/job_scope.h): remex-job-ID.scope. Else -1. */
int cgroup_open_own_scope (void);

/* Move the calling process into the cgroup; 0 or -1. */
int cgroup_enter (int cgroup);

/* Open the account of CPU time (cpu.stat) of the caller's own cgroup, if that is one of cgroup_make: it counts all processes
 * that are or were in the cgroup, and needs no controller. -1: there is none. cgroup_cpu_us reads it: microseconds, or -1. */
int cgroup_open_own_cpu (void);
int64_t cgroup_cpu_us (int cpu_stat);

/* Open its cgroup.kill for writing, or -1. */
int cgroup_kill_open (int cgroup);

/* Kill all processes in the cgroup through cgroup.kill; 0 or -1. */
int cgroup_kill (int cgroup);

/* Move every process in `from` to `to`, which takes 200 ms at most. Processes that end in the meantime do not
 * matter. */
void cgroup_empty (int from, int to);

/* Remove worker-SERIAL, if it is empty. */
void cgroup_remove (const struct cgroups *cgroups, uint64_t serial);

/* Kill all processes in worker-SERIAL, whose directory is open as `cgroup`. Wait up to 500 ms for their deaths, then
 * remove the directory. */
void cgroup_destroy (const struct cgroups *cgroups, uint64_t serial, int cgroup);

#endif
