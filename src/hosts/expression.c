/* expression - see expression.h.
 *
 * A scope is evaluated together: the words of the user, a group, or a file. A scope has texts, each with a place for
 * messages; a text has expressions, an expression has items. The result of a group is kept for the rest of the
 * evaluation, so that a group costs once, however often others name it.
 */
#include "config.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "hosts/expression.h"
#include "hosts/host_name.h"
#include "hosts/name_filter.h"
#include "hosts/name_pattern.h"

enum {
	DEPTH_MAX = 64, /* groups in groups, and files in files */
	WORK_MAX = 32 * HOST_LIST_MAX, /* the most names that an evaluation makes or copies */
	WILDCARDS_MAX = 64, /* that one item stands for */
	SHOWN = 80, /* bytes of a text in a message */
};

/* A group whose evaluation has begun. */
struct kept_group {
	struct kept_group *next;
	void **place; /* where the group points to this */
	bool complete; /* false: it is being evaluated */
	struct host_list list;
};

/* A group or a file that is being evaluated, and the scope around it. */
struct place {
	const struct place *outer;
	const struct group_definition *group; /* NULL: none */
	const char *file; /* NULL: none; "-": stdin */
	const char *directory; /* of relative paths, or NULL */
	unsigned depth;
};

struct evaluation {
	const struct expression_ops *ops;
	void *context;
	struct err *err;
	size_t work;
	struct kept_group *groups;
};

struct scope {
	struct evaluation *evaluation;
	const struct place *place;
	bool excluding; /* the words behind -x */
	bool any; /* there was an item that names hosts */
	struct host_list list, dropped;
	struct name_filters filters; /* for the end of the scope */
};

/* A text that is being read. */
struct text {
	struct scope *scope;
	const char *begin, *p;
	unsigned line; /* in a file */
};

/* --- messages ---------------------------------------------------------------------------------------------------- */

/* The text, or the part of it around `at`, for a message. */
static char *show_text (const struct text *text, const char *at, char out[4 * SHOWN])
{
	size_t n = strlen (text->begin), from = 0, length;
	char part[2 * SHOWN];

	if (n > SHOWN) {
		from = (size_t)(at - text->begin);
		from = from > SHOWN / 2 ? from - SHOWN / 2 : 0;
		while (from < n && (text->begin[from] & 0xC0) == 0x80)
			from++;
	}
	length = n - from > SHOWN ? SHOWN : n - from;
	while (from + length < n && (text->begin[from + length] & 0xC0) == 0x80)
		length++;
	text_escape (part, sizeof part, text->begin + from, length);
	snprintf (out, 4 * SHOWN, "'%s%s%s'", from ? "..." : "", part, from + length < n ? "..." : "");
	return out;
}

/* In characters, from 1. */
static size_t column (const struct text *text, const char *at)
{
	size_t n = 1;

	for (const char *p = text->begin; p < at; p++)
		n += (*p & 0xC0) != 0x80;
	return n;
}

static int fail (const struct text *text, const char *at, const char *fmt, ...) __attribute__ ((format (printf, 3, 4)));

static int fail (const struct text *text, const char *at, const char *fmt, ...)
{
	const struct place *place = text->scope->place;
	struct err *err = text->scope->evaluation->err;
	char words[ERR_TEXT], shown[4 * SHOWN], where[512] = "";
	const struct group_definition *group = place->group;
	va_list args;

	va_start (args, fmt);
	vsnprintf (words, sizeof words, fmt, args);
	va_end (args);
	if (place->file)
		return err_set (err, 0, "%.200s:%u:%zu: %s", !strcmp (place->file, "-") ? "stdin" : place->file,
			text->line, column (text, at), words);
	if (group && group->file && group->line)
		snprintf (where, sizeof where, "group @%.60s (%.200s:%u): ", group->name, group->file, group->line);
	else if (group)
		snprintf (where, sizeof where, "group @%.60s%s%.200s%s: ", group->name, group->file ? " (" : "",
			group->file ? group->file : "", group->file ? ")" : "");
	return err_set (err, 0, "%s%s, column %zu: %s", where, show_text (text, at, shown), column (text, at), words);
}

static int fail_memory (const struct scope *scope)
{
	return err_set (scope->evaluation->err, 0, "out of memory");
}

/* host_list has failed. */
static int fail_list (const struct text *text, const char *at)
{
	return errno == E2BIG ? fail (text, at, "more than %d hosts, which is the maximum of a list", HOST_LIST_MAX)
			      : fail_memory (text->scope);
}

