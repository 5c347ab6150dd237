/* similar - lines that differ only by numbers or by the name of the host that wrote them: pure.
 *
 * A line is a sequence of tokens: the own name of the host, a number (a run of digits), any other byte. Two lines are
 * similar when their tokens are equal but for the digits of the numbers.
 */
#ifndef REMEX_CLI_SIMILAR_H
#define REMEX_CLI_SIMILAR_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum similar_kind { SIMILAR_BYTE, SIMILAR_NUMBER, SIMILAR_NAME };

/* The kind and the length of the first token of n > 0 bytes. `name` is the host's own name: its label without user and
 * port, or that up to its first dot. */
enum similar_kind similar_token (const uint8_t *bytes, size_t n, const char *name, size_t *length);

/* The part of a label that is the name of the host: at most size - 1 bytes in out. Returns out. */
char *similar_name (char *out, size_t size, const char *label);

/* Append the line with its names and numbers masked, so that similar lines become equal. 0, or -1 as buf_append. */
int similar_mask (struct buf *to, const uint8_t *bytes, size_t n, const char *name);

/* One of several similar lines. */
struct similar_line {
	const uint8_t *bytes;
	size_t n;
	const char *name;
};

/* Append one line for n similar lines: a number that differs becomes {LEAST..MOST}, and the own name becomes %h if n >
 * 1. 0, or -1 as buf_append. */
int similar_merge (struct buf *to, const struct similar_line *lines, size_t n);

#endif
