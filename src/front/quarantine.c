/* quarantine - see quarantine.h. */
#include "config.h"

#include <stdlib.h>

#include "base/fd.h"
#include "front/quarantine.h"

bool quarantine_take (struct packet *packet)
{
	bool any = false;

	for (size_t i = 0; i < packet->n_fds; i++)
		if (packet->fds[i] >= 0 && !fd_closes_at_once (packet->fds[i])) {
			packet->fds[i] = -1;
			any = true;
		}
	return any;
}

int quarantine_add (struct quarantine *quarantine, uid_t uid)
{
	uid_t *more;

	if (quarantine_has (quarantine, uid))
		return 0;
	if (!(more = realloc (quarantine->uids, (quarantine->n + 1) * sizeof *more)))
		return -1;
	more[quarantine->n++] = uid;
	quarantine->uids = more;
	return 0;
}

bool quarantine_has (const struct quarantine *quarantine, uid_t uid)
{
	for (size_t i = 0; i < quarantine->n; i++)
		if (quarantine->uids[i] == uid)
			return true;
	return false;
}

void quarantine_free (struct quarantine *quarantine)
{
	free (quarantine->uids);
	*quarantine = (struct quarantine){ 0 };
}
