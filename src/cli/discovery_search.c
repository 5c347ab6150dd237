/* discovery_search - see discovery_search.h. */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "cli/discovery_search.h"

enum {
	BURST = 64, /* datagrams sent, or received, in a row */
	PACE_MS = 2, /* between two bursts of queries: the neighbours' addresses have to be found, too */
	BUFFER = 4 * 1024 * 1024, /* bytes of answers that may wait, where the kernel allows it */
};

static const int families[SEARCH_FAMILIES] = { AF_INET, AF_INET6 };

/* --- targets ----------------------------------------------------------------------------------------------------- */

static struct search_target *add_target (struct discovery_search *search)
{
	size_t n = search->n_targets;

	if (n == SEARCH_TARGETS)
		return NULL;
	if ((n & (n - 1)) == 0) { /* the array grows when the count reaches a power of two */
		struct search_target *more = realloc (search->targets, (n ? n * 2 : 1) * sizeof *more);

		if (!more)
			return NULL;
		search->targets = more;
	}
	search->targets[n] = (struct search_target){ .answered = false };
	search->n_targets++;
	return &search->targets[n];
}

static void set_address (struct endpoint *endpoint, const char *group, uint16_t port, unsigned zone)
{
	struct sockaddr_in6 address6 = { .sin6_family = AF_INET6, .sin6_port = htons (port), .sin6_scope_id = zone };
	struct sockaddr_in address4 = { .sin_family = AF_INET, .sin_port = htons (port) };

	if (inet_pton (AF_INET, group, &address4.sin_addr) == 1) {
		endpoint_set (endpoint, (const struct sockaddr *)&address4, sizeof address4);
	} else {
		inet_pton (AF_INET6, group, &address6.sin6_addr);
		endpoint_set (endpoint, (const struct sockaddr *)&address6, sizeof address6);
	}
}

static void add_broadcast (struct discovery_search *search, const struct ifaddrs *one, unsigned interface)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct search_target *target;

	if (!(one->ifa_flags & IFF_BROADCAST) || !one->ifa_broadaddr || !(target = add_target (search)))
		return;
	to.sin_addr = ((const struct sockaddr_in *)one->ifa_broadaddr)->sin_addr;
	to.sin_port = htons (ENDPOINT_PORT);
	target->way.interface = interface;
	endpoint_set (&target->way.local, one->ifa_addr, sizeof (struct sockaddr_in));
	endpoint_set (&target->way.peer, (const struct sockaddr *)&to, sizeof to);
}

/* One address of an interface. */
static void add_network (struct discovery_search *search, const struct ifaddrs *one)
{
	unsigned interface = if_nametoindex (one->ifa_name);
	int family = one->ifa_addr->sa_family;
	struct search_target *target;

	if (!interface || (family != AF_INET && family != AF_INET6))
		return;
	if (family == AF_INET)
		add_broadcast (search, one, interface);
	else if (!IN6_IS_ADDR_LINKLOCAL (&((const struct sockaddr_in6 *)one->ifa_addr)->sin6_addr))
		return; /* one query for each link is enough, and that address is there where IPv6 is */
	if (!(one->ifa_flags & IFF_MULTICAST) || !(target = add_target (search)))
		return;
	target->way.interface = interface;
	set_address (
		&target->way.peer, family == AF_INET ? DATAGRAM_GROUP4 : DATAGRAM_GROUP6, ENDPOINT_PORT, interface);
	if (family == AF_INET)
		endpoint_set (&target->way.local, one->ifa_addr, sizeof (struct sockaddr_in));
}

static int find_networks (struct discovery_search *search, struct err *err)
{
	uint8_t nonce[DISCOVERY_NONCE];
	struct ifaddrs *all;

	if (getifaddrs (&all) < 0)
		return err_sys (err, 0, "the interfaces cannot be listed");
	for (const struct ifaddrs *one = all; one; one = one->ifa_next)
		if (one->ifa_addr && one->ifa_flags & IFF_UP && !(one->ifa_flags & IFF_LOOPBACK))
			add_network (search, one);
	freeifaddrs (all);
	if (!search->n_targets)
		return err_set (err, 0,
			"there is no network to search: no interface is up, or none has broadcast or multicast "
			"(remex discover ADDRESS asks one address)");
	if (getrandom (nonce, sizeof nonce, 0) != sizeof nonce)
		return err_sys (err, 0, "there are no random numbers");
	for (size_t i = 0; i < search->n_targets; i++)
		memcpy (search->targets[i].nonce, nonce, sizeof nonce);
	return 0;
}

