/* pattern - an extended regular expression (regex(7), C locale: bytes are bytes) that has to match all of a text.
 *
 * The administrator writes a pattern, a stranger the text. Patterns are kept as text and compiled for each match: the
 * matcher of glibc caches facts about texts in the compiled form, and a stranger could make that cache grow for ever.
 * Parts that could make a match expensive, or that would match less than the whole text, are refused: back-references,
 * a ')' too many, groups more than 16 deep, the repetition of a piece that can be empty, and repetitions that make more
 * than 1,024 pieces (regcomp copies the repeated piece: one line with both of the last two took gigabytes).
 */
#ifndef REMEX_CONF_PATTERN_H
#define REMEX_CONF_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { PATTERN_MAX = 1024, PATTERN_TEXT_MAX = 4096 };

/* 0, or -1 and err, whose text continues "the pattern ". */
int pattern_check (const char *pattern, struct err *err);

/* Does a pattern that pattern_check has accepted match all of these bytes? The answer is no for more than
 * PATTERN_TEXT_MAX bytes, for bytes with a NUL, and when memory runs out. */
bool pattern_matches (const char *pattern, const char *bytes, size_t n);

#endif
