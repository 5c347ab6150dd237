/* query_rate - see query_rate.h. */
#include "config.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/random.h>

#include "gate/query_rate.h"

static const struct token_rate each = { QUERY_BURST, QUERY_PERIOD_MS }, all = { QUERY_BURST_ALL, QUERY_PERIOD_ALL_MS };

int query_rate_init (struct query_rate *rate)
{
	memset (rate, 0, sizeof *rate);
	return getrandom (rate->key, sizeof rate->key, 0) == sizeof rate->key ? 0 : -1;
}

static void find_network (struct network *network, const struct endpoint *from)
{
	const struct in6_addr *address = &((const struct sockaddr_in6 *)&from->address)->sin6_addr;
	bool link_local = from->address.ss_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL (address);

	network_of (network, from, 32, link_local ? 128 : 64);
}

/* Pair multiplication with a random key (throttle.c). Of a link-local address the last 64 bits differ. */
static struct query_source *find_set (struct query_rate *rate, const struct network *network)
{
	uint32_t words[4];
	uint64_t hash;

	memcpy (words, network->bytes, sizeof words);
	hash = (rate->key[0] + (words[0] ^ words[2])) * (rate->key[1] + (words[1] ^ words[3])) + rate->key[2];
	return rate->sources[(hash >> 32) % QUERY_SETS];
}

static struct query_source *find_source (struct query_rate *rate, const struct endpoint *from)
{
	struct query_source *set, *oldest;
	struct network network;

	find_network (&network, from);
	oldest = set = find_set (rate, &network);
	for (int i = 0; i < QUERY_WAYS; i++) {
		if (network_equal (&set[i].network, &network))
			return &set[i];
		if (set[i].bucket.since_ms < oldest->bucket.since_ms)
			oldest = &set[i];
	}
	*oldest = (struct query_source){ .network = network };
	return oldest;
}

bool query_rate_take (struct query_rate *rate, const struct endpoint *from, int64_t now_ms)
{
	struct query_source *source = find_source (rate, from);

	if (!token_bucket_refill (&source->bucket, &each, now_ms) || !token_bucket_refill (&rate->all, &all, now_ms))
		return false;
	token_bucket_spend (&source->bucket, &each);
	token_bucket_spend (&rate->all, &all);
	return true;
}
