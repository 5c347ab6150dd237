/* carrier - the process that reads, writes and closes the descriptors that others hold too: the front's own are sockets to
 * it.
 *
 * A call on a pipe waits for the pipe's lock, whatever flags it has: ioctl(2) FIONREAD and close(2) too. Whoever has a
 * copy can hold that lock as long as it likes (splice(2) from a socket in which nothing comes). The last close of a TCP
 * socket waits (SO_LINGER), and a send on one may (kernel TLS). So the front makes none of these calls, but sends such a
 * descriptor to its carrier and keeps one end of a socket pair. The carrier has a thread for each, and a thread that waits
 * holds up nobody else.
 *
 * A carriage is one such stream, OUT (to the front) or IN (from it). It lies in memory that both processes share:
 *
 *	CARRYING ──end of file──▶ WHOLE     CARRYING ──late, and others hold it open──▶ HELD
 *	CARRYING ──an error──▶ FAILED       CARRYING ──the front has closed its end──▶ WHOLE
 *
 * The front makes it and frees it, once the carrier has said how it ended. Where the front dies, the carrier does, and the
 * other way round.
 */
#ifndef REMEX_FRONT_CARRIER_H
#define REMEX_FRONT_CARRIER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fd.h"

struct carriage;
struct carriages;

struct carrier {
	int link; /* -1: there is none */
	struct carriages *shared;
	int64_t sent; /* records with descriptors */
	int last; /* where the search for a free one goes on */
};

enum carry { CARRY_OUT, CARRY_IN };
enum carried { CARRYING, CARRIED_WHOLE, CARRIED_HELD, CARRIED_FAILED };

/* Fork the carrier, which keeps 0 to 2 and nothing else of ours. To be called before there are threads or a filter of
 * system calls. 0, or -1 with errno. */
int carrier_start (struct carrier *carrier);

/* Close the link, and wait a second for the carrier to end. */
void carrier_end (struct carrier *carrier);

/* Have *fd carried; it is given away in any case, and *fd is our end of the pair then, or -1. NULL with errno when that
 * cannot be (EMFILE: too many are; EAGAIN: the carrier does not keep up). What is not of
 * that kind ends as CARRIED_FAILED. */
struct carriage *carrier_take (struct carrier *carrier, enum carry direction, enum fd_kind kind, int *fd);

/* Have a descriptor closed that was not asked for. */
void carrier_discard (struct carrier *carrier, int *fd);

/* OUT: the command has ended, and what the pipe holds now is still carried; late: no more than that. `fd` is our end. */
void carriage_ending (struct carriage *carriage, int fd);
void carriage_late (struct carriage *carriage, int fd);

/* How it ended, or CARRYING. At the end of the stream of an OUT that is known. */
enum carried carriage_state (const struct carriage *carriage);

/* Does one call of the carrier's on it last for longer than half a second? */
bool carriage_is_stuck (const struct carriage *carriage);

/* One whose state is not CARRYING: it may be used anew. */
void carriage_free (struct carriage *carriage);

#endif
