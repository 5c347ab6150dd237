/* spool - bytes that are kept for later: in memory up to a maximum, then in a file without a name.
 *
 * One struct spool has one maximum and one file for any number of streams. A stream is filled at its end and read
 * anywhere; its front can be dropped, and then its memory, or its place in the file, is used again. The file is made
 * when it is needed, in $TMPDIR or else in /var/tmp, and is gone when the process ends, however it ends.
 */
#ifndef REMEX_CLI_SPOOL_H
#define REMEX_CLI_SPOOL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { SPOOL_PIECE = 64 * 1024 };

struct spool {
	size_t used, max; /* bytes of memory */
	int fd; /* of the file; -1: there is none yet */
	off_t end; /* of the file */
	off_t *places; /* free pieces of the file: n_places of them, with room for `room` */
	size_t n_places, room;
};

/* One piece of a stream: SPOOL_PIECE bytes, but the last may have less. */
struct spool_piece {
	uint8_t *memory; /* NULL: in the file */
	size_t size; /* of `memory` */
	off_t place; /* in the file */
};

struct spooled {
	struct spool *spool;
	uint64_t start, end; /* the bytes that are kept, counted from the beginning of the stream */
	struct spool_piece *pieces; /* n of them; the first one begins at `base` */
	size_t n, room;
	uint64_t base;
};

void spool_init (struct spool *spool, size_t max);

/* Every stream must have been freed. */
void spool_free (struct spool *spool);

void spooled_init (struct spooled *spooled, struct spool *spool);
void spooled_free (struct spooled *spooled);

/* Append: 0, or -1 with errno (ENOMEM, or of the file: ENOSPC). */
int spooled_append (struct spooled *spooled, const void *bytes, size_t n);

/* Read at most n bytes from the offset `at`, which is not before `start`. Returns how many; 0 at the end; -1 with
 * errno. */
ssize_t spooled_read (const struct spooled *spooled, uint64_t at, void *bytes, size_t n);

/* The bytes before that offset are not needed any more. */
void spooled_drop (struct spooled *spooled, uint64_t before);

static inline uint64_t spooled_len (const struct spooled *spooled)
{
	return spooled->end - spooled->start;
}

#endif
