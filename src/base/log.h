/* log - one line per event on stderr: `remexd[front]: connection closed id=4 …`.
 *
 * A line is one write(2), so that the lines of several processes do not mix. Text is escaped
 * (text_escape), so that nobody can forge a line or move the cursor of a terminal. Under systemd (JOURNAL_STREAM is
 * set) a line opens with its priority as sd-daemon(3) has it, and the journal adds the time; elsewhere the line opens
 * with the local time. Only daemon code logs; libraries return a struct err.
 *
 * Logging never waits (base/nowait.h). A line that stderr does not take at once is lost; the lines that were lost are
 * counted, and the count is logged as soon as there is room: by the next line, or by log_flush.
 */
#ifndef REMEX_BASE_LOG_H
#define REMEX_BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* Name this process in its lines (a literal: kept, not copied); the least important level that is written. */
void log_setup (const char *role, enum log_level level);

/* "error", "warning", "info", "debug" to a level; -1 for another word. */
int log_level_parse (const char *word);

void log_write (enum log_level level, const char *fmt, ...) __attribute__ ((format (printf, 2, 3)));

/* Write what waits: the rest of a line, and how many lines were lost. For a process that may have nothing to log for
 * long. True when nothing waits any more. */
bool log_flush (void);

/* Where stderr is a pipe or a terminal: put a non-blocking description of our own in its place, so that nothing that
 * later writes there (a plugin, with stdio) can be held up by whoever does not read. For a daemon's start. */
void log_own (void);

#define log_error(...) log_write (LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_write (LOG_WARNING, __VA_ARGS__)
#define log_info(...) log_write (LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_write (LOG_DEBUG, __VA_ARGS__)

#endif
