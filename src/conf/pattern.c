/* pattern - see pattern.h. */
#include <config.h> /* not "config.h", which is this folder's own */

#include <locale.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "conf/pattern.h"

enum {
	DEPTH_MAX = 16,
	PIECES_MAX = 1024,
	REPEAT_MAX = 255, /* RE_DUP_MAX of POSIX */
	TOO_OFTEN = REPEAT_MAX + 2,
};

/* --- the size of a pattern ------------------------------------------------------------------------------------- */

/* The part of a group that has been read. The last piece is counted separately, because a repetition may follow it. */
struct group {
	size_t pieces; /* without the last piece */
	bool empty; /* this alternative, without its last piece, can match an empty text */
	bool others_empty; /* an earlier alternative can */
};

struct scan {
	const char *p;
	unsigned depth;
	struct group groups[DEPTH_MAX + 1];
	size_t last; /* the number of pieces that the last piece becomes */
	bool last_empty; /* the last piece can match an empty text */
};

static bool is_digit (char c)
{
	return c >= '0' && c <= '9';
}

/* The end of a bracket expression; regcomp refuses an expression without an end. */
static const char *skip_bracket (const char *p)
{
	p++;
	if (*p == '^')
		p++;
	if (*p == ']')
		p++;
	while (*p && *p != ']') {
		if (*p == '[' && (p[1] == ':' || p[1] == '.' || p[1] == '=')) {
			char end[] = { p[1], ']', '\0' };

			if (!(p = strstr (p + 2, end)))
				return "";
			p++;
		}
		p++;
	}
	return *p ? p + 1 : p;
}

/* The end of an interval. *times: how often regcomp copies the piece in front of the interval; *optional: the piece may
 * be absent. */
static const char *skip_interval (const char *p, size_t *times, bool *optional)
{
	size_t low = 0, high = 0;

	for (p++; is_digit (*p) && low <= REPEAT_MAX; p++)
		low = low * 10 + (size_t)(*p - '0');
	if (*p == ',')
		for (p++; is_digit (*p) && high <= REPEAT_MAX; p++)
			high = high * 10 + (size_t)(*p - '0');
	*times = high > low ? high : low + 1; /* {3} is counted as {3,}, which makes one copy more */
	*optional = low == 0;
	if (low > REPEAT_MAX || high > REPEAT_MAX)
		*times = TOO_OFTEN;
	return *p == '}' ? p + 1 : p;
}

/* Count the last piece: no repetition follows it. */
static void take_last (struct scan *scan)
{
	struct group *group = &scan->groups[scan->depth];

	group->pieces += scan->last;
	group->empty = group->empty && scan->last_empty;
	scan->last = 0;
	scan->last_empty = true;
}

static void scan_piece (struct scan *scan, const char *behind, bool empty)
{
	take_last (scan);
	scan->last = 1;
	scan->last_empty = empty;
	scan->p = behind;
}

static void scan_alternative (struct scan *scan)
{
	struct group *group = &scan->groups[scan->depth];

	take_last (scan);
	group->pieces++;
	group->others_empty = group->others_empty || group->empty;
	group->empty = true;
	scan->p++;
}

/* A group begins or ends. */
static int scan_group (struct scan *scan, struct err *err)
{
	struct group *group;

	take_last (scan);
	if (*scan->p++ == '(') {
		if (scan->depth == DEPTH_MAX)
			return err_set (err, 0, "has groups more than %d deep", DEPTH_MAX);
		scan->groups[++scan->depth] = (struct group){ .empty = true };
		return 0;
	}
	if (scan->depth == 0)
		return err_set (err, 0, "has a ')' without a '(': a literal one is \\)");
	group = &scan->groups[scan->depth--];
	scan->last = group->pieces + 1;
	scan->last_empty = group->empty || group->others_empty;
	return 0;
}

