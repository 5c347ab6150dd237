/* Files that are written: whole or not at all, whatever becomes of the disk and of the sender. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "file_writer_fixture.h"
#include "support/check_main.h"

static const struct file_writer_options plain, synced = { .sync = true };
static char sum[DIGEST_TEXT];

/* In place of the C library's functions: a test may have them interrupted, short, or failing. */
static bool reluctant, bad_disk;
static int refusals;

ssize_t pwrite (int fd, const void *bytes, size_t n, off_t at)
{
	if (reluctant && ++refusals % 2) {
		errno = EINTR;
		return -1;
	}
	return syscall (SYS_pwrite64, fd, bytes, reluctant && n > 3 ? 3 : n, at);
}

int fsync (int fd)
{
	if (bad_disk) {
		errno = EIO;
		return -1;
	}
	return (int)syscall (SYS_fsync, fd);
}

/* --- whole -------------------------------------------------------------------------------------------------------- */

START_TEST (new_file)
{
	struct file_writer *writer = begin ("file", _i ? synced : plain);

	ck_assert (!exists ("file"));
	ck_assert_uint_eq (mode_of (the_temporary ()), 0600);
	ck_assert (locked (the_temporary ()));
	add (writer, "one ");
	add (writer, "");
	add (writer, "two");
	ck_assert_int_eq (file_writer_size (writer), 7);
	ck_assert_int_eq (file_writer_complete (writer, 7, sum_of ("one two"), &err), 0);
	ck_assert_str_eq (file_writer_sum (writer), sum_of ("one two"));
	file_writer_start_sync (writer);
	ck_assert_int_eq (file_writer_sync (writer, &err), 0);
	ck_assert (!exists ("file"));
	ck_assert_int_eq (file_writer_publish (writer, &err), 0);
	ck_assert_int_eq (file_writer_size (writer), 7);
	holds ("file", "one two");
	ck_assert_int_eq (entries (), 1);
	file_writer_free (writer, _i);
	holds ("file", "one two");
	ck_assert_int_eq (entries (), 1);
}
END_TEST

START_TEST (empty_file)
{
	put ("file", "", plain, -1);
	holds ("file", "");
	ck_assert_int_eq (entries (), 1);
}
END_TEST

START_TEST (replaced)
{
	struct file_writer *writer;

	make ("file", "old");
	ck_assert_int_eq (link ("file", "link"), 0);
	writer = begin ("file", plain);
	add (writer, "a new one");
	holds ("file", "old");
	complete (writer);
	holds ("file", "old");
	publish (writer);
	holds ("file", "a new one");
	holds ("link", "old");
	ck_assert_int_eq (entries (), 2);
}
END_TEST

START_TEST (discarded)
{
	struct file_writer *writer;

	make ("file", "old");
	writer = begin ("file", plain);
	add (writer, "new");
	if (_i)
		complete (writer);
	file_writer_free (writer, false);
	holds ("file", "old");
	ck_assert_int_eq (entries (), 1);
	file_writer_free (NULL, false);
}
END_TEST

/* The kernel may take a write in part, or be interrupted. */
START_TEST (piecemeal)
{
	struct file_writer *writer = begin ("file", plain);

	reluctant = true;
	add (writer, "some text, and ");
	add (writer, "more of it");
	reluctant = false;
	ck_assert_int_gt (refusals, 8);
	complete (writer);
	ck_assert_str_eq (file_writer_sum (writer), sum_of ("some text, and more of it"));
	publish (writer);
	holds ("file", "some text, and more of it");
}
END_TEST

