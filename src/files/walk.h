/* walk - the position of a sender in a tree: a stack of open directories. Each was entered by its name from the one
 * above it, and never through a link. So a user who moves directories at the same time cannot redirect the walk. A path
 * is kept as well, only for messages: no file is opened by it.
 */
#ifndef REMEX_FILES_WALK_H
#define REMEX_FILES_WALK_H

#include <dirent.h>
#include <stddef.h>

#include "files/item.h"
#include "files/sender.h"

enum { WALK_PATH = (SENDER_DEPTH + 1) * (ITEM_NAME_MAX + 1) };

struct walk_level {
	DIR *stream;
	size_t name, end; /* of its path: where its own name begins, and where it ends */
};

/* All zero: the walk is at the top, in no directory. */
struct walk {
	struct walk_level dirs[SENDER_DEPTH];
	int depth; /* levels it is in */
	char path[WALK_PATH]; /* of the last walk_at */
};

void walk_free (struct walk *walk); /* close all directories: the walk is at the top again */

/* Set walk->path to the path of `name` (a component) in the current directory. */
void walk_at (struct walk *walk, const char *name);

/* The descriptor of the current directory (borrowed). Not at the top. */
int walk_fd (const struct walk *walk);

/* Open the directory `name` in the current directory, to enter it. A descriptor, or -1 with errno; ENOTDIR or ELOOP
 * where `name` is no directory. */
int walk_open (const struct walk *walk, const char *name);

/* Enter an open directory (owned from now on, also on failure) with that name. The depth must be below SENDER_DEPTH.
 * 0, or -1 with errno. */
int walk_enter (struct walk *walk, int fd, const char *name);

/* The next name in the current directory, without "." and "..", valid until the next call. NULL with errno; errno is
 * 0 at the end. */
const char *walk_next (struct walk *walk);

/* Leave the current directory. */
void walk_leave (struct walk *walk);

/* The name of the current directory. */
void walk_name (const struct walk *walk, char name[ITEM_NAME_MAX + 1]);

#endif
