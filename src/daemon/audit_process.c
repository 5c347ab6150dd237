/* audit_process - see audit_process.h. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "audit/line.h"
#include "audit/writer.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/link.h"
#include "base/log.h"
#include "daemon/audit_process.h"
#include "proc/fork.h"
#include "wire/codes.h"
#include "wire/records.h"

enum { END_MS = 1000, ANSWERS_MAX = 64 /* received in a row */ };

enum line_state { WAITED, REFUSED, ORPHANED, REPORT };

struct audit_line {
	uint64_t id; /* by which it is answered: two fronts, and reports, may have the same numbers */
	uint64_t number;
	char instance[AUDIT_INSTANCE];
	int64_t since_ms;
	enum line_state state;
	bool over; /* the end of the request has been sent too */
	bool answered;
	int failed;
};

/* A line that has not been sent yet. */
struct queued {
	struct list node;
	uint64_t id; /* 0: it is not answered */
	size_t n;
	uint8_t bytes[];
};

/* --- the process --------------------------------------------------------------------------------------------------- */

static struct packet packet; /* of whichever process this is */

/* The trail that was open stays when the new one cannot be opened. */
static void take_open (int link, struct audit_sink *sink)
{
	struct record *record = &packet.record;
	struct audit_sink next;
	struct err err = { .text = "" };
	struct outgoing opened = { .record = { .type = REC_AUDIT_OPENED, .id = record->id } };

	packet.data[record->length < LINK_PAYLOAD ? record->length : LINK_PAYLOAD - 1] = '\0';
	if (audit_open (&next, (enum audit_kind)record->a, record->length ? (const char *)packet.data : NULL, &err) <
		0) {
		opened.record.a = err.sys ? err.sys : EINVAL;
		opened.data = err.text;
		opened.n = strlen (err.text);
	} else {
		audit_close (sink);
		*sink = next;
	}
	link_send (link, &opened, 0); /* when this fails, the supervisor is gone */
}

static void take_line (int link, struct audit_sink *sink)
{
	int failed = audit_write (sink, packet.data, packet.record.length) < 0 ? errno : 0;

	if (failed)
		log_error ("the audit trail cannot be written: %s", strerror (failed));
	if (packet.record.id)
		link_post (link, REC_AUDITED, packet.record.id, failed, 0, 0);
}

static int run (void *arg)
{
	struct audit_sink sink = { .kind = AUDIT_FILE, .fd = -1 }; /* takes no line */
	int link = *(const int *)arg, got;

	/* The end of the link is the end: the supervisor may still have lines when it is told to end. */
	signal (SIGHUP, SIG_IGN);
	signal (SIGINT, SIG_IGN);
	signal (SIGQUIT, SIG_IGN);
	signal (SIGTERM, SIG_IGN);
	if (chdir ("/") < 0)
		log_warning ("the process that writes the audit trail stays in its directory: %s", strerror (errno));
	while ((got = link_recv (link, &packet, 0)) > 0 || (got < 0 && errno == EINTR)) {
		if (got > 0 && packet.record.type == REC_AUDIT_OPEN)
			take_open (link, &sink);
		else if (got > 0 && packet.record.type == REC_AUDIT)
			take_line (link, &sink);
	}
	audit_close (&sink);
	return 0;
}

/* --- the supervisor ------------------------------------------------------------------------------------------------ */

void audit_process_init (struct audit_process *audit)
{
	*audit = (struct audit_process){ .kind = AUDIT_NONE, .link = -1 };
	list_init (&audit->queue);
}

static int start (struct audit_process *audit)
{
	int ends[2];

	if (link_pair (ends) < 0)
		return -1;
	audit->pid = fork_run ("remexd-audit", &ends[1], 1, run, &ends[1]);
	fd_close (&ends[1]);
	if (audit->pid < 0) {
		audit->pid = 0;
		fd_close (&ends[0]);
		return -1;
	}
	audit->link = ends[0];
	audit->late = false;
	return 0;
}

/* Order the process to open the trail, behind all lines. 0, or -1 with errno (EAGAIN: there is no room now). */
static int order_open (struct audit_process *audit, enum audit_kind kind, const char *path)
{
	struct outgoing order = { .record = { .type = REC_AUDIT_OPEN, .id = audit->opens + 1, .a = (int64_t)kind },
		.data = path,
		.n = path ? strlen (path) + 1 : 0 };

	if (list_linked (&audit->queue)) {
		errno = EAGAIN;
		return -1;
	}
	if (link_send (audit->link, &order, MSG_DONTWAIT) < 0)
		return -1;
	audit->opens++;
	return 0;
}

