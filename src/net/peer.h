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

/* Is it a Unix stream socket, and not a listening one? At a listening socket SO_PEERCRED names whoever called listen(2).
 * Asked first: ioctl(2) on a socket of another family may mean anything. */
bool peer_is_connection (int fd);

/* Is there somebody at the other end who may still send? False where the peer has closed or shut down its sending side,
 * where our own end was shut down, and for a socket that is not connected. What is false stays false. */
bool peer_is_there (int fd);

/* Do both Unix sockets have the same socket file? A connection that was accepted has the file of its listener; the
 * connecting end has none, unless it made one of its own. At the connecting end SO_PEERCRED names whoever called
 * listen(2): a process that shows us such a socket would have the listener's credentials. The listener itself passes
 * (peer_is_connection).
 *
 * The kernel tells the file with CAP_NET_ADMIN (SIOCUNIXFILE), or without any capability in its list of sockets
 * (sockdiag.h), which holds the connections from our network namespace only. false where it tells neither: so
 * peer_accepted_on (listener, listener) says whether anybody can be recognised here. */
bool peer_accepted_on (int fd, int listener);

/* Where a TCP connection comes from. 0, or -1 with errno (ENOTCONN: it is gone again). */
int peer_endpoint (int fd, struct endpoint *endpoint);

/* Is the peer in that group (primary or supplementary)? */
bool peer_in_group (int fd, gid_t gid);

#endif
