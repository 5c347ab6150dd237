/* pingpong BYTES - round trips of BYTES bytes over TCP on loopback between two processes: blocking sockets,
 * TCP_NODELAY, nothing around them.
 */
#include "config.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "meter.h"

enum { MOST = 4096 };

struct ball {
	int fd;
	size_t size;
};

/* False at the end of the stream. */
static int throw (const struct ball *ball, const uint8_t *bytes)
{
	return send (ball->fd, bytes, ball->size, MSG_NOSIGNAL) == (ssize_t)ball->size;
}

static int catch (const struct ball *ball, uint8_t *bytes)
{
	return recv (ball->fd, bytes, ball->size, MSG_WAITALL) == (ssize_t)ball->size;
}

static void run (void *arg, long n)
{
	uint8_t bytes[MOST] = { 0 };

	while (n-- > 0)
		if (!throw (arg, bytes) || !catch (arg, bytes))
			meter_fail ("the other side is gone");
}

/* A connected pair of TCP sockets. */
static void tcp_pair (int fds[2])
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl (INADDR_LOOPBACK) } };
	socklen_t length = sizeof address;
	int listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	fds[1] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind (listener, (struct sockaddr *)&address, sizeof address) < 0 || listen (listener, 1) < 0 ||
		getsockname (listener, (struct sockaddr *)&address, &length) < 0 ||
		connect (fds[1], (struct sockaddr *)&address, sizeof address) < 0 ||
		(fds[0] = accept4 (listener, NULL, NULL, SOCK_CLOEXEC)) < 0)
		meter_fail ("TCP on loopback");
	close (listener);
	for (int i = 0; i < 2; i++)
		setsockopt (fds[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

int main (int argc, char **argv)
{
	struct ball ball = { .size = argc == 2 ? strtoul (argv[1], NULL, 10) : 0 };
	uint8_t bytes[MOST];
	int fds[2];

	if (!ball.size || ball.size > MOST)
		meter_fail ("usage: pingpong BYTES (at most %d)", MOST);
	tcp_pair (fds);
	switch (fork ()) {
	case -1: meter_fail ("fork");
	case 0:
		close (fds[1]);
		close (0);
		close (1);
		ball.fd = fds[0];
		while (catch (&ball, bytes) && throw (&ball, bytes))
			;
		_exit (0); /* the parent has ended */
	}
	close (fds[0]);
	ball.fd = fds[1];
	return meter_serve (run, &ball);
}
