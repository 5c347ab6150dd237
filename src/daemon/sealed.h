/* sealed - bytes that cannot change any more, in a memfd (memfd_create(2), F_ADD_SEALS), to be handed to other processes. */
#ifndef REMEX_DAEMON_SEALED_H
#define REMEX_DAEMON_SEALED_H

#include <stddef.h>

#include "base/err.h"

/* Returns a descriptor (close-on-exec), or -1 and err. `name` is for the error and for /proc. */
int sealed_bytes (const char *name, const void *bytes, size_t n, struct err *err);

/* The same with the contents of a file. They never pass through the memory of this process (sendfile(2)), so that a secret
 * is not left there. */
int sealed_file (const char *name, int file, struct err *err);

#endif
