/* paths - the default places of files and sockets: the one list that remexd and remex share.
 *
 *   configuration, host key, identities
 *     root           SYSCONFDIR/remex (configure --sysconfdir)
 *     another user   $XDG_CONFIG_HOME/remex, else ~/.config/remex
 *   socket of remexd
 *     root           /run/remex/remexd.sock, whatever the prefix
 *     another user   $XDG_RUNTIME_DIR/remex/remexd.sock, else /tmp/remex-UID/remexd.sock
 *   own key, trusted hosts
 *     root           $REMEX_CONFIG, else as for another user
 *     another user   $REMEX_CONFIG, else beside the configuration
 *
 *   state of remex
 *     everybody      $XDG_STATE_HOME/remex, else ~/.local/state/remex
 *   jobs of remexd
 *     root           /var/lib/remex/jobs, whatever the prefix
 *     another user   in the state of remex, jobs
 *   recordings of remexd
 *     root           /var/lib/remex/recordings, whatever the prefix
 *     another user   in the state of remex, recordings
 *
 * A variable that is no absolute path counts as unset (XDG Base Directory Specification); for REMEX_CONFIG it is an
 * error. Every function returns new memory, which the caller frees.
 */
#ifndef REMEX_BASE_PATHS_H
#define REMEX_BASE_PATHS_H

#include "base/err.h"

#define PATHS_SYSTEM_SOCKET "/run/remex/remexd.sock"

#define PATHS_SYSTEM_JOBS "/var/lib/remex/jobs"

#define PATHS_SYSTEM_RECORDINGS "/var/lib/remex/recordings"

#define PATHS_CONFIG "remexd.yaml"
#define PATHS_HOST_KEY "host.pem"
#define PATHS_IDENTITIES "identities.d"
#define PATHS_TUNNEL_KEY "tunnel_key"
#define PATHS_KNOWN_HOSTS "known_hosts"

/* The file or directory with that name in remexd's configuration. NULL: out of memory, or no home. */
char *paths_config (const char *name);

/* Make a path absolute; links in it are kept. NULL with errno. */
char *paths_absolute (const char *path);

/* The socket of a remexd that this user would start. NULL: out of memory. */
char *paths_socket (void);

/* The directory of this user's own key and trusted hosts. NULL and err. */
char *paths_keys (struct err *err);

/* The directory of what remex keeps between two commands. NULL: out of memory, or no home. */
char *paths_state (void);

/* The directory of the jobs of a remexd that this user starts. NULL: out of memory, or no home. */
char *paths_jobs (void);

/* The directory of the recordings of a remexd that this user starts. NULL: out of memory, or no home. */
char *paths_recordings (void);

/* When root's default configuration `file` does not exist, log a warning if the other one of /etc/remex and
 * /usr/local/etc/remex exists: that one is not read. */
void paths_log_ignored (const char *file);

#endif
