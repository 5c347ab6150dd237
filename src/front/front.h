/* front - the process that talks to clients: it accepts, frames, decides who may call what, queues, and dispatches to
 * workers. One loop, one thread, no plugin, no privilege (doc/architecture.md).
 *
 * This is all that others see of the front. front_state.h is its inside.
 */
#ifndef REMEX_FRONT_FRONT_H
#define REMEX_FRONT_FRONT_H

/* The main function of the front: `link` leads to the supervisor. Returns the exit status. */
int front_run (int link);

#endif
