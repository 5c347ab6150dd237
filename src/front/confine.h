/* confine - the system calls that the front and its carrier may still make after they are set up (seccomp(2), by
 * libseccomp).
 *
 * Two allow-lists: a call that is not on it fails with EPERM, so that a library that tries a new call gets an error and
 * is not killed. The front may read, write, pass on, watch and close its descriptors, and accept from its listeners. It
 * may open files, but only to read. It cannot make a process, a thread or a socket (except pairs of Unix sockets),
 * cannot connect, cannot signal another process (except SIGCONT to its parent and its carrier), cannot change a user, a limit or a
 * file, and cannot map executable memory.
 *
 * The carrier may start threads, receive records with descriptors, and read, write, poll and close descriptors. It can
 * send no descriptor, and open, make or connect nothing. It cannot signal another process.
 *
 * io_uring is not on the list, because the filter does not see calls that go through a ring. A libuv that uses io_uring
 * must be told not to (UV_USE_IO_URING=0 in the environment, before the loop is made). A library that loads other
 * libraries (OpenSSL with a provider in its configuration) must have loaded them before.
 */
#ifndef REMEX_FRONT_CONFINE_H
#define REMEX_FRONT_CONFINE_H

#include <sys/types.h>

#include "base/err.h"

/* Confine the calling process permanently. This is the last step of set-up: after the user, the limits and the loop,
 * and before the first byte of a client is read. The process must have one thread. Sets no_new_privs (prctl(2)).
 *
 * 1; 0 when this build does not confine (--without-seccomp, or sanitizers, whose runtime forks and traces); -1 and err,
 * and nothing is filtered. */
int front_confine (pid_t carrier, struct err *err);

/* The same for the carrier, before its first thread. Threads inherit the filter. */
int carrier_confine (struct err *err);

#endif
