/* reader - reads a tree (tree.h) by a table of keys (schema.h): each value is checked and stored where the table says.
 * The defaults, as text, are read in the same way before the file.
 *
 * The types that every table can use are here. The types of a single file call these functions for their messages, so
 * that a mistake has the same message everywhere.
 */
#ifndef REMEX_CONF_READER_H
#define REMEX_CONF_READER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "conf/schema.h"
#include "conf/tree.h"

enum { READER_SHOWN = 160 }; /* bytes of a value in a message */

struct reader {
	const struct schema *schema;
	const char *file; /* its name, for messages */
	const struct conf_node *tree;
	void *target; /* the struct for the table's offsets */
	struct err *err;
};

extern const struct schema_type schema_boolean; /* bool */
extern const struct schema_type schema_integer; /* int */
extern const struct schema_type schema_count; /* int64_t */
extern const struct schema_type schema_size; /* int64_t, bytes */
extern const struct schema_type schema_time; /* int64_t, milliseconds */
extern const struct schema_type schema_user; /* char *, of the struct */
extern const struct schema_type schema_path; /* char *, of the struct; absolute */

/* The row of a table of keys for a row of CALL_LIMIT_TABLE (wire/call_limits.h): the type and the default go with its
 * quantity. */
#define READER_LIMIT_TIME &schema_time, "0s"
#define READER_LIMIT_SIZE &schema_size, "0"
#define READER_LIMIT_COUNT &schema_count, "0"
#define READER_LIMIT(path, columns, at, most, help) READER_LIMIT_COLUMNS (path, columns, at, most, help)
#define READER_LIMIT_COLUMNS(path, type, value, at, most, help) { path, type, at, 0, most, value, NULL, help },

/* Read the defaults, then the file. 0, or -1 and err; the caller frees the target's values also after a failure. */
int reader_read (struct reader *reader);

/* The node in the file of the key `path`, also under a former name of the key; NULL: the key has its default. */
const struct conf_node *reader_given (const struct reader *reader, const char *path);

/* The node of `path` ("section.key" or "key") in a tree, or NULL. */
const struct conf_node *reader_at (const struct conf_node *tree, const char *path);

/* All of these return -1, with the place of the node in front of the message. reader_fail_value: the value of `path`
 * must be `expected`; the message shows the value. reader_fail_type: the same, with the text of the key's type.
 * reader_fail_each: the same for one item of a list. */
int reader_fail (struct reader *reader, const struct conf_node *node, const char *fmt, ...)
	__attribute__ ((format (printf, 3, 4)));
int reader_fail_value (struct reader *reader, const struct conf_node *node, const char *path, const char *expected);
int reader_fail_type (struct reader *reader, const struct schema_key *key, const struct conf_node *node);
int reader_fail_each (struct reader *reader, const struct schema_key *key, const struct conf_node *node);
int reader_fail_memory (struct reader *reader);

/* The value of the node, for the end of "must be …, not". Returns out, or a constant. */
const char *reader_show (const struct conf_node *node, char out[READER_SHOWN]);

/* Is the node a scalar that is not empty and has no control characters? */
bool reader_is_word (const struct conf_node *node);

/* Put a copy of `word` into *to, in place of the old value. */
int reader_copy (struct reader *reader, const char *word, char **to);

#endif
