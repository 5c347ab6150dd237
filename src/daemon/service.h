/* service - what a service manager is told: the datagram of sd_notify(3), sent by hand. */
#ifndef REMEX_DAEMON_SERVICE_H
#define REMEX_DAEMON_SERVICE_H

/* Send `state` ("READY=1") to $NOTIFY_SOCKET, if there is one. It never waits: a manager that does not read does not stop
 * us. What fails is nobody's loss. */
void service_notify (const char *state);

#endif
