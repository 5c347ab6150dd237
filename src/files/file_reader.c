/* file_reader - see file_reader.h.
 *
 * A regular file is read with pread(2), because the search for holes moves the descriptor's position.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "files/file_reader.h"
#include "files/size.h"
#include "wire/codes.h"

enum { SKIP_PIECE = 64 * 1024 };

struct file_reader {
	int fd;
	bool stream, ended;
	bool unsized; /* a regular file of size 0 that has content (/proc) */
	enum file_reader_doubt doubt;
	struct stat st;
	int64_t done;
	int64_t until; /* the end of the extent at `done`; equal to `done`: not found yet */
	bool hole; /* the extent is a hole */
	enum digest_kind sum;
	struct digest *digest;
	struct shared_digest *shared; /* in its place; NULL: the sum is not shared */
};

const char *file_reader_refusal (mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG: return NULL;
	case S_IFDIR: return "is a directory (-r copies directories)";
	case S_IFLNK: return "is a symbolic link: not followed";
	case S_IFIFO: return "is a FIFO: not copied";
	case S_IFSOCK: return "is a socket: not copied";
	case S_IFBLK: return "is a block device: not copied";
	case S_IFCHR: return "is a character device: not copied";
	default: return "is not a regular file: not copied";
	}
}

/* Files in /proc have size 0: try to read one byte. */
static bool is_unsized (const struct file_reader *self)
{
	char byte;

	return self->st.st_size == 0 && pread (self->fd, &byte, 1, 0) > 0;
}

