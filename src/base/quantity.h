/* quantity - a whole number, a size or a time as text: "250", "64MiB", "1.5h". Nothing is rounded or cut silently.
 *
 * strtol(3) is not used: it accepts leading blanks, signs and octal numbers, and depends on the locale. A size is a
 * whole number, alone (bytes) or with B, K, KiB, M, MiB, G, GiB, T, TiB (powers of 1024) or kB, MB, GB, TB (powers of
 * 1000) behind it. A time is a number, alone (seconds) or with ms, s, m, h, d behind it; a fraction is allowed where the
 * result is whole milliseconds. There are no signs and no spaces. A leading zero, which some readers take for octal,
 * fails.
 */
#ifndef REMEX_BASE_QUANTITY_H
#define REMEX_BASE_QUANTITY_H

#include <stdbool.h>

enum quantity { QUANTITY_COUNT, QUANTITY_SIZE, QUANTITY_TIME };

enum { QUANTITY_SHOWN = 32 };

/* Read digits at *p into *value and move *p behind them. 0; -1 without digits, with a leading zero, or on overflow. */
int quantity_digits (const char **p, long long *value);

/* All of the text as a count, as bytes, or as milliseconds. 0, or -1 and *value is unchanged. */
int quantity_parse (enum quantity quantity, const char *text, long long *value);

/* The value in the largest unit that divides it, as it may be read again: "64MiB", "90s". Returns out. */
char *quantity_show (enum quantity quantity, long long value, char out[QUANTITY_SHOWN]);

#endif
