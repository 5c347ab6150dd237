/* err - see err.h. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

int err_vset (struct err *err, int code, const char *fmt, va_list args)
{
	if (err) {
		err->code = code;
		err->sys = 0;
		vsnprintf (err->text, sizeof err->text, fmt, args);
	}
	return -1;
}

int err_set (struct err *err, int code, const char *fmt, ...)
{
	va_list args;

	va_start (args, fmt);
	err_vset (err, code, fmt, args);
	va_end (args);
	return -1;
}

int err_sys (struct err *err, int code, const char *fmt, ...)
{
	int saved = errno;
	va_list args;

	va_start (args, fmt);
	err_vset (err, code, fmt, args);
	va_end (args);
	if (err) {
		size_t used = strlen (err->text);

		snprintf (err->text + used, sizeof err->text - used, ": %s", strerror (saved));
		err->sys = saved;
	}
	errno = saved;
	return -1;
}
