/* drive - the only loop of the program: tasks, the events of their hosts, signals, and our own descriptors.
 *
 * A task is something that waits for a host: a call (call.h), a ping, a probe of a key. A task has operations and belongs to
 * whoever made it. One turn of the loop starts tasks that wait for their turn, tells events, lets every task work, writes
 * what can be written, and waits for whatever comes first.
 *
 *   drive_add    the caller has a host already; the task is linked until drive_run returns
 *   drive_queue  the task waits for its turn: at most `window` queued tasks run at once, in their order. It connects when it
 *                is started, so that its time to connect begins then, and may close its host when it has ended, so that the
 *                descriptors of all hosts together are bounded by the window
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
struct drive;

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
	/* For drive_queue: the turn of the task has come. Connect, and drive_watch the host. What cannot be done leaves the
	 * task over. */
	void (*start) (struct task *task, struct drive *drive);
	/* For drive_queue: the task is over, and no longer the drive's. NULL: nothing to do. */
	void (*ended) (struct task *task);
	/* Something has happened on the task's host. */
	void (*event) (struct task *task, const struct remex_event *event);
	/* INT, TERM or HUP has come. A task that still waits for its turn and is over after this is never started. */
	void (*signal) (struct task *task, int signo);
	/* Do what can be done now; true: there is more that could be done at once. NULL: nothing. */
	bool (*work) (struct task *task);
	/* Add to what the turn waits for. NULL: nothing but the host. */
	void (*wait) (struct task *task, struct wait *wait);
	/* Is there nothing left to be done? */
	bool (*over) (const struct task *task);
};

struct task {
	struct list node; /* in drive->tasks or drive->waiting */
	const struct task_ops *ops;
	bool queued; /* drive_queue */
};

struct drive {
	struct remex *remex;
	struct output out, err; /* our own stdout and stderr */
	struct list tasks; /* that run */
	struct list waiting; /* that wait for their turn */
	size_t window, running; /* queued tasks: how many may run at once, how many do */
	struct wait wait;
	bool left; /* drive_leave */
	bool failed; /* there was no waiting: nothing is known of what is not over */
};

/* remex_new, or NULL, which has been said. */
struct remex *drive_new_remex (void);

/* Catch signals, raise the limit of open files as far as it goes, and make ready. 0, or -1 (which has been said). Then
 * drive_close, either way. */
int drive_open (struct drive *drive);
void drive_close (struct drive *drive);

/* At most so many queued tasks at once; fewer where the limit of open files is too low for them, which is said. At first
 * the window is as large as that limit allows. */
void drive_set_window (struct drive *drive, size_t window);

/* Add a task, which hears of that host from now on. Nobody else may be waiting for the host. */
void drive_add (struct drive *drive, struct task *task, struct remex_host *host);

/* Add a task that waits for its turn. It is the drive's until ops->ended, or until drive_run returns. */
void drive_queue (struct drive *drive, struct task *task);

/* For a task that was started: it hears of that host from now on. */
void drive_watch (struct task *task, struct remex_host *host);

/* Run until every task is over and everything is written. After that no task is the drive's. 0, or -1 where it could not
 * wait for that (which has been said). */
int drive_run (struct drive *drive);

/* For tasks: leave the loop with the turn, whatever is not done. */
void drive_leave (struct drive *drive);

#endif
