/* hosts_file - hosts.yaml: groups of hosts, and the settings of hosts.
 *
 *   groups:
 *     web: web[01-64]                      an expression (expression.h)
 *     front: "@web,proxy[1-2]"             groups may name groups
 *     db: [db1, db2, "^db-hosts.txt"]      or a list of expressions, all of them together
 *   hosts:
 *     web[01-64]: {address: "10.0.0.[1-64]", port: 7400}    as many addresses as hosts, or one
 *     "*.lab": {user: tester}                               all names that match
 *     "*.dmz": {proxy: "ssh -W %h:%p gateway"}              reached by a command (proxy_line.h)
 *   confirm_above: 50                      more hosts are confirmed by a person
 *
 * A file is read only where it is trusted (base/trusted.h). The user's own file is read after that of the system and
 * wins: for a group of the same name, for each setting of a host, and for the policy.
 */
#ifndef REMEX_HOSTS_HOSTS_FILE_H
#define REMEX_HOSTS_HOSTS_FILE_H

#include "base/err.h"
#include "hosts/groups.h"
#include "hosts/settings.h"

#define HOSTS_FILE "hosts.yaml"
#define HOSTS_FILE_SOURCE "remex"

/* When a person has to confirm a command. It begins as zeros; the reader owns `file`. */
struct hosts_policy {
	long confirm_above; /* 0: nobody is asked */
	char *file; /* the file that has the setting; NULL: none */
};

/* Where a file is read into. */
struct hosts_file_target {
	struct groups *groups; /* the source "remex" of them */
	struct settings_table *settings;
	struct hosts_policy *policy;
};

/* Read a file. The hosts of `hosts` that are named without a group or a pattern count for @*. 1: read; 0: there is no
 * such file; -1 and err, with file:line:column. */
int hosts_file_read (const char *path, const struct hosts_file_target *target, struct err *err);

#endif
