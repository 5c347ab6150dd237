/* size - how large a file may be said to be.
 *
 * Data need room on the disk, and a transfer that takes time in proportion. A hole needs neither: its sender names a number,
 * and the receiver makes a SHA-256 of so many zeros, for which there is no shorter way than to add them. So the number is
 * bounded before the first zero is added: by what the filesystem takes for a file's size (ftruncate(2)), and by the larger one
 * of the filesystem's own size and SIZE_SPARSE.
 */
#ifndef REMEX_FILES_SIZE_H
#define REMEX_FILES_SIZE_H

#include <stdint.h>

#include "base/err.h"

/* Bytes of a file that may be larger than its filesystem, which it can be by its holes. */
#define SIZE_SPARSE (INT64_C (2) << 40)

/* The most bytes that a regular file may be said to have where the descriptor `fd` is. */
int64_t size_most (int fd);

/* Is `size` more than that? 0, or -1 and err (CODE_BAD_VALUE, no err->sys). */
int size_check (int fd, int64_t size, struct err *err);

#endif