/* More bytes than the kernel is asked to write out at a time. */
START_TEST (large)
{
	enum { SIZE = 20 * 1024 * 1024 + 1, PIECE = 300000 };
	uint8_t *bytes = malloc (SIZE), *found;
	struct digest *digest = digest_new (DIGEST_SHA256);
	struct file_writer *writer = begin ("file", synced);
	size_t n;

	ck_assert_ptr_nonnull (bytes);
	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (uint8_t)((i * 2654435761u) >> 13);
	digest_add (digest, bytes, SIZE);
	digest_text (digest, sum);
	for (size_t i = 0; i < SIZE; i += PIECE)
		ck_assert_int_eq (file_writer_data (writer, bytes + i, i + PIECE < SIZE ? PIECE : SIZE - i, &err), 0);
	ck_assert_int_eq (file_writer_complete (writer, SIZE, sum, &err), 0);
	ck_assert_int_eq (file_writer_sync (writer, &err), 0);
	publish (writer);
	found = (uint8_t *)fd_read_file ("file", SIZE, &n, &err);
	ck_assert_ptr_nonnull (found);
	ck_assert_uint_eq (n, SIZE);
	ck_assert (!memcmp (found, bytes, SIZE));
	free (found);
	free (bytes);
	digest_free (digest);
}
END_TEST

/* Each writing has a temporary of its own; the last to be published stays. */
START_TEST (two_at_once)
{
	struct file_writer *one = begin ("file", plain), *other;

	add (one, "one");
	other = begin ("file", plain);
	ck_assert_int_eq (file_writer_resume (other, sum, &err), 0);
	ck_assert_int_eq (temporaries (), 2);
	add (other, "other");
	add (one, " and all");
	complete (one);
	complete (other);
	publish (other);
	holds ("file", "other");
	publish (one);
	holds ("file", "one and all");
	ck_assert_int_eq (entries (), 1);
}
END_TEST

/* --- holes -------------------------------------------------------------------------------------------------------- */

/* '.' is a byte that is zero, in a hole. */
static const char *const shapes[] = { "...", "a...", "...a", "...a...", "a.b..c.", "a..b", "." };

START_TEST (holes)
{
	const char *shape = shapes[_i];
	struct digest *digest = digest_new (DIGEST_SHA256);
	struct file_writer *writer = begin ("file", plain);
	size_t n = strlen (shape), size;
	char *found, expected[16] = "";

	for (size_t i = 0; i < n; i++)
		if (shape[i] == '.') {
			ck_assert_int_eq (file_writer_hole (writer, 1, &err), 0);
		} else {
			expected[i] = shape[i];
			ck_assert_int_eq (file_writer_data (writer, shape + i, 1, &err), 0);
		}
	ck_assert_int_eq (file_writer_hole (writer, 0, &err), 0);
	digest_add (digest, expected, n);
	digest_text (digest, sum);
	digest_free (digest);
	ck_assert_int_eq (file_writer_complete (writer, (int64_t)n, sum, &err), 0);
	publish (writer);
	found = fd_read_file ("file", 100, &size, &err);
	ck_assert_ptr_nonnull (found);
	ck_assert_uint_eq (size, n);
	ck_assert (!memcmp (found, expected, n));
	free (found);
}
END_TEST

START_TEST (large_hole)
{
	const int64_t gib = 1 << 30;
	struct file_writer *writer = begin ("file", synced);
	struct stat st;

	ck_assert_int_eq (file_writer_hole (writer, gib, &err), 0);
	ck_assert_int_eq (file_writer_size (writer), gib);
	ck_assert_int_eq (file_writer_complete (writer, gib,
				  "49bc20df15e412a64472421e13fe86ff1c5165e18b2afccf160d4dc19fe68a14", &err),
		0);
	publish (writer);
	st = status ("file");
	ck_assert_int_eq (st.st_size, gib);
	ck_assert_int_le (st.st_blocks, 1024);
}
END_TEST

static void limit_size (rlim_t n)
{
	struct rlimit limit = { .rlim_cur = n, .rlim_max = n };

	signal (SIGXFSZ, SIG_IGN);
	ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &limit), 0);
}

