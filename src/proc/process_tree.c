/* process_tree - see process_tree.h.
 *
 * A walk starts at our own children, or at the children of a child of ours, and goes down. Each process is signalled as
 * soon as it is seen, before its own children are read. A process that loses its parent during the walk becomes our
 * child (we are the subreaper). So our children are read again until no new ones are among them, but only a few times:
 * the rounds of tree_kill handle chains that fork and exit for ever. The memory is static and bounded, so only one walk
 * can run at a time.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "proc/pids.h"
#include "proc/process_tree.h"
#include "proc/procstat.h"

enum {
	WALK_MAX = 32768, /* processes in one walk; the next walk handles the rest */
	WALK_PASSES = 8, /* how often our own children are read in one walk */
	PID_MAX = 4 * 1024 * 1024, /* the kernel's PID_MAX_LIMIT */
	REAP_MAX = 64, /* children reaped in one round, besides the zombies that the walk saw */
	PARENT_TRIES = 4,
	WATCH_DEAD = 64,
	WATCH_PASSES = 64,
};

static struct process_walk {
	pid_t root, spare;
	bool ours; /* the root is this process, so its children can be reaped here */
	int root_fd; /* pidfd of a root that may be reaped by others; -1: the root keeps its pid until we reap it */
	int signo;
	int alive;
	int dead; /* zombies among our children */
	size_t n;
	size_t at; /* index of the process whose children are being read */
	pid_t list[WALK_MAX]; /* the processes seen, in order; negative: dead, without children */
	uint64_t start[WALK_MAX]; /* their start times; 0 for our own children, which keep their pids until we reap */
	uint8_t seen[PID_MAX / 8]; /* the same as a set; the kernel allocates only the pages in use */
} walk;

static bool walk_has (pid_t pid)
{
	return walk.seen[pid / 8] & 1 << pid % 8;
}

/* False when the process is known, or the list is full. */
static bool walk_add (pid_t pid)
{
	if (pid >= PID_MAX || walk_has (pid) || walk.n == WALK_MAX)
		return false;
	walk.seen[pid / 8] |= (uint8_t)(1 << pid % 8);
	walk.start[walk.n] = 0;
	walk.list[walk.n++] = pid;
	return true;
}

static void walk_clear (void)
{
	while (walk.n)
		walk.seen[abs (walk.list[--walk.n]) / 8] = 0;
}

/* Would the kernel signal that process if its terminal were hung up? It signals the leader of the session and the foreground
 * process group. */
static bool is_at_terminal (pid_t pid, const struct procstat *stat)
{
	return stat->tty && (stat->session == pid || stat->group == stat->foreground);
}

/* Signal our own child, which keeps its pid until we reap it. Is it alive? */
static bool signal_child (pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };
	struct procstat stat;

	if (waitid (P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0)
		return false;
	if (info.si_pid) {
		walk.dead++;
		return false;
	}
	walk.alive++;
	if (walk.signo == SIGTERM && procstat_read (pid, &stat) == 0 && is_at_terminal (pid, &stat))
		kill (pid, SIGHUP);
	if (walk.signo)
		kill (pid, walk.signo);
	if (walk.signo == SIGTERM)
		kill (pid, SIGCONT);
	return true;
}

/* Is the pid of a process that was seen still the pid of that process? We may just have killed the process, its parent
 * may have reaped it, and another process may have the pid now. */
static bool still_the_same (pid_t pid)
{
	size_t i = walk.at;
	struct procstat stat;

	if (i >= walk.n || walk.list[i] != pid)
		for (i = 0; i < walk.n && walk.list[i] != pid; i++)
			;
	return i < walk.n && (!walk.start[i] || (procstat_read (pid, &stat) == 0 && procstat_alive (&stat) &&
							stat.start == walk.start[i]));
}

/* Has the root not ended? If so, its pid was its own until now. */
static bool root_is_there (void)
{
	struct pollfd end = { .fd = walk.root_fd, .events = POLLIN };

	return walk.root_fd < 0 || poll (&end, 1, 0) == 0;
}

