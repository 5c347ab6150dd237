/* grants - all identities that are admitted over TCP, from the supervisor's snapshot, found by key or by name. A set is
 * read once per generation and never changed.
 */
#ifndef REMEX_GATE_GRANTS_H
#define REMEX_GATE_GRANTS_H

#include <jansson.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "conf/grant.h"

struct admitted {
	struct grant *grant;
	uid_t uid; /* the user that it acts as */
};

struct grants {
	struct admitted *items;
	size_t n;
	json_t *manifest; /* the supervisor's manifest (daemon/identity_files.h) */
};

/* Read the two descriptors from their beginning (they stay the caller's). NULL and err. */
struct grants *grants_read (int snapshot, int manifest, struct err *err);
void grants_free (struct grants *grants);

/* NULL: no such identity. grants NULL is an empty set. The time of a search by key does not depend on the key. */
const struct admitted *grants_by_key (const struct grants *grants, const struct key *key);
const struct admitted *grants_by_name (const struct grants *grants, const char *name);

/* Does the grant hold that key? */
bool grant_has_key (const struct grant *grant, const struct key *key);

#endif
