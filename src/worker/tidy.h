/* tidy - did the plugin leave the process as it found it? A worker that was changed is not used again.
 *
 * What is compared: working directory, umask, signal mask and dispositions, the lowest free descriptor, the number of
 * threads. A snapshot is taken when the plugins have been started; nothing is owned.
 */
#ifndef REMEX_WORKER_TIDY_H
#define REMEX_WORKER_TIDY_H

#include <signal.h>
#include <sys/stat.h>
#include <sys/types.h>

struct tidy {
	dev_t device;
	ino_t inode;
	mode_t mask;
	sigset_t blocked;
	void *handlers[32];
	int lowest_fd;
	nlink_t threads;
};

void tidy_snapshot (struct tidy *tidy);

/* What differs now, as a word for the log ("umask"), or NULL. */
const char *tidy_changed (const struct tidy *before);

#endif
