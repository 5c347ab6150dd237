/* spool - see spool.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/spool.h"

enum { FIRST = 256 }; /* bytes of the memory of a short stream */

void spool_init (struct spool *spool, size_t max)
{
	*spool = (struct spool){ .max = max, .fd = -1 };
}

void spool_free (struct spool *spool)
{
	fd_close (&spool->fd);
	free (spool->places);
	*spool = (struct spool){ .fd = -1 };
}

void spooled_init (struct spooled *spooled, struct spool *spool)
{
	*spooled = (struct spooled){ .spool = spool };
}

/* --- the file ---------------------------------------------------------------------------------------------------- */

static int open_file (struct spool *spool)
{
	const char *directory = getenv ("TMPDIR");
	char path[4096];

	if (!directory || *directory != '/')
		directory = "/var/tmp";
	if ((spool->fd = open (directory, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600)) >= 0)
		return 0;
	/* A file system without O_TMPFILE. */
	if (snprintf (path, sizeof path, "%s/remex-XXXXXX", directory) >= (int)sizeof path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if ((spool->fd = mkostemp (path, O_CLOEXEC)) < 0)
		return -1;
	unlink (path);
	return 0;
}

static int take_place (struct spool *spool, off_t *place)
{
	if (spool->fd < 0 && open_file (spool) < 0)
		return -1;
	if (spool->n_places) {
		*place = spool->places[--spool->n_places];
	} else {
		*place = spool->end;
		spool->end += SPOOL_PIECE;
	}
	return 0;
}

static void give_place (struct spool *spool, off_t place)
{
	if (spool->n_places == spool->room) {
		size_t room = spool->room ? 2 * spool->room : 64;
		off_t *places = realloc (spool->places, room * sizeof *places);

		if (!places)
			return; /* this part of the file is not used again */
		spool->places = places;
		spool->room = room;
	}
	spool->places[spool->n_places++] = place;
}

static int write_at (int fd, const uint8_t *bytes, size_t n, off_t at)
{
	while (n > 0) {
		ssize_t wrote = pwrite (fd, bytes, n, at);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0) {
			if (wrote == 0)
				errno = ENOSPC;
			return -1;
		}
		bytes += wrote;
		at += wrote;
		n -= (size_t)wrote;
	}
	return 0;
}

/* --- pieces ------------------------------------------------------------------------------------------------------ */

static void free_piece (struct spool *spool, struct spool_piece *piece)
{
	if (piece->memory) {
		spool->used -= piece->size;
		free (piece->memory);
	} else if (piece->place >= 0) {
		give_place (spool, piece->place);
	}
	*piece = (struct spool_piece){ .place = -1 };
}

void spooled_free (struct spooled *spooled)
{
	for (size_t i = 0; i < spooled->n; i++)
		free_piece (spooled->spool, &spooled->pieces[i]);
	free (spooled->pieces);
	spooled_init (spooled, spooled->spool);
}

/* A new piece at the end, without room. NULL with errno. */
static struct spool_piece *add_piece (struct spooled *spooled)
{
	if (spooled->n == spooled->room) {
		size_t room = spooled->room ? 2 * spooled->room : 1;
		struct spool_piece *pieces = realloc (spooled->pieces, room * sizeof *pieces);

		if (!pieces)
			return NULL;
		spooled->pieces = pieces;
		spooled->room = room;
	}
	spooled->pieces[spooled->n] = (struct spool_piece){ .place = -1 };
	return &spooled->pieces[spooled->n++];
}

/* Move the first `used` bytes of a piece from memory to the file. */
static int move_out (struct spool *spool, struct spool_piece *piece, size_t used)
{
	off_t place;

	if (take_place (spool, &place) < 0)
		return -1;
	if (used && write_at (spool->fd, piece->memory, used, place) < 0) {
		give_place (spool, place);
		return -1;
	}
	free_piece (spool, piece);
	piece->place = place;
	return 0;
}

/* Make room for n more bytes in a piece that has `used` bytes. */
static int make_room (struct spool *spool, struct spool_piece *piece, size_t used, size_t n)
{
	size_t size = piece->size ? piece->size : FIRST;
	uint8_t *memory;

	if (piece->place >= 0 || used + n <= piece->size)
		return 0;
	while (size < used + n)
		size *= 2;
	if (size > SPOOL_PIECE)
		size = SPOOL_PIECE;
	if (spool->used - piece->size + size > spool->max)
		return move_out (spool, piece, used);
	if (!(memory = realloc (piece->memory, size)))
		return -1;
	spool->used += size - piece->size;
	piece->memory = memory;
	piece->size = size;
	return 0;
}

int spooled_append (struct spooled *spooled, const void *bytes, size_t n)
{
	const uint8_t *from = bytes;

	while (n > 0) {
		size_t used = (size_t)((spooled->end - spooled->base) % SPOOL_PIECE);
		size_t now = n < SPOOL_PIECE - used ? n : SPOOL_PIECE - used;
		bool full = spooled->end == spooled->base + (uint64_t)spooled->n * SPOOL_PIECE;
		struct spool_piece *piece = full ? add_piece (spooled) : &spooled->pieces[spooled->n - 1];

		if (!piece)
			return -1;
		if (make_room (spooled->spool, piece, used, now) < 0) {
			if (full)
				spooled->n--;
			return -1;
		}
		if (piece->memory)
			memcpy (piece->memory + used, from, now);
		else if (write_at (spooled->spool->fd, from, now, piece->place + (off_t)used) < 0)
			return -1;
		spooled->end += now;
		from += now;
		n -= now;
	}
	return 0;
}

ssize_t spooled_read (const struct spooled *spooled, uint64_t at, void *bytes, size_t n)
{
	size_t skip = (size_t)((at - spooled->base) % SPOOL_PIECE);
	const struct spool_piece *piece;
	ssize_t got;

	if (at >= spooled->end)
		return 0;
	if (n > SPOOL_PIECE - skip)
		n = SPOOL_PIECE - skip;
	if (n > spooled->end - at)
		n = (size_t)(spooled->end - at);
	piece = &spooled->pieces[(at - spooled->base) / SPOOL_PIECE];
	if (piece->memory) {
		memcpy (bytes, piece->memory + skip, n);
		return (ssize_t)n;
	}
	while ((got = pread (spooled->spool->fd, bytes, n, piece->place + (off_t)skip)) < 0 && errno == EINTR)
		continue;
	if (got == 0)
		errno = EIO; /* somebody has cut the file */
	return got > 0 ? got : -1;
}

void spooled_drop (struct spooled *spooled, uint64_t before)
{
	size_t n;

	if (before > spooled->end)
		before = spooled->end;
	if (before <= spooled->start)
		return;
	spooled->start = before;
	n = (size_t)((before - spooled->base) / SPOOL_PIECE);
	for (size_t i = 0; i < n; i++)
		free_piece (spooled->spool, &spooled->pieces[i]);
	memmove (spooled->pieces, spooled->pieces + n, (spooled->n - n) * sizeof *spooled->pieces);
	spooled->n -= n;
	spooled->base += (uint64_t)n * SPOOL_PIECE;
}
