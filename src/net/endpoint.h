/* endpoint - TCP addresses: to listen on, of a peer, and whether one is within a network. Numbers only; no host name is
 * resolved here. The zone of an IPv6 address (RFC 4007, section 11: the interface of a link) may be a name, which
 * endpoint_resolve looks up in the kernel.
 */
#ifndef REMEX_NET_ENDPOINT_H
#define REMEX_NET_ENDPOINT_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"

enum {
	ENDPOINT_PORT = 7363,
	ENDPOINT_SIZE = 64,
	ENDPOINT_GATEWAYS = 8, /* machines on the way to an endpoint, each reached through the one before it, at most */
};

struct endpoint {
	struct sockaddr_storage address;
	socklen_t size;
	char zone[IF_NAMESIZE]; /* the name of the interface, or "" */
};

/* A network: an address whose first `bits` bits count (RFC 4632, RFC 4291). An IPv4 address mapped into IPv6
 * (::ffff:a.b.c.d) counts as the IPv4 address, in a network and in an endpoint. */
struct network {
	int family; /* AF_INET, AF_INET6; AF_UNIX: the reverse tunnel, without an address */
	uint8_t bytes[16]; /* 4 or 16 bytes; bits behind `bits` are zero */
	int bits;
};

/* Where a client that came through the reverse tunnel is: nobody knows, because what the bastion says of its clients
 * proves nothing. No network contains it but the network "tunnel", and it is formatted as "tunnel". */
void endpoint_set_tunnel (struct endpoint *endpoint);
bool endpoint_is_tunnel (const struct endpoint *endpoint);

/* Set from the kernel's address (accept(2)). An IPv4 address mapped into IPv6 becomes the IPv4 address. */
void endpoint_set (struct endpoint *endpoint, const struct sockaddr *address, socklen_t size);

/* "192.0.2.1:7363", "[2001:db8::1]:7363"; without a port: ENDPOINT_PORT; port 0: the kernel picks one. "*" and an empty
 * address are refused with words that name 0.0.0.0 and [::], because one socket does not serve all IPv6 and IPv4
 * addresses. "[fe80::1%eth0]:7363" is on that interface, "%2" on the one with that number; a link-local address
 * (fe80::/10) without a zone is refused. 0, or -1 and err. */
int endpoint_parse (struct endpoint *endpoint, const char *text, struct err *err);

/* Look up the interface `zone`, before connect or bind. 0; -1 and err when there is no such interface now. */
int endpoint_resolve (struct endpoint *endpoint, struct err *err);

/* Replace an interface number by the name, if there is such an interface. */
void endpoint_name_zone (struct endpoint *endpoint);

/* Format as endpoint_parse reads it, with the port; "unknown" when it is not a TCP address. Returns out. endpoint_host
 * leaves out the port and the brackets. */
char *endpoint_format (const struct endpoint *endpoint, char out[ENDPOINT_SIZE]);
char *endpoint_host (const struct endpoint *endpoint, char out[ENDPOINT_SIZE]);

bool endpoint_equal (const struct endpoint *a, const struct endpoint *b);

/* Set options of a connected TCP socket: send at once (TCP_NODELAY), and give up a vanished peer after half a minute of
 * silence, or after 45 s in which sent bytes were not acknowledged (tcp(7)). */
void endpoint_tune (int fd);

/* "10.0.0.0/8", "2001:db8::/32", or a single address (all its bits); "tunnel": clients that come through the reverse
 * tunnel. -1 and err for anything else, also for bits set
 * behind the prefix and for host names. */
int network_parse (struct network *network, const char *text, struct err *err);

/* Format as network_parse reads it. Returns out. */
char *network_format (const struct network *network, char out[ENDPOINT_SIZE]);

/* Is the endpoint in the network? Only in the same family: 0.0.0.0/0 has all IPv4 addresses, ::/0 all IPv6
 * addresses. */
bool network_contains (const struct network *network, const struct endpoint *endpoint);

/* The network of that many bits around the endpoint (to count by source: 32 bits of IPv4, 64 of IPv6). */
void network_of (struct network *network, const struct endpoint *endpoint, int bits4, int bits6);
bool network_equal (const struct network *a, const struct network *b);

#endif
