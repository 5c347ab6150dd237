/* attachment - what the front tells a verb beside its arguments (REC_CALL of wire/records.h): remexd's counters, and which
 * files the caller may reach.
 */
#ifndef REMEX_WORKER_ATTACHMENT_H
#define REMEX_WORKER_ATTACHMENT_H

#include <remex/plugin.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct attachment {
	char *facts; /* JSON; NULL: none came */
	bool has_roots; /* it was said which bind the caller: */
	bool bound; /* some do; false: none, it may reach everything */
	struct remex_root *items; /* the paths are owned */
	const struct remex_root **roots; /* the same, as a list that ends with NULL */
	size_t n_roots;
};

/* Read it; n 0: there is none. What it does not say reads as nothing said. 0, or -1 and err (with a code); attachment_free
 * frees also after a failure. */
int attachment_read (struct attachment *attachment, const char *text, size_t n, struct err *err);
void attachment_free (struct attachment *attachment);

#endif
