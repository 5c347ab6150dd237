/* cgroup - one cgroup per worker, where cgroup v2 lets us make one (cgroups(7)): killing is then one write.
 *
 * The root is the daemon's own cgroup in the unified hierarchy, found from /proc/self/cgroup and the mount of type
 * cgroup2; it is usable when we may make directories and move processes there and the kernel has cgroup.kill (5.14).
 * No controller is ever enabled. Names: worker-SERIAL; `left` for what finished commands left behind; `daemon` for the daemon
 * itself (cgroups_settle), so that no cgroup has both processes and cgroups in it (cgroups(7), "no internal
 * processes").
 */
#ifndef REMEX_PROC_CGROUP_H
#define REMEX_PROC_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

struct cgroups {
	int root; /* directory where worker cgroups are made, or -1: there are none */
	int left; /* its child `left`, or -1 */
	bool settled; /* this process has moved to `daemon` */
};

/* Find and try the root: makes a directory `remex-PID` in it and probes it; empty ones of daemons that are gone are
 * removed. Without one, or where the environment has REMEX_CGROUP=none, both are -1: that is no error. */
void cgroups_open (struct cgroups *cgroups);

/* Move the calling process, and so all that it forks from now on, to `daemon`. Where that cannot be it stays: no harm is
 * done. cgroups_close moves it back. */
void cgroups_settle (struct cgroups *cgroups);

/* Remove what cgroups_open made (only empty directories go; `left` stays while processes live in it). */
void cgroups_close (struct cgroups *cgroups);

/* Make worker-SERIAL and return its directory, or -1. */
int cgroup_make (const struct cgroups *cgroups, uint64_t serial);

/* Move the calling process into it; 0 or -1. */
int cgroup_enter (int cgroup);

/* Open its cgroup.kill for writing, or -1. */
int cgroup_kill_open (int cgroup);

/* Kill everything in it through cgroup.kill; 0 or -1. */
int cgroup_kill (int cgroup);

/* Move every process in `from` to `to`, which takes 200 ms at most. Those that vanish meanwhile do not matter. */
void cgroup_empty (int from, int to);

/* Remove worker-SERIAL, if it is empty. */
void cgroup_remove (const struct cgroups *cgroups, uint64_t serial);

/* Kill everything in worker-SERIAL, whose directory is open as `cgroup`, and remove it as soon as all has died, which is
 * waited for 500 ms at most. */
void cgroup_destroy (const struct cgroups *cgroups, uint64_t serial, int cgroup);

#endif
