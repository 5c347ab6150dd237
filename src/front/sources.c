/* sources - see sources.h.
 *
 * A source is in a hash table as long as it is worth knowing: while a connection from there is on its way in, or a
 * penalty lasts. Those with a penalty and no connection are also in a heap, the one whose penalty ends first on top: it
 * leaves when its time has come, or earlier when another needs its room.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "front/sources.h"

enum {
	MOST_SOURCES = 65536,
	BUCKETS = 16384, /* four sources each when it is full; a power of two */
	BUCKET_BITS = 14,
	EARLY_PERCENT = 30, /* from a quarter of the maximum, rising to 100 at the maximum */
	THRESHOLD_MS = 15000, /* so much penalty, and the source is refused */
};

static const int64_t costs[] = {
	[SOURCE_BAD_KEY] = 5000,
	[SOURCE_NO_KEY] = 1000,
	[SOURCE_LATE] = 10000,
	[SOURCE_GARBAGE] = 5000,
	[SOURCE_DENIED] = 1000,
};

struct source {
	struct source *next; /* in its bucket */
	struct network network;
	int entering;
	int64_t until_ms; /* when its penalty is over; 0: it has none */
	bool refused; /* the penalty has reached the threshold: nothing is heard until it is over */
	size_t at; /* in the heap, from 1; 0: not there */
};

struct sources {
	struct source_limits limits;
	struct source *buckets[BUCKETS];
	uint64_t key[3];
	struct source **heap; /* heap[1] is the top; as much room as there are sources, so that leaving cannot fail */
	size_t heap_n, heap_size, n;
	int entering;
};

/* --- the table --------------------------------------------------------------------------------------------------- */

/* Multiplication by pairs with a random key (strongly universal: Thorup, "High Speed Hashing for Integers and Strings",
 * 2015): who does not know the key cannot find sources that meet in one bucket more often than chance has it. */
static size_t bucket_of (const struct sources *sources, const struct network *network)
{
	uint32_t high, low;

	memcpy (&high, network->bytes, sizeof high);
	memcpy (&low, network->bytes + 4, sizeof low);
	return (size_t)(((sources->key[0] + high) * (sources->key[1] + low) + sources->key[2]) >> (64 - BUCKET_BITS));
}

static struct source **place_of (struct sources *sources, const struct network *network)
{
	struct source **place = &sources->buckets[bucket_of (sources, network)];

	while (*place && !network_equal (&(*place)->network, network))
		place = &(*place)->next;
	return place;
}

/* --- the heap ---------------------------------------------------------------------------------------------------- */

static void heap_put (struct sources *sources, size_t at, struct source *source)
{
	sources->heap[at] = source;
	source->at = at;
}

/* Move what belongs at `at` or below or above it to its place. */
static void heap_settle (struct sources *sources, size_t at, struct source *source)
{
	struct source **heap = sources->heap;

	while (at > 1 && heap[at / 2]->until_ms > source->until_ms) {
		heap_put (sources, at, heap[at / 2]);
		at /= 2;
	}
	for (size_t child; (child = 2 * at) <= sources->heap_n; at = child) {
		if (child < sources->heap_n && heap[child + 1]->until_ms < heap[child]->until_ms)
			child++;
		if (heap[child]->until_ms >= source->until_ms)
			break;
		heap_put (sources, at, heap[child]);
	}
	heap_put (sources, at, source);
}

static void heap_add (struct sources *sources, struct source *source)
{
	heap_settle (sources, ++sources->heap_n, source);
}

static void heap_remove (struct sources *sources, struct source *source)
{
	size_t at = source->at;
	struct source *last = sources->heap[sources->heap_n--];

	source->at = 0;
	if (last != source)
		heap_settle (sources, at, last);
}

static int heap_make_room (struct sources *sources)
{
	size_t size = sources->heap_size ? sources->heap_size * 2 : 64;
	struct source **heap;

	if (sources->n + 1 < sources->heap_size)
		return 0;
	if (!(heap = realloc (sources->heap, size * sizeof *heap)))
		return -1;
	sources->heap = heap;
	sources->heap_size = size;
	return 0;
}

