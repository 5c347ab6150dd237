/* durable - files that other programs read. Such a file is complete or absent at every moment, also after a crash. */
#ifndef REMEX_BASE_DURABLE_H
#define REMEX_BASE_DURABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

/* Write n bytes to a file with this mode (the umask does not matter). The bytes go to a temporary file in the same
 * directory, whose name starts with a dot; it is synced, then renamed. Without `replace`, an existing file is never
 * replaced (err->sys EEXIST). A crash may leave the temporary file behind. The directory must be trusted (TRUSTED_ABOVE
 * in trusted.h; err->sys EPERM), and is held open during the call. 0, or -1 and err. */
int durable_write (const char *path, const void *bytes, size_t n, mode_t mode, bool replace, struct err *err);

/* The same, always replacing, and without waiting for the disk: for what is lost without harm. After a crash of the machine
 * the file may be the old one, or empty. */
int durable_write_lazily (const char *path, const void *bytes, size_t n, mode_t mode, struct err *err);

/* The same as durable_write, always replacing, for a file whose access is more than a mode. `prepare` gives the new file (`fd`) its
 * owner, group, mode and access control list. The file has its content then, lets nobody else in, and has no name yet but a
 * temporary one; `name` in the directory `directory` is the file that it replaces. When `prepare` fails (-1 and err), nothing is
 * replaced. */
int durable_replace (const char *path, const void *bytes, size_t n,
	int (*prepare) (void *arg, int fd, int directory, const char *name, struct err *err), void *arg,
	struct err *err);

/* Remove a file. Its directory must be trusted in the same way. 0, or -1 and err (err->sys). */
int durable_unlink (const char *path, struct err *err);

/* Make the directory with `mode`, and the missing directories above it with `above` (the umask does not matter). An
 * existing directory does not change. The directory around each new directory must be trusted in the same way. 0, or -1
 * and err. */
int durable_make_directory (const char *path, mode_t mode, mode_t above, struct err *err);

#endif
