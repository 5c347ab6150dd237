/* endpoint - see endpoint.h. */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "net/endpoint.h"

enum { KEEP_IDLE = 15, KEEP_INTERVAL = 5, KEEP_COUNT = 3, UNSENT_MS = 45000 };

/* --- parsing ------------------------------------------------------------------------------------------------------ */

/* Parse a number of at most max; 0 or -1. */
static int parse_number (const char *digits, unsigned long max, unsigned long *number)
{
	unsigned long value = 0;

	if (!*digits)
		return -1;
	for (; *digits; digits++) {
		if (*digits < '0' || *digits > '9')
			return -1;
		value = value * 10 + (unsigned long)(*digits - '0');
		if (value > max)
			return -1;
	}
	*number = value;
	return 0;
}

static void set_ip4 (struct endpoint *endpoint, const uint8_t bytes[4], in_port_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = port };

	memcpy (&address.sin_addr, bytes, 4);
	*endpoint = (struct endpoint){ .size = sizeof address };
	memcpy (&endpoint->address, &address, sizeof address);
}

void endpoint_set (struct endpoint *endpoint, const struct sockaddr *address, socklen_t size)
{
	*endpoint = (struct endpoint){ 0 };
	if (size > sizeof endpoint->address)
		size = sizeof endpoint->address;
	memcpy (&endpoint->address, address, size);
	endpoint->size = size;
	if (endpoint->address.ss_family == AF_INET6) {
		struct sockaddr_in6 ip6;

		memcpy (&ip6, &endpoint->address, sizeof ip6);
		if (IN6_IS_ADDR_V4MAPPED (&ip6.sin6_addr))
			set_ip4 (endpoint, ip6.sin6_addr.s6_addr + 12, ip6.sin6_port);
	}
}

void endpoint_set_tunnel (struct endpoint *endpoint)
{
	*endpoint = (struct endpoint){ .address.ss_family = AF_UNIX };
}

bool endpoint_is_tunnel (const struct endpoint *endpoint)
{
	return endpoint->address.ss_family == AF_UNIX && !endpoint->size;
}

static int parse_ip4 (struct endpoint *endpoint, const char *host, in_port_t port)
{
	uint8_t bytes[4];

	if (inet_pton (AF_INET, host, bytes) != 1)
		return -1;
	set_ip4 (endpoint, bytes, port);
	return 0;
}

/* A valid interface name, without characters that do not print or cannot be in a file name. */
static bool is_zone (const char *name)
{
	static const char usual[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-@";

	return *name && strlen (name) < IF_NAMESIZE && !name[strspn (name, usual)];
}

/* host may end in "%N" or "%NAME"; it is modified. */
static int parse_ip6 (struct endpoint *endpoint, char *host, in_port_t port)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = port };
	char *zone = strchr (host, '%');
	unsigned long number = 0;
	bool named = false;

	if (zone) {
		*zone++ = '\0';
		named = zone[strspn (zone, "0123456789")] != '\0';
		if (named ? !is_zone (zone) : parse_number (zone, UINT32_MAX, &number) < 0)
			return -1;
	}
	if (inet_pton (AF_INET6, host, &address.sin6_addr) != 1)
		return -1;
	address.sin6_scope_id = (uint32_t)number;
	endpoint_set (endpoint, (struct sockaddr *)&address, sizeof address);
	if (named && endpoint->address.ss_family == AF_INET6)
		strcpy (endpoint->zone, zone);
	return 0;
}

static struct sockaddr_in6 *ip6_of (struct endpoint *endpoint)
{
	return endpoint->address.ss_family == AF_INET6 ? (struct sockaddr_in6 *)&endpoint->address : NULL;
}

/* Is it a link-local address without a zone? */
static bool lacks_zone (struct endpoint *endpoint)
{
	const struct sockaddr_in6 *ip6 = ip6_of (endpoint);

	return ip6 && IN6_IS_ADDR_LINKLOCAL (&ip6->sin6_addr) && !ip6->sin6_scope_id && !*endpoint->zone;
}

int endpoint_resolve (struct endpoint *endpoint, struct err *err)
{
	struct sockaddr_in6 *ip6 = ip6_of (endpoint);
	unsigned number;

	if (!ip6 || !*endpoint->zone)
		return 0;
	if (!(number = if_nametoindex (endpoint->zone)))
		return err_sys (err, 0, "the interface %s", endpoint->zone);
	ip6->sin6_scope_id = number;
	return 0;
}

void endpoint_name_zone (struct endpoint *endpoint)
{
	const struct sockaddr_in6 *ip6 = ip6_of (endpoint);
	char name[IF_NAMESIZE];

	if (ip6 && ip6->sin6_scope_id && !*endpoint->zone && if_indextoname (ip6->sin6_scope_id, name) &&
		is_zone (name))
		strcpy (endpoint->zone, name);
}

