/* units - a scalar as a boolean, a number, a size or a time; see tree.h, and base/quantity.h. */
#include <config.h> /* not "config.h", which is this folder's own */

#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/quantity.h"
#include "conf/tree.h"

/* The word to read, or NULL when the node can be neither a number nor a boolean. */
static const char *plain_word (const struct conf_node *node)
{
	return node && node->kind == CONF_SCALAR && !node->quoted ? node->value : NULL;
}

static bool is_digit (char c)
{
	return c >= '0' && c <= '9';
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
	if (quantity_digits (&p, &number) < 0 || *p)
		return -1;
	*value = negative ? -number : number;
	return 0;
}

/* [-]digits[.digits][(e|E)[+|-]digits], so that strtod never sees "inf", "nan", hexadecimal numbers or blanks. */
static bool is_number (const char *p)
{
	long long whole;

	p += *p == '-';
	if (quantity_digits (&p, &whole) < 0)
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
	const char *word = plain_word (node);

	return word ? quantity_parse (QUANTITY_SIZE, word, bytes) : -1;
}

int conf_time (const struct conf_node *node, long long *ms)
{
	const char *word = plain_word (node);

	return word ? quantity_parse (QUANTITY_TIME, word, ms) : -1;
}
