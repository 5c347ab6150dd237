/* fd - descriptors: closed exactly once, close-on-exec from birth, and none left over in a child. */
#ifndef REMEX_BASE_FD_H
#define REMEX_BASE_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

/* Close *fd unless it is negative, and set it to -1. errno is kept. */
void fd_close (int *fd);

/* Set or clear O_NONBLOCK on the open file description (which other processes may share); 0 or -1. */
int fd_nonblock (int fd, bool on);

/* Open /dev/null on those of 0, 1 and 2 that are closed, so that no later open lands there; 0 or -1. */
int fd_fill_std (void);

/* The same for a program whose input and output are its user's: no later open lands on a closed 0 or 1, but reading 0
 * and writing to 1 still fail with EBADF. What is written to a closed 2 is dropped. 0 or -1. */
int fd_guard_std (void);

/* Close every descriptor from 3 up but those in keep (in any order, negative ones ignored; it is sorted in place).
 * Async-signal-safe. */
void fd_close_except (int *keep, size_t n);

/* What a descriptor is, as far as it can be relayed: the end of a pipe that is open for reading only (access O_RDONLY) or
 * writing only (O_WRONLY), or a stream socket (Unix or TCP). The question
 * never waits: fstat(2) and poll(2) of another user's file may wait for a file system in user space (FUSE), and
 * F_GETPIPE_SZ for the pipe's lock. */
enum fd_kind { FD_OTHER, FD_PIPE, FD_SOCKET };
enum fd_kind fd_kind_of (int fd, int access);

/* Is the descriptor what others say that it is, and can it be relayed? */
bool fd_is_of_kind (int fd, enum fd_kind kind, int access);

/* Does that error of reading mean no more than the end of the stream? */
bool fd_read_ended (enum fd_kind kind, int error);

/* Does that error of writing mean that nobody reads any more? That is a command's right, and no failure. */
bool fd_reader_gone (enum fd_kind kind, int error);

/* Raise the soft limit of descriptors to the hard one (getrlimit(2)). */
void fd_raise_limit (void);

/* Write all n bytes, and wait where the descriptor does not block; 0 or -1. */
int fd_write_all (int fd, const void *bytes, size_t n);

/* Read a whole file of at most max bytes into new memory with a NUL behind it; *n is its size. NULL and err when it
 * cannot be read or is larger. The caller frees. */
char *fd_read_all (int fd, size_t max, size_t *n, struct err *err);
char *fd_read_file (const char *path, size_t max, size_t *n, struct err *err);

#endif
