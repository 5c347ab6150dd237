/* log - one line per event on stderr: `remexd[front]: connection closed id=4 …`.
 *
 * A line is one write(2), so that the lines of several processes do not mix. Text is escaped (text_escape), so that
 * nobody can forge a line or move the cursor of a terminal. Under systemd (JOURNAL_STREAM is set) a line begins with
 * its priority (sd-daemon(3)), and the journal adds the time; elsewhere a line begins with the local time. Only daemon
 * code logs; libraries return a struct err.
 *
 * Logging never waits (base/nowait.h). A line that stderr does not take at once is lost. Lost lines are counted, and
 * the count is logged as soon as there is room: with the next line, or by log_flush.
 */
#ifndef REMEX_BASE_LOG_H
#define REMEX_BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* Set the name of this process in its lines (a literal: not copied), and the least important level that is written. */
void log_setup (const char *role, enum log_level level);

/* The level for "error", "warning", "info" or "debug"; -1 for another word. */
int log_level_parse (const char *word);

void log_write (enum log_level level, const char *fmt, ...) __attribute__ ((format (printf, 2, 3)));

/* Write the rest of a line, and the number of lost lines. For a process that may log nothing for a long time. True when
 * all is written. */
bool log_flush (void);

/* Make fd (which stays the caller's) the standard error. */
void log_redirect (int fd);

/* When stderr is a pipe or a terminal, replace it by a non-blocking description of our own, so that a reader that does
 * not read cannot block later writers (a plugin with stdio). For a daemon's start. */
void log_own (void);

#define log_error(...) log_write (LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_write (LOG_WARNING, __VA_ARGS__)
#define log_info(...) log_write (LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_write (LOG_DEBUG, __VA_ARGS__)

#endif
