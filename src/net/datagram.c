/* datagram - see datagram.h. */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "net/datagram.h"

#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif

static int switch_on (int fd, int level, int option)
{
	int on = 1;

	return setsockopt (fd, level, option, &on, sizeof on);
}

static int set_up (int fd, int family, uint16_t port)
{
	struct sockaddr_in6 any6 = { .sin6_family = AF_INET6, .sin6_port = htons (port) };
	struct sockaddr_in any4 = { .sin_family = AF_INET, .sin_port = htons (port) };
	int off = 0;

	if (switch_on (fd, SOL_SOCKET, port ? SO_REUSEADDR : SO_BROADCAST) < 0)
		return -1;
	if (family == AF_INET) {
		/* Only groups that this socket has joined; older kernels do not know the option for IPv6. */
		setsockopt (fd, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off);
		return switch_on (fd, IPPROTO_IP, IP_PKTINFO) < 0
			       ? -1
			       : bind (fd, (const struct sockaddr *)&any4, sizeof any4);
	}
	setsockopt (fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, &off, sizeof off);
	if (switch_on (fd, IPPROTO_IPV6, IPV6_V6ONLY) < 0 || switch_on (fd, IPPROTO_IPV6, IPV6_RECVPKTINFO) < 0)
		return -1;
	return bind (fd, (const struct sockaddr *)&any6, sizeof any6);
}

int datagram_open (int family, uint16_t port)
{
	int fd = socket (family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && set_up (fd, family, port) < 0)
		fd_close (&fd);
	return fd;
}

static int change_membership (int fd, int family, int option4, int option6, unsigned interface)
{
	struct ip_mreqn group4 = { .imr_ifindex = (int)interface };
	struct ipv6_mreq group6 = { .ipv6mr_interface = interface };

	inet_pton (AF_INET, DATAGRAM_GROUP4, &group4.imr_multiaddr);
	inet_pton (AF_INET6, DATAGRAM_GROUP6, &group6.ipv6mr_multiaddr);
	return family == AF_INET ? setsockopt (fd, IPPROTO_IP, option4, &group4, sizeof group4)
				 : setsockopt (fd, IPPROTO_IPV6, option6, &group6, sizeof group6);
}

int datagram_join (int fd, int family, unsigned interface)
{
	return change_membership (fd, family, IP_ADD_MEMBERSHIP, IPV6_ADD_MEMBERSHIP, interface);
}

int datagram_leave (int fd, int family, unsigned interface)
{
	return change_membership (fd, family, IP_DROP_MEMBERSHIP, IPV6_DROP_MEMBERSHIP, interface);
}

/* --- one datagram ------------------------------------------------------------------------------------------------ */

union control {
	struct cmsghdr head; /* for its alignment */
	char bytes[CMSG_SPACE (sizeof (struct in6_pktinfo))];
};

static void read_way (struct cmsghdr *head, struct datagram_way *way)
{
	struct sockaddr_in6 local6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in local4 = { .sin_family = AF_INET };
	struct in6_pktinfo info6;
	struct in_pktinfo info4;

	if (head->cmsg_level == IPPROTO_IP && head->cmsg_type == IP_PKTINFO) {
		memcpy (&info4, CMSG_DATA (head), sizeof info4);
		local4.sin_addr = info4.ipi_spec_dst;
		way->interface = (unsigned)info4.ipi_ifindex;
		endpoint_set (&way->local, (const struct sockaddr *)&local4, sizeof local4);
	} else if (head->cmsg_level == IPPROTO_IPV6 && head->cmsg_type == IPV6_PKTINFO) {
		memcpy (&info6, CMSG_DATA (head), sizeof info6);
		way->interface = info6.ipi6_ifindex;
		local6.sin6_addr = info6.ipi6_addr;
		local6.sin6_scope_id = IN6_IS_ADDR_LINKLOCAL (&local6.sin6_addr) ? info6.ipi6_ifindex : 0;
		if (!IN6_IS_ADDR_MULTICAST (&local6.sin6_addr))
			endpoint_set (&way->local, (const struct sockaddr *)&local6, sizeof local6);
	}
}

ssize_t datagram_receive (int fd, void *bytes, size_t size, struct datagram_way *way)
{
	struct sockaddr_storage from;
	struct iovec piece = { .iov_base = bytes, .iov_len = size };
	union control control;
	struct msghdr message = { .msg_name = &from,
		.msg_namelen = sizeof from,
		.msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof control };
	ssize_t n = recvmsg (fd, &message, MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0)
		return -1;
	*way = (struct datagram_way){ .interface = 0 };
	endpoint_set (&way->peer, (const struct sockaddr *)&from, message.msg_namelen);
	for (struct cmsghdr *head = CMSG_FIRSTHDR (&message); head; head = CMSG_NXTHDR (&message, head))
		read_way (head, way);
	return n;
}

/* The head of a message that says by which interface, and from which address. */
static size_t write_way (const struct datagram_way *way, union control *control)
{
	struct in6_pktinfo info6 = { .ipi6_ifindex = way->interface };
	struct in_pktinfo info4 = { .ipi_ifindex = (int)way->interface };
	bool four = way->peer.address.ss_family == AF_INET;

	if (way->local.size && four)
		info4.ipi_spec_dst = ((const struct sockaddr_in *)&way->local.address)->sin_addr;
	else if (way->local.size)
		info6.ipi6_addr = ((const struct sockaddr_in6 *)&way->local.address)->sin6_addr;
	memset (control, 0, sizeof *control);
	control->head.cmsg_level = four ? IPPROTO_IP : IPPROTO_IPV6;
	control->head.cmsg_type = four ? IP_PKTINFO : IPV6_PKTINFO;
	control->head.cmsg_len = CMSG_LEN (four ? sizeof info4 : sizeof info6);
	memcpy (CMSG_DATA (&control->head), four ? (const void *)&info4 : &info6, four ? sizeof info4 : sizeof info6);
	return CMSG_SPACE (four ? sizeof info4 : sizeof info6);
}

int datagram_send (int fd, const void *bytes, size_t n, const struct datagram_way *way)
{
	struct sockaddr_storage to = way->peer.address;
	union {
		const void *bytes;
		void *unchanged; /* sendmsg(2) only reads */
	} from = { .bytes = bytes };
	struct iovec piece = { .iov_base = from.unchanged, .iov_len = n };
	union control control;
	struct msghdr message = { .msg_name = &to,
		.msg_namelen = way->peer.size,
		.msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = write_way (way, &control) };

	return sendmsg (fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -1 : 0;
}
