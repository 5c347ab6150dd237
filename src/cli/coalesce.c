/* coalesce - see coalesce.h. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/coalesce.h"
#include "cli/diff.h"
#include "cli/result.h"
#include "cli/say.h"
#include "cli/similar.h"
#include "files/digest.h"
#include "hosts/fold.h"

enum { REASON = 512, NAME = 256, OUTPUT = (int)DIGEST_TEXT + (int)TRIE_NAME };

struct coalesce_item {
	const struct member *member;
	int order; /* of the outcome: smaller ones are printed first */
	char words[REASON]; /* how it ended; "" when the output is enough */
	char reason[REASON]; /* the same, with the name of the host masked */
	char outputs
		[2]
		[OUTPUT]; /* stdout and stderr: a word for equal ones; "" where there is none, or they are not kept */
};

/* --- grouping ---------------------------------------------------------------------------------------------------- */

static int order_of (const struct member *member)
{
	static const int orders[] = { [REMEX_EXITED] = 0,
		[REMEX_COMPLETED] = 0,
		[REMEX_SIGNALLED] = 128,
		[REMEX_TIMED_OUT] = 1000,
		[REMEX_CANCELLED] = 1001,
		[REMEX_LOST] = 1002,
		[REMEX_NEVER_STARTED] = 1003,
		[REMEX_FAILED] = 1004,
		[REMEX_UNREACHABLE] = 1005 };
	const struct remex_result *result = &member->call.result;

	if (member->call.skipped)
		return 1006;
	return orders[result->outcome] + (result->outcome == REMEX_EXITED             ? result->exit
						 : result->outcome == REMEX_SIGNALLED ? result->signal
										      : 0);
}

/* A call that was stopped before its turn, without output, has not run. */
static bool has_run (const struct coalesce_item *item)
{
	const struct remex_result *result = &item->member->call.result;
	bool stopped = result->outcome == REMEX_TIMED_OUT || result->outcome == REMEX_CANCELLED;

	if (stopped && !result->started && !*item->outputs[0] && !*item->outputs[1])
		return false;
	return item->order <= 1002;
}

/* Copy the text with each `name` replaced. */
static void mask_name (char *text, size_t size, const char *name)
{
	static const char mask[] = "HOST";
	char copy[REASON], *found, *from = text;
	size_t n = strlen (name), used = 0;

	if (!n)
		return;
	while ((found = strstr (from, name)) && used + (size_t)(found - from) + sizeof mask < size) {
		memcpy (copy + used, from, (size_t)(found - from));
		used += (size_t)(found - from);
		memcpy (copy + used, mask, sizeof mask - 1);
		used += sizeof mask - 1;
		from = found + n;
	}
	snprintf (copy + used, size - used, "%s", from);
	memcpy (text, copy, size);
}

static void set_reason (struct coalesce_item *item)
{
	const struct member *member = item->member;
	char lines[RESULT_LINES][RESULT_LINE], name[NAME];

	if (member->call.skipped)
		snprintf (item->words, sizeof item->words, "skipped");
	else if (member->call.result.outcome == REMEX_EXITED && member->call.result.exit)
		snprintf (item->words, sizeof item->words, "exit status %d", member->call.result.exit);
	else if (result_lines (&member->call, member->fanout->program, lines) > 0)
		snprintf (item->words, sizeof item->words, "%.500s", lines[0]);
	else if (member->call.result.outcome == REMEX_SIGNALLED)
		snprintf (item->words, sizeof item->words, "ended by signal %d (%s)", member->call.result.signal,
			strsignal (member->call.result.signal));
	else if (!member_succeeded (member))
		snprintf (item->words, sizeof item->words, "%s", member_outcome (member));
	memcpy (item->reason, item->words, sizeof item->reason);
	if (has_run (item))
		return;
	mask_name (item->reason, sizeof item->reason, member->target->label);
	mask_name (item->reason, sizeof item->reason, member->target->where);
	similar_name (name, sizeof name, member->target->where);
	if (strlen (name) > 3 && strcmp (name, "unix") != 0)
		mask_name (item->reason, sizeof item->reason, name);
}

