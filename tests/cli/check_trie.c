/* check_trie - streams that share what they have in common, in memory and in a file. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "cli/trie.h"
#include "support/check_main.h"

enum { MEMORY = 16 * 1024 * 1024, STREAMS = 50, LONG = 200000 };

static struct spool spool;
static struct trie trie;
static struct trie_stream streams[STREAMS];

static void set_up (void)
{
	spool_init (&spool, MEMORY);
	trie_init (&trie, &spool);
	for (int i = 0; i < STREAMS; i++)
		trie_stream_init (&streams[i], &trie);
}

static void tear_down (void)
{
	trie_free (&trie);
	ck_assert_uint_eq (spool.used, 0);
	spool_free (&spool);
}

static void add (struct trie_stream *stream, const char *text)
{
	ck_assert_int_eq (trie_append (&trie, stream, text, strlen (text)), 0);
}

/* All of a stream, read in pieces of n bytes. */
static const char *all (const struct trie_stream *stream, size_t n)
{
	static char text[2 * LONG];
	size_t used = 0;
	ssize_t got;

	while ((got = trie_read (stream, used, text + used, n)) > 0)
		used += (size_t)got;
	ck_assert_int_eq (got, 0);
	ck_assert_uint_eq (used, stream->length);
	text[used] = '\0';
	return text;
}

static bool is_equal (const struct trie_stream *a, const struct trie_stream *b)
{
	char one[TRIE_NAME], other[TRIE_NAME];

	return !strcmp (trie_name (a, one), trie_name (b, other));
}

START_TEST (what_differs_is_kept_apart)
{
	static const char *const texts[] = { "", "a", "ab", "abc", "abd", "abcd", "b", "abc", "ab", "", "abce", "abcd",
		"b" };
	enum { N = sizeof texts / sizeof *texts };

	/* Whatever the order and the pieces are in which they come. */
	srandom ((unsigned)_i + 1);
	for (bool more = true; more;) {
		more = false;
		for (int i = 0; i < N; i++) {
			size_t left = strlen (texts[i]) - (size_t)streams[i].length;

			more |= left > 0;
			if (left && random () % 2)
				ck_assert_int_eq (trie_append (&trie, &streams[i], texts[i] + streams[i].length,
							  1 + (size_t)random () % left),
					0);
		}
	}
	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++) {
			ck_assert_str_eq (all (&streams[i], 1 + (size_t)j), texts[i]);
			ck_assert_int_eq (is_equal (&streams[i], &streams[j]), !strcmp (texts[i], texts[j]));
		}
}
END_TEST

/* What many streams have in common takes the memory of one, at every moment. */
START_TEST (what_is_equal_is_kept_once)
{
	static char text[LONG + 1];

	for (int i = 0; i < LONG; i++)
		text[i] = (char)('a' + random () % 26);
	for (size_t at = 0; at < LONG; at += 20000)
		for (int i = 0; i < STREAMS; i++) {
			ck_assert_int_eq (trie_append (&trie, &streams[i], text + at, 20000), 0);
			ck_assert_uint_le (spool.used, at + 20000 + SPOOL_PIECE);
		}
	for (int i = 0; i < STREAMS; i++) {
		ck_assert_str_eq (all (&streams[i], 70000), text);
		ck_assert (is_equal (&streams[i], &streams[0]));
	}
	/* One word at the end makes another stream, and takes the memory of a word. */
	for (int i = 0; i < STREAMS; i++)
		add (&streams[i], i % 2 ? "odd" : "even");
	ck_assert_uint_le (spool.used, LONG + 2 * SPOOL_PIECE);
	ck_assert (is_equal (&streams[1], &streams[3]));
	ck_assert (!is_equal (&streams[1], &streams[2]));
	ck_assert_str_eq (all (&streams[2], 1000) + LONG, "even");
	ck_assert_str_eq (all (&streams[3], 1000) + LONG, "odd");
}
END_TEST

