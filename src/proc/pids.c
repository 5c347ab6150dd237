/* pids - see pids.h. */
#include "config.h"

#include <unistd.h>

#include "proc/pids.h"

void pids_start (struct pids *pids, int fd)
{
	pids->fd = fd;
	pids->offset = 0;
	pids->pos = pids->len = 0;
}

/* The next byte; 0 at the end, -1 on error. */
static int pids_byte (struct pids *pids)
{
	if (pids->pos == pids->len) {
		ssize_t got = pread (pids->fd, pids->buf, sizeof pids->buf, pids->offset);

		if (got <= 0)
			return (int)got;
		pids->offset += got;
		pids->len = (size_t)got;
		pids->pos = 0;
	}
	return (unsigned char)pids->buf[pids->pos++];
}

pid_t pids_next (struct pids *pids)
{
	pid_t pid = 0;
	int byte;

	while ((byte = pids_byte (pids)) > 0) {
		if (byte >= '0' && byte <= '9')
			pid = pid * 10 + (byte - '0');
		else if (pid)
			return pid;
	}
	return pid ? pid : byte;
}
