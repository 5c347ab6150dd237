/* init - remexd --init: the host key and a starter configuration, for somebody who begins. Nothing that exists is
 * changed; run again, it says what is there.
 */
#ifndef REMEX_DAEMON_INIT_H
#define REMEX_DAEMON_INIT_H

/* `named`: where the configuration goes; NULL: the default place. The host key and the identities are where the
 * configuration has them; a new one that is named has them beside it. Prints what it did to standard output. The exit
 * status. */
int init_run (const char *named);

#endif
