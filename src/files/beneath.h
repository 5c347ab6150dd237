/* beneath - open a path from an open directory and keep it within bounds: with openat2(2), or without it on older
 * kernels. */
#ifndef REMEX_FILES_BENEATH_H
#define REMEX_FILES_BENEATH_H

#include <stdbool.h>

/* How far a path and the symbolic links in it may lead. Magic links (proc(5)) are never followed. */
enum bounds {
	BOUNDS_NONE, /* only the permissions of the user; the path may be absolute, and have ".." in it */
	BOUNDS_BENEATH, /* never out of the directory, also not out and back in; an absolute link leads out */
	BOUNDS_NO_LINKS, /* as BOUNDS_BENEATH, and no symbolic link is followed */
};

/* Open `path` (not empty; with bounds it is relative, without ".." and double slashes, and "." is the directory itself)
 * with these flags of openat(2), O_CLOEXEC added; not to create anything. A descriptor, or -1 with errno:
 *   EXDEV   the path leads out
 *   ELOOP   a link may not be followed, or is a magic link, or there are too many links
 *   EAGAIN  directories are renamed all the time, so the kernel cannot tell whether the path leads out
 *
 * Where the kernel has no openat2, or a filter (seccomp(2)) forbids it, this is remembered. Then BOUNDS_BENEATH is
 * as strict as BOUNDS_NO_LINKS (one openat with O_NOFOLLOW for each component), and BOUNDS_NONE follows magic links
 * like other links. The bounds, on which security depends, are always kept. */
int beneath_open (int directory, const char *path, int flags, enum bounds bounds);

/* For the tests: behave as if the kernel had no openat2, or as it is. */
void beneath_without_openat2 (bool without);

#endif
