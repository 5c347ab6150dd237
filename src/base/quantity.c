/* quantity - see quantity.h. */
#include "config.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/quantity.h"

/* All units that are read. Those to be shown come first of each quantity, the largest first. */
static const struct unit {
	enum quantity quantity;
	const char *name;
	long long factor;
	bool shown;
} units[] = {
	{ QUANTITY_SIZE, "TiB", 1LL << 40, true },
	{ QUANTITY_SIZE, "GiB", 1LL << 30, true },
	{ QUANTITY_SIZE, "MiB", 1LL << 20, true },
	{ QUANTITY_SIZE, "KiB", 1LL << 10, true },
	{ QUANTITY_SIZE, "", 1, true },
	{ QUANTITY_SIZE, "B", 1, false },
	{ QUANTITY_SIZE, "K", 1LL << 10, false },
	{ QUANTITY_SIZE, "M", 1LL << 20, false },
	{ QUANTITY_SIZE, "G", 1LL << 30, false },
	{ QUANTITY_SIZE, "T", 1LL << 40, false },
	{ QUANTITY_SIZE, "kB", 1000LL, false },
	{ QUANTITY_SIZE, "MB", 1000LL * 1000, false },
	{ QUANTITY_SIZE, "GB", 1000LL * 1000 * 1000, false },
	{ QUANTITY_SIZE, "TB", 1000LL * 1000 * 1000 * 1000, false },
	{ QUANTITY_TIME, "d", 86400 * 1000, true },
	{ QUANTITY_TIME, "h", 3600 * 1000, true },
	{ QUANTITY_TIME, "m", 60 * 1000, true },
	{ QUANTITY_TIME, "s", 1000, true },
	{ QUANTITY_TIME, "ms", 1, true },
	{ QUANTITY_TIME, "", 1000, false },
	{ QUANTITY_COUNT, "", 1, true },
};

enum { UNITS = sizeof units / sizeof *units };

static bool is_digit (char c)
{
	return c >= '0' && c <= '9';
}

int quantity_digits (const char **p, long long *value)
{
	const char *from = *p;

	for (*value = 0; is_digit (**p); ++*p)
		if (__builtin_mul_overflow (*value, 10LL, value) || __builtin_add_overflow (*value, **p - '0', value))
			return -1;
	return *p == from || (*from == '0' && *p > from + 1) ? -1 : 0;
}

static const struct unit *find_unit (enum quantity quantity, const char *name)
{
	for (size_t i = 0; i < UNITS; i++)
		if (units[i].quantity == quantity && !strcmp (units[i].name, name))
			return &units[i];
	return NULL;
}

int quantity_parse (enum quantity quantity, const char *text, long long *value)
{
	long long whole, part = 0, scale = 1;
	const struct unit *unit;

	if (quantity_digits (&text, &whole) < 0)
		return -1;
	if (quantity == QUANTITY_TIME && *text == '.') {
		if (!is_digit (*++text))
			return -1;
		/* Nine digits are enough; a day in milliseconds times 10^9 still fits. */
		for (; is_digit (*text); text++) {
			if (scale == 1000000000)
				return -1;
			scale *= 10;
			part = part * 10 + (*text - '0');
		}
	}
	if (!(unit = find_unit (quantity, text)) || part * unit->factor % scale)
		return -1;
	if (__builtin_mul_overflow (whole, unit->factor, &whole) ||
		__builtin_add_overflow (whole, part * unit->factor / scale, &whole))
		return -1;
	*value = whole;
	return 0;
}

char *quantity_show (enum quantity quantity, long long value, char out[QUANTITY_SHOWN])
{
	for (size_t i = 0; i < UNITS; i++)
		if (units[i].quantity == quantity && units[i].shown && value && value % units[i].factor == 0) {
			snprintf (out, QUANTITY_SHOWN, "%lld%s", value / units[i].factor, units[i].name);
			return out;
		}
	snprintf (out, QUANTITY_SHOWN, "%s", quantity == QUANTITY_TIME ? "0s" : "0");
	return out;
}