/* The masked output: its sum. */
static int mask_sum (const struct coalesced *coalesced, struct coalesce_item *item, bool is_err)
{
	const struct trie_stream *stream = gather_bytes (coalesced->gather, item->member->rank, is_err);
	struct digest *digest = digest_new (DIGEST_SHA256);
	struct trie_lines lines;
	const uint8_t *line;
	char name[NAME];
	struct buf masked;
	size_t n;
	int result = digest ? 0 : -1;

	similar_name (name, sizeof name, item->member->target->label);
	trie_lines_init (&lines, stream);
	buf_init (&masked, 2 * TRIE_LINE);
	while (result == 0 && (line = trie_lines_next (&lines, &n))) {
		result = similar_mask (&masked, line, n, name);
		digest_add (digest, buf_head (&masked), buf_len (&masked));
		buf_consume (&masked, buf_len (&masked));
	}
	if (lines.error) {
		errno = lines.error;
		result = -1;
	}
	if (result == 0)
		digest_text (digest, item->outputs[is_err]);
	buf_free (&masked);
	trie_lines_free (&lines);
	digest_free (digest);
	return result;
}

static int set_item (const struct coalesced *coalesced, struct coalesce_item *item, const struct member *member)
{
	item->member = member;
	item->order = order_of (member);
	set_reason (item);
	for (int i = 0; coalesced->gather && i < 2; i++) {
		trie_name (gather_bytes (coalesced->gather, member->rank, i), item->outputs[i]);
		if (coalesced->similar && *item->outputs[i] && mask_sum (coalesced, item, i) < 0)
			return -1;
	}
	return 0;
}

static int compare (const struct coalesce_item *a, const struct coalesce_item *b)
{
	int order = a->order - b->order;

	if (!order)
		order = strcmp (a->reason, b->reason);
	for (int i = 0; !order && i < 2; i++)
		order = strcmp (a->outputs[i], b->outputs[i]);
	return order;
}

static int by_key (const void *a, const void *b)
{
	const struct coalesce_item *one = a, *other = b;
	int order = compare (one, other);

	return order ? order : one->member->rank < other->member->rank ? -1 : 1;
}

static int by_weight (const void *a, const void *b)
{
	const struct coalesce_group *one = a, *other = b;

	if (one->items->order != other->items->order)
		return one->items->order - other->items->order;
	if (one->n != other->n)
		return one->n > other->n ? -1 : 1;
	return one->items->member->rank < other->items->member->rank ? -1 : 1;
}

int coalesce_make (struct coalesced *coalesced, const struct fanout *fanout, const struct gather *gather, bool similar)
{
	*coalesced = (struct coalesced){ .fanout = fanout, .gather = gather, .similar = similar };
	coalesced->items = calloc (fanout->n + 1, sizeof *coalesced->items);
	coalesced->groups = calloc (fanout->n + 1, sizeof *coalesced->groups);
	if (!coalesced->items || !coalesced->groups)
		return -1;
	for (size_t i = 0; i < fanout->n; i++)
		if (set_item (coalesced, &coalesced->items[i], &fanout->members[i]) < 0)
			return -1;
	qsort (coalesced->items, fanout->n, sizeof *coalesced->items, by_key);
	for (size_t i = 0; i < fanout->n; i++) {
		if (i == 0 || compare (&coalesced->items[i - 1], &coalesced->items[i]) != 0)
			coalesced->groups[coalesced->n++].items = &coalesced->items[i];
		coalesced->groups[coalesced->n - 1].n++;
	}
	qsort (coalesced->groups, coalesced->n, sizeof *coalesced->groups, by_weight);
	return 0;
}

void coalesce_free (struct coalesced *coalesced)
{
	free (coalesced->items);
	free (coalesced->groups);
	coalesced->items = NULL;
	coalesced->groups = NULL;
}

/* --- names ------------------------------------------------------------------------------------------------------- */

char *coalesce_names (const struct fanout *fanout, bool (*wanted) (const struct member *member))
{
	const char **names = calloc (fanout->n + 1, sizeof *names);
	char *text = NULL;
	size_t n = 0;

	for (size_t i = 0; names && i < fanout->n; i++)
		if (wanted (&fanout->members[i]))
			names[n++] = fanout->members[i].target->label;
	if (names)
		text = fold_names (names, n);
	free (names);
	return text;
}

char *coalesce_group_names (const struct coalesce_group *group)
{
	const char **names = calloc (group->n + 1, sizeof *names);
	char *text = NULL;

	for (size_t i = 0; names && i < group->n; i++)
		names[i] = group->items[i].member->target->label;
	if (names)
		text = fold_names (names, group->n);
	free (names);
	return text;
}

