/* fold - see fold.h.
 *
 * A name is a pattern and numbers: r1n02 is r%sn%s and (1, 02). The names are sorted by their patterns; the names of one
 * pattern are then one line of numbers, or points with several coordinates. A pattern is never written down: its
 * characters are found in the name when they are compared.
 */
#include "config.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "hosts/boxes.h"
#include "hosts/fold.h"
#include "hosts/host_name.h"
#include "hosts/ranges.h"

enum { NUMBERS_MAX = 24 }; /* of a name; the digits behind them are plain letters */

struct digits {
	const char *p;
	uint32_t n;
};

/* A name on its way into the result. */
struct named {
	const char *name;
	struct digits number; /* of a name with one number */
	uint32_t literal; /* this many bytes at the start are never a number: those of an address of IPv6 */
	uint32_t n_numbers;
};

static bool is_digit (char c)
{
	return c >= '0' && c <= '9';
}

/* The next number of the name at or behind p; n 0: there is none. */
static struct digits next_number (const char *p)
{
	struct digits digits = { p, 0 };

	while (*digits.p && !is_digit (*digits.p))
		digits.p++;
	while (is_digit (digits.p[digits.n]))
		digits.n++;
	return digits;
}

static void take_apart (struct named *named, const char *name)
{
	struct host_name parts = host_name_split (name);
	struct digits number;

	*named = (struct named){ .name = name };
	if (*parts.machine == '[')
		named->literal = (uint32_t)(parts.host - name + (ptrdiff_t)parts.host_n);
	for (const char *p = name + named->literal; named->n_numbers < NUMBERS_MAX; p = number.p + number.n) {
		number = next_number (p);
		if (!number.n)
			break;
		if (!named->n_numbers++)
			named->number = number;
	}
}

/* --- order ------------------------------------------------------------------------------------------------------- */

/* Goes through a pattern: a number is "%s", a percent sign is "%%", as in ClusterShell, whose order this is. */
struct pattern_cursor {
	const char *p, *literal_end;
	uint32_t numbers_left;
	char pending; /* the second character of "%s" or "%%" */
};

static unsigned char next_char (struct pattern_cursor *cursor)
{
	char c = cursor->pending;

	cursor->pending = '\0';
	if (c)
		return (unsigned char)c;
	c = *cursor->p;
	if (!c)
		return '\0';
	if (is_digit (c) && cursor->p >= cursor->literal_end && cursor->numbers_left) {
		cursor->numbers_left--;
		while (is_digit (*cursor->p))
			cursor->p++;
		cursor->pending = 's';
		return '%';
	}
	cursor->p++;
	cursor->pending = c == '%' ? '%' : '\0';
	return (unsigned char)c;
}

static int compare_patterns (const struct named *a, const struct named *b)
{
	struct pattern_cursor x = { a->name, a->name + a->literal, a->n_numbers, '\0' };
	struct pattern_cursor y = { b->name, b->name + b->literal, b->n_numbers, '\0' };
	unsigned char c, d;

	do {
		c = next_char (&x);
		d = next_char (&y);
	} while (c == d && c);
	return c - d;
}

static int compare_digits (const struct digits *a, const struct digits *b)
{
	return a->n != b->n ? (a->n > b->n) - (a->n < b->n) : memcmp (a->p, b->p, a->n);
}

static int compare_names (const void *left, const void *right)
{
	const struct named *a = left, *b = right;
	int order = compare_patterns (a, b);

	if (order == 0 && a->n_numbers == 1)
		order = compare_digits (&a->number, &b->number);
	return order ? order : strcmp (a->name, b->name);
}

/* --- numbers ----------------------------------------------------------------------------------------------------- */

/* Does `next` follow `last` in a range that began with `first`? A range keeps its padding, and its numbers are short
 * enough for one. */
static bool continues (const struct digits *first, const struct digits *last, const struct digits *next)
{
	bool padded = first->n > 1 && *first->p == '0';
	uint64_t x = 0, y = 0;

	if (next->n > RANGES_DIGITS || (padded ? next->n != first->n : next->n > 1 && *next->p == '0'))
		return false;
	for (uint32_t i = 0; i < last->n; i++)
		x = x * 10 + (uint64_t)(last->p[i] - '0');
	for (uint32_t i = 0; i < next->n; i++)
		y = y * 10 + (uint64_t)(next->p[i] - '0');
	return y == x + 1;
}

