/* file_reader - one file that is being sent: its content in order, holes as holes, its SHA-256 made on the way, and in the end
 * the answer to whether it stayed the same all the time.
 *
 * It never waits for anybody but the disk, and no call reads or sums up more than FILE_READER_STEP bytes.
 */
#ifndef REMEX_FILES_FILE_READER_H
#define REMEX_FILES_FILE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"
#include "files/digest.h"

enum { FILE_READER_STEP = 16 * 1024 * 1024 }; /* a longer hole comes in pieces */

struct file_reader;

/* Take over a descriptor (owned from now on, also on failure) that is open for reading. A regular file has a size and may
 * have holes; one that is larger than size.h allows is refused (CODE_BAD_VALUE), and so is anything that is no regular file,
 * unless it is a `stream` (standard input): that is read until its end, whatever it is. NULL and err; err->sys ENOMEM where it is memory that is missing. */
struct file_reader *file_reader_new (int fd, bool stream, struct err *err);
void file_reader_free (struct file_reader *reader);

/* Why nothing of that mode is read but as a stream: "is a FIFO: not copied" …; NULL for a regular file. */
const char *file_reader_refusal (mode_t mode);

const struct stat *file_reader_stat (const struct file_reader *reader); /* as it was in the beginning */
int64_t file_reader_size (const struct file_reader *reader); /* -1: not known */
int64_t file_reader_done (const struct file_reader *reader); /* bytes so far, holes with them */
int file_reader_fd (const struct file_reader *reader); /* to wait on, after FILE_READER_WAIT */

/* Skip the first n bytes if their SHA-256 is `sum`. FILE_READER_SKIPPED: reading goes on behind them; FILE_READER_ANEW: it is not,
 * and reading starts at 0; FILE_READER_SKIPPING: that was one step of it, call it again with the same; -1 and err
 * (CODE_IO_ERROR). Before the first file_reader_next only, and not for streams. */
enum file_reader_skip { FILE_READER_ANEW, FILE_READER_SKIPPED, FILE_READER_SKIPPING };
int file_reader_skip (struct file_reader *reader, int64_t n, const char *sum, struct err *err);

/* What comes next: FILE_READER_DATA, and *n (at most `size`) bytes of it in `bytes`; FILE_READER_HOLE, and *n zero bytes that are
 * not in `bytes`, in number not bounded by `size`; FILE_READER_END; FILE_READER_WAIT: a stream that has nothing now; or -1 and err
 * (CODE_IO_ERROR). A file that has become shorter than it was ends early. */
enum file_reader_what { FILE_READER_END, FILE_READER_DATA, FILE_READER_HOLE, FILE_READER_WAIT };
int file_reader_next (struct file_reader *reader, void *bytes, size_t size, int64_t *n, struct err *err);

/* Is there something wrong with the content, as it was read? FILE_READER_CHANGED, after FILE_READER_END: the file was written to between
 * the beginning and the end (size, mtime; what changes the ctime alone, such as its mode or a link to it, is no change).
 * FILE_READER_MISSTATED: it was not, and has more bytes or fewer than its size says, as files in /proc and /sys have; where the size
 * says 0 and there is something, this is known from the beginning, file_reader_size is -1, and all is read, to its end. Streams are
 * always FILE_READER_SAME. */
enum file_reader_doubt { FILE_READER_SAME, FILE_READER_CHANGED, FILE_READER_MISSTATED };
enum file_reader_doubt file_reader_doubt (const struct file_reader *reader);

/* In words; "" for FILE_READER_SAME. */
const char *file_reader_doubt_words (const struct file_reader *reader);

/* After FILE_READER_END: the sum of it all ("" without memory, which equals no other). */
void file_reader_sum (const struct file_reader *reader, char text[DIGEST_TEXT]);

#endif
