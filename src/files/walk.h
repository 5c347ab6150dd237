/* walk - where a sender stands in a tree: a row of directories, each held open, each entered from the one above it by its
 * name and never by a link, so that nobody who moves things about meanwhile can lead it elsewhere. A path is kept as well,
 * for people: nothing is opened by it.
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

/* All zero, it is at the top: nowhere yet. */
struct walk {
	struct walk_level dirs[SENDER_DEPTH];
	int depth; /* levels it is in */
	char path[WALK_PATH]; /* of the last walk_at */
};

void walk_free (struct walk *walk); /* what is in it: it is at the top again */

/* The path is that of `name` (a component) in the directory it is in. */
void walk_at (struct walk *walk, const char *name);

/* The descriptor of the directory it is in, of the walk's own. Not at the top. */
int walk_fd (const struct walk *walk);

/* Open the directory `name` there, to enter it: a descriptor, or -1 with errno: ENOTDIR or ELOOP where it is none. */
int walk_open (const struct walk *walk, const char *name);

/* Enter a directory that was opened (owned from now on, also on failure) and is called `name`; below SENDER_DEPTH only. 0,
 * or -1 with errno. */
int walk_enter (struct walk *walk, int fd, const char *name);

/* The next name in the directory it is in, "." and ".." left out, good until the next call; NULL with errno, 0 at the end. */
const char *walk_next (struct walk *walk);

/* Go back up. */
void walk_leave (struct walk *walk);

/* The name of the directory it is in, good until the walk moves. */
void walk_name (const struct walk *walk, char name[ITEM_NAME_MAX + 1]);

#endif
