/* error - why something failed, as a caller of libremex is told. */
#ifndef REMEX_CLIENT_ERROR_H
#define REMEX_CLIENT_ERROR_H

#include "remex/client.h"

/* Fill the error, which may be NULL. Always returns -1. */
int error_set (struct remex_error *error, const char *code, const char *fmt, ...)
	__attribute__ ((format (printf, 3, 4)));

#endif
