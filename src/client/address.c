/* address - see address.h. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/paths.h"
#include "base/text.h"
#include "base/trusted.h"
#include "client/address.h"

static int add_path (struct address *address, const char *path, struct err *err)
{
	char shown[256];

	text_escape (shown, sizeof shown, path, strlen (path));
	if (*path != '/')
		return err_set (err, 0, "'%s' is not an absolute path of a socket", shown);
	if (strlen (path) >= ADDRESS_PATH)
		return err_set (err, 0, "the path of a socket has at most %d bytes, this one has %zu: %s",
			ADDRESS_PATH - 1, strlen (path), shown);
	strcpy (address->paths[address->n++], path);
	return 0;
}

static int add_own (struct address *address, struct err *err)
{
	char *path = paths_socket ();
	int result = path ? add_path (address, path, err) : err_set (err, 0, "no memory");

	free (path);
	return result;
}

/* --- hosts ------------------------------------------------------------------------------------------------------- */

static int no_host (const char *where, const char *why, struct err *err)
{
	char shown[128];

	return err_set (err, 0, "'%s' %s", text_escape (shown, sizeof shown, where, strlen (where)), why);
}

/* The digits behind a host's colon. */
static int parse_port (const char *digits, uint16_t *port)
{
	size_t n = strspn (digits, "0123456789");
	long value = n && n <= 5 && !digits[n] ? strtol (digits, NULL, 10) : 0;

	*port = (uint16_t)value;
	return value >= 1 && value <= 65535 ? 0 : -1;
}

static int parse_host (struct address *address, const char *where, struct err *err)
{
	static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	size_t host = *where == '[' ? strcspn (where, "]") + 1 : strspn (where, name);
	const char *port = where + host;
	struct err why;

	if (strlen (where) > ADDRESS_HOST)
		return err_set (err, 0, "the name of a host has at most %d bytes", ADDRESS_HOST);
	if (*where != '[' && strchr (where, ':') != strrchr (where, ':') &&
		!where[strspn (where, "0123456789abcdefABCDEF:.")])
		return no_host (where, "is an address of IPv6: write it in brackets, [ADDRESS] or [ADDRESS]:PORT", err);
	if (!host || host > strlen (where) || strchr (where, '/') || *where == '-' || *where == '.' ||
		(*port && *port != ':'))
		return no_host (where, "is no host: 'local', unix:///PATH, NAME[:PORT] and ADDRESS[:PORT] are", err);
	address->port = ENDPOINT_PORT;
	if (*port && parse_port (port + 1, &address->port) < 0)
		return no_host (where, "has no port behind its colon: a port is a number from 1 to 65535", err);
	address->tcp = true;
	for (size_t i = 0; i < host; i++)
		address->host[i] = (char)(where[i] >= 'A' && where[i] <= 'Z' ? where[i] | 0x20 : where[i]);
	snprintf (address->pin, sizeof address->pin, "%s:%u", address->host, (unsigned)address->port);
	address->number = *where == '[' || strspn (where, "0123456789.") == host;
	if (address->number && endpoint_parse (&address->endpoint, address->pin, &why) < 0)
		return err_set (err, 0, "%s", why.text);
	return 0;
}

int address_parse (struct address *address, const char *where, struct err *err)
{
	const char *named = getenv ("REMEX_SOCKET");

	*address = (struct address){ .n = 0 };
	if (!strncmp (where, "unix://", 7))
		return add_path (address, where + 7, err);
	if (strcmp (where, "local") != 0)
		return parse_host (address, where, err);
	address->guarded = true;
	if (named && *named)
		return add_path (address, strncmp (named, "unix://", 7) ? named : named + 7, err);
	if (geteuid () != 0 && add_own (address, err) < 0)
		return -1;
	return add_path (address, PATHS_SYSTEM_SOCKET, err);
}

static bool trusted (uid_t uid)
{
	return uid == 0 || uid == geteuid ();
}

/* Nobody but root and us can put a socket where a default one is. */
static enum address_answer check_directory (const char *path, struct err *err)
{
	char directory[ADDRESS_PATH];
	struct err why;
	char *slash;
	int fd;

	strcpy (directory, path);
	slash = strrchr (directory, '/');
	slash[slash == directory] = '\0';
	if ((fd = trusted_open (directory, TRUSTED_PLACE, &why)) >= 0) {
		fd_close (&fd);
		return ADDRESS_OPEN;
	}
	if (why.sys == EPERM) {
		err_set (err, 0, "%s is not safe to use: %.300s", path, why.text);
		return ADDRESS_UNSAFE;
	}
	errno = why.sys;
	err_sys (err, 0, "cannot connect to %s", path);
	return ADDRESS_NOBODY;
}

static enum address_answer check_peer (int fd, const char *path, struct err *err)
{
	struct ucred peer;
	socklen_t size = sizeof peer;

	if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) {
		err_sys (err, 0, "%s: SO_PEERCRED", path);
		return ADDRESS_UNSAFE;
	}
	if (!trusted (peer.uid)) {
		err_set (err, 0, "%s is not safe to use: uid %u listens there, neither root nor you", path,
			(unsigned)peer.uid);
		return ADDRESS_UNSAFE;
	}
	return ADDRESS_OPEN;
}

/* What to do about it, where that is known. */
static const char *advice (int error)
{
	switch (error) {
	case ENOENT:
	case ECONNREFUSED: return " (is remexd running?)";
	case EACCES: return " (are you a member of the group remex?)";
	default: return "";
	}
}

static enum address_answer open_path (const struct address *address, const char *path, int *fd, struct err *err)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	enum address_answer answer = address->guarded ? check_directory (path, err) : ADDRESS_OPEN;
	int connected;

	if (answer != ADDRESS_OPEN)
		return answer;
	strcpy (name.sun_path, path);
	if ((connected = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) < 0) {
		err_sys (err, 0, "cannot make a socket");
		return ADDRESS_NOBODY;
	}
	if (connect (connected, (const struct sockaddr *)&name, sizeof name) < 0) {
		answer = errno == EAGAIN ? ADDRESS_LATER : ADDRESS_NOBODY;
		err_sys (err, 0, "cannot connect to %s", path);
	} else if (address->guarded) {
		answer = check_peer (connected, path, err);
	}
	if (answer == ADDRESS_OPEN)
		*fd = connected;
	else
		fd_close (&connected);
	return answer;
}

enum address_answer address_open (const struct address *address, int *fd, struct err *err)
{
	enum address_answer answer = ADDRESS_NOBODY;
	struct err why[ADDRESS_PATHS] = { 0 };

	for (int i = 0; i < address->n; i++) {
		answer = open_path (address, address->paths[i], fd, &why[i]);
		if (answer != ADDRESS_NOBODY || (why[i].sys != ENOENT && why[i].sys != ECONNREFUSED) ||
			i + 1 == address->n) {
			err_set (err, 0, "%s%s", why[i].text, advice (why[i].sys));
			if (err && answer == ADDRESS_NOBODY && i > 0)
				err_set (err, 0, "nobody answers at %s (%s) nor at %s (%s)", address->paths[0],
					strerror (why[0].sys), address->paths[1], strerror (why[1].sys));
			break;
		}
	}
	return answer;
}
