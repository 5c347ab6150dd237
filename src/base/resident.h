/* resident - the memory that this process uses, as the kernel counts it: "resident" in /proc/self/statm (proc(5)).
 *
 * The file is opened once and read from its beginning each time, so that it can still be read after a change of the
 * root directory, the user or the limits. The size is 0 when the descriptor is -1 (the file could not be opened).
 */
#ifndef REMEX_BASE_RESIDENT_H
#define REMEX_BASE_RESIDENT_H

#include <stdint.h>

/* A descriptor (close-on-exec), or -1 with errno. */
int resident_open (void);

/* In bytes. */
int64_t resident_bytes (int fd);

#endif
