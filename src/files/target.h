/* target - the file that a path names: an open directory, and the name of the file in that directory.
 *
 * A path is resolved once. After that, files are opened, made and removed with openat(2) and its relatives, from the
 * open directory. So a user who moves directories and symbolic links at the same time cannot redirect an operation.
 *
 * Without roots, a path works as in any program of the user: only the permissions of the kernel limit it, and symbolic
 * links are followed. Magic links (proc(5)) are not followed, so "/dev/stdin" cannot be read.
 *
 * With roots, the text of a path must begin with the path of a root (the longest matching root counts), and ".." is not
 * allowed. The rest of the path is resolved beneath that root. For writing, no symbolic link is followed. For reading,
 * links that stay beneath the root are followed; an absolute link leads out of the root, whatever its target is. The
 * root itself is the choice of the administrator: links in the path of the root are followed. Double slashes and "."
 * are ignored. beneath.h has the mechanism, and says what changes where the kernel has no openat2(2).
 *
 * Two limits of this protection: a directory that is moved out of a root while it is open stays open, as in every
 * program. A root inside another root is recognised by its path only: a user who may write in the outer root may move,
 * replace or remove the directories above the inner root, and with them the inner root.
 */
#ifndef REMEX_FILES_TARGET_H
#define REMEX_FILES_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

enum { TARGET_NAME_MAX = 255, TARGET_PATH_MAX = 4096, TARGET_ROOTS_MAX = 64 };

/* A directory that an identity may reach. The path is absolute, without ".", ".." or double slashes; "/" is allowed. */
struct root {
	char *path;
	bool writable;
};

struct roots {
	struct root *items;
	size_t n;
	bool bound; /* false: no roots, everything can be reached. true with n = 0: nothing can be reached */
};

struct target {
	int directory; /* opened with O_PATH or for reading; -1: none */
	char name[TARGET_NAME_MAX +
		  1]; /* the name in it, never followed when it is a link; "." for the directory itself */
	bool slash; /* the path ended with a slash, "." or "..", or is a root: the target must be a directory */
	bool writable; /* the roots allow writing; true without roots */
};

#define TARGET_NONE \
	{ \
		.directory = -1 \
	}

/* Resolve `path`. A relative path starts at `base` (an absolute path, or NULL: the working directory, which is beneath
 * no root). The file need not exist, its directory must. The name is the last component of the path ("dir/." gives
 * "dir" in the directory above). The name is "." for a root, for "/", for `base` itself, and for a path that ends with
 * "..". With TARGET_WRITE, a root that allows only reading is denied. The caller closes the target with target_close.
 * 0, or -1 with target->directory -1, and err: its code, and in err->sys the errno where the system refused:
 *   CODE_BAD_VALUE  the path is empty, or longer than TARGET_PATH_MAX - 1 bytes (also together with its base), or a component
 *                   is longer than TARGET_NAME_MAX; ".." beneath a root; without roots: too many links, or a magic link (ELOOP)
 *   CODE_DENIED     the path is beneath no root, or leads out of the root (EXDEV), or a link may not be followed (ELOOP), or
 *                   writing is not allowed; EACCES, EPERM
 *   CODE_NOT_FOUND  the directory does not exist (ENOENT, ENOTDIR)
 *   CODE_BUSY       directories are renamed all the time, so the kernel cannot tell whether the path leads out (EAGAIN)
 *   CODE_IO_ERROR   any other error of the system */
enum target_flag { TARGET_WRITE = 1 };
int target_open (struct target *target, const struct roots *roots, const char *base, const char *path, unsigned flags,
	struct err *err);
void target_close (struct target *target);

/* Open the directory at `path`. A link to a directory is followed by the rules above. A descriptor
 * (O_RDONLY|O_DIRECTORY), or -1 and err as above; err->sys is ENOENT or ENOTDIR where there is no directory. */
int target_open_directory (
	const struct roots *roots, const char *base, const char *path, unsigned flags, struct err *err);

/* Open the regular file or directory at `path` for reading. A link is followed by the rules above. Other kinds of
 * file are refused (CODE_BAD_VALUE) without being opened, because opening alone has an effect on some devices, and
 * on processes that wait at a FIFO. Needs /proc. Whoever has
 * a lease on the file (fcntl(2)) is waited for. A descriptor (O_RDONLY), or -1 and err as above. */
int target_open_source (const struct roots *roots, const char *base, const char *path, struct err *err);

/* Open one component for reading in an open directory ("." is a component, ".." is not: EINVAL). A link is not
 * followed (ELOOP; ENOTDIR where `extra` has O_DIRECTORY). `extra` is added to the flags of openat(2). O_NONBLOCK is
 * set, so that opening a FIFO or a device does not block; a caller who must not open these looks first. A
 * descriptor, or -1 with errno. */
int target_open_at (int directory, const char *name, int extra);

/* Open a regular file that was looked at, for reading; its kind is to be looked at again, because another file may
 * have the name now. A link is not followed, and nothing is waited for but a lease. A descriptor, or -1 with errno. */
int target_open_file_at (int directory, const char *name);

/* For the tests: behave as if the kernel had no openat2. */
void target_without_openat2 (bool without);

#endif