/* --- coming and going -------------------------------------------------------------------------------------------- */

static void forget (struct sources *sources, struct source *source)
{
	struct source **place = place_of (sources, &source->network);

	if (source->at)
		heap_remove (sources, source);
	*place = source->next;
	sources->n--;
	free (source);
}

static struct source *add (struct sources *sources, const struct network *network)
{
	struct source *source, **bucket;

	if (sources->n == MOST_SOURCES) {
		if (!sources->heap_n)
			return NULL;
		forget (sources, sources->heap[1]);
	}
	if (heap_make_room (sources) < 0 || !(source = calloc (1, sizeof *source)))
		return NULL;
	source->network = *network;
	bucket = &sources->buckets[bucket_of (sources, network)];
	source->next = *bucket;
	*bucket = source;
	sources->n++;
	return source;
}

struct sources *sources_new (const struct source_limits *limits)
{
	struct sources *sources = calloc (1, sizeof *sources);

	if (sources && getrandom (sources->key, sizeof sources->key, 0) != sizeof sources->key) {
		free (sources);
		return NULL;
	}
	if (sources)
		sources->limits = *limits;
	return sources;
}

void sources_free (struct sources *sources)
{
	if (!sources)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct source *source = sources->buckets[i], *next; source; source = next) {
			next = source->next;
			free (source);
		}
	free (sources->heap);
	free (sources);
}

void sources_set_limits (struct sources *sources, const struct source_limits *limits, int64_t now_ms)
{
	int64_t latest = now_ms + limits->penalty_ms;

	sources->limits = *limits;
	/* All are moved alike, so the heap stays one. */
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct source *source = sources->buckets[i]; source; source = source->next)
			if (source->until_ms > latest)
				source->until_ms = latest;
}

/* Is another one, when n are on their way in, dropped early? The share that is rises from EARLY_PERCENT at a quarter of
 * the maximum to everything at the maximum. */
static bool unlucky (int n, int most, uint32_t dice)
{
	int early = most / 4 + (most % 4 != 0);
	double share = (double)EARLY_PERCENT / 100;

	if (n < early || n >= most)
		return n >= most;
	share += (1 - share) * (n - early) / (most - early);
	return dice < share * 4294967296.0;
}

enum source_verdict sources_enter (
	struct sources *sources, const struct endpoint *from, int64_t now_ms, uint32_t dice, struct source **entered)
{
	const struct source_limits *limits = &sources->limits;
	struct network network;
	struct source *source;

	network_of (&network, from, 32, 64);
	while (sources->heap_n && sources->heap[1]->until_ms <= now_ms)
		forget (sources, sources->heap[1]);
	source = *place_of (sources, &network);
	if (source && source->until_ms <= now_ms)
		source->refused = false;
	if (source && source->refused)
		return SOURCE_PENALISED;
	if ((source ? source->entering : 0) >= limits->most_each)
		return SOURCE_CROWDED;
	if (unlucky (sources->entering, limits->most, dice))
		return SOURCE_FULL;
	if (!source && !(source = add (sources, &network)))
		return SOURCE_FULL;
	if (source->at)
		heap_remove (sources, source);
	source->entering++;
	sources->entering++;
	*entered = source;
	return SOURCE_WELCOME;
}

void source_leave (struct sources *sources, struct source *source)
{
	sources->entering--;
	if (--source->entering > 0)
		return;
	if (source->until_ms)
		heap_add (sources, source);
	else
		forget (sources, source);
}

void source_fail (struct sources *sources, struct source *source, enum source_failure failure, int64_t now_ms)
{
	int64_t most = sources->limits.penalty_ms, threshold = most < THRESHOLD_MS ? most : THRESHOLD_MS;

	if (most <= 0)
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

size_t sources_penalised (const struct sources *sources, int64_t now_ms)
{
	size_t n = 0;

	for (size_t i = 0; i < BUCKETS; i++)
		for (const struct source *source = sources->buckets[i]; source; source = source->next)
			n += source->refused && source->until_ms > now_ms;
	return n;
}

int sources_entering (const struct sources *sources)
{
	return sources->entering;
}
