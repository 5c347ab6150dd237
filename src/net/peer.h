/* peer - the other end of a connection: of TCP, its address; of a Unix socket, its credentials from the kernel
 * (unix(7): SO_PEERCRED, SO_PEERGROUPS) at the time of connect(2), even if the peer has changed since.
 */
#ifndef REMEX_NET_PEER_H
#define REMEX_NET_PEER_H

#include <stdbool.h>
#include <sys/types.h>

#include "net/endpoint.h"

/* 0 or -1. pid may be NULL. */
int peer_uid (int fd, uid_t *uid, pid_t *pid);

/* Is it a Unix stream socket that does not listen? On a listening socket SO_PEERCRED is the process that called
 * listen(2). Check this first: ioctl(2) on a socket of another family may do anything. */
bool peer_is_connection (int fd);

/* May the peer still send? False when the peer has closed or shut down its sending side, when our own end was shut
 * down, and for a socket that is not connected. Once false, it stays false. */
bool peer_is_there (int fd);

/* Do both Unix sockets have the same socket file? An accepted connection has the file of its listener; the connecting
 * end has none, unless it was bound to one. On the connecting end SO_PEERCRED is the process that called listen(2): a
 * process that passes us such a socket would get the listener's credentials. The listener itself passes this check
 * (peer_is_connection).
 *
 * The kernel tells the file with CAP_NET_ADMIN (SIOCUNIXFILE), or without any capability in its list of sockets
 * (sockdiag.h), which has connections of our network namespace only. False when both fail: so
 * peer_accepted_on (listener, listener) says whether connections can be recognised here. */
bool peer_accepted_on (int fd, int listener);

/* The address of a TCP peer. 0, or -1 with errno (ENOTCONN: the peer is gone already). */
int peer_endpoint (int fd, struct endpoint *endpoint);

/* Is the peer in that group (primary or supplementary)? */
bool peer_in_group (int fd, gid_t gid);

#endif
