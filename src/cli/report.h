/* report - the results of many hosts as JSON: one object for each host, that of one host (result_json), whose outcome may
 * also be "skipped". An array at the end, or, as a view, a line for each host as it ends. The output comes from a gather.
 */
#ifndef REMEX_CLI_REPORT_H
#define REMEX_CLI_REPORT_H

#include <jansson.h>

#include "cli/fanout.h"
#include "cli/gather.h"

/* More members for an object; may be NULL. */
typedef void report_more (json_t *object, const struct member *member);

struct report {
	struct view view; /* the lines; this view comes behind the gather in the list of views */
	const struct gather *gather;
	report_more *more;
	struct writer writer;
};

void report_init (struct report *report, const struct gather *gather, report_more *more);

/* Print the array. 0, or -1 with errno. */
int report_print (const struct report *report, struct fanout *fanout);

#endif
