/* report - see report.h. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/json.h"
#include "cli/report.h"
#include "cli/result.h"
#include "cli/say.h"

/* Read a stream into a buffer. 0, or -1 with errno. */
static int load (struct buf *to, const struct trie_stream *stream)
{
	uint64_t at = 0;

	while (at < stream->length) {
		uint8_t *space = buf_reserve (to, SPOOL_PIECE);
		ssize_t got = space ? trie_read (stream, at, space, SPOOL_PIECE) : -1;

		if (got <= 0)
			return -1;
		buf_commit (to, (size_t)got);
		at += (uint64_t)got;
	}
	return 0;
}

/* Append the object of a member. 0, or -1 with errno. */
static int append (struct buf *to, const struct report *report, struct member *member)
{
	struct call *call = &member->call;
	json_t *json;
	int result;

	if (load (&call->out_bytes, gather_bytes (report->gather, member->rank, false)) < 0 ||
		load (&call->err_bytes, gather_bytes (report->gather, member->rank, true)) < 0)
		return -1;
	json = result_json (call);
	buf_free (&call->out_bytes);
	buf_free (&call->err_bytes);
	if (report->more)
		report->more (json, member);
	result = json_append (to, json);
	if (result < 0 && !errno)
		errno = ENOMEM;
	return result;
}

static int report_take (struct view *view, struct member *member, bool is_err, const void *bytes, size_t n)
{
	(void)view; /* the gather keeps it */
	(void)member;
	(void)is_err;
	(void)bytes;
	(void)n;
	return 0;
}

/* The line of a member is printed when the lines of other members have been written. */
static bool report_flush (struct view *view, struct member *member)
{
	struct output *output = &member->fanout->drive.out;

	(void)view;
	return !member->call.request && output_pending (output);
}

static void report_ended (struct view *view, struct member *member)
{
	struct report *report = (struct report *)view;
	struct output *output = &member->fanout->drive.out;
	struct buf line;

	buf_init (&line, SIZE_MAX / 2);
	if (append (&line, report, member) < 0 || buf_append (&line, "\n", 1) < 0)
		complain (member->target->label, "its result cannot be printed: %s", strerror (errno));
	else
		output_put (output, &report->writer, buf_head (&line), buf_len (&line));
	buf_free (&line);
}

static void on_written (struct writer *writer, size_t n)
{
	(void)writer;
	(void)n;
}

static const struct view_ops report_ops = { .take = report_take, .flush = report_flush, .ended = report_ended };

void report_init (struct report *report, const struct gather *gather, report_more *more)
{
	*report = (struct report){
		.view.ops = &report_ops, .gather = gather, .more = more, .writer.written = on_written
	};
}

int report_print (const struct report *report, struct fanout *fanout)
{
	struct buf line;
	int result = 0;

	buf_init (&line, SIZE_MAX / 2);
	fputs ("[\n", stdout);
	for (size_t i = 0; result == 0 && i < fanout->n; i++) {
		result = append (&line, report, &fanout->members[i]);
		fwrite (buf_head (&line), 1, buf_len (&line), stdout);
		buf_consume (&line, buf_len (&line));
		fputs (i + 1 < fanout->n ? ",\n" : "\n", stdout);
	}
	fputs ("]\n", stdout);
	buf_free (&line);
	return result;
}
