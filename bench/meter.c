/* meter - see meter.h. */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "meter.h"

static int64_t now_ns (void)
{
	struct timespec now;

	clock_gettime (CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int meter_serve (void (*run) (void *arg, long n), void *arg)
{
	char line[64];

	while (fgets (line, sizeof line, stdin)) {
		long n = strtol (line, NULL, 10);
		int64_t start = now_ns ();

		run (arg, n);
		printf ("%lld\n", (long long)(now_ns () - start));
		fflush (stdout);
	}
	return EXIT_SUCCESS;
}

void meter_fail (const char *fmt, ...)
{
	int error = errno;
	va_list args;

	va_start (args, fmt);
	vfprintf (stderr, fmt, args);
	va_end (args);
	fprintf (stderr, error ? ": %s\n" : "\n", strerror (error));
	exit (EXIT_FAILURE);
}

int meter_connect (const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen (path) >= sizeof address.sun_path)
		meter_fail ("%s: too long for a socket", path);
	strcpy (address.sun_path, path);
	if (fd < 0 || connect (fd, (struct sockaddr *)&address, sizeof address) < 0)
		meter_fail ("%s", path);
	return fd;
}
