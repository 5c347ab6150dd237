/* One sum for all readers of a file: what is hashed once, what is another file, and how readers and senders share it. */
#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "files/file_reader.h"
#include "files/shared_digest.h"
#include "sender_fixture.h"
#include "support/check_main.h"

enum { LATER = 10 }; /* seconds by which our clock goes ahead of the timestamps of files */

/* In place of the C library's: a file that was made just now is old enough. */
int clock_gettime (clockid_t clock, struct timespec *now)
{
	long result = syscall (SYS_clock_gettime, clock, now);

	if (clock == CLOCK_REALTIME)
		now->tv_sec += LATER;
	return (int)result;
}

static struct err err;
static const char *const content = "the content of the file";
enum { SIZE = 23 };

static struct stat stat_of (ino_t inode)
{
	return (struct stat){ .st_dev = 7, .st_ino = inode, .st_size = SIZE, .st_mode = S_IFREG };
}

static const char *sum_of (const void *bytes, size_t n)
{
	static char text[DIGEST_TEXT];
	struct digest *digest = digest_new (DIGEST_SHA256);

	digest_add (digest, bytes, n);
	digest_text (digest, text);
	digest_free (digest);
	return text;
}

static void expect (struct shared_digest *shared, const char *sum)
{
	char text[DIGEST_TEXT];

	shared_digest_text (shared, SIZE, text);
	ck_assert_str_eq (text, sum);
}

/* Bytes within the known prefix are wrong here, and nobody looks at them. */
START_TEST (each_byte_is_hashed_once)
{
	struct shared_digests *all = shared_digests_new (DIGEST_SHA256);
	struct stat st = stat_of (1);
	struct shared_digest *one = shared_digest_open (all, &st), *other = shared_digest_open (all, &st);

	ck_assert_ptr_eq (one, other);
	shared_digest_add (one, 0, content, 10);
	shared_digest_add (other, 0, "###", 3);
	shared_digest_add (other, 3, "#######t of", 11);
	expect (one, "");
	shared_digest_add (one, 10, "#### the file", 13);
	expect (one, sum_of (content, SIZE));
	shared_digest_add (other, 14, "#########", 9);
	expect (other, sum_of (content, SIZE));
	shared_digest_close (one);
	shared_digest_close (other);
	shared_digests_free (all);
}
END_TEST

/* Whoever comes later goes on where the others stopped, or finds the sum complete. */
START_TEST (a_sum_outlives_its_readers)
{
	struct shared_digests *all = shared_digests_new (DIGEST_SHA256);
	struct stat st = stat_of (1);
	struct shared_digest *shared = shared_digest_open (all, &st);

	shared_digest_add (shared, 0, content, 10);
	shared_digest_close (shared);
	shared = shared_digest_open (all, &st);
	shared_digest_add (shared, 0, "##########t of the file", SIZE);
	shared_digest_close (shared);
	shared = shared_digest_open (all, &st);
	expect (shared, sum_of (content, SIZE));
	shared_digest_add (shared, 0, "#", 1);
	expect (shared, sum_of (content, SIZE));
	shared_digest_close (shared);
	shared_digest_close (NULL);
	shared_digests_free (all);
	shared_digests_free (NULL);
}
END_TEST

START_TEST (zeros)
{
	static const uint8_t none[SIZE];
	struct shared_digests *all = shared_digests_new (DIGEST_SHA256);
	struct stat st = stat_of (1);
	struct shared_digest *shared = shared_digest_open (all, &st);

	shared_digest_add (shared, 0, NULL, 5);
	shared_digest_add (shared, 3, NULL, 20);
	expect (shared, sum_of (none, SIZE));
	shared_digest_close (shared);
	shared_digests_free (all);
}
END_TEST

