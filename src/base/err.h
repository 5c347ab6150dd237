/* err - the reason of a failure: a text for a person and a number for a program.
 *
 * The caller owns a struct err and passes its address down. The function that fails first fills it and returns -1, so
 * that an error path is one line: `return err_set (err, …)`. err may be NULL everywhere, when the caller does not need
 * the reason. Library code reports errors in this way and never logs.
 */
#ifndef REMEX_BASE_ERR_H
#define REMEX_BASE_ERR_H

#include <stdarg.h>

enum { ERR_TEXT = 512 };

struct err {
	int code; /* the code of the layer that fails; 0: none */
	int sys; /* the errno of the failure, or 0 */
	char text[ERR_TEXT]; /* one line, no newline, cut at the end when too long */
};

/* Fill err with the formatted text. Always returns -1. */
int err_set (struct err *err, int code, const char *fmt, ...) __attribute__ ((format (printf, 3, 4)));
int err_vset (struct err *err, int code, const char *fmt, va_list args) __attribute__ ((format (printf, 3, 0)));

/* The same, followed by ": " and the text of errno. err->sys is set to errno; errno does not change. */
int err_sys (struct err *err, int code, const char *fmt, ...) __attribute__ ((format (printf, 3, 4)));

#endif
