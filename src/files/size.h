/* size - the largest size that a sender may announce for a file.
 *
 * Data needs room on the disk, and time for the transfer. A hole needs neither: the sender names a number, and the
 * receiver has to compute the sum of that many zeros, which takes time for each of them. So the number is limited
 * before the first zero: to the largest size that the filesystem allows (ftruncate(2)), and to the size of the
 * filesystem or SIZE_SPARSE, whichever is larger. Within that limit a hole counts like bytes: its sum is computed in
 * steps, between which a cancel or a deadline ends the work (sender.h, receiver.h).
 */
#ifndef REMEX_FILES_SIZE_H
#define REMEX_FILES_SIZE_H

#include <stdint.h>

#include "base/err.h"

/* A file with holes may be larger than its filesystem: up to so many bytes. */
#define SIZE_SPARSE (INT64_C (2) << 40)

/* The largest size that may be announced for a regular file on the filesystem of `fd`. */
int64_t size_most (int fd);

/* 0 when `size` is allowed, else -1 and err (CODE_BAD_VALUE, no err->sys). */
int size_check (int fd, int64_t size, struct err *err);

#endif
