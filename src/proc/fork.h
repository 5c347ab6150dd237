/* fork - a child of the same program that runs a function: the supervisor's keepers, a keeper's worker.
 *
 * The child closes every descriptor except 0-2 and those in `keep`. It sets default dispositions for all signals
 * (SIGPIPE and SIGXFSZ ignored: the call fails instead) and an empty mask. It never returns: the function's result is its exit status (_exit).
 */
#ifndef REMEX_PROC_FORK_H
#define REMEX_PROC_FORK_H

#include <stddef.h>
#include <sys/types.h>

enum { FORK_KEEP = 144 };

/* Returns the pid, or -1 with errno (EINVAL: more than FORK_KEEP to keep). `keep` (n entries, negative ones
 * ignored) stay open in the child. `title` names the process for ps(1) (prctl(2) PR_SET_NAME, 15 bytes). */
pid_t fork_run (const char *title, const int *keep, size_t n, int (*run) (void *arg), void *arg);

#endif
