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
	bool has_roots; /* the attachment says which roots bind the caller: */
	bool bound; /* those in the list; false: none do, and the caller may reach everything */
	struct remex_root *items; /* the paths are owned */
	const struct remex_root **roots; /* the same, as a list that ends with NULL */
	size_t n_roots;
};

/* Read it; n 0: there is none. 0, or -1 and err (with a code); context_free
 * frees also after a failure. */
int context_read (struct context *context, const char *text, size_t n, struct err *err);
void context_free (struct context *context);

#endif