const struct member *coalesce_first (const struct coalesce_group *group)
{
	return group->items->member;
}

/* The hosts of all groups for which `wanted` is true, and their number. */
static char *names_of (const struct coalesced *coalesced,
	bool (*wanted) (const struct coalesced *, const struct coalesce_group *), size_t *n)
{
	const char **names = calloc (coalesced->fanout->n + 1, sizeof *names);
	char *text = NULL;

	*n = 0;
	for (size_t i = 0; names && i < coalesced->n; i++)
		for (size_t j = 0; wanted (coalesced, &coalesced->groups[i]) && j < coalesced->groups[i].n; j++)
			names[(*n)++] = coalesced->groups[i].items[j].member->target->label;
	if (names)
		text = fold_names (names, *n);
	free (names);
	return text;
}

/* --- printing ---------------------------------------------------------------------------------------------------- */

/* Print text of a host with a newline at its end. */
static int show (FILE *to, const uint8_t *bytes, size_t n)
{
	bool whole = n && bytes[n - 1] == '\n';
	char *text = malloc (n * TEXT_SHOWN_MAX + 1);

	if (!text)
		return -1;
	n = text_show_line (text, bytes, n - whole);
	text[n++] = '\n';
	fwrite (text, 1, n, to);
	free (text);
	return 0;
}

static int print_header (FILE *to, const struct coalesce_group *group)
{
	static const char dashes[] = "---------------";
	char *names = coalesce_group_names (group);

	if (!names)
		return -1;
	if (group->n > 1)
		fprintf (to, "%s\n%s (%zu)\n%s\n", dashes, names, group->n, dashes);
	else
		fprintf (to, "%s\n%s\n%s\n", dashes, names, dashes);
	free (names);
	return 0;
}

/* Several streams, line by line side by side. */
struct columns {
	struct trie_lines *lines; /* n of them */
	struct similar_line *now; /* the current line of each; bytes NULL: it has ended */
	char (*names)[NAME];
	size_t n;
};

static void columns_free (struct columns *columns)
{
	for (size_t i = 0; columns->lines && i < columns->n; i++)
		trie_lines_free (&columns->lines[i]);
	free (columns->lines);
	free (columns->now);
	free (columns->names);
}

static int columns_open (struct columns *columns, size_t n)
{
	columns->n = n;
	columns->lines = calloc (n + 1, sizeof *columns->lines);
	columns->now = calloc (n + 1, sizeof *columns->now);
	columns->names = calloc (n + 1, sizeof *columns->names);
	return columns->lines && columns->now && columns->names ? 0 : -1;
}

static void columns_set (
	struct columns *columns, size_t i, const struct coalesced *coalesced, const struct member *member, bool is_err)
{
	trie_lines_init (&columns->lines[i], gather_bytes (coalesced->gather, member->rank, is_err));
	similar_name (columns->names[i], NAME, member->target->label);
}

/* Read the next line of each stream. Returns how many there are; -1 with errno. */
static int columns_next (struct columns *columns)
{
	int found = 0;

	for (size_t i = 0; i < columns->n; i++) {
		struct similar_line *now = &columns->now[i];

		*now = (struct similar_line){ .name = columns->names[i] };
		now->bytes = trie_lines_next (&columns->lines[i], &now->n);
		if (columns->lines[i].error) {
			errno = columns->lines[i].error;
			return -1;
		}
		found += now->bytes != NULL;
	}
	return found;
}

/* Are the outputs of all hosts of the group the same bytes? Outputs that are only similar differ. */
static bool is_uniform (const struct coalesced *coalesced, const struct coalesce_group *group, bool is_err)
{
	char first[TRIE_NAME], other[TRIE_NAME];

	trie_name (gather_bytes (coalesced->gather, group->items->member->rank, is_err), first);
	for (size_t i = 1; i < group->n; i++)
		if (strcmp (trie_name (gather_bytes (coalesced->gather, group->items[i].member->rank, is_err), other),
			    first) != 0)
			return false;
	return true;
}

