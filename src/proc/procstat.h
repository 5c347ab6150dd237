/* procstat - the facts about one process in /proc/PID/stat (proc(5)). */
#ifndef REMEX_PROC_PROCSTAT_H
#define REMEX_PROC_PROCSTAT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct procstat {
	char state; /* 'T': stopped by a signal, 'Z': zombie, 'X': dead; other letters: see proc(5) */
	pid_t parent, group, session;
	int tty; /* the device of the controlling terminal; 0: there is none */
	pid_t foreground; /* the foreground process group of that terminal */
	long threads;
	uint64_t start; /* when the process started, in clock ticks since boot */
};

/* Read the file. 0, or -1 when there is no such process, or its file cannot be read. Nothing is allocated. */
int procstat_read (pid_t pid, struct procstat *stat);

/* Is the process alive? A process whose main thread has ended looks like a zombie, but lives while another thread
 * runs. */
bool procstat_alive (const struct procstat *stat);

#endif
