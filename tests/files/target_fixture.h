/* target_fixture - a root and what is outside it, for the tests of targets.
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

/* The path of an entry in our directory; valid until the eighth call after it. */
const char *in (const char *name);

/* Make an entry there. The path of a root is taken unchanged. */
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

/* All functions refuse the path, with that code. */
void refused (const struct roots *where, const char *base, const char *path, enum code code);

/* The same check of one result, just returned; `function` is its name. */
void refused_as (int result, const struct roots *where, const char *path, enum code code, const char *function);

/* The number of open descriptors, which the functions must close. */
int descriptors (void);

#endif
