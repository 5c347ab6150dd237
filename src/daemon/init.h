/* init - remexd --init: the host key and a starter configuration, for somebody who begins. Nothing that exists is
 * changed; run again, it says what is there.
 */
#ifndef REMEX_DAEMON_INIT_H
#define REMEX_DAEMON_INIT_H

/* `config`: where the configuration goes; NULL: the default place. Prints what it did to standard output. The exit
 * status. */
int init_run (const char *config);

#endif
