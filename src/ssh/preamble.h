/* preamble - what comes on a stream before a marker, which a script of ours prints when it begins: a login shell may print a
 * banner first, or be no shell at all. It is dropped. Its last line is kept, which may say why the marker never comes.
 */
#ifndef REMEX_SSH_PREAMBLE_H
#define REMEX_SSH_PREAMBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PREAMBLE_MARKER = 80, PREAMBLE_LINE = 200 };

struct preamble {
	char marker[PREAMBLE_MARKER]; /* its first byte does not come again in it */
	size_t matched; /* bytes of the marker that have come */
	size_t n_taken; /* bytes in all */
	bool passed; /* all of it has come */
	bool newline; /* the next byte begins a line */
	char line[PREAMBLE_LINE]; /* the last line that is not empty */
	size_t n_line;
};

void preamble_init (struct preamble *preamble, const char *marker);

/* Take bytes, until the marker has come. Returns how many were taken: fewer than n when preamble->passed. */
size_t preamble_take (struct preamble *preamble, const void *bytes, size_t n);

/* The last line, fit for a person: in `out`, which is returned; "" where nothing came. */
char *preamble_line (const struct preamble *preamble, char *out, size_t size);

#endif
