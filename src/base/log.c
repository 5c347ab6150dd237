/* log - see log.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/nowait.h"
#include "base/text.h"

enum { LINE_MAX_BYTES = 4096 }; /* PIPE_BUF: a pipe takes such a line whole or not at all (pipe(7)) */

static struct {
	const char *role;
	enum log_level level;
	int journal; /* does stderr go to the journal? 1: yes, 0: no, -1: not known yet */
} self = { "remexd", LOG_INFO, -1 };

static const char *const names[] = { "error", "warning", "info", "debug" };

int log_level_parse (const char *word)
{
	for (int i = 0; i < 4; i++)
		if (!strcmp (word, names[i]))
			return i;
	return -1;
}

static size_t log_prefix (char *out, size_t size, enum log_level level)
{
	static const int priority[] = { 3, 4, 6, 7 };
	struct timespec now;
	struct tm tm;
	char stamp[32];

	if (self.journal < 0)
		self.journal = getenv ("JOURNAL_STREAM") != NULL;
	if (self.journal)
		return (size_t)snprintf (out, size, "<%d>%s: ", priority[level], self.role);
	clock_gettime (CLOCK_REALTIME, &now);
	localtime_r (&now.tv_sec, &tm);
	strftime (stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &tm);
	return (size_t)snprintf (out, size, "%s.%03ld %s %s: ", stamp, now.tv_nsec / 1000000, self.role, names[level]);
}

/* --- without waiting --------------------------------------------------------------------------------------------- */

static struct {
	bool known;
	struct nowait out;
	char rest[LINE_MAX_BYTES]; /* of a line whose beginning was written */
	size_t n_rest;
	uint64_t lost; /* lines */
} sink;

void log_setup (const char *role, enum log_level level)
{
	/* The parent reports the lines that were lost before a fork. */
	if (strcmp (role, self.role) != 0)
		sink.n_rest = sink.lost = 0;
	self.role = role;
	self.level = level;
}

void log_redirect (int fd)
{
	dup2 (fd, STDERR_FILENO);
	sink.known = false;
}

void log_own (void)
{
	struct nowait own = nowait_of (STDERR_FILENO, O_WRONLY);

	if (own.way == NOWAIT_FLAGGED)
		own.way = NOWAIT_POLLED;
	nowait_own (&own, O_WRONLY);
	if (own.way == NOWAIT_OWN && dup2 (own.fd, STDERR_FILENO) >= 0)
		sink.known = false;
	nowait_close (&own);
}

/* Write the rest of a line first. False when there is still no room for it. */
static bool write_rest (void)
{
	while (sink.n_rest) {
		ssize_t done = nowait_write (&sink.out, sink.rest, sink.n_rest);

		if (done <= 0)
			return false;
		sink.n_rest -= (size_t)done;
		memmove (sink.rest, sink.rest + done, sink.n_rest);
	}
	return true;
}

/* Write one line; false when no byte was written. */
static bool write_line (const char *line, size_t n)
{
	ssize_t done = nowait_write (&sink.out, line, n);

	if (done <= 0)
		return false;
	sink.n_rest = n - (size_t)done;
	memcpy (sink.rest, line + done, sink.n_rest);
	write_rest ();
	return true;
}

bool log_flush (void)
{
	char line[256];
	size_t n;

	if (!sink.known) {
		sink.out = nowait_of (STDERR_FILENO, O_WRONLY);
		sink.known = true;
	}
	if (!write_rest ())
		return false;
	if (!sink.lost)
		return true;
	n = log_prefix (line, sizeof line, LOG_WARNING);
	n += (size_t)snprintf (line + n, sizeof line - n, "%llu lines of the log were lost: nobody read them\n",
		(unsigned long long)sink.lost);
	if (!write_line (line, n))
		return false;
	sink.lost = 0;
	return sink.n_rest == 0;
}

void log_write (enum log_level level, const char *fmt, ...)
{
	int saved = errno;
	char text[2048], line[LINE_MAX_BYTES];
	size_t used;
	va_list args;

	if (level > self.level)
		return;
	va_start (args, fmt);
	vsnprintf (text, sizeof text, fmt, args);
	va_end (args);
	used = log_prefix (line, sizeof line, level);
	text_escape (line + used, sizeof line - used - 1, text, strlen (text));
	used = strlen (line);
	line[used++] = '\n';
	if (!log_flush () || !write_line (line, used))
		sink.lost++;
	errno = saved;
}
