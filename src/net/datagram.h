/* datagram - UDP sockets that tell and choose the way of each datagram: the peer, the interface and our own address
 * (ip(7), IP_PKTINFO; ipv6(7), IPV6_RECVPKTINFO). A socket of IPv6 is for IPv6 alone. Nothing here blocks.
 */
#ifndef REMEX_NET_DATAGRAM_H
#define REMEX_NET_DATAGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "net/endpoint.h"

/* IPv4 broadcast, or a multicast group within the network (RFC 2365) or the link (RFC 4291). */
#define DATAGRAM_GROUP4 "239.255.73.63"
#define DATAGRAM_GROUP6 "ff02::7363"

struct datagram_way {
	struct endpoint peer; /* with the zone as a number (sin6_scope_id) */
	struct endpoint local; /* our address, without a port; size 0: the kernel's choice */
	unsigned interface; /* its number; 0: the kernel's choice */
};

/* A socket of AF_INET or AF_INET6 on all addresses: with a `port` that others may have, too (SO_REUSEADDR: each of them
 * gets broadcast and multicast; what is sent to one address goes to one of them); port 0: the kernel picks one, and the
 * socket may send broadcast. Returns the descriptor; -1 with errno. */
int datagram_open (int family, uint16_t port);

/* Receive the group on that interface, or no longer. 0, or -1 with errno (EADDRINUSE: it does already). */
int datagram_join (int fd, int family, unsigned interface);
int datagram_leave (int fd, int family, unsigned interface);

/* Receive one datagram. Returns its size, which is above `size` where it was cut; -1 with errno (EAGAIN: there is none). Of a
 * datagram to a group, `local` is our address where the kernel knows it (IPv4), else unset. */
ssize_t datagram_receive (int fd, void *bytes, size_t size, struct datagram_way *way);

/* Send one datagram. 0, or -1 with errno. */
int datagram_send (int fd, const void *bytes, size_t n, const struct datagram_way *way);

#endif
