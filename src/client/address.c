/* address - see address.h. */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/passrights.h"
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

/* Read the digits after the colon of a host. */
static int parse_port (const char *digits, uint16_t *port)
{
	size_t n = strspn (digits, "0123456789");
	long value = n && n <= 5 && !digits[n] ? strtol (digits, NULL, 10) : 0;

	*port = (uint16_t)value;
	return value >= 1 && value <= 65535 ? 0 : -1;
}

/* The explanation for a word that is often typed and is no host here; NULL: another word. */
static const char *often_typed (const char *where)
{
	if (strchr (where + (*where != '\0'), '@'))
		return "names a user: give the user with -l, as in -l alice web1";
	if (strchr (where, ','))
		return "names more than one host: one at a time";
	return NULL;
}

/* The length of the host in HOST[:PORT], or 0. */
static size_t host_length (const char *where)
{
	static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	size_t n = *where == '[' ? strcspn (where, "]") + 1 : strspn (where, name);

	return n > strlen (where) || strchr (where, '/') || *where == '-' || *where == '.' ||
			       (where[n] && where[n] != ':')
		       ? 0
		       : n;
}

/* The name of a zone keeps its letters: the names of two interfaces may differ only in case. */
static void lower (char *to, const char *from, size_t n)
{
	bool zone = false;

	for (size_t i = 0; i < n; i++) {
		zone = zone || from[i] == '%';
		to[i] = (char)(!zone && from[i] >= 'A' && from[i] <= 'Z' ? from[i] | 0x20 : from[i]);
	}
	to[n] = '\0';
}

static int set_number (struct address *address, struct err *err)
{
	char text[ADDRESS_HOST + 8], one_way[ENDPOINT_SIZE];
	struct err why;

	snprintf (text, sizeof text, "%s:%u", address->host, (unsigned)address->port);
	if (endpoint_parse (&address->endpoint, text, &why) < 0)
		return err_set (err, 0, "%s", why.text);
	endpoint_name_zone (&address->endpoint);
	strcpy (address->pin, endpoint_format (&address->endpoint, one_way));
	return 0;
}

static int set_name (struct address *address, const char *where, struct err *err)
{
	size_t n = strlen (address->host);
	struct in_addr odd;

	/* The system looks names up with inet_aton(3), which takes 0x7f000001 as well. */
	if (inet_aton (address->host, &odd))
		return no_host (
			where, "is an address in an unusual form: write four numbers and dots, as in 192.0.2.1", err);
	if (n > 0 && address->host[n - 1] == '.' && memchr (address->host, '.', n - 1))
		n--; /* a name with another dot is looked up as it is, with or without the dot at the end */
	snprintf (address->pin, sizeof address->pin, "%.*s:%u", (int)n, address->host, (unsigned)address->port);
	return 0;
}

static int parse_host (struct address *address, const char *where, struct err *err)
{
	size_t host = host_length (where);
	const char *port = where + host;

	if (strlen (where) > ADDRESS_HOST)
		return err_set (err, 0, "the name of a host has at most %d bytes", ADDRESS_HOST);
	if (*where != '[' && strchr (where, ':') != strrchr (where, ':') &&
		strchr ("%", where[strspn (where, "0123456789abcdefABCDEF:.")]))
		return no_host (where, "is an address of IPv6: write it in brackets, [ADDRESS] or [ADDRESS]:PORT", err);
	if (!host && often_typed (where))
		return no_host (where, often_typed (where), err);
	if (!host)
		return no_host (
			where, "is not a host (examples: local, unix:///PATH, web1, web1:7363, 192.0.2.1)", err);
	address->port = ENDPOINT_PORT;
	if (*port && parse_port (port + 1, &address->port) < 0)
		return no_host (where, "has no port behind its colon: a port is a number from 1 to 65535", err);
	address->tcp = true;
	lower (address->host, where, host);
	address->number = *where == '[' || strspn (where, "0123456789.") == host;
	return address->number ? set_number (address, err) : set_name (address, where, err);
}

/* [USER@]HOST[:PORT], the n bytes behind ssh:// */
static int parse_sshd (struct ssh_address *ssh, const char *where, const char *text, size_t n, struct err *err)
{
	char word[TUNNEL_USER + ADDRESS_HOST + 16], *at, *name;
	struct in6_addr ip6;
	size_t host, bracket;

	if (n >= sizeof word)
		return no_host (where, "is too long for the machine of an sshd", err);
	memcpy (word, text, n);
	word[n] = '\0';
	at = strrchr (word, '@');
	name = at ? at + 1 : word;
	host = host_length (name);
	bracket = *name == '[';
	if (at &&
		(at == word || at - word > TUNNEL_USER || text_has_control (word, (size_t)(at - word)) || *word == '-'))
		return no_host (where, "names no user in front of its '@' (at most 64 characters)", err);
	if (!host || host > ADDRESS_HOST)
		return no_host (where, "names no host: ssh://web1, ssh://alice@web1:2222 and ssh://[::1] do", err);
	if (name[host] && parse_port (name + host + 1, &ssh->port) < 0)
		return no_host (where, "has no port behind its colon: a port is a number from 1 to 65535", err);
	if (at)
		memcpy (ssh->user, word, (size_t)(at - word));
	lower (ssh->host, name + bracket, host - 2 * bracket);
	if (bracket && !strchr (ssh->host, '%') && inet_pton (AF_INET6, ssh->host, &ip6) != 1)
		return no_host (where, "has no address of IPv6 in its brackets: ssh://[2001:db8::1] has one", err);
	return 0;
}

