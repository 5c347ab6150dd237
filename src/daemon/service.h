/* service - the two protocols of a service manager: sd_notify(3) and sd_listen_fds(3), without its library. */
#ifndef REMEX_DAEMON_SERVICE_H
#define REMEX_DAEMON_SERVICE_H

/* Send `state` ("READY=1") to $NOTIFY_SOCKET, if there is one. The call does not wait for a manager that does not read,
 * and ignores errors. */
void service_notify (const char *state);

enum { SERVICE_FIRST_FD = 3 };

/* The number of listening sockets that were passed to this process, from SERVICE_FIRST_FD on (LISTEN_PID, LISTEN_FDS).
 * The variables are removed from the environment, so that no child uses them. */
int service_sockets (void);

#endif
