/* nowait - reads and writes a descriptor that other processes also hold, without ever waiting for them.
 *
 * O_NONBLOCK belongs to the open file description, which all holders of a copy share: setting it disturbs the others,
 * and they can clear it again. poll(2) first does not help when another process may read or write in between. So each
 * kind of descriptor has a call that depends on no flag:
 *
 *   a socket         recv(2) and send(2) with MSG_DONTWAIT
 *   a pipe           preadv2(2) and pwritev2(2) with RWF_NOWAIT; where the kernel does not have that (for pipes before
 *                    Linux 6.5, and for named ones still), vmsplice(2) with SPLICE_F_NONBLOCK
 *   a terminal       poll(2), then a small piece; nowait_own gives it a non-blocking description of its own
 *   anything else    a regular file is read and written as usual; a device as a terminal
 */
#ifndef REMEX_BASE_NOWAIT_H
#define REMEX_BASE_NOWAIT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum nowait_way {
	NOWAIT_PLAIN, /* a regular file, or a kind with no method: it never waits for long */
	NOWAIT_SOCKET,
	NOWAIT_FLAGGED, /* a pipe, by RWF_NOWAIT */
	NOWAIT_SPLICED, /* a pipe, by vmsplice */
	NOWAIT_POLLED, /* poll, then at most PIPE_BUF bytes */
	NOWAIT_OWN, /* a non-blocking description of our own */
};

struct nowait {
	int fd; /* the descriptor to read, write and poll */
	enum nowait_way way;
};

/* Find the method for a descriptor to be read (access O_RDONLY) or written (O_WRONLY). The descriptor stays the
 * caller's, and its flags do not change. */
struct nowait nowait_of (int fd, int access);

/* A terminal, or a pipe with NOWAIT_POLLED: open the file again, for a description of our own (/proc/self/fd, proc(5)).
 * When that fails, nothing changes. nowait_close closes only that description. */
void nowait_own (struct nowait *nowait, int access);
void nowait_close (struct nowait *nowait);

/* As read(2) and write(2), without EINTR: -1 with EAGAIN when the call would wait. Writing to a pipe without a reader
 * raises SIGPIPE as usual; writing to a socket does not. */
ssize_t nowait_read (struct nowait *nowait, void *bytes, size_t n);
ssize_t nowait_write (struct nowait *nowait, const void *bytes, size_t n);

#endif
