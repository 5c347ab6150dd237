/* offline - the identities of a directory in the form of the call `identities`, when no daemon runs. */
#ifndef REMEX_COMMANDS_OFFLINE_H
#define REMEX_COMMANDS_OFFLINE_H

#include <jansson.h>

#include "base/err.h"

/* {"directory":…, "identities":[…]}, sorted by name, without the members that only a daemon knows. A missing directory
 * has no identities. A new reference, or NULL and err. */
json_t *offline_identities (const char *directory, struct err *err);

#endif
