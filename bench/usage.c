/* usage PROGRAM ARG... - run a command once and print "NANOSECONDS KIB DESCRIPTORS PROCESSOR": how long it took, its
 * largest resident set, the most descriptors that it had open whenever we looked, every 2 ms, and the nanoseconds of
 * processor time that it used. Its output is read and dropped. Anything but exit status 0 is a failure.
 *
 * The largest resident set of a process also counts what the process was before it executed its program. This one is
 * small, whereas the bench is not: hence a program.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "meter.h"

extern char **environ;

enum { LOOK_NS = 2000000 };

static int64_t now_ns (void)
{
	struct timespec now;

	clock_gettime (CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static long long nanoseconds (const struct timeval *time)
{
	return time->tv_sec * 1000000000LL + time->tv_usec * 1000LL;
}

/* 0 where the process is gone. */
static int count_descriptors (pid_t pid)
{
	char path[40];
	int n = 0;
	DIR *directory;

	snprintf (path, sizeof path, "/proc/%d/fd", (int)pid);
	if (!(directory = opendir (path)))
		return 0;
	for (struct dirent *entry; (entry = readdir (directory));)
		n += entry->d_name[0] != '.';
	closedir (directory);
	return n;
}

/* Read until the end; the most descriptors that the process had. */
static int drain (int fd, pid_t pid)
{
	static char bytes[65536];
	struct pollfd waits = { .fd = fd, .events = POLLIN };
	int64_t next = 0;
	int most = 0;

	for (;;) {
		int ready = poll (&waits, 1, LOOK_NS / 1000000);
		int64_t now = now_ns ();

		if (ready < 0)
			meter_fail ("poll");
		if (ready && read (fd, bytes, sizeof bytes) <= 0)
			return most;
		if (now >= next) {
			int n = count_descriptors (pid);

			most = n > most ? n : most;
			next = now + LOOK_NS;
		}
	}
}

int main (int argc, char **argv)
{
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	int out[2], status, error, most;
	int64_t begin = now_ns ();
	pid_t pid;

	if (argc < 2)
		meter_fail ("usage: usage PROGRAM ARG...");
	if (pipe2 (out, O_CLOEXEC) < 0)
		meter_fail ("pipe");
	posix_spawn_file_actions_init (&actions);
	posix_spawn_file_actions_adddup2 (&actions, out[1], 1);
	if ((error = posix_spawn (&pid, argv[1], &actions, NULL, argv + 1, environ)) != 0) {
		errno = error;
		meter_fail ("%s", argv[1]);
	}
	posix_spawn_file_actions_destroy (&actions);
	close (out[1]);
	most = drain (out[0], pid);
	if (wait4 (pid, &status, 0, &usage) < 0)
		meter_fail ("wait4");
	errno = 0;
	if (!WIFEXITED (status) || WEXITSTATUS (status))
		meter_fail ("%s ended with status %#x", argv[1], (unsigned)status);
	printf ("%lld %ld %d %lld\n", (long long)(now_ns () - begin), usage.ru_maxrss, most,
		nanoseconds (&usage.ru_utime) + nanoseconds (&usage.ru_stime));
	return EXIT_SUCCESS;
}
