/* check_diff - differences of texts: known ones, and random ones, which must lead from one text to the other. And similar
 * lines (similar.h). */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "cli/diff.h"
#include "cli/similar.h"
#include "support/check_main.h"

static struct buf text;

static const char *diff (const char *old, const char *new)
{
	buf_init (&text, SIZE_MAX / 2);
	ck_assert_int_eq (
		diff_print (&text, (const uint8_t *)old, strlen (old), (const uint8_t *)new, strlen (new)), 0);
	ck_assert_int_eq (buf_append (&text, "", 1), 0);
	return (const char *)buf_head (&text);
}

/* As GNU diff 3.8 prints them. */
START_TEST (known_differences)
{
	static const struct {
		const char *old, *new, *hunks;
	} cases[] = {
		{ "", "", "" },
		{ "a\nb\n", "a\nb\n", "" },
		{ "", "a\n", "@@ -0,0 +1 @@\n+a\n" },
		{ "a\n", "", "@@ -1 +0,0 @@\n-a\n" },
		{ "a\n", "b\n", "@@ -1 +1 @@\n-a\n+b\n" },
		{ "a", "a\n", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n" },
		{ "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n",
			"@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n" },
		{ "a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n",
			"@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n" },
		{ "a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
			"@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ck_assert_str_eq (diff (cases[i].old, cases[i].new), cases[i].hunks);
		buf_free (&text);
	}
}
END_TEST

/* Apply the hunks: the new text, of complete lines, in a static buffer. */
static const char *patch (const char *old, const char *hunks)
{
	static char out[100000];
	char *to = out;
	size_t line = 1;

	while (*hunks) {
		size_t start, many = 1;

		ck_assert_int_ge (sscanf (hunks, "@@ -%zu,%zu", &start, &many), 1);
		for (start += many == 0; line < start; line++) {
			size_t n = strcspn (old, "\n") + 1;

			memcpy (to, old, n);
			to += n;
			old += n;
		}
		hunks = strchr (hunks, '\n') + 1;
		while (*hunks && *hunks != '@') {
			size_t n = strcspn (hunks + 1, "\n") + 1;

			if (*hunks != '+') {
				ck_assert_mem_eq (old, hunks + 1, n);
				old += n;
				line++;
			}
			if (*hunks != '-') {
				memcpy (to, hunks + 1, n);
				to += n;
			}
			hunks += n + 1;
		}
	}
	strcpy (to, old);
	return out;
}

START_TEST (random_differences_lead_to_the_new_text)
{
	static char texts[2][20000];

	srandom (1);
	for (int round = 0; round < 2000; round++) {
		int kinds = 1 + (int)(random () % 6);

		for (int side = 0; side < 2; side++) {
			char *end = texts[side];
			int lines = (int)(random () % (round < 1990 ? 12 : 3000));

			*end = '\0';
			for (int i = 0; i < lines; i++)
				end += sprintf (end, "%c\n", 'a' + (int)(random () % kinds));
		}
		ck_assert_str_eq (patch (texts[0], diff (texts[0], texts[1])), texts[1]);
		buf_free (&text);
	}
}
END_TEST

/* Each line is compared with hundreds of others. Their length does not matter for that. */
START_TEST (long_lines)
{
	enum { LINES = 1000, LENGTH = 20000 };
	char *texts[2];

	for (int side = 0; side < 2; side++) {
		char *end = texts[side] = malloc ((size_t)LINES * (LENGTH + 16) + 1);

		ck_assert_ptr_nonnull (end);
		for (int i = 0; i < LINES; i++) {
			memset (end, 'x', LENGTH);
			end += LENGTH + sprintf (end + LENGTH, "%d %s\n", i, side && i ? "new" : "old");
		}
	}
	ck_assert_int_eq (strncmp (diff (texts[0], texts[1]), "@@ -1,1000 +1,1000 @@\n xxx", 26), 0);
	buf_free (&text);
	for (int side = 0; side < 2; side++)
		free (texts[side]);
}
END_TEST

/* --- similar lines ----------------------------------------------------------------------------------------------- */

static const char *masked (const char *line, const char *name)
{
	static char out[1000];
	struct buf buf;
	size_t n = 0;

	buf_init (&buf, sizeof out);
	ck_assert_int_eq (similar_mask (&buf, (const uint8_t *)line, strlen (line), name), 0);
	for (size_t i = 0; i < buf_len (&buf); i++)
		out[n++] = buf_head (&buf)[i] ? (char)buf_head (&buf)[i] : '#';
	out[n] = '\0';
	buf_free (&buf);
	return out;
}

START_TEST (names_and_numbers_are_masked)
{
	static const struct {
		const char *line, *name, *masked;
	} cases[] = {
		{ "", "web1", "" },
		{ "up 12 days, 3:04", "web1", "up #n days, #n:#n" },
		{ "I am web1.", "web1", "I am #h." },
		{ "I am web12.", "web1", "I am web#n." },
		{ "I am web1_x", "web1", "I am web#n_x" },
		{ "web1.example.org web1 web2", "web1.example.org", "#h #h web#n" },
		{ "10.0.0.1 10.0.0.2 10", "10.0.0.1", "#h #n.#n.#n.#n #n" },
		{ "007", "web1", "#n" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ck_assert_str_eq (masked (cases[i].line, cases[i].name), cases[i].masked);
}
END_TEST

START_TEST (no_text_looks_like_a_mask)
{
	static const struct {
		const char *text, *mask;
		size_t n_text, n_mask;
	} cases[] = { { "\0n", "5", 2, 1 }, { "\0h", "web1", 2, 4 },
		{ "\0\0n",
			"\0"
			"5",
			3, 2 } };
	struct buf a, b;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		buf_init (&a, 100);
		buf_init (&b, 100);
		ck_assert_int_eq (similar_mask (&a, (const uint8_t *)cases[i].text, cases[i].n_text, "web1"), 0);
		ck_assert_int_eq (similar_mask (&b, (const uint8_t *)cases[i].mask, cases[i].n_mask, "web1"), 0);
		ck_assert (buf_len (&a) != buf_len (&b) || memcmp (buf_head (&a), buf_head (&b), buf_len (&a)) != 0);
		buf_free (&a);
		buf_free (&b);
	}
}
END_TEST

START_TEST (labels_have_a_name)
{
	static const char *const cases[][2] = { { "web1", "web1" }, { "alice@web1:7400", "web1" },
		{ "[fe80::1]:7", "fe80::1" }, { "web1.example.org", "web1.example.org" } };
	char name[64];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ck_assert_str_eq (similar_name (name, sizeof name, cases[i][0]), cases[i][1]);
}
END_TEST

START_TEST (similar_lines_are_merged)
{
	static const struct similar_line lines[] = {
		{ (const uint8_t *)"web1 up 9 of 0010, 5\n", 21, "web1" },
		{ (const uint8_t *)"web2 up 10 of 9, 5\n", 19, "web2" },
		{ (const uint8_t *)"web3 up 123456789012345678901234567890 of 8, 5\n", 47, "web3" },
	};
	struct buf buf;

	buf_init (&buf, 1000);
	ck_assert_int_eq (similar_merge (&buf, lines, 3), 0);
	ck_assert_int_eq (buf_append (&buf, "", 1), 0);
	ck_assert_str_eq ((char *)buf_head (&buf), "%h up {9..123456789012345678901234567890} of {8..0010}, 5\n");
	buf_free (&buf);
	ck_assert_int_eq (similar_merge (&buf, lines, 1), 0);
	ck_assert_mem_eq (buf_head (&buf), lines->bytes, lines->n);
	buf_free (&buf);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, known_differences);
	tcase_add_test (tcase, random_differences_lead_to_the_new_text);
	tcase_add_test (tcase, long_lines);
	tcase_add_test (tcase, names_and_numbers_are_masked);
	tcase_add_test (tcase, no_text_looks_like_a_mask);
	tcase_add_test (tcase, labels_have_a_name);
	tcase_add_test (tcase, similar_lines_are_merged);
}

CHECK_MAIN ("diff", add_cases)
