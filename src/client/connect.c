/* connect - from an address to a host and its dialer (remex/client.h, dial.h). */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/fd.h"
#include "client/error.h"
#include "client/host.h"

static const struct dialer *dialer_of (const struct address *address)
{
	return address->tcp ? &dial_tcp : *address->ssh.host ? &dial_ssh : &dial_unix;
}

static struct remex_host *connect_to (
	struct remex *remex, const char *where, const struct remex_route *route, bool probe, struct remex_error *error)
{
	const char *proxy = route ? route->proxy : NULL;
	struct address address;
	struct remex_host *host;
	struct err err;

	if (address_parse (&address, where, &err) < 0) {
		error_set (error, "usage", "%s", err.text);
		return NULL;
	}
	if (proxy && *address.ssh.host) {
		error_set (
			error, "usage", "a proxy command leads to a TCP port or a Unix socket, and not to %s", where);
		return NULL;
	}
	if (probe && !address.tcp && !*address.ssh.host) {
		error_set (error, "usage", "%s has no key: the kernel says who listens at a Unix socket", where);
		return NULL;
	}
	if (!(host = host_new (remex, where, proxy ? &dial_proxy : dialer_of (&address)))) {
		error_set (error, "internal", "out of memory");
		return NULL;
	}
	host->address = address;
	host->proof.probe = probe;
	host->dialing = (void *)(uintptr_t)proxy;
	if (host->dialer->start (host, &err) == 0)
		return host;
	error_set (error, host->end.code, "%s", err.text);
	remex_close (host);
	return NULL;
}

struct remex_host *remex_connect (struct remex *remex, const char *where, struct remex_error *error)
{
	return connect_to (remex, where, NULL, false, error);
}

struct remex_host *remex_connect_by (
	struct remex *remex, const char *where, const struct remex_route *route, struct remex_error *error)
{
	return connect_to (remex, where, route, false, error);
}

struct remex_host *remex_probe (struct remex *remex, const char *where, struct remex_error *error)
{
	return connect_to (remex, where, NULL, true, error);
}

struct remex_host *remex_probe_by (
	struct remex *remex, const char *where, const struct remex_route *route, struct remex_error *error)
{
	return connect_to (remex, where, route, true, error);
}

/* Make the descriptors the stream of the host. 0, or -1 and error; then the descriptors are closed. */
static int attach (struct remex_host *host, int read_fd, int write_fd, struct remex_error *error)
{
	struct stream stream;
	struct err err;

	if (stream_owned (&stream, read_fd, write_fd) == 0) {
		host->dialing = &stream;
		return host->dialer->start (host, &err) < 0 ? error_set (error, "usage", "%s", err.text) : 0;
	}
	error_set (error, "usage", "descriptors %d and %d: %s", read_fd, write_fd, strerror (errno));
	if (write_fd != read_fd)
		fd_close (&write_fd);
	fd_close (&read_fd);
	return -1;
}

struct remex_host *remex_attach (
	struct remex *remex, const char *name, int read_fd, int write_fd, struct remex_error *error)
{
	struct remex_host *host = host_new (remex, name, &dial_attached);

	if (!host) {
		error_set (error, "internal", "out of memory");
		if (write_fd != read_fd)
			fd_close (&write_fd);
		fd_close (&read_fd);
	} else if (attach (host, read_fd, write_fd, error) < 0) {
		remex_close (host);
		host = NULL;
	}
	return host;
}
