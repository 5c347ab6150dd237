/* descriptor - a path that means a descriptor of our own, as the shell makes one for <(COMMAND) and >(COMMAND): /dev/stdin,
 * /dev/stdout, /dev/stderr, /dev/fd/N, /proc/self/fd/N. Such a path is a magic link (proc(5)), which files/place.h never follows;
 * what was opened for us can be used as it is.
 */
#ifndef REMEX_CLI_DESCRIPTOR_H
#define REMEX_CLI_DESCRIPTOR_H

/* The descriptor that the path means, borrowed; -1: the path is another one, or the descriptor is not open, or a directory. */
int descriptor_of (const char *path);

#endif
