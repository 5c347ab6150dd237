/* result - the result of a call that is over, for the user of remex: an exit status, a message on stderr, a JSON
 * object. */
#ifndef REMEX_CLI_RESULT_H
#define REMEX_CLI_RESULT_H

#include <jansson.h>

#include "cli/call.h"

/* The exit status of remex (remex(1), EXIT STATUS). */
int result_status (const struct call *call);

/* Report on stderr how the call ended, unless the exit status says enough. `program` is the program that was to be run,
 * or NULL. */
void result_explain (const struct call *call, const char *program);

/* The same as text: the lines that result_explain would write, without the name of the host. Returns how many. */
enum { RESULT_LINES = 4, RESULT_LINE = 1024 };
int result_lines (const struct call *call, const char *program, char lines[RESULT_LINES][RESULT_LINE]);

/* {"host","outcome","exit","signal","stdout","stderr","seconds","pipe_held","survivors","limit","rusage","error"}: members
 * without a value are null; and "via" where there is no remexd. A new reference. */
json_t *result_json (const struct call *call);

#endif