/* The machines on the way to the last one are the n bytes at `list`. */
static int set_way (struct ssh_address *ssh, const char *list, size_t n, struct err *err)
{
	if (n > TUNNEL_VIA)
		return err_set (err, 0, "the gateways on the way have %zu bytes: %d are possible", n, TUNNEL_VIA);
	memcpy (ssh->via, list, n);
	return 0;
}

/* ssh://MACHINE or ssh://GATEWAY/HOST, each behind further gateways: ssh://GATEWAY,ssh://GATEWAY/HOST */
static int parse_ssh (struct address *address, const char *where, struct err *err)
{
	const char *machine = where;
	size_t n = 0;

	for (int gateways = 0;;) {
		if (strncmp (machine, "ssh://", 6) != 0)
			return no_host (where,
				"lists gateways, and each of them begins with ssh://, as in ssh://gw1,ssh://gw2/web1",
				err);
		n = strcspn (machine + 6, ",/");
		address->ssh = (struct ssh_address){ .port = 0 };
		if (parse_sshd (&address->ssh, where, machine + 6, n, err) < 0)
			return -1;
		if (machine[6 + n] && ++gateways > ENDPOINT_GATEWAYS)
			return err_set (err, 0, "there are more than %d gateways on the way", ENDPOINT_GATEWAYS);
		if (machine[6 + n] != ',')
			break;
		machine += 6 + n + 1;
	}
	if (machine > where && set_way (&address->ssh, where, (size_t)(machine - 1 - where), err) < 0)
		return -1;
	return machine[6 + n] ? parse_host (address, machine + 6 + n + 1, err) : 0;
}

bool address_is_loopback (const struct address *address)
{
	return address->tcp && (!strcmp (address->host, "localhost") || !strncmp (address->pin, "127.", 4) ||
				       !strncmp (address->pin, "[::1]:", 6));
}

int address_parse (struct address *address, const char *where, struct err *err)
{
	const char *named = getenv ("REMEX_SOCKET");

	*address = (struct address){ .n = 0 };
	if (!strncmp (where, "unix://", 7))
		return add_path (address, where + 7, err);
	if (!strncmp (where, "ssh://", 6))
		return parse_ssh (address, where, err);
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

/* Only root and we can put a socket at the place of a default socket. */
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

/* The name of the group that may use the directory of the socket, if we are not a member of it; else "". */
static void missing_group (const char *path, char *name, size_t size)
{
	char directory[ADDRESS_PATH], *slash, scratch[4096];
	struct group group, *found = NULL;
	gid_t groups[NGROUPS_MAX];
	int n = getgroups (NGROUPS_MAX, groups);
	struct stat st;

	*name = '\0';
	strcpy (directory, path);
	if (!(slash = strrchr (directory, '/')) || slash == directory)
		return;
	*slash = '\0';
	if (stat (directory, &st) < 0 || st.st_gid == 0 || st.st_gid == getegid ())
		return;
	for (int i = 0; i < n; i++)
		if (groups[i] == st.st_gid)
			return;
	if (getgrgid_r (st.st_gid, &group, scratch, sizeof scratch, &found) == 0 && found)
		snprintf (name, size, "%s", group.gr_name);
}

/* Advice to the user, to be put after the text of the error; "" where there is none. */
static void advise (const struct address *address, const char *path, int error, char *out, size_t size)
{
	const char *named = getenv ("REMEX_SOCKET");
	char group[64];

	*out = '\0';
	if (error == ENOENT || error == ECONNREFUSED) {
		if (!address->guarded || (named && *named))
			snprintf (out, size, " (is remexd running?)");
		else if (geteuid () == 0)
			snprintf (out, size, "; to start it: systemctl start remexd, or remexd (remexd(8))");
		else
			snprintf (out, size,
				"; to start one: remexd as yourself, or as root systemctl start remexd (remexd(8))");
	} else if (error == EACCES) {
		missing_group (path, group, sizeof group);
		if (*group)
			snprintf (out, size,
				"; only members of the group %s may: as root, gpasswd -a USER %s, and log in anew",
				group, group);
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
	passrights_refuse (connected); /* older kernels: stream_unix looks out for descriptors, at each read */
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
	const struct err *unsafe = NULL;
	char advice[256] = "";

	for (int i = 0; i < address->n; i++) {
		answer = open_path (address, address->paths[i], fd, &why[i]);
		/* Anybody can take the place of our own socket beneath /tmp; then the next socket is tried. */
		if (answer == ADDRESS_UNSAFE && i + 1 < address->n) {
			unsafe = &why[i];
			continue;
		}
		if (answer == ADDRESS_NOBODY && unsafe) {
			err_set (err, 0, "%s", unsafe->text);
			return ADDRESS_UNSAFE;
		}
		if (answer != ADDRESS_NOBODY || (why[i].sys != ENOENT && why[i].sys != ECONNREFUSED) ||
			i + 1 == address->n) {
			if (answer == ADDRESS_NOBODY)
				advise (address, address->paths[i], why[i].sys, advice, sizeof advice);
			err_set (err, 0, "%s%s", why[i].text, advice);
			if (err && answer == ADDRESS_NOBODY && i > 0)
				err_set (err, 0, "nobody answers at %s (%s) nor at %s (%s)%s", address->paths[0],
					strerror (why[0].sys), address->paths[1], strerror (why[1].sys), advice);
			break;
		}
	}
	return answer;
}
