/* fail_strdup - strdup(3) for the code under test (ld --wrap=strdup). */
#ifndef REMEX_TESTS_PLUGIN_FAIL_STRDUP_H
#define REMEX_TESTS_PLUGIN_FAIL_STRDUP_H

/* No copy of a text that contains this can be made. NULL: every copy can. */
extern const char *fail_strdup;

#endif
