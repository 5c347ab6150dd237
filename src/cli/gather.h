/* gather - a view: stdout and stderr of every host are kept, apart, and shown at the end (coalesce.h, JSON).
 *
 * Bytes that hosts have in common are kept once, while they come (trie.h): the memory is that of the distinct outputs,
 * and beyond the maximum of the spool (spool.h) a file is used.
 */
#ifndef REMEX_CLI_GATHER_H
#define REMEX_CLI_GATHER_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/spool.h"
#include "cli/trie.h"
#include "cli/view.h"

struct gather {
	struct view view;
	struct trie trie;
	struct trie_stream *streams; /* 2 n of them: stdout and stderr by rank */
	size_t n;
};

/* For n hosts. 0, or -1 with errno. Then gather_close, in both cases. */
int gather_open (struct gather *gather, struct spool *spool, size_t n);
void gather_close (struct gather *gather);

/* The output that the host of that rank has sent. */
const struct trie_stream *gather_bytes (const struct gather *gather, size_t rank, bool is_err);

#endif
