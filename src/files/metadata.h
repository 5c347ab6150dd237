/* metadata - owner, group, mode, access control list and attributes of a received file, and what it keeps of a replaced
 * file.
 *
 * Replacing a file makes a new file. No user gets more rights than the old file gave, or than cp(1) would give. Kept
 * are, as far as the kernel lets us: owner and group, access control list and mode, the attributes "user.*", and the
 * label of a security module. Capabilities (capabilities(7)) are not kept: they were given to the old content, and
 * writing to a file removes them too. A new file gets the default list of its directory, or the mode less the umask.
 */
#ifndef REMEX_FILES_METADATA_H
#define REMEX_FILES_METADATA_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

enum { METADATA_NOTE = 256 };

struct metadata {
	int mode; /* from the sender; -1: the sender sent none */
	bool preserve; /* the file gets exactly that mode, and no list */
	bool set_id; /* and the bits 07000 of the mode */
};

/* Prepare the file `fd` (it belongs to us, and its mode lets nobody else in) to become `name` in the directory. A
 * regular file that has that name now is the replaced file. `note` is set to "not kept: …", or "" where nothing is
 * lost. 0, or -1 and err. */
int metadata_set (int fd, int directory, const char *name, const struct metadata *metadata, char note[METADATA_NOTE],
	struct err *err);

/* Give a file or directory this mode (07777) and no access list. At no moment does it let in a user whom neither the
 * old state nor the new state lets in. 0, or -1 with errno. */
int metadata_set_mode (int fd, mode_t mode);

/* The umask of the process (umask(2)). It is changed for a moment: only for processes with one thread. */
mode_t metadata_umask (void);

#endif