static int scan_repetition (struct scan *scan, struct err *err)
{
	bool optional = *scan->p != '+';
	size_t times = *scan->p == '+' ? 2 : 1; /* for glibc, a+ is aa* */

	if (*scan->p == '{')
		scan->p = skip_interval (scan->p, &times, &optional);
	else
		scan->p++;
	if (times == TOO_OFTEN)
		return err_set (err, 0, "repeats something more than %d times", REPEAT_MAX);
	if (scan->last && scan->last_empty)
		return err_set (err, 0, "repeats something that can be empty");
	scan->last *= times;
	scan->last_empty = optional;
	return 0;
}

static int scan_next (struct scan *scan, struct err *err)
{
	const char *p = scan->p;

	switch (*p) {
	case '\\':
		if (is_digit (p[1]))
			return err_set (err, 0, "has a back-reference (\\%c)", p[1]);
		/* glibc's \< \> \b \B \` \' match places, not characters. */
		scan_piece (scan, p[1] ? p + 2 : p + 1, p[1] && strchr ("<>bB`'", p[1]));
		return 0;
	case '[': scan_piece (scan, skip_bracket (p), false); return 0;
	case '^':
	case '$': scan_piece (scan, p + 1, true); return 0;
	case '|': scan_alternative (scan); return 0;
	case '(':
	case ')': return scan_group (scan, err);
	case '{':
	case '+':
	case '*':
	case '?': return scan_repetition (scan, err);
	default: scan_piece (scan, p + 1, false); return 0;
	}
}

/* Checked before regcomp, which would first allocate memory and then fail. */
static int scan_pattern (const char *pattern, struct err *err)
{
	struct scan scan = { .p = pattern, .groups = { { .empty = true } }, .last_empty = true };

	if (strlen (pattern) > PATTERN_MAX)
		return err_set (err, 0, "is longer than %d bytes", PATTERN_MAX);
	while (*scan.p) {
		size_t all;

		if (scan_next (&scan, err) < 0)
			return -1;
		all = scan.last;
		for (unsigned i = 0; i <= scan.depth; i++)
			all += scan.groups[i].pieces;
		if (all > PIECES_MAX)
			return err_set (err, 0, "repeats too much: it expands to more than %d pieces", PIECES_MAX);
	}
	return 0;
}

/* --- compiling and matching -------------------------------------------------------------------------------------- */

/* regcomp uses the locale for classes, ranges and the length of characters. */
static int compile (regex_t *regex, const char *pattern)
{
	locale_t c_locale = newlocale (LC_ALL_MASK, "C", (locale_t)0), before;
	int failed;

	if (!c_locale)
		return REG_ESPACE;
	before = uselocale (c_locale);
	failed = regcomp (regex, pattern, REG_EXTENDED | REG_NOSUB);
	uselocale (before);
	freelocale (c_locale);
	return failed;
}

/* The pattern is put between ^( and )$. The pattern must also be valid by itself, so that no part of it can end the
 * group. */
static int compile_whole (regex_t *regex, const char *pattern)
{
	char whole[PATTERN_MAX + 5];

	snprintf (whole, sizeof whole, "^(%s)$", pattern);
	return compile (regex, whole);
}

int pattern_check (const char *pattern, struct err *err)
{
	char words[128];
	regex_t regex;
	int failed;

	if (scan_pattern (pattern, err) < 0)
		return -1;
	if (!(failed = compile (&regex, pattern))) {
		regfree (&regex);
		failed = compile_whole (&regex, pattern);
	}
	if (!failed) {
		regfree (&regex);
		return 0;
	}
	regerror (failed, NULL, words, sizeof words);
	return err_set (err, 0, "is not a regular expression: %s", words);
}

bool pattern_matches (const char *pattern, const char *bytes, size_t n)
{
	char text[PATTERN_TEXT_MAX + 1];
	regex_t regex;
	bool matches;

	if (n > PATTERN_TEXT_MAX || memchr (bytes, '\0', n) || compile_whole (&regex, pattern) != 0)
		return false;
	memcpy (text, bytes, n);
	text[n] = '\0';
	matches = regexec (&regex, text, 0, NULL, 0) == 0;
	regfree (&regex);
	return matches;
}
