/* access - whose a received file is, who may do what with it, and what it keeps of the one that it replaces.
 *
 * A file that is replaced is another one afterwards. Nobody gets more rights by that than the old one gave, nor more than cp(1)
 * would have left: its owner and group are kept as far as we may, its access control list and mode, the attributes "user.*" and
 * the label that a security module has given it. Its capabilities are not (capabilities(7)): they were given to the old content,
 * and a program that writes to the old file takes them away as well. A new file gets what its directory's default list says, or
 * what the umask leaves.
 */
#ifndef REMEX_FILES_ACCESS_H
#define REMEX_FILES_ACCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

enum { ACCESS_NOTE = 256 };

struct access {
	int mode; /* of the sender; -1: not said */
	bool preserve; /* it is that mode, and no list */
	bool set_id; /* with all of its bits 07000 */
};

/* Make the file `fd` (ours, with a mode that lets nobody else in) what is to be `name` in the directory; what is there by now, where
 * it is a regular file, is what it replaces. `note` becomes "not kept: …", or "" where nothing is lost. 0, or -1 and err. */
int access_set (
	int fd, int directory, const char *name, const struct access *access, char note[ACCESS_NOTE], struct err *err);

/* Give a file or directory this mode (07777) and no access list: at no moment does it let in whom neither the old nor the new state
 * lets in. 0, or -1 with errno. */
int access_set_mode (int fd, mode_t mode);

/* The process's umask (umask(2)), for processes of one thread: it is set for a moment. */
mode_t access_umask (void);

#endif
