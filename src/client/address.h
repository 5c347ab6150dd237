/* address - where a remexd listens: "local", unix:///absolute/path, or HOST[:PORT] for TCP with TLS.
 *
 * "local" is $REMEX_SOCKET; else, for a user, the socket of a remexd of the user's own when one answers; else the
 * system's. These are default sockets, which the caller did not name: one is used only when its directory is a
 * TRUSTED_PLACE (base/trusted.h), and the process that listens (SO_PEERCRED, unix(7)) is root's or the caller's. So nobody
 * else can sit down in its place. A socket that was named is used as it is.
 *
 * HOST is a name, an IPv4 address, or an IPv6 address in brackets, with its zone where it is of one link; the port is 7363
 * where none is named. A host is pinned (keystore.h) by what it was called here, and not by where that leads: two names of one
 * machine are two. What can be written in more than one way has one pin: a name is in lower case and without the dot at its
 * end, an address is as inet_ntop(3) writes it, a zone is the name of its interface.
 */
#ifndef REMEX_CLIENT_ADDRESS_H
#define REMEX_CLIENT_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/un.h>

#include "base/err.h"
#include "net/endpoint.h"

enum {
	ADDRESS_PATHS = 2,
	ADDRESS_PATH = sizeof (((struct sockaddr_un *)0)->sun_path),
	ADDRESS_HOST = 240, /* bytes of a host's name: with port and ending it makes a file's name (NAME_MAX) */
};

struct address {
	char paths[ADDRESS_PATHS][ADDRESS_PATH]; /* tried in this order */
	int n;
	bool guarded; /* a default socket: see above */
	/* TCP: */
	bool tcp;
	bool number; /* no name to be resolved: `endpoint` is it */
	struct endpoint endpoint;
	char host[ADDRESS_HOST + 1]; /* the name or the address, as it was written, in lower case */
	uint16_t port;
	char pin[ADDRESS_HOST + 8]; /* HOST:PORT, in the one way */
};

/* Is it this machine by a name of TCP (localhost, 127.0.0.1, ::1), where "local" may have been meant? */
bool address_is_loopback (const struct address *address);

/* Read `where`; 0, or -1 and err (nothing is opened). */
int address_parse (struct address *address, const char *where, struct err *err);

enum address_answer {
	ADDRESS_OPEN, /* *fd is connected: close-on-exec, non-blocking, the caller's */
	ADDRESS_LATER, /* the listener's queue is full: try again soon */
	ADDRESS_NOBODY, /* nobody answers (err) */
	ADDRESS_UNSAFE, /* somebody might, who must not (err) */
};

/* Connect to a Unix socket, without blocking. */
enum address_answer address_open (const struct address *address, int *fd, struct err *err);

#endif
