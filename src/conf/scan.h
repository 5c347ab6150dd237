/* scan - the bytes of a file, before libyaml sees them.
 *
 * Refused are a file over CONF_FILE_MAX, bytes that are not UTF-8, NUL and other control characters, what only libyaml
 * takes for a line end (U+0085, U+2028, U+2029: its line numbers and an editor's would differ), and a '%' at the
 * start of a line: a YAML directive, which remex does not use. libyaml compares each directive with all others (a
 * megabyte of them took 14 s). Line ends are LF, CR LF and CR.
 */
#ifndef REMEX_CONF_SCAN_H
#define REMEX_CONF_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* 0, or -1 and err with the place. A byte order mark at the start has been taken off. */
int conf_scan (const char *text, size_t n, const char *file, struct err *err);

/* Is all of it what a line of a file may hold, and no tab? An escape ("\n") can bring into a string what conf_scan
 * would not have let in. */
bool conf_scan_line (const char *text, size_t n);

#endif