/* Print the output of a group; similar outputs are printed with their differences masked. */
static int print_body (FILE *to, const struct coalesced *coalesced, const struct coalesce_group *group, bool is_err)
{
	bool uniform = is_uniform (coalesced, group, is_err);
	struct columns columns = { .n = 0 };
	struct buf merged;
	int result = columns_open (&columns, uniform ? 1 : group->n);

	buf_init (&merged, 4 * TRIE_LINE);
	for (size_t i = 0; result == 0 && i < columns.n; i++)
		columns_set (&columns, i, coalesced, group->items[i].member, is_err);
	while (result == 0 && (result = columns_next (&columns)) > 0) {
		result = 0;
		if (uniform) {
			result = show (to, columns.now->bytes, columns.now->n);
		} else if ((result = similar_merge (&merged, columns.now, columns.n)) == 0) {
			result = show (to, buf_head (&merged), buf_len (&merged));
			buf_consume (&merged, buf_len (&merged));
		}
	}
	buf_free (&merged);
	columns_free (&columns);
	return result;
}

static bool has_output (const struct coalesced *coalesced, const struct coalesce_group *group, bool is_err)
{
	return gather_bytes (coalesced->gather, group->items->member->rank, is_err)->length > 0;
}

static int print_blocks (const struct coalesced *coalesced, bool merged)
{
	for (size_t i = 0; i < coalesced->n; i++) {
		const struct coalesce_group *group = &coalesced->groups[i];
		bool out = has_output (coalesced, group, false), err = has_output (coalesced, group, true);

		if (out || (err && merged))
			if (print_header (stdout, group) < 0)
				return -1;
		if (out && print_body (stdout, coalesced, group, false) < 0)
			return -1;
		if (!err)
			continue;
		fflush (stdout);
		if (!merged && print_header (stderr, group) < 0)
			return -1;
		if (print_body (merged ? stdout : stderr, coalesced, group, true) < 0)
			return -1;
	}
	return 0;
}

/* --- line by line ------------------------------------------------------------------------------------------------ */

/* Print each line of one place in the outputs once, with the hosts of all groups that have it. */
static int print_row (
	FILE *to, const struct coalesced *coalesced, const struct columns *columns, bool *done, const char **names)
{
	memset (done, 0, coalesced->n * sizeof *done);
	for (size_t i = 0; i < columns->n; i++) {
		const struct similar_line *line = &columns->now[i];
		size_t n = 0;
		char *folded;
		int result;

		if (done[i] || !line->bytes)
			continue;
		for (size_t j = i; j < columns->n; j++) {
			const struct similar_line *other = &columns->now[j];

			if (!other->bytes || other->n != line->n || memcmp (other->bytes, line->bytes, line->n) != 0)
				continue;
			done[j] = true;
			for (size_t k = 0; k < coalesced->groups[j].n; k++)
				names[n++] = coalesced->groups[j].items[k].member->target->label;
		}
		if (!(folded = fold_names (names, n)))
			return -1;
		fprintf (to, "%s: ", folded);
		free (folded);
		if ((result = show (to, line->bytes, line->n)) < 0)
			return result;
	}
	return 0;
}

static int print_lines (const struct coalesced *coalesced, bool is_err, FILE *to)
{
	struct columns columns = { .n = 0 };
	bool *done = calloc (coalesced->n + 1, sizeof *done);
	const char **names = calloc (coalesced->fanout->n + 1, sizeof *names);
	int result = done && names ? columns_open (&columns, coalesced->n) : -1;

	for (size_t i = 0; result == 0 && i < columns.n; i++)
		columns_set (&columns, i, coalesced, coalesced->groups[i].items->member, is_err);
	while (result == 0 && (result = columns_next (&columns)) > 0)
		result = print_row (to, coalesced, &columns, done, names);
	free (done);
	free (names);
	columns_free (&columns);
	return result;
}

static int print_host (const struct coalesced *coalesced, const struct member *member, bool is_err)
{
	FILE *to = is_err ? stderr : stdout;
	struct trie_lines lines;
	const uint8_t *line;
	int result = 0;
	size_t n;

	trie_lines_init (&lines, gather_bytes (coalesced->gather, member->rank, is_err));
	while (result == 0 && (line = trie_lines_next (&lines, &n))) {
		fprintf (to, "%s: ", safe (member->target->label));
		result = show (to, line, n);
	}
	if (lines.error) {
		errno = lines.error;
		result = -1;
	}
	trie_lines_free (&lines);
	return result;
}

int coalesce_print_hosts (const struct coalesced *coalesced)
{
	for (size_t i = 0; i < coalesced->fanout->n; i++)
		for (int j = 0; j < 2; j++) {
			if (print_host (coalesced, &coalesced->fanout->members[i], j) < 0)
				return -1;
			fflush (stdout);
		}
	return 0;
}

