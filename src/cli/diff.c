/* diff - see diff.h. */
#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cli/diff.h"

struct diff_line {
	const uint8_t *bytes;
	size_t n; /* with the newline; the last one may have none */
	size_t class; /* the same number as of all equal lines that are compared */
};

struct diff_side {
	struct diff_line *lines;
	size_t n;
	bool *changed; /* of each line: it is not in the other text */
};

struct diff {
	struct diff_side old, new;
	size_t head; /* equal lines at the beginning */
	size_t a, b; /* lines between the equal beginnings and ends */
};

/* --- lines ------------------------------------------------------------------------------------------------------- */

static int split (struct diff_side *side, const uint8_t *bytes, size_t n)
{
	size_t lines = 0;

	for (size_t i = 0; i < n; i++)
		lines += bytes[i] == '\n' || i == n - 1;
	side->lines = calloc (lines + 1, sizeof *side->lines);
	side->changed = calloc (lines + 1, sizeof *side->changed);
	if (!side->lines || !side->changed)
		return -1;
	for (size_t start = 0; start < n;) {
		const uint8_t *newline = memchr (bytes + start, '\n', n - start);
		size_t length = newline ? (size_t)(newline - (bytes + start)) + 1 : n - start;

		side->lines[side->n++] = (struct diff_line){ bytes + start, length, 0 };
		start += length;
	}
	return 0;
}

static bool same (const struct diff *diff, size_t i, size_t j)
{
	const struct diff_line *a = &diff->old.lines[i], *b = &diff->new.lines[j];

	return a->n == b->n && !memcmp (a->bytes, b->bytes, a->n);
}

static void trim (struct diff *diff)
{
	size_t n = diff->old.n, m = diff->new.n;

	while (diff->head < n && diff->head < m && same (diff, diff->head, diff->head))
		diff->head++;
	while (n > diff->head && m > diff->head && same (diff, n - 1, m - 1)) {
		n--;
		m--;
	}
	diff->a = n - diff->head;
	diff->b = m - diff->head;
}

/* --- classes ------------------------------------------------------------------------------------------------------ */

static int by_bytes (const void *a, const void *b)
{
	const struct diff_line *one = *(struct diff_line *const *)a, *other = *(struct diff_line *const *)b;
	size_t n = one->n < other->n ? one->n : other->n;
	int order = memcmp (one->bytes, other->bytes, n);

	return order ? order : one->n < other->n ? -1 : one->n > other->n;
}

/* Number the lines that are compared, so that comparing two long lines takes no longer than comparing two short
 * ones. */
static int classify (struct diff *diff)
{
	size_t n = diff->a + diff->b;
	struct diff_line **lines = malloc ((n + 1) * sizeof *lines);

	if (!lines)
		return -1;
	for (size_t i = 0; i < diff->a; i++)
		lines[i] = &diff->old.lines[diff->head + i];
	for (size_t j = 0; j < diff->b; j++)
		lines[diff->a + j] = &diff->new.lines[diff->head + j];
	qsort (lines, n, sizeof *lines, by_bytes);
	for (size_t i = 1; i < n; i++)
		lines[i]->class = lines[i - 1]->class + (by_bytes (&lines[i - 1], &lines[i]) != 0);
	free (lines);
	return 0;
}

/* --- Myers ------------------------------------------------------------------------------------------------------- */

/* Mark the lines between beginning and end that are not in both. `v` has, for each d, the furthest x on each diagonal:
 * 2 d + 1 numbers from d * d on. */
static void go_back (struct diff *diff, const int *v, int d)
{
	int x = (int)diff->a, y = (int)diff->b;

	for (; d > 0; d--) {
		const int *before = v + (size_t)(d - 1) * (size_t)(d - 1) + (d - 1);
		int k = x - y;
		bool down = k == -d || (k != d && before[k - 1] < before[k + 1]);
		int from = down ? k + 1 : k - 1;

		x = before[from];
		y = x - from;
		if (down)
			diff->new.changed[diff->head + (size_t)y] = true;
		else
			diff->old.changed[diff->head + (size_t)x] = true;
	}
}

static void replace_all (struct diff *diff)
{
	for (size_t i = 0; i < diff->a; i++)
		diff->old.changed[diff->head + i] = true;
	for (size_t j = 0; j < diff->b; j++)
		diff->new.changed[diff->head + j] = true;
}

