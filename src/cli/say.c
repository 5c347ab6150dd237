/* say - see say.h. */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/say.h"

void complain (const char *host, const char *fmt, ...)
{
	char text[2048], shown[2048];
	va_list args;

	va_start (args, fmt);
	vsnprintf (text, sizeof text, fmt, args);
	va_end (args);
	if (host)
		fprintf (stderr, "remex: %s: ", safe (host));
	else
		fprintf (stderr, "remex: ");
	fprintf (stderr, "%s\n", text_escape (shown, sizeof shown, text, strlen (text)));
}

const char *safe (const char *text)
{
	static char buffers[4][512];
	static unsigned turn;
	char *out = buffers[turn++ % 4];

	return text_escape (out, sizeof *buffers, text, strlen (text));
}

int finish (int status)
{
	int error;

	errno = 0;
	if (fflush (stdout) == 0 && !ferror (stdout))
		return status;
	error = errno ? errno : EIO; /* what failed before has taken its number with it */
	if (error == EPIPE)
		return STATUS_PIPE;
	if (status == 0 || status == STATUS_REMEX)
		complain (NULL, "cannot write to standard output: %s", strerror (error));
	return STATUS_REMEX;
}
