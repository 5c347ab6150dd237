/* spawn - start a program: the one place that execs.
 *
 * Everything is prepared before the fork; between fork and exec the child makes only async-signal-safe calls. A failure there
 * comes back as an errno and the step that failed, through a close-on-exec pipe, so that "no such file" is never taken for
 * exit status 127. The caller makes the three standard descriptors, and spawn does not ask what they are.
 * The child gets a session of its own, default signal dispositions and an empty mask, the
 * usual umask and limits or those that are asked for (the hard limits stay, so that a command may raise them again),
 * and no descriptor but 0, 1 and 2.
 * (reference: signal-safety(7), vfork(2), close_range(2), prctl(2) PR_SET_PDEATHSIG)
 */
#ifndef REMEX_PROC_SPAWN_H
#define REMEX_PROC_SPAWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* The usual ones: umask 022, no core files, 1024 descriptors. More than a hard limit is that limit. */
struct spawn_limits {
	mode_t umask;
	uint64_t core; /* bytes; UINT64_MAX: no limit */
	uint64_t nofile;
};

struct spawn {
	const char *const *argv; /* NULL-terminated, at least one word */
	const char *const *env; /* NULL-terminated; NULL: an empty environment */
	const char *file; /* what is executed; NULL: argv[0]. Without a slash it is looked up in `path` */
	const char *path; /* directories between colons, absolute ones only; NULL: no look-up, the name is a path */
	const char *cwd; /* NULL: stay. A relative `file` with a slash counts from here */
	int fds[3]; /* become 0, 1, 2, with their flags as they are; -1: /dev/null */
	uint64_t ignored; /* the signals that we ignore: bit n-1 for signal n; exec resets all others (0: not known) */
	bool die_with_parent; /* SIGKILL when the thread that spawned ends */
	const struct spawn_limits *limits; /* NULL: the usual */
	const int *keep; /* further descriptors, from 3 up, that stay open under their own number */
	size_t n_keep; /* at most SPAWN_KEEP */
};

enum { SPAWN_KEEP = 16 };

/* The child: its pid, and a pidfd (pidfd_open(2); the caller closes it) that is readable when it has ended. */
struct child {
	pid_t pid;
	int pidfd;
};

/* err->code where the program had begun and could not be watched: its process group was killed and the program was reaped, but
 * processes that had left the group by then may live on. The caller has to end them. */
enum { SPAWN_BEGUN = 1 };

/* Start it. 0, or -1: err->sys is the errno, err->text says what could not be done ("cannot run foo: No such file or
 * directory", "cannot change to /nowhere: …") in words for the caller's caller; err->code is 0, or SPAWN_BEGUN. But for
 * that, nothing is left behind on failure. The caller does not ignore SIGCHLD. */
int spawn_start (const struct spawn *spawn, struct child *child, struct err *err);

/* The path that `name` has in `path` (the first executable regular file), in `out` of PATH_MAX bytes. A name with a
 * slash is copied. 0, or -1 with errno ENOENT, EACCES (there, but not executable) or ENAMETOOLONG. */
int spawn_resolve (char *out, const char *name, const char *path);

/* Signal the child's whole process group, which it leads. EPERM and ESRCH are ignored. Only before it is reaped. */
void child_signal (const struct child *child, int signo);

/* Wait for the child to end and reap it; status as waitpid(2) has it. Closes the pidfd. 0 or -1. */
int child_reap (struct child *child, int *status);

#endif
