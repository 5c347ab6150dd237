/* init - remexd --init: the host key, the directory of the identities and a first configuration. Existing files do not
 * change. When run again, it prints the existing ones.
 */
#ifndef REMEX_DAEMON_INIT_H
#define REMEX_DAEMON_INIT_H

/* `named` is the path of the configuration; NULL: the default one. The host key and the identities are where the
 * configuration says; a new configuration that is `named` has both beside it. Prints to standard output. Returns the
 * exit status. */
int init_run (const char *named);

#endif
