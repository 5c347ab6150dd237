/* drive - the only loop of the program: tasks, the events of their hosts, signals, and our own descriptors.
 *
 * A task waits for a host: a call (call.h), a ping, a probe of a key. A task has operations, and belongs to its maker.
 * One turn of the loop starts tasks that wait for their turn, delivers events, lets every task work, writes the output
 * that can be written, and waits for the next event.
 *
 *   drive_add    the caller has a host already; the task is linked until drive_run returns
 *   drive_queue  the task waits for its turn: at most `window` queued tasks run at once, in their order. It connects
 *                when it is started, so that its time to connect begins then. It may close its host when it has ended,
 *                so that the window bounds the descriptors of all hosts together
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

/* The events that a turn waits for. */
struct wait {
	struct pollfd *fds;
	size_t n, room;
	int timeout; /* milliseconds; -1: for ever */
	bool failed; /* out of memory */
};

/* wait_fd: until the descriptor is ready (-1: none). wait_ms: until so many milliseconds have passed (-1: never). */
void wait_fd (struct wait *wait, int fd, short events);
void wait_ms (struct wait *wait, int ms);

struct task_ops {
	/* For drive_queue: it is the turn of the task. Connect, and drive_watch the host. On failure the task is
	 * over. */
	void (*start) (struct task *task, struct drive *drive);
	/* For drive_queue: the task is over, and the drive no longer uses it. NULL: nothing to do. */
	void (*ended) (struct task *task);
	/* An event of the task's host. NULL: it has none (drive_attend). */
	void (*event) (struct task *task, const struct remex_event *event);
	/* INT, TERM or HUP has come, or a signal of console_forward. If a task still waits for its turn and is over after this,
	 * it is never started. With TSTP the process stops when all tasks have heard of it; CONT comes when it goes on. */
	void (*signal) (struct task *task, int signo);
	/* Do the work that is possible now; true: more could be done at once. NULL: nothing. */
	bool (*work) (struct task *task);
	/* Add to the events that the turn waits for. NULL: only the host. */
	void (*wait) (struct task *task, struct wait *wait);
	/* Is the task complete? */
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
	struct list tasks; /* running tasks */
	struct list waiting; /* tasks that wait for their turn */
	size_t window, running; /* of queued tasks: how many may run at once, and how many run */
	struct wait wait;
	bool left; /* drive_leave */
	bool suspend; /* drive_suspend */
	bool failed; /* waiting has failed: the state of the tasks that are not over is unknown */
};

/* remex_new, or NULL (already reported). */
struct remex *drive_new_remex (void);

/* Catch signals, raise the limit of open files as far as possible, and initialize. 0, or -1 (already reported). Then
 * drive_close, in both cases. */
int drive_open (struct drive *drive);
void drive_close (struct drive *drive);

/* Run at most `window` queued tasks at once; fewer, with a message, where the limit of open files is too low. At first
 * the window is as large as that limit allows. */
void drive_set_window (struct drive *drive, size_t window);

/* Add a task, which gets the events of that host from now on. No other task may wait for the host. */
void drive_add (struct drive *drive, struct task *task, struct remex_host *host);

/* Add a task without a host: it works, waits and hears of signals. */
void drive_attend (struct drive *drive, struct task *task);

/* Add a task that waits for its turn. The drive uses it until ops->ended, or until drive_run returns. */
void drive_queue (struct drive *drive, struct task *task);

/* For a task that was started: it gets the events of that host from now on. */
void drive_watch (struct task *task, struct remex_host *host);

/* Run until every task is over and all output is written. After that the drive uses no task any more. 0, or -1 where
 * waiting has failed (already reported). */
int drive_run (struct drive *drive);

/* For tasks: suspend the job of this process, as Ctrl-Z at a terminal does, at the end of this turn. */
void drive_suspend (struct drive *drive);

/* For tasks: leave the loop at the end of this turn, even if work is left. */
void drive_leave (struct drive *drive);

#endif
