/* spawn - starts a program. No other code calls exec.
 *
 * All is prepared before the fork; between fork and exec the child makes only async-signal-safe calls. A failure there
 * is reported as an errno and a step, through a close-on-exec pipe, so that "no such file" is never taken for exit
 * status 127. The caller makes the three standard descriptors, of any kind. The child gets a session of its own,
 * default signal dispositions, an empty mask, and the default or requested umask and limits (the hard limits of core and
 * nofile stay, so that a command may raise the soft ones again; those of `call` are hard ones). It gets no descriptors but 0, 1, 2 and those in `keep`. (reference:
 * signal-safety(7), vfork(2), close_range(2), prctl(2) PR_SET_PDEATHSIG)
 */
#ifndef REMEX_PROC_SPAWN_H
#define REMEX_PROC_SPAWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "wire/call_limits.h"

/* The defaults: umask 022, no core files, 1024 descriptors. A value above a hard limit is lowered to that limit. */
struct spawn_limits {
	mode_t umask;
	uint64_t core; /* bytes; UINT64_MAX: no limit */
	uint64_t nofile;
	/* Hard limits too, which only root can raise again, and the least niceness. RLIMIT_CPU is in whole seconds, rounded up; its
	 * hard limit is SPAWN_CPU_GRACE seconds above it, for a program that handles SIGXCPU. */
	struct call_limits call;
};

extern const struct spawn_limits spawn_usual_limits;

enum { SPAWN_CPU_GRACE = 2 };

/* The user that a program runs as: without supplementary groups, and without a way to new privileges (prctl(2),
 * PR_SET_NO_NEW_PRIVS). The caller is root. */
struct spawn_user {
	uid_t uid;
	gid_t gid;
};

struct spawn {
	const char *const *argv; /* NULL-terminated, at least one word */
	const char *const *env; /* NULL-terminated; NULL: an empty environment */
	const char *file; /* the file to execute; NULL: argv[0]. A name without a slash is looked up in `path` */
	const char *path; /* absolute directories, separated by colons; NULL: no look-up, the name is a path */
	const char *cwd; /* NULL: no change. A relative `file` with a slash begins here */
	int fds[3]; /* become 0, 1, 2, with unchanged flags; -1: /dev/null */
	uint64_t ignored; /* the signals that the caller ignores: bit n-1 for signal n; exec resets all others (0: not
			     known) */
	bool terminal; /* 0 is a terminal, which becomes the controlling one of the program's session */
	bool die_with_parent; /* SIGKILL when the thread that spawned ends */
	const struct spawn_limits *limits; /* NULL: the defaults */
	const struct spawn_user *user; /* NULL: the caller's own */
	const int *keep; /* further descriptors, from 3 up, that stay open with the same numbers */
	size_t n_keep; /* at most SPAWN_KEEP */
};

enum { SPAWN_KEEP = 16 };

/* The child: its pid, and a pidfd (pidfd_open(2); the caller closes it) that is readable when the child has ended. */
struct child {
	pid_t pid;
	int pidfd;
};

/* err->code when the program had begun but cannot be watched: its process group was killed and the program was reaped,
 * but processes that had left the group may live on. The caller must end them. */
enum { SPAWN_BEGUN = 1 };

/* Start a program. 0, or -1: err->sys is the errno, err->text is a message for the user ("cannot run foo: No such file
 * or directory", "cannot change to /nowhere: …"), err->code is 0 or SPAWN_BEGUN. Except with SPAWN_BEGUN, no process is
 * left on failure. The caller must not ignore SIGCHLD. */
int spawn_start (const struct spawn *spawn, struct child *child, struct err *err);

/* Look `name` up in `path`: the path of the first executable regular file goes to `out` (PATH_MAX bytes). A name with a
 * slash is copied. 0, or -1 with errno ENOENT, EACCES (not executable) or ENAMETOOLONG. */
int spawn_resolve (char *out, const char *name, const char *path);

/* Signal the process group of the child. EPERM and ESRCH are ignored. Call it only before the child is reaped. */
void child_signal (const struct child *child, int signo);

/* Wait for the child to end and reap it; status as from waitpid(2). Closes the pidfd. 0 or -1. */
int child_reap (struct child *child, int *status);

/* The same; `usage` is what the child and the processes that it has waited for have used (wait4(2)). The largest resident set
 * is at least that of the caller: the child had the caller's memory until it executed its program. */
int child_reap_usage (struct child *child, int *status, struct call_usage *usage);

/* The limit of `limits` that has ended a child with that status, as far as status and usage prove it: CPU time or file size,
 * also where a shell reports the signal of its own child (128 + signal); else LIMIT_NONE. */
enum call_limit child_limit (const struct call_limits *limits, int status, const struct call_usage *usage);

#endif
