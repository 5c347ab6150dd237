/* hostile_sshd - one connection of an sshd that breaks the rules: hostile_sshd <connection 3<>packets. The key exchanges are
 * honest (far_sshd.h), the rest is done by the caller, who has the other end of the SOCK_SEQPACKET pair 3:
 *
 *   from the caller   'p' and a packet to send; 'r' and raw bytes to send; 'k': begin a key exchange; 'q': close
 *   to the caller     each packet of the client; the end when the connection has ended
 *
 * hostile_sshd --key prints the host key as in known_hosts.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ssh/far_sshd.h"

enum { CONNECTION = 0, CALLER = 3, RECORD_MAX = 160 * 1024, OUT_HIGH = 8 * 1024 * 1024 };

/* Returns false at the end. */
static bool obey (struct far_sshd *sshd)
{
	static uint8_t record[RECORD_MAX];
	ssize_t n = recv (CALLER, record, sizeof record, 0);

	if (n <= 0)
		return false;
	switch (*record) {
	case 'p': far_sshd_send (sshd, record + 1, (size_t)n - 1); return true;
	case 'r': return buf_append (&sshd->out, record + 1, (size_t)n - 1) == 0;
	case 'k': far_sshd_rekey (sshd); return true;
	default: return false;
	}
}

static bool hear (struct far_sshd *sshd)
{
	static uint8_t bytes[65536];
	const uint8_t *payload;
	ssize_t n = read (CONNECTION, bytes, sizeof bytes);
	size_t size;
	int got;

	if (n <= 0)
		return false;
	far_sshd_feed (sshd, bytes, (size_t)n);
	while ((got = far_sshd_next (sshd, &payload, &size)) > 0)
		if (send (CALLER, payload, size, MSG_NOSIGNAL) < 0)
			return false;
	return got == 0;
}

static bool say (struct far_sshd *sshd)
{
	ssize_t n = send (CONNECTION, buf_head (&sshd->out), buf_len (&sshd->out), MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN;
	buf_consume (&sshd->out, (size_t)n);
	return true;
}

static void serve (struct far_sshd *sshd)
{
	for (bool goes = true; goes;) {
		struct pollfd fds[2] = { { .fd = CONNECTION, .events = POLLIN }, { .fd = CALLER, .events = POLLIN } };

		if (buf_len (&sshd->out))
			fds[0].events |= POLLOUT;
		if (buf_len (&sshd->out) > OUT_HIGH)
			fds[1].fd = -1; /* the caller waits for the client */
		if (poll (fds, 2, -1) < 0)
			return;
		if (fds[0].revents & POLLOUT)
			goes = say (sshd);
		if (goes && fds[1].revents)
			goes = obey (sshd);
		if (goes && fds[0].revents & (POLLIN | POLLHUP | POLLERR))
			goes = hear (sshd);
	}
	say (sshd);
}

int main (int argc, char **argv)
{
	struct far_sshd sshd;
	struct buf line;

	if (argc == 2 && !strcmp (argv[1], "--key")) {
		buf_init (&line, 1024);
		far_sshd_key (&line);
		printf ("%.*s\n", (int)buf_len (&line), (const char *)buf_head (&line));
		buf_free (&line);
		return EXIT_SUCCESS;
	}
	far_sshd_init (&sshd);
	serve (&sshd);
	far_sshd_free (&sshd);
	return EXIT_SUCCESS;
}
