/* item_fixture - items and sums for tests that write a stream of files by hand. */
#ifndef REMEX_TESTS_FILES_ITEM_FIXTURE_H
#define REMEX_TESTS_FILES_ITEM_FIXTURE_H

#include <string.h>

#include "files/item.h"

/* An item of that kind, valid until the next call. */
static inline struct item *make (enum item_kind kind, const char *name, int64_t source)
{
	static struct item item;

	item_init (&item, kind);
	strcpy (item.name, name);
	item.source = source;
	return &item;
}

static inline void sum_of (const char *text, char sum[DIGEST_TEXT])
{
	struct digest *digest = digest_new (DIGEST_SHA256);

	digest_add (digest, text, strlen (text));
	digest_text (digest, sum);
	digest_free (digest);
}

#endif
