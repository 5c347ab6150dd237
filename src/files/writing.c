/* writing - one file that is being received; see writing.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "files/access.h"
#include "files/code.h"
#include "files/place.h"
#include "files/size.h"
#include "files/temporary.h"
#include "files/writing.h"

enum { WRITE_OUT = 8 * 1024 * 1024 };

struct writing {
	struct writing_options options;
	int directory; /* borrowed; -1: it goes to a descriptor, `fd`, which is borrowed then */
	char name[PLACE_NAME_MAX + 1], temporary[TEMPORARY_NAME];
	int fd;
	bool published;
	int64_t size; /* bytes so far, holes with them */
	int64_t asked; /* bytes that the kernel was asked to write out, while more come */
	struct digest *digest;
	char sum[DIGEST_TEXT];
	struct access access;
	char note[ACCESS_NOTE];
	bool has_mtime;
	int64_t mtime_ns;
};

static struct writing *writing_alloc (int directory, int fd, struct err *err)
{
	struct writing *writing = calloc (1, sizeof *writing);

	if (writing && (writing->digest = digest_new ())) {
		writing->directory = directory;
		writing->fd = fd;
		writing->access.mode = -1;
		return writing;
	}
	free (writing);
	err_set (err, CODE_BUSY, "out of memory");
	return NULL;
}

/* --- what is there ------------------------------------------------------------------------------------------------ */

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

