/* say - see say.h. */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "cli/say.h"
#include "cli/status_line.h"

static const char *program = "remex";
static bool is_raw;

void say_program (const char *name)
{
	program = name;
}

void say_raw (bool raw)
{
	is_raw = raw && isatty (STDERR_FILENO);
}

void complain (const char *host, const char *fmt, ...)
{
	char text[2048], shown[2048];
	va_list args;

	va_start (args, fmt);
	vsnprintf (text, sizeof text, fmt, args);
	va_end (args);
	fputs (is_raw ? "\r\n" : status_line_erase (), stderr);
	if (host)
		fprintf (stderr, "%s: %s: ", program, safe (host));
	else
		fprintf (stderr, "%s: ", program);
	fprintf (stderr, "%s%s\n", text_escape (shown, sizeof shown, text, strlen (text)), is_raw ? "\r" : "");
}

void remark (const char *fmt, ...)
{
	va_list args;

	fputs (status_line_erase (), stderr);
	va_start (args, fmt);
	vfprintf (stderr, fmt, args);
	va_end (args);
}

const char *safe (const char *text)
{
	static char buffers[4][512];
	static unsigned turn;
	char *out = buffers[turn++ % 4];

	return text_escape (out, sizeof *buffers, text, strlen (text));
}

/* The errno of the first failure of stdout; stdio only remembers that there was one. */
static int failed;
static bool out_is_terminal;

static ssize_t write_out (void *cookie, const char *bytes, size_t n)
{
	(void)cookie;
	if (out_is_terminal)
		fputs (status_line_erase (), stderr);
	if (fd_write_all (STDOUT_FILENO, bytes, n) == 0)
		return (ssize_t)n;
	if (!failed)
		failed = errno;
	return 0; /* fopencookie(3): a write function must not return -1 */
}

int say_open (void)
{
	FILE *out = fopencookie (NULL, "w", (cookie_io_functions_t){ .write = write_out });

	if (!out)
		return -1;
	stdout = out;
	out_is_terminal = isatty (STDOUT_FILENO);
	return setvbuf (out, NULL, out_is_terminal ? _IOLBF : _IOFBF, BUFSIZ);
}

int finish (int status)
{
	if (fflush (stdout) == 0 && !ferror (stdout))
		return status;
	if (failed == EPIPE)
		return STATUS_PIPE;
	complain (NULL, "cannot write to standard output: %s", strerror (failed ? failed : EIO));
	return STATUS_REMEX;
}
