/* record_key - the values of the section `record`, of remexd.yaml and of identity files: which calls are recorded, and what
 * becomes of them when their recording cannot go on. */
#ifndef REMEX_CONF_RECORD_KEY_H
#define REMEX_CONF_RECORD_KEY_H

#include <stdint.h>

#include "conf/schema.h"

/* The first of each means that the file does not say it. */
enum record_what {
	RECORD_UNSAID,
	RECORD_NONE,
	RECORD_SHELL, /* calls with a terminal */
	RECORD_ALL, /* and all others that run a command */
};
enum record_full { RECORD_FULL_UNSAID, RECORD_REFUSE, RECORD_GO_ON };

extern const struct schema_type record_what_type; /* enum record_what */
extern const struct schema_type record_full_type; /* enum record_full */

#endif
