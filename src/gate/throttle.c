/* throttle - see throttle.h.
 *
 * A source is in the hash table while a handshake from there runs, or while its penalty lasts. Sources with a penalty
 * and without a handshake are also in a heap, ordered by the end of the penalty. The top of the heap leaves the table
 * when its penalty ends, or earlier when another source needs its room.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "gate/throttle.h"

enum {
	MOST_SOURCES = 65536,
	BUCKETS = 16384, /* four sources each when the table is full; a power of two */
	BUCKET_BITS = 14,
	THRESHOLD_MS = 15000, /* a source with this penalty is refused */
};

static const int64_t costs[] = {
	[THROTTLE_BAD_KEY] = 5000,
	[THROTTLE_NO_KEY] = 1000,
	[THROTTLE_LATE] = 10000,
	[THROTTLE_GARBAGE] = 5000,
	[THROTTLE_DENIED] = 1000,
};

struct throttle_source {
	struct throttle_source *next; /* in the same bucket */
	struct network network;
	int entering;
	int64_t until_ms; /* the end of the penalty; 0: none */
	bool refused; /* the penalty has reached the threshold: refused until the penalty ends */
	size_t at; /* index in the heap, from 1; 0: not in the heap */
};

struct throttle {
	struct throttle_limits limits;
	struct throttle_source *buckets[BUCKETS];
	uint64_t key[3];
	struct throttle_source *
		*heap; /* heap[1] is the top; room for all sources, so that throttle_leave cannot fail */
	size_t heap_n, heap_size, n;
	int entering;
};

/* --- the table --------------------------------------------------------------------------------------------------- */

/* Pair multiplication with a random key (strongly universal: Thorup, "High Speed Hashing for Integers and Strings",
 * 2015): without the key nobody can choose sources that collide more often than random ones. */
static size_t bucket_of (const struct throttle *throttle, const struct network *network)
{
	uint32_t high, low;

	memcpy (&high, network->bytes, sizeof high);
	memcpy (&low, network->bytes + 4, sizeof low);
	return (size_t)(((throttle->key[0] + high) * (throttle->key[1] + low) + throttle->key[2]) >>
			(64 - BUCKET_BITS));
}

static struct throttle_source **place_of (struct throttle *throttle, const struct network *network)
{
	struct throttle_source **place = &throttle->buckets[bucket_of (throttle, network)];

	while (*place && !network_equal (&(*place)->network, network))
		place = &(*place)->next;
	return place;
}

/* --- the heap ---------------------------------------------------------------------------------------------------- */

static void heap_put (struct throttle *throttle, size_t at, struct throttle_source *source)
{
	throttle->heap[at] = source;
	source->at = at;
}

/* Put the source at `at`, or further up or down where the order of the heap requires it. */
static void heap_settle (struct throttle *throttle, size_t at, struct throttle_source *source)
{
	struct throttle_source **heap = throttle->heap;

	while (at > 1 && heap[at / 2]->until_ms > source->until_ms) {
		heap_put (throttle, at, heap[at / 2]);
		at /= 2;
	}
	for (size_t child; (child = 2 * at) <= throttle->heap_n; at = child) {
		if (child < throttle->heap_n && heap[child + 1]->until_ms < heap[child]->until_ms)
			child++;
		if (heap[child]->until_ms >= source->until_ms)
			break;
		heap_put (throttle, at, heap[child]);
	}
	heap_put (throttle, at, source);
}

static void heap_add (struct throttle *throttle, struct throttle_source *source)
{
	heap_settle (throttle, ++throttle->heap_n, source);
}

static void heap_remove (struct throttle *throttle, struct throttle_source *source)
{
	size_t at = source->at;
	struct throttle_source *last = throttle->heap[throttle->heap_n--];

	source->at = 0;
	if (last != source)
		heap_settle (throttle, at, last);
}

static int heap_make_room (struct throttle *throttle)
{
	size_t size = throttle->heap_size ? throttle->heap_size * 2 : 64;
	struct throttle_source **heap;

	if (throttle->n + 1 < throttle->heap_size)
		return 0;
	if (!(heap = realloc (throttle->heap, size * sizeof *heap)))
		return -1;
	throttle->heap = heap;
	throttle->heap_size = size;
	return 0;
}

/* --- sources ------------------------------------------------------------------------------------------------------ */

