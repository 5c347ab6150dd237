/* file_reader - one file that is being sent. It gives the content in order, with holes as holes, computes its sum,
 * and reports at the end whether the file changed while it was read.
 *
 * A call waits for the disk and for nothing else, and handles at most FILE_READER_STEP bytes.
 */
#ifndef REMEX_FILES_FILE_READER_H
#define REMEX_FILES_FILE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"
#include "files/shared_digest.h"

enum { FILE_READER_STEP = 16 * 1024 * 1024 }; /* a longer hole comes in pieces */

struct file_reader;

/* Read from a descriptor (owned from now on, also on failure). A regular file has a size and may have holes. Refused
 * with CODE_BAD_VALUE: a file that is larger than size.h allows, and any other kind of file. With `stream` (standard
 * input), every kind of file is read until its end. `sum` is the kind of its sum. NULL and err; err->sys is ENOMEM when
 * out of memory. */
struct file_reader *file_reader_new (int fd, bool stream, enum digest_kind sum, struct err *err);
void file_reader_free (struct file_reader *reader);

/* Compute the sum together with the other readers of the same file, of the kind that `shared` has. Only before anything was read; `shared` must live
 * as long as the reader. Nothing happens where the file cannot be shared (shared_digest.h). The sum of a file that
 * changed, or has another size than it says, is then not known (file_reader_doubt). */
void file_reader_share (struct file_reader *reader, struct shared_digests *shared);

/* Why a file of that mode is read only as a stream: "is a FIFO: not copied" …; NULL for a regular file. */
const char *file_reader_refusal (mode_t mode);

const struct stat *file_reader_stat (const struct file_reader *reader); /* from the time of file_reader_new */
int64_t file_reader_size (const struct file_reader *reader); /* -1: unknown */
int64_t file_reader_done (const struct file_reader *reader); /* bytes so far, including holes */
int file_reader_fd (const struct file_reader *reader); /* to poll after FILE_READER_WAIT */

/* Skip the first n bytes if their sum is `sum`. FILE_READER_SKIPPED: reading goes on after them.
 * FILE_READER_ANEW: the sum differs, and reading starts at 0. FILE_READER_SKIPPING: one step is done, call again
 * with the same arguments. -1 and err (CODE_IO_ERROR). Only before the first file_reader_next, and not for streams. */
enum file_reader_skip { FILE_READER_ANEW, FILE_READER_SKIPPED, FILE_READER_SKIPPING };
int file_reader_skip (struct file_reader *reader, int64_t n, const char *sum, struct err *err);

/* Read on. FILE_READER_DATA: *n bytes (at most `size`) are in `bytes`. FILE_READER_HOLE: *n zero bytes follow, which
 * are not in `bytes`; *n may be larger than `size`. FILE_READER_END. FILE_READER_WAIT: a stream has no bytes now. -1
 * and err (CODE_IO_ERROR). A file that was truncated ends early. */
enum file_reader_what { FILE_READER_END, FILE_READER_DATA, FILE_READER_HOLE, FILE_READER_WAIT };
int file_reader_next (struct file_reader *reader, void *bytes, size_t size, int64_t *n, struct err *err);

/* Can the content that was read be trusted? FILE_READER_CHANGED, after FILE_READER_END: the file was written to
 * while it was read (its size or mtime changed; a change of the ctime alone, by chmod(2) or link(2), does not
 * count). FILE_READER_MISSTATED: the file did not change, but has more or fewer bytes than its size says, as files
 * in /proc and /sys do. Where the size is 0 and the file has content, this is known from the beginning:
 * file_reader_size is -1, and the file is read to its end. A stream is always FILE_READER_SAME. */
enum file_reader_doubt { FILE_READER_SAME, FILE_READER_CHANGED, FILE_READER_MISSTATED };
enum file_reader_doubt file_reader_doubt (const struct file_reader *reader);

/* In words; "" for FILE_READER_SAME. */
const char *file_reader_doubt_words (const struct file_reader *reader);

/* After FILE_READER_END: the sum of the content; "" when out of memory, which equals no sum. */
void file_reader_sum (const struct file_reader *reader, char text[DIGEST_TEXT]);

#endif
