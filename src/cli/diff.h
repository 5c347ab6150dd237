/* diff - the difference of two texts, as diff -u (POSIX diff(1)) prints it: pure.
 *
 * The algorithm is that of Myers (An O(ND) Difference Algorithm, 1986). Texts that differ by more than DIFF_MOST lines
 * are not compared further: the lines between their equal beginnings and ends count as replaced.
 */
#ifndef REMEX_CLI_DIFF_H
#define REMEX_CLI_DIFF_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum { DIFF_MOST = 2000, DIFF_CONTEXT = 3 };

/* Append the hunks of the difference from `old` to `new` to a buffer; nothing when the texts are equal. 0, or -1 with
 * errno (ENOMEM, or of the buffer). */
int diff_print (struct buf *to, const uint8_t *old, size_t n_old, const uint8_t *new, size_t n_new);

#endif