static void forget (struct throttle *throttle, struct throttle_source *source)
{
	struct throttle_source **place = place_of (throttle, &source->network);

	if (source->at)
		heap_remove (throttle, source);
	*place = source->next;
	throttle->n--;
	free (source);
}

static struct throttle_source *add (struct throttle *throttle, const struct network *network)
{
	struct throttle_source *source, **bucket;

	if (throttle->n == MOST_SOURCES) {
		if (!throttle->heap_n)
			return NULL;
		forget (throttle, throttle->heap[1]);
	}
	if (heap_make_room (throttle) < 0 || !(source = calloc (1, sizeof *source)))
		return NULL;
	source->network = *network;
	bucket = &throttle->buckets[bucket_of (throttle, network)];
	source->next = *bucket;
	*bucket = source;
	throttle->n++;
	return source;
}

struct throttle *throttle_new (const struct throttle_limits *limits)
{
	struct throttle *throttle = calloc (1, sizeof *throttle);

	if (throttle && getrandom (throttle->key, sizeof throttle->key, 0) != sizeof throttle->key) {
		free (throttle);
		return NULL;
	}
	if (throttle)
		throttle->limits = *limits;
	return throttle;
}

void throttle_free (struct throttle *throttle)
{
	if (!throttle)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct throttle_source *source = throttle->buckets[i], *next; source; source = next) {
			next = source->next;
			free (source);
		}
	free (throttle->heap);
	free (throttle);
}

void throttle_set_limits (struct throttle *throttle, const struct throttle_limits *limits, int64_t now_ms)
{
	int64_t latest = now_ms + limits->penalty_ms;

	throttle->limits = *limits;
	/* The cut keeps the order of all sources, so the heap stays valid. */
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct throttle_source *source = throttle->buckets[i]; source; source = source->next)
			if (source->until_ms > latest)
				source->until_ms = latest;
}

/* How many handshakes that source may have. */
static int most_of (const struct throttle *throttle, const struct endpoint *from)
{
	const struct throttle_limits *limits = &throttle->limits;

	return endpoint_is_tunnel (from) && limits->most / 4 > limits->most_each ? limits->most / 4 : limits->most_each;
}

enum throttle_verdict throttle_enter (
	struct throttle *throttle, const struct endpoint *from, int64_t now_ms, struct throttle_source **entered)
{
	const struct throttle_limits *limits = &throttle->limits;
	struct network network;
	struct throttle_source *source;

	network_of (&network, from, 32, 64);
	while (throttle->heap_n && throttle->heap[1]->until_ms <= now_ms)
		forget (throttle, throttle->heap[1]);
	source = *place_of (throttle, &network);
	if (source && source->until_ms <= now_ms)
		source->refused = false;
	if (source && source->refused)
		return THROTTLE_PENALISED;
	if ((source ? source->entering : 0) >= most_of (throttle, from))
		return THROTTLE_CROWDED;
	if (throttle->entering >= limits->most)
		return THROTTLE_FULL;
	if (!source && !(source = add (throttle, &network)))
		return THROTTLE_FULL;
	if (source->at)
		heap_remove (throttle, source);
	source->entering++;
	throttle->entering++;
	*entered = source;
	return THROTTLE_ENTERED;
}

void throttle_leave (struct throttle *throttle, struct throttle_source *source)
{
	throttle->entering--;
	if (--source->entering > 0)
		return;
	if (source->until_ms)
		heap_add (throttle, source);
	else
		forget (throttle, source);
}

void throttle_fail (
	struct throttle *throttle, struct throttle_source *source, enum throttle_failure failure, int64_t now_ms)
{
	int64_t most = throttle->limits.penalty_ms, threshold = most < THRESHOLD_MS ? most : THRESHOLD_MS;

	if (most <= 0 || source->network.family == AF_UNIX)
		return;
	if (source->until_ms <= now_ms) {
		source->until_ms = now_ms;
		source->refused = false;
	}
	source->until_ms += costs[failure];
	if (source->until_ms > now_ms + most)
		source->until_ms = now_ms + most;
	if (source->until_ms - now_ms >= threshold)
		source->refused = true;
}

size_t throttle_penalised (const struct throttle *throttle, int64_t now_ms)
{
	size_t n = 0;

	for (size_t i = 0; i < BUCKETS; i++)
		for (const struct throttle_source *source = throttle->buckets[i]; source; source = source->next)
			n += source->refused && source->until_ms > now_ms;
	return n;
}

int throttle_entering (const struct throttle *throttle)
{
	return throttle->entering;
}