/* A hole that no file can have is refused before its sum is computed, which would take for ever. */
START_TEST (impossible_hole)
{
	struct file_writer *writer = begin ("file", plain);

	add (writer, "x");
	failed (file_writer_hole (writer, INT64_MAX, &err), CODE_BAD_VALUE, 0, "larger than any");
	failed (file_writer_hole (writer, -1, &err), CODE_BAD_VALUE, 0, "larger than any");
	failed (file_writer_hole (writer, INT64_MIN, &err), CODE_BAD_VALUE, 0, "larger than any");
	failed (file_writer_hole (writer, INT64_C (1) << 62, &err), CODE_BAD_VALUE, 0,
		"more than a file may have here");
	failed (file_writer_can_grow (writer, INT64_C (1) << 62, &err), CODE_BAD_VALUE, 0,
		"more than a file may have here");
	ck_assert_int_eq (file_writer_can_grow (writer, INT64_C (10) << 30, &err), 0);
	ck_assert_int_eq (status (the_temporary ()).st_size, 1);
	limit_size (1 << 20);
	failed (file_writer_hole (writer, 1 << 21, &err), CODE_IO_ERROR, EFBIG, "cannot write");
	failed (file_writer_can_grow (writer, 1 << 21, &err), CODE_IO_ERROR, EFBIG, "cannot write");
	/* There was no effect. */
	add (writer, "y");
	ck_assert_int_eq (file_writer_complete (writer, 2, sum_of ("xy"), &err), 0);
	publish (writer);
	holds ("file", "xy");
}
END_TEST

/* --- not whole ---------------------------------------------------------------------------------------------------- */

START_TEST (mismatch)
{
	struct file_writer *writer;

	make ("file", "old");
	writer = begin ("file", plain);
	add (writer, "new");
	switch (_i) {
	case 0: failed (file_writer_complete (writer, 4, NULL, &err), CODE_FAILED, 0, "received 3 bytes"); break;
	case 1:
		failed (file_writer_complete (writer, 2, sum_of ("new"), &err), CODE_FAILED, 0, "received 3 bytes");
		break;
	case 2: failed (file_writer_complete (writer, 3, sum_of ("old"), &err), CODE_FAILED, 0, "the sum of"); break;
	default: failed (file_writer_complete (writer, -1, "", &err), CODE_FAILED, 0, "the sum of");
	}
	file_writer_free (writer, false);
	holds ("file", "old");
	ck_assert_int_eq (entries (), 1);
}
END_TEST

static void add_until_full (struct file_writer *writer)
{
	static char bytes[10000];
	int64_t size;
	int result;

	do {
		size = file_writer_size (writer);
		result = file_writer_data (writer, bytes, sizeof bytes, &err);
	} while (result == 0 && size < 1 << 24);
	ck_assert_int_eq (file_writer_size (writer), size);
}

START_TEST (too_large)
{
	struct file_writer *writer;

	make ("file", "old");
	writer = begin ("file", plain);
	limit_size (65536);
	add_until_full (writer);
	failed (-1, CODE_IO_ERROR, EFBIG, "cannot write: ");
	file_writer_free (writer, false);
	holds ("file", "old");
	ck_assert_int_eq (entries (), 1);
}
END_TEST

