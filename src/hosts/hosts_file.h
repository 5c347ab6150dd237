/* hosts_file - hosts.yaml: groups of hosts, and the settings of hosts.
 *
 *   groups:
 *     web: web[01-64]                      an expression (expression.h)
 *     front: "@web,proxy[1-2]"             groups may name groups
 *     db: [db1, db2, "^db-hosts.txt"]      or a list of expressions, all of them together
 *   hosts:
 *     web[01-64]: {address: "10.0.0.[1-64]", port: 7400}    as many addresses as hosts, or one
 *     "*.lab": {user: tester}                               all names that match
 *
 * A file is read only where it is trusted (base/trusted.h). Of the file of the system and the user's own one, which is
 * read later, the later one wins: for a group of the same name, and for each setting of a host.
 */
#ifndef REMEX_HOSTS_HOSTS_FILE_H
#define REMEX_HOSTS_HOSTS_FILE_H

#include "base/err.h"
#include "hosts/groups.h"
#include "hosts/settings.h"

#define HOSTS_FILE "hosts.yaml"
#define HOSTS_FILE_SOURCE "remex"

/* Read a file into the source "remex" of the groups and into the settings. The hosts of `hosts` that are named without a
 * group or a pattern count for @*. 1: read; 0: there is no such file; -1 and err, with file:line:column. */
int hosts_file_read (const char *path, struct groups *groups, struct settings_table *settings, struct err *err);

#endif
