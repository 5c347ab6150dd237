/* pids - the process numbers in a file of the kernel: children (proc(5)), cgroup.procs (cgroups(7)).
 *
 * The file is read with pread(2) from its start, so that one descriptor can be read again. Nothing is allocated. A long
 * list is read in several pieces and may change between them: a caller that needs the whole list reads until no new
 * numbers appear.
 */
#ifndef REMEX_PROC_PIDS_H
#define REMEX_PROC_PIDS_H

#include <stddef.h>
#include <sys/types.h>

struct pids {
	int fd; /* the caller's */
	off_t offset;
	size_t pos, len;
	char buf[4096];
};

void pids_start (struct pids *pids, int fd);

/* The next number; 0 at the end, -1 when the file cannot be read. */
pid_t pids_next (struct pids *pids);

#endif