static int take_given (struct discovery_search *search, const struct endpoint *given, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		struct search_target *target = add_target (search);

		if (!target)
			return err_set (err, 0, "at most %d addresses can be asked", SEARCH_TARGETS);
		target->way.peer = given[i];
		if (endpoint_resolve (&target->way.peer, err) < 0)
			return -1;
		if (getrandom (target->nonce, sizeof target->nonce, 0) != sizeof target->nonce)
			return err_sys (err, 0, "there are no random numbers");
	}
	search->given = true;
	return 0;
}

/* --- beginning and end ------------------------------------------------------------------------------------------- */

static int open_sockets (struct discovery_search *search, struct err *err)
{
	const int buffer = BUFFER;

	for (int f = 0; f < SEARCH_FAMILIES; f++) {
		search->fds[f] = datagram_open (families[f], 0);
		if (search->fds[f] >= 0)
			setsockopt (search->fds[f], SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
	}
	return search->fds[0] < 0 && search->fds[1] < 0 ? err_sys (err, 0, "no socket can be opened") : 0;
}

int search_open (
	struct discovery_search *search, const struct endpoint *given, size_t n, int64_t wait_ms, struct err *err)
{
	*search = (struct discovery_search){ .fds = { -1, -1 }, .start_ms = clock_ms (), .wait_ms = wait_ms };
	if (open_sockets (search, err) < 0)
		return -1;
	return n ? take_given (search, given, n, err) : find_networks (search, err);
}

void search_close (struct discovery_search *search)
{
	for (int f = 0; f < SEARCH_FAMILIES; f++)
		fd_close (&search->fds[f]);
	free (search->targets);
	free (search->answers);
	*search = (struct discovery_search){ .fds = { -1, -1 } };
}

/* --- queries ----------------------------------------------------------------------------------------------------- */

/* When the round begins: at once, after a tenth and after a third of the time. */
static int64_t round_ms (const struct discovery_search *search)
{
	static const int parts[SEARCH_ROUNDS] = { 0, 10, 3 };
	int part = parts[search->round];

	return search->start_ms + (part ? search->wait_ms / part : 0);
}

static void ask (struct discovery_search *search, struct search_target *target)
{
	int fd = search->fds[target->way.peer.address.ss_family == AF_INET6];
	uint8_t query[DISCOVERY_SIZE];

	if (target->answered)
		return;
	discovery_ask (query, target->nonce);
	if (fd < 0 || datagram_send (fd, query, sizeof query, &target->way) < 0)
		search->send_error = fd < 0 ? EAFNOSUPPORT : errno;
}

static void send_queries (struct discovery_search *search, int64_t now_ms)
{
	if (search->round == SEARCH_ROUNDS || now_ms < round_ms (search) || now_ms < search->pace_ms)
		return;
	for (int i = 0; i < BURST && search->next < search->n_targets; i++)
		ask (search, &search->targets[search->next++]);
	search->pace_ms = now_ms + PACE_MS;
	if (search->next == search->n_targets) {
		search->next = 0;
		search->round++;
	}
}

/* --- answers ----------------------------------------------------------------------------------------------------- */

static uint16_t port_of (const struct endpoint *endpoint)
{
	/* Both families have the port at the same offset. */
	return ntohs (((const struct sockaddr_in *)&endpoint->address)->sin_port);
}

static bool is_same (const struct endpoint *a, const struct endpoint *b)
{
	const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)&a->address,
				  *b6 = (const struct sockaddr_in6 *)&b->address;
	const struct sockaddr_in *a4 = (const struct sockaddr_in *)&a->address,
				 *b4 = (const struct sockaddr_in *)&b->address;

	if (a->address.ss_family != b->address.ss_family || a4->sin_port != b4->sin_port)
		return false;
	if (a->address.ss_family == AF_INET)
		return a4->sin_addr.s_addr == b4->sin_addr.s_addr;
	return IN6_ARE_ADDR_EQUAL (&a6->sin6_addr, &b6->sin6_addr) &&
	       (!a6->sin6_scope_id || !b6->sin6_scope_id || a6->sin6_scope_id == b6->sin6_scope_id);
}

