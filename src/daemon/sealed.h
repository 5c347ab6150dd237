/* sealed - bytes that cannot change any more: a sealed memfd (memfd_create(2)), which other processes are handed and
 * read for themselves.
 */
#ifndef REMEX_DAEMON_SEALED_H
#define REMEX_DAEMON_SEALED_H

#include <stddef.h>

#include "base/err.h"

/* A descriptor (close-on-exec), or -1 and err. */
int sealed_bytes (const char *name, const void *bytes, size_t n, struct err *err);

/* The same of a file's contents, which never pass through our memory (sendfile(2)): for secrets. */
int sealed_file (const char *name, int file, struct err *err);

#endif
