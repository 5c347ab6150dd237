/* link - see link.h. */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/fd.h"
#include "base/link.h"

/* The kernel bounds the number of a user's descriptors in flight (unix(7), ETOOMANYREFS): trying again helps. */
enum { REFS_TRIES = 500, REFS_MS = 2 };

int link_pair (int fds[2])
{
	int size = 1024 * 1024;

	if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -1;
	/* Best effort: above net.core.wmem_max the kernel gives less. The default size is enough. */
	setsockopt (fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	setsockopt (fds[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	return 0;
}

int link_send (int fd, const struct outgoing *outgoing, int flags)
{
	struct record record = outgoing->record;
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE (LINK_FDS * sizeof (int))];
	} control;
	struct iovec parts[3] = {
		{ &record, sizeof record },
		{ (void *)(uintptr_t)outgoing->data, outgoing->n },
		{ (void *)(uintptr_t)outgoing->more, outgoing->more_n },
	};
	struct msghdr msg = { .msg_iov = parts, .msg_iovlen = 3 };
	int tries = 0;
	ssize_t sent;

	assert (outgoing->n + outgoing->more_n <= LINK_PAYLOAD && outgoing->n_fds <= LINK_FDS);
	record.length = (uint32_t)(outgoing->n + outgoing->more_n);
	if (outgoing->n_fds) {
		size_t size = outgoing->n_fds * sizeof (int);
		struct cmsghdr *head;

		memset (&control, 0, sizeof control);
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE (size);
		head = CMSG_FIRSTHDR (&msg);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN (size);
		memcpy (CMSG_DATA (head), outgoing->fds, size);
	}
	do
		sent = sendmsg (fd, &msg, flags | MSG_NOSIGNAL);
	while (sent < 0 && (errno == EINTR || (errno == ETOOMANYREFS && !(flags & MSG_DONTWAIT) &&
						      tries++ < REFS_TRIES && poll (NULL, 0, REFS_MS) == 0)));
	return sent < 0 ? -1 : 0;
}

int link_post (int fd, uint32_t type, uint64_t id, int64_t a, int64_t b, int flags)
{
	struct outgoing outgoing = { .record = { .type = type, .id = id, .a = a, .b = b } };

	return link_send (fd, &outgoing, flags);
}

static void take_fds (struct msghdr *msg, struct packet *packet)
{
	for (struct cmsghdr *head = CMSG_FIRSTHDR (msg); head; head = CMSG_NXTHDR (msg, head)) {
		size_t n;

		if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
			continue;
		n = (head->cmsg_len - CMSG_LEN (0)) / sizeof (int);
		if (n > LINK_FDS_ROOM)
			n = LINK_FDS_ROOM; /* cannot be: the control buffer holds no more */
		memcpy (packet->fds, CMSG_DATA (head), n * sizeof (int));
		packet->n_fds = n;
	}
}

int link_recv (int fd, struct packet *packet, int flags)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE (LINK_FDS_ROOM * sizeof (int))];
	} control;
	struct iovec parts[2] = {
		{ &packet->record, sizeof packet->record },
		{ packet->data, sizeof packet->data },
	};
	struct msghdr msg = {
		.msg_iov = parts,
		.msg_iovlen = 2,
		.msg_control = &control,
		.msg_controllen = sizeof control,
	};
	bool reset = false;
	ssize_t got;

	packet->n_fds = 0;
	/* A peer that closed with unread packets resets the link; its earlier packets can still be read after that. */
	do
		got = recvmsg (fd, &msg, flags | MSG_CMSG_CLOEXEC);
	while (got < 0 && (errno == EINTR || (errno == ECONNRESET && !reset && (reset = true))));
	if (got < 0)
		return -1;
	take_fds (&msg, packet);
	if (got == 0)
		return 0; /* an empty packet is no record, but may carry descriptors */
	/* The control buffer is large enough for all: if it was cut, the table of descriptors was full. */
	packet->lost = msg.msg_flags & MSG_CTRUNC || packet->n_fds > LINK_FDS;
	if ((size_t)got < sizeof packet->record || msg.msg_flags & MSG_TRUNC ||
		packet->record.length != (size_t)got - sizeof packet->record) {
		errno = EBADMSG;
		return -1;
	}
	return 1;
}

void packet_close (struct packet *packet)
{
	for (size_t i = 0; i < packet->n_fds; i++)
		fd_drop (&packet->fds[i]);
	packet->n_fds = 0;
}
