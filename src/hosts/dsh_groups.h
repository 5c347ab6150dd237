/* dsh_groups - the group files of pdsh and dsh: a file for each group, with the hosts in it, one list on each line.
 *
 * The directories are $DSHGROUP_PATH (separated by colons), else ~/.dsh/group and /etc/dsh/group; the first one that has
 * the file counts. They are one source of groups, "dsh". "#include NAME" in such a file is a path, or another group
 * (pdsh); a relative path is beside the file.
 */
#ifndef REMEX_HOSTS_DSH_GROUPS_H
#define REMEX_HOSTS_DSH_GROUPS_H

#include "base/err.h"
#include "hosts/groups.h"

#define DSH_SOURCE "dsh"

/* Add the source, with the groups that the directories have: a group is the text ^FILE, so that a file is read when it
 * is named. Missing directories are passed over. A directory or a file that is not trusted (base/trusted.h) is an error.
 * 0, or -1 and err. */
int dsh_groups_read (struct groups *groups, struct err *err);

#endif
