/* host_name - see host_name.h. */
#include "config.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "hosts/host_name.h"
#include "net/endpoint.h"

static const char unix_prefix[] = "unix://", ssh_prefix[] = "ssh://";

static bool begins (const char *name, const char *prefix)
{
	return !strncmp (name, prefix, strlen (prefix));
}

/* Where HOST begins: behind the last '@' that is not in a path, in brackets or behind ssh://. */
static const char *find_host (const char *name)
{
	const char *host = name;

	for (const char *p = name; *p; p++) {
		if (p == host && (*p == '[' || begins (p, unix_prefix) || begins (p, ssh_prefix)))
			break;
		if (*p == '@')
			host = p + 1;
	}
	return host;
}

struct host_name host_name_split (const char *name)
{
	struct host_name parts = { .host = find_host (name) };
	const char *end;

	if (parts.host > name) {
		parts.user = name;
		parts.user_n = (size_t)(parts.host - name) - 1;
	}
	parts.host_n = strlen (parts.host);
	parts.machine = parts.host;
	parts.path = begins (parts.host, unix_prefix);
	if (parts.path)
		return parts;
	if (begins (parts.host, ssh_prefix)) {
		const char *slash = strchr (parts.host + sizeof ssh_prefix - 1, '/');

		parts.ssh = !slash;
		parts.machine = slash ? slash + 1 : find_host (parts.host + sizeof ssh_prefix - 1);
	}
	end = *parts.machine == '[' ? strchr (parts.machine, ']') : NULL;
	end = strchr (end ? end : parts.machine, ':');
	if (end) {
		parts.host_n = (size_t)(end - parts.host);
		parts.port = end + 1;
	}
	return parts;
}

/* --- checks ------------------------------------------------------------------------------------------------------ */

static int check_port (const char *port, struct err *err)
{
	size_t n = strspn (port, "0123456789");
	long value = n && n <= 5 && !port[n] ? strtol (port, NULL, 10) : 0;

	if (value >= 1 && value <= 65535)
		return 0;
	return err_set (err, 0, "has no port behind its colon: a port is a number from 1 to 65535, as in web1:7363");
}

/* The address in the brackets, without its zone, in binary form. */
static bool read_ipv6 (const char *host, size_t n, struct in6_addr *address)
{
	char text[INET6_ADDRSTRLEN];
	size_t length;

	if (n < 2 || host[n - 1] != ']')
		return false;
	length = n - 2;
	for (size_t i = 0; i < length; i++)
		if (host[1 + i] == '%')
			length = i;
	if (length >= sizeof text)
		return false;
	memcpy (text, host + 1, length);
	text[length] = '\0';
	return inet_pton (AF_INET6, text, address) == 1;
}

static int check_host (const struct host_name *parts, struct err *err)
{
	const char *machine = parts->machine;
	size_t n = parts->host_n - (size_t)(machine - parts->host);
	struct in6_addr address;

	if (parts->path)
		return parts->host[sizeof unix_prefix - 1] == '/'
			       ? 0
			       : err_set (err, 0, "has no absolute path: unix:///run/remex/remexd.sock has one");
	if (parts->ssh && machine - parts->host == sizeof ssh_prefix)
		return err_set (err, 0, "names no user in front of its '@'");
	if (*machine == '[')
		return read_ipv6 (machine, n, &address)
			       ? 0
			       : err_set (err, 0, "has no address of IPv6 in its brackets: [2001:db8::1] has one");
	if (parts->port && strchr (parts->port, ':'))
		return err_set (
			err, 0, "has several colons: write an address of IPv6 in brackets, as in [::1] or [::1]:7363");
	if (!n)
		return err_set (err, 0, "names no host: web1, alice@web1 and web1:7363 do");
	if (*machine == '-' || *machine == '.')
		return err_set (err, 0, "begins with '%c', and no name of a host does", *machine);
	return 0;
}

