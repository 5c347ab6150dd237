/* trie - see trie.h. */
#include "config.h"

#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/trie.h"

enum { CHUNK = 16 * 1024 }; /* bytes that are compared at once */

struct trie_node {
	struct trie_node *next; /* of all */
	const struct trie_node *parent; /* NULL: it begins at the beginning */
	uint64_t start; /* its offset in every stream that comes here */
	uint8_t first; /* its first byte, which differs from the parent's byte there */
	struct spooled bytes;
	unsigned number;
};

static int by_place (const void *a, const void *b)
{
	const struct trie_node *one = a, *other = b;

	if (one->parent != other->parent)
		return (uintptr_t)one->parent < (uintptr_t)other->parent ? -1 : 1;
	if (one->start != other->start)
		return one->start < other->start ? -1 : 1;
	return one->first - other->first;
}

void trie_init (struct trie *trie, struct spool *spool)
{
	*trie = (struct trie){ .spool = spool };
}

static void leave (void *node)
{
	(void)node; /* it is in the list, too */
}

void trie_free (struct trie *trie)
{
	struct trie_node *node, *next;

	tdestroy (trie->branches, leave);
	for (node = trie->nodes; node; node = next) {
		next = node->next;
		spooled_free (&node->bytes);
		free (node);
	}
	*trie = (struct trie){ .spool = trie->spool };
}

void trie_stream_init (struct trie_stream *stream, const struct trie *trie)
{
	*stream = (struct trie_stream){ .trie = trie };
}

static uint64_t end_of (const struct trie_node *node)
{
	return node->start + node->bytes.end;
}

/* The node that leaves `parent` at that offset with that byte; a new one, without bytes, where there is none. NULL with
 * errno. */
static struct trie_node *branch (struct trie *trie, const struct trie_node *parent, uint64_t at, uint8_t first)
{
	const struct trie_node key = { .parent = parent, .start = at, .first = first };
	struct trie_node *const *found = tfind (&key, &trie->branches, by_place);
	struct trie_node *node;

	if (found)
		return *found;
	if (!(node = malloc (sizeof *node)))
		return NULL;
	*node = key;
	spooled_init (&node->bytes, trie->spool);
	node->number = trie->n;
	if (!tsearch (node, &trie->branches, by_place)) {
		free (node);
		errno = ENOMEM;
		return NULL;
	}
	trie->n++;
	node->next = trie->nodes;
	trie->nodes = node;
	return node;
}

static size_t common (const uint8_t *a, const uint8_t *b, size_t n)
{
	size_t same = 0;

	if (!memcmp (a, b, n))
		return n;
	while (a[same] == b[same])
		same++;
	return same;
}

/* Compare the bytes with those of the node. Returns how many are equal; -1 with errno. */
static ssize_t follow (struct trie_stream *stream, const uint8_t *bytes, size_t n)
{
	const struct trie_node *node = stream->node;
	uint8_t chunk[CHUNK];
	ssize_t got = spooled_read (&node->bytes, stream->length - node->start, chunk, n < CHUNK ? n : CHUNK);
	size_t same;

	if (got < 0)
		return -1;
	same = common (chunk, bytes, (size_t)got);
	stream->length += same;
	return (ssize_t)same;
}

int trie_append (struct trie *trie, struct trie_stream *stream, const void *bytes, size_t n)
{
	const uint8_t *from = bytes;

	while (n > 0) {
		struct trie_node *node = stream->node;
		ssize_t same = 0;

		if (node && stream->length == end_of (node)) {
			if (spooled_append (&node->bytes, from, n) < 0)
				return -1;
			stream->length += n;
			return 0;
		}
		if (node && (same = follow (stream, from, n)) < 0)
			return -1;
		from += same;
		n -= (size_t)same;
		if (!same && !(stream->node = branch (trie, node, stream->length, *from))) {
			stream->node = node;
			return -1;
		}
	}
	return 0;
}

ssize_t trie_read (const struct trie_stream *stream, uint64_t at, void *bytes, size_t n)
{
	const struct trie_node *node = stream->node;
	uint64_t end = stream->length;

	if (at >= end)
		return 0;
	for (; at < node->start; node = node->parent)
		end = node->start;
	if (n > end - at)
		n = (size_t)(end - at);
	return spooled_read (&node->bytes, at - node->start, bytes, n);
}

char *trie_name (const struct trie_stream *stream, char name[TRIE_NAME])
{
	*name = '\0';
	if (stream->length)
		snprintf (name, TRIE_NAME, "%u.%llu", stream->node->number, (unsigned long long)stream->length);
	return name;
}

/* --- lines ------------------------------------------------------------------------------------------------------- */

void trie_lines_init (struct trie_lines *lines, const struct trie_stream *stream)
{
	*lines = (struct trie_lines){ .stream = stream };
}

void trie_lines_free (struct trie_lines *lines)
{
	free (lines->bytes);
	lines->bytes = NULL;
}

/* Read more behind what is in the buffer. False: there is no more, or `error`. */
static bool fill (struct trie_lines *lines)
{
	ssize_t got;

	if (lines->used)
		memmove (lines->bytes, lines->bytes + lines->used, lines->n - lines->used);
	lines->n -= lines->used;
	lines->used = 0;
	if (lines->n == lines->size) {
		size_t size = lines->size ? 2 * lines->size : 4096;
		uint8_t *bytes = realloc (lines->bytes, size);

		if (!bytes) {
			lines->error = errno;
			return false;
		}
		lines->bytes = bytes;
		lines->size = size;
	}
	got = trie_read (lines->stream, lines->at, lines->bytes + lines->n, lines->size - lines->n);
	if (got < 0)
		lines->error = errno;
	if (got <= 0)
		return false;
	lines->n += (size_t)got;
	lines->at += (uint64_t)got;
	return true;
}

const uint8_t *trie_lines_next (struct trie_lines *lines, size_t *n)
{
	size_t seen = 0;

	for (;;) {
		const uint8_t *start = lines->bytes ? lines->bytes + lines->used : NULL, *newline = NULL;
		size_t left = lines->n - lines->used;

		if (left > seen)
			newline = memchr (start + seen, '\n', left - seen);
		if (newline || left >= TRIE_LINE) {
			*n = newline ? (size_t)(newline - start) + 1 : TRIE_LINE;
			break;
		}
		seen = left;
		if (!fill (lines)) {
			*n = lines->n - lines->used;
			if (!*n || lines->error)
				return NULL;
			break;
		}
	}
	lines->used += *n;
	return lines->bytes + lines->used - *n;
}
