/* tidy - see tidy.h. */
#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "worker/tidy.h"

void tidy_snapshot (struct tidy *tidy)
{
	struct stat st;

	memset (tidy, 0, sizeof *tidy);
	if (stat (".", &st) == 0) {
		tidy->device = st.st_dev;
		tidy->inode = st.st_ino;
	}
	if (stat ("/proc/self/task", &st) == 0)
		tidy->threads = st.st_nlink; /* one link per thread, and two */
	tidy->mask = umask (022);
	umask (tidy->mask);
	sigprocmask (SIG_SETMASK, NULL, &tidy->blocked);
	for (int signo = 1; signo < 32; signo++) {
		struct sigaction action;

		if (sigaction (signo, NULL, &action) == 0)
			tidy->handlers[signo] = (void *)action.sa_handler;
	}
	tidy->lowest_fd = fcntl (2, F_DUPFD_CLOEXEC, 0);
	close (tidy->lowest_fd);
}

const char *tidy_changed (const struct tidy *before)
{
	struct tidy now;

	tidy_snapshot (&now);
	if (now.device != before->device || now.inode != before->inode)
		return "working directory";
	if (now.threads != before->threads)
		return "threads";
	if (now.mask != before->mask)
		return "umask";
	for (int signo = 1; signo < 32; signo++)
		if (sigismember (&now.blocked, signo) != sigismember (&before->blocked, signo))
			return "signal mask";
	if (memcmp (now.handlers, before->handlers, sizeof now.handlers))
		return "signal dispositions";
	if (now.lowest_fd != before->lowest_fd)
		return "descriptors";
	return NULL;
}
