/* pattern_list - see pattern_list.h. */
#include "config.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "ssh/pattern_list.h"

/* Match a pattern of n characters. After a "*" only the last one is tried with more characters: an earlier one need never
 * take more than it did. */
static bool matches (const char *pattern, size_t n, const char *name, bool fold)
{
	const char *end = pattern + n, *star = NULL, *retry = NULL;

	while (*name) {
		char c = pattern < end ? *pattern : '\0';

		if (c == '*') {
			star = ++pattern;
			retry = name;
		} else if (c && (c == '?' || (fold ? (char)tolower ((unsigned char)c) : c) == *name)) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star;
			name = ++retry;
		} else {
			return false;
		}
	}
	while (pattern < end && *pattern == '*')
		pattern++;
	return pattern == end;
}

bool pattern_matches (const char *pattern, const char *name)
{
	return matches (pattern, strlen (pattern), name, false);
}

bool pattern_list_matches (const char *list, const char *name)
{
	bool found = false;

	for (const char *at = list;; at++) {
		size_t n = strcspn (at, ",");
		bool excludes = *at == '!';

		if (matches (at + excludes, n - excludes, name, true)) {
			if (excludes)
				return false;
			found = true;
		}
		at += n;
		if (!*at)
			return found;
	}
}
