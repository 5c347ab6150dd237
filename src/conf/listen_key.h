/* listen_key - the addresses in remexd.yaml's `listen`: unix:///path and tcp://ADDRESS[:PORT]. */
#ifndef REMEX_CONF_LISTEN_KEY_H
#define REMEX_CONF_LISTEN_KEY_H

#include "conf/schema.h"

/* One address of struct config's `listen`; a duplicate is refused. */
extern const struct schema_type listen_type;

#endif
