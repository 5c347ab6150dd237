/* claim - see claim.h. */
#include "config.h"

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "daemon/claim.h"
#include "net/peer.h"

/* May the caller of that connection act as that user? */
static bool may_act_as (const struct listening *listening, uid_t uid, int peer, uid_t *caller_is)
{
	uid_t caller;

	if (!listening_has_accepted (listening, peer) || peer_uid (peer, &caller, NULL) < 0)
		return false;
	*caller_is = caller;
	if (caller == 0)
		return true;
	return caller == uid && listening->group != (gid_t)-1 && peer_in_group (peer, listening->group);
}

int claim_check (struct claim *claim, const struct listening *listening, struct identity_files *identities)
{
	claim->caller = (uid_t)-1;
	if (geteuid () != 0)
		return claim->uid == geteuid () ? 0 : EPERM;
	if (!listening)
		return 0;
	if (claim->peer < 0)
		return identity_files_allow (identities, claim->name, claim->uid, claim->users) ? 0 : EPERM;
	if (!may_act_as (listening, claim->uid, claim->peer, &claim->caller))
		return EPERM;
	return peer_is_there (claim->peer) ? 0 : ENOTCONN;
}