/* Write sorted numbers, "1-3,7"; in brackets if there are several. number (i, context) is the i-th of n. */
static int write_numbers (
	struct buf *out, size_t n, struct digits (*number) (size_t i, const void *context), const void *context)
{
	int failed = n > 1 ? buf_append (out, "[", 1) : 0;

	for (size_t i = 0; i < n && !failed;) {
		struct digits first = number (i, context), last = first;
		size_t run = 1;

		for (; i + run < n; run++) {
			struct digits next = number (i + run, context);

			if (!continues (&first, &last, &next))
				break;
			last = next;
		}
		failed = (i && buf_append (out, ",", 1)) || buf_append (out, first.p, first.n) ||
			 (run > 1 && (buf_append (out, "-", 1) || buf_append (out, last.p, last.n)));
		i += run;
	}
	if (n > 1 && !failed)
		failed = buf_append (out, "]", 1);
	return failed ? -1 : 0;
}

/* Write a name; write (axis, context) writes the text for a number. */
static int write_pattern (struct buf *out, const struct named *named, const void *context,
	int (*write) (struct buf *out, size_t axis, const void *context))
{
	const char *p = named->name, *behind = p + named->literal;

	if (buf_len (out) && buf_append (out, ",", 1) < 0)
		return -1;
	for (size_t axis = 0; axis < named->n_numbers; axis++) {
		struct digits digits = next_number (behind);

		if (buf_append (out, p, (size_t)(digits.p - p)) < 0 || write (out, axis, context) < 0)
			return -1;
		p = behind = digits.p + digits.n;
	}
	return buf_append (out, p, strlen (p));
}

/* --- names with one number --------------------------------------------------------------------------------------- */

struct number_line {
	const struct named *names;
	size_t n;
};

static struct digits line_number (size_t i, const void *context)
{
	return ((const struct number_line *)context)->names[i].number;
}

static int write_line (struct buf *out, size_t axis, const void *context)
{
	const struct number_line *line = context;

	(void)axis;
	return write_numbers (out, line->n, line_number, line);
}

/* --- names with several numbers ---------------------------------------------------------------------------------- */

/* The names of one pattern as points. */
struct points {
	const struct named *names;
	size_t n, n_axes;
	uint32_t *points; /* n * n_axes: the place of a number among those of its axis */
	struct digits *numbers[NUMBERS_MAX]; /* of an axis, sorted */
	uint32_t *ranks[NUMBERS_MAX]; /* of these, in the order of their text */
};

/* A number, and the place of its name. */
struct found_number {
	struct digits digits;
	uint32_t owner;
};

static int compare_found (const void *left, const void *right)
{
	return compare_digits (
		&((const struct found_number *)left)->digits, &((const struct found_number *)right)->digits);
}

static int compare_text (const void *left, const void *right)
{
	const struct digits *a = &((const struct found_number *)left)->digits;
	const struct digits *b = &((const struct found_number *)right)->digits;
	int order = memcmp (a->p, b->p, a->n < b->n ? a->n : b->n);

	return order ? order : (a->n > b->n) - (a->n < b->n);
}

/* Give each different number of an axis an index; `found` has the numbers in the order of the names. */
static int number_axis (struct points *points, size_t axis, struct found_number *found)
{
	struct digits *numbers = malloc (points->n * sizeof *numbers);
	uint32_t *ranks = malloc (points->n * sizeof *ranks), n = 0;

	points->numbers[axis] = numbers;
	points->ranks[axis] = ranks;
	if (!numbers || !ranks)
		return -1;
	qsort (found, points->n, sizeof *found, compare_found);
	for (size_t i = 0; i < points->n; i++) {
		if (n == 0 || compare_digits (&numbers[n - 1], &found[i].digits) != 0)
			numbers[n++] = found[i].digits;
		points->points[found[i].owner * points->n_axes + axis] = n - 1;
	}
	for (uint32_t i = 0; i < n; i++)
		found[i] = (struct found_number){ numbers[i], i };
	qsort (found, n, sizeof *found, compare_text);
	for (uint32_t i = 0; i < n; i++)
		ranks[found[i].owner] = i;
	return 0;
}

