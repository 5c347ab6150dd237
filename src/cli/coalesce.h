/* coalesce - what many hosts have answered, each answer once, under the folded list of those that gave it (hosts/fold.h).
 *
 * A group is the hosts that are equal in outcome, stdout and stderr. The groups are in the order of their outcomes
 * (success first, then by exit status, then what never ran), the larger one first, then in the order of the targets.
 * The first group of the largest size is the plurality, which the verdict compares the others with.
 *
 * With `similar`, outputs are equal that differ only by numbers or by the host's own name (similar.h).
 */
#ifndef REMEX_CLI_COALESCE_H
#define REMEX_CLI_COALESCE_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/fanout.h"
#include "cli/gather.h"

struct coalesce_item; /* a member and what it is compared by */

struct coalesce_group {
	struct coalesce_item *items; /* n of them, in the order of the targets; in coalesced->items */
	size_t n;
};

struct coalesced {
	const struct fanout *fanout;
	const struct gather *gather; /* NULL: outcomes only */
	bool similar;
	struct coalesce_item *items;
	struct coalesce_group *groups;
	size_t n; /* groups */
};

/* Group the members of a fan-out that is over. 0, or -1 with errno. Then coalesce_free, in both cases. */
int coalesce_make (struct coalesced *coalesced, const struct fanout *fanout, const struct gather *gather, bool similar);
void coalesce_free (struct coalesced *coalesced);

enum coalesce_style {
	COALESCE_BLOCKS, /* a header with the hosts, then the output */
	COALESCE_LINES, /* every line behind its hosts; equal lines of several groups that stand at the same place once */
	COALESCE_DIFF, /* for each other group its difference from the largest one (diff.h) */
};

/* Print the outputs: stdout to ours and stderr to ours; `merged`: both to stdout. Control characters are shown and not
 * obeyed (text_show). 0, or -1 with errno. */
int coalesce_print (const struct coalesced *coalesced, enum coalesce_style style, bool merged);

/* Print the lines of each host behind its name, in the order of the targets. 0, or -1 with errno. */
int coalesce_print_hosts (const struct coalesced *coalesced);

/* Print on stderr how the hosts ended that did not succeed, each end once; and which hosts agree, differ and failed.
 * `reported`: the ends of hosts that did not run the command were printed before. */
void coalesce_print_summary (const struct coalesced *coalesced, bool reported);

/* The hosts of members for which `wanted` is true, as one expression in new memory; "" for none. NULL: out of memory. */
char *coalesce_names (const struct fanout *fanout, bool (*wanted) (const struct member *member));

/* The hosts of a group in the same way. */
char *coalesce_group_names (const struct coalesce_group *group);

/* The first host of a group, in the order of the targets. */
const struct member *coalesce_first (const struct coalesce_group *group);

#endif
