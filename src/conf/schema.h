/* schema - the one table of the keys of remexd.yaml.
 *
 * It gives the parser its keys, types and ranges, struct config its defaults, the messages their words, and the tests
 * what conf/remexd.yaml and man/remexd.yaml.5 have to say. What is not in it is an unknown key; below `plugins` it is
 * a plugin's name.
 */
#ifndef REMEX_CONF_SCHEMA_H
#define REMEX_CONF_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

enum schema_type {
	SCHEMA_INTEGER, /* int */
	SCHEMA_SIZE, /* int64_t, bytes */
	SCHEMA_TIME, /* int64_t, milliseconds */
	SCHEMA_LOG, /* enum log_level */
	SCHEMA_USER, /* char *, of the config */
	SCHEMA_DIRECTORY, /* char *, of the config; absolute */
	SCHEMA_LISTEN, /* struct config_listen *listen and n_listen */
};

struct schema_key {
	const char *path; /* "workers.max"; in front of the dot is the section */
	enum schema_type type;
	size_t offset; /* into struct config */
	long long min, max; /* numbers: what is allowed; SCHEMA_LISTEN: how many */
	const char *value; /* the default as it would be written, or NULL: the caller of config_parse knows */
	const char *shown; /* the default in the documentation where that is not `value`, else NULL */
	const char *help; /* one line */
};

enum { SCHEMA_PATH_MAX = 64, SCHEMA_KEYS_MAX = 64, SCHEMA_NUMBER_MAX = 32 };

extern const struct schema_key schema_keys[];
extern const size_t schema_size;

/* The key with that path, or NULL. Is `path` a section, that is, are there keys below it? */
const struct schema_key *schema_find (const char *path);
bool schema_is_section (const char *path);

/* Of the known paths, the one that a mistyped one most likely meant, in memory of its own: `out`. NULL when none is
 * near. A known last word in the wrong place ("max", "queue.max") leads to where it belongs, if that is one place. */
const char *schema_nearest (const char *path, char out[SCHEMA_PATH_MAX]);

/* A number as it would be written, in the largest unit that leaves no rest. Returns out. */
char *schema_number (enum schema_type type, long long value, char out[SCHEMA_NUMBER_MAX]);

/* What a value of this key must be: "a size from 4KiB to 64GiB". Returns out. */
char *schema_expects (const struct schema_key *key, char *out, size_t size);

#endif