static int make_points (struct points *points)
{
	struct found_number *found = malloc (points->n * sizeof *found);
	const char **behind = malloc (points->n * sizeof *behind);
	int result = found && behind ? 0 : -1;

	points->points = malloc (points->n * points->n_axes * sizeof *points->points);
	if (!points->points)
		result = -1;
	for (size_t i = 0; i < points->n && result == 0; i++)
		behind[i] = points->names[i].name + points->names[i].literal;
	for (size_t axis = 0; axis < points->n_axes && result == 0; axis++) {
		for (size_t i = 0; i < points->n; i++) {
			found[i] = (struct found_number){ next_number (behind[i]), (uint32_t)i };
			behind[i] = found[i].digits.p + found[i].digits.n;
		}
		result = number_axis (points, axis, found);
	}
	free (found);
	free (behind);
	return result;
}

static void free_points (struct points *points)
{
	for (size_t axis = 0; axis < points->n_axes; axis++) {
		free (points->numbers[axis]);
		free (points->ranks[axis]);
	}
	free (points->points);
}

/* A box, and the numbers that its coordinates mean. */
struct written_box {
	const struct box *box;
	const struct points *points;
	size_t axis;
};

static struct digits box_number (size_t i, const void *context)
{
	const struct written_box *written = context;

	return written->points->numbers[written->axis][written->box->sets[written->axis].numbers[i]];
}

static int write_box (struct buf *out, size_t axis, const void *context)
{
	struct written_box written = *(const struct written_box *)context;

	written.axis = axis;
	return write_numbers (out, written.box->sets[axis].n, box_number, &written);
}

static int fold_points (struct buf *out, const struct named *names, size_t n)
{
	struct points points = { .names = names, .n = n, .n_axes = names->n_numbers };
	struct boxes boxes = { .n = 0 };
	int result = make_points (&points);

	if (result == 0)
		result = boxes_make (&boxes, points.points, n, points.n_axes, points.ranks);
	if (result == 0)
		result = boxes_merge (&boxes);
	for (size_t i = 0; i < boxes.n && result == 0; i++) {
		struct written_box written = { .box = &boxes.boxes[i], .points = &points };

		result = write_pattern (out, names, &written, write_box);
	}
	boxes_free (&boxes);
	free_points (&points);
	return result;
}

/* --- the whole --------------------------------------------------------------------------------------------------- */

/* The names of one pattern. */
static int fold_pattern (struct buf *out, const struct named *names, size_t n)
{
	struct number_line line = { names, n };

	return names->n_numbers > 1 ? fold_points (out, names, n) : write_pattern (out, names, &line, write_line);
}

char *fold_names (const char *const *names, size_t n)
{
	struct named *sorted = malloc ((n ? n : 1) * sizeof *sorted);
	struct buf out;
	size_t used = 0;
	int failed = sorted ? 0 : -1;

	buf_init (&out, SIZE_MAX / 2);
	for (size_t i = 0; i < n && !failed; i++)
		take_apart (&sorted[i], names[i]);
	if (!failed)
		qsort (sorted, n, sizeof *sorted, compare_names);
	for (size_t i = 0; i < n && !failed; i++)
		if (!used || strcmp (sorted[used - 1].name, sorted[i].name) != 0)
			sorted[used++] = sorted[i];
	for (size_t i = 0, end; i < used && !failed; i = end) {
		for (end = i + 1; end < used && compare_patterns (&sorted[i], &sorted[end]) == 0;)
			end++;
		failed = fold_pattern (&out, &sorted[i], end - i);
	}
	free (sorted);
	if (!failed && buf_append (&out, "", 1) == 0)
		return (char *)out.data; /* nothing was consumed: the text is at the start */
	buf_free (&out);
	return NULL;
}