/* Is the process alive and in this tree: our child, or the child of a process that was seen? The child's parent is read
 * first, then the parent is checked. When the parent has died in between, the child has a new parent: try again. */
static bool belongs (pid_t pid, struct procstat *stat)
{
	for (int tries = 0; tries < PARENT_TRIES; tries++) {
		if (procstat_read (pid, stat) < 0 || !procstat_alive (stat))
			return false;
		if (stat->parent == walk.root)
			return root_is_there ();
		if (stat->parent < 1 || stat->parent >= PID_MAX || !walk_has (stat->parent))
			return false;
		if (still_the_same (stat->parent))
			return true;
	}
	return false;
}

/* Signal a process that is not our child. Its parent may reap it at any moment, and another process may get its pid:
 * open a pidfd, then check that the process of the pidfd belongs to the tree. Is it alive? */
static bool signal_other (pid_t pid)
{
	int pidfd = pidfd_open (pid, 0), signo = pid == walk.spare ? 0 : walk.signo;
	bool alive = false;
	struct procstat stat;

	if (pidfd < 0)
		return false;
	if (belongs (pid, &stat)) {
		alive = true;
		walk.start[walk.n - 1] = stat.start;
		walk.alive += pid != walk.spare;
		if (signo == SIGTERM && is_at_terminal (pid, &stat))
			pidfd_send_signal (pidfd, SIGHUP, NULL, 0);
		if (signo)
			pidfd_send_signal (pidfd, signo, NULL, 0);
		if (signo == SIGTERM)
			pidfd_send_signal (pidfd, SIGCONT, NULL, 0);
	}
	fd_close (&pidfd);
	return alive;
}

/* Add the children of one thread. */
static int walk_thread (int tasks, const char *tid, bool ours)
{
	struct pids pids;
	char path[32];
	pid_t pid;
	int fd;

	snprintf (path, sizeof path, "%.20s/children", tid);
	if ((fd = openat (tasks, path, O_RDONLY | O_CLOEXEC)) < 0)
		return -1;
	pids_start (&pids, fd);
	while ((pid = pids_next (&pids)) > 0) {
		if (!walk_add (pid) || (ours && pid == walk.spare))
			continue;
		if (!(ours ? signal_child (pid) : signal_other (pid)))
			walk.list[walk.n - 1] = -pid;
	}
	fd_close (&fd);
	return pid;
}

