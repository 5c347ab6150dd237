/* query_rate - how many answers to queries of discovery a source gets, and all sources together. Pure: no socket, no clock of
 * its own.
 *
 * A source is an IPv4 address, or the first 64 bits of an IPv6 address; a link-local address of IPv6 (fe80::/10) counts
 * whole, because all neighbours share its first 64 bits. The memory is fixed: a new source takes the place of the one that has
 * been silent longest among four. A flood from invented addresses so gets as many answers as all sources together, and not
 * more.
 */
#ifndef REMEX_GATE_QUERY_RATE_H
#define REMEX_GATE_QUERY_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/token_bucket.h"
#include "net/endpoint.h"

enum {
	QUERY_BURST = 16, /* answers in a row to one source: a search sends three times, in two groups of IPv4 */
	QUERY_PERIOD_MS = 500, /* and one more in this time */
	QUERY_BURST_ALL = 256, /* the same for all sources */
	QUERY_PERIOD_ALL_MS = 10,
	QUERY_SETS = 256, /* a power of two */
	QUERY_WAYS = 4,
};

struct query_rate {
	uint64_t key[3]; /* of the hash: random, so that nobody can choose addresses that displace a certain source */
	struct token_bucket all;
	struct query_source {
		struct network network; /* family 0: the place is free */
		struct token_bucket bucket;
	} sources[QUERY_SETS][QUERY_WAYS];
};

/* 0; -1 with errno: no random numbers. */
int query_rate_init (struct query_rate *rate);

/* May that source get an answer now? true: it is counted. */
bool query_rate_take (struct query_rate *rate, const struct endpoint *from, int64_t now_ms);

#endif
