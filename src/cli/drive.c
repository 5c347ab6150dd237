/* drive - see drive.h. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/drive.h"
#include "cli/say.h"
#include "cli/secret.h"

/* Events that are delivered in one turn: signals must be seen also while much output comes. */
enum { EVENTS = 64 };

/* Open files other than the one connection of each task: our own descriptors, keys, the lookups of names. */
enum { FILES_OTHERS = 128 };

/* Raise the limit of open files as far as possible. Returns how many tasks it allows. */
static size_t raise_limit (void)
{
	struct rlimit limit;

	fd_raise_limit ();
	if (getrlimit (RLIMIT_NOFILE, &limit) < 0)
		return 1;
	if (limit.rlim_cur > (rlim_t)SIZE_MAX)
		return SIZE_MAX;
	return limit.rlim_cur > FILES_OTHERS ? (size_t)limit.rlim_cur - FILES_OTHERS : 1;
}

struct remex *drive_new_remex (void)
{
	struct remex *remex = remex_new ();

	if (!remex)
		complain (NULL, "cannot start: %s", strerror (errno));
	return remex;
}

int drive_open (struct drive *drive)
{
	*drive = (struct drive){ .window = raise_limit () };
	list_init (&drive->tasks);
	list_init (&drive->waiting);
	output_init (&drive->out, STDOUT_FILENO);
	output_init (&drive->err, STDERR_FILENO);
	drive->remex = drive_new_remex ();
	if (!drive->remex)
		;
	else if (console_catch_signals () < 0)
		complain (NULL, "cannot catch signals: %s", strerror (errno));
	else {
		remex_set_ask (drive->remex, secret_ask, NULL);
		return 0;
	}
	return -1;
}

void drive_close (struct drive *drive)
{
	remex_free (drive->remex);
	drive->remex = NULL;
	output_close (&drive->out);
	output_close (&drive->err);
	free (drive->wait.fds);
	drive->wait = (struct wait){ .n = 0 };
	console_release_signals ();
}

void drive_set_window (struct drive *drive, size_t window)
{
	size_t most = raise_limit ();

	if (window > most)
		complain (NULL, "only %zu hosts at once, not %zu: %zu files may be open (ulimit -n)", most, window,
			most + FILES_OTHERS);
	drive->window = window < most ? window : most;
}

void drive_watch (struct task *task, struct remex_host *host)
{
	remex_host_set_data (host, task);
}

void drive_add (struct drive *drive, struct task *task, struct remex_host *host)
{
	task->queued = false;
	drive_watch (task, host);
	list_append (&drive->tasks, &task->node);
}

void drive_attend (struct drive *drive, struct task *task)
{
	task->queued = false;
	list_append (&drive->tasks, &task->node);
}

void drive_queue (struct drive *drive, struct task *task)
{
	task->queued = true;
	list_append (&drive->waiting, &task->node);
}

void drive_leave (struct drive *drive)
{
	drive->left = true;
}

void drive_suspend (struct drive *drive)
{
	drive->suspend = true;
}

/* --- waiting ----------------------------------------------------------------------------------------------------- */

void wait_fd (struct wait *wait, int fd, short events)
{
	if (fd < 0)
		return;
	if (wait->n == wait->room) {
		size_t room = wait->room ? 2 * wait->room : 16;
		struct pollfd *fds = realloc (wait->fds, room * sizeof *fds);

		if (!fds) {
			wait->failed = true;
			return;
		}
		wait->fds = fds;
		wait->room = room;
	}
	wait->fds[wait->n++] = (struct pollfd){ .fd = fd, .events = events };
}

void wait_ms (struct wait *wait, int ms)
{
	if (ms >= 0 && (wait->timeout < 0 || ms < wait->timeout))
		wait->timeout = ms;
}

/* Returns whether a signal may have come. */
static bool wait_any (struct drive *drive, bool more)
{
	struct wait *wait = &drive->wait;
	const bool catches = console_signals () >= 0; /* the first descriptor */
	struct task *task;
	int n = -1;

	wait->n = 0;
	wait->timeout = more ? 0 : -1;
	wait->failed = false;
	wait_fd (wait, console_signals (), POLLIN);
	wait_fd (wait, output_pending (&drive->out) ? drive->out.to.fd : -1, POLLOUT);
	wait_fd (wait, output_pending (&drive->err) ? drive->err.to.fd : -1, POLLOUT);
	wait_fd (wait, remex_fd (drive->remex), POLLIN);
	wait_ms (wait, remex_timeout (drive->remex));
	list_each (task, &drive->tasks, node)
		if (task->ops->wait && !task->ops->over (task))
			task->ops->wait (task, wait);
	if (!wait->failed && ((n = poll (wait->fds, wait->n, wait->timeout)) >= 0 || errno == EINTR))
		return n < 0 || (catches && wait->fds[0].revents);
	complain (NULL, "cannot wait: %s", strerror (wait->failed ? ENOMEM : errno));
	drive->failed = true;
	drive_leave (drive);
	return true;
}

