/* labels - see labels.h. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/fanout.h"
#include "cli/labels.h"
#include "cli/say.h"

enum {
	WINDOW_MAX = 4 * 1024 * 1024, /* of a request: the most that is kept of one stream */
	BURST = 64 * 1024, /* bytes that one host writes in one turn */
};

/* The bytes of one stream that have come, from the first byte that was not written yet. */
struct labels_stream {
	struct buf bytes;
	size_t owed; /* bytes that were not reported to the server as consumed */
	size_t seen; /* bytes at the start that hold no newline */
};

struct labels_host {
	struct labels_stream streams[2];
	char *labels[2]; /* before each line; NULL: none */
};

static struct labels *labels_of (struct view *view)
{
	return (struct labels *)view;
}

bool colour_wanted (int fd)
{
	const char *no = getenv ("NO_COLOR"), *force = getenv ("CLICOLOR_FORCE"), *term = getenv ("TERM");

	if (no && *no)
		return false;
	if (force && *force && strcmp (force, "0") != 0)
		return true;
	return isatty (fd) && term && strcmp (term, "dumb") != 0;
}

/* --- lines ------------------------------------------------------------------------------------------------------- */

/* Make the labels of a host that begins. */
static int labels_begin (struct view *view, struct member *member)
{
	static const char *const colours[] = { "\033[94m", "\033[91m" };
	const struct labels *labels = labels_of (view);
	struct labels_host *host = &labels->hosts[member->rank];
	const char *label = safe (labels->name ? labels->name (member) : member->target->label);

	for (int i = 0; !labels->plain && i < 2; i++)
		if (asprintf (&host->labels[i], "%s%s: %s", labels->colours[i] ? colours[i] : "", label,
			    labels->colours[i] ? "\033[0m" : "") < 0) {
			host->labels[i] = NULL;
			return -1;
		}
	return 0;
}

/* Append n bytes of a line without its newline. */
static int add_text (struct labels *labels, bool is_err, const uint8_t *bytes, size_t n)
{
	uint8_t *space;

	if (labels->raw[is_err])
		return buf_append (&labels->line, bytes, n);
	if (!(space = buf_reserve (&labels->line, n * TEXT_SHOWN_MAX + 1)))
		return -1;
	buf_commit (&labels->line, text_show_line ((char *)space, bytes, n));
	return 0;
}

/* The next line of the stream: its length with the newline. 0: there is none yet. */
static size_t next_line (struct labels_stream *stream, bool last)
{
	const uint8_t *bytes = buf_head (&stream->bytes), *newline;
	size_t n = buf_len (&stream->bytes), length, cut;

	if (n == stream->seen && !last)
		return 0;
	newline = n > stream->seen ? memchr (bytes + stream->seen, '\n', n - stream->seen) : NULL;
	length = newline ? (size_t)(newline - bytes) : n;
	if (length <= LABELS_LINE) {
		stream->seen = n;
		return newline ? length + 1 : last ? n : 0;
	}
	/* Do not cut within a character of UTF-8. */
	for (cut = LABELS_LINE; cut > LABELS_LINE - 4 && (bytes[cut - 1] & 0xC0) == 0x80; cut--)
		continue;
	if (bytes[cut - 1] >= 0xC0)
		cut--;
	return cut;
}

/* Make lines ready, up to BURST bytes. */
static int fill (struct labels *labels, struct labels_stream *stream, const struct member *member, bool is_err)
{
	const char *label = labels->hosts[member->rank].labels[is_err];
	size_t length = label ? strlen (label) : 0;
	bool last = !member->call.request;
	size_t n;

	while (buf_len (&labels->line) < BURST && (n = next_line (stream, last)) > 0) {
		const uint8_t *bytes = buf_head (&stream->bytes);
		bool whole = bytes[n - 1] == '\n';

		if (buf_append (&labels->line, label, length) < 0 || add_text (labels, is_err, bytes, n - whole) < 0)
			return -1;
		if ((whole || !labels->open_end) && buf_append (&labels->line, "\n", 1) < 0)
			return -1;
		buf_consume (&stream->bytes, n);
		stream->seen = 0;
	}
	return 0;
}

