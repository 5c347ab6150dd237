/* sealed - a memfd with bytes that cannot change any more (memfd_create(2), F_ADD_SEALS), for other processes. */
#ifndef REMEX_DAEMON_SEALED_H
#define REMEX_DAEMON_SEALED_H

#include <stddef.h>

#include "base/err.h"

/* Returns a descriptor (close-on-exec), or -1 and err. `name` is for the error and for /proc. */
int sealed_bytes (const char *name, const void *bytes, size_t n, struct err *err);

/* The same with the contents of a file. The contents never pass through the memory of this process (sendfile(2)), so
 * that no secret is left there. */
int sealed_file (const char *name, int file, struct err *err);

#endif
