/* link - records between the processes of one remexd, over a SOCK_SEQPACKET pair (unix(7)).
 *
 * A packet is a record (a fixed struct in the machine's own byte order: both ends are the same program) with up to
 * LINK_PAYLOAD bytes behind it, and descriptors (SCM_RIGHTS). A record is never empty, so 0 bytes read is end of
 * stream. wire/records.h lists the types. Bytes from another machine are parsed before they are sent over a link, but a
 * plugin may have broken its worker: link_recv checks the form of a record, its caller checks the meaning.
 */
#ifndef REMEX_BASE_LINK_H
#define REMEX_BASE_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	LINK_RECORD = 128 * 1024, /* the whole packet: two fit into a default SO_SNDBUF of 212,992 bytes */
	LINK_FDS = 8, /* the most descriptors of one record */
	LINK_FDS_ROOM = 253, /* as many as a packet can carry (SCM_MAX_FD): the kernel need not drop what is too much */
};

struct record {
	uint32_t type;
	uint32_t length; /* of the payload, in bytes */
	uint64_t id;
	int64_t a, b;
};

#define LINK_PAYLOAD (LINK_RECORD - sizeof (struct record))

/* A received record: the payload is in `data`, the descriptors (close-on-exec; the receiver closes them) are in `fds`.
 * A packet that is not a record may carry descriptors too. */
struct packet {
	struct record record;
	int fds[LINK_FDS_ROOM];
	size_t n_fds; /* more than LINK_FDS only if `lost` */
	bool lost; /* it had more descriptors than a record may have, or than this process had room for */
	uint8_t data[LINK_PAYLOAD];
};

/* Make a connected pair, both close-on-exec and blocking, with a requested send buffer of 1 MiB. 0 or -1. */
int link_pair (int fds[2]);

/* A record to be sent. Members that are left out are empty. */
struct outgoing {
	struct record record; /* link_send fills in its length */
	const void *data; /* the payload: n bytes, */
	size_t n;
	const void *more; /* and more_n bytes behind them */
	size_t more_n;
	const int *fds; /* descriptors, which stay the sender's */
	size_t n_fds;
};

/* Send one record. 0, or -1 with errno: EAGAIN when `flags` has MSG_DONTWAIT and the call would block, EPIPE or
 * ECONNRESET when the peer is gone, ETOOMANYREFS when too many descriptors of this user are in flight (without
 * MSG_DONTWAIT, after waiting for up to a second). */
int link_send (int fd, const struct outgoing *outgoing, int flags);

/* Send a record without payload or descriptors. */
int link_post (int fd, uint32_t type, uint64_t id, int64_t a, int64_t b, int flags);

/* Receive one record; 1, 0 at end of stream, -1 with errno (EAGAIN as above; EBADMSG for a packet that is no record:
 * the link cannot be used any more). */
int link_recv (int fd, struct packet *packet, int flags);

/* Close the descriptors that the receiver did not take (the receiver sets taken ones to -1), with fd_drop. Call this also
 * when link_recv returned 0 or -1. */
void packet_close (struct packet *packet);

#endif