/* Write the lines of a stream while the output takes them. True: lines are kept. */
static bool flush_stream (
	struct labels *labels, struct labels_stream *stream, struct member *member, bool is_err, struct output *output)
{
	size_t owed = stream->owed;

	for (;;) {
		if (output->error) {
			buf_consume (&stream->bytes, buf_len (&stream->bytes));
			break;
		}
		if (output_pending (output))
			return true;
		if (fill (labels, stream, member, is_err) < 0) {
			output->error = errno;
			return false;
		}
		if (!buf_len (&labels->line))
			break;
		output_put (output, &labels->writer, buf_head (&labels->line), buf_len (&labels->line));
		buf_consume (&labels->line, buf_len (&labels->line));
	}
	/* A part of a line is no more than LABELS_LINE: the server may go on. */
	stream->owed = 0;
	call_consume (&member->call, owed);
	buf_shrink (&stream->bytes, LABELS_LINE);
	return false;
}

/* --- the view ---------------------------------------------------------------------------------------------------- */

static bool labels_flush (struct view *view, struct member *member)
{
	struct labels *labels = labels_of (view);
	struct labels_host *host = &labels->hosts[member->rank];
	struct drive *drive = member->call.drive;
	bool kept = flush_stream (labels, &host->streams[0], member, false, &drive->out);

	kept |= flush_stream (labels, &host->streams[1], member, true, &drive->err);
	return kept;
}

static int labels_take (struct view *view, struct member *member, bool is_err, const void *bytes, size_t n)
{
	struct labels_stream *stream = &labels_of (view)->hosts[member->rank].streams[is_err];

	if (buf_append (&stream->bytes, bytes, n) < 0) {
		complain (member->target->label, "the output cannot be kept: %s", strerror (errno));
		return -1;
	}
	stream->owed += n;
	labels_flush (view, member);
	return 0;
}

static void labels_ended (struct view *view, struct member *member)
{
	struct labels_host *host = &labels_of (view)->hosts[member->rank];

	for (int i = 0; i < 2; i++) {
		buf_free (&host->streams[i].bytes);
		free (host->labels[i]);
		host->labels[i] = NULL;
	}
}

static void on_written (struct writer *writer, size_t n)
{
	(void)writer; /* the bytes were consumed when they were made ready */
	(void)n;
}

static const struct view_ops labels_ops = {
	.begin = labels_begin, .take = labels_take, .flush = labels_flush, .ended = labels_ended
};

int labels_open (struct labels *labels, size_t n, bool plain)
{
	*labels = (struct labels){ .view = { &labels_ops, true },
		.plain = plain,
		.raw = { plain, plain },
		.open_end = plain,
		.n = n,
		.writer.written = on_written };
	buf_init (&labels->line, BURST + TEXT_SHOWN_MAX * WINDOW_MAX);
	for (int i = 0; i < 2; i++)
		labels->colours[i] = colour_wanted (i ? STDERR_FILENO : STDOUT_FILENO);
	if (!(labels->hosts = calloc (n ? n : 1, sizeof *labels->hosts)))
		return -1;
	for (size_t i = 0; i < n; i++)
		for (int j = 0; j < 2; j++)
			buf_init (&labels->hosts[i].streams[j].bytes, WINDOW_MAX);
	return 0;
}

void labels_close (struct labels *labels)
{
	for (size_t i = 0; labels->hosts && i < labels->n; i++)
		for (int j = 0; j < 2; j++) {
			buf_free (&labels->hosts[i].streams[j].bytes);
			free (labels->hosts[i].labels[j]);
		}
	free (labels->hosts);
	buf_free (&labels->line);
}
