/* service - what a service manager is told (sd_notify(3)), and the sockets that it hands us (sd_listen_fds(3)), by hand. */
#ifndef REMEX_DAEMON_SERVICE_H
#define REMEX_DAEMON_SERVICE_H

/* Send `state` ("READY=1") to $NOTIFY_SOCKET, if there is one. It never waits: a manager that does not read does not stop
 * us. What fails is nobody's loss. */
void service_notify (const char *state);

enum { SERVICE_FIRST_FD = 3 };

/* How many listening sockets were passed to us, from SERVICE_FIRST_FD on (sd_listen_fds(3): LISTEN_PID, LISTEN_FDS). The
 * variables are removed, so that nobody below us takes them for its own. */
int service_sockets (void);

#endif
