/* discovery_search - a search for remexds (doc/protocol.md, section 15): the queries that are sent, and the answers that count.
 *
 * A search of the networks sends by each interface of this machine: to the broadcast address and the multicast group of IPv4,
 * and to the multicast group of IPv6. An answer counts when it comes from the port that was asked. A search of given addresses
 * sends to each of them, with random bytes of its own; an answer counts when it comes from exactly that address and port. Queries
 * are sent three times, because datagrams get lost. What does not count is counted.
 *
 * Whoever hears a query can send any number of false answers: the memory for answers is bounded. Nothing of an answer is proved.
 */
#ifndef REMEX_CLI_DISCOVERY_SEARCH_H
#define REMEX_CLI_DISCOVERY_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/datagram.h"
#include "wire/discovery.h"

enum { SEARCH_FAMILIES = 2, SEARCH_ROUNDS = 3, SEARCH_TARGETS = 4096, SEARCH_ANSWERS = 8192 };

/* Where queries are sent. */
struct search_target {
	struct datagram_way way;
	uint8_t nonce[DISCOVERY_NONCE];
	bool answered;
};

struct search_answer {
	struct endpoint from; /* with its zone by name */
	struct discovery_answer said;
};

struct discovery_search {
	int fds[SEARCH_FAMILIES]; /* IPv4, IPv6; -1: not there */
	bool given; /* a search of given addresses */
	struct search_target *targets;
	size_t n_targets;
	size_t next; /* the target that is asked next; n_targets: the round is complete */
	int round; /* of SEARCH_ROUNDS */
	int64_t start_ms, wait_ms; /* when it began, and for how long it listens; clock_ms */
	int64_t pace_ms; /* when further queries of this round are sent */
	struct search_answer *answers; /* each once */
	size_t n_answers, room;
	uint64_t malformed, strange,
		misplaced; /* no answer; to another query; from another address or port than was asked */
	uint64_t left_off; /* answers beyond SEARCH_ANSWERS */
	int send_error; /* errno of a query that could not be sent; 0: none */
};

/* Prepare a search of the given addresses, or of the networks (n 0), which lasts for wait_ms from now. 0, or -1 and err.
 * search_close in both cases. */
int search_open (
	struct discovery_search *search, const struct endpoint *given, size_t n, int64_t wait_ms, struct err *err);
void search_close (struct discovery_search *search);

/* Send what is due, and receive what is there: a bounded number of datagrams of each. True: there may be more to do at once. */
bool search_work (struct discovery_search *search);

/* When to call search_work at the latest, by clock_ms. The descriptors are to be polled for reading, too. */
int64_t search_time (const struct discovery_search *search);

/* Is the time over, or has every given address answered? */
bool search_is_over (const struct discovery_search *search);

#endif