static int refuse (const char *text, const char *why, struct err *err)
{
	char shown[128];

	return err_set (err, 0, "\"%s\" %s", text_escape (shown, sizeof shown, text, strlen (text)), why);
}

int endpoint_parse (struct endpoint *endpoint, const char *text, struct err *err)
{
	char host[ENDPOINT_SIZE], *port = NULL;
	unsigned long number = ENDPOINT_PORT;
	struct endpoint found;
	uint8_t ip6[16];
	int failed;

	if (inet_pton (AF_INET6, text, ip6) == 1)
		return refuse (text, "is an IPv6 address without brackets: write [ADDRESS]:PORT", err);
	if (!*text || *text == ':' || *text == '*')
		return refuse (text, "names no address: 0.0.0.0 is every IPv4 address, [::] every IPv6 address", err);
	if (strlen (text) >= sizeof host)
		return refuse (text, "is not an address: it is too long", err);
	strcpy (host, text);
	if (*host == '[') {
		char *end = strchr (host, ']');

		if (!end || (end[1] && end[1] != ':'))
			return refuse (text, "is not an address: write [ADDRESS]:PORT for IPv6", err);
		port = end[1] ? end + 2 : NULL;
		*end = '\0';
	} else if ((port = strchr (host, ':'))) {
		*port++ = '\0';
	}
	if (port && (strlen (port) > 5 || parse_number (port, 65535, &number) < 0))
		return refuse (text, "has no port behind its colon: a port is a number up to 65535", err);
	failed = *host == '[' ? parse_ip6 (&found, host + 1, htons ((in_port_t)number))
			      : parse_ip4 (&found, host, htons ((in_port_t)number));
	if (failed)
		return refuse (
			text, "is not an address in numbers (examples: 192.0.2.1:7363, [2001:db8::1]:7363)", err);
	if (lacks_zone (&found))
		return refuse (text, "is a link-local address: name the interface (example: [fe80::1%eth0]:7363)", err);
	*endpoint = found;
	return 0;
}

/* --- formatting --------------------------------------------------------------------------------------------------- */

static int port_of (const struct endpoint *endpoint)
{
	if (endpoint->address.ss_family == AF_INET)
		return ntohs (((const struct sockaddr_in *)&endpoint->address)->sin_port);
	if (endpoint->address.ss_family == AF_INET6)
		return ntohs (((const struct sockaddr_in6 *)&endpoint->address)->sin6_port);
	return -1;
}

char *endpoint_host (const struct endpoint *endpoint, char out[ENDPOINT_SIZE])
{
	const struct sockaddr_in6 *ip6 = (const struct sockaddr_in6 *)&endpoint->address;
	const struct sockaddr_in *ip4 = (const struct sockaddr_in *)&endpoint->address;

	strcpy (out, endpoint_is_tunnel (endpoint) ? "tunnel" : "unknown");
	if (endpoint->address.ss_family == AF_INET) {
		inet_ntop (AF_INET, &ip4->sin_addr, out, ENDPOINT_SIZE);
	} else if (endpoint->address.ss_family == AF_INET6) {
		inet_ntop (AF_INET6, &ip6->sin6_addr, out, ENDPOINT_SIZE);
		if (*endpoint->zone)
			sprintf (out + strlen (out), "%%%s", endpoint->zone);
		else if (ip6->sin6_scope_id)
			sprintf (out + strlen (out), "%%%u", (unsigned)ip6->sin6_scope_id);
	}
	return out;
}

char *endpoint_format (const struct endpoint *endpoint, char out[ENDPOINT_SIZE])
{
	char host[ENDPOINT_SIZE];
	int port = port_of (endpoint);

	endpoint_host (endpoint, host);
	if (port < 0)
		strcpy (out, host);
	else
		snprintf (out, ENDPOINT_SIZE, strchr (host, ':') ? "[%.55s]:%d" : "%.55s:%d", host, port);
	return out;
}

bool endpoint_equal (const struct endpoint *a, const struct endpoint *b)
{
	char first[ENDPOINT_SIZE], second[ENDPOINT_SIZE];

	return !strcmp (endpoint_format (a, first), endpoint_format (b, second));
}

/* --- sockets ----------------------------------------------------------------------------------------------------- */

void endpoint_tune (int fd)
{
	static const struct {
		int level, name, value;
	} options[] = {
		{ IPPROTO_TCP, TCP_NODELAY, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE },
		{ IPPROTO_TCP, TCP_KEEPINTVL, KEEP_INTERVAL },
		{ IPPROTO_TCP, TCP_KEEPCNT, KEEP_COUNT },
		{ IPPROTO_TCP, TCP_USER_TIMEOUT, UNSENT_MS },
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
	};

	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		setsockopt (fd, options[i].level, options[i].name, &options[i].value, sizeof options[i].value);
}
