/* carrier - the process that reads, writes and closes descriptors that other processes hold too. The front itself has
 * only sockets to the carrier.
 *
 * Every call on a pipe waits for the pipe's lock, also ioctl(2) FIONREAD and close(2), and with any flags. A process
 * that has a copy of the descriptor can hold that lock without limit (splice(2) from a socket on which nothing comes).
 * The last close of a TCP socket waits (SO_LINGER), and a send on a TCP socket may wait (kernel TLS). So the front
 * makes none of these calls: it sends such a descriptor to its carrier and keeps one end of a socket pair. The carrier
 * has a thread for each descriptor, and a thread that waits delays no other stream. poll(2) and epoll(7) take no lock of
 * a pipe, so the front may watch a pipe until it has bytes (relay.h). All calls on the master of a terminal may wait, also
 * poll, and read and write wait for bytes when another holder has made it blocking.
 *
 * A carriage is one such stream, OUT (to the front) or IN (from the front). It is in memory that both processes share:
 *
 *	CARRYING ──end of file──▶ WHOLE     CARRYING ──late, and others hold it open──▶ HELD
 *	CARRYING ──an error──▶ FAILED       CARRYING ──the front has closed its end──▶ WHOLE
 *
 * The front makes a carriage, and frees it after the carrier has set how it ended. When the front dies, the carrier
 * ends; when the carrier dies or hangs, the front ends.
 */
#ifndef REMEX_FRONT_CARRIER_H
#define REMEX_FRONT_CARRIER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/fd.h"

struct carriage;
struct carriages;

struct carrier {
	pid_t pid;
	int link; /* -1: there is no carrier */
	struct carriages *shared;
	int64_t sent; /* records with descriptors */
	int last; /* where the next search for a free carriage begins */
	int64_t stood_ms, stood_at; /* since when it has not taken a record; the number that it had taken */
};

enum carry { CARRY_OUT, CARRY_IN };
enum carried { CARRYING, CARRIED_WHOLE, CARRIED_HELD, CARRIED_FAILED };

/* Fork the carrier. It keeps the descriptors 0 to 2 and no other descriptor of the front. Call this before there are
 * threads or a filter of system calls. 0, or -1 with errno. */
int carrier_start (struct carrier *carrier);

/* Close the link, and wait up to a second for the carrier to end. */
void carrier_end (struct carrier *carrier);

/* To be called every few seconds. A stopped carrier is told to go on. -1: the carrier takes no record for so long that the
 * front has to end. */
int carrier_check (struct carrier *carrier);

/* Give *fd to the carrier: it becomes our end of the pair. NULL with errno on failure (EMFILE: too many carriages;
 * EAGAIN: the carrier does not keep up), and *fd is as before. A descriptor that is not of that kind ends as
 * CARRIED_FAILED. */
struct carriage *carrier_take (struct carrier *carrier, enum carry direction, enum fd_kind kind, int *fd);

/* Let the carrier close n descriptors, LINK_FDS at most. They become -1, and the carriage is CARRIED_WHOLE when all are
 * closed. NULL with errno as above: they are still open. */
struct carriage *carrier_close (struct carrier *carrier, int *fds, size_t n);

/* Let the carrier close a descriptor that the front did not ask for, or the socket of a client. */
void carrier_discard (struct carrier *carrier, int *fd);

/* OUT: the bytes that are in the pipe now are still carried, and no bytes after these are waited for. `fd` is our
 * end. */
void carriage_late (struct carriage *carriage, int fd);

/* The socket of a carriage, our end or the carrier's, is full. For the first time (*wide is false, and becomes true): let more
 * bytes wait there, so that front and carrier wake each other less often. True: try again. */
bool carriage_widen (int fd, bool *wide);

/* How the carriage ended, or CARRYING. When an OUT stream has reached its end, this is known. */
enum carried carriage_state (const struct carriage *carriage);

/* Has one system call of the carrier on this stream lasted longer than half a second? */
bool carriage_is_stuck (const struct carriage *carriage);

/* Free a carriage whose state is not CARRYING, for use by another stream. */
void carriage_free (struct carriage *carriage);

#endif