/* --- differences ------------------------------------------------------------------------------------------------- */

/* The largest of the groups that have run; the first one of several. NULL: none has run. */
static const struct coalesce_group *plurality (const struct coalesced *coalesced)
{
	const struct coalesce_group *largest = NULL;

	for (size_t i = 0; i < coalesced->n; i++)
		if (has_run (coalesced->groups[i].items) && (!largest || coalesced->groups[i].n > largest->n))
			largest = &coalesced->groups[i];
	return largest;
}

/* All of a stream in memory; NULL with errno. */
static uint8_t *read_all (const struct trie_stream *stream, size_t *n)
{
	size_t size = (size_t)stream->length;
	uint8_t *bytes = malloc (size + 1);

	for (*n = 0; bytes && *n < size;) {
		ssize_t got = trie_read (stream, *n, bytes + *n, size - *n);

		if (got <= 0) {
			free (bytes);
			return NULL;
		}
		*n += (size_t)got;
	}
	return bytes;
}

static int print_diff (FILE *to, const struct coalesced *coalesced, const struct coalesce_group *most,
	const struct coalesce_group *group, bool is_err)
{
	const struct trie_stream *old = gather_bytes (coalesced->gather, most->items->member->rank, is_err);
	const struct trie_stream *new = gather_bytes (coalesced->gather, group->items->member->rank, is_err);
	size_t n_old = 0, n_new = 0;
	uint8_t *a = read_all (old, &n_old), *b = read_all (new, &n_new);
	char *names[2] = { coalesce_group_names (most), coalesce_group_names (group) };
	int result = -1;
	struct buf text;

	buf_init (&text, SIZE_MAX / 2);
	if (a && b && names[0] && names[1] && (result = diff_print (&text, a, n_old, b, n_new)) == 0 &&
		buf_len (&text)) {
		fprintf (to, "--- %s (%zu)%s\n+++ %s (%zu)%s\n", names[0], most->n, is_err ? " stderr" : "", names[1],
			group->n, is_err ? " stderr" : "");
		for (size_t at = 0; result == 0 && at < buf_len (&text);) {
			const uint8_t *line = buf_head (&text) + at;
			const uint8_t *newline = memchr (line, '\n', buf_len (&text) - at);
			size_t n = newline ? (size_t)(newline - line) + 1 : buf_len (&text) - at;

			result = show (to, line, n);
			at += n;
		}
	}
	buf_free (&text);
	free (names[0]);
	free (names[1]);
	free (a);
	free (b);
	return result;
}

static int print_diffs (const struct coalesced *coalesced)
{
	const struct coalesce_group *most = plurality (coalesced);

	for (size_t i = 0; most && i < coalesced->n; i++)
		for (int j = 0; has_run (coalesced->groups[i].items) && &coalesced->groups[i] != most && j < 2; j++)
			if (print_diff (stdout, coalesced, most, &coalesced->groups[i], j) < 0)
				return -1;
	return 0;
}

int coalesce_print (const struct coalesced *coalesced, enum coalesce_style style, bool merged)
{
	switch (style) {
	case COALESCE_BLOCKS: return print_blocks (coalesced, merged);
	case COALESCE_LINES:
		if (print_lines (coalesced, false, stdout) < 0)
			return -1;
		fflush (stdout);
		return print_lines (coalesced, true, merged ? stdout : stderr);
	case COALESCE_DIFF: return print_diffs (coalesced);
	}
	return 0;
}

/* --- the verdict ------------------------------------------------------------------------------------------------- */

static bool differs (const struct coalesced *coalesced, const struct coalesce_group *group)
{
	return has_run (group->items) && group != plurality (coalesced);
}

static bool was_skipped (const struct coalesced *coalesced, const struct coalesce_group *group)
{
	(void)coalesced;
	return group->items->member->call.skipped;
}

static bool never_ran (const struct coalesced *coalesced, const struct coalesce_group *group)
{
	return !has_run (group->items) && !was_skipped (coalesced, group);
}

static bool is_bad (const struct coalesced *coalesced, const struct coalesce_group *group)
{
	return !was_skipped (coalesced, group) && !member_succeeded (group->items->member);
}

