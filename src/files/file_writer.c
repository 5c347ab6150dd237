/* file_writer - writes one received file; see file_writer.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "files/code.h"
#include "files/file_writer.h"
#include "files/metadata.h"
#include "files/size.h"
#include "files/target.h"
#include "files/temporary.h"

enum { WRITE_OUT = 8 * 1024 * 1024 };

struct file_writer {
	struct file_writer_options options;
	int directory; /* borrowed; -1: the target is the descriptor `fd`, then borrowed too */
	char name[TARGET_NAME_MAX + 1], temporary[TEMPORARY_NAME];
	int fd;
	bool published;
	bool resuming; /* file_writer_resume has not read all of the partial file yet */
	int64_t size; /* bytes so far, including holes */
	int64_t asked; /* bytes whose writing out the kernel has begun */
	struct digest *digest;
	char sum[DIGEST_TEXT];
	struct metadata metadata;
	char note[METADATA_NOTE];
	bool has_mtime;
	int64_t mtime_ns;
};

static struct file_writer *file_writer_alloc (int directory, int fd, enum digest_kind sum, struct err *err)
{
	struct file_writer *writer = calloc (1, sizeof *writer);

	if (writer && (writer->digest = digest_new (sum))) {
		writer->directory = directory;
		writer->fd = fd;
		writer->metadata.mode = -1;
		return writer;
	}
	free (writer);
	err_set (err, CODE_BUSY, "out of memory");
	return NULL;
}

/* --- the existing file -------------------------------------------------------------------------------------------- */

static const char *special_word (mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR: return "a directory";
	case S_IFIFO: return "a FIFO";
	case S_IFSOCK: return "a socket";
	case S_IFBLK: return "a block device";
	default: return "a character device";
	}
}

