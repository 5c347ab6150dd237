/* error - the error that libremex returns to its caller. */
#ifndef REMEX_CLIENT_ERROR_H
#define REMEX_CLIENT_ERROR_H

#include "remex/client.h"

/* Fill `error`; NULL is allowed. Always returns -1. */
int error_set (struct remex_error *error, const char *code, const char *fmt, ...)
	__attribute__ ((format (printf, 3, 4)));

#endif
