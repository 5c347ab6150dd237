/* discovery_sockets - see discovery_sockets.h. */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "daemon/discovery_sockets.h"
#include "net/datagram.h"
#include "wire/discovery.h"
#include "wire/records.h"

enum {
	MESSAGES = 64, /* of the kernel, read in a row */
	PAUSE_MS = 1000, /* between two times that the groups are joined */
	UDP_HEAD = 8, /* bytes */
};

static const int families[DISCOVERY_FAMILIES] = { AF_INET, AF_INET6 };

void discovery_sockets_init (struct discovery_sockets *sockets)
{
	*sockets = (struct discovery_sockets){ .fds = { -1, -1 }, .netlink = -1 };
}

void discovery_sockets_close (struct discovery_sockets *sockets)
{
	for (int i = 0; i < DISCOVERY_FAMILIES; i++)
		fd_close (&sockets->fds[i]);
	fd_close (&sockets->netlink);
	discovery_sockets_init (sockets);
}

static bool is_open (const struct discovery_sockets *sockets)
{
	return sockets->fds[0] >= 0 || sockets->fds[1] >= 0;
}

/* --- the groups -------------------------------------------------------------------------------------------------- */

/* The interfaces that have multicast. Returns how many there are. */
static size_t list_interfaces (unsigned interfaces[DISCOVERY_INTERFACES])
{
	struct ifaddrs *all;
	size_t n = 0;

	if (getifaddrs (&all) < 0)
		return 0;
	/* Each interface has one entry of the family AF_PACKET, whatever addresses it has. */
	for (const struct ifaddrs *one = all; one && n < DISCOVERY_INTERFACES; one = one->ifa_next)
		if (one->ifa_addr && one->ifa_addr->sa_family == AF_PACKET && one->ifa_flags & IFF_MULTICAST &&
			!(one->ifa_flags & IFF_LOOPBACK))
			interfaces[n++] = (unsigned)((const struct sockaddr_ll *)one->ifa_addr)->sll_ifindex;
	freeifaddrs (all);
	return n;
}

static bool contains (const unsigned *interfaces, size_t n, unsigned interface)
{
	for (size_t i = 0; i < n; i++)
		if (interfaces[i] == interface)
			return true;
	return false;
}

/* Be in the groups on each interface, and in no groups of interfaces that are gone: these count for the maximum that the
 * kernel has (igmp_max_memberships in /proc/sys/net/ipv4, 20). IPv4 broadcast needs no group. */
static void join (struct discovery_sockets *sockets)
{
	unsigned now[DISCOVERY_INTERFACES];
	size_t n = list_interfaces (now);

	for (int f = 0; f < DISCOVERY_FAMILIES; f++) {
		if (sockets->fds[f] < 0)
			continue;
		for (size_t i = 0; i < sockets->n_joined; i++)
			if (!contains (now, n, sockets->joined[i]))
				datagram_leave (sockets->fds[f], families[f], sockets->joined[i]);
		for (size_t i = 0; i < n; i++)
			if (datagram_join (sockets->fds[f], families[f], now[i]) < 0 && errno != EADDRINUSE)
				log_debug (
					"discovery hears no multicast on interface %u: %s", now[i], strerror (errno));
	}
	memcpy (sockets->joined, now, n * sizeof *now);
	sockets->n_joined = n;
	sockets->joined_ms = clock_ms ();
	sockets->join_ms = 0;
}

/* The kernel tells of new interfaces and addresses. Without that, the groups are joined now and at a reload. */
static void watch_interfaces (struct discovery_sockets *sockets)
{
	const struct sockaddr_nl changes = { .nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR };

	sockets->netlink = socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (sockets->netlink >= 0 && bind (sockets->netlink, (const struct sockaddr *)&changes, sizeof changes) == 0)
		return;
	log_warning ("discovery does not learn of new interfaces before a reload: %s", strerror (errno));
	fd_close (&sockets->netlink);
}

/* --- the sockets ------------------------------------------------------------------------------------------------- */

