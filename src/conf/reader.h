/* reader - a tree (tree.h) walked along a table of keys (schema.h): each value is checked and put where the table says.
 * The defaults go the same way, as text, before the file does.
 *
 * The types that every table can use are here. A file's own types call these functions for their words, so that a
 * mistake reads the same wherever it is.
 */
#ifndef REMEX_CONF_READER_H
#define REMEX_CONF_READER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "conf/schema.h"
#include "conf/tree.h"

enum { READER_SHOWN = 160 }; /* how many bytes of a value a message shows */

struct reader {
	const struct schema *schema;
	const char *file; /* its name, for messages */
	const struct conf_node *tree;
	void *target; /* the struct that the table's offsets are into */
	struct err *err;
};

extern const struct schema_type schema_integer; /* int */
extern const struct schema_type schema_size; /* int64_t, bytes */
extern const struct schema_type schema_time; /* int64_t, milliseconds */
extern const struct schema_type schema_user; /* char *, of the struct */
extern const struct schema_type schema_path; /* char *, of the struct; absolute */

/* The defaults, then the file. 0, or -1 and err; what was put into the target so far is the caller's to free. */
int reader_read (struct reader *reader);

/* All of these return -1, with the place of the node in front of the words.
 * reader_fail_value: the value of `path` must be `expected`, and is what it is. reader_fail_type: as the key's type has
 * it. reader_fail_each: the same for one of a list. */
int reader_fail (struct reader *reader, const struct conf_node *node, const char *fmt, ...)
	__attribute__ ((format (printf, 3, 4)));
int reader_fail_value (struct reader *reader, const struct conf_node *node, const char *path, const char *expected);
int reader_fail_type (struct reader *reader, const struct schema_key *key, const struct conf_node *node);
int reader_fail_each (struct reader *reader, const struct schema_key *key, const struct conf_node *node);
int reader_fail_memory (struct reader *reader);

/* What the node is, for the end of "must be …, not". Returns out, or a constant. */
const char *reader_show (const struct conf_node *node, char out[READER_SHOWN]);

/* Is that a scalar with something in it, without control characters? */
bool reader_is_word (const struct conf_node *node);

/* A copy of `word` into *to, in place of what is there. */
int reader_copy (struct reader *reader, const char *word, char **to);

#endif