static int check (struct file_reader *self, struct err *err)
{
	const char *refusal;

	if (fstat (self->fd, &self->st) < 0)
		return err_sys (err, CODE_IO_ERROR, "cannot stat it");
	if (self->stream)
		return 0;
	if ((refusal = file_reader_refusal (self->st.st_mode)))
		return err_set (err, CODE_BAD_VALUE, "%s", refusal);
	if (size_check (self->fd, self->st.st_size, err) < 0)
		return -1;
	if ((self->unsized = is_unsized (self)))
		self->doubt = FILE_READER_MISSTATED;
	(void)posix_fadvise (self->fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* advice only */
	return 0;
}

struct file_reader *file_reader_new (int fd, bool stream, enum digest_kind sum, struct err *err)
{
	struct file_reader *self = calloc (1, sizeof *self);

	if (self)
		*self = (struct file_reader){ .fd = fd, .stream = stream, .sum = sum, .digest = digest_new (sum) };
	if (!self || !self->digest) {
		free (self);
		fd_close (&fd);
		errno = ENOMEM;
		err_sys (err, CODE_BUSY, "cannot read it");
		return NULL;
	}
	if (check (self, err) < 0) {
		file_reader_free (self);
		return NULL;
	}
	return self;
}

void file_reader_free (struct file_reader *self)
{
	if (!self)
		return;
	fd_close (&self->fd);
	digest_free (self->digest);
	shared_digest_close (self->shared);
	free (self);
}

void file_reader_share (struct file_reader *self, struct shared_digests *shared)
{
	if (self->stream || self->unsized || !(self->shared = shared_digest_open (shared, &self->st)))
		return;
	digest_free (self->digest);
	self->digest = NULL;
}

/* n bytes at `done` were read; NULL: n zeros. */
static void add (struct file_reader *self, const void *bytes, int64_t n)
{
	if (self->shared)
		shared_digest_add (self->shared, self->done, bytes, n);
	else if (bytes)
		digest_add (self->digest, bytes, (size_t)n);
	else
		digest_add_zeros (self->digest, (uint64_t)n);
	self->done += n;
}

const struct stat *file_reader_stat (const struct file_reader *self)
{
	return &self->st;
}

int64_t file_reader_size (const struct file_reader *self)
{
	return self->stream || self->unsized ? -1 : self->st.st_size;
}

int64_t file_reader_done (const struct file_reader *self)
{
	return self->done;
}

int file_reader_fd (const struct file_reader *self)
{
	return self->fd;
}

enum file_reader_doubt file_reader_doubt (const struct file_reader *self)
{
	return self->doubt;
}

const char *file_reader_doubt_words (const struct file_reader *self)
{
	switch (self->doubt) {
	case FILE_READER_CHANGED: return "it changed while it was read";
	case FILE_READER_MISSTATED:
		return "its size is not the length of its content (as in /proc); --live takes what can be read";
	case FILE_READER_SAME: break;
	}
	return "";
}

void file_reader_sum (const struct file_reader *self, char text[DIGEST_TEXT])
{
	if (self->shared)
		shared_digest_text (self->shared, self->done, text);
	else
		digest_text (self->digest, text);
}

/* --- streams ------------------------------------------------------------------------------------------------------ */

/* The descriptor may be another program's standard input, which must not be set non-blocking: poll first. */
static int next_of_stream (struct file_reader *self, void *bytes, size_t size, int64_t *n, struct err *err)
{
	struct pollfd pollfd = { .fd = self->fd, .events = POLLIN };
	ssize_t got;
	int ready;

	while ((ready = poll (&pollfd, 1, 0)) < 0 && errno == EINTR)
		;
	if (ready == 0)
		return FILE_READER_WAIT;
	while ((got = read (self->fd, bytes, size)) < 0 && errno == EINTR)
		;
	if (got < 0 && errno == EAGAIN)
		return FILE_READER_WAIT;
	if (got < 0)
		return err_sys (err, CODE_IO_ERROR, "cannot read it");
	self->ended = got == 0;
	add (self, bytes, got);
	*n = got;
	return self->ended ? FILE_READER_END : FILE_READER_DATA;
}

/* --- regular files ------------------------------------------------------------------------------------------------ */

static ssize_t read_at (const struct file_reader *self, void *bytes, size_t n, int64_t offset)
{
	ssize_t got;

	while ((got = pread (self->fd, bytes, n, offset)) < 0 && errno == EINTR)
		;
	return got;
}

static bool same_time (const struct timespec *one, const struct timespec *other)
{
	return one->tv_sec == other->tv_sec && one->tv_nsec == other->tv_nsec;
}

/* Try to read one byte beyond the size. */
static int end (struct file_reader *self, struct err *err)
{
	struct stat now;
	ssize_t more = 0;
	char byte;

	if (!self->unsized && self->done == self->st.st_size && (more = read_at (self, &byte, 1, self->done)) < 0)
		return err_sys (err, CODE_IO_ERROR, "cannot read it");
	if (fstat (self->fd, &now) < 0)
		return err_sys (err, CODE_IO_ERROR, "cannot stat it");
	if (now.st_size != self->st.st_size || !same_time (&now.st_mtim, &self->st.st_mtim))
		self->doubt = FILE_READER_CHANGED;
	else if (more > 0 || self->done != self->st.st_size)
		self->doubt = FILE_READER_MISSTATED;
	self->ended = true;
	return FILE_READER_END;
}

/* Find the type and the end of the extent at `done`. `until` stays at `done` when no extent is left: the file
 * shrank. */
static int find_extent (struct file_reader *self, struct err *err)
{
	off_t data = lseek (self->fd, self->done, SEEK_DATA), hole;
	int64_t size = self->st.st_size;
	struct stat now;

	self->hole = data > self->done;
	self->until = size;
	if (self->hole && data < size) {
		self->until = data;
	} else if (data == self->done) {
		if ((hole = lseek (self->fd, self->done, SEEK_HOLE)) > self->done && hole < size)
			self->until = hole;
	} else if (data < 0 && errno == ENXIO) {
		/* No data is left: a hole up to the current end of the file. */
		if (fstat (self->fd, &now) < 0)
			return err_sys (err, CODE_IO_ERROR, "cannot stat it");
		self->hole = true;
		if (now.st_size < size)
			self->until = now.st_size > self->done ? now.st_size : self->done;
	} /* any other errno: the filesystem reports no holes, all is data */
	return 0;
}

/* Read data at `done`. */
static int next_data (struct file_reader *self, void *bytes, size_t size, int64_t *n, struct err *err)
{
	ssize_t got = read_at (self, bytes, size, self->done);

	if (got < 0)
		return err_sys (err, CODE_IO_ERROR, "cannot read it");
	if (got == 0)
		return end (self, err);
	add (self, bytes, got);
	*n = got;
	return FILE_READER_DATA;
}

/* As file_reader_next, with holes of at most hole_max bytes. */
static int next_of_file (
	struct file_reader *self, void *bytes, size_t size, int64_t hole_max, int64_t *n, struct err *err)
{
	int64_t left;

	if (self->unsized)
		return next_data (self, bytes, size, n, err);
	if (self->done >= self->st.st_size)
		return end (self, err);
	if (self->until == self->done && find_extent (self, err) < 0)
		return -1;
	if ((left = self->until - self->done) == 0)
		return end (self, err);
	if (self->hole) {
		*n = left < hole_max ? left : hole_max;
		add (self, NULL, *n);
		return FILE_READER_HOLE;
	}
	return next_data (self, bytes, left < (int64_t)size ? (size_t)left : size, n, err);
}

int file_reader_next (struct file_reader *self, void *bytes, size_t size, int64_t *n, struct err *err)
{
	*n = 0;
	if (self->ended)
		return FILE_READER_END;
	if (self->stream)
		return next_of_stream (self, bytes, size, n, err);
	return next_of_file (self, bytes, size, FILE_READER_STEP, n, err);
}

static int start_anew (struct file_reader *self)
{
	self->done = self->until = 0;
	self->ended = false;
	digest_reset (self->digest);
	return FILE_READER_ANEW;
}

int file_reader_skip (struct file_reader *self, int64_t n, const char *sum, struct err *err)
{
	int64_t start = self->done, left, got;
	uint8_t bytes[SKIP_PIECE];
	char text[DIGEST_TEXT];
	int what;

	/* The sum of a part is this reader's alone. */
	if (self->shared && !(self->digest = digest_new (self->sum))) {
		errno = ENOMEM;
		return err_sys (err, CODE_BUSY, "cannot read it");
	}
	shared_digest_close (self->shared);
	self->shared = NULL;
	if (n < 0 || n > self->st.st_size)
		return start_anew (self);
	while ((left = n - self->done) > 0) {
		int64_t rest = FILE_READER_STEP - (self->done - start); /* left of this step */

		if (rest <= 0)
			return FILE_READER_SKIPPING;
		if (left > rest)
			left = rest;
		what = next_of_file (self, bytes, left < SKIP_PIECE ? (size_t)left : SKIP_PIECE, left, &got, err);
		if (what < 0)
			return -1;
		if (what == FILE_READER_END)
			return start_anew (self); /* the file shrank */
	}
	digest_text (self->digest, text);
	return text[0] && strcmp (text, sum) == 0 ? FILE_READER_SKIPPED : start_anew (self);
}
