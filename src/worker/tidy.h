/* tidy - is the process of a worker as it was? A changed worker is not used again.
 *
 * A plugin can change it, and so can any process of the worker's user: prlimit(2), setpriority(2) and
 * sched_setaffinity(2) need no other right. These are compared: the working directory, the lowest free descriptor, the
 * resource limits, the priority, the scheduling policy, and from /proc/self/status (proc(5)) the umask, the ids, the
 * capabilities, the threads, the blocked, ignored and caught signals, no_new_privs, the filter of system calls and the
 * processors. One read gets all of the file. A snapshot is taken when the plugins have been started. A struct tidy owns
 * its descriptor.
 */
#ifndef REMEX_WORKER_TIDY_H
#define REMEX_WORKER_TIDY_H

#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

enum { TIDY_LINES = 15 };

struct tidy {
	int status; /* /proc/self/status, open; -1: not yet */
	dev_t device;
	ino_t inode;
	int lowest_fd;
	struct rlimit limits[RLIM_NLIMITS];
	int priority, policy;
	uint64_t lines[TIDY_LINES]; /* hashes */
};

/* Open the status file; 0 or -1. Call it before the process becomes another user. */
int tidy_open (struct tidy *tidy);

/* Take the snapshot. */
void tidy_snapshot (struct tidy *tidy);

/* The first difference from the snapshot, as a word for the log ("umask"), or NULL. */
const char *tidy_changed (const struct tidy *before);

/* Before a request: set the resource limits as they were. NULL, or the name of one that cannot be set (setrlimit(2): only
 * root can raise a hard limit). */
const char *tidy_restore_limits (const struct tidy *before);

/* The signals that the process ignores now: bit n-1 for signal n. */
uint64_t tidy_ignored (const struct tidy *tidy);

#endif