/* The sum is that of the whole file: not of a part, not of a file that was read beyond its size. */
START_TEST (a_wrong_size_has_no_sum)
{
	struct shared_digests *all = shared_digests_new (DIGEST_SHA256);
	struct stat st = stat_of (1);
	struct shared_digest *shared = shared_digest_open (all, &st);
	char text[DIGEST_TEXT];

	shared_digest_add (shared, 0, content, 10);
	shared_digest_add (shared, 11, content + 11, 12); /* a byte is missing */
	expect (shared, "");
	shared_digest_text (shared, 10, text);
	ck_assert_str_eq (text, "");
	shared_digest_add (shared, 10, content + 10, 13);
	shared_digest_add (shared, SIZE, "!", 1);
	expect (shared, "");
	shared_digest_text (shared, SIZE + 1, text);
	ck_assert_str_eq (text, "");
	shared_digest_close (shared);
	shared_digests_free (all);
}
END_TEST

START_TEST (a_file_that_changes_is_another_file)
{
	struct shared_digests *all = shared_digests_new (DIGEST_SHA256);
	struct stat st = stat_of (1), others[6];
	struct shared_digest *shared = shared_digest_open (all, &st), *other;

	for (int i = 0; i < 6; i++)
		others[i] = st;
	others[0].st_dev++;
	others[1].st_ino++;
	others[2].st_size++;
	others[3].st_mtim.tv_sec++;
	others[4].st_mtim.tv_nsec++;
	others[5].st_ctim.tv_nsec++;
	for (int i = 0; i < 6; i++) {
		other = shared_digest_open (all, &others[i]);
		ck_assert_ptr_nonnull (other);
		ck_assert_ptr_ne (other, shared);
		shared_digest_close (other);
	}
	shared_digest_close (shared);
	shared_digests_free (all);
}
END_TEST

/* Within the resolution of timestamps two contents look alike. */
START_TEST (a_recent_change_is_not_shared)
{
	struct shared_digests *all = shared_digests_new (DIGEST_SHA256);
	struct stat st = stat_of (1);

	clock_gettime (CLOCK_REALTIME, &st.st_ctim);
	ck_assert_ptr_null (shared_digest_open (all, &st));
	st.st_ctim.tv_sec -= SHARED_DIGEST_QUIET;
	ck_assert_ptr_null (shared_digest_open (all, &st));
	st.st_ctim.tv_sec += 100; /* somebody's clock is wrong */
	ck_assert_ptr_null (shared_digest_open (all, &st));
	st.st_ctim.tv_sec -= 103;
	shared_digest_close (shared_digest_open (all, &st));
	shared_digests_free (all);
}
END_TEST

/* Open the file, add all of its content, close it. Was the sum complete before? */
static bool visit (struct shared_digests *all, ino_t inode)
{
	struct stat st = stat_of (inode);
	struct shared_digest *shared = shared_digest_open (all, &st);
	char before[DIGEST_TEXT];

	shared_digest_text (shared, SIZE, before);
	shared_digest_add (shared, 0, content, SIZE);
	expect (shared, sum_of (content, SIZE));
	shared_digest_close (shared);
	return before[0];
}

START_TEST (memory_is_bounded)
{
	struct shared_digests *all = shared_digests_new (DIGEST_SHA256);
	struct stat st = stat_of (100000);
	struct shared_digest *held = shared_digest_open (all, &st);

	for (ino_t inode = 1; inode <= SHARED_DIGEST_IDLE; inode++)
		ck_assert (!visit (all, inode));
	ck_assert (visit (all, 1));
	ck_assert (!visit (all, SHARED_DIGEST_IDLE + 1)); /* 2 is forgotten: 1 was used later */
	ck_assert (visit (all, 1));
	ck_assert (visit (all, 3));
	ck_assert (!visit (all, 2)); /* 4 is forgotten */
	ck_assert (visit (all, 1));
	ck_assert (visit (all, SHARED_DIGEST_IDLE));
	ck_assert (!visit (all, 4));
	ck_assert_ptr_eq (shared_digest_open (all, &st), held); /* who is read is not forgotten */
	shared_digest_close (held);
	shared_digest_close (held);
	shared_digests_free (all);
}
END_TEST

/* --- files -------------------------------------------------------------------------------------------------------- */

static struct file_reader *reader_of (const char *path, struct shared_digests *all)
{
	struct file_reader *reader = file_reader_new (open (path, O_RDONLY | O_CLOEXEC), false, DIGEST_SHA256, &err);

	ck_assert_msg (reader != NULL, "%s", err.text);
	file_reader_share (reader, all);
	return reader;
}

