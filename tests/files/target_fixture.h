/* target_fixture - a root and what is outside it, for the tests of places.
 *
 *   root/dir/file  root/dir/sub/file  outside/file  outside/sub/file
 *
 * in a directory of our own; the content of each file is its path. Tests are run twice, with openat2 (number 0) and without.
 */
#ifndef REMEX_TESTS_FILES_TARGET_FIXTURE_H
#define REMEX_TESTS_FILES_TARGET_FIXTURE_H

#include <check.h>
#include <stdbool.h>

#include "files/target.h"
#include "wire/codes.h"

extern char directory[64];
extern struct roots roots; /* the root, which may be written; add_root adds to them, up to 4 */
extern const struct roots everything; /* none: not bound */
extern struct target target;
extern struct err err;

/* The fixture. */
void setup (void);
void teardown (void);

/* The path of something in our directory; good until the eighth call after it. */
const char *in (const char *name);

/* Make something there. A root's path is taken as it is. */
void make_file (const char *name);
void make_directory (const char *name);
void make_link (const char *name, const char *to);
void add_root (const char *path, bool writable);
void drop_roots (void);

/* Begin the test of that number: 0 with openat2(2), 1 without it. False: this kernel has no openat2, errno says why. */
bool has_openat2 (int without);
#define NEED_OPENAT2(without) \
	do { \
		if (!has_openat2 (without)) \
			SKIP ("openat2: %s", strerror (errno)); \
	} while (0)

/* Is it the same file? `path` is in our directory, or absolute. */
bool is (int fd, const char *path);

/* target_open leads to that name in that directory. */
void leads (const struct roots *where, const char *base, const char *path, unsigned flags, const char *above,
	const char *name, bool slash);

/* No function leads anywhere, and all say that code. */
void refused (const struct roots *where, const char *base, const char *path, enum code code);

/* The same of the result of one of them, just called; `function` names it. */
void refused_as (int result, const struct roots *where, const char *path, enum code code, const char *function);

/* How many descriptors there are: what opens must close. */
int descriptors (void);

#endif
