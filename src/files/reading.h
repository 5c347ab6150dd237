/* reading - one file that is being sent: its content in order, holes as holes, its SHA-256 made on the way, and in the end
 * the answer to whether it stayed the same all the time.
 *
 * It never waits for anybody but the disk, and no call reads or sums up more than READING_STEP bytes.
 */
#ifndef REMEX_FILES_READING_H
#define REMEX_FILES_READING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"
#include "files/digest.h"

enum { READING_STEP = 16 * 1024 * 1024 }; /* a longer hole comes in pieces */

struct reading;

/* Take over a descriptor (owned from now on, also on failure) that is open for reading. A regular file has a size and may
 * have holes; one that is larger than size.h allows is refused (CODE_BAD_VALUE), and so is anything that is no regular file,
 * unless it is a `stream` (standard input): that is read until its end, whatever it is. NULL and err; err->sys ENOMEM where it is memory that is missing. */
struct reading *reading_new (int fd, bool stream, struct err *err);
void reading_free (struct reading *reading);

/* Why nothing of that mode is read but as a stream: "is a FIFO: not copied" …; NULL for a regular file. */
const char *reading_refusal (mode_t mode);

const struct stat *reading_stat (const struct reading *reading); /* as it was in the beginning */
int64_t reading_size (const struct reading *reading); /* -1: not known */
int64_t reading_done (const struct reading *reading); /* bytes so far, holes with them */
int reading_fd (const struct reading *reading); /* to wait on, after READING_WAIT */

/* Skip the first n bytes if their SHA-256 is `sum`. READING_SKIPPED: reading goes on behind them; READING_ANEW: it is not,
 * and reading starts at 0; READING_SKIPPING: that was one step of it, call it again with the same; -1 and err
 * (CODE_IO_ERROR). Before the first reading_next only, and not for streams. */
enum reading_skip { READING_ANEW, READING_SKIPPED, READING_SKIPPING };
int reading_skip (struct reading *reading, int64_t n, const char *sum, struct err *err);

/* What comes next: READING_DATA, and *n (at most `size`) bytes of it in `bytes`; READING_HOLE, and *n zero bytes that are
 * not in `bytes`, in number not bounded by `size`; READING_END; READING_WAIT: a stream that has nothing now; or -1 and err
 * (CODE_IO_ERROR). A file that has become shorter than it was ends early. */
enum reading_what { READING_END, READING_DATA, READING_HOLE, READING_WAIT };
int reading_next (struct reading *reading, void *bytes, size_t size, int64_t *n, struct err *err);

/* Is there something wrong with the content, as it was read? READING_CHANGED, after READING_END: the file was written to between
 * the beginning and the end (size, mtime; what changes the ctime alone, such as its mode or a link to it, is no change).
 * READING_MISSTATED: it was not, and has more bytes or fewer than its size says, as files in /proc and /sys have; where the size
 * says 0 and there is something, this is known from the beginning, reading_size is -1, and all is read, to its end. Streams are
 * always READING_SAME. */
enum reading_doubt { READING_SAME, READING_CHANGED, READING_MISSTATED };
enum reading_doubt reading_doubt (const struct reading *reading);

/* In words; "" for READING_SAME. */
const char *reading_doubt_words (const struct reading *reading);

/* After READING_END: the sum of it all ("" without memory, which equals no other). */
void reading_sum (const struct reading *reading, char text[DIGEST_TEXT]);

#endif
