/* gather - see gather.h. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/fanout.h"
#include "cli/gather.h"
#include "cli/say.h"

/* How much of one stream of one host is kept; the server decides how much it sends. */
#define STREAM_MAX ((uint64_t)256 * 1024 * 1024)

static struct gather *gather_of (struct view *view)
{
	return (struct gather *)view;
}

static int gather_take (struct view *view, struct member *member, bool is_err, const void *bytes, size_t n)
{
	struct gather *gather = gather_of (view);
	struct trie_stream *stream = &gather->streams[2 * member->rank + is_err];

	if (stream->length + n > STREAM_MAX) {
		complain (member->target->label,
			"the output is larger than %llu MiB, which is the most that can be kept",
			(unsigned long long)STREAM_MAX / (1024 * 1024));
		return -1;
	}
	if (trie_append (&gather->trie, stream, bytes, n) == 0)
		return 0;
	complain (member->target->label, "the output cannot be kept: %s", strerror (errno));
	return -1;
}

static const struct view_ops gather_ops = { .take = gather_take };

int gather_open (struct gather *gather, struct spool *spool, size_t n)
{
	*gather = (struct gather){ .view.ops = &gather_ops };
	trie_init (&gather->trie, spool);
	if (!(gather->streams = calloc (2 * n + 1, sizeof *gather->streams)))
		return -1;
	gather->n = n;
	for (size_t i = 0; i < 2 * n; i++)
		trie_stream_init (&gather->streams[i], &gather->trie);
	return 0;
}

void gather_close (struct gather *gather)
{
	trie_free (&gather->trie);
	free (gather->streams);
	*gather = (struct gather){ .n = 0 };
}

const struct trie_stream *gather_bytes (const struct gather *gather, size_t rank, bool is_err)
{
	return &gather->streams[2 * rank + is_err];
}