/* Read on by at most n bytes at once, until the end or `until`. */
static void read_on (struct file_reader *reader, size_t n, int64_t until)
{
	static uint8_t bytes[100000];
	int64_t got;

	while (file_reader_done (reader) < until && file_reader_next (reader, bytes, n, &got, &err) > 0)
		continue;
}

static void expect_sum (const struct file_reader *reader, const void *bytes, size_t n)
{
	char text[DIGEST_TEXT];

	file_reader_sum (reader, text);
	ck_assert_str_eq (text, sum_of (bytes, n));
}

/* The second one is behind, then before the first one. There is a hole as well. */
START_TEST (readers_overtake_each_other)
{
	struct shared_digests *all = shared_digests_new (DIGEST_SHA256);
	const char *path = fixture_path ("file");
	struct file_reader *one, *other;
	static uint8_t expected[300001];
	int fd;

	fixture_file ("file", 100001);
	fd = open (path, O_RDWR | O_CLOEXEC);
	ck_assert_int_eq (pread (fd, expected, sizeof expected, 0), 100001);
	ck_assert_int_eq (ftruncate (fd, 300000), 0);
	ck_assert_int_eq (pwrite (fd, "x", 1, 300000), 1);
	expected[300000] = 'x';
	fd_close (&fd);
	one = reader_of (path, all);
	other = reader_of (path, all);
	read_on (one, 7000, 50000);
	read_on (other, 1000, 20000);
	read_on (other, 100000, 200000);
	read_on (one, 100000, INT64_MAX);
	read_on (other, 900, INT64_MAX);
	expect_sum (one, expected, 300001);
	expect_sum (other, expected, 300001);
	file_reader_free (one);
	file_reader_free (other);
	shared_digests_free (all);
}
END_TEST

