/* log_process - a process between the standard error of remexd and the processes that must not have it.
 *
 * The reader of a pipe can hold its lock as long as it likes: splice(2) from it to a socket that takes nothing holds
 * it. Then every call on the pipe waits, with any flags: write(2), and the close(2) of a process that exits. So only
 * this process has the pipe. All others have one end of a socket pair as their standard error, which takes a line at
 * once or not at all.
 *
 * A regular file is the same: its file system may not answer (an NFS server that is gone, a frozen file system), and each
 * call on the file waits for it.
 *
 * Workers run plugins, and a process that has the log can end it: shutdown(2) of a socket such as the journal's,
 * ftruncate(2) of a file, tcsetattr(3) of a terminal. So each worker has a socket pair of its own in every case, and
 * the front has one where standard error is a pipe, a file or a socket. So no line of the others is lost, whatever one of
 * these processes does to its pair, and however much it writes. The pairs take no descriptors (passrights.h). A
 * process that a plugin has left behind may keep its pair: when there is no room for a new one, the oldest pair of the
 * user who has the most is closed.
 *
 * A pipe may be without a reader for a time: lines that come then are lost, and counted. The process ends when the
 * supervisor and the front have ended. If it dies, lines are lost, and nothing else.
 */
#ifndef REMEX_DAEMON_LOG_PROCESS_H
#define REMEX_DAEMON_LOG_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct log_process {
	pid_t pid; /* 0: there is none */
	int front; /* the standard error of the front; -1: ours */
	bool file; /* the log is a regular file */
};

/* Start the process, and replace our standard error if it is a pipe or a regular file. With `input_output`, the process keeps
 * 0 and 1, and ours are replaced by /dev/null if they are such: otherwise our end would wait for whoever holds them up. 0,
 * or -1 and err, and nothing has changed. */
int log_process_start (struct log_process *process, bool input_output, struct err *err);

/* The standard error for a new worker of that user: a descriptor that the caller closes; -1: ours, because there is no
 * process; WORKER_NO_LOG: none, because there is no descriptor left. */
int log_process_worker (uid_t uid);

/* Where the log is a regular file: wait until the process has written what it has, for a second at most. Our standard error is
 * closed, and must not be used from now on. */
void log_process_end (struct log_process *process);

#endif
