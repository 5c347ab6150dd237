/* log_process - a process between the standard error of remexd and the pipe that it came with.
 *
 * Whoever reads a pipe can hold its lock as long as it likes: splice(2) from it to a socket that takes nothing holds it. Then
 * every call on the pipe waits, with any flags: write(2), and the close(2) of a process that exits. So only this process has
 * the pipe. All others have one end of a socket pair as their standard error (and as their standard output, if that was the
 * same pipe), which takes a line at once or not at all. The process ends when all other ends are closed. If it dies, lines are
 * lost, and nothing else.
 */
#ifndef REMEX_DAEMON_LOG_PROCESS_H
#define REMEX_DAEMON_LOG_PROCESS_H

#include <sys/types.h>

#include "base/err.h"

/* If standard error is a pipe, start the process, and replace standard error. The pid; 0: it is no pipe; or -1 and err, and
 * nothing has changed. */
pid_t log_process_start (struct err *err);

#endif
