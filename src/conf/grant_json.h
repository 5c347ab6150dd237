/* grant_json - a grant as JSON, for whoever shows it: the members "keys" (fingerprints), "allow", "commands", and where they
 * are given "roots" ({PATH: "r" or "rw"}), "from" and "expires" of the document that the call `identities` gives
 * (doc/protocol.md).
 */
#ifndef REMEX_CONF_GRANT_JSON_H
#define REMEX_CONF_GRANT_JSON_H

#include <jansson.h>

#include "conf/grant.h"

/* A new object, or NULL without memory. */
json_t *grant_json (const struct grant *grant);

#endif
