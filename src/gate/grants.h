/* grants - all identities that may come in over TCP, as the supervisor's snapshot has them: found by key or by name.
 * Read once per generation, never changed.
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
	uid_t uid; /* whom it acts as */
};

struct grants {
	struct admitted *items;
	size_t n;
	json_t *manifest; /* of the supervisor (daemon/identity_files.h) */
};

/* Read the two descriptors (from their beginning; they stay the caller's). NULL and err. */
struct grants *grants_read (int snapshot, int manifest, struct err *err);
void grants_free (struct grants *grants);

/* NULL: nobody. grants NULL is an empty set. The time that a search by key takes does not tell which key it is. */
const struct admitted *grants_by_key (const struct grants *grants, const struct key *key);
const struct admitted *grants_by_name (const struct grants *grants, const char *name);

/* Has that grant that key? */
bool grant_has_key (const struct grant *grant, const struct key *key);

#endif