static int compare (struct diff *diff)
{
	int n = (int)diff->a, m = (int)diff->b, most = n + m < DIFF_MOST ? n + m : DIFF_MOST;
	int *v;

	if (!n || !m) {
		replace_all (diff);
		return 0;
	}
	if (classify (diff) < 0 || !(v = malloc ((size_t)(most + 1) * (size_t)(most + 1) * sizeof *v)))
		return -1;
	for (int d = 0; d <= most; d++) {
		int *now = v + (size_t)d * (size_t)d + d;
		const int *before = d ? v + (size_t)(d - 1) * (size_t)(d - 1) + (d - 1) : NULL;

		for (int k = -d; k <= d; k += 2) {
			int x = !d                                                     ? 0
				: k == -d || (k != d && before[k - 1] < before[k + 1]) ? before[k + 1]
										       : before[k - 1] + 1;
			int y = x - k;

			while (x < n && y < m && x >= 0 && y >= 0 &&
				diff->old.lines[diff->head + (size_t)x].class ==
					diff->new.lines[diff->head + (size_t)y].class) {
				x++;
				y++;
			}
			now[k] = x;
			if (k == n - m && x >= n) {
				go_back (diff, v, d);
				free (v);
				return 0;
			}
		}
	}
	free (v);
	replace_all (diff);
	return 0;
}

/* --- hunks ------------------------------------------------------------------------------------------------------- */

static int print_line (struct buf *to, char sign, const struct diff_line *line)
{
	if (buf_append (to, &sign, 1) < 0 || buf_append (to, line->bytes, line->n) < 0)
		return -1;
	if (line->bytes[line->n - 1] == '\n')
		return 0;
	return buf_printf (to, "\n\\ No newline at end of file\n");
}

/* "12" or "12,3", where diff(1) counts an empty part from the line before it. */
static int print_range (struct buf *to, char sign, size_t start, size_t n)
{
	if (n == 1)
		return buf_printf (to, "%c%zu", sign, start + 1);
	return buf_printf (to, "%c%zu,%zu", sign, n ? start + 1 : start, n);
}

/* One hunk: the lines [i, i_end) of the old text and [j, j_end) of the new one. */
static int print_hunk (struct buf *to, const struct diff *diff, size_t i, size_t i_end, size_t j, size_t j_end)
{
	if (buf_printf (to, "@@ ") < 0 || print_range (to, '-', i, i_end - i) < 0 || buf_printf (to, " ") < 0 ||
		print_range (to, '+', j, j_end - j) < 0 || buf_printf (to, " @@\n") < 0)
		return -1;
	while (i < i_end || j < j_end) {
		if (i < i_end && diff->old.changed[i]) {
			if (print_line (to, '-', &diff->old.lines[i++]) < 0)
				return -1;
		} else if (j < j_end && diff->new.changed[j]) {
			if (print_line (to, '+', &diff->new.lines[j++]) < 0)
				return -1;
		} else {
			if (print_line (to, ' ', &diff->old.lines[i++]) < 0)
				return -1;
			j++;
		}
	}
	return 0;
}

static int print_hunks (struct buf *to, const struct diff *diff)
{
	const struct diff_side *old = &diff->old, *new = &diff->new;
	size_t i = 0, j = 0;

	for (;;) {
		size_t i_start, j_start, i_end, j_end, equal = 0, before;

		while (i < old->n && j < new->n && !old->changed[i] && !new->changed[j]) {
			i++;
			j++;
		}
		if (i == old->n && j == new->n)
			return 0;
		before = i < j ? i : j;
		if (before > DIFF_CONTEXT)
			before = DIFF_CONTEXT;
		i_start = i - before;
		j_start = j - before;
		/* To the last change that is no more than two contexts behind the one before. */
		i_end = i;
		j_end = j;
		while ((i < old->n || j < new->n) && equal <= 2 * DIFF_CONTEXT) {
			if (i < old->n && old->changed[i]) {
				i++;
				equal = 0;
			} else if (j < new->n &&new->changed[j]) {
				j++;
				equal = 0;
			} else {
				i++;
				j++;
				equal++;
			}
			if (!equal) {
				i_end = i;
				j_end = j;
			}
		}
		equal = old->n - i_end < DIFF_CONTEXT ? old->n - i_end : DIFF_CONTEXT;
		if (print_hunk (to, diff, i_start, i_end + equal, j_start, j_end + equal) < 0)
			return -1;
		i = i_end + equal;
		j = j_end + equal;
	}
}

int diff_print (struct buf *to, const uint8_t *old, size_t n_old, const uint8_t *new, size_t n_new)
{
	struct diff diff = { .head = 0 };
	int result = -1;

	if (split (&diff.old, old, n_old) == 0 && split (&diff.new, new, n_new) == 0) {
		trim (&diff);
		if (!diff.a && !diff.b)
			result = 0;
		else if (compare (&diff) == 0)
			result = print_hunks (to, &diff);
	}
	free (diff.old.lines);
	free (diff.old.changed);
	free (diff.new.lines);
	free (diff.new.changed);
	return result;
}
