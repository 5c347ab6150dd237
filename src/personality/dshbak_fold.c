/* dshbak_fold - see dshbak_fold.h. */
#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "personality/dshbak_fold.h"

/* A name in its three parts. The pointers point into the name. */
struct part {
	const char *name;
	size_t prefix; /* bytes before the number */
	size_t digits; /* bytes of the number */
	double number;
	const char *suffix;
};

enum { PADDINGS = 300 }; /* more than a name of a host can have */

/* Elements between commas: one number, or a range. */
struct dshbak_range {
	const struct part *first, *last;
	size_t padding; /* of the last number */
};

static bool is_digit (char c)
{
	return c >= '0' && c <= '9';
}

double dshbak_number (const char *name)
{
	size_t n = strlen (name), first = n;

	while (first && is_digit (name[first - 1]))
		first--;
	return first == n ? 0 : strtod (name + first, NULL);
}

static struct part split (const char *name)
{
	struct part part = { .name = name };
	size_t end = strlen (name);
	char digits[400];

	while (end && !is_digit (name[end - 1]))
		end--;
	part.suffix = name + end;
	part.prefix = end;
	while (part.prefix && is_digit (name[part.prefix - 1]))
		part.prefix--;
	part.digits = end - part.prefix;
	if (part.digits && part.digits < sizeof digits) {
		memcpy (digits, name + part.prefix, part.digits);
		digits[part.digits] = '\0';
		part.number = strtod (digits, NULL);
	}
	return part;
}

/* The smallest width in which a number with these digits is written so: 010 needs 3, 10 needs 1. */
static size_t padding (const struct part *part)
{
	return part->digits > 1 && part->name[part->prefix] == '0' ? part->digits : 1;
}

static int compare_prefix (const struct part *a, const struct part *b)
{
	size_t n = a->prefix < b->prefix ? a->prefix : b->prefix;
	int order = memcmp (a->name, b->name, n);

	return order ? order : (a->prefix > b->prefix) - (a->prefix < b->prefix);
}

static int compare (const void *left, const void *right)
{
	const struct part *a = left, *b = right;
	int order = strcmp (a->suffix, b->suffix);

	if (!order)
		order = compare_prefix (a, b);
	if (!order)
		order = (a->number > b->number) - (a->number < b->number);
	return order ? order : strcmp (a->name, b->name);
}

/* Does the part continue the range? */
static bool continues (const struct dshbak_range *range, const struct part *part)
{
	size_t width = padding (part);

	return range->last->number == part->number - 1 &&
	       (range->padding == width || (width == 1 && range->padding == part->digits));
}

/* The range that the part continues; NULL: none. The ranges are in the order of their first numbers. Where numbers of
 * several paddings are mixed, as many ranges grow at the same time as there are paddings, so the search is short. */
static struct dshbak_range *find_range (struct dshbak_range *ranges, size_t n, const struct part *part)
{
	struct dshbak_range *near = NULL;

	for (size_t i = n; i-- > 0 && n - i <= PADDINGS;) {
		if (!continues (&ranges[i], part))
			continue;
		if (ranges[i].padding == padding (part))
			return &ranges[i];
		near = near ? near : &ranges[i];
	}
	return near;
}

/* Append names [0..n), which have one prefix and one suffix. `ranges` has room for n. */
static int append_ranges (struct buf *out, const struct part *parts, size_t n, struct dshbak_range *ranges)
{
	size_t n_ranges = 0;
	bool several;
	int result;

	for (size_t i = 0; i < n; i++) {
		struct dshbak_range *range = find_range (ranges, n_ranges, &parts[i]);

		if (range)
			range->padding = padding (&parts[i]);
		else
			*(range = &ranges[n_ranges++]) =
				(struct dshbak_range){ &parts[i], &parts[i], padding (&parts[i]) };
		range->last = &parts[i];
	}
	several = n_ranges > 1 || ranges[0].first != ranges[0].last;
	result = buf_append (out, parts->name, parts->prefix);
	if (several)
		result |= buf_append (out, "[", 1);
	for (size_t i = 0; i < n_ranges; i++) {
		const struct dshbak_range *range = &ranges[i];

		if (i)
			result |= buf_append (out, ",", 1);
		result |= buf_append (out, range->first->name + range->first->prefix, range->first->digits);
		if (range->first != range->last) {
			result |= buf_append (out, "-", 1);
			result |= buf_append (out, range->last->name + range->last->prefix, range->last->digits);
		}
	}
	if (several)
		result |= buf_append (out, "]", 1);
	return result | buf_append (out, parts->suffix, strlen (parts->suffix));
}

char *dshbak_fold (const char *const *names, size_t n)
{
	struct part *parts = calloc (n + 1, sizeof *parts);
	struct dshbak_range *ranges = calloc (n + 1, sizeof *ranges);
	struct buf out;
	int result = parts && ranges ? 0 : -1;

	buf_init (&out, SIZE_MAX);
	if (result == 0) {
		for (size_t i = 0; i < n; i++)
			parts[i] = split (names[i]);
		qsort (parts, n, sizeof *parts, compare);
	}
	for (size_t first = 0, end; result == 0 && first < n; first = end) {
		for (end = first + 1; end < n && !strcmp (parts[end].suffix, parts[first].suffix) &&
				      !compare_prefix (&parts[end], &parts[first]);)
			end++;
		if (first)
			result |= buf_append (&out, ",", 1);
		result |= append_ranges (&out, parts + first, end - first, ranges);
	}
	if (result == 0)
		result = buf_append (&out, "", 1); /* the NUL */
	free (parts);
	free (ranges);
	if (result < 0) {
		buf_free (&out);
		return NULL;
	}
	return (char *)out.data; /* nothing was ever consumed: the text begins at the start of the memory */
}