/* 0, or -1 and err: what is there is not to be replaced. */
static int look_at_target (int directory, const char *name, struct err *err)
{
	struct stat st;

	if (fstatat (directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys (err, files_code (errno), "cannot look at what is there");
	if (S_ISREG (st.st_mode) || S_ISLNK (st.st_mode))
		return 0;
	return err_set (err, CODE_BAD_VALUE, "%s is in its place", special_word (st.st_mode));
}

struct writing *writing_new (int directory, const char *name, const struct writing_options *options, struct err *err)
{
	struct writing *writing = writing_alloc (directory, -1, err);

	if (!writing)
		return NULL;
	writing->options = *options;
	snprintf (writing->name, sizeof writing->name, "%s", name);
	temporary_trim_first (directory);
	if (look_at_target (directory, name, err) == 0 &&
		(writing->fd = temporary_make (directory, name, writing->temporary, err)) >= 0)
		return writing;
	writing_free (writing, false);
	return NULL;
}

struct writing *writing_to (int fd, struct err *err)
{
	return writing_alloc (-1, fd, err);
}

/* --- what an interrupted transfer has left ------------------------------------------------------------------------- */

/* Read all that is there, to make its sum. */
static int add_old (struct writing *writing, int fd, struct err *err)
{
	static char bytes[256 * 1024];
	ssize_t n;

	while ((n = pread (fd, bytes, sizeof bytes, writing->size)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys (err, CODE_IO_ERROR, "cannot read what is there already");
		digest_add (writing->digest, bytes, (size_t)n);
		writing->size += n;
	}
	return 0;
}

int64_t writing_resume (struct writing *writing, char sum[DIGEST_TEXT], struct err *err)
{
	char temporary[TEMPORARY_NAME];
	int fd = writing->directory < 0 ? -1 : temporary_adopt (writing->directory, writing->name, temporary);

	if (fd >= 0) {
		unlinkat (writing->directory, writing->temporary, 0);
		fd_close (&writing->fd);
		writing->fd = fd;
		memcpy (writing->temporary, temporary, sizeof temporary);
		if (add_old (writing, fd, err) < 0)
			return -1;
	}
	digest_text (writing->digest, sum);
	return writing->size;
}

int writing_from (struct writing *writing, int64_t bytes, struct err *err)
{
	if (bytes == writing->size)
		return 0;
	if (bytes != 0)
		return err_set (err, CODE_BAD_VALUE, "it cannot go on in the middle of what is there");
	writing->size = 0;
	digest_reset (writing->digest);
	return ftruncate (writing->fd, 0) == 0 ? 0 : err_sys (err, CODE_IO_ERROR, "cannot start anew");
}

/* --- content ------------------------------------------------------------------------------------------------------ */

static int write_failed (struct err *err)
{
	return err_sys (err, CODE_IO_ERROR, "cannot write");
}

/* To its place in the file; to a descriptor that is none of ours, which may be a pipe, behind what went before. */
static int write_bytes (struct writing *writing, const char *bytes, size_t n, struct err *err)
{
	int64_t at = writing->size;

	if (writing->directory < 0)
		return fd_write_all (writing->fd, bytes, n) == 0 ? 0 : write_failed (err);
	while (n > 0) {
		ssize_t done = pwrite (writing->fd, bytes, n, at);

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

static int check_size (const struct writing *writing, int64_t n, struct err *err)
{
	if (n >= 0 && n <= INT64_MAX - writing->size)
		return 0;
	return err_set (err, CODE_BAD_VALUE, "no file can be so large");
}

int writing_data (struct writing *writing, const void *bytes, size_t n, struct err *err)
{
	if (check_size (writing, (int64_t)n, err) < 0 || write_bytes (writing, bytes, n, err) < 0)
		return -1;
	digest_add (writing->digest, bytes, n);
	writing->size += (int64_t)n;
	if (writing->options.sync && writing->size - writing->asked >= WRITE_OUT) {
		writing_start_sync (writing);
		writing->asked = writing->size;
	}
	return 0;
}

/* What the kernel thinks of it is found out by trying: both ways, so that the file is as it was. */
int writing_can_grow (struct writing *writing, int64_t n, struct err *err)
{
	if (check_size (writing, n, err) < 0)
		return -1;
	if (writing->directory < 0)
		return 0;
	if (size_check (writing->fd, writing->size + n, err) < 0)
		return -1;
	if (ftruncate (writing->fd, writing->size + n) < 0 || ftruncate (writing->fd, writing->size) < 0)
		return write_failed (err);
	return 0;
}

int writing_hole (struct writing *writing, int64_t n, struct err *err)
{
	static const char zeros[64 * 1024];

	if (writing_can_grow (writing, n, err) < 0)
		return -1;
	/* The file has that size from now on, also where nothing comes after the hole. */
	if (writing->directory >= 0 && ftruncate (writing->fd, writing->size + n) < 0)
		return write_failed (err);
	if (writing->directory >= 0) {
		digest_add_zeros (writing->digest, (uint64_t)n);
		writing->size += n;
		return 0;
	}
	while (n > 0) {
		size_t some = n < (int64_t)sizeof zeros ? (size_t)n : sizeof zeros;

		if (writing_data (writing, zeros, some, err) < 0)
			return -1;
		n -= (int64_t)some;
	}
	return 0;
}

int64_t writing_size (const struct writing *writing)
{
	return writing->size;
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

void writing_set_mode (struct writing *writing, int mode, const int64_t *mtime_ns)
{
	writing->access = (struct access){
		.mode = mode, .preserve = writing->options.preserve, .set_id = writing->options.set_id
	};
	writing->has_mtime = mtime_ns != NULL;
	writing->mtime_ns = mtime_ns ? *mtime_ns : 0;
}

static int set_time (struct writing *writing, struct err *err)
{
	int64_t second = 1000000000, left = writing->mtime_ns % second;
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = writing->mtime_ns / second - (left < 0), .tv_nsec = left < 0 ? left + second : left } };

	if (!writing->options.preserve || !writing->has_mtime || futimens (writing->fd, times) == 0)
		return 0;
	return err_sys (err, files_code (errno), "cannot set its time");
}

int writing_complete (struct writing *writing, int64_t size, const char *sum, struct err *err)
{
	digest_text (writing->digest, writing->sum);
	if (size >= 0 && size != writing->size)
		return err_set (err, CODE_FAILED, "%lld bytes came, and it has %lld", (long long)writing->size,
			(long long)size);
	if (!*writing->sum || (sum && strcmp (sum, writing->sum) != 0))
		return err_set (err, CODE_FAILED, "what came has another SHA-256 than what was sent");
	if (writing->directory < 0)
		return 0;
	if (access_set (writing->fd, writing->directory, writing->name, &writing->access, writing->note, err) < 0)
		return -1;
	return set_time (writing, err);
}

const char *writing_note (const struct writing *writing)
{
	return writing->note;
}

const char *writing_sum (const struct writing *writing)
{
	return writing->sum;
}

void writing_start_sync (struct writing *writing)
{
	/* Only a hint: what does not work here fails in fsync(2). */
	if (writing->options.sync && writing->directory >= 0)
		(void)sync_file_range (writing->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

int writing_sync (struct writing *writing, struct err *err)
{
	if (!writing->options.sync || writing->directory < 0 || fsync (writing->fd) == 0)
		return 0;
	return err_sys (err, CODE_IO_ERROR, "cannot bring it to the disk");
}

int writing_sync_all (struct writing *writing, dev_t *device, struct err *err)
{
	struct stat st;

	if (!writing->options.sync || writing->directory < 0)
		return 0;
	if (fstat (writing->fd, &st) < 0 || (st.st_dev != *device && syncfs (writing->fd) < 0))
		return err_sys (err, CODE_IO_ERROR, "cannot bring it to the disk");
	*device = st.st_dev;
	return 0;
}

int writing_publish (struct writing *writing, struct err *err)
{
	if (writing->directory < 0)
		return 0;
	if (look_at_target (writing->directory, writing->name, err) < 0)
		return -1;
	if (renameat (writing->directory, writing->temporary, writing->directory, writing->name) < 0)
		return err_sys (err, files_code (errno), "cannot give it its name");
	writing->published = true;
	return 0;
}

/* One that was complete has the mode, and may have the owner and the time, that the file was to have. As a temporary it is
 * ours, private and young: else it would be swept, or never. */
static bool set_back (struct writing *writing)
{
	return !*writing->sum || (fchown (writing->fd, geteuid (), (gid_t)-1) == 0 && fchmod (writing->fd, 0600) == 0 &&
					 futimens (writing->fd, NULL) == 0);
}

bool writing_free (struct writing *writing, bool keep)
{
	bool kept = false;

	if (!writing)
		return false;
	if (writing->directory >= 0) {
		kept = writing->fd >= 0 && !writing->published && keep && writing->size && set_back (writing);
		if (writing->fd >= 0 && !writing->published && !kept)
			unlinkat (writing->directory, writing->temporary, 0);
		fd_close (&writing->fd);
	}
	digest_free (writing->digest);
	free (writing);
	return kept;
}