/* One stream is over, and others go on from there: it does not grow. */
START_TEST (a_stream_that_is_over_stays)
{
	char name[TRIE_NAME], later[TRIE_NAME];

	add (&streams[0], "one\n");
	trie_name (&streams[0], name);
	add (&streams[1], "one\ntwo\n");
	add (&streams[2], "one\nthree\n");
	add (&streams[3], "on");
	add (&streams[3], "e\n");
	ck_assert_str_eq (all (&streams[0], 100), "one\n");
	ck_assert_str_eq (trie_name (&streams[0], later), name);
	ck_assert (is_equal (&streams[0], &streams[3]));
	ck_assert_str_eq (all (&streams[2], 3), "one\nthree\n");
}
END_TEST

/* Beyond the maximum of the spool the bytes are in a file, and are compared there. */
START_TEST (in_a_file)
{
	static char text[LONG + 1];

	spool.max = _i ? 100000 : 0;
	for (int i = 0; i < LONG; i++)
		text[i] = (char)('a' + random () % 26);
	for (int i = 0; i < STREAMS; i++)
		ck_assert_int_eq (trie_append (&trie, &streams[i], text, LONG - (size_t)(i % 5)), 0);
	ck_assert_int_ge (spool.fd, 0);
	ck_assert_int_le (spool.end, LONG + 2 * SPOOL_PIECE);
	ck_assert_uint_le (spool.used, spool.max);
	for (int i = 0; i < STREAMS; i++) {
		ck_assert_int_eq (strncmp (all (&streams[i], 10000), text, LONG - (size_t)(i % 5)), 0);
		ck_assert (is_equal (&streams[i], &streams[i % 5]));
	}
}
END_TEST

START_TEST (lines_come_whole)
{
	static char longer[TRIE_LINE + 100];
	struct trie_stream *stream = &streams[1];
	struct trie_lines lines;
	const uint8_t *line;
	size_t n;

	memset (longer, 'x', sizeof longer);
	spool.max = _i ? 0 : 1000000;
	for (int i = 0; i < 20000; i++) {
		add (&streams[0], "one\n\nthree and less\n");
		add (stream, "one\n\nthree and more\n");
	}
	ck_assert_int_eq (trie_append (&trie, stream, longer, sizeof longer), 0);
	add (stream, "\nend");
	trie_lines_init (&lines, stream);
	for (int i = 0; i < 20000; i++) {
		line = trie_lines_next (&lines, &n);
		if (n != 4 || memcmp (line, "one\n", 4) != 0)
			ck_abort_msg ("round %d", i);
		line = trie_lines_next (&lines, &n);
		if (n != 1 || *line != '\n')
			ck_abort_msg ("round %d", i);
		line = trie_lines_next (&lines, &n);
		if (n != 15 || memcmp (line, "three and more\n", 15) != 0)
			ck_abort_msg ("round %d", i);
	}
	ck_assert_ptr_nonnull (trie_lines_next (&lines, &n));
	ck_assert_uint_eq (n, TRIE_LINE);
	ck_assert_ptr_nonnull (trie_lines_next (&lines, &n));
	ck_assert_uint_eq (n, 101);
	ck_assert_ptr_nonnull (line = trie_lines_next (&lines, &n));
	ck_assert_mem_eq (line, "end", 3);
	ck_assert_ptr_null (trie_lines_next (&lines, &n));
	ck_assert_int_eq (lines.error, 0);
	trie_lines_free (&lines);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, tear_down);
	tcase_add_loop_test (tcase, what_differs_is_kept_apart, 0, 30);
	tcase_add_test (tcase, what_is_equal_is_kept_once);
	tcase_add_test (tcase, a_stream_that_is_over_stays);
	tcase_add_loop_test (tcase, in_a_file, 0, 2);
	tcase_add_loop_test (tcase, lines_come_whole, 0, 2);
}

CHECK_MAIN ("trie", add_cases)
