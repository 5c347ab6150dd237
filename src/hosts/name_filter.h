/* name_filter - keeps or drops the names of a list that match a regular expression.
 *
 * The expression is an extended one (regex(7)) and matches anywhere in a name. pattern_check (conf/pattern.h) refuses
 * expressions that make a match expensive.
 */
#ifndef REMEX_HOSTS_NAME_FILTER_H
#define REMEX_HOSTS_NAME_FILTER_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "hosts/host_list.h"

struct name_filter {
	regex_t regex;
	bool drop; /* names that match; otherwise names that do not match */
};

/* Filters in the order in which they were added. Empty: all zeros. */
struct name_filters {
	struct name_filter *items; /* n of them */
	size_t n;
};

/* Make a filter of an expression. 0; or -1 and err, whose text continues "the regular expression ". */
int name_filter_compile (struct name_filter *filter, const char *pattern, bool drop, struct err *err);

void name_filter_free (struct name_filter *filter);

/* Remove the names that the filter does not let pass. */
void name_filter_apply (struct name_filter *filter, struct host_list *list);

/* Add a filter, which belongs to `filters` then. 0; or -1 without memory, and the filter still is the caller's. */
int name_filters_add (struct name_filters *filters, const struct name_filter *filter);

/* Apply all of them. */
void name_filters_apply (const struct name_filters *filters, struct host_list *list);

void name_filters_free (struct name_filters *filters);

#endif
