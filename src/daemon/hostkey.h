/* hostkey - the key by which clients know this remexd: made once, then handed to the front without being looked at.
 *
 * The private key never enters the supervisor's memory: a process of its own makes it (remexd --make-key, internal), and
 * the kernel copies the file into a sealed memfd.
 */
#ifndef REMEX_DAEMON_HOSTKEY_H
#define REMEX_DAEMON_HOSTKEY_H

#include "base/err.h"

/* Make it at `path` where there is none, by running ourselves. 1: it is new; 0: it was there; -1 and err. */
int hostkey_ensure (const char *path, struct err *err);

/* A sealed copy of the file, for the front; its owner and mode are checked. -1 and err. */
int hostkey_open (const char *path, struct err *err);

/* What the process that makes it does: write the key to a new file, in a directory that is made, with those above it
 * (0755 as root, else 0700), if need be. Its exit status. */
int hostkey_make (const char *path);

#endif