/* 0, or -1 and err when the existing file must not be replaced. */
static int look_at_target (int directory, const char *name, struct err *err)
{
	struct stat st;

	if (fstatat (directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys (err, files_code (errno), "cannot stat the existing file");
	if (S_ISREG (st.st_mode) || S_ISLNK (st.st_mode))
		return 0;
	return err_set (err, CODE_BAD_VALUE, "%s is in its place", special_word (st.st_mode));
}

struct file_writer *file_writer_new (
	int directory, const char *name, const struct file_writer_options *options, struct err *err)
{
	struct file_writer *writer = file_writer_alloc (directory, -1, options->sum, err);

	if (!writer)
		return NULL;
	writer->options = *options;
	snprintf (writer->name, sizeof writer->name, "%s", name);
	temporary_trim_first (directory);
	if (look_at_target (directory, name, err) == 0 &&
		(writer->fd = temporary_make (directory, name, writer->temporary, err)) >= 0)
		return writer;
	file_writer_free (writer, false);
	return NULL;
}

struct file_writer *file_writer_to (int fd, enum digest_kind sum, struct err *err)
{
	return file_writer_alloc (-1, fd, sum, err);
}

/* --- a partial file of an interrupted transfer -------------------------------------------------------------------- */

/* Read the partial file for the digest. 1: there is more, 0: all was read, -1 and err. */
static int add_old (struct file_writer *writer, struct err *err)
{
	static char bytes[256 * 1024];

	for (int64_t until = writer->size + FILE_WRITER_STEP; writer->size < until;) {
		ssize_t n = pread (writer->fd, bytes, sizeof bytes, writer->size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys (err, CODE_IO_ERROR, "cannot read the partial file");
		if (n == 0)
			return 0;
		digest_add (writer->digest, bytes, (size_t)n);
		writer->size += n;
	}
	return 1;
}

/* Use the temporary that an earlier transfer left, in place of ours. */
static void adopt (struct file_writer *writer)
{
	char temporary[TEMPORARY_NAME];
	int fd = writer->directory < 0 ? -1 : temporary_adopt (writer->directory, writer->name, temporary);

	if (fd < 0)
		return;
	unlinkat (writer->directory, writer->temporary, 0);
	fd_close (&writer->fd);
	writer->fd = fd;
	memcpy (writer->temporary, temporary, sizeof temporary);
}

int64_t file_writer_resume (struct file_writer *writer, char sum[DIGEST_TEXT], struct err *err)
{
	int more = 0;

	if (!writer->resuming)
		adopt (writer);
	if (writer->directory >= 0 && (more = add_old (writer, err)) < 0)
		return -1;
	writer->resuming = more;
	if (more)
		return FILE_WRITER_MORE;
	digest_text (writer->digest, sum);
	return writer->size;
}

int file_writer_from (struct file_writer *writer, int64_t bytes, struct err *err)
{
	if (bytes == writer->size)
		return 0;
	if (bytes != 0)
		return err_set (err, CODE_BAD_VALUE, "cannot resume inside the partial file");
	writer->size = 0;
	digest_reset (writer->digest);
	return ftruncate (writer->fd, 0) == 0 ? 0 : err_sys (err, CODE_IO_ERROR, "cannot truncate the partial file");
}

/* --- content ------------------------------------------------------------------------------------------------------ */

static int write_failed (struct err *err)
{
	return err_sys (err, CODE_IO_ERROR, "cannot write");
}

/* A file is written at its offset; a borrowed descriptor, which may be a pipe, at its position. */
static int write_bytes (struct file_writer *writer, const char *bytes, size_t n, struct err *err)
{
	int64_t at = writer->size;

	if (writer->directory < 0)
		return fd_write_all (writer->fd, bytes, n) == 0 ? 0 : write_failed (err);
	while (n > 0) {
		ssize_t done = pwrite (writer->fd, bytes, n, at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0) {
			if (done == 0)
				errno = ENOSPC;
			return write_failed (err);
		}
		bytes += done;
		n -= (size_t)done;
		at += done;
	}
	return 0;
}

static int check_size (const struct file_writer *writer, int64_t n, struct err *err)
{
	if (n >= 0 && n <= INT64_MAX - writer->size)
		return 0;
	return err_set (err, CODE_BAD_VALUE, "larger than any file can be");
}

int file_writer_data (struct file_writer *writer, const void *bytes, size_t n, struct err *err)
{
	if (check_size (writer, (int64_t)n, err) < 0 || write_bytes (writer, bytes, n, err) < 0)
		return -1;
	digest_add (writer->digest, bytes, n);
	writer->size += (int64_t)n;
	if (writer->options.sync && writer->size - writer->asked >= WRITE_OUT) {
		file_writer_start_sync (writer);
		writer->asked = writer->size;
	}
	return 0;
}

/* Ask the kernel by changing the size twice: the file is as before afterwards. */
int file_writer_can_grow (struct file_writer *writer, int64_t n, struct err *err)
{
	if (check_size (writer, n, err) < 0)
		return -1;
	if (writer->directory < 0)
		return 0;
	if (size_check (writer->fd, writer->size + n, err) < 0)
		return -1;
	if (ftruncate (writer->fd, writer->size + n) < 0 || ftruncate (writer->fd, writer->size) < 0)
		return write_failed (err);
	return 0;
}

int file_writer_hole (struct file_writer *writer, int64_t n, struct err *err)
{
	static const char zeros[64 * 1024];

	if (file_writer_can_grow (writer, n, err) < 0)
		return -1;
	/* Set the size now, because no data may follow the hole. */
	if (writer->directory >= 0 && ftruncate (writer->fd, writer->size + n) < 0)
		return write_failed (err);
	if (writer->directory >= 0) {
		digest_add_zeros (writer->digest, (uint64_t)n);
		writer->size += n;
		return 0;
	}
	while (n > 0) {
		size_t some = n < (int64_t)sizeof zeros ? (size_t)n : sizeof zeros;

		if (file_writer_data (writer, zeros, some, err) < 0)
			return -1;
		n -= (int64_t)some;
	}
	return 0;
}

int64_t file_writer_size (const struct file_writer *writer)
{
	return writer->size;
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

void file_writer_set_mode (struct file_writer *writer, int mode, const int64_t *mtime_ns)
{
	writer->metadata = (struct metadata){
		.mode = mode, .preserve = writer->options.preserve, .set_id = writer->options.set_id
	};
	writer->has_mtime = mtime_ns != NULL;
	writer->mtime_ns = mtime_ns ? *mtime_ns : 0;
}

static int set_time (struct file_writer *writer, struct err *err)
{
	int64_t second = 1000000000, left = writer->mtime_ns % second;
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = writer->mtime_ns / second - (left < 0), .tv_nsec = left < 0 ? left + second : left } };

	if (!writer->options.preserve || !writer->has_mtime || futimens (writer->fd, times) == 0)
		return 0;
	return err_sys (err, files_code (errno), "cannot set its time");
}

int file_writer_complete (struct file_writer *writer, int64_t size, const char *sum, struct err *err)
{
	digest_text (writer->digest, writer->sum);
	if (size >= 0 && size != writer->size)
		return err_set (
			err, CODE_FAILED, "received %lld bytes of %lld", (long long)writer->size, (long long)size);
	if (!*writer->sum || (sum && strcmp (sum, writer->sum) != 0))
		return err_set (err, CODE_FAILED, "the sum of the received content differs from the sender's");
	if (writer->directory < 0)
		return 0;
	if (metadata_set (writer->fd, writer->directory, writer->name, &writer->metadata, writer->note, err) < 0)
		return -1;
	return set_time (writer, err);
}

const char *file_writer_note (const struct file_writer *writer)
{
	return writer->note;
}

const char *file_writer_sum (const struct file_writer *writer)
{
	return writer->sum;
}

void file_writer_start_sync (struct file_writer *writer)
{
	/* Only a hint: an error here appears again in fsync(2). */
	if (writer->options.sync && writer->directory >= 0)
		(void)sync_file_range (writer->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

int file_writer_sync (struct file_writer *writer, struct err *err)
{
	if (!writer->options.sync || writer->directory < 0 || fsync (writer->fd) == 0)
		return 0;
	return err_sys (err, CODE_IO_ERROR, "cannot sync it");
}

int file_writer_sync_all (struct file_writer *writer, dev_t *device, struct err *err)
{
	struct stat st;

	if (!writer->options.sync || writer->directory < 0)
		return 0;
	if (fstat (writer->fd, &st) < 0 || (st.st_dev != *device && syncfs (writer->fd) < 0))
		return err_sys (err, CODE_IO_ERROR, "cannot sync it");
	*device = st.st_dev;
	return 0;
}

int file_writer_publish (struct file_writer *writer, struct err *err)
{
	if (writer->directory < 0)
		return 0;
	if (look_at_target (writer->directory, writer->name, err) < 0)
		return -1;
	if (renameat (writer->directory, writer->temporary, writer->directory, writer->name) < 0)
		return err_sys (err, files_code (errno), "cannot rename the temporary file");
	writer->published = true;
	return 0;
}

/* A complete file has the target's mode and maybe its owner and time. As a temporary file it must be owned by us,
 * private and recent: otherwise it is removed at once, or never. */
static bool set_back (struct file_writer *writer)
{
	return !*writer->sum || (fchown (writer->fd, geteuid (), (gid_t)-1) == 0 && fchmod (writer->fd, 0600) == 0 &&
					futimens (writer->fd, NULL) == 0);
}

bool file_writer_free (struct file_writer *writer, bool keep)
{
	bool kept = false;

	if (!writer)
		return false;
	if (writer->directory >= 0) {
		kept = writer->fd >= 0 && !writer->published && keep && writer->size && set_back (writer);
		if (writer->fd >= 0 && !writer->published && !kept)
			unlinkat (writer->directory, writer->temporary, 0);
		fd_close (&writer->fd);
	}
	digest_free (writer->digest);
	free (writer);
	return kept;
}
