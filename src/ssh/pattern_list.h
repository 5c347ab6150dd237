/* pattern_list - names and patterns as ssh_config(5) has them: "*" stands for any characters, "?" for one, and a pattern
 * with "!" in front excludes what it matches. */
#ifndef REMEX_SSH_PATTERN_LIST_H
#define REMEX_SSH_PATTERN_LIST_H

#include <stdbool.h>

/* Does the whole name match? Upper and lower case differ. The time is at most the product of the lengths. */
bool pattern_matches (const char *pattern, const char *name);

/* The same for patterns with commas between them, in which upper and lower case do not differ; the name is in lower case.
 * At least one pattern has to match, and none with "!" may. */
bool pattern_list_matches (const char *list, const char *name);

#endif
