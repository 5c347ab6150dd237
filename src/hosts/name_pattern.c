/* name_pattern - see name_pattern.h. */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "hosts/name_pattern.h"

/* The place of the reader in the pattern. */
struct name_scan {
	struct name_pattern *pattern;
	const char *begin, *p, *end;
	uint64_t most;
	const char **fault;
	struct err *err;
};

static int fail_at (struct name_scan *scan, const char *at)
{
	*scan->fault = at;
	return -1;
}

/* The first bracket at or behind p; `end`: there is none. */
static const char *find_bracket (const char *p, const char *end)
{
	while (p < end && *p != '[' && *p != ']')
		p++;
	return p;
}

size_t name_pattern_bracket (const char *p)
{
	size_t n = strcspn (p + 1, "[]");

	return p[1 + n] == ']' ? n + 2 : 1;
}

/* Does an address of IPv6 begin at the bracket p? Returns its end, or NULL. */
static const char *ipv6_end (const struct name_scan *scan, const char *p)
{
	const char *close = find_bracket (p + 1, scan->end);

	if (close == scan->end || *close != ']' || (p > scan->begin && p[-1] != '@' && p[-1] != '/') ||
		!memchr (p + 1, ':', (size_t)(close - p) - 1))
		return NULL;
	return close + 1;
}

static struct name_part *add_part (struct name_scan *scan)
{
	struct name_pattern *pattern = scan->pattern;

	if (pattern->n_parts == NAME_PATTERN_PARTS) {
		err_set (scan->err, 0, "the name has more than %d brackets", NAME_PATTERN_PARTS / 2);
		fail_at (scan, scan->p);
		return NULL;
	}
	pattern->parts[pattern->n_parts] = (struct name_part){ .text = "" };
	return &pattern->parts[pattern->n_parts++];
}

/* Read the bracket that begins here. */
static int read_bracket (struct name_scan *scan)
{
	const char *open = scan->p, *inside = open + 1, *close = find_bracket (inside, scan->end);
	struct name_pattern *pattern = scan->pattern;
	struct name_part *part;
	size_t at;

	if (close == scan->end) {
		err_set (scan->err, 0, "the bracket has no end: web[1-3] has one");
		return fail_at (scan, open);
	}
	if (*close == '[') {
		err_set (scan->err, 0, "a '[' within brackets: they hold numbers and ranges, as in [1-3,7]");
		return fail_at (scan, close);
	}
	if (!(part = add_part (scan)))
		return -1;
	if (ranges_parse (&part->ranges, inside, (size_t)(close - inside), &at, scan->err) < 0)
		return fail_at (scan, inside + at);
	part->text = NULL;
	if (__builtin_mul_overflow (pattern->n_names, part->ranges.n, &pattern->n_names))
		pattern->n_names = UINT64_MAX;
	if (pattern->n_names > scan->most) {
		err_set (scan->err, 0, "more than %" PRIu64 " hosts, which is the maximum of a list", scan->most);
		return fail_at (scan, open);
	}
	scan->p = close + 1;
	return 0;
}

/* Read what is not in brackets. */
static int read_literal (struct name_scan *scan)
{
	const char *literal = scan->p, *end = NULL;
	struct name_part *part;

	for (; scan->p < scan->end; scan->p++) {
		if (*scan->p == ']') {
			err_set (scan->err, 0, "a ']' without its '[': web[1-3] has both");
			return fail_at (scan, scan->p);
		}
		if (*scan->p == '[' && !(end = ipv6_end (scan, scan->p)))
			break;
		if (*scan->p == '[')
			scan->p = end - 1;
		if (*scan->p == '*' || *scan->p == '?')
			scan->pattern->wildcard = true;
	}
	if (scan->p == literal)
		return 0;
	if (!(part = add_part (scan)))
		return -1;
	part->text = literal;
	part->n = (size_t)(scan->p - literal);
	return 0;
}

int name_pattern_read (
	struct name_pattern *pattern, const char *text, size_t n, uint64_t most, const char **fault, struct err *err)
{
	struct name_scan scan = { pattern, text, text, text + n, most, fault, err };

	pattern->n_parts = 0;
	pattern->n_names = 1;
	pattern->wildcard = false;
	while (scan.p < scan.end)
		if (*scan.p == '[' && !ipv6_end (&scan, scan.p) ? read_bracket (&scan) < 0 : read_literal (&scan) < 0)
			return -1;
	return 0;
}

void name_pattern_free (struct name_pattern *pattern)
{
	for (size_t i = 0; i < pattern->n_parts; i++)
		if (!pattern->parts[i].text)
			ranges_free (&pattern->parts[i].ranges);
	pattern->n_parts = 0;
}

bool name_pattern_write (const struct name_pattern *pattern, char name[HOST_NAME_BYTES + 1])
{
	size_t used = 0;

	for (size_t i = 0; i < pattern->n_parts; i++) {
		const struct name_part *part = &pattern->parts[i];
		const char *piece = part->text;
		char digits[RANGES_DIGITS + 2];
		size_t n = part->text ? part->n : ranges_at (&part->ranges, &part->cursor, digits, &piece);

		if (used + n > HOST_NAME_BYTES)
			return false;
		memcpy (name + used, piece, n);
		used += n;
	}
	name[used] = '\0';
	return true;
}

bool name_pattern_next (struct name_pattern *pattern)
{
	for (size_t i = pattern->n_parts; i-- > 0;)
		if (!pattern->parts[i].text && ranges_next (&pattern->parts[i].ranges, &pattern->parts[i].cursor))
			return true;
	return false;
}
