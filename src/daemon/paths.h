/* paths - where remexd finds its configuration and puts its socket when nobody says otherwise.
 *
 * As root: SYSCONFDIR/remex/remexd.yaml and /run/remex/remexd.sock, whatever the prefix. As a user:
 * $XDG_CONFIG_HOME/remex/remexd.yaml, else ~/.config/remex/remexd.yaml; $XDG_RUNTIME_DIR/remex/remexd.sock, else
 * /tmp/remex-UID/remexd.sock. A variable that is no absolute path counts as unset (XDG Base Directory Specification).
 */
#ifndef REMEX_DAEMON_PATHS_H
#define REMEX_DAEMON_PATHS_H

/* In new memory that the caller frees; NULL without memory (or, for the configuration, without a home). */
char *paths_config (void);
char *paths_socket (void);

#endif