/* Has the last process been reaped, if there was one? The kernel may hold it as long as its file system hangs. */
static bool is_reaped (struct audit_process *audit)
{
	if (audit->pid && waitpid (audit->pid, NULL, WNOHANG) != 0)
		audit->pid = 0;
	return !audit->pid;
}

static void unqueue (struct audit_process *audit, struct queued *queued)
{
	list_remove (&queued->node);
	audit->queued -= sizeof *queued + queued->n;
	free (queued);
}

static int send_line (struct audit_process *audit, uint64_t id, const void *line, size_t n)
{
	return link_send (audit->link,
		&(struct outgoing){ .record = { .type = REC_AUDIT, .id = id }, .data = line, .n = n }, MSG_DONTWAIT);
}

/* Send what is queued, as far as there is room. The end of the process is seen when its link is read. */
static void send_queue (struct audit_process *audit)
{
	struct queued *queued, *after;

	list_each_safe (queued, after, &audit->queue, node) {
		if (send_line (audit, queued->id, queued->bytes, queued->n) < 0)
			return;
		unqueue (audit, queued);
	}
}

/* Send a line, or queue it behind the others. 0, or -1 with errno. */
static int post_line (struct audit_process *audit, uint64_t id, const void *line, size_t n)
{
	struct queued *queued;

	if (!list_linked (&audit->queue) && send_line (audit, id, line, n) == 0)
		return 0;
	if (!list_linked (&audit->queue) && errno != EAGAIN)
		return -1;
	if (sizeof *queued + n > AUDIT_QUEUE_MAX - audit->queued) {
		errno = ENOSPC;
		return -1;
	}
	if (!(queued = malloc (sizeof *queued + n)))
		return -1;
	queued->id = id;
	queued->n = n;
	memcpy (queued->bytes, line, n);
	list_append (&audit->queue, &queued->node);
	audit->queued += sizeof *queued + n;
	return 0;
}

/* The process is gone, or is of no use: its lines may be written or not. */
static void lose (struct audit_process *audit)
{
	struct queued *queued, *after;
	size_t lost = 0;

	fd_close (&audit->link);
	list_each_safe (queued, after, &audit->queue, node) {
		lost += !queued->id;
		unqueue (audit, queued);
	}
	if (lost)
		log_error ("%zu lines of the audit trail were lost with the process that writes it", lost);
	if (!is_reaped (audit))
		kill (audit->pid, SIGKILL);
	audit->retry_ms = clock_ms () + AUDIT_RETRY_MS;
	for (size_t i = 0; i < audit->n; i++)
		if (!audit->lines[i].answered) {
			audit->lines[i].answered = true;
			audit->lines[i].failed = EPIPE;
		}
}

/* There is a process, now or again. 0, or -1 with errno. */
static int need_process (struct audit_process *audit)
{
	if (audit->link >= 0)
		return 0;
	if (clock_ms () < audit->retry_ms || !is_reaped (audit)) {
		errno = EPIPE;
		return -1;
	}
	if (start (audit) < 0 || order_open (audit, audit->kind, audit->path) < 0) {
		lose (audit);
		errno = EPIPE;
		return -1;
	}
	log_warning ("the process that writes the audit trail was lost; another one goes on");
	return 0;
}

/* --- lines --------------------------------------------------------------------------------------------------------- */

static int remember (struct audit_process *audit, uint64_t number, const char *instance, enum line_state state)
{
	struct audit_line *line;

	if (audit->n == audit->room) {
		size_t room = audit->room ? 2 * audit->room : 16;
		struct audit_line *more = realloc (audit->lines, room * sizeof *more);

		if (!more)
			return -1;
		audit->lines = more;
		audit->room = room;
	}
	line = &audit->lines[audit->n++];
	*line = (struct audit_line){ .id = ++audit->sent, .number = number, .since_ms = clock_ms (), .state = state };
	snprintf (line->instance, sizeof line->instance, "%s", instance);
	return 0;
}