START_TEST (disk_full)
{
	struct file_writer *writer;
	int small;

	NEED_ROOT;
	/* In a chroot the root may be no mount, whose mounts could be made private. */
	if (unshare (CLONE_NEWNS) < 0 || mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		SKIP ("no private mounts: %s", strerror (errno));
	ck_assert_int_eq (mkdir ("small", 0700), 0);
	ck_assert_int_eq (mount ("none", "small", "tmpfs", 0, "size=65536"), 0);
	small = open ("small", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	make ("small/file", "old");
	writer = file_writer_new (small, "file", &plain, &err);
	ck_assert_ptr_nonnull (writer);
	add_until_full (writer);
	failed (-1, CODE_IO_ERROR, ENOSPC, "cannot write: ");
	file_writer_free (writer, false);
	holds ("small/file", "old");
	/* Without its temporary there is room again, for a file of the other kind. */
	writer = file_writer_new (small, "file", &plain, &err);
	ck_assert_ptr_nonnull (writer);
	ck_assert_int_eq (file_writer_hole (writer, 1 << 20, &err), 0);
	add (writer, "end");
	complete (writer);
	publish (writer);
	ck_assert_int_eq (status ("small/file").st_size, (1 << 20) + 3);
	fd_close (&small);
	ck_assert_int_eq (umount ("small"), 0);
}
END_TEST

START_TEST (disk_failing)
{
	struct file_writer *writer;

	make ("file", "old");
	writer = begin ("file", synced);
	add (writer, "new");
	complete (writer);
	bad_disk = true;
	failed (file_writer_sync (writer, &err), CODE_IO_ERROR, EIO, "cannot sync it");
	bad_disk = false;
	file_writer_free (writer, false);
	holds ("file", "old");
	ck_assert_int_eq (entries (), 1);
}
END_TEST

/* Without sync there is no fsync. */
START_TEST (not_synced)
{
	struct file_writer *writer = begin ("file", plain);

	bad_disk = true;
	add (writer, "new");
	complete (writer);
	ck_assert_int_eq (file_writer_sync (writer, &err), 0);
	publish (writer);
	holds ("file", "new");
}
END_TEST

/* --- to a descriptor ---------------------------------------------------------------------------------------------- */

START_TEST (to_a_pipe)
{
	char found[16] = "";
	struct file_writer *writer;
	int ends[2];

	ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
	writer = file_writer_to (ends[1], DIGEST_SHA256, &err);
	ck_assert_ptr_nonnull (writer);
	ck_assert_int_eq (file_writer_resume (writer, sum, &err), 0);
	ck_assert_int_eq (file_writer_from (writer, 0, &err), 0);
	file_writer_set_mode (writer, 0777, NULL);
	add (writer, "ab");
	ck_assert_int_eq (file_writer_hole (writer, 3, &err), 0);
	add (writer, "c");
	ck_assert_int_eq (file_writer_size (writer), 6);
	ck_assert_int_eq (read (ends[0], found, sizeof found), 6);
	ck_assert (!memcmp (found, "ab\0\0\0c", 6));
	failed (file_writer_complete (writer, 7, NULL, &err), CODE_FAILED, 0, "received 6 bytes");
	failed (file_writer_complete (writer, 6, sum_of ("abc"), &err), CODE_FAILED, 0, "the sum of");
	complete (writer);
	file_writer_start_sync (writer);
	ck_assert_int_eq (file_writer_sync (writer, &err), 0);
	publish (writer);
	ck_assert_int_eq (entries (), 0);
	/* The descriptor was borrowed and stays open. The reader is gone. */
	ck_assert_int_eq (fcntl (ends[1], F_GETFD), FD_CLOEXEC);
	fd_close (&ends[0]);
	signal (SIGPIPE, SIG_IGN);
	writer = file_writer_to (ends[1], DIGEST_SHA256, &err);
	ck_assert_ptr_nonnull (writer);
	failed (file_writer_data (writer, "x", 1, &err), CODE_IO_ERROR, EPIPE, "cannot write");
	failed (file_writer_hole (writer, INT64_C (1) << 62, &err), CODE_IO_ERROR, EPIPE, "cannot write");
	file_writer_free (writer, true);
	fd_close (&ends[1]);
}
END_TEST

static void cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, setup, teardown);
	tcase_add_loop_test (tcase, new_file, 0, 2);
	tcase_add_test (tcase, empty_file);
	tcase_add_test (tcase, replaced);
	tcase_add_loop_test (tcase, discarded, 0, 2);
	tcase_add_test (tcase, piecemeal);
	tcase_add_test (tcase, large);
	tcase_add_test (tcase, two_at_once);
	tcase_add_loop_test (tcase, holes, 0, sizeof shapes / sizeof *shapes);
	tcase_add_test (tcase, large_hole);
	tcase_add_test (tcase, impossible_hole);
	tcase_add_loop_test (tcase, mismatch, 0, 4);
	tcase_add_test (tcase, too_large);
	tcase_add_test (tcase, disk_full);
	tcase_add_test (tcase, disk_failing);
	tcase_add_test (tcase, not_synced);
	tcase_add_test (tcase, to_a_pipe);
}

CHECK_MAIN ("files/file_writer", cases)
