/* Reading one file: its holes, its changes, skipped parts. What a sender makes of a file is in check_sender.c. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "files/file_reader.h"
#include "sender_fixture.h"
#include "support/check_main.h"
#include "wire/codes.h"

static struct err err;
static uint8_t bytes[ITEM_DATA_MAX];

static struct file_reader *file_reader_of (const char *path)
{
	struct file_reader *reader = file_reader_new (open (path, O_RDONLY | O_CLOEXEC), false, DIGEST_SHA256, &err);

	ck_assert_msg (reader != NULL, "%s", err.text);
	return reader;
}

/* A sparse file: `size` bytes, with one byte at each of the offsets (the last offset is -1). */
static const char *sparse (int64_t size, const int64_t *offsets)
{
	const char *path = fixture_path ("sparse");
	int fd = open (path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	ck_assert_int_eq (ftruncate (fd, size), 0);
	for (; *offsets >= 0; offsets++)
		ck_assert_int_eq (pwrite (fd, "x", 1, *offsets), 1);
	ck_assert_int_eq (fsync (fd), 0); /* the holes are settled */
	fd_close (&fd);
	return path;
}

/* Read on to the end; returns the number of bytes, and of those in holes *holes. */
static int64_t rest (struct file_reader *reader, int64_t *holes)
{
	int64_t n, sum = 0;
	int what;

	*holes = 0;
	while ((what = file_reader_next (reader, bytes, sizeof bytes, &n, &err)) != FILE_READER_END) {
		ck_assert (what == FILE_READER_DATA || what == FILE_READER_HOLE);
		ck_assert_int_gt (n, 0);
		ck_assert_int_le (n, what == FILE_READER_HOLE ? FILE_READER_STEP : (int64_t)sizeof bytes);
		sum += n;
		if (what == FILE_READER_HOLE)
			*holes += n;
	}
	ck_assert_int_eq (file_reader_next (reader, bytes, sizeof bytes, &n, &err), FILE_READER_END);
	ck_assert_int_eq (n, 0);
	return sum;
}

static void sum_of_zeros (int64_t n, char text[DIGEST_TEXT])
{
	struct digest *digest = digest_new (DIGEST_SHA256);

	digest_add_zeros (digest, (uint64_t)n);
	digest_text (digest, text);
	digest_free (digest);
}

START_TEST (plain)
{
	char sum[DIGEST_TEXT], same[DIGEST_TEXT];
	struct digest *digest = digest_new (DIGEST_SHA256);
	uint8_t *content = fixture_bytes (300001);
	struct file_reader *reader;
	int64_t n;

	fixture_file ("plain", 300001);
	reader = file_reader_of (fixture_path ("plain"));
	ck_assert_int_eq (file_reader_size (reader), 300001);
	ck_assert_uint_eq (file_reader_stat (reader)->st_mode, S_IFREG | 0644);
	for (int64_t at = 0; at < 300001; at += n) {
		ck_assert_int_eq (file_reader_done (reader), at);
		ck_assert_int_eq (file_reader_next (reader, bytes, 100000, &n, &err), FILE_READER_DATA);
		ck_assert_int_le (n, 100000);
		ck_assert (memcmp (bytes, content + at, (size_t)n) == 0);
	}
	ck_assert_int_eq (rest (reader, &n), 0);
	ck_assert_int_eq (file_reader_doubt (reader), FILE_READER_SAME);
	digest_add (digest, content, 300001);
	digest_text (digest, same);
	file_reader_sum (reader, sum);
	ck_assert_str_eq (sum, same);
	digest_free (digest);
	free (content);
	file_reader_free (reader);
}
END_TEST

/* A hole is as long as the file, and longer than a step. */
START_TEST (all_hole)
{
	const int64_t size = (int64_t)FILE_READER_STEP * 3 + 5;
	char sum[DIGEST_TEXT], same[DIGEST_TEXT];
	struct file_reader *reader = file_reader_of (sparse (size, (const int64_t[]){ -1 }));
	int64_t holes;

	ck_assert_int_eq (rest (reader, &holes), size);
	ck_assert_int_eq (file_reader_doubt (reader), FILE_READER_SAME);
	file_reader_sum (reader, sum);
	sum_of_zeros (size, same);
	ck_assert_str_eq (sum, same);
	file_reader_free (reader);
}
END_TEST

/* Whatever the filesystem reports as a hole is a hole, at any position. */
START_TEST (some_holes)
{
	const int64_t mega = 1024 * 1024, size = 10 * mega;
	const char *path = sparse (size, (const int64_t[]){ 3 * mega, 3 * mega + 1, 7 * mega, size - 1, -1 });
	struct file_reader *reader = file_reader_of (path);
	int64_t holes, expected = 0;
	int fd = open (path, O_RDONLY | O_CLOEXEC);
	off_t hole = 0, data;

	for (; (hole = lseek (fd, hole, SEEK_HOLE)) >= 0 && hole < size; hole = data) {
		if ((data = lseek (fd, hole, SEEK_DATA)) < 0)
			data = size;
		expected += data - hole;
	}
	ck_assert_int_eq (rest (reader, &holes), size);
	ck_assert_int_eq (holes, expected);
	ck_assert_int_eq (file_reader_doubt (reader), FILE_READER_SAME);
	fd_close (&fd);
	file_reader_free (reader);
}
END_TEST

/* Cut in its data, in a hole before data, and in the last hole. */
static const struct {
	int64_t data, cut;
} cuts[] = { { 0, 1 }, { 9 * 1024 * 1024, 5 * 1024 * 1024 }, { 0, 5 * 1024 * 1024 }, { 0, 0 } };

START_TEST (shrinks)
{
	const int64_t size = 10 * 1024 * 1024;
	const char *path = sparse (size, (const int64_t[]){ cuts[_i].data, -1 });
	struct file_reader *reader = file_reader_of (path);
	int64_t holes;

	ck_assert_int_eq (truncate (path, cuts[_i].cut), 0);
	ck_assert_int_eq (rest (reader, &holes), cuts[_i].cut);
	ck_assert_int_eq (file_reader_size (reader), size);
	ck_assert_int_eq (file_reader_doubt (reader), FILE_READER_CHANGED);
	file_reader_free (reader);
}
END_TEST

/* Changes of the inode alone are no changes of the content: its mode, its links, its name. */
START_TEST (inode_changes)
{
	const char *path = fixture_path ("file"), *other = fixture_path ("other");
	struct file_reader *reader;
	struct stat old, now;
	int64_t holes;

	fixture_file ("file", 100);
	reader = file_reader_of (path);
	ck_assert_int_eq (stat (path, &old), 0);
	do { /* until the clock of the filesystem has moved */
		ck_assert_int_eq (chmod (path, 0600), 0);
		ck_assert_int_eq (stat (path, &now), 0);
	} while (now.st_ctim.tv_sec == old.st_ctim.tv_sec && now.st_ctim.tv_nsec == old.st_ctim.tv_nsec);
	ck_assert_int_eq (link (path, other), 0);
	ck_assert_int_eq (unlink (path), 0);
	ck_assert_int_eq (rest (reader, &holes), 100);
	ck_assert_int_eq (file_reader_doubt (reader), FILE_READER_SAME);
	ck_assert_str_eq (file_reader_doubt_words (reader), "");
	file_reader_free (reader);
}
END_TEST

/* Files that the kernel generates: one reports the size 0, the other a page. */
START_TEST (misstated)
{
	static const char *const paths[] = { "/proc/version", "/sys/devices/system/cpu/online" };
	struct file_reader *reader;
	int64_t holes;
	size_t n;
	char *text = fd_read_file (paths[_i], 4096, &n, &err);

	if (!text)
		SKIP ("%s: %s", paths[_i], err.text);
	reader = file_reader_of (paths[_i]);
	if (_i == 0) {
		ck_assert_int_eq (file_reader_size (reader), -1);
		ck_assert_int_eq (file_reader_doubt (reader), FILE_READER_MISSTATED);
	}
	ck_assert_int_eq (rest (reader, &holes), n);
	ck_assert_int_eq (file_reader_doubt (reader), FILE_READER_MISSTATED);
	ck_assert_ptr_nonnull (strstr (file_reader_doubt_words (reader), "--live"));
	file_reader_free (reader);
	free (text);
}
END_TEST

/* The reported size is larger than any that can be summed. Not every filesystem has files of that size. */
START_TEST (too_large)
{
	int fd = memfd_create ("large", MFD_CLOEXEC);

	ck_assert_int_ge (fd, 0);
	if (ftruncate (fd, INT64_C (1) << 62) < 0) {
		fd_close (&fd);
		SKIP ("no file of 2^62 bytes here");
	}
	ck_assert_ptr_null (file_reader_new (fd, false, DIGEST_SHA256, &err));
	ck_assert_int_eq (err.code, CODE_BAD_VALUE);
	ck_assert_ptr_nonnull (strstr (err.text, "4611686018427387904 bytes are more than a file may have here"));
}
END_TEST

START_TEST (refused)
{
	struct file_reader *reader;
	int64_t n;

	ck_assert_ptr_null (file_reader_new (open ("/dev/null", O_RDONLY | O_CLOEXEC), false, DIGEST_SHA256, &err));
	ck_assert_int_eq (err.code, CODE_BAD_VALUE);
	ck_assert_str_eq (err.text, "is a character device: not copied");
	ck_assert_ptr_null (file_reader_new (open (fixture_dir, O_RDONLY | O_CLOEXEC), false, DIGEST_SHA256, &err));
	ck_assert_str_eq (err.text, "is a directory (-r copies directories)");
	/* As a stream it cannot be read: that is an error, not an end. */
	reader = file_reader_new (open (fixture_dir, O_RDONLY | O_CLOEXEC), true, DIGEST_SHA256, &err);
	ck_assert_ptr_nonnull (reader);
	ck_assert_int_eq (file_reader_size (reader), -1);
	ck_assert_int_eq (file_reader_next (reader, bytes, sizeof bytes, &n, &err), -1);
	ck_assert_int_eq (err.code, CODE_IO_ERROR);
	file_reader_free (reader);
	file_reader_free (NULL);
}
END_TEST

/* Steps of at most FILE_READER_STEP; the last one returns the result. */
static int skip (struct file_reader *reader, int64_t n, const char *sum, int *steps)
{
	int result;

	*steps = 0;
	do {
		int64_t before = file_reader_done (reader);

		result = file_reader_skip (reader, n, sum, &err);
		ck_assert_int_le (file_reader_done (reader) - before, FILE_READER_STEP);
		++*steps;
	} while (result == FILE_READER_SKIPPING);
	return result;
}

START_TEST (skips)
{
	const int64_t size = (int64_t)FILE_READER_STEP * 3, part = (int64_t)FILE_READER_STEP * 2 + 7;
	char sum[DIGEST_TEXT], all[DIGEST_TEXT], same[DIGEST_TEXT];
	struct file_reader *reader = file_reader_of (sparse (size, (const int64_t[]){ -1 }));
	int64_t holes;
	int steps;

	sum_of_zeros (part, sum);
	sum_of_zeros (size, all);
	ck_assert_int_eq (skip (reader, part, sum, &steps), FILE_READER_SKIPPED);
	ck_assert_int_eq (steps, 3);
	ck_assert_int_eq (file_reader_done (reader), part);
	ck_assert_int_eq (rest (reader, &holes), size - part);
	file_reader_sum (reader, same);
	ck_assert_str_eq (all, same);
	ck_assert_int_eq (file_reader_doubt (reader), FILE_READER_SAME);
	file_reader_free (reader);

	/* The file is another one: all comes, with its own sum. */
	reader = file_reader_of (fixture_path ("sparse"));
	ck_assert_int_eq (skip (reader, part - 1, sum, &steps), FILE_READER_ANEW);
	ck_assert_int_eq (file_reader_done (reader), 0);
	ck_assert_int_eq (skip (reader, size + 1, sum, &steps), FILE_READER_ANEW);
	ck_assert_int_eq (rest (reader, &holes), size);
	file_reader_sum (reader, same);
	ck_assert_str_eq (all, same);
	file_reader_free (reader);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, fixture_setup, fixture_teardown);
	tcase_add_test (tcase, plain);
	tcase_add_test (tcase, all_hole);
	tcase_add_test (tcase, some_holes);
	tcase_add_loop_test (tcase, shrinks, 0, sizeof cuts / sizeof *cuts);
	tcase_add_test (tcase, inode_changes);
	tcase_add_loop_test (tcase, misstated, 0, 2);
	tcase_add_test (tcase, too_large);
	tcase_add_test (tcase, refused);
	tcase_add_test (tcase, skips);
}

CHECK_MAIN ("files/file_reader", add_cases)
