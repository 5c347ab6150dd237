/* trie - streams of bytes that come side by side, many of which are equal, or begin in the same way: bytes that streams
 * have in common are kept once. The memory is that of the distinct bytes, whatever the number of streams is.
 *
 * A node has the bytes, from some offset on, of the stream that came first. The bytes of other streams are compared
 * with them as they come. Where a stream differs, it continues in another node, which begins there. So a node and an
 * offset stand for one sequence of bytes, and two streams are equal if they end at the same place. The bytes are in a
 * spool (spool.h).
 */
#ifndef REMEX_CLI_TRIE_H
#define REMEX_CLI_TRIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cli/spool.h"

struct trie_node;

struct trie {
	struct spool *spool;
	struct trie_node *nodes; /* all of them, the last one first */
	unsigned n;
	void *branches; /* tsearch(3): the nodes by the place where they begin, and their first byte */
};

/* The first `length` bytes on the way from the beginning to this node. */
struct trie_stream {
	const struct trie *trie;
	struct trie_node *node; /* NULL: it has no bytes */
	uint64_t length;
};

void trie_init (struct trie *trie, struct spool *spool);

/* The streams end with it. */
void trie_free (struct trie *trie);

/* A stream without bytes. It belongs to the caller, and there is nothing to free. */
void trie_stream_init (struct trie_stream *stream, const struct trie *trie);

/* Append: 0, or -1 with errno (ENOMEM, or of the spool). */
int trie_append (struct trie *trie, struct trie_stream *stream, const void *bytes, size_t n);

/* Read at most n bytes from the offset `at`. Returns how many; 0 at the end; -1 with errno. */
ssize_t trie_read (const struct trie_stream *stream, uint64_t at, void *bytes, size_t n);

/* A word that is the same for equal streams of this trie, and different for others; "" for a stream without bytes. */
enum { TRIE_NAME = 48 };
char *trie_name (const struct trie_stream *stream, char name[TRIE_NAME]);

/* A stream line by line. The struct holds one piece of the stream in memory. */
struct trie_lines {
	const struct trie_stream *stream;
	uint64_t at; /* of the bytes behind the buffer */
	uint8_t *bytes; /* the buffer: `n` bytes, of which `used` were returned */
	size_t n, used, size;
	int error; /* errno: it could not be read */
};

void trie_lines_init (struct trie_lines *lines, const struct trie_stream *stream);
void trie_lines_free (struct trie_lines *lines);

/* The next line with its newline, valid until the next call; a line of more than TRIE_LINE bytes comes in pieces.
 * NULL: the end, or `error`. */
enum { TRIE_LINE = 64 * 1024 };
const uint8_t *trie_lines_next (struct trie_lines *lines, size_t *n);

#endif
