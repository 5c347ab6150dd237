/* context - what the front tells a verb beside its arguments, in the attachment of REC_CALL (wire/records.h): remexd's
 * counters, and which files the caller may reach.
 */
#ifndef REMEX_WORKER_CONTEXT_H
#define REMEX_WORKER_CONTEXT_H

#include <remex/plugin.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct context {
	char *facts; /* JSON; NULL: none came */
	bool has_roots; /* it was said which bind the caller: */
	bool bound; /* some do; false: none, it may reach everything */
	struct remex_root *items; /* the paths are owned */
	const struct remex_root **roots; /* the same, as a list that ends with NULL */
	size_t n_roots;
};

/* Read it; n 0: there is none. What it does not say reads as nothing said. 0, or -1 and err (with a code); context_free
 * frees also after a failure. */
int context_read (struct context *context, const char *text, size_t n, struct err *err);
void context_free (struct context *context);

#endif
