/* fd - descriptors: closed exactly once, close-on-exec from the beginning, and none left over in a child. */
#ifndef REMEX_BASE_FD_H
#define REMEX_BASE_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

/* Close *fd unless it is negative, and set it to -1. errno is kept. */
void fd_close (int *fd);

/* Close a descriptor that came from another process. Its last close may wait: a TCP socket lingers (SO_LINGER), also one
 * that another process has sent into the queue of a Unix socket (SCM_RIGHTS). A signal ends that wait after a few
 * milliseconds, and the kernel goes on sending. The signal is SIGURG, whose handler this call sets. */
void fd_drop (int *fd);

/* Set or clear O_NONBLOCK on the open file description (which other processes may share); 0 or -1. */
int fd_nonblock (int fd, bool on);

/* Open /dev/null on those of 0, 1 and 2 that are closed, so that no later open lands there; 0 or -1. */
int fd_fill_std (void);

/* The same for a program whose input and output belong to its user: no later open lands on a closed 0 or 1, but reading
 * 0 and writing to 1 still fail with EBADF. Output to a closed 2 is dropped. 0 or -1. */
int fd_guard_std (void);

/* Close every descriptor from 3 up except those in `keep` (in any order, negative ones ignored; `keep` is sorted in
 * place). Async-signal-safe. */
void fd_close_except (int *keep, size_t n);

/* The kind of a descriptor, for relaying: the end of a pipe that is open for reading only (access O_RDONLY) or writing
 * only (O_WRONLY), a stream socket (Unix or TCP), or the master of a pseudo-terminal (pty(7)). The call never waits. (fstat(2) and poll(2) of another user's file
 * may wait for a file system in user space (FUSE), and F_GETPIPE_SZ for the pipe's lock.) */
enum fd_kind { FD_OTHER, FD_PIPE, FD_SOCKET, FD_PTY };
enum fd_kind fd_kind_of (int fd, int access);

/* Is the descriptor of the kind that another process has named, and can it be relayed? */
bool fd_is_of_kind (int fd, enum fd_kind kind, int access);

/* Is it a pipe or a socket of any kind, or the master of a pseudo-terminal? The close of a copy that is not the last one then never waits, while the close
 * of a file may wait for its file system (FUSE), also when others have copies. This call never waits. */
bool fd_closes_at_once (int fd);

/* Does that read error mean only the end of the stream? */
bool fd_read_ended (enum fd_kind kind, int error);

/* Does that write error mean that there is no reader any more? A command may stop reading: that is no failure. */
bool fd_reader_gone (enum fd_kind kind, int error);

/* Raise the soft limit of descriptors to the hard one (getrlimit(2)). */
void fd_raise_limit (void);

/* Write all n bytes, and wait also when the descriptor is non-blocking; 0 or -1. */
int fd_write_all (int fd, const void *bytes, size_t n);

/* Read a whole file of at most max bytes into new memory with a NUL behind it; *n is its size. NULL and err when it
 * cannot be read or is larger. The caller frees. */
char *fd_read_all (int fd, size_t max, size_t *n, struct err *err);
char *fd_read_file (const char *path, size_t max, size_t *n, struct err *err);

#endif
