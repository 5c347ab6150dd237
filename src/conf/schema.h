/* schema - a table of the keys that a file may hold: remexd.yaml (config.c), an identity file (grant.c).
 *
 * A table gives the reader (reader.h) its keys, types and ranges, the struct its defaults, the messages their words,
 * and the tests what conf/remexd.yaml and man/remexd.yaml.5 have to say. A key that is not in it is unknown.
 */
#ifndef REMEX_CONF_SCHEMA_H
#define REMEX_CONF_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

struct conf_node;
struct reader;
struct schema_key;

/* Check the value `node` of a key and put it to `to`, the key's place in the struct; 0, or -1 and reader->err. */
typedef int schema_set (struct reader *reader, const struct schema_key *key, const struct conf_node *node, void *to);

enum schema_unit { SCHEMA_WORDS, SCHEMA_INTEGER, SCHEMA_SIZE, SCHEMA_TIME };

struct schema_type {
	const char *word; /* its name in the manual page: "integer" */
	const char *expects; /* what a value must be: "a whole number"; of a list: what each of them must be */
	schema_set *set; /* of a list: called for each of them */
	enum schema_unit unit; /* of a number; else SCHEMA_WORDS */
	bool list; /* one, or a list of `min` to `max` of them */
};

struct schema_key {
	const char *path; /* "workers.max"; in front of the dot is the section */
	const struct schema_type *type;
	size_t offset; /* into the struct */
	long long min, max; /* numbers: what is allowed; lists and maps: how many; else 0 */
	const char *value; /* the default as it would be written, or NULL: none, or one that the caller knows */
	const char *shown; /* the default in the documentation where that is not `value`, else NULL */
	const char *help; /* one line */
};

struct schema {
	const struct schema_key *keys;
	size_t n_keys;
	/* In this section (NULL: in none) other keys are allowed, too: they go to set_other. */
	const char *open;
	int (*set_other) (struct reader *reader, const char *path, const struct conf_node *node);
};

enum { SCHEMA_PATH_MAX = 64, SCHEMA_KEYS_MAX = 64, SCHEMA_NUMBER_MAX = 32 };

/* The key with that path, or NULL. Is `path` a section, that is, are there keys below it? */
const struct schema_key *schema_find (const struct schema *schema, const char *path);
bool schema_is_section (const struct schema *schema, const char *path);

/* Of the known paths, the one that a mistyped one most likely meant, in memory of its own: `out`. NULL when none is
 * near. A known last word in the wrong place ("max", "queue.max") leads to where it belongs, if that is one place. */
const char *schema_nearest (const struct schema *schema, const char *path, char out[SCHEMA_PATH_MAX]);

/* A number in the largest unit that divides it, as a file would have it. Returns out. */
char *schema_number (enum schema_unit unit, long long value, char out[SCHEMA_NUMBER_MAX]);

/* What a value of this key must be: "a size from 4KiB to 64GiB". Returns out. */
char *schema_expects (const struct schema_key *key, char *out, size_t size);

#endif
