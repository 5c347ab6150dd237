/* audit/writer - writes the lines of the audit trail to a file, to the journal, or nowhere. The supervisor owns it; the
 * front composes the lines (audit/line.h).
 *
 * A line is written whole or not at all. If a full disk cuts a line off, its bytes are removed; if that is impossible
 * (chattr +a), the half line gets a newline before the next line. If the file was removed, the next line begins a new
 * file. A file that was moved (logrotate(8)) is not noticed: open a new sink after that. The supervisor must be the
 * only writer of the file. Lines are not synced to the disk.
 *
 * A write never waits for a reader: the socket of the journal is non-blocking, and the file is a regular file. SIGXFSZ
 * must be ignored if a limit of file sizes may apply.
 */
#ifndef REMEX_AUDIT_WRITER_H
#define REMEX_AUDIT_WRITER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "conf/config.h"

#define AUDIT_JOURNAL_SOCKET "/run/systemd/journal/socket"

struct audit_sink {
	enum audit_kind kind;
	int fd; /* the file, or a socket; the socket is unconnected, so that a restarted journal is found; -1: none */
	char *path; /* of the file or of the journal's socket */
	bool torn; /* the file ends in half a line */
};

/* Open a sink. `path` is the path of the file, or of the journal's socket (NULL: AUDIT_JOURNAL_SOCKET); AUDIT_NONE
 * ignores it. A file is a TRUSTED_LOG (base/trusted.h): it is made with mode 0600 if it does not exist. 0; or -1 and
 * err, and the sink is closed. */
int audit_open (struct audit_sink *sink, enum audit_kind kind, const char *path, struct err *err);

/* Could such a sink be opened? Nothing is made: if there is no file yet, its directory has to be writable for this
 * process. 0, or -1 and err. */
int audit_check (enum audit_kind kind, const char *path, struct err *err);

/* Write one line of n bytes, without a newline. 0, or -1 with errno and nothing written: EINVAL for a line with a
 * control character, EMSGSIZE for a line of more than AUDIT_LINE_MAX bytes (audit/line.h), EAGAIN when the journal does
 * not keep up, and other errors of write(2) and sendmsg(2). */
int audit_write (struct audit_sink *sink, const void *line, size_t n);

/* A closed sink takes no line (EBADF), and may be closed again. */
void audit_close (struct audit_sink *sink);

#endif
