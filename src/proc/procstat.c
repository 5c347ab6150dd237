/* procstat - see procstat.h. */
#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "proc/procstat.h"

int procstat_read (pid_t pid, struct procstat *stat)
{
	char path[32], text[1024], *rest;
	ssize_t got;
	int fd;

	snprintf (path, sizeof path, "/proc/%d/stat", (int)pid);
	if ((fd = open (path, O_RDONLY | O_CLOEXEC)) < 0)
		return -1;
	got = read (fd, text, sizeof text - 1);
	fd_close (&fd);
	if (got <= 0)
		return -1;
	text[got] = '\0';
	/* The second field is the name in parentheses, which may itself contain spaces and parentheses. */
	if (!(rest = strrchr (text, ')')) ||
		sscanf (rest + 1, " %c %d %d %d %d %d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %ld %*d %" SCNu64,
			&stat->state, &stat->parent, &stat->group, &stat->session, &stat->tty, &stat->foreground,
			&stat->threads, &stat->start) != 8)
		return -1;
	return 0;
}

bool procstat_alive (const struct procstat *stat)
{
	return (stat->state != 'Z' && stat->state != 'X') || stat->threads > 1;
}
