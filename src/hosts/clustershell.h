/* clustershell - ClusterShell's groups of hosts: groups.conf(5), the files beside it, and YAML files of groups.
 *
 * groups.conf is read in /etc/clustershell, ~/.local/etc/clustershell, $XDG_CONFIG_HOME/clustershell (else ~/.config)
 * and $CLUSTERSHELL_CFGDIR, a later value replaces an earlier one, and the last directory where it was is $CFGDIR. Its
 * section Main names the default source (`default`), directories of more sections (`confdir`, or `groupsdir`: *.conf)
 * and of YAML files (`autodir`: *.yaml). Another section is a source that commands answer for (upcall.h): `map`, and
 * perhaps `all` and `list`. A YAML file has a map of groups for each source; a value is an expression, or a list of
 * them, which are joined by commas.
 *
 * The default source is looked at for groups without a source. Within a group, such a group is one of the same source.
 * A file that is not trusted (base/trusted.h) is an error: it says on which machines commands run, and which commands
 * run here.
 */
#ifndef REMEX_HOSTS_CLUSTERSHELL_H
#define REMEX_HOSTS_CLUSTERSHELL_H

#include "base/err.h"
#include "hosts/groups.h"

/* Add the sources. No command is run yet. 0, also where there is no ClusterShell; or -1 and err. */
int clustershell_read (struct groups *groups, struct err *err);

#endif
