/* share - one more of something that has a maximum: who may have it?
 *
 * Of each maximum of the front's (connections, descriptors, control calls that wait) one identity may have a share, and a
 * reserve is kept for the administrators: root and the daemon's own user, on the Unix socket. They are bound by the maximum
 * alone. So one identity that floods takes its share and no more, and several of them together leave the administrators
 * room to look and to act. doc/security.md has the table of all caps. Pure.
 */
#ifndef REMEX_GATE_SHARE_H
#define REMEX_GATE_SHARE_H

#include <stdbool.h>
#include <stdint.h>

struct share {
	int64_t most; /* the maximum, of all together */
	int64_t each; /* of one identity that is no administrator */
};

enum share_verdict {
	SHARE_FREE, /* there is one more for it */
	SHARE_EACH, /* the identity has its share */
	SHARE_FULL, /* all together have what they may have */
};

/* What of a maximum is kept for the administrators: an eighth of it, from 1 to 64; nothing of a maximum of 1 or less. */
int64_t share_reserve (int64_t most);

/* May an identity that has `own` of the `used` have one more? */
enum share_verdict share_ask (const struct share *share, int64_t used, int64_t own, bool administrator);

#endif
