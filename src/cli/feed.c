/* feed - see feed.h. */
#include "config.h"

#include <errno.h>

#include "cli/feed.h"

/* Bytes that are read or sent at once. */
enum { CHUNK = 64 * 1024 };

void feed_open (struct feed *feed, struct input *input, struct spool *spool, size_t n)
{
	*feed = (struct feed){ .input = input, .spool = spool, .coming = n };
	spooled_init (&feed->bytes, spool);
	list_init (&feed->taps);
	feed->error = input->error;
	if (!feed->error && input->first && spooled_append (&feed->bytes, input->bytes, input->first) < 0)
		feed->error = errno;
	feed->ended = !input->open;
}

void feed_close (struct feed *feed)
{
	if (feed->spool)
		spooled_free (&feed->bytes);
}

/* How many bytes may be read now. */
static uint64_t room (const struct feed *feed)
{
	uint64_t slowest = feed->bytes.end;
	const struct tap *tap;

	if (feed->ended || feed->error || list_empty (&feed->taps))
		return 0;
	list_each (tap, &feed->taps, node)
		if (tap->at < slowest)
			slowest = tap->at;
	return feed->bytes.end - slowest < FEED_AHEAD ? FEED_AHEAD - (feed->bytes.end - slowest) : 0;
}

/* Drop what every call has sent. */
static void drop (struct feed *feed)
{
	uint64_t slowest = feed->bytes.end;
	const struct tap *tap;

	if (feed->coming)
		return;
	list_each (tap, &feed->taps, node)
		if (tap->at < slowest)
			slowest = tap->at;
	spooled_drop (&feed->bytes, slowest);
}

bool feed_read (struct feed *feed)
{
	uint64_t most = room (feed);
	size_t got;

	if (!most)
		return false;
	got = input_read (feed->input, most < CHUNK ? (size_t)most : CHUNK);
	if (got && spooled_append (&feed->bytes, feed->input->bytes, got) < 0)
		feed->error = errno;
	if (feed->input->error)
		feed->error = feed->input->error;
	feed->ended = !feed->input->open;
	return got > 0 || feed->ended;
}

int feed_waits_on (const struct feed *feed)
{
	return room (feed) ? feed->input->from.fd : -1;
}

void tap_open (struct tap *tap, struct feed *feed)
{
	*tap = (struct tap){ .feed = feed };
	list_append (&feed->taps, &tap->node);
	feed->coming--;
}

void tap_close (struct tap *tap)
{
	if (!tap->feed)
		return;
	list_remove (&tap->node);
	drop (tap->feed);
	tap->feed = NULL;
}

void feed_skip (struct feed *feed)
{
	feed->coming--;
	drop (feed);
}

long tap_read (struct tap *tap, void *bytes, size_t n)
{
	struct feed *feed = tap->feed;
	ssize_t got = 0;

	if (!feed->error && tap->at < feed->bytes.end)
		got = spooled_read (&feed->bytes, tap->at, bytes, n);
	if (got > 0)
		tap->at += (uint64_t)got;
	drop (feed);
	return (long)got;
}

bool tap_is_through (const struct tap *tap)
{
	return !tap->feed->error && tap->feed->ended && tap->at == tap->feed->bytes.end;
}

int tap_send (struct tap *tap, struct remex_request *request)
{
	struct feed *feed = tap->feed;
	uint8_t bytes[CHUNK];
	size_t credit;

	while (!feed->error && !tap->ended && tap->at < feed->bytes.end && (credit = remex_credit (request)) > 0) {
		ssize_t got = spooled_read (&feed->bytes, tap->at, bytes, credit < CHUNK ? credit : CHUNK);

		if (got <= 0 || remex_send (request, bytes, (size_t)got) != (long)got) {
			tap->ended = true;
			return -1;
		}
		tap->at += (uint64_t)got;
	}
	if (!feed->error && !tap->ended && feed->ended && tap->at == feed->bytes.end) {
		tap->ended = true;
		if (remex_end (request) < 0 && errno != EPIPE) /* EPIPE: REMEX_ENDED comes later */
			return -1;
	}
	drop (feed);
	return 0;
}
