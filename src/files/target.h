/* target - where a path leads: a held directory, and the name of what is meant in it.
 *
 * Whatever is done to a file is done by openat(2) and its relatives from a directory that is held open, never by a path a
 * second time: so nobody who moves directories and symbolic links about meanwhile can lead it elsewhere.
 *
 * Without roots a path leads where it leads any program of that user: the kernel's permissions are the only bound, and
 * symbolic links on the way are followed (not magic links, see proc(5): so "/dev/stdin" is none to be read). With roots it
 * has to begin, as text, with the path of one of them (the longest counts), may not have ".." in it, and what follows is
 * resolved beneath that root: for writing no symbolic link at all is followed, for reading those that stay beneath it are
 * (an absolute one leads out, wherever it leads). The root itself is the administrator's choice: links on the way to it
 * are followed. Double slashes and "." mean nothing. beneath.h has the mechanism, and what changes where the kernel has no
 * openat2(2).
 *
 * What moves while it is held is held on: a directory that somebody moves out of a root stays within reach of those who
 * have it open, as it does of every program. And a root within a root is told apart by the path alone: whoever may write in
 * the outer one may move, replace or remove what is above the inner one, with it.
 */
#ifndef REMEX_FILES_TARGET_H
#define REMEX_FILES_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

enum { TARGET_NAME_MAX = 255, TARGET_PATH_MAX = 4096, TARGET_ROOTS_MAX = 64 };

/* What an identity may reach. The path is absolute, without ".", ".." or double slashes; "/" is one. */
struct root {
	char *path;
	bool writable;
};

struct roots {
	struct root *items;
	size_t n;
	bool bound; /* false: there are no roots, everything can be reached. true with n 0: nothing can */
};

struct target {
	int directory; /* O_PATH or open for reading; -1: none */
	char name[TARGET_NAME_MAX + 1]; /* in it, never followed by us; "." for the directory itself */
	bool slash; /* the path ended with a slash or with "." or "..", or is a root: it has to be a directory */
	bool writable; /* by the roots; without them true */
};

#define TARGET_NONE \
	{ \
		.directory = -1 \
	}

/* Where `path` leads; relative ones from `base` (an absolute path, or NULL: the working directory, which with roots is
 * beneath none). What is meant need not exist, its directory must. The name is the last component ("dir/." means "dir" in
 * the directory above), but "." for a root, for "/", for `base` itself, and for a path that ends with "..". Wanted for
 * writing, a root that is only to be read is denied. With codes of err, and in err->sys the errno where it is the system
 * that refuses:
 *   CODE_BAD_VALUE  it is empty, longer than TARGET_PATH_MAX - 1 (with its base, too), a component longer than TARGET_NAME_MAX;
 *                   ".." beneath a root; without roots: too many links, or a magic one (ELOOP)
 *   CODE_DENIED     it is beneath no root, or leads out of it (EXDEV), or by a link that is not to be followed (ELOOP), or may
 *                   not be written; EACCES, EPERM
 *   CODE_NOT_FOUND  its directory is not there (ENOENT, ENOTDIR)
 *   CODE_BUSY       so much is renamed meanwhile that it cannot be told whether it leads out (EAGAIN)
 *   CODE_IO_ERROR   anything else that the system says
 * 0, or -1 and nothing held (target->directory is -1). */
enum target_flag { TARGET_WRITE = 1 };
int target_open (struct target *target, const struct roots *roots, const char *base, const char *path, unsigned flags,
	struct err *err);
void target_close (struct target *target);

/* Open the directory at `path`, following a link to one by the rules above: a descriptor open for reading
 * (O_RDONLY|O_DIRECTORY), or -1 and err as above; sys ENOENT and ENOTDIR where there is none. */
int target_open_directory (
	const struct roots *roots, const char *base, const char *path, unsigned flags, struct err *err);

/* Open the regular file or directory that is to be read at `path`, following a link to one by the rules above. Anything else
 * is refused (CODE_BAD_VALUE) and not even opened: opening alone wakes some devices, and whoever waits at a FIFO. A
 * descriptor (O_RDONLY|O_NONBLOCK), or -1 and err as above. It needs /proc. */
int target_open_source (const struct roots *roots, const char *base, const char *path, struct err *err);

/* Open one component ("." is one, ".." is not: EINVAL) beneath a held directory, for reading, never following a link (ELOOP,
 * but with O_DIRECTORY in `extra` ENOTDIR); `extra` is added to the flags of openat(2). O_NONBLOCK is set, so that a FIFO or a
 * device does not hold us; it is opened all the same, so that whoever does not want that looks first. A descriptor, or -1
 * with errno. */
int target_open_at (int directory, const char *name, int extra);

/* For the tests: behave as if the kernel had no openat2. */
void target_without_openat2 (bool without);

#endif
