/* schema - a table of the keys that a file may hold: remexd.yaml (config.c), an identity file (grant.c).
 *
 * The reader (reader.h) takes keys, types and ranges from a table, the struct takes its defaults, and messages take
 * their texts. The tests compare conf/remexd.yaml and man/remexd.yaml.5 with the table. A key that is not in the table
 * is unknown.
 */
#ifndef REMEX_CONF_SCHEMA_H
#define REMEX_CONF_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/quantity.h"

struct conf_node;
struct reader;
struct schema_key;

/* Check the value `node` of a key and store the value at `to`, the key's place in the struct; 0, or -1 and
 * reader->err. */
typedef int schema_set (struct reader *reader, const struct schema_key *key, const struct conf_node *node, void *to);

enum schema_unit { SCHEMA_WORDS, SCHEMA_INTEGER, SCHEMA_SIZE, SCHEMA_TIME };

struct schema_type {
	const char *word; /* its name in the manual page: "integer" */
	const char *expects; /* the valid values: "a whole number"; of a list: the valid items */
	schema_set *set; /* of a list: called for each item */
	enum schema_unit unit; /* of a number; else SCHEMA_WORDS */
	bool list; /* a single value, or a list of `min` to `max` values */
};

struct schema_key {
	const char *path; /* "workers.max"; the section is in front of the dot */
	const struct schema_type *type;
	size_t offset; /* into the struct */
	long long min, max; /* numbers: the range; lists and maps: the number of items; else 0 */
	const char *value; /* the default as text; NULL: none, or a default that the caller knows */
	const char *shown; /* the default in the documentation where it differs from `value`, else NULL */
	const char *help; /* one line */
};

/* A name that a key had before. It is accepted in place of the key's name. */
struct schema_former {
	const char *former, *path;
};

struct schema {
	const struct schema_key *keys;
	size_t n_keys;
	const struct schema_former *former;
	size_t n_former;
	/* The section where other keys are allowed, too (NULL: no section): set_other takes these keys. */
	const char *open;
	int (*set_other) (struct reader *reader, const char *path, const struct conf_node *node);
};

enum { SCHEMA_PATH_MAX = 64, SCHEMA_KEYS_MAX = 80, SCHEMA_NUMBER_MAX = QUANTITY_SHOWN };

/* The key with that path, or NULL. schema_is_section: are there keys below `path`? */
const struct schema_key *schema_find (const struct schema *schema, const char *path);
bool schema_is_section (const struct schema *schema, const char *path);

/* The name now of the key that had the name `former` before, or NULL. */
const char *schema_renamed (const struct schema *schema, const char *former);

/* The known path that a mistyped path most likely means, in `out`. NULL: no path is near. A known last word in the
 * wrong section ("max", "queue.max") gives the right section, if there is only one. */
const char *schema_nearest (const struct schema *schema, const char *path, char out[SCHEMA_PATH_MAX]);

/* A number in the largest unit that divides it, as written in a file. Returns out. */
char *schema_number (enum schema_unit unit, long long value, char out[SCHEMA_NUMBER_MAX]);

/* The valid values of this key: "a size from 4KiB to 64GiB". Returns out. */
char *schema_expects (const struct schema_key *key, char *out, size_t size);

#endif
