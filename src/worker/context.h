/* context - the facts that the front gives to a verb besides its arguments, in the attachment of REC_CALL
 * (wire/records.h): remexd's counters, the roots of the caller, and the limits of the request.
 */
#ifndef REMEX_WORKER_CONTEXT_H
#define REMEX_WORKER_CONTEXT_H

#include <remex/plugin.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "wire/call_limits.h"

struct context {
	char *facts; /* JSON; NULL: not in the attachment */
	bool has_roots; /* the attachment has the caller's roots: */
	bool bound; /* the roots in the list bind the caller; false: none do, and the caller may reach everything */
	struct remex_root *items; /* the paths are owned */
	const struct remex_root **roots; /* the same, as a list that ends with NULL */
	size_t n_roots;
	struct call_limits
		limits; /* the strictest of the call, its caller and the configuration; not deadline and idle */
};

/* Read the attachment; n 0: there is none. 0, or -1 and err (with a code); context_free frees also after a failure. */
int context_read (struct context *context, const char *text, size_t n, struct err *err);
void context_free (struct context *context);

#endif
