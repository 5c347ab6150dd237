/* tree - a YAML file (libyaml) as nodes that know their line and column. Features of YAML that remex does not use are
 * refused with their place: anchors, aliases, tags, directives, several documents, duplicate keys, keys that are
 * neither plain words nor absolute paths, depth over 16, more than 65,536 values, files over 1 MiB, bytes that are not
 * UTF-8, control characters. A byte order mark is allowed at the start only, and lines may end in CR LF.
 */
#ifndef REMEX_CONF_TREE_H
#define REMEX_CONF_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum conf_kind { CONF_NULL, CONF_SCALAR, CONF_MAP, CONF_LIST };

struct conf_node {
	enum conf_kind kind;
	const char *key; /* in a map: a word, or a path that starts with '/' and has no control characters; else NULL */
	const char *value; /* of a scalar, NUL-terminated, no NUL inside */
	bool quoted; /* a quoted scalar is a string, never a number or a boolean */
	unsigned line, column; /* of the value, from 1 */
	unsigned key_line, key_column;
	struct conf_node **items; /* of a map or a list, in order */
	size_t n_items;
};

enum { CONF_FILE_MAX = 1024 * 1024, CONF_DEPTH_MAX = 16, CONF_NODES_MAX = 65536 };

/* Parse. The top is always a map; an empty file is an empty map. `file` is only for messages ("file:line:column: …").
 * The caller frees with conf_free. NULL and err on failure. */
struct conf_node *conf_parse (const char *text, size_t n, const char *file, struct err *err);
struct conf_node *conf_parse_free_keys (const char *text, size_t n, const char *file, struct err *err);
void conf_free (struct conf_node *node);

/* The item of a map with that key, or NULL (also when node is NULL or no map). */
const struct conf_node *conf_get (const struct conf_node *node, const char *key);

/* Refuse a map with a duplicate key, at the first duplicate in the file; 0 or -1. conf_parse has done this check. */
int conf_unique (const struct conf_node *map, const char *file, struct err *err);

/* Put "file:line:column: " and the formatted text into err. Returns -1. */
int conf_fail (struct err *err, const char *file, unsigned line, unsigned column, const char *fmt, ...)
	__attribute__ ((format (printf, 5, 6)));

/* A scalar as a value; 0, or -1 and nothing changed (also when node is NULL, no scalar, or quoted). Integers and
 * numbers are decimal and may be negative; a number that does not fit fails. A size is a whole number, alone (bytes) or
 * with B, K, KiB, M, MiB, G, GiB, T, TiB (powers of 1024) or kB, MB, GB, TB (powers of 1000) behind it, without a
 * space. A time is a number, alone (seconds) or with ms, s, m, h, d behind it, and is returned in milliseconds; a
 * fraction is allowed where the result is whole milliseconds. Sizes and times have no sign. A leading zero, which YAML
 * 1.1 reads as octal, fails everywhere. */
int conf_bool (const struct conf_node *node, bool *value); /* true, false, yes, no, on, off, in any case */
int conf_integer (const struct conf_node *node, long long *value);
int conf_number (const struct conf_node *node, double *value);
int conf_size (const struct conf_node *node, long long *bytes);
int conf_time (const struct conf_node *node, long long *ms);

#endif