/* Append "; N WHAT: HOSTS" if there are any; `one` is WHAT for one host. */
static void add_set (struct buf *line, const struct coalesced *coalesced, const char *what, const char *one,
	bool (*wanted) (const struct coalesced *, const struct coalesce_group *))
{
	size_t n;
	char *names = names_of (coalesced, wanted, &n);

	if (names && n)
		buf_printf (line, "%s%zu %s: %s", buf_len (line) ? "; " : "", n, n == 1 ? one : what, names);
	free (names);
}

/* Did the command end with a status other than 0? */
static bool ends_badly (const struct member *member)
{
	return member->call.result.outcome == REMEX_EXITED && member->call.result.exit;
}

static void print_outcomes (const struct coalesced *coalesced, bool reported)
{
	for (size_t i = 0; i < coalesced->n; i++) {
		const struct coalesce_group *group = &coalesced->groups[i];
		const struct coalesce_item *first = group->items;
		const char *words = group->n > 1 ? first->reason : first->words;
		char *names, shown[2 * REASON];

		if (first->member->call.skipped || !*first->reason || (reported && !ends_badly (first->member)))
			continue;
		if (!(names = coalesce_group_names (group)))
			return;
		text_escape (shown, sizeof shown, words, strlen (words));
		if (group->n > 1)
			remark ("remex: %s (%zu): %s\n", names, group->n, shown);
		else
			remark ("remex: %s: %s\n", names, shown);
		free (names);
	}
}

/* A line about a host besides how it ended. */
struct note {
	char *text;
	const char *label;
};

/* Append the notes of a member: the lines that are not in the words of its item. False: no memory. */
static bool add_notes (struct note *notes, size_t *n, const struct member *member)
{
	char lines[RESULT_LINES][RESULT_LINE];
	int found = member->call.skipped ? 0 : result_lines (&member->call, member->fanout->program, lines);

	for (int i = ends_badly (member) ? 0 : 1; i < found; i++) {
		notes[*n] = (struct note){ strdup (lines[i]), member->target->label };
		if (!notes[(*n)++].text)
			return false;
	}
	return true;
}

static int by_text (const void *a, const void *b)
{
	const struct note *one = a, *other = b;
	int order = strcmp (one->text, other->text);

	return order ? order : strcmp (one->label, other->label);
}

/* Print a line for each text, with all its hosts. */
static void print_note_lines (struct note *notes, size_t n, const char **labels)
{
	qsort (notes, n, sizeof *notes, by_text);
	for (size_t i = 0, same; i < n; i += same) {
		char *names;

		for (same = 0; i + same < n && !strcmp (notes[i].text, notes[i + same].text); same++)
			labels[same] = notes[i + same].label;
		if (!(names = fold_names (labels, same)))
			return;
		if (same > 1)
			remark ("remex: %s (%zu): %s\n", names, same, safe (notes[i].text));
		else
			remark ("remex: %s: %s\n", names, safe (notes[i].text));
		free (names);
	}
}

static void print_notes (const struct coalesced *coalesced)
{
	size_t n = coalesced->fanout->n, found = 0;
	struct note *notes = calloc (n * RESULT_LINES + 1, sizeof *notes);
	const char **labels = calloc (n + 1, sizeof *labels);
	bool good = notes && labels;

	for (size_t i = 0; good && i < n; i++)
		good = add_notes (notes, &found, &coalesced->fanout->members[i]);
	if (good)
		print_note_lines (notes, found, labels);
	else
		complain (NULL, "out of memory");
	for (size_t i = 0; i < found; i++)
		free (notes[i].text);
	free (notes);
	free (labels);
}

void coalesce_print_summary (const struct coalesced *coalesced, bool reported)
{
	const struct coalesce_group *most = plurality (coalesced);
	size_t n = coalesced->fanout->n;
	struct buf line;

	print_outcomes (coalesced, reported);
	if (!reported)
		print_notes (coalesced);
	buf_init (&line, SIZE_MAX / 2);
	if (coalesced->gather && most) {
		if (most->n == n)
			buf_printf (&line, "all %zu hosts agree", n);
		else
			buf_printf (&line, "%zu of %zu hosts agree", most->n, n);
		add_set (&line, coalesced, "differ", "differs", differs);
		add_set (&line, coalesced, "failed", "failed", never_ran);
	} else {
		add_set (&line, coalesced, "hosts failed", "host failed", is_bad);
	}
	add_set (&line, coalesced, "skipped", "skipped", was_skipped);
	if (buf_len (&line))
		remark ("remex: %.*s\n", (int)buf_len (&line), (const char *)buf_head (&line));
	buf_free (&line);
}
