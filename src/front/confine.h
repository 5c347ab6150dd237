/* confine - the system calls that are left to the front once it has all it needs (seccomp(2), by libseccomp).
 *
 * An allow-list: what is not on it fails with EPERM, so that a library that tries something new finds an error and not
 * its death. What the front has, it may use: read, write, pass on, accept from its listeners, watch and close. It may
 * open files, but only to read. It can make no process, no thread and no socket, connect nowhere, signal nobody but
 * itself (its parent it may tell to go on: SIGCONT), change no user, no limit and no file, and map nothing that can be executed.
 *
 * io_uring is not on the list, because what goes through a ring passes by the filter: a libuv that uses one must be told
 * not to (UV_USE_IO_URING=0 in the environment, before the loop is made). A library that loads others (OpenSSL with a
 * provider in its configuration) must have done so before.
 */
#ifndef REMEX_FRONT_CONFINE_H
#define REMEX_FRONT_CONFINE_H

#include "base/err.h"

/* Confine the calling process, for good: the last thing of its setting up, after its user, its limits and its loop, and
 * before the first byte of a client is read. It must have one thread. Sets no_new_privs (prctl(2)).
 *
 * 1; 0 where this build does not (--without-seccomp, or sanitizers, whose runtime forks and traces); -1 and err,
 * and nothing is filtered. */
int front_confine (struct err *err);

#endif
