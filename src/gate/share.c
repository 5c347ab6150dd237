/* share - see share.h. */
#include "config.h"

#include "gate/share.h"

enum { RESERVE_MAX = 64 };

int64_t share_reserve (int64_t most)
{
	int64_t eighth = most / 8;

	if (most <= 1)
		return 0;
	return eighth < 1 ? 1 : eighth > RESERVE_MAX ? RESERVE_MAX : eighth;
}

enum share_verdict share_ask (const struct share *share, int64_t used, int64_t own, bool administrator)
{
	if (administrator)
		return used < share->most ? SHARE_FREE : SHARE_FULL;
	if (own >= share->each)
		return SHARE_EACH;
	return used < share->most - share_reserve (share->most) ? SHARE_FREE : SHARE_FULL;
}
