/* file - files that other programs read. Such a file is complete or absent at every moment, also after a crash. */
#ifndef REMEX_BASE_FILE_H
#define REMEX_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

/* Write n bytes to a file of this mode (whatever the umask): to another name in the same directory that starts with a
 * dot, synced, and then given its own name. Without `replace`, never over an existing one (err->sys EEXIST). A crash may
 * leave the file with the dot behind. The directory has to be one that is believed (TRUSTED_ABOVE in trusted.h; err->sys
 * EPERM), and is held meanwhile. 0, or -1 and err. */
int file_write (const char *path, const void *bytes, size_t n, mode_t mode, bool replace, struct err *err);

/* Remove a file, in a directory that is believed likewise. 0, or -1 and err (err->sys). */
int file_unlink (const char *path, struct err *err);

/* Make the directory, with this mode whatever the umask, and those above it that are missing, with theirs. One that is
 * there stays as it is. What is made is made in a directory that is believed likewise. 0, or -1 and err. */
int file_make_directory (const char *path, mode_t mode, mode_t above, struct err *err);

#endif
