/* One file that is read: its holes, its changes, what is skipped of it. What a sender makes of it is in check_sender.c. */
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
#include "files/reading.h"
#include "sender_stage.h"
#include "support/check_main.h"
#include "wire/codes.h"

static struct err err;
static uint8_t bytes[ITEM_DATA_MAX];

static struct reading *reading_of (const char *path)
{
	struct reading *reading = reading_new (open (path, O_RDONLY | O_CLOEXEC), false, &err);

	ck_assert_msg (reading != NULL, "%s", err.text);
	return reading;
}

/* A sparse file: `size` bytes, of which there is one at each of the offsets (the last one is -1). */
static const char *sparse (int64_t size, const int64_t *offsets)
{
	const char *path = stage_path ("sparse");
	int fd = open (path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	ck_assert_int_eq (ftruncate (fd, size), 0);
	for (; *offsets >= 0; offsets++)
		ck_assert_int_eq (pwrite (fd, "x", 1, *offsets), 1);
	ck_assert_int_eq (fsync (fd), 0); /* what is a hole is settled */
	fd_close (&fd);
	return path;
}

/* Read on to the end; how many bytes came, of them in holes *holes. */
static int64_t rest (struct reading *reading, int64_t *holes)
{
	int64_t n, sum = 0;
	int what;

	*holes = 0;
	while ((what = reading_next (reading, bytes, sizeof bytes, &n, &err)) != READING_END) {
		ck_assert (what == READING_DATA || what == READING_HOLE);
		ck_assert_int_gt (n, 0);
		ck_assert_int_le (n, what == READING_HOLE ? READING_STEP : (int64_t)sizeof bytes);
		sum += n;
		if (what == READING_HOLE)
			*holes += n;
	}
	ck_assert_int_eq (reading_next (reading, bytes, sizeof bytes, &n, &err), READING_END);
	ck_assert_int_eq (n, 0);
	return sum;
}

static void sum_of_zeros (int64_t n, char text[DIGEST_TEXT])
{
	struct digest *digest = digest_new ();

	digest_add_zeros (digest, (uint64_t)n);
	digest_text (digest, text);
	digest_free (digest);
}

START_TEST (plain)
{
	char sum[DIGEST_TEXT], same[DIGEST_TEXT];
	struct digest *digest = digest_new ();
	uint8_t *content = stage_bytes (300001);
	struct reading *reading;
	int64_t n;

	stage_file ("plain", 300001);
	reading = reading_of (stage_path ("plain"));
	ck_assert_int_eq (reading_size (reading), 300001);
	ck_assert_uint_eq (reading_stat (reading)->st_mode, S_IFREG | 0644);
	for (int64_t at = 0; at < 300001; at += n) {
		ck_assert_int_eq (reading_done (reading), at);
		ck_assert_int_eq (reading_next (reading, bytes, 100000, &n, &err), READING_DATA);
		ck_assert_int_le (n, 100000);
		ck_assert (memcmp (bytes, content + at, (size_t)n) == 0);
	}
	ck_assert_int_eq (rest (reading, &n), 0);
	ck_assert_int_eq (reading_doubt (reading), READING_SAME);
	digest_add (digest, content, 300001);
	digest_text (digest, same);
	reading_sum (reading, sum);
	ck_assert_str_eq (sum, same);
	digest_free (digest);
	free (content);
	reading_free (reading);
}
END_TEST

/* A hole is as long as the file, and longer than a step. */
START_TEST (all_hole)
{
	const int64_t size = (int64_t)READING_STEP * 3 + 5;
	char sum[DIGEST_TEXT], same[DIGEST_TEXT];
	struct reading *reading = reading_of (sparse (size, (const int64_t[]){ -1 }));
	int64_t holes;

	ck_assert_int_eq (rest (reading, &holes), size);
	ck_assert_int_eq (reading_doubt (reading), READING_SAME);
	reading_sum (reading, sum);
	sum_of_zeros (size, same);
	ck_assert_str_eq (sum, same);
	reading_free (reading);
}
END_TEST

/* What the filesystem calls a hole is one, wherever it lies. */
START_TEST (some_holes)
{
	const int64_t mega = 1024 * 1024, size = 10 * mega;
	const char *path = sparse (size, (const int64_t[]){ 3 * mega, 3 * mega + 1, 7 * mega, size - 1, -1 });
	struct reading *reading = reading_of (path);
	int64_t holes, expected = 0;
	int fd = open (path, O_RDONLY | O_CLOEXEC);
	off_t hole = 0, data;

	for (; (hole = lseek (fd, hole, SEEK_HOLE)) >= 0 && hole < size; hole = data) {
		if ((data = lseek (fd, hole, SEEK_DATA)) < 0)
			data = size;
		expected += data - hole;
	}
	ck_assert_int_eq (rest (reading, &holes), size);
	ck_assert_int_eq (holes, expected);
	ck_assert_int_eq (reading_doubt (reading), READING_SAME);
	fd_close (&fd);
	reading_free (reading);
}
END_TEST

/* Cut in its data, in a hole behind which there was data, and in the last hole. */
static const struct {
	int64_t data, cut;
} cuts[] = { { 0, 1 }, { 9 * 1024 * 1024, 5 * 1024 * 1024 }, { 0, 5 * 1024 * 1024 }, { 0, 0 } };

START_TEST (shrinks)
{
	const int64_t size = 10 * 1024 * 1024;
	const char *path = sparse (size, (const int64_t[]){ cuts[_i].data, -1 });
	struct reading *reading = reading_of (path);
	int64_t holes;

	ck_assert_int_eq (truncate (path, cuts[_i].cut), 0);
	ck_assert_int_eq (rest (reading, &holes), cuts[_i].cut);
	ck_assert_int_eq (reading_size (reading), size);
	ck_assert_int_eq (reading_doubt (reading), READING_CHANGED);
	reading_free (reading);
}
END_TEST

/* What the inode alone says is no part of the content: its mode, its links, its name. */
START_TEST (inode_changes)
{
	const char *path = stage_path ("file"), *other = stage_path ("other");
	struct reading *reading;
	struct stat old, now;
	int64_t holes;

	stage_file ("file", 100);
	reading = reading_of (path);
	ck_assert_int_eq (stat (path, &old), 0);
	do { /* until the clock of the filesystem has moved */
		ck_assert_int_eq (chmod (path, 0600), 0);
		ck_assert_int_eq (stat (path, &now), 0);
	} while (now.st_ctim.tv_sec == old.st_ctim.tv_sec && now.st_ctim.tv_nsec == old.st_ctim.tv_nsec);
	ck_assert_int_eq (link (path, other), 0);
	ck_assert_int_eq (unlink (path), 0);
	ck_assert_int_eq (rest (reading, &holes), 100);
	ck_assert_int_eq (reading_doubt (reading), READING_SAME);
	ck_assert_str_eq (reading_doubt_words (reading), "");
	reading_free (reading);
}
END_TEST

/* Files that the kernel makes up: one says that it is empty, one that it is a page. */
START_TEST (misstated)
{
	static const char *const paths[] = { "/proc/version", "/sys/devices/system/cpu/online" };
	struct reading *reading;
	int64_t holes;
	size_t n;
	char *text = fd_read_file (paths[_i], 4096, &n, &err);

	if (!text) {
		fprintf (stderr, "skipped: %s: %s\n", paths[_i], err.text);
		return;
	}
	reading = reading_of (paths[_i]);
	if (_i == 0) {
		ck_assert_int_eq (reading_size (reading), -1);
		ck_assert_int_eq (reading_doubt (reading), READING_MISSTATED);
	}
	ck_assert_int_eq (rest (reading, &holes), n);
	ck_assert_int_eq (reading_doubt (reading), READING_MISSTATED);
	ck_assert_ptr_nonnull (strstr (reading_doubt_words (reading), "--live"));
	reading_free (reading);
	free (text);
}
END_TEST

/* What it says of its size is more than anybody can sum up. Not every filesystem has files of that size. */
START_TEST (too_large)
{
	int fd = memfd_create ("large", MFD_CLOEXEC);

	ck_assert_int_ge (fd, 0);
	if (ftruncate (fd, INT64_C (1) << 62) < 0) {
		fprintf (stderr, "skipped: ftruncate: %s\n", strerror (errno));
		fd_close (&fd);
		return;
	}
	ck_assert_ptr_null (reading_new (fd, false, &err));
	ck_assert_int_eq (err.code, CODE_BAD_VALUE);
	ck_assert_ptr_nonnull (strstr (err.text, "4611686018427387904 bytes are more than a file may have here"));
}
END_TEST

START_TEST (refused)
{
	struct reading *reading;
	int64_t n;

	ck_assert_ptr_null (reading_new (open ("/dev/null", O_RDONLY | O_CLOEXEC), false, &err));
	ck_assert_int_eq (err.code, CODE_BAD_VALUE);
	ck_assert_str_eq (err.text, "is a character device: not copied");
	ck_assert_ptr_null (reading_new (open (stage, O_RDONLY | O_CLOEXEC), false, &err));
	ck_assert_str_eq (err.text, "is a directory (-r copies directories)");
	/* As a stream it cannot be read: that is an error, not an end. */
	reading = reading_new (open (stage, O_RDONLY | O_CLOEXEC), true, &err);
	ck_assert_ptr_nonnull (reading);
	ck_assert_int_eq (reading_size (reading), -1);
	ck_assert_int_eq (reading_next (reading, bytes, sizeof bytes, &n, &err), -1);
	ck_assert_int_eq (err.code, CODE_IO_ERROR);
	reading_free (reading);
	reading_free (NULL);
}
END_TEST

/* Steps of which none is longer than READING_STEP, the last one says what it has come to. */
static int skip (struct reading *reading, int64_t n, const char *sum, int *steps)
{
	int result;

	*steps = 0;
	do {
		int64_t before = reading_done (reading);

		result = reading_skip (reading, n, sum, &err);
		ck_assert_int_le (reading_done (reading) - before, READING_STEP);
		++*steps;
	} while (result == READING_SKIPPING);
	return result;
}

START_TEST (skips)
{
	const int64_t size = (int64_t)READING_STEP * 3, part = (int64_t)READING_STEP * 2 + 7;
	char sum[DIGEST_TEXT], all[DIGEST_TEXT], same[DIGEST_TEXT];
	struct reading *reading = reading_of (sparse (size, (const int64_t[]){ -1 }));
	int64_t holes;
	int steps;

	sum_of_zeros (part, sum);
	sum_of_zeros (size, all);
	ck_assert_int_eq (skip (reading, part, sum, &steps), READING_SKIPPED);
	ck_assert_int_eq (steps, 3);
	ck_assert_int_eq (reading_done (reading), part);
	ck_assert_int_eq (rest (reading, &holes), size - part);
	reading_sum (reading, same);
	ck_assert_str_eq (all, same);
	ck_assert_int_eq (reading_doubt (reading), READING_SAME);
	reading_free (reading);

	/* It is another: all comes, with its own sum. */
	reading = reading_of (stage_path ("sparse"));
	ck_assert_int_eq (skip (reading, part - 1, sum, &steps), READING_ANEW);
	ck_assert_int_eq (reading_done (reading), 0);
	ck_assert_int_eq (skip (reading, size + 1, sum, &steps), READING_ANEW);
	ck_assert_int_eq (rest (reading, &holes), size);
	reading_sum (reading, same);
	ck_assert_str_eq (all, same);
	reading_free (reading);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, stage_setup, stage_teardown);
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

CHECK_MAIN ("reading", add_cases)