static void forget (struct audit_process *audit, size_t i)
{
	memmove (&audit->lines[i], &audit->lines[i + 1], (--audit->n - i) * sizeof *audit->lines);
}

/* The end of that request is on its way too. */
static void note_end (struct audit_process *audit, uint64_t number)
{
	for (size_t i = 0; i < audit->n; i++)
		if (audit->lines[i].number == number && audit->lines[i].state < ORPHANED)
			audit->lines[i].over = true;
}

/* Send a line that is answered. 0, or -1 with errno. */
static int write_answered (struct audit_process *audit, uint64_t number, const char *instance, enum line_state state,
	const void *line, size_t n)
{
	int error = 0;

	if (audit->late)
		error = ETIMEDOUT;
	else if (remember (audit, number, instance, state) < 0)
		error = ENOMEM;
	else if (audit->kind == AUDIT_NONE)
		audit->lines[audit->n - 1].answered = true;
	else if (post_line (audit, audit->sent, line, n) < 0) {
		error = errno;
		audit->n--;
	}
	errno = error;
	return error ? -1 : 0;
}

int audit_process_write (
	struct audit_process *audit, uint64_t starts, uint64_t ends, const char *instance, const void *line, size_t n)
{
	if (ends)
		note_end (audit, ends);
	if (audit->kind != AUDIT_NONE && need_process (audit) < 0)
		return -1;
	if (starts)
		return write_answered (audit, starts, instance, WAITED, line, n);
	return audit->kind == AUDIT_NONE ? 0 : post_line (audit, 0, line, n);
}

int audit_process_write_report (struct audit_process *audit, uint64_t number, const void *line, size_t n)
{
	if (audit->kind != AUDIT_NONE && need_process (audit) < 0)
		return -1;
	return write_answered (audit, number, "", REPORT, line, n);
}

void audit_process_write_end (struct audit_process *audit, const struct audit_end *end)
{
	struct timespec now;
	struct buf line;

	clock_gettime (CLOCK_REALTIME, &now);
	buf_init (&line, AUDIT_LINE_MAX);
	if (audit_end (&line, &now, end) < 0 ||
		audit_process_write (audit, 0, 0, "", buf_head (&line), buf_len (&line)) < 0)
		log_error ("the end of a request could not be written to the audit trail. serial=%.8s-%llu: %s",
			end->instance, (unsigned long long)end->number, strerror (errno));
	buf_free (&line);
}

void audit_process_orphan (struct audit_process *audit)
{
	for (size_t i = 0; i < audit->n; i++)
		if (audit->lines[i].state != REPORT)
			audit->lines[i].state = ORPHANED;
}

/* A start is in the trail, but its request was refused, or lost with its front. */
static void write_end (struct audit_process *audit, const struct audit_line *start)
{
	audit_process_write_end (
		audit, &(struct audit_end){
			       .instance = start->instance,
			       .number = start->number,
			       .outcome = start->state == ORPHANED ? outcome_name (OUTCOME_LOST) : NULL,
			       .error = code_name (CODE_AUDIT_UNAVAILABLE),
			       .exit = -1,
			       .in = -1,
			       .out = -1,
		       });
}

/* --- answers ------------------------------------------------------------------------------------------------------- */

static void take_answer (struct audit_process *audit, const struct record *record)
{
	audit->late = false;
	for (size_t i = 0; i < audit->n; i++)
		if (audit->lines[i].id == record->id && !audit->lines[i].answered) {
			audit->lines[i].answered = true;
			audit->lines[i].failed = (int)record->a;
			return;
		}
}

static void take_opened (struct audit_process *audit)
{
	size_t n = packet.record.length < ERR_TEXT ? packet.record.length : ERR_TEXT - 1;

	audit->late = false;
	audit->opened = packet.record.id;
	audit->refusal = (struct err){ .code = packet.record.a != 0, .sys = (int)packet.record.a };
	memcpy (audit->refusal.text, packet.data, n);
}

/* Receive one record. False: there is none now, or the process has ended. */
static bool receive (struct audit_process *audit)
{
	int got = audit->link >= 0 ? link_recv (audit->link, &packet, MSG_DONTWAIT) : 0;

	if (got < 0 && errno == EAGAIN)
		return false;
	if (got <= 0) {
		lose (audit);
		return false;
	}
	if (packet.record.type == REC_AUDITED)
		take_answer (audit, &packet.record);
	else if (packet.record.type == REC_AUDIT_OPENED)
		take_opened (audit);
	packet_close (&packet);
	return true;
}

