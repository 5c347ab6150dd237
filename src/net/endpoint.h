/* endpoint - addresses of TCP: where to listen, who is calling, and whether that is within a network. Numbers only; no
 * name of a host is ever resolved here. The zone of an IPv6 address (RFC 4007, section 11: the interface of a link) may be
 * a name, which the kernel is asked for by endpoint_resolve.
 */
#ifndef REMEX_NET_ENDPOINT_H
#define REMEX_NET_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <net/if.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"

enum { ENDPOINT_PORT = 7363, ENDPOINT_SIZE = 64 };

struct endpoint {
	struct sockaddr_storage address;
	socklen_t size;
	char zone[IF_NAMESIZE]; /* the name of the interface, "" where none was named */
};

/* A network: an address of which the first `bits` bits count (RFC 4632, RFC 4291). An IPv4 address mapped into IPv6
 * (::ffff:a.b.c.d) is that IPv4 address, in both. */
struct network {
	int family; /* AF_INET, AF_INET6 */
	uint8_t bytes[16]; /* 4 or 16 of them, the bits behind `bits` zero */
	int bits;
};

/* An address as the kernel gives it (accept(2)). An IPv4 address mapped into IPv6 becomes that IPv4 address. */
void endpoint_set (struct endpoint *endpoint, const struct sockaddr *address, socklen_t size);

/* "192.0.2.1:7363", "[2001:db8::1]:7363", without a port: ENDPOINT_PORT; port 0: the kernel picks one; "*" or an empty
 * address: every address of IPv6 and IPv4 is not meant by one socket: refused with words that name 0.0.0.0 and [::].
 * "[fe80::1%eth0]:7363": on that interface, or %2: on the one of that number; an address of one link (fe80::/10) without
 * it is refused. 0, or -1 and err. */
int endpoint_parse (struct endpoint *endpoint, const char *text, struct err *err);

/* Before it is connected or bound to: look up the interface that `zone` names. 0; -1 and err where there is none now. */
int endpoint_resolve (struct endpoint *endpoint, struct err *err);

/* Name the interface in its one way, by its name, where it has a number of an interface that is there. */
void endpoint_name_zone (struct endpoint *endpoint);

/* In the form that endpoint_parse takes, the port included; "unknown" for what is no address of TCP. Returns out.
 * endpoint_host leaves the port and the brackets out. */
char *endpoint_format (const struct endpoint *endpoint, char out[ENDPOINT_SIZE]);
char *endpoint_host (const struct endpoint *endpoint, char out[ENDPOINT_SIZE]);

bool endpoint_equal (const struct endpoint *a, const struct endpoint *b);

/* For a connected TCP socket: send at once (TCP_NODELAY), and give up a peer that has vanished after half a minute of
 * silence, or after 45 s in which what was sent went unacknowledged (tcp(7)). */
void endpoint_tune (int fd);

/* "10.0.0.0/8", "2001:db8::/32", or an address alone (all its bits). Bits set behind the prefix, host names, and
 * anything else: -1 and err. */
int network_parse (struct network *network, const char *text, struct err *err);

/* As network_parse takes it. Returns out. */
char *network_format (const struct network *network, char out[ENDPOINT_SIZE]);

/* Of the same family only: 0.0.0.0/0 is every address of IPv4, ::/0 every one of IPv6. */
bool network_contains (const struct network *network, const struct endpoint *endpoint);

/* The network of that many bits which the endpoint is in (for counting by source: 32 bits of IPv4, 64 of IPv6). */
void network_of (struct network *network, const struct endpoint *endpoint, int bits4, int bits6);
bool network_equal (const struct network *a, const struct network *b);

#endif
