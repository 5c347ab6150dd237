/* drive - the only loop of the program: tasks, the events of their hosts, signals, and our own descriptors.
 *
 * A task is whatever waits for a host: a call (call.h), a ping, a probe of a key. It has operations and belongs to whoever
 * made it; a drive links it from drive_add to drive_run's end. One turn of the loop tells events, lets every task work,
 * writes what can be written, and waits for whatever comes first.
 */
#ifndef REMEX_CLI_DRIVE_H
#define REMEX_CLI_DRIVE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "cli/console.h"
#include "remex/client.h"

struct task;

/* What a turn waits for. */
struct wait {
	struct pollfd *fds;
	size_t n, room;
	int timeout; /* milliseconds; -1: for ever */
	bool failed; /* without memory */
};

/* Until that descriptor is ready (-1: none), until so many milliseconds have passed (-1: never). */
void wait_fd (struct wait *wait, int fd, short events);
void wait_ms (struct wait *wait, int ms);

struct task_ops {
	/* Something has happened on the task's host. */
	void (*event) (struct task *task, const struct remex_event *event);
	/* INT, TERM or HUP has come. */
	void (*signal) (struct task *task, int signo);
	/* Do what can be done now; true: there is more that could be done at once. NULL: nothing. */
	bool (*work) (struct task *task);
	/* Add to what the turn waits for. NULL: nothing but the host. */
	void (*wait) (struct task *task, struct wait *wait);
	/* Is there nothing left to be done? */
	bool (*over) (const struct task *task);
};

struct task {
	struct list node; /* in drive->tasks */
	const struct task_ops *ops;
};

struct drive {
	struct remex *remex;
	struct output out, err; /* our own stdout and stderr */
	struct list tasks;
	struct wait wait;
	bool left; /* drive_leave */
	bool failed; /* there was no waiting: nothing is known of what is not over */
};

/* Catch signals and make ready. 0, or -1 (which has been said). Then drive_close, either way. */
int drive_open (struct drive *drive);
void drive_close (struct drive *drive);

/* Add a task, which hears of that host from now on. Nobody else may be waiting for the host. */
void drive_add (struct drive *drive, struct task *task, struct remex_host *host);

/* Run until every task is over and everything is written. The tasks are no longer the drive's then. 0, or -1 where it could
 * not wait for that (which has been said). */
int drive_run (struct drive *drive);

/* For tasks: leave the loop with the turn, whatever is not done. */
void drive_leave (struct drive *drive);

#endif
