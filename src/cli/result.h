/* result - what a call that is over means to whoever ran remex: an exit status, words on stderr, a JSON object. */
#ifndef REMEX_CLI_RESULT_H
#define REMEX_CLI_RESULT_H

#include <jansson.h>

#include "cli/call.h"

/* What to exit with (remex(1), EXIT STATUS). */
int result_status (const struct call *call);

/* Say on stderr how it ended, unless that goes without saying. `program` is what was to be run, or NULL. */
void result_explain (const struct call *call, const char *program);

/* {"host","outcome","exit","signal","stdout","stderr","seconds","pipe_held","survivors","error"}: what has no value is
 * null. A new reference. */
json_t *result_json (const struct call *call);

#endif
