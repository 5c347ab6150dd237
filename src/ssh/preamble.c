/* preamble - see preamble.h. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ssh/preamble.h"

void preamble_init (struct preamble *preamble, const char *marker)
{
	*preamble = (struct preamble){ .newline = true };
	snprintf (preamble->marker, sizeof preamble->marker, "%s", marker);
}

/* Keep the byte as a part of the last line. */
static void keep (struct preamble *preamble, char c)
{
	if (c == '\n' || c == '\r') {
		preamble->newline = true;
		return;
	}
	if (preamble->newline)
		preamble->n_line = 0;
	preamble->newline = false;
	if (preamble->n_line < sizeof preamble->line)
		preamble->line[preamble->n_line++] = c;
}

size_t preamble_take (struct preamble *preamble, const void *bytes, size_t n)
{
	const char *at = bytes;
	size_t i = 0;

	while (i < n && !preamble->passed) {
		char c = at[i++];

		keep (preamble, c);
		if (c == preamble->marker[preamble->matched])
			preamble->matched++;
		else
			preamble->matched = c == *preamble->marker;
		preamble->passed = !preamble->marker[preamble->matched];
	}
	preamble->n_taken += i;
	return i;
}

char *preamble_line (const struct preamble *preamble, char *out, size_t size)
{
	return text_plain (out, size, preamble->line, preamble->n_line);
}
