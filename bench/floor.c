/* floor PROGRAM ARG… - what a command costs without remex: posix_spawn(3) with a pipe each for stdout and stderr,
 * both read to their end, and waitpid. Anything but exit status 0 ends it. The environment is that of the caller.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "meter.h"

extern char **environ;

static void drain (int out, int errors)
{
	struct pollfd fds[2] = { { .fd = out, .events = POLLIN }, { .fd = errors, .events = POLLIN } };
	static char bytes[65536];

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		if (poll (fds, 2, -1) < 0)
			meter_fail ("poll");
		for (int i = 0; i < 2; i++)
			if (fds[i].revents && read (fds[i].fd, bytes, sizeof bytes) <= 0) {
				close (fds[i].fd);
				fds[i].fd = -1;
			}
	}
}

static void one (char **argv)
{
	posix_spawn_file_actions_t actions;
	int out[2], errors[2], status, error;
	pid_t pid;

	if (pipe2 (out, O_CLOEXEC) < 0 || pipe2 (errors, O_CLOEXEC) < 0)
		meter_fail ("pipe");
	posix_spawn_file_actions_init (&actions);
	posix_spawn_file_actions_adddup2 (&actions, out[1], 1);
	posix_spawn_file_actions_adddup2 (&actions, errors[1], 2);
	if ((error = posix_spawn (&pid, argv[0], &actions, NULL, argv, environ)) != 0) {
		errno = error;
		meter_fail ("%s", argv[0]);
	}
	posix_spawn_file_actions_destroy (&actions);
	close (out[1]);
	close (errors[1]);
	drain (out[0], errors[0]);
	if (waitpid (pid, &status, 0) < 0)
		meter_fail ("waitpid");
	errno = 0;
	if (!WIFEXITED (status) || WEXITSTATUS (status))
		meter_fail ("%s ended with status %#x", argv[0], (unsigned)status);
}

static void run (void *arg, long n)
{
	while (n-- > 0)
		one (arg);
}

int main (int argc, char **argv)
{
	if (argc < 2)
		meter_fail ("usage: floor PROGRAM ARG...");
	return meter_serve (run, argv + 1);
}
