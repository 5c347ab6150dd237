/* error - see error.h. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>

#include "client/error.h"

int error_set (struct remex_error *error, const char *code, const char *fmt, ...)
{
	va_list args;

	if (error) {
		snprintf (error->code, sizeof error->code, "%s", code);
		va_start (args, fmt);
		vsnprintf (error->text, sizeof error->text, fmt, args);
		va_end (args);
	}
	return -1;
}
