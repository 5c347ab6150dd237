/* upcall - a source of groups that a command answers for (ClusterShell's groups.conf: map, all, list).
 *
 * A command is a line for /bin/sh, in which $GROUP, $SOURCE and $CFGDIR (also ${GROUP} …) are replaced, and $$ is a
 * dollar sign; all other variables are the shell's. It runs in CFGDIR, with the environment and the stderr of remex and
 * with no stdin, and is killed when remex ends. Its stdout is the answer; another exit status than 0 is an error.
 *
 * The line comes from a trusted file, but the name of a group may come from anywhere. So a name that a shell could read
 * as anything but letters is never handed to a command.
 */
#ifndef REMEX_HOSTS_UPCALL_H
#define REMEX_HOSTS_UPCALL_H

#include "base/err.h"
#include "hosts/groups.h"

/* The commands of a source. */
struct upcall_commands {
	const char *map, *all, *list; /* `all` and `list` may be NULL */
	const char *directory; /* CFGDIR */
};

/* Have the source ask the commands. All is copied. 0, or -1 and err. */
int upcall_ask (struct group_source *source, const struct upcall_commands *commands, struct err *err);

#endif