/* The query that may be answered from there; NULL: none. */
static struct search_target *find_target (const struct discovery_search *search, const struct endpoint *from)
{
	if (!search->given)
		return port_of (from) == ENDPOINT_PORT ? &search->targets[0] : NULL;
	for (size_t i = 0; i < search->n_targets; i++)
		if (is_same (&search->targets[i].way.peer, from))
			return &search->targets[i];
	return NULL;
}

static bool says_same (const struct discovery_answer *a, const struct discovery_answer *b)
{
	return a->port == b->port && !memcmp (a->key, b->key, sizeof a->key) && !strcmp (a->name, b->name);
}

/* Keep an answer, once. */
static void keep (struct discovery_search *search, const struct endpoint *from, const struct discovery_answer *said)
{
	for (size_t i = 0; i < search->n_answers; i++)
		if (is_same (&search->answers[i].from, from) && says_same (&search->answers[i].said, said))
			return;
	if (search->n_answers == search->room && search->room < SEARCH_ANSWERS) {
		size_t room = search->room ? search->room * 2 : 64;
		struct search_answer *more = realloc (search->answers, room * sizeof *more);

		if (more) {
			search->answers = more;
			search->room = room;
		}
	}
	if (search->n_answers == search->room) {
		search->left_off++;
		return;
	}
	search->answers[search->n_answers] = (struct search_answer){ *from, *said };
	endpoint_name_zone (&search->answers[search->n_answers++].from);
}

static void take (struct discovery_search *search, const uint8_t *bytes, size_t n, const struct endpoint *from)
{
	static const uint8_t no_nonce[DISCOVERY_NONCE];
	struct search_target *target = find_target (search, from);
	struct discovery_answer said;

	switch (discovery_read (&said, bytes, n, target ? target->nonce : no_nonce)) {
	case DISCOVERY_MALFORMED: search->malformed++; break;
	case DISCOVERY_STRANGE:
		search->strange += target != NULL;
		search->misplaced += !target;
		break;
	case DISCOVERY_ANSWERED:
		if (target) {
			target->answered = search->given;
			keep (search, from, &said);
		} else {
			search->misplaced++;
		}
	}
}

static bool receive (struct discovery_search *search, int fd)
{
	uint8_t bytes[DISCOVERY_SIZE + 1];
	struct datagram_way way;
	ssize_t n;

	for (int i = 0; i < BURST; i++) {
		if ((n = datagram_receive (fd, bytes, sizeof bytes, &way)) < 0)
			return false; /* EAGAIN, or an error of a query that was sent */
		take (search, bytes, (size_t)n, &way.peer);
	}
	return true;
}

bool search_work (struct discovery_search *search)
{
	bool more = false;

	send_queries (search, clock_ms ());
	for (int f = 0; f < SEARCH_FAMILIES; f++)
		more |= search->fds[f] >= 0 && receive (search, search->fds[f]);
	return more;
}

int64_t search_time (const struct discovery_search *search)
{
	int64_t end_ms = search->start_ms + search->wait_ms, next_ms;

	if (search->round == SEARCH_ROUNDS)
		return end_ms;
	next_ms = round_ms (search) > search->pace_ms ? round_ms (search) : search->pace_ms;
	return next_ms < end_ms ? next_ms : end_ms;
}

bool search_is_over (const struct discovery_search *search)
{
	if (clock_ms () >= search->start_ms + search->wait_ms)
		return true;
	for (size_t i = 0; i < search->n_targets; i++)
		if (!search->given || !search->targets[i].answered)
			return false;
	return true;
}
