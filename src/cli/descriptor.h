/* descriptor - a path that means one of our own descriptors, such as the shell makes for <(COMMAND) and >(COMMAND):
 * /dev/stdin, /dev/stdout, /dev/stderr, /dev/fd/N, /proc/self/fd/N. Such a path is a magic link (proc(5)), which
 * files/target.h never follows; the open descriptor is used in its place.
 */
#ifndef REMEX_CLI_DESCRIPTOR_H
#define REMEX_CLI_DESCRIPTOR_H

/* 1: the path means the descriptor *fd, which is borrowed. 0: it means no descriptor, and *fd is -1. -1 with errno: the
 * descriptor is not open (EBADF) or is a directory (EISDIR); then the path must not be used as an ordinary path. */
int descriptor_of (const char *path, int *fd);

#endif
