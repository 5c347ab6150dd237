/* paths - the default places of files and sockets: the one list that remexd and remex share.
 *
 * | | root | another user |
 * | configuration, host key, identities | SYSCONFDIR/remex (configure --sysconfdir) | $XDG_CONFIG_HOME/remex, else
 * ~/.config/remex | | socket of remexd | /run/remex/remexd.sock, whatever the prefix |
 * $XDG_RUNTIME_DIR/remex/remexd.sock, else /tmp/remex-UID/remexd.sock | | own key, trusted hosts | $REMEX_CONFIG, else
 * as for another user | $REMEX_CONFIG, else beside the configuration |
 *
 * A variable that is no absolute path counts as unset (XDG Base Directory Specification), but for REMEX_CONFIG, where
 * that is an error. Every function returns new memory, which the caller frees.
 */
#ifndef REMEX_BASE_PATHS_H
#define REMEX_BASE_PATHS_H

#include "base/err.h"

#define PATHS_SYSTEM_SOCKET "/run/remex/remexd.sock"

#define PATHS_CONFIG "remexd.yaml"
#define PATHS_HOST_KEY "host.pem"
#define PATHS_IDENTITIES "identities.d"

/* The file or directory of remexd's configuration that has one of these names. NULL without memory or without a home.
 * */
char *paths_config (const char *name);

/* The absolute path; links in it are kept. NULL with errno. */
char *paths_absolute (const char *path);

/* The socket of a remexd that we would start. NULL without memory. */
char *paths_socket (void);

/* The directory of this user's own key and trusted hosts. NULL and err. */
char *paths_keys (struct err *err);

/* When root's default configuration `file` does not exist: log a warning if the other one of /etc/remex and
 * /usr/local/etc/remex exists, which is not read. */
void paths_say_ignored (const char *file);

#endif
