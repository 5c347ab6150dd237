/* hostkey - the key by which clients recognize this remexd.
 *
 * The private key never enters the memory of the supervisor: a process of its own makes the key (remexd --make-key,
 * internal), and the kernel copies the file into a sealed memfd for the front.
 */
#ifndef REMEX_DAEMON_HOSTKEY_H
#define REMEX_DAEMON_HOSTKEY_H

#include "base/err.h"

/* Make the key at `path` if it does not exist. 1: the key is new; 0: it existed; -1 and err. */
int hostkey_ensure (const char *path, struct err *err);

/* Check the owner and mode of the file, and return a sealed copy of it (a descriptor); or -1 and err. */
int hostkey_open (const char *path, struct err *err);

/* The main function of the process that makes the key. Writes a new file, and makes the missing directories above it
 * (0755 as root, else 0700). Returns the exit status. */
int hostkey_make (const char *path);

#endif
