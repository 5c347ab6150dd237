/* system_calls - does this system have the system calls without which remexd cannot keep its promises?
 *
 * An old kernel lacks some of them, and the filter of an old container runtime refuses those that it does not know. Each failure
 * would show later, as a descriptor that stays open in a command or as a stream that fails. So they are tried at the start.
 */
#ifndef REMEX_DAEMON_SYSTEM_CALLS_H
#define REMEX_DAEMON_SYSTEM_CALLS_H

#include "base/err.h"

/* Try each of them in a way that changes nothing. 0, or -1 and err, which names the call and what it is for. */
int system_calls_check (struct err *err);

#endif