int host_name_check (const char *name, struct err *err)
{
	size_t n = strlen (name);
	struct host_name parts;

	if (!n)
		return err_set (err, 0, "is empty");
	if (n > HOST_NAME_BYTES)
		return err_set (err, 0, "is longer than %d bytes", HOST_NAME_BYTES);
	if (!text_is_utf8 (name, n))
		return err_set (err, 0, "has a byte that is not UTF-8");
	if (text_has_control (name, n))
		return err_set (err, 0, "has a control character in it");
	if (strchr (name, ' '))
		return err_set (err, 0, "has a space in it");
	parts = host_name_split (name);
	if (parts.user && !parts.user_n)
		return err_set (err, 0, "names no user in front of its '@'");
	if (check_host (&parts, err) < 0)
		return -1;
	return parts.port ? check_port (parts.port, err) : 0;
}

/* --- the normal form --------------------------------------------------------------------------------------------- */

/* Copy the host in lower case; the letters of a zone stay as they are. Returns the end. */
static char *copy_host (char *to, const char *host, size_t n)
{
	bool zone = false;

	for (size_t i = 0; i < n; i++) {
		zone = zone || (*host == '[' && host[i] == '%');
		*to++ = (char)(!zone && host[i] >= 'A' && host[i] <= 'Z' ? host[i] | 0x20 : host[i]);
	}
	return to;
}

static char *copy_ipv6 (char *to, const char *host, size_t n, const struct in6_addr *address)
{
	const char *zone = memchr (host, '%', n);
	size_t zone_n = zone ? (size_t)(host + n - zone) : 1;

	*to++ = '[';
	inet_ntop (AF_INET6, address, to, INET6_ADDRSTRLEN);
	to += strlen (to);
	memcpy (to, zone ? zone : "]", zone_n);
	return to + zone_n;
}

char *host_name_normal (const char *name, char out[HOST_NAME_BYTES + 1])
{
	struct host_name parts = host_name_split (name);
	size_t prefix = (size_t)(parts.machine - parts.host), n = parts.host_n - prefix;
	struct in6_addr address;
	char *to = out;

	if (strlen (name) + INET6_ADDRSTRLEN > HOST_NAME_BYTES) { /* no host that can be dialled: compared as it is */
		snprintf (out, HOST_NAME_BYTES + 1, "%s", name);
		return out;
	}
	if (parts.user) {
		memcpy (to, name, parts.user_n + 1);
		to += parts.user_n + 1;
	}
	memcpy (to, parts.host, prefix);
	to += prefix;
	if (parts.path) {
		memcpy (to, parts.host, n);
		to += n;
	} else if (*parts.machine == '[' && read_ipv6 (parts.machine, n, &address)) {
		to = copy_ipv6 (to, parts.machine, n, &address);
	} else {
		if (n > 1 && parts.machine[n - 1] == '.' && memchr (parts.machine, '.', n - 1))
			n--;
		to = copy_host (to, parts.machine, n);
	}
	*to = '\0';
	if (parts.port && check_port (parts.port, NULL) < 0)
		sprintf (to, ":%s", parts.port);
	else if (parts.port && strtol (parts.port, NULL, 10) != (parts.ssh ? 0 : ENDPOINT_PORT))
		sprintf (to, ":%ld", strtol (parts.port, NULL, 10));
	return out;
}

uint32_t host_name_hash (const char *name)
{
	char normal[HOST_NAME_BYTES + 1];
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */

	for (const char *p = host_name_normal (name, normal); *p; p++)
		hash = (hash ^ (uint8_t)*p) * 0x100000001b3;
	return (uint32_t)(hash ^ hash >> 32);
}

bool host_name_equal (const char *a, const char *b)
{
	char normal_a[HOST_NAME_BYTES + 1], normal_b[HOST_NAME_BYTES + 1];

	return !strcmp (a, b) || !strcmp (host_name_normal (a, normal_a), host_name_normal (b, normal_b));
}
