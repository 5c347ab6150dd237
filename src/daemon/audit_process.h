/* audit_process - the process that writes the audit trail, and the lines that it has not answered yet.
 *
 * A call on a file may wait as long as the file system likes (an NFS server that is gone, a frozen file system). The
 * supervisor must not wait: it makes and ends workers. So only this process has the trail (audit/writer.h). It takes
 * lines over a link, in order, and answers those for which a request waits.
 *
 * A line that a request waits for:
 *
 *   WAITED  --answer--> given to the caller, forgotten
 *   WAITED  --AUDIT_PATIENCE_MS, or the process ends--> REFUSED: given to the caller as a failure
 *   WAITED, REFUSED  --the front is lost--> ORPHANED
 *   REFUSED, ORPHANED  --answer: written after all--> an `end` is written behind it; forgotten
 *   REPORT  --answer, or the process ends--> given to the caller, forgotten. No request waits for a report: it may take any time
 *
 * While the process is late, further lines of that kind are refused at once. Lines for which the link has no room are queued, up
 * to AUDIT_QUEUE_MAX. A process that ends is replaced with the next line, at most once in AUDIT_RETRY_MS.
 */
#ifndef REMEX_DAEMON_AUDIT_PROCESS_H
#define REMEX_DAEMON_AUDIT_PROCESS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/list.h"
#include "conf/config.h"

enum {
	AUDIT_PATIENCE_MS = 5000, /* for an answer */
	AUDIT_RETRY_MS = 1000, /* after a process has ended by itself */
	AUDIT_QUEUE_MAX = 16 * 1024 * 1024, /* bytes */
	AUDIT_INSTANCE = 33, /* bytes of the name of a front, with its NUL */
};

struct audit_end;
struct audit_line;

struct audit_process {
	enum audit_kind kind; /* AUDIT_NONE: lines are dropped, and there is no process */
	char *path; /* as for audit_open, or NULL */
	pid_t pid; /* 0: there is none */
	int link; /* -1: there is none */
	bool late; /* it has not answered in time, and not since then */
	uint64_t sent; /* the number of the last line that is answered */
	uint64_t opens; /* the number of the last order to open the trail */
	uint64_t opened; /* the number of the last one that was answered, with */
	struct err refusal; /* its code 0, or the reason */
	int64_t retry_ms; /* clock_ms: when a process is started again */
	struct audit_line *lines; /* not forgotten yet, in the order in which they were sent */
	size_t n, room;
	struct list queue; /* lines that have not been sent yet, */
	size_t queued; /* and their bytes */
};

/* An answer for a request that waits, or for a report. */
struct audit_answer {
	uint64_t number;
	bool report; /* `number` is that of audit_process_write_report */
	int failed; /* 0: the line is written; else the errno of the failure (EPIPE: it may be written, or not) */
	bool over; /* the end of the request has been written meanwhile */
};

void audit_process_init (struct audit_process *audit);

/* Open this trail, or the same trail again (its file may have been renamed), and wait for that, AUDIT_PATIENCE_MS at most. 0;
 * or -1 and err, and the trail that was open stays in use. */
int audit_process_open (struct audit_process *audit, enum audit_kind kind, const char *path, struct err *err);

/* Write a line about a request of the front `instance` that starts (an answer follows), that ends, or neither (0). 0, or -1 with
 * errno (ENOSPC: the queue is full; ETIMEDOUT: the process is late): the line will not be written, and no answer follows. */
int audit_process_write (
	struct audit_process *audit, uint64_t starts, uint64_t ends, const char *instance, const void *line, size_t n);

/* Write a line about something else than a request, and have an answer: `report`, with this number. 0, or -1 with errno, as
 * above. */
int audit_process_write_report (struct audit_process *audit, uint64_t number, const void *line, size_t n);

/* Write the end of a request whose outcome no front tells. A failure is logged. */
void audit_process_write_end (struct audit_process *audit, const struct audit_end *end);

/* The front is lost: its requests wait no more. A start that is not answered yet gets its `end` later. */
void audit_process_orphan (struct audit_process *audit);

/* One entry to poll; audit_process_receive takes it, and afterwards audit_process_next gives the answers, one at a time, until
 * it returns false. Call both also at audit_process_time. */
void audit_process_poll (const struct audit_process *audit, struct pollfd *fd);
void audit_process_receive (struct audit_process *audit, const struct pollfd *fd);
bool audit_process_next (struct audit_process *audit, struct audit_answer *answer);

/* When the oldest line will have waited too long, by clock_ms; 0: none waits. */
int64_t audit_process_time (const struct audit_process *audit);

/* Let the process write what it has, for a second, and end. Its answers are there for audit_process_next. */
void audit_process_end (struct audit_process *audit);

/* End it, and forget the lines. */
void audit_process_free (struct audit_process *audit);

#endif