void audit_process_poll (const struct audit_process *audit, struct pollfd *fd)
{
	*fd = (struct pollfd){ .fd = audit->link, .events = list_linked (&audit->queue) ? POLLIN | POLLOUT : POLLIN };
}

void audit_process_receive (struct audit_process *audit, const struct pollfd *fd)
{
	if (fd->revents & POLLOUT)
		send_queue (audit);
	for (int i = 0; fd->revents && i < ANSWERS_MAX && receive (audit); i++)
		;
}

bool audit_process_next (struct audit_process *audit, struct audit_answer *answer)
{
	int64_t now = clock_ms ();

	for (size_t i = 0; i < audit->n;) {
		struct audit_line line = audit->lines[i];
		bool waits = line.state == WAITED;

		*answer = (struct audit_answer){ line.number, line.state == REPORT, line.failed, line.over };
		if (line.answered) {
			forget (audit, i);
			if (waits || line.state == REPORT)
				return true;
			if (!line.failed && !line.over)
				write_end (audit, &line);
		} else if (waits && now >= line.since_ms + AUDIT_PATIENCE_MS) {
			audit->lines[i].state = REFUSED;
			audit->late = true;
			answer->failed = ETIMEDOUT;
			return true;
		} else {
			i++;
		}
	}
	return false;
}

int64_t audit_process_time (const struct audit_process *audit)
{
	for (size_t i = 0; i < audit->n; i++)
		if (audit->lines[i].answered)
			return clock_ms ();
		else if (audit->lines[i].state == WAITED)
			return audit->lines[i].since_ms + AUDIT_PATIENCE_MS;
	return 0;
}

/* --- opening and ending -------------------------------------------------------------------------------------------- */

/* Have the trail opened, and wait for the answer. 0, or -1 and err. */
static int open_now (struct audit_process *audit, enum audit_kind kind, const char *path, struct err *err)
{
	int64_t until = clock_ms () + AUDIT_PATIENCE_MS;
	bool ordered = false;

	for (;;) {
		struct pollfd fd;

		ordered = ordered || order_open (audit, kind, path) == 0;
		if (audit->link < 0 || (!ordered && errno != EAGAIN))
			return err_set (err, 0, "the process that writes the audit trail has ended");
		if (ordered && audit->opened == audit->opens)
			break;
		audit_process_poll (audit, &fd);
		if (!ordered)
			fd.events |= POLLOUT;
		if (poll (&fd, 1, clock_until (until)) == 0)
			return err_set (err, 0, "the audit trail%s%s cannot be opened: its file system does not answer",
				path ? " " : "", path ? path : "");
		audit_process_receive (audit, &fd);
	}
	if (!audit->refusal.code)
		return 0;
	*err = audit->refusal;
	return -1;
}

int audit_process_open (struct audit_process *audit, enum audit_kind kind, const char *path, struct err *err)
{
	char *copy = path ? strdup (path) : NULL;

	if (path && !copy)
		return err_set (err, 0, "out of memory");
	if (kind != AUDIT_NONE && audit->link < 0 && (!is_reaped (audit) || start (audit) < 0)) {
		free (copy);
		return err_set (err, 0, "cannot start the process that writes the audit trail");
	}
	if (kind == AUDIT_NONE) {
		audit_process_end (audit);
	} else if (open_now (audit, kind, path, err) < 0) {
		free (copy);
		return -1;
	}
	free (audit->path);
	audit->kind = kind;
	audit->path = copy;
	return 0;
}

void audit_process_end (struct audit_process *audit)
{
	int64_t until = clock_ms () + END_MS;
	struct pollfd fd;

	if (audit->link < 0)
		return;
	while (audit->link >= 0) {
		if (!list_linked (&audit->queue))
			shutdown (audit->link, SHUT_WR);
		audit_process_poll (audit, &fd);
		if (poll (&fd, 1, clock_until (until)) == 0)
			lose (audit);
		else
			audit_process_receive (audit, &fd);
	}
}

void audit_process_free (struct audit_process *audit)
{
	audit_process_end (audit);
	free (audit->path);
	free (audit->lines);
	audit_process_init (audit);
}
