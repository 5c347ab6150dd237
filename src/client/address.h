/* address - where a remexd is: "local", unix:///absolute/path, HOST[:PORT] for TCP with TLS, ssh://[USER@]HOST[:PORT]
 * for the machine of an sshd, or ssh://[USER@]GATEWAY[:PORT]/HOST[:PORT] for TCP with TLS from the gateway on. In front of
 * both there may be gateways, with a comma behind each ("ssh://GATEWAY,ssh://HOST"): a gateway is reached through those
 * before it. There are ENDPOINT_GATEWAYS at most.
 *
 * "local" is $REMEX_SOCKET; else, for a user, the socket of the user's own remexd if it answers; else the socket of the
 * system. The caller did not name these default sockets. So one is used only when its directory is a TRUSTED_PLACE
 * (base/trusted.h), and the process that listens (SO_PEERCRED, unix(7)) belongs to root or the caller. Nobody else can
 * take its place. Anybody can make /tmp/remex-UID, the place of a user's own socket: then the socket of the system is
 * tried. A named socket is used as it is.
 *
 * HOST is a name, an IPv4 address, or an IPv6 address in brackets, with its zone if the address is link-local; the
 * default port is 7363. A host is pinned (keystore.h) by the name that is used here, not by the address that the name
 * leads to: two names of one machine have two pins. Different spellings of one name or address have one pin: a name is
 * in lower case and without the dot at its end, an address is as inet_ntop(3) writes it, a zone is the name of its
 * interface.
 *
 * After ssh:// the same forms of HOST may stand; a user and a port that are not named, and more about the host, come from
 * ~/.ssh/config. The key of an sshd is in known_hosts.
 */
#ifndef REMEX_CLIENT_ADDRESS_H
#define REMEX_CLIENT_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/un.h>

#include "base/err.h"
#include "client/ssh_helper.h"
#include "net/endpoint.h"

enum {
	ADDRESS_PATHS = 2,
	ADDRESS_PATH = sizeof (((struct sockaddr_un *)0)->sun_path),
	ADDRESS_HOST = 240, /* bytes of a host's name: with port and suffix it is the name of a file (NAME_MAX) */
};

struct address {
	char paths[ADDRESS_PATHS][ADDRESS_PATH]; /* tried in this order */
	int n;
	bool guarded; /* a default socket: see above */
	/* TCP: */
	bool tcp;
	bool number; /* `endpoint` is the address, and no name is looked up */
	struct endpoint endpoint;
	char host[ADDRESS_HOST + 1]; /* the name or the address, as it was written, but in lower case */
	uint16_t port;
	char pin[ADDRESS_HOST + 8]; /* HOST:PORT, in the normal form */
	struct ssh_address ssh; /* the machine, or with `tcp` the last gateway; its host is "": no ssh */
};

/* Does the address name this machine over TCP (localhost, 127.0.0.1, ::1), so that "local" may be the right address? */
bool address_is_loopback (const struct address *address);

/* Parse `where`. Nothing is opened. 0, or -1 and err. */
int address_parse (struct address *address, const char *where, struct err *err);

enum address_answer {
	ADDRESS_OPEN, /* *fd is connected, close-on-exec and non-blocking; the caller owns it */
	ADDRESS_LATER, /* the listener's queue is full: try again soon */
	ADDRESS_NOBODY, /* no remexd answers (err) */
	ADDRESS_UNSAFE, /* a process may listen, but it is not trusted (err) */
};

/* Connect to a Unix socket, without blocking. */
enum address_answer address_open (const struct address *address, int *fd, struct err *err);

#endif
