/* liar - a front that lies: remexd with this in place of its own front, for tests/system/tcp.test.
 *
 * It takes what the supervisor sends a front, says that it is ready, becomes nobody, and then asks for workers that it has
 * no right to, showing whatever it can make. One line for each ask goes to the file $REMEX_LIAR: what it tried, and the
 * errno of the refusal, or "born". It reads from the environment: LIAR_GRANTED, the uid that an identity names; LIAR_SOCKET,
 * the path of a socket that root listens on and that is none of remexd's.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/link.h"
#include "wire/records.h"

int liar_run (int link);

static struct packet packet;
static uint64_t last;

/* Everything up to the record of that type. */
static bool wait_for (int link, uint32_t type)
{
	while (link_recv (link, &packet, 0) > 0) {
		if (packet.record.type == REC_PING)
			link_post (link, REC_PONG, 0, 0, 0, 0);
		if (packet.record.type == type)
			return true;
		packet_close (&packet);
	}
	return false;
}

static void ask (int link, FILE *out, const char *what, uid_t uid, int shown)
{
	struct record record = { .type = REC_WORKER, .id = ++last, .a = (int64_t)uid };

	if (link_send (link, &record, NULL, 0, NULL, 0, &shown, shown >= 0 ? 1 : 0, 0) < 0) {
		fprintf (out, "%s: cannot be asked\n", what);
		return;
	}
	for (;;) {
		if (link_recv (link, &packet, 0) <= 0) {
			fprintf (out, "%s: the end\n", what);
			return;
		}
		if (packet.record.type == REC_PING)
			link_post (link, REC_PONG, 0, 0, 0, 0);
		if (packet.record.type == REC_BORN)
			fprintf (out, "%s: born\n", what);
		if (packet.record.type == REC_NO_WORKER)
			fprintf (out, "%s: %s\n", what, packet.record.a == EPERM ? "EPERM" : "another error");
		packet_close (&packet);
		if (packet.record.type == REC_BORN || packet.record.type == REC_NO_WORKER)
			return;
	}
}

/* The connecting end of a connection to somebody else's socket: SO_PEERCRED there names who listens. */
static int connect_to (const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf (address.sun_path, sizeof address.sun_path, "%s", path);
	return connect (fd, (struct sockaddr *)&address, sizeof address) < 0 ? -1 : fd;
}

int liar_run (int link)
{
	FILE *out = fopen (getenv ("REMEX_LIAR"), "we");
	uid_t granted = (uid_t)atoi (getenv ("LIAR_GRANTED"));
	int pair[2] = { -1, -1 }, other;

	if (!out || !wait_for (link, REC_EQUIPPED) || link_post (link, REC_READY, 0, 0, 0, 0) < 0)
		return 1;
	if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) <
		0) /* made by root: its credentials are root's */
		return 1;
	if (setresgid (65534, 65534, 65534) < 0 || setresuid (65534, 65534, 65534) < 0)
		return 1;
	ask (link, out, "granted", granted, -1);
	ask (link, out, "root", 0, -1);
	ask (link, out, "another", granted + 1, -1);
	ask (link, out, "root by a pair", 0, pair[0]);
	other = connect_to (getenv ("LIAR_SOCKET"));
	fprintf (out, "connected: %s\n", other >= 0 ? "yes" : strerror (errno));
	ask (link, out, "root by a stranger's socket", 0, other);
	ask (link, out, "root by no socket at all", 0, STDERR_FILENO);
	fputs ("done\n", out);
	fclose (out);
	wait_for (link, REC_DRAIN);
	return 0;
}