/* n more names are made, copied or compared. */
static int count_work (const struct text *text, const char *at, size_t n)
{
	struct evaluation *evaluation = text->scope->evaluation;

	evaluation->work += n;
	return evaluation->work <= WORK_MAX
		       ? 0
		       : fail (text, at, "evaluating this makes more than %d names, which is the maximum", WORK_MAX);
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

static bool is_space (char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_spaces (struct text *text)
{
	while (is_space (*text->p))
		text->p++;
}

static bool is_operator (char c)
{
	return c && strchr (",!&^", c);
}

static bool is_end (char c)
{
	return !c || is_space (c) || is_operator (c);
}

/* Is the '-' at p stdin? In front of a '^' it drops the hosts of a file. */
static bool is_stdin (const char *p)
{
	return *p == '-' && is_end (p[1]) && p[1] != '^';
}

/* A new copy of n bytes. */
static char *copy (const struct scope *scope, const char *from, size_t n)
{
	char *to = strndup (from, n);

	if (!to)
		fail_memory (scope);
	return to;
}

/* --- names with brackets ----------------------------------------------------------------------------------------- */

/* Read a name up to its end. */
static int read_pattern (struct text *text, struct name_pattern *pattern)
{
	const char *at = text->p, *fault;
	struct err why;
	size_t n = 0;

	while (!is_end (at[n]))
		n += at[n] == '[' ? name_pattern_bracket (at + n) : 1;
	if (name_pattern_read (pattern, at, n, HOST_LIST_MAX, &fault, &why) < 0)
		return fail (text, fault, "%s", why.text);
	text->p = at + n;
	return 0;
}

/* Call `use` for each name of the pattern, which began at `at`. */
static int each_name (const struct text *text, const char *at, struct name_pattern *pattern,
	int (*use) (const struct text *text, const char *at, const char *name, void *context), void *context)
{
	char name[HOST_NAME_BYTES + 1];

	if (count_work (text, at, (size_t)pattern->n_names) < 0)
		return -1;
	do {
		if (!name_pattern_write (pattern, name))
			return fail (text, at, "a name is longer than %d bytes", HOST_NAME_BYTES);
		if (use (text, at, name, context) < 0)
			return -1;
	} while (name_pattern_next (pattern));
	return 0;
}

/* --- groups and files -------------------------------------------------------------------------------------------- */

static int evaluate_texts (struct scope *scope, const char *const *texts, size_t n);
static int finish_scope (struct scope *scope, const char *words);

static void scope_free (struct scope *scope)
{
	host_list_free (&scope->list);
	host_list_free (&scope->dropped);
	name_filters_free (&scope->filters);
}

/* Append ", @NAME" to a list of groups, as far as it fits. */
static void show_group (char *out, size_t size, const char *name)
{
	size_t used = strlen (out);

	snprintf (out + used, size - used, "%s@%.60s", used ? ", " : "", name);
}

/* The groups that lead from this one, which is being evaluated, to itself: "@a, @b, @a". */
static void show_cycle (const struct place *place, const struct group_definition *group, char *out, size_t size)
{
	const char *names[DEPTH_MAX + 1];
	size_t n = 0;

	for (; place && n <= DEPTH_MAX; place = place->outer) {
		if (!place->group)
			continue;
		names[n++] = place->group->name;
		if (place->group->kept == group->kept)
			break;
	}
	*out = '\0';
	while (n > 0)
		show_group (out, size, names[--n]);
	show_group (out, size, group->name);
}

static int evaluate_group (
	const struct text *text, const char *at, const struct group_definition *group, struct kept_group *kept)
{
	struct scope *outer = text->scope;
	struct place place = { outer->place, group, NULL, group->directory, outer->place->depth + 1 };
	struct scope scope = { .evaluation = outer->evaluation, .place = &place };
	char name[128];
	int result;

	if (place.depth > DEPTH_MAX)
		return fail (text, at, "groups and files are nested more than %d deep", DEPTH_MAX);
	snprintf (name, sizeof name, "group @%.100s", group->name);
	result = evaluate_texts (&scope, group->texts, group->n_texts);
	if (result == 0)
		result = finish_scope (&scope, name);
	if (result == 0) {
		kept->list = scope.list;
		scope.list = (struct host_list){ .n = 0 };
		kept->complete = true;
	}
	scope_free (&scope);
	return result;
}

/* The hosts of a group; they belong to the evaluation. */
static const struct host_list *find_group (
	const struct text *text, const char *at, const char *source, const char *name)
{
	struct evaluation *evaluation = text->scope->evaluation;
	struct group_definition group = { .n_texts = 0 };
	struct kept_group *kept;
	char cycle[ERR_TEXT / 2];
	struct err why;

	if (evaluation->ops->find_group (evaluation->context, source, name, &group, &why) < 0) {
		fail (text, at, "%s", why.text);
		return NULL;
	}
	kept = *group.kept;
	if (kept && !kept->complete) {
		show_cycle (text->scope->place, &group, cycle, sizeof cycle);
		fail (text, at, "a group within itself: %s", cycle);
		return NULL;
	}
	if (kept)
		return &kept->list;
	if (!(kept = calloc (1, sizeof *kept))) {
		fail_memory (text->scope);
		return NULL;
	}
	kept->next = evaluation->groups;
	kept->place = group.kept;
	evaluation->groups = kept;
	*group.kept = kept;
	return evaluate_group (text, at, &group, kept) < 0 ? NULL : &kept->list;
}

/* Add the hosts of the group "GROUP" or "SOURCE:GROUP". */
static int add_group (const struct text *text, const char *at, const char *name, void *list)
{
	const struct place *place = text->scope->place;
	const char *colon = strchr (name, ':'), *source = NULL, *group = colon ? colon + 1 : name;
	const struct host_list *found;
	char *named = NULL;

	for (const struct place *p = place; p && !source; p = p->outer)
		source = p->group ? p->group->source : NULL;
	if (!*group || colon == name)
		return fail (text, at, "the name of a group is missing: @web and @SOURCE:web have one");
	if (*name == '@')
		return fail (text, at, "'@@' is not known here: @web is a group, and remex hosts -l lists all of them");
	if (colon && !(named = copy (text->scope, name, (size_t)(colon - name))))
		return -1;
	found = find_group (text, at, colon ? named : source, group);
	free (named);
	if (!found || count_work (text, at, found->n) < 0)
		return -1;
	return host_list_unite (list, found) < 0 ? fail_list (text, at) : 0;
}

static int read_group (struct text *text, struct host_list *list)
{
	const char *at = text->p++;
	struct name_pattern pattern;
	int result = read_pattern (text, &pattern);

	if (result == 0 && !pattern.n_parts)
		result = fail (text, at, "the name of a group is missing: @web and @SOURCE:web have one");
	if (result == 0)
		result = each_name (text, at, &pattern, add_group, list);
	name_pattern_free (&pattern);
	return result;
}

/* The path of a file that is named in a scope, in new memory. */
static char *file_path (const struct scope *scope, const char *name)
{
	const char *directory = *name == '/' ? NULL : scope->place->directory;
	char *path;

	if (asprintf (&path, "%s%s%s", directory ? directory : "", directory ? "/" : "", name) < 0) {
		fail_memory (scope);
		return NULL;
	}
	return path;
}

static int add_file (const struct text *text, const char *at, const char *name, struct host_list *list);
static int evaluate_text (struct text *text);

/* The group that a place is in, or NULL. */
static const struct group_definition *group_of (const struct place *place)
{
	while (place && !place->group)
		place = place->outer;
	return place ? place->group : NULL;
}

/* A line "#include NAME". */
static int include (const struct text *text, const char *name)
{
	const struct group_definition *group = group_of (text->scope->place);

	text->scope->any = true;
	if (group && group->includes_groups && !strchr (name, '/'))
		return add_group (text, name, name, &text->scope->list);
	return add_file (text, name, name, &text->scope->list);
}

/* A line of a file. */
static int read_line (struct scope *scope, char *line, unsigned number)
{
	struct text text = { scope, line, line, number };
	const char *name;
	size_t n;

	if (!strncmp (line, "#include", 8) && is_space (line[8])) {
		text.p += 8;
		skip_spaces (&text);
		name = text.p;
		n = strcspn (name, " \t\r");
		text.p += n;
		skip_spaces (&text);
		if (!n || *text.p)
			return fail (&text, name, "a line with #include names one file: #include more.txt");
		line[name - line + (ptrdiff_t)n] = '\0';
		return include (&text, name);
	}
	for (char *p = line; *p; p++)
		if (*p == '#' && (p == line || is_space (p[-1]))) {
			*p = '\0';
			break;
		}
	return evaluate_text (&text);
}

static int read_lines (struct scope *scope, char *bytes, size_t n)
{
	char *line = bytes, *end;
	unsigned number = 1;

	for (; line < bytes + n; line = end + 1, number++) {
		struct text text = { scope, line, line, number };

		end = memchr (line, '\n', (size_t)(bytes + n - line));
		end = end ? end : bytes + n;
		*end = '\0';
		if (strlen (line) < (size_t)(end - line))
			return fail (&text, line + strlen (line), "a NUL byte, which no list of hosts has");
		if (read_line (scope, line, number) < 0)
			return -1;
	}
	return 0;
}

static bool is_open (const struct place *place, const char *path)
{
	for (; place; place = place->outer)
		if (place->file && !strcmp (place->file, path))
			return true;
	return false;
}

/* Evaluate an opened file (or stdin, "-"). */
static int evaluate_file (
	const struct text *text, const char *path, char *bytes, size_t n, struct host_list *list, const char *at)
{
	struct scope *outer = text->scope;
	struct place place = { outer->place, NULL, path, NULL, outer->place->depth + 1 };
	struct scope scope = { .evaluation = outer->evaluation, .place = &place };
	const char *slash = strrchr (path, '/');
	char *directory = slash ? copy (outer, path, slash == path ? 1 : (size_t)(slash - path)) : NULL;
	int result;

	place.directory = directory;
	result = slash && !directory ? -1 : read_lines (&scope, bytes, n);
	if (result == 0)
		result = finish_scope (&scope, strcmp (path, "-") ? path : "stdin");
	if (result == 0)
		result = count_work (text, at, scope.list.n);
	if (result == 0 && host_list_unite (list, &scope.list) < 0)
		result = fail_list (text, at);
	scope_free (&scope);
	free (directory);
	return result;
}

/* Add the hosts in a file; name "-": stdin. */
static int add_file (const struct text *text, const char *at, const char *name, struct host_list *list)
{
	struct evaluation *evaluation = text->scope->evaluation;
	const struct group_definition *group = group_of (text->scope->place);
	bool is_stdin = !strcmp (name, "-"), trusted = group && group->file;
	char *path = is_stdin ? copy (text->scope, name, 1) : file_path (text->scope, name), *bytes = NULL;
	char shown[256];
	struct err why;
	size_t n = 0;
	int result = -1;

	if (!path)
		return -1;
	text_escape (shown, sizeof shown, path, strlen (path));
	if (is_open (text->scope->place, path))
		fail (text, at, is_stdin ? "stdin is read already" : "a file within itself: %s", shown);
	else if (text->scope->place->depth >= DEPTH_MAX)
		fail (text, at, "groups and files are nested more than %d deep", DEPTH_MAX);
	else if (!(bytes = evaluation->ops->read (evaluation->context, is_stdin ? NULL : path, trusted, &n, &why)))
		fail (text, at, "%s", why.text);
	else
		result = evaluate_file (text, path, bytes, n, list, at);
	free (bytes);
	free (path);
	return result;
}

static int read_file (struct text *text, struct host_list *list)
{
	const char *at = text->p++;
	char *name;
	int result;

	while (!is_end (*text->p))
		text->p++;
	if (text->p == at + 1)
		return fail (text, at, "the name of a file is missing: ^hosts.txt has one");
	if (!(name = copy (text->scope, at + 1, (size_t)(text->p - at) - 1)))
		return -1;
	result = add_file (text, at, name, list);
	free (name);
	return result;
}

/* --- names ------------------------------------------------------------------------------------------------------- */

static int add_name (const struct text *text, const char *at, const char *name, void *list)
{
	char shown[128];
	struct err why;

	if (host_name_check (name, &why) < 0)
		return fail (text, at, "'%s' %s", text_escape (shown, sizeof shown, name, strlen (name)), why.text);
	return host_list_add (list, name) < 0 ? fail_list (text, at) : 0;
}

/* Add the hosts of @* that match a wildcard. */
static int add_matches (const struct text *text, const char *at, const char *wildcard, void *list)
{
	const struct host_list *all = find_group (text, at, NULL, "*");
	bool found = false;
	char shown[128];

	if (!all || count_work (text, at, all->n) < 0)
		return -1;
	for (size_t i = 0; i < all->n; i++)
		if (fnmatch (wildcard, all->names[i], FNM_NOESCAPE) == 0) {
			found = true;
			if (host_list_add (list, all->names[i]) < 0)
				return fail_list (text, at);
		}
	return found ? 0
		     : fail (text, at, "none of the hosts that groups name (@*) matches '%s'",
			       text_escape (shown, sizeof shown, wildcard, strlen (wildcard)));
}

static int read_name (struct text *text, struct host_list *list)
{
	const char *at = text->p;
	struct name_pattern pattern;
	int result = read_pattern (text, &pattern);

	if (result == 0 && pattern.wildcard && pattern.n_names > WILDCARDS_MAX)
		result = fail (text, at, "a name with '*' or '?' may stand for at most %d names", WILDCARDS_MAX);
	if (result == 0)
		result = each_name (text, at, &pattern, pattern.wildcard ? add_matches : add_name, list);
	name_pattern_free (&pattern);
	return result;
}

/* --- regular expressions ----------------------------------------------------------------------------------------- */

/* Read /RE/, in which \/ is a slash. */
static int read_regex (struct text *text, bool drop, struct name_filter *filter)
{
	const char *at = text->p++, *begin = text->p;
	char *pattern, *to;
	struct err why;
	int result;

	for (; *text->p && *text->p != '/'; text->p++)
		if (*text->p == '\\' && text->p[1])
			text->p++;
	if (!*text->p || !is_end (text->p[1]))
		return fail (text, at,
			"a regular expression stands between two slashes, as in /^web/; the hosts in a file are "
			"^FILE");
	if (!(pattern = copy (text->scope, begin, (size_t)(text->p - begin))))
		return -1;
	to = pattern;
	for (const char *from = pattern; *from; from++)
		if (*from != '\\' || from[1] != '/')
			*to++ = *from;
	*to = '\0';
	text->p++;
	result = name_filter_compile (filter, pattern, drop, &why);
	if (result < 0)
		fail (text, at, "the regular expression %s", why.text);
	free (pattern);
	return result;
}

/* A /RE/ behind an operator. */
static int read_filter (struct text *text, char sign, bool negative, struct host_list *left)
{
	bool drop = negative || sign == '!' || (text->scope->excluding && sign == ',');
	const char *at = text->p;
	struct name_filter filter;

	if (sign == '^')
		return fail (text, at, "'^' joins two lists; a regular expression follows ',', '&' or '!'");
	if (read_regex (text, drop, &filter) < 0)
		return -1;
	if (sign == ',') {
		if (name_filters_add (&text->scope->filters, &filter) == 0)
			return 0;
		fail_memory (text->scope);
	} else if (count_work (text, at, left->n) == 0) {
		name_filter_apply (&filter, left);
		name_filter_free (&filter);
		return 0;
	}
	name_filter_free (&filter);
	return -1;
}

/* --- items and operators ----------------------------------------------------------------------------------------- */

/* An item that names hosts. */
static int read_hosts (struct text *text, struct host_list *list)
{
	const char *at = text->p;

	switch (*at) {
	case '@': return read_group (text, list);
	case '^': return read_file (text, list);
	case '-':
		if (is_stdin (at)) {
			text->p++;
			return add_file (text, at, "-", list);
		}
		return fail (text, at, "a '-' too many: -web1 drops web1");
	case '\0': return fail (text, at, "a host is missing here: web1, web[1-3] and @web name hosts");
	case ',':
	case '!':
	case '&':
		return fail (text, at, "a host is missing in front of the '%c': web[1-3]%cweb2 has hosts on both sides",
			*at, *at);
	default: return read_name (text, list);
	}
}

/* -ITEM: its names are dropped from the whole list at the end. */
static int read_dropped (struct text *text, char sign)
{
	const char *at = text->p++;

	if (sign != ',')
		return fail (text, at,
			"'-' stands behind a ',' and drops hosts from the whole list; '!' subtracts hosts: a!b");
	if (text->scope->excluding)
		return fail (text, at, "-x drops all its hosts already: leave out the '-'");
	if (*text->p == '/')
		return read_filter (text, ',', true, NULL);
	return read_hosts (text, &text->scope->dropped);
}

static int apply (const struct text *text, const char *at, char sign, struct host_list *left, struct host_list *right)
{
	int result = 0;

	if (count_work (text, at, left->n + right->n) < 0)
		return -1;
	switch (sign) {
	case '!': host_list_subtract (left, right); break;
	case '&': host_list_intersect (left, right); break;
	default: result = host_list_xor (left, right);
	}
	return result < 0 ? fail_list (text, at) : 0;
}

/* The next item, joined to the names to its left. */
static int read_item (struct text *text, char sign, struct host_list *left)
{
	struct host_list right = { .n = 0 };
	const char *at = text->p;
	int result;

	if (*at == '/')
		return read_filter (text, sign, false, left);
	if (*at == '-' && !is_stdin (at))
		return read_dropped (text, sign);
	text->scope->any = true;
	if (sign == ',')
		return read_hosts (text, left);
	result = read_hosts (text, &right);
	if (result == 0)
		result = apply (text, at, sign, left, &right);
	host_list_free (&right);
	return result;
}

/* Read the operator behind an item, with the spaces around it. '\0': the expression ends here. Behind spaces a '^' is
 * the name of a file, unless there are spaces on both sides. */
static char read_operator (struct text *text)
{
	bool spaces = is_space (*text->p);
	char sign;

	skip_spaces (text);
	if (!is_operator (*text->p) || (*text->p == '^' && spaces && !is_space (text->p[1])))
		return '\0';
	sign = *text->p++;
	skip_spaces (text);
	return sign;
}

static int evaluate_expression (struct text *text, struct host_list *list)
{
	char sign = ',';

	do {
		if (read_item (text, sign, list) < 0)
			return -1;
		sign = read_operator (text);
		if (sign && !*text->p)
			return fail (text, text->p - 1,
				"a host is missing behind the '%c': web[1-3]%cweb2 has hosts on both sides", sign,
				sign);
	} while (sign);
	return 0;
}

/* The expressions of a text, each by itself, join the scope. */
static int evaluate_text (struct text *text)
{
	struct scope *scope = text->scope;

	skip_spaces (text);
	while (*text->p) {
		struct host_list list = { .n = 0 };
		const char *at = text->p;
		int result = evaluate_expression (text, &list);

		if (result == 0)
			result = count_work (text, at, list.n);
		if (result == 0 && !scope->list.n) {
			host_list_free (&scope->list);
			scope->list = list;
			continue;
		}
		if (result == 0 && host_list_unite (&scope->list, &list) < 0)
			result = fail_list (text, at);
		host_list_free (&list);
		if (result < 0)
			return -1;
	}
	return 0;
}

/* --- the whole --------------------------------------------------------------------------------------------------- */

static int evaluate_texts (struct scope *scope, const char *const *texts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct text text = { scope, texts[i], texts[i], 0 };

		if (evaluate_text (&text) < 0)
			return -1;
	}
	return 0;
}

/* Drop the names of -ITEM and /RE/ from the whole list. `words` names the scope for a message. */
static int finish_scope (struct scope *scope, const char *words)
{
	if (!scope->any && !scope->excluding && (scope->filters.n || scope->dropped.n))
		return err_set (scope->evaluation->err, 0,
			"'%.200s' only keeps and drops hosts, and there are none: @*,/^web/ and @*,-web1 begin with "
			"hosts",
			words);
	if (scope->dropped.n)
		host_list_subtract (&scope->list, &scope->dropped);
	if (!scope->excluding)
		name_filters_apply (&scope->filters, &scope->list);
	return 0;
}

static int evaluate (struct evaluation *evaluation, const struct expression *expression, struct host_list *list)
{
	static const struct place typed = { .depth = 0 };
	struct scope scope = { .evaluation = evaluation, .place = &typed };
	struct scope excluded = { .evaluation = evaluation, .place = &typed, .excluding = true };
	int result = evaluate_texts (&scope, expression->words, expression->n_words);

	if (result == 0)
		result = finish_scope (&scope, expression->n_words ? expression->words[0] : "");
	if (result == 0)
		result = evaluate_texts (&excluded, expression->excluded, expression->n_excluded);
	if (result == 0) {
		host_list_subtract (&scope.list, &excluded.list);
		name_filters_apply (&excluded.filters, &scope.list);
		*list = scope.list;
		scope.list = (struct host_list){ .n = 0 };
	}
	scope_free (&scope);
	scope_free (&excluded);
	return result;
}

int expression_evaluate (const struct expression *expression, const struct expression_ops *ops, void *context,
	struct host_list *list, struct err *err)
{
	struct evaluation evaluation = { .ops = ops, .context = context, .err = err };
	int result = evaluate (&evaluation, expression, list);

	for (struct kept_group *kept = evaluation.groups, *next; kept; kept = next) {
		next = kept->next;
		*kept->place = NULL;
		host_list_free (&kept->list);
		free (kept);
	}
	return result;
}
