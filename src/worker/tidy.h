/* tidy - is the process of a worker as it was? A changed worker is not used again.
 *
 * A plugin can change it, and so can any process of the worker's user: prlimit(2), setpriority(2) and
 * sched_setaffinity(2) need no other right. These are compared: the working directory, the lowest free descriptor, the
 * resource limits, the priority, that of its I/O, the scheduling policy, whether a timer runs (setitimer(2)), the
 * oom_score_adj, and from /proc/self/status (proc(5)) the umask, the ids, the
 * capabilities, the threads, the blocked, ignored and caught signals, no_new_privs, the filter of system calls and the
 * processors. One read gets all of the file. A snapshot is taken when the plugins have been started. A struct tidy owns
 * its descriptors.
 */
#ifndef REMEX_WORKER_TIDY_H
#define REMEX_WORKER_TIDY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

enum { TIDY_LINES = 15 };

struct tidy {
	int status; /* /proc/self/status, open; -1: not yet */
	int oom; /* /proc/self/oom_score_adj, open; -1: there is none */
	dev_t device;
	ino_t inode;
	int lowest_fd;
	struct rlimit limits[RLIM_NLIMITS];
	int priority, policy;
	int io_priority; /* ioprio_get(2) */
	int oom_adjust;
	bool timers;
	uint64_t lines[TIDY_LINES]; /* hashes */
};

/* Open the files; 0 or -1. Call it before the process becomes another user. */
int tidy_open (struct tidy *tidy);

/* Take the snapshot. */
void tidy_snapshot (struct tidy *tidy);

/* The first difference from the snapshot, as a word for the log ("umask"), or NULL. */
const char *tidy_changed (const struct tidy *before);

/* Before a request: set the resource limits as they were. NULL, or the name of one that cannot be set (setrlimit(2):
 * only root can raise a hard limit). */
const char *tidy_restore_limits (const struct tidy *before);

/* The signals that the process ignores now: bit n-1 for signal n. */
uint64_t tidy_ignored (const struct tidy *tidy);

#endif