/* The first reader has the old content and knows it; the second one has the new content and its sum. */
START_TEST (a_change_between_two_readers)
{
	struct shared_digests *all = shared_digests_new (DIGEST_SHA256);
	const char *path = fixture_path ("file");
	struct file_reader *one, *other;
	uint8_t *bytes = fixture_bytes (100001);
	int fd;

	fixture_file ("file", 100001);
	one = reader_of (path, all);
	read_on (one, 10000, 50000);
	fd = open (path, O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq (pwrite (fd, "changed", 7, 10), 7);
	memcpy (bytes + 10, "changed", 7);
	fd_close (&fd);
	other = reader_of (path, all);
	read_on (other, 10000, INT64_MAX);
	read_on (one, 10000, INT64_MAX);
	ck_assert_int_eq (file_reader_doubt (one), FILE_READER_CHANGED);
	ck_assert_int_eq (file_reader_doubt (other), FILE_READER_SAME);
	expect_sum (other, bytes, 100001);
	file_reader_free (one);
	file_reader_free (other);
	shared_digests_free (all);
	free (bytes);
}
END_TEST

/* Who compares a part needs a sum of that part, and goes on alone, whether the part was right or wrong. */
START_TEST (a_skipped_part)
{
	struct shared_digests *all = shared_digests_new (DIGEST_SHA256);
	const char *path = fixture_path ("file");
	struct file_reader *one, *other;
	uint8_t *bytes = fixture_bytes (100001);

	fixture_file ("file", 100001);
	one = reader_of (path, all);
	other = reader_of (path, all);
	read_on (one, 10000, 30000);
	ck_assert_int_eq (file_reader_skip (other, 20000, sum_of (bytes, 20000), &err), FILE_READER_SKIPPED);
	ck_assert_int_eq (file_reader_done (other), 20000);
	read_on (other, 10000, INT64_MAX);
	expect_sum (other, bytes, 100001);
	file_reader_free (other);
	other = reader_of (path, all);
	ck_assert_int_eq (file_reader_skip (other, 20000, sum_of (bytes, 19999), &err), FILE_READER_ANEW);
	read_on (other, 10000, INT64_MAX);
	expect_sum (other, bytes, 100001);
	read_on (one, 10000, INT64_MAX);
	expect_sum (one, bytes, 100001);
	file_reader_free (one);
	file_reader_free (other);
	shared_digests_free (all);
	free (bytes);
}
END_TEST

/* In /proc sizes say nothing. */
START_TEST (a_file_without_a_size)
{
	struct shared_digests *all = shared_digests_new (DIGEST_SHA256);
	struct file_reader *reader = reader_of ("/proc/version", all);
	char bytes[4096];
	int fd = open ("/proc/version", O_RDONLY | O_CLOEXEC);
	ssize_t n = read (fd, bytes, sizeof bytes);

	ck_assert_int_gt (n, 0);
	read_on (reader, sizeof bytes, INT64_MAX);
	expect_sum (reader, bytes, (size_t)n);
	file_reader_free (reader);
	shared_digests_free (all);
	fd_close (&fd);
}
END_TEST

/* --- senders ------------------------------------------------------------------------------------------------------ */

/* Two senders, a step each in turn. The fixture compares each sum with the bytes. */
static void send_both (const struct sender_options *options, char *log, size_t size)
{
	const char *const sources[] = { fixture_path ("tree"), fixture_path ("large"), NULL };
	static struct show one, other;
	bool more = true;

	show_begin (&one, options, sources);
	show_begin (&other, options, sources);
	while (more) {
		more = show_fill (&one) == SENDER_MORE;
		more |= show_fill (&other) == SENDER_MORE;
	}
	snprintf (log, size, "%s", show_log (&one));
	ck_assert_str_eq (show_log (&other), log);
	show_end (&one);
	show_end (&other);
}

START_TEST (senders_send_the_same)
{
	struct sender_options options = { .recursive = true };
	char alone[10000], shared[10000];

	fixture_directory ("tree");
	fixture_file ("tree/empty", 0);
	fixture_file ("tree/small", 1000);
	fixture_file ("large", 1000001);
	send_both (&options, alone, sizeof alone);
	options.shared = shared_digests_new (DIGEST_SHA256);
	send_both (&options, shared, sizeof shared);
	ck_assert_str_eq (shared, alone);
	options.live = true;
	send_both (&options, shared, sizeof shared);
	ck_assert_str_eq (shared, alone);
	shared_digests_free (options.shared);
}
END_TEST

/* The sum of a file that changes is that of what was sent. */
START_TEST (a_live_file_is_not_shared)
{
	struct shared_digests *all = shared_digests_new (DIGEST_SHA256);
	struct sender_options options = { .live = true, .shared = all };
	const char *path = fixture_path ("large");
	const char *const sources[] = { path, NULL };
	static struct show one, other;
	int fd;

	fixture_file ("large", 1000001);
	show_begin (&one, &options, sources);
	show_begin (&other, &options, sources);
	show_fill (&other);
	show_fill (&one);
	show_fill (&one);
	ck_assert_uint_lt (buf_len (&other.content), 300000);
	ck_assert_uint_gt (buf_len (&one.content), 300007);
	fd = open (path, O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq (pwrite (fd, "changed", 7, 300000), 7); /* one has read what was there before */
	fd_close (&fd);
	ck_assert_ptr_nonnull (strstr (show_rest (&one), "end changed"));
	ck_assert_ptr_nonnull (strstr (show_rest (&other), "end changed"));
	show_end (&one);
	show_end (&other);
	shared_digests_free (all);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, fixture_setup, fixture_teardown);
	tcase_add_test (tcase, each_byte_is_hashed_once);
	tcase_add_test (tcase, a_sum_outlives_its_readers);
	tcase_add_test (tcase, zeros);
	tcase_add_test (tcase, a_wrong_size_has_no_sum);
	tcase_add_test (tcase, a_file_that_changes_is_another_file);
	tcase_add_test (tcase, a_recent_change_is_not_shared);
	tcase_add_test (tcase, memory_is_bounded);
	tcase_add_test (tcase, readers_overtake_each_other);
	tcase_add_test (tcase, a_change_between_two_readers);
	tcase_add_test (tcase, a_skipped_part);
	tcase_add_test (tcase, a_file_without_a_size);
	tcase_add_test (tcase, senders_send_the_same);
	tcase_add_test (tcase, a_live_file_is_not_shared);
}

CHECK_MAIN ("shared_digest", add_cases)
