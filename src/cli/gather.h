/* gather - a view: stdout and stderr of every host are kept, apart, for those who show them at the end (coalesce.h, JSON).
 *
 * What is kept goes to a spool (spool.h). When a host is over and another one has sent the same bytes, only one copy
 * stays: the memory is that of the hosts that run and of the distinct outputs, and beyond the spool's maximum a file.
 */
#ifndef REMEX_CLI_GATHER_H
#define REMEX_CLI_GATHER_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/spool.h"
#include "cli/view.h"
#include "files/digest.h"

struct gather_stream;

struct gather {
	struct view view;
	struct spool *spool;
	struct gather_stream *streams; /* 2 n of them: stdout and stderr by rank */
	size_t n;
	void *distinct; /* tsearch(3): streams by their sums */
};

/* For n hosts. 0, or -1 with errno. Then gather_close, in both cases. */
int gather_open (struct gather *gather, struct spool *spool, size_t n);
void gather_close (struct gather *gather);

/* What the host of that rank has sent; its SHA-256, in digits, after its end ("" for nothing). */
const struct spooled *gather_bytes (const struct gather *gather, size_t rank, bool is_err);
const char *gather_sum (const struct gather *gather, size_t rank, bool is_err);

#endif
