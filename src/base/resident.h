/* resident - how much memory this process has in use, as the kernel counts it: "resident" in /proc/self/statm (proc(5)).
 *
 * The file is opened once and read from its beginning each time, so that a process may ask after its root, its user or
 * its limits have changed. With -1 in its place (it could not be opened) the answer is 0.
 */
#ifndef REMEX_BASE_RESIDENT_H
#define REMEX_BASE_RESIDENT_H

#include <stdint.h>

/* A descriptor (close-on-exec), or -1 with errno. */
int resident_open (void);

/* In bytes. */
int64_t resident_bytes (int fd);

#endif
