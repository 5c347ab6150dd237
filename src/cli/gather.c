/* gather - see gather.h. */
#include "config.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "cli/fanout.h"
#include "cli/gather.h"
#include "cli/say.h"

/* How much of one stream of one host is kept; the server decides how much it sends. */
#define STREAM_MAX ((uint64_t)256 * 1024 * 1024)

struct gather_stream {
	struct spooled own;
	const struct gather_stream *same; /* another stream has the bytes; NULL: `own` has */
	struct digest *digest; /* while the host runs */
	char sum[DIGEST_TEXT];
};

static struct gather *gather_of (struct view *view)
{
	return (struct gather *)view;
}

static struct gather_stream *stream_of (const struct gather *gather, size_t rank, bool is_err)
{
	return &gather->streams[2 * rank + is_err];
}

static int by_sum (const void *a, const void *b)
{
	return strcmp (((const struct gather_stream *)a)->sum, ((const struct gather_stream *)b)->sum);
}

static int gather_take (struct view *view, struct member *member, bool is_err, const void *bytes, size_t n)
{
	struct gather_stream *stream = stream_of (gather_of (view), member->rank, is_err);

	if (!n)
		return 0; /* nothing has no sum */
	if (spooled_len (&stream->own) + n > STREAM_MAX) {
		complain (member->target->label,
			"the output is larger than %llu MiB, which is the most that can be kept",
			(unsigned long long)STREAM_MAX / (1024 * 1024));
		return -1;
	}
	if ((!stream->digest && !(stream->digest = digest_new ())) || spooled_append (&stream->own, bytes, n) < 0) {
		complain (member->target->label, "the output cannot be kept: %s", strerror (errno));
		return -1;
	}
	digest_add (stream->digest, bytes, n);
	return 0;
}

/* The stream is complete: keep it, or only the other one with the same bytes. */
static void settle (struct gather *gather, struct gather_stream *stream)
{
	struct gather_stream *const *found;

	if (!stream->digest)
		return;
	digest_text (stream->digest, stream->sum);
	digest_free (stream->digest);
	stream->digest = NULL;
	if (!(found = tsearch (stream, &gather->distinct, by_sum)) || *found == stream)
		return;
	stream->same = *found;
	spooled_free (&stream->own);
}

static void gather_ended (struct view *view, struct member *member)
{
	for (int i = 0; i < 2; i++)
		settle (gather_of (view), stream_of (gather_of (view), member->rank, i));
}

static const struct view_ops gather_ops = { .take = gather_take, .ended = gather_ended };

int gather_open (struct gather *gather, struct spool *spool, size_t n)
{
	*gather = (struct gather){ .view.ops = &gather_ops, .spool = spool };
	if (!(gather->streams = calloc (2 * n + 1, sizeof *gather->streams)))
		return -1;
	gather->n = n;
	for (size_t i = 0; i < 2 * n; i++)
		spooled_init (&gather->streams[i].own, spool);
	return 0;
}

static void leave (void *stream)
{
	(void)stream; /* it belongs to gather->streams */
}

void gather_close (struct gather *gather)
{
	tdestroy (gather->distinct, leave);
	for (size_t i = 0; i < 2 * gather->n; i++) {
		digest_free (gather->streams[i].digest);
		spooled_free (&gather->streams[i].own);
	}
	free (gather->streams);
	*gather = (struct gather){ .n = 0 };
}

const struct spooled *gather_bytes (const struct gather *gather, size_t rank, bool is_err)
{
	const struct gather_stream *stream = stream_of (gather, rank, is_err);

	return stream->same ? &stream->same->own : &stream->own;
}

const char *gather_sum (const struct gather *gather, size_t rank, bool is_err)
{
	return stream_of (gather, rank, is_err)->sum;
}
