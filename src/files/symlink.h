/* symlink - symbolic links that are received. */
#ifndef REMEX_FILES_SYMLINK_H
#define REMEX_FILES_SYMLINK_H

#include <stdbool.h>

#include "base/err.h"

/* Make the link `name` to `target` in the directory, in place of a file or link that is there (never of a
 * directory), at once. 0, or -1 and err with a code. */
int symlink_make (int directory, const char *name, const char *target, struct err *err);

/* Does a link to that target stay beneath the directory it is in, whatever else is there? */
bool symlink_is_tame (const char *target);

#endif
