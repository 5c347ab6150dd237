/* beneath - open a path from a directory that is held, within bounds: openat2(2), or what there is where it is missing. */
#ifndef REMEX_FILES_BENEATH_H
#define REMEX_FILES_BENEATH_H

#include <stdbool.h>

/* How far a path and the symbolic links in it may lead. Magic links (proc(5)) are never followed. */
enum bounds {
	BOUNDS_NONE, /* as far as the kernel lets that user; the path may be absolute, and have ".." in it */
	BOUNDS_BENEATH, /* not out of the directory, not even to come back (an absolute link leads out). */
	BOUNDS_NO_LINKS, /* as that, and by no symbolic link at all */
};

/* Open `path` (not empty; with bounds it is relative, without ".." and double slashes, and "." is the directory itself) with
 * these flags of openat(2), O_CLOEXEC added; not to create anything. A descriptor, or -1 with errno:
 *   EXDEV   it leads out
 *   ELOOP   by a symbolic link that is not to be followed, or a magic one, or too many
 *   EAGAIN  something is renamed all the time, so that it could not be told whether it leads out
 *
 * That the kernel has no openat2, or that a filter (seccomp(2)) forbids it, is noticed and remembered. Then BOUNDS_BENEATH
 * is as strict as BOUNDS_NO_LINKS (one openat with O_NOFOLLOW for each component), and with BOUNDS_NONE magic links are
 * followed like others: only the bounds are kept, which are what security rests on. */
int beneath_open (int directory, const char *path, int flags, enum bounds bounds);

/* For the tests: behave as if the kernel had no openat2, or as it is. */
void beneath_without_openat2 (bool without);

#endif
