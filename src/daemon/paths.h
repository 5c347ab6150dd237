/* paths - where remexd finds its configuration and puts its socket when nobody says otherwise.
 *
 * As root: SYSCONFDIR/remex and /run/remex/remexd.sock, whatever the prefix. As a user: $XDG_CONFIG_HOME/remex, else
 * ~/.config/remex; $XDG_RUNTIME_DIR/remex/remexd.sock, else /tmp/remex-UID/remexd.sock. A variable that is no absolute path counts as unset (XDG Base Directory Specification).
 */
#ifndef REMEX_DAEMON_PATHS_H
#define REMEX_DAEMON_PATHS_H

#define PATHS_CONFIG "remexd.yaml"
#define PATHS_HOST_KEY "host.pem"
#define PATHS_IDENTITIES "identities.d"

/* In new memory that the caller frees; NULL without memory (or, for what belongs to the configuration, without a
 * home). `name` is one of the above. */
char *paths_config (const char *name);
char *paths_socket (void);

#endif
