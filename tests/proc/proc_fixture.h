/* proc_fixture - shared parts of the tests of src/proc: the helper program, and a check that none of its processes is
 * left.
 *
 * The whole program is a subreaper: orphans of a test, even of a failing one, become its children and are killed after
 * the last test.
 */
#ifndef REMEX_TESTS_PROC_PROC_FIXTURE_H
#define REMEX_TESTS_PROC_PROC_FIXTURE_H

#include <check.h>
#include <stdbool.h>
#include <sys/types.h>

#include "proc/cgroup.h"
#include "proc/spawn.h"

/* The cgroups of this program; root is -1 where it cannot have any. */
extern struct cgroups fixture_cgroups;

/* Can a cgroup be made here? The tests find out without src/proc/cgroup.c: where one can be made, a case that finds
 * none has failed and is not skipped. */
bool fixture_can_make_cgroups (void);

/* For a case that needs a cgroup and has none. */
#define NO_CGROUPS \
	do { \
		ck_assert_msg (!fixture_can_make_cgroups (), "a cgroup can be made here, and cgroups_open made none"); \
		SKIP ("no cgroup can be made here (no usable cgroup2, not root, or REMEX_CGROUP=none)"); \
	} while (0)

/* Set up and tear down around all tests of the case. */
void fixture_add (TCase *tcase);

/* The path of the program `helper`. */
const char *fixture_helper (void);

/* Start `helper LINE ACTION N` with nothing but LINE (a descriptor, or -1) and /dev/null. */
void fixture_spawn (struct child *child, int line, const char *action, int n);

/* Wait for its end, and reap it; its status. */
int fixture_finish (struct child *child);

/* Fail unless this process has no child. */
void fixture_no_children (void);

/* Wait until n helpers have sent `word`; returns the pid of the last. Other words are skipped. */
pid_t fixture_await (int line, const char *word, int n);

/* Wait until no process holds the other end of the line. */
void fixture_await_end (int line);

/* Wait (200 s, then the test fails) for the descriptor to be readable. */
void fixture_readable (int fd);

#endif
