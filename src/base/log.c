/* log - see log.h. */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"

static struct {
	const char *role;
	enum log_level level;
	int journal; /* stderr goes to the journal: 1; it does not: 0; not looked yet: -1 */
} self = { "remexd", LOG_INFO, -1 };

static const char *const names[] = { "error", "warning", "info", "debug" };

void log_setup (const char *role, enum log_level level)
{
	self.role = role;
	self.level = level;
}

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

void log_write (enum log_level level, const char *fmt, ...)
{
	int saved = errno;
	char text[2048], line[4096];
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
	/* A log that cannot be written is lost: there is nobody left to tell. */
	fd_write_all (STDERR_FILENO, line, used);
	errno = saved;
}
