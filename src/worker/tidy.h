/* tidy - did a plugin change the process of its worker? A changed worker is not used again.
 *
 * These are compared: the working directory, the lowest free descriptor, and from /proc/self/status (proc(5)) the
 * umask, the threads, and the blocked, ignored and caught signals. One read gets all of the file; separate questions
 * would take some forty system calls per request. A snapshot is taken when the plugins have been started. A struct tidy
 * owns its descriptor.
 */
#ifndef REMEX_WORKER_TIDY_H
#define REMEX_WORKER_TIDY_H

#include <stdint.h>
#include <sys/types.h>

enum { TIDY_LINES = 5, TIDY_LINE = 48 };

struct tidy {
	int status; /* /proc/self/status, open; -1: not yet */
	dev_t device;
	ino_t inode;
	int lowest_fd;
	char lines[TIDY_LINES][TIDY_LINE];
};

/* Open the status file; 0 or -1. Call it before the process becomes another user. */
int tidy_open (struct tidy *tidy);

/* Take the snapshot. */
void tidy_snapshot (struct tidy *tidy);

/* The first difference from the snapshot, as a word for the log ("umask"), or NULL. */
const char *tidy_changed (const struct tidy *before);

/* The signals that the process ignores now: bit n-1 for signal n. */
uint64_t tidy_ignored (const struct tidy *tidy);

#endif
