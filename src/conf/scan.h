/* scan - the bytes of a file, before libyaml sees them.
 *
 * Some files are refused: a file over CONF_FILE_MAX, bytes that are not UTF-8, NUL and other control characters,
 * characters that are line ends only for libyaml (U+0085, U+2028, U+2029: its line numbers would differ from an
 * editor's), and a '%' at the start of a line (a YAML directive, which remex does not use). libyaml compares each
 * directive with all others (a megabyte of them took 14 s). Line ends are LF, CR LF and CR.
 */
#ifndef REMEX_CONF_SCAN_H
#define REMEX_CONF_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* 0, or -1 and err with the place. The caller has removed a byte order mark at the start. */
int conf_scan (const char *text, size_t n, const char *file, struct err *err);

/* May a line of a file hold all of this text, and is there no tab? An escape ("\n") can put characters into a string
 * that conf_scan would refuse. */
bool conf_scan_line (const char *text, size_t n);

#endif
