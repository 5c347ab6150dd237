/* view - one way to show, or to keep, what many hosts answer: a row of operations. The fan-out (fanout.h) has a list of
 * views, and each of them sees everything: labels.h (lines as they come), gather.h (kept for coalesce.h and report.h), outdir.h
 * (files).
 *
 * A view belongs to its maker and embeds this struct.
 */
#ifndef REMEX_CLI_VIEW_H
#define REMEX_CLI_VIEW_H

#include <stdbool.h>
#include <stddef.h>

struct member;
struct view;

struct view_ops {
	/* The member starts. 0, or -1 with errno: it is not started, and that is its result. NULL: nothing to do. */
	int (*begin) (struct view *view, struct member *member);
	/* n bytes of its stdout or stderr have come. 0; -1: they cannot be taken (already reported), and the member
	 * is stopped. */
	int (*take) (struct view *view, struct member *member, bool is_err, const void *bytes, size_t n);
	/* For a view that waits for our reader: write what can be written. True: something is kept; then the member is
	 * not over. NULL: nothing is ever kept. */
	bool (*flush) (struct view *view, struct member *member);
	/* The member is over, or was skipped. NULL: nothing to do. */
	void (*ended) (struct view *view, struct member *member);
};

struct view {
	const struct view_ops *ops;
	bool consumes; /* it calls call_consume itself; at most one view of a fan-out */
};

#endif
