/* ini - a file of sections with keys, as Python's configparser reads it: ClusterShell's groups.conf is one.
 *
 *   [section]
 *   key: value        or key = value; an indented line continues the value
 *   # comment         also with ';', at the start of a line only
 *
 * The names of keys are in lower case, those of sections are not. Files that are read one after the other are one: a
 * later value replaces an earlier one.
 */
#ifndef REMEX_HOSTS_INI_H
#define REMEX_HOSTS_INI_H

#include <stddef.h>

#include "base/err.h"

struct ini_key {
	char *name, *value;
};

struct ini_section {
	char *name;
	struct ini_key *keys;
	size_t n_keys;
};

struct ini {
	struct ini_section *sections; /* in the order of the files */
	size_t n_sections;
};

/* Read a terminated text into the sections; it is changed. An empty struct is all zeros. 0; or -1 and err with
 * file:line. Call ini_free also after a failure. */
int ini_read (struct ini *ini, char *text, const char *file, struct err *err);
void ini_free (struct ini *ini);

/* The value of a key, or NULL. */
const char *ini_get (const struct ini *ini, const char *section, const char *key);

#endif
