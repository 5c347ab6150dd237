/* units - a scalar as a boolean, a number, a size or a time; see tree.h.
 *
 * strtol(3) is not used: it accepts leading blanks, signs and octal numbers, and depends on the locale. Nothing is
 * rounded or cut silently.
 */
#include <config.h> /* not "config.h", which is this folder's own */

#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf/tree.h"

struct unit {
	const char *name;
	long long factor;
};

static const struct unit sizes[] = {
	{ "", 1 },
	{ "B", 1 },
	{ "K", 1LL << 10 },
	{ "KiB", 1LL << 10 },
	{ "M", 1LL << 20 },
	{ "MiB", 1LL << 20 },
	{ "G", 1LL << 30 },
	{ "GiB", 1LL << 30 },
	{ "T", 1LL << 40 },
	{ "TiB", 1LL << 40 },
	{ "kB", 1000LL },
	{ "MB", 1000LL * 1000 },
	{ "GB", 1000LL * 1000 * 1000 },
	{ "TB", 1000LL * 1000 * 1000 * 1000 },
	{ NULL, 0 },
};

static const struct unit times[] = {
	{ "", 1000 },
	{ "ms", 1 },
	{ "s", 1000 },
	{ "m", 60 * 1000 },
	{ "h", 60 * 60 * 1000 },
	{ "d", 24 * 60 * 60 * 1000 },
	{ NULL, 0 },
};

/* The word to read, or NULL when the node can be neither a number nor a boolean. */
static const char *plain_word (const struct conf_node *node)
{
	return node && node->kind == CONF_SCALAR && !node->quoted ? node->value : NULL;
}

static bool is_digit (char c)
{
	return c >= '0' && c <= '9';
}

/* Read digits at *p into *value and move *p behind them; -1 without digits, with a leading zero, or on overflow. */
static int read_digits (const char **p, long long *value)
{
	const char *from = *p;

	for (*value = 0; is_digit (**p); ++*p)
		if (__builtin_mul_overflow (*value, 10LL, value) || __builtin_add_overflow (*value, **p - '0', value))
			return -1;
	return *p == from || (*from == '0' && *p > from + 1) ? -1 : 0;
}

static const struct unit *find_unit (const struct unit *units, const char *name)
{
	for (; units->name; units++)
		if (!strcmp (units->name, name))
			return units;
	return NULL;
}

int conf_bool (const struct conf_node *node, bool *value)
{
	static const struct {
		const char *name;
		bool value;
	} words[] = {
		{ "true", true },
		{ "yes", true },
		{ "on", true },
		{ "false", false },
		{ "no", false },
		{ "off", false },
	};
	const char *word = plain_word (node);

	for (size_t i = 0; word && i < sizeof words / sizeof *words; i++)
		if (!strcasecmp (word, words[i].name)) {
			*value = words[i].value;
			return 0;
		}
	return -1;
}

int conf_integer (const struct conf_node *node, long long *value)
{
	const char *p = plain_word (node);
	bool negative = p && *p == '-';
	long long number;

	if (!p)
		return -1;
	p += negative;
	if (read_digits (&p, &number) < 0 || *p)
		return -1;
	*value = negative ? -number : number;
	return 0;
}

/* [-]digits[.digits][(e|E)[+|-]digits], so that strtod never sees "inf", "nan", hexadecimal numbers or blanks. */
static bool is_number (const char *p)
{
	long long whole;

	p += *p == '-';
	if (read_digits (&p, &whole) < 0)
		return false;
	if (*p == '.') {
		if (!is_digit (*++p))
			return false;
		while (is_digit (*p))
			p++;
	}
	if (*p == 'e' || *p == 'E') {
		p++;
		p += *p == '+' || *p == '-';
		if (!is_digit (*p))
			return false;
		while (is_digit (*p))
			p++;
	}
	return !*p;
}

int conf_number (const struct conf_node *node, double *value)
{
	const char *word = plain_word (node);
	locale_t c_locale;
	double number;

	if (!word || !is_number (word))
		return -1;
	/* In a German locale strtod would expect a comma. */
	if (!(c_locale = newlocale (LC_ALL_MASK, "C", (locale_t)0)))
		return -1;
	number = strtod_l (word, NULL, c_locale);
	freelocale (c_locale);
	if (!isfinite (number))
		return -1;
	*value = number;
	return 0;
}

int conf_size (const struct conf_node *node, long long *bytes)
{
	const char *p = plain_word (node);
	const struct unit *unit;
	long long number;

	if (!p || read_digits (&p, &number) < 0 || !(unit = find_unit (sizes, p)))
		return -1;
	if (__builtin_mul_overflow (number, unit->factor, &number))
		return -1;
	*bytes = number;
	return 0;
}

int conf_time (const struct conf_node *node, long long *ms)
{
	const char *p = plain_word (node);
	const struct unit *unit;
	long long whole, part = 0, scale = 1;

	if (!p || read_digits (&p, &whole) < 0)
		return -1;
	if (*p == '.') {
		if (!is_digit (*++p))
			return -1;
		/* Nine digits are enough; a day in milliseconds times 10^9 still fits. */
		for (; is_digit (*p); p++) {
			if (scale == 1000000000)
				return -1;
			scale *= 10;
			part = part * 10 + (*p - '0');
		}
	}
	if (!(unit = find_unit (times, p)) || part * unit->factor % scale)
		return -1;
	if (__builtin_mul_overflow (whole, unit->factor, &whole) ||
		__builtin_add_overflow (whole, part * unit->factor / scale, &whole))
		return -1;
	*ms = whole;
	return 0;
}