/* Let the kernel drop what is no query by its size and its first bytes. */
static int attach_filter (int fd)
{
	uint8_t query[DISCOVERY_SIZE], nonce[DISCOVERY_NONCE] = { 0 };
	uint32_t first, second;
	struct sock_filter code[] = {
		BPF_STMT (BPF_LD | BPF_H | BPF_ABS, 4), /* the length in the head of UDP */
		BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, UDP_HEAD + DISCOVERY_SIZE, 0, 5),
		BPF_STMT (BPF_LD | BPF_W | BPF_ABS, UDP_HEAD),
		BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3),
		BPF_STMT (BPF_LD | BPF_W | BPF_ABS, UDP_HEAD + 4),
		BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
		BPF_STMT (BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT (BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog program = { sizeof code / sizeof *code, code };

	discovery_ask (query, nonce);
	memcpy (&first, query, sizeof first);
	memcpy (&second, query + 4, sizeof second);
	code[3].k = ntohl (first);
	code[5].k = ntohl (second);
	return setsockopt (fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

static void open_sockets (struct discovery_sockets *sockets)
{
	for (int f = 0; f < DISCOVERY_FAMILIES; f++) {
		sockets->fds[f] = datagram_open (families[f], ENDPOINT_PORT);
		if (sockets->fds[f] >= 0 && attach_filter (sockets->fds[f]) < 0)
			fd_close (&sockets->fds[f]);
		if (sockets->fds[f] < 0 && errno != EAFNOSUPPORT)
			log_error ("discovery does not work over %s: UDP port %d: %s", f ? "IPv6" : "IPv4",
				ENDPOINT_PORT, strerror (errno));
	}
	if (!is_open (sockets))
		return;
	watch_interfaces (sockets);
	join (sockets);
}

static bool is_wanted (const struct config *config, const struct listening *listening)
{
	for (size_t i = 0; config->discovery && i < listening->n_listeners; i++)
		if (listening->listeners[i].kind == LISTEN_TCP)
			return true;
	if (config->discovery)
		log_warning ("discovery waits for a restart: there is no TCP listener yet");
	return false;
}

static void tell (struct discovery_sockets *sockets, struct front_process *front)
{
	struct record record = { .type = REC_DISCOVERY };
	int fds[DISCOVERY_FAMILIES];
	size_t n = 0;

	for (int f = 0; f < DISCOVERY_FAMILIES; f++)
		if (sockets->fds[f] >= 0)
			fds[n++] = sockets->fds[f];
	if (n || sockets->told)
		front_process_send (front, &record, NULL, 0, fds, n);
	sockets->told = n > 0;
}

void discovery_sockets_follow (struct discovery_sockets *sockets, const struct config *config,
	const struct listening *listening, struct front_process *front, bool renewed)
{
	bool wanted = is_wanted (config, listening), was_told = sockets->told;

	if (is_open (sockets) && wanted && !renewed) {
		sockets->join_ms = clock_ms ();
		return;
	}
	discovery_sockets_close (sockets);
	sockets->told = was_told && !renewed;
	if (wanted)
		open_sockets (sockets);
	tell (sockets, front);
}

/* --- the loop ---------------------------------------------------------------------------------------------------- */

void discovery_sockets_poll (const struct discovery_sockets *sockets, struct pollfd *fd)
{
	/* While a change waits for its time, further changes tell nothing new. */
	*fd = (struct pollfd){ .fd = sockets->join_ms ? -1 : sockets->netlink, .events = POLLIN };
}

void discovery_sockets_receive (struct discovery_sockets *sockets, const struct pollfd *fd)
{
	if (fd->revents && sockets->netlink >= 0)
		sockets->join_ms = sockets->joined_ms + PAUSE_MS;
	if (!sockets->join_ms || clock_ms () < sockets->join_ms)
		return;
	/* What the messages say does not matter: all interfaces are looked at. Nor do lost ones (ENOBUFS). */
	for (int i = 0; i < MESSAGES; i++)
		if (recv (sockets->netlink, NULL, 0, MSG_DONTWAIT | MSG_TRUNC) < 0 && errno != ENOBUFS)
			break;
	join (sockets);
}

int64_t discovery_sockets_time (const struct discovery_sockets *sockets)
{
	return sockets->join_ms;
}
