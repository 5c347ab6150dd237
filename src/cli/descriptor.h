/* descriptor - a path that means a descriptor of our own, as the shell makes one for <(COMMAND) and >(COMMAND): /dev/stdin,
 * /dev/stdout, /dev/stderr, /dev/fd/N, /proc/self/fd/N. Such a path is a magic link (proc(5)), which files/target.h never follows;
 * what was opened for us can be used as it is.
 */
#ifndef REMEX_CLI_DESCRIPTOR_H
#define REMEX_CLI_DESCRIPTOR_H

/* 1: the path means the descriptor *fd, which is borrowed. 0: it means none, and *fd is -1. -1 with errno: it means one that is not
 * open (EBADF), or is a directory (EISDIR): then the path is not to be used as another one would be. */
int descriptor_of (const char *path, int *fd);

#endif
