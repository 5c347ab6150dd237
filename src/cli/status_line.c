/* status_line - see status_line.h. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/status_line.h"

enum { USUAL = 80, LEAST = 20 };

static bool drawn;

bool status_line_possible (void)
{
	const char *type = getenv ("TERM");

	return isatty (STDERR_FILENO) && type && *type && strcmp (type, "dumb") != 0;
}

bool status_line_is_ours (void)
{
	pid_t group = tcgetpgrp (STDERR_FILENO);

	return group < 0 || group == getpgrp (); /* < 0: it is a terminal without jobs */
}

int status_line_width (void)
{
	struct winsize size;

	if (ioctl (STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col < LEAST)
		return USUAL;
	return size.ws_col < STATUS_LINE_WIDTH ? size.ws_col : STATUS_LINE_WIDTH;
}

/* The bytes of the text that take at most so many columns, where each character takes one. */
static size_t cut (const char *text, int columns)
{
	size_t n = 0;

	for (; text[n]; n++)
		if ((text[n] & 0xC0) != 0x80 && columns-- == 0)
			break;
	return n;
}

size_t status_line_draw (char *out, const char *text)
{
	size_t n = cut (text, status_line_width () - 1); /* in the last column some terminals begin the next line */

	if (n > STATUS_LINE_BYTES - 8)
		n = STATUS_LINE_BYTES - 8;
	*out = '\r';
	memcpy (out + 1, text, n);
	memcpy (out + 1 + n, "\033[K", 3);
	drawn = true;
	return n + 4;
}

void status_line_echoed (void)
{
	drawn = true;
}

const char *status_line_erase (void)
{
	bool was = drawn;

	drawn = false;
	return was ? "\r\033[K" : "";
}