/* Add the children of all threads of a process; -1 when there is no such process. */
static int walk_process (pid_t pid)
{
	char entries[2048] __attribute__ ((aligned (8)));
	int tasks, rc = -1;
	ssize_t got;

	snprintf (entries, sizeof entries, "/proc/%d/task", (int)pid);
	if ((tasks = open (entries, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return -1;
	while ((got = getdents64 (tasks, entries, sizeof entries)) > 0)
		for (ssize_t at = 0; at < got;) {
			const struct dirent64 *entry = (const void *)(entries + at);

			if (entry->d_name[0] != '.' &&
				walk_thread (tasks, entry->d_name, walk.ours && pid == walk.root) == 0)
				rc = 0;
			at += entry->d_reclen;
		}
	fd_close (&tasks);
	return rc;
}

/* Signal all beneath `root` (0: this process), or with `deep` false only its own children. */
static int walk_tree (pid_t root, int root_fd, int signo, pid_t spare, bool deep)
{
	int saved = errno;

	walk.ours = !root;
	walk.root_fd = root_fd;
	walk.root = root ? root : getpid ();
	walk.spare = spare;
	walk.signo = signo;
	walk.alive = walk.dead = 0;
	for (int pass = 0; pass < WALK_PASSES; pass++) {
		size_t before = walk.n;

		if (walk_process (walk.root) < 0) {
			walk.alive = -1;
			break;
		}
		for (size_t i = before; deep && i < walk.n; i++)
			if (walk.list[i] > 0) {
				walk.at = i;
				walk_process (walk.list[i]);
			}
		if (walk.n == before)
			break;
	}
	walk_clear ();
	errno = saved;
	return walk.alive;
}

int tree_signal (int signo, pid_t spare)
{
	return walk_tree (0, -1, signo, spare, true);
}

int tree_signal_beneath (pid_t child, int signo)
{
	return walk_tree (child, -1, signo, 0, true);
}

int tree_signal_beneath_other (pid_t root, int pidfd, int signo, pid_t spare)
{
	return walk_tree (root, pidfd, signo, spare, true);
}

/* Reap up to `max` children. Returns the number, or -1 when there was no child at all. */
static int reap_some (int max, void (*reaped) (pid_t pid, int status, void *arg), void *arg)
{
	for (int n = 0; n < max; n++) {
		int status;
		pid_t pid = waitpid (-1, &status, WNOHANG | __WALL);

		if (pid <= 0)
			return pid < 0 && !n ? -1 : n;
		if (reaped)
			reaped (pid, status, arg);
	}
	return max;
}

int tree_kill (int cgroup_kill, int limit_ms, void (*reaped) (pid_t pid, int status, void *arg), void *arg)
{
	int64_t end = clock_ms () + limit_ms;
	bool deep = true;

	for (;;) {
		int n;

		/* When this fails, the walk kills. */
		if (cgroup_kill < 0 || write (cgroup_kill, "1", 1) < 0)
			cgroup_kill = -1;
		/* After the first full walk, deeper processes become our children as their parents die. Killing only
		 * our children is quick, and speed decides the race with a chain of forks. When no more processes die,
		 * walk the whole tree again. */
		walk_tree (0, -1, SIGKILL, 0, deep);
		/* Every process beneath us is beneath a child of ours: without a child no process is left. Chains that
		 * fork and exit leave zombies faster than a walk passes them, so reap the zombies that were seen, and a
		 * bounded number of others. */
		n = reap_some (walk.dead + REAP_MAX, reaped, arg);
		if (n < 0)
			return 0;
		if (clock_ms () >= end)
			return tree_count (0);
		deep = !n;
		if (!n)
			poll (NULL, 0, 1); /* they are dying */
	}
}

static int children_open (pid_t pid)
{
	char path[48];

	snprintf (path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
	return open (path, O_RDONLY | O_CLOEXEC);
}

int tree_watch_open (struct tree_watch *watch)
{
	watch->own_children = -1;
	watch->keeper_children = children_open (getppid ());
	if (watch->keeper_children >= 0)
		watch->own_children = children_open (getpid ());
	if (watch->own_children < 0)
		fd_close (&watch->keeper_children);
	return watch->own_children < 0 ? -1 : 0;
}

/* The dead processes that tree_watch_left has found so far. */
struct dead {
	pid_t list[WATCH_DEAD];
	size_t n;
};

static bool dead_has (const struct dead *dead, pid_t pid)
{
	for (size_t i = 0; i < dead->n; i++)
		if (dead->list[i] == pid)
			return true;
	return false;
}

/* Read a list once: 1 when a process in it lives (or the list cannot be read), 0 when all were already known to be
 * dead, -1 when some are newly found dead. */
static int watch_read (int fd, pid_t self, struct dead *dead)
{
	struct procstat stat;
	struct pids pids;
	pid_t pid;
	int rc = 0;

	pids_start (&pids, fd);
	while ((pid = pids_next (&pids)) > 0) {
		if (pid == self || dead_has (dead, pid))
			continue;
		if (procstat_read (pid, &stat) == 0 && procstat_alive (&stat))
			return 1;
		rc = -1;
		if (dead->n < WATCH_DEAD)
			dead->list[dead->n++] = pid;
	}
	return pid < 0 ? 1 : rc;
}

bool tree_watch_left (const struct tree_watch *watch, pid_t self)
{
	struct dead dead = { .n = 0 };
	int rc;

	/* Read our own children first: when a child is seen dead, its children already belong to the keeper. */
	if (watch_read (watch->own_children, self, &dead) > 0)
		return true;
	/* A process that died after the list was read may have left a child that appears only in the next list. So read
	 * until a list has only processes that were dead before. In doubt, the answer is yes. */
	for (int pass = 0; pass < WATCH_PASSES; pass++)
		if ((rc = watch_read (watch->keeper_children, self, &dead)) >= 0)
			return rc;
	return true;
}
