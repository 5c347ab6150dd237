/* process_tree - finds, signals and counts all processes beneath a process.
 *
 * No process escapes from beneath a subreaper (prctl(2) PR_SET_CHILD_SUBREAPER): an orphan becomes the subreaper's
 * child. So the descendants are the processes in /proc/PID/task/TID/children (proc(5)) and all beneath them, in
 * whatever sessions or groups. With a cgroup (cgroups(7)) the kernel kills all of them: cgroup.kill.
 */
#ifndef REMEX_PROC_PROCESS_TREE_H
#define REMEX_PROC_PROCESS_TREE_H

#include <stdbool.h>
#include <sys/types.h>

/* Signal every living descendant of the calling process except `spare` (0: none; the descendants of `spare` are
 * signalled). After SIGTERM each process also gets SIGCONT, so that a stopped process can obey. Before SIGTERM the leader of
 * a session with a terminal and the foreground process group of the terminal get SIGHUP, as when a terminal is gone: many
 * shells ignore SIGTERM. Returns the number of
 * living processes, without zombies; -1 when /proc cannot be read. Not for two threads at a time: the memory is
 * static. */
int tree_signal (int signo, pid_t spare);

/* The number of living (not zombie) descendants of the calling process, without `spare`. signo 0 sends nothing. */
static inline int tree_count (pid_t spare)
{
	return tree_signal (0, spare);
}

/* The same for the descendants of our child `child`, which is not signalled itself and must be a subreaper. The child
 * may be stopped: zombies that it has not reaped are not counted. */
int tree_signal_beneath (pid_t child, int signo);

/* The same for the descendants of a process that need not be our child, without `spare` (as in tree_signal). `pidfd` is that of
 * the process: once the process has ended, nothing is signalled, so that another process with its number is safe. */
int tree_signal_beneath_other (pid_t root, int pidfd, int signo, pid_t spare);

/* Kill all descendants with SIGKILL and reap the calling process's children, in bounded rounds, until none is left or
 * `limit_ms` has passed. Returns the number of survivors (0: all gone). `cgroup_kill` is an open cgroup.kill or -1.
 * `reaped` (may be NULL) is called for each child reaped. */
int tree_kill (int cgroup_kill, int limit_ms, void (*reaped) (pid_t pid, int status, void *arg), void *arg);

/* Did a command leave processes behind? A worker looks at its keeper's children and its own. */
struct tree_watch {
	int keeper_children; /* /proc/KEEPER/task/KEEPER/children, opened before the uid changed */
	int own_children;
};

/* Open both for the calling process and its parent; 0 or -1. */
int tree_watch_open (struct tree_watch *watch);

/* Is there a living child of the keeper besides `self`, or a living child of `self`? Zombies do not count. True when
 * this cannot be known. Call it when the command's own process has been reaped and no other is being started. */
bool tree_watch_left (const struct tree_watch *watch, pid_t self);

#endif
