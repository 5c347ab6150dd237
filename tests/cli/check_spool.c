/* check_spool - kept bytes: in memory, in the file, across both; dropped fronts; lines. And the input of many calls, which
 * is kept that way (feed.h). */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/feed.h"
#include "cli/spool.h"
#include "support/check_main.h"

static struct spool spool;

static uint8_t byte_at (uint64_t i)
{
	return (uint8_t)(i * 2654435761u >> 13);
}

static void append (struct spooled *spooled, size_t n)
{
	uint8_t *bytes = malloc (n);

	for (size_t i = 0; i < n; i++)
		bytes[i] = byte_at (spooled->end + i);
	ck_assert_int_eq (spooled_append (spooled, bytes, n), 0);
	free (bytes);
}

static void check (const struct spooled *spooled)
{
	static uint8_t bytes[100000];
	uint64_t at = spooled->start;
	size_t wrong = 0;
	ssize_t got;

	while ((got = spooled_read (spooled, at, bytes, 77777)) > 0) {
		for (ssize_t i = 0; i < got; i++)
			wrong += bytes[i] != byte_at (at + (uint64_t)i);
		at += (uint64_t)got;
	}
	ck_assert_int_eq (got, 0);
	ck_assert_uint_eq (at, spooled->end);
	ck_assert_uint_eq (wrong, 0);
}

/* _i: the maximum of the memory. */
START_TEST (what_is_kept_can_be_read)
{
	static const size_t maxima[] = { 0, 1000, 100000, 1000000, 100000000 };
	static const size_t sizes[] = { 1, 10, 1000, 65536, 65535, 2, 300000, 65537 };
	struct spooled streams[2];

	spool_init (&spool, maxima[_i]);
	for (int i = 0; i < 2; i++)
		spooled_init (&streams[i], &spool);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		append (&streams[i % 2], sizes[i]);
		append (&streams[0], sizes[i]);
		for (int j = 0; j < 2; j++)
			check (&streams[j]);
	}
	ck_assert_uint_le (spool.used, maxima[_i]);
	ck_assert_int_eq (spool.fd >= 0, maxima[_i] < 1000000);
	for (int i = 0; i < 2; i++)
		spooled_free (&streams[i]);
	ck_assert_uint_eq (spool.used, 0);
	spool_free (&spool);
}
END_TEST

/* A stream that is read as fast as it is written takes no more room than what lies between. */
START_TEST (what_is_dropped_is_used_again)
{
	struct spooled stream;

	spool_init (&spool, _i ? 0 : 1000000);
	spooled_init (&stream, &spool);
	for (int i = 0; i < 500; i++) {
		append (&stream, 50000);
		check (&stream);
		spooled_drop (&stream, stream.end - 1000);
		ck_assert_uint_eq (spooled_len (&stream), 1000);
	}
	check (&stream);
	ck_assert_uint_le (spool.used, 3 * SPOOL_PIECE);
	ck_assert_int_le (spool.end, 3 * SPOOL_PIECE);
	spooled_drop (&stream, stream.end + 5);
	ck_assert_uint_eq (spooled_len (&stream), 0);
	append (&stream, 10);
	check (&stream);
	spooled_free (&stream);
	spool_free (&spool);
}
END_TEST

START_TEST (the_file_has_no_name)
{
	char directory[] = "/tmp/remex-check-XXXXXX";
	struct spooled stream;
	struct stat st;

	ck_assert_ptr_nonnull (mkdtemp (directory));
	setenv ("TMPDIR", directory, 1);
	spool_init (&spool, 0);
	spooled_init (&stream, &spool);
	append (&stream, 100000);
	ck_assert_int_eq (fstat (spool.fd, &st), 0);
	ck_assert_int_eq (st.st_nlink, 0);
	ck_assert_int_eq (rmdir (directory), 0); /* it is empty */
	spooled_free (&stream);
	spool_free (&spool);
	setenv ("TMPDIR", "/nosuch/directory", 1);
	spool_init (&spool, 0);
	spooled_init (&stream, &spool);
	ck_assert_int_eq (spooled_append (&stream, "x", 1), -1);
	ck_assert_uint_eq (spooled_len (&stream), 0);
	spooled_free (&stream);
	spool_free (&spool);
}
END_TEST

/* --- the input of many calls ------------------------------------------------------------------------------------- */

/* The slowest call that runs holds the reader back; one that has not begun does not, and misses nothing. */
START_TEST (the_slowest_call_holds_the_reader_back)
{
	static char zeros[65536];
	struct tap taps[3];
	struct input input;
	struct feed feed;
	size_t written = 0;
	int ends[2];
	ssize_t n;

	ck_assert_int_eq (pipe2 (ends, O_CLOEXEC | O_NONBLOCK), 0);
	ck_assert_int_eq (dup2 (ends[0], STDIN_FILENO), STDIN_FILENO);
	input_init (&input, true);
	spool_init (&spool, 100000);
	feed_open (&feed, &input, &spool, 3);
	ck_assert (!feed_read (&feed)); /* nobody has begun */
	ck_assert_int_eq (feed_waits_on (&feed), -1);
	tap_open (&taps[0], &feed);
	tap_open (&taps[1], &feed);
	ck_assert_int_ge (feed_waits_on (&feed), 0);
	for (int i = 0; i < 100; i++) {
		while ((n = write (ends[1], zeros, sizeof zeros)) > 0)
			written += (size_t)n;
		while (feed_read (&feed))
			continue;
		taps[0].at = feed.bytes.end;
	}
	ck_assert_uint_eq (feed.bytes.end, FEED_AHEAD); /* taps[1] has taken nothing */
	ck_assert_int_eq (feed_waits_on (&feed), -1);
	taps[1].at = 1000;
	ck_assert (feed_read (&feed));
	ck_assert_uint_eq (feed.bytes.end, FEED_AHEAD + 1000);
	tap_close (&taps[1]);
	tap_close (&taps[0]);
	ck_assert_uint_eq (feed.bytes.start, 0); /* the third one needs all of it */
	tap_open (&taps[2], &feed);
	taps[2].at = feed.bytes.end;
	close (ends[1]);
	while (feed_read (&feed))
		taps[2].at = feed.bytes.end;
	ck_assert (feed.ended);
	ck_assert_uint_eq (feed.bytes.end, written);
	tap_close (&taps[2]);
	ck_assert_uint_eq (spooled_len (&feed.bytes), 0);
	feed_close (&feed);
	input_close (&input);
	spool_free (&spool);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_loop_test (tcase, what_is_kept_can_be_read, 0, 5);
	tcase_add_loop_test (tcase, what_is_dropped_is_used_again, 0, 2);
	tcase_add_test (tcase, the_file_has_no_name);
	tcase_add_test (tcase, the_slowest_call_holds_the_reader_back);
}

CHECK_MAIN ("spool", add_cases)
