/* offline - the identities of a directory as a daemon would describe them (the call `identities`), where none runs. */
#ifndef REMEX_COMMANDS_OFFLINE_H
#define REMEX_COMMANDS_OFFLINE_H

#include <jansson.h>

#include "base/err.h"

/* {"directory":…, "identities":[…]} by name, without what only a daemon knows; a directory that is not there has none. A
 * new reference, or NULL and err. */
json_t *offline_identities (const char *directory, struct err *err);

#endif
