/* name_filter - see name_filter.h. */
#include "config.h"

#include <stdlib.h>

#include "conf/pattern.h"
#include "hosts/name_filter.h"

int name_filter_compile (struct name_filter *filter, const char *pattern, bool drop, struct err *err)
{
	char words[128];
	int failed;

	if (!*pattern)
		return err_set (err, 0, "is empty: /^web/ keeps the names that begin with web");
	if (pattern_check (pattern, err) < 0)
		return -1;
	filter->drop = drop;
	if (!(failed = regcomp (&filter->regex, pattern, REG_EXTENDED | REG_NOSUB)))
		return 0;
	regerror (failed, NULL, words, sizeof words);
	return err_set (err, 0, "cannot be used: %s", words);
}

void name_filter_free (struct name_filter *filter)
{
	regfree (&filter->regex);
}

static bool passes (const char *name, void *context)
{
	const struct name_filter *filter = context;

	return (regexec (&filter->regex, name, 0, NULL, 0) == 0) != filter->drop;
}

void name_filter_apply (struct name_filter *filter, struct host_list *list)
{
	host_list_filter (list, passes, filter);
}

int name_filters_add (struct name_filters *filters, const struct name_filter *filter)
{
	struct name_filter *more = realloc (filters->items, (filters->n + 1) * sizeof *more);

	if (!more)
		return -1;
	filters->items = more;
	more[filters->n++] = *filter;
	return 0;
}

void name_filters_apply (const struct name_filters *filters, struct host_list *list)
{
	for (size_t i = 0; i < filters->n; i++)
		name_filter_apply (&filters->items[i], list);
}

void name_filters_free (struct name_filters *filters)
{
	for (size_t i = 0; i < filters->n; i++)
		name_filter_free (&filters->items[i]);
	free (filters->items);
	*filters = (struct name_filters){ .n = 0 };
}
