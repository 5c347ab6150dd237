/* fail_strdup - see fail_strdup.h. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "plugin/fail_strdup.h"

const char *fail_strdup;

char *__real_strdup (const char *text);
char *__wrap_strdup (const char *text);

char *__wrap_strdup (const char *text)
{
	if (fail_strdup && strstr (text, fail_strdup)) {
		errno = ENOMEM;
		return NULL;
	}
	return __real_strdup (text);
}
