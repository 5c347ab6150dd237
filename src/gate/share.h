/* share - decides on one more of a limited resource.
 *
 * Of each maximum of the front (connections, descriptors, control calls that wait) one identity may have a share, and a
 * reserve is kept for the administrators: root and the daemon's own user, on the Unix socket. Only the maximum limits
 * administrators. So an identity that floods takes its share and no more, and several such identities together leave
 * the administrators room to look and to act. doc/security.md has the table of all caps. Pure.
 */
#ifndef REMEX_GATE_SHARE_H
#define REMEX_GATE_SHARE_H

#include <stdbool.h>
#include <stdint.h>

struct share {
	int64_t most; /* the maximum of all identities together */
	int64_t each; /* the maximum of one identity that is no administrator */
};

enum share_verdict {
	SHARE_FREE, /* one more is allowed */
	SHARE_EACH, /* the identity has its share */
	SHARE_FULL, /* the maximum of all identities is reached */
};

/* The reserve of a maximum for the administrators: an eighth of it, from 1 to 64; nothing of a maximum of 1 or less. */
int64_t share_reserve (int64_t most);

/* May an identity with `own` of the `used` have one more? */
enum share_verdict share_ask (const struct share *share, int64_t used, int64_t own, bool administrator);

#endif
