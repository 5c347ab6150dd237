/* rights - the rights that `remex authorize` grants, and the identity file for them (conf/grant.h). */
#ifndef REMEX_COMMANDS_RIGHTS_H
#define REMEX_COMMANDS_RIGHTS_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "net/key.h"

enum { RIGHTS_KEYS = 16, RIGHTS_MOST = 256 };

struct rights {
	const char *name;
	char keys[RIGHTS_KEYS][KEY_LINE_SIZE]; /* as lines, with their comments */
	char prints[RIGHTS_KEYS][KEY_PRINT_SIZE];
	size_t n_keys;
	const char *user; /* NULL: no user is named */
	char *allow[RIGHTS_MOST], *from[RIGHTS_MOST]; /* owned */
	const char *commands[RIGHTS_MOST], *slots[RIGHTS_MOST]; /* words with blanks between; NAME=PATTERN */
	const char *roots[RIGHTS_MOST]; /* PATH=r or PATH=rw; the path may contain '=' */
	size_t n_allow, n_from, n_commands, n_slots, n_roots;
	const char *expires;
};

void rights_free (struct rights *rights);

/* Add the key of the command line: a line, a file of lines (it starts with / or ./ or ../), or "-" for the lines of
 * stdin. A line that starts with `#` is a comment. 0, or -1 and err. */
int rights_add_key (struct rights *rights, const char *word, struct err *err);

/* Add the words between the commas of `text` to a list of RIGHTS_MOST. 0, or -1 and err (one is empty, too many). */
int rights_add (char **list, size_t *n, const char *text, struct err *err);

/* The text of the file, checked as the daemon will check it. 0, or -1 and err, which names the right and no line. */
int rights_write (const struct rights *rights, struct buf *out, struct err *err);

#endif
