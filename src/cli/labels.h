/* labels - a view: the lines of many hosts as they come, each behind the label of its host ("web1: ").
 *
 * Only whole lines are written, stdout to ours and stderr to ours. A line of more than LABELS_LINE bytes is written in
 * pieces, each a line with its label. The last line of a host gets its newline. With labels, control characters are
 * shown and not obeyed (text_show): a host cannot pretend to be another one. Without labels (--no-labels) no byte is
 * changed.
 *
 * A host keeps at most one window of the request while our reader is slow; an output gets more only after its earlier
 * bytes have been written.
 */
#ifndef REMEX_CLI_LABELS_H
#define REMEX_CLI_LABELS_H

#include <stddef.h>

#include "base/buf.h"
#include "cli/console.h"
#include "cli/view.h"

enum { LABELS_LINE = 16 * 1024 };

struct labels_host; /* the lines of one host that were not written yet */

struct labels {
	struct view view;
	bool plain; /* no labels */
	/* The caller may change these after labels_open: */
	bool raw[2]; /* stdout, stderr: behind the label no byte is changed */
	bool open_end; /* the last line gets no newline */
	const char *(*name) (const struct member *member); /* the label; NULL: that of the target */
	bool colours[2]; /* of stdout and stderr */
	struct labels_host *hosts; /* n of them, by rank */
	size_t n;
	struct buf line; /* a line that is made ready */
	struct writer writer;
};

/* For n hosts. 0, or -1 with errno. Then labels_close, in both cases. */
int labels_open (struct labels *labels, size_t n, bool plain);
void labels_close (struct labels *labels);

/* Is text of this kind coloured on that descriptor? NO_COLOR, then CLICOLOR_FORCE, then whether it is a terminal,
 * decide. */
bool colour_wanted (int fd);

#endif
