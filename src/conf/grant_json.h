/* grant_json - a grant as JSON, to be shown: the members "keys" (fingerprints), "allow", "commands", and where given
 * "roots" ({PATH: "r" or "rw"}), "from" and "expires", as in the result of the call `identities` (doc/protocol.md).
 */
#ifndef REMEX_CONF_GRANT_JSON_H
#define REMEX_CONF_GRANT_JSON_H

#include <jansson.h>

#include "conf/grant.h"

/* A new object; NULL: out of memory. */
json_t *grant_json (const struct grant *grant);

#endif
