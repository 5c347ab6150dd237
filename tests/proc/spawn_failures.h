/* spawn_failures - the tests of commands that cannot start, for check_spawn. */
#ifndef REMEX_TESTS_PROC_SPAWN_FAILURES_H
#define REMEX_TESTS_PROC_SPAWN_FAILURES_H

#include <check.h>

void spawn_add_failures (TCase *tcase);

#endif
