/* service - see service.h. */
#include "config.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "daemon/service.h"

void service_notify (const char *state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = getenv ("NOTIFY_SOCKET");
	size_t n = path ? strlen (path) : 0;
	struct timeval patience = { .tv_usec = 250000 };
	int fd;

	if (n < 2 || n >= sizeof address.sun_path || (*path != '/' && *path != '@'))
		return;
	memcpy (address.sun_path, path, n);
	if (*path == '@')
		address.sun_path[0] = '\0'; /* the abstract namespace */
	fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	/* A manager that does not read must not block the supervisor (unix(7): a full queue blocks the sender). */
	if (fd >= 0 && setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0)
		(void)sendto (fd, state, strlen (state), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&address,
			(socklen_t)(offsetof (struct sockaddr_un, sun_path) + n));
	fd_close (&fd);
}

int service_sockets (void)
{
	const char *pid = getenv ("LISTEN_PID"), *fds = getenv ("LISTEN_FDS");
	long n = pid && fds && atol (pid) == (long)getpid () ? atol (fds) : 0;

	unsetenv ("LISTEN_PID");
	unsetenv ("LISTEN_FDS");
	unsetenv ("LISTEN_FDNAMES");
	return n > 0 && n < 1024 ? (int)n : 0;
}
