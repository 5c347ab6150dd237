/* front - the process that talks to clients: it accepts them, frames messages, checks who may make which call, queues
 * requests, and dispatches them to workers. One loop, one thread, no plugin, no privilege (doc/architecture.md).
 *
 * This is the whole interface of the front. front_state.h has its internals.
 */
#ifndef REMEX_FRONT_FRONT_H
#define REMEX_FRONT_FRONT_H

/* The main function of the front: `link` leads to the supervisor. Returns the exit status. */
int front_run (int link);

#endif
