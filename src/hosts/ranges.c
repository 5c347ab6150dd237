/* ranges - see ranges.h. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "hosts/ranges.h"

/* A word of the text, without the spaces around it. */
struct word {
	const char *p;
	size_t n;
};

struct range_parse {
	const char *text;
	struct word fault; /* the word that is wrong */
	struct err *err;
};

static struct word trim (const char *p, size_t n)
{
	for (; n && (*p == ' ' || *p == '\t'); n--)
		p++;
	while (n && (p[n - 1] == ' ' || p[n - 1] == '\t'))
		n--;
	return (struct word){ p, n };
}

/* Cut the word at the first `sign`. *rest is the text behind it; false: there is no sign. */
static bool cut (struct word *word, char sign, struct word *rest)
{
	const char *found = memchr (word->p, sign, word->n);

	if (!found)
		return false;
	*rest = trim (found + 1, word->n - (size_t)(found + 1 - word->p));
	*word = trim (word->p, (size_t)(found - word->p));
	return true;
}

static int fail (struct range_parse *parse, struct word word, const char *fmt, ...)
	__attribute__ ((format (printf, 3, 4)));

static int fail (struct range_parse *parse, struct word word, const char *fmt, ...)
{
	va_list args;

	parse->fault = word;
	va_start (args, fmt);
	err_vset (parse->err, 0, fmt, args);
	va_end (args);
	return -1;
}

static int check_number (struct range_parse *parse, struct word word)
{
	char shown[80];

	if (!word.n)
		return fail (parse, word, "a number is missing: [1-3,7] has numbers on both sides of its signs");
	for (size_t i = 0; i < word.n; i++)
		if (word.p[i] < '0' || word.p[i] > '9')
			return fail (parse, word,
				"'%s' is not a number: brackets hold numbers and ranges of them, as in [1-3,7]",
				text_escape (shown, sizeof shown, word.p, word.n));
	return 0;
}

static int read_number (struct range_parse *parse, struct word word, uint64_t *value)
{
	if (check_number (parse, word) < 0)
		return -1;
	if (word.n > RANGES_DIGITS)
		return fail (parse, word, "the number has %zu digits; a number of a range has at most %d", word.n,
			RANGES_DIGITS);
	*value = 0;
	for (size_t i = 0; i < word.n; i++)
		*value = *value * 10 + (uint64_t)(word.p[i] - '0');
	return 0;
}

static bool is_padded (struct word word)
{
	return word.n > 1 && *word.p == '0';
}

static int read_range (
	struct range_parse *parse, struct word first, struct word last, struct word step, struct range *range)
{
	int shown = RANGES_DIGITS;
	uint64_t end;

	range->step = 1;
	if (read_number (parse, first, &range->first) < 0 || read_number (parse, last, &end) < 0 ||
		(step.p && read_number (parse, step, &range->step) < 0))
		return -1;
	if (!range->step)
		return fail (parse, step, "a step must not be 0: [0-10/2] has a step of 2");
	if (range->first > end)
		return fail (parse, first, "the range goes down: write [%.*s-%.*s]", (int)last.n, last.p, (int)first.n,
			first.p);
	if ((is_padded (first) || is_padded (last)) && first.n != last.n) {
		shown = (int)(first.n > last.n ? first.n : last.n);
		return fail (parse, first,
			"the padded numbers of a range have the same length: write [%0*" PRIu64 "-%0*" PRIu64
			"], or two ranges",
			shown, range->first, shown, end);
	}
	range->width = is_padded (first) ? (int)first.n : 0;
	range->n = (end - range->first) / range->step + 1;
	return 0;
}

static int read_item (struct range_parse *parse, struct word first, struct range *range)
{
	struct word last, step = { NULL, 0 };
	bool has_step = cut (&first, '/', &step);

	*range = (struct range){ .n = 1 };
	if (cut (&first, '-', &last))
		return read_range (parse, first, last, step, range);
	if (check_number (parse, first) < 0)
		return -1;
	if (has_step)
		return fail (parse, step, "a step belongs to a range: [0-10/2] is 0, 2, 4, 6, 8, 10");
	range->text = first.p;
	range->text_n = first.n;
	return 0;
}

int ranges_parse (struct ranges *ranges, const char *text, size_t n, size_t *at, struct err *err)
{
	struct range_parse parse = { .text = text, .err = err };
	struct word rest = trim (text, n), item;
	bool more = true;
	size_t n_items = 1;

	*ranges = (struct ranges){ .n = 0 };
	*at = 0;
	for (size_t i = 0; i < n; i++)
		n_items += text[i] == ',';
	if (!(ranges->items = calloc (n_items, sizeof *ranges->items)))
		return err_set (err, 0, "out of memory");
	while (more) {
		struct range *range = &ranges->items[ranges->n_items++];

		item = rest;
		more = cut (&item, ',', &rest);
		if (read_item (&parse, item, range) < 0) {
			*at = (size_t)(parse.fault.p - text);
			ranges_free (ranges);
			return -1;
		}
		if (__builtin_add_overflow (ranges->n, range->n, &ranges->n))
			ranges->n = UINT64_MAX;
	}
	return 0;
}

void ranges_free (struct ranges *ranges)
{
	free (ranges->items);
	*ranges = (struct ranges){ .n = 0 };
}

size_t ranges_at (
	const struct ranges *ranges, const struct ranges_cursor *cursor, char out[RANGES_DIGITS + 2], const char **text)
{
	const struct range *range = &ranges->items[cursor->item];

	if (range->text) {
		*text = range->text;
		return range->text_n;
	}
	*text = out;
	return (size_t)snprintf (
		out, RANGES_DIGITS + 2, "%0*" PRIu64, range->width, range->first + cursor->k * range->step);
}

bool ranges_next (const struct ranges *ranges, struct ranges_cursor *cursor)
{
	if (++cursor->k < ranges->items[cursor->item].n)
		return true;
	cursor->k = 0;
	if (++cursor->item < ranges->n_items)
		return true;
	cursor->item = 0;
	return false;
}
