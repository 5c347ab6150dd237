/* quarantine - the users whose workers have handed over a descriptor that is no pipe, socket or terminal.
 *
 * A worker checks what a plugin hands over, so its process is broken. The front does not close such a descriptor: the
 * close of a file may wait for its file system, and that may be the user's own program (FUSE). The descriptor stays open as
 * long as the front lives. So there must be no more of them: calls as that user are refused from now on.
 *
 * Root and the daemon's own user are not refused: they can stop the front in any case.
 */
#ifndef REMEX_FRONT_QUARANTINE_H
#define REMEX_FRONT_QUARANTINE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/link.h"

#define QUARANTINE_WORDS \
	"a process of that user has handed remexd a descriptor that is no pipe, socket or terminal: calls as that " \
	"user are " \
	"refused until remexd is started again"

struct quarantine {
	uid_t *uids;
	size_t n;
};

/* Take the descriptors out of the packet that must not be closed. True: there were some. */
bool quarantine_take (struct packet *packet);

/* Refuse that user from now on. 0, or -1 without memory. */
int quarantine_add (struct quarantine *quarantine, uid_t uid);
bool quarantine_has (const struct quarantine *quarantine, uid_t uid);
void quarantine_free (struct quarantine *quarantine);

#endif
