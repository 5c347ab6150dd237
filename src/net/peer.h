/* peer - who is at the other end: of TCP, an address; of a Unix socket, by the kernel's word (unix(7): SO_PEERCRED,
 * SO_PEERGROUPS), the credentials at the time of connect(2), whatever the peer became since.
 */
#ifndef REMEX_NET_PEER_H
#define REMEX_NET_PEER_H

#include <stdbool.h>
#include <sys/types.h>

#include "net/endpoint.h"

/* 0 or -1. pid may be NULL. */
int peer_uid (int fd, uid_t *uid, pid_t *pid);

/* Which socket file was this connection accepted on? Its device and inode; 0, or -1 (for the connecting end too, which
 * has no file unless it made one of its own). At the connecting end SO_PEERCRED names whoever called listen(2): a
 * process that shows us such a socket would have the listener's credentials. Needs CAP_NET_ADMIN (SIOCUNIXFILE). */
int peer_socket_file (int fd, dev_t *device, ino_t *inode);

/* Where a TCP connection comes from. 0, or -1 with errno (ENOTCONN: it is gone again). */
int peer_endpoint (int fd, struct endpoint *endpoint);

/* Is the peer in that group (primary or supplementary)? */
bool peer_in_group (int fd, gid_t gid);

#endif
