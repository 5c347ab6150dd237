/* private_directory - a directory of remexd's own that nobody else may reach: of the jobs, of the recordings. */
#ifndef REMEX_BASE_PRIVATE_DIRECTORY_H
#define REMEX_BASE_PRIVATE_DIRECTORY_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/err.h"

/* Open the directory `path`, which is absolute; with `make`, make it (0700) and the missing directories above it (0755). It has
 * to be a directory and no link, belong to our user, and have no rights for others; the directories above it have to be
 * trusted (trusted.h). A descriptor (close-on-exec); or -1 and err (err->sys ENOENT: it does not exist). */
int private_directory_open (const char *path, bool make, struct err *err);

/* Is that such a directory, as far as its own attributes (lstat(2)) tell? 0, or -1 and err. */
int private_directory_check (const struct stat *stat, const char *path, struct err *err);

#endif
