/* log - one line per event on stderr: `remexd[front]: connection closed id=4 …`.
 *
 * A line is one write(2), so that the lines of several processes do not mix. Whatever comes from outside is escaped
 * (text_escape): nobody forges a line or moves a terminal's cursor. Under systemd (JOURNAL_STREAM is set) a line opens
 * with its priority as sd-daemon(3) has it, and the journal adds the time; elsewhere the line opens with the local
 * time. Only daemon code logs; libraries return a struct err.
 */
#ifndef REMEX_BASE_LOG_H
#define REMEX_BASE_LOG_H

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* Name this process in its lines (a literal: kept, not copied); the least important level that is written. */
void log_setup (const char *role, enum log_level level);

/* "error", "warning", "info", "debug" to a level; -1 for another word. */
int log_level_parse (const char *word);

void log_write (enum log_level level, const char *fmt, ...) __attribute__ ((format (printf, 2, 3)));

#define log_error(...) log_write (LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_write (LOG_WARNING, __VA_ARGS__)
#define log_info(...) log_write (LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_write (LOG_DEBUG, __VA_ARGS__)

#endif
