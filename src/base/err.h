/* err - why something failed, in words for a person and a number for a program.
 *
 * The caller owns a struct err and passes its address down; whoever fails first fills it and returns -1, so that an
 * error path is one line: `return err_set (err, …)`. A NULL err is allowed everywhere: the caller does not care.
 * Library code reports this way and never logs.
 */
#ifndef REMEX_BASE_ERR_H
#define REMEX_BASE_ERR_H

#include <stdarg.h>

enum { ERR_TEXT = 512 };

struct err {
	int code; /* the code of the layer that fails; 0 when it has none */
	int sys; /* the errno behind it, or 0 */
	char text[ERR_TEXT]; /* one line, no newline, cut at the end when too long */
};

/* Fill err with the formatted text. Always returns -1. */
int err_set (struct err *err, int code, const char *fmt, ...) __attribute__ ((format (printf, 3, 4)));
int err_vset (struct err *err, int code, const char *fmt, va_list args) __attribute__ ((format (printf, 3, 0)));

/* The same, followed by ": " and the words for errno, which is kept in err->sys and left as it was. */
int err_sys (struct err *err, int code, const char *fmt, ...) __attribute__ ((format (printf, 3, 4)));

#endif