/* --- turns of queued tasks ---------------------------------------------------------------------------------------- */

/* Unlink the task: the drive no longer uses it. */
static void let_go (struct drive *drive, struct task *task, bool runs)
{
	list_remove (&task->node);
	drive->running -= runs;
	if (task->ops->ended)
		task->ops->ended (task);
}

static void end_queued (struct drive *drive)
{
	struct task *task, *after;

	list_each_safe (task, after, &drive->tasks, node)
		if (task->queued && task->ops->over (task))
			let_go (drive, task, true);
}

static void start_queued (struct drive *drive)
{
	while (!list_empty (&drive->waiting)) {
		struct task *task = list_entry (drive->waiting.next, struct task, node);

		if (task->ops->over (task)) {
			let_go (drive, task, false);
			continue;
		}
		if (drive->running >= drive->window)
			break;
		list_remove (&task->node);
		list_append (&drive->tasks, &task->node);
		drive->running++;
		task->ops->start (task, drive);
		if (task->ops->over (task))
			let_go (drive, task, true);
	}
}

/* --- the loop ---------------------------------------------------------------------------------------------------- */

/* Returns how many came. */
static int deliver_events (struct drive *drive)
{
	struct remex_event event;
	int n;

	for (n = 0; n < EVENTS && remex_next (drive->remex, &event, 0) > 0; n++) {
		struct task *task = event.host ? remex_host_data (event.host) : NULL;

		if (task)
			task->ops->event (task, &event);
	}
	return n;
}

static void deliver_signal (struct drive *drive, int signo)
{
	struct task *task;

	list_each (task, &drive->tasks, node)
		task->ops->signal (task, signo);
	list_each (task, &drive->waiting, node)
		task->ops->signal (task, signo);
}

/* Stop the process. What the tasks want to send because of that is sent before. */
static void suspend (struct drive *drive, bool group)
{
	drive->suspend = false;
	output_flush (&drive->out);
	output_flush (&drive->err);
	deliver_signal (drive, SIGTSTP);
	deliver_events (drive);
	if (!console_stop (group))
		deliver_signal (drive, SIGCONT);
}

static void deliver_signals (struct drive *drive)
{
	int signo;

	while ((signo = console_signal ())) {
		if (signo == SIGTSTP) {
			suspend (drive, false);
			continue;
		}
		deliver_signal (drive, signo);
		if (list_empty (&drive->tasks))
			drive_leave (drive); /* the only thing left to wait for is the reader of our output */
	}
}

/* True: at least one task could continue at once. */
static bool work (struct drive *drive)
{
	struct task *task;
	bool more = false;

	list_each (task, &drive->tasks, node)
		if (task->ops->work && !task->ops->over (task))
			more |= task->ops->work (task);
	return more;
}

static bool goes_on (const struct drive *drive)
{
	const struct task *task;

	if (drive->left)
		return false;
	if (output_pending (&drive->out) || output_pending (&drive->err) || !list_empty (&drive->waiting))
		return true;
	list_each (task, &drive->tasks, node)
		if (!task->ops->over (task))
			return true;
	return false;
}

/* Write what is kept. True: nothing is kept any more, so a task that waits for that can work. */
static bool flush (struct output *output)
{
	if (!output_pending (output))
		return false;
	output_flush (output);
	return !output_pending (output);
}

int drive_run (struct drive *drive)
{
	struct task *task, *after;

	drive->left = drive->failed = false;
	for (;;) {
		bool more;

		start_queued (drive);
		deliver_events (drive);
		more = work (drive);
		/* What the tasks have sent goes out now, and not behind another poll. */
		if (!more && remex_timeout (drive->remex) == 0)
			more = deliver_events (drive) > 0;
		end_queued (drive);
		more |= flush (&drive->out);
		more |= flush (&drive->err);
		if (!goes_on (drive))
			break;
		if (drive->suspend)
			suspend (drive, true);
		more |= drive->running < drive->window && !list_empty (&drive->waiting);
		if (wait_any (drive, more))
			deliver_signals (drive);
	}
	list_each_safe (task, after, &drive->tasks, node)
		list_remove (&task->node);
	list_each_safe (task, after, &drive->waiting, node)
		list_remove (&task->node);
	drive->running = 0;
	return drive->failed ? -1 : 0;
}
