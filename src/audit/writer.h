/* audit/writer - where the lines of the audit trail go: a file, the journal, or nowhere. The supervisor owns it; the front
 * composes the lines (audit/line.h).
 *
 * A line is written whole or not at all: what a full disk cut off is taken back, and where that cannot be (chattr +a)
 * the half line is at least ended before the next one. A file that was removed or moved off is found out by its next
 * line only if it was removed: that one begins a new file; after moving it (logrotate(8)), open a new sink. The
 * supervisor must be the file's only writer. Lines are not synced to the disk.
 *
 * Nothing waits for a reader: the journal's socket is not blocking, and a file is a regular one. SIGXFSZ must be ignored
 * where a limit of file sizes may apply.
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
	int fd; /* the file, or an unconnected socket, so that a journal that is started again is found; -1: none */
	char *path; /* of the file or of the journal's socket */
	bool torn; /* the file ends in half a line */
};

/* Open a sink. `path` is the file's, or the journal's socket where that is not AUDIT_JOURNAL_SOCKET (NULL); ignored for
 * AUDIT_NONE. A file is a TRUSTED_LOG (base/trusted.h): made 0600 where there is none. 0; or -1 and err, and the sink is closed. */
int audit_open (struct audit_sink *sink, enum audit_kind kind, const char *path, struct err *err);

/* Could such a sink be opened? Nothing is made: where there is no file yet, its directory has to be one that we may write
 * to. 0, or -1 and err. */
int audit_check (enum audit_kind kind, const char *path, struct err *err);

/* Write one line of n bytes, without a newline. 0, or -1 with errno and nothing written: EINVAL for a line with a
 * control character, EMSGSIZE for one of more than AUDIT_LINE_MAX bytes (audit/line.h), EAGAIN when the journal does
 * not keep up, what else write(2) and sendmsg(2) have. */
int audit_write (struct audit_sink *sink, const void *line, size_t n);

/* A closed sink takes no line (EBADF), and may be closed again. */
void audit_close (struct audit_sink *sink);

#endif
