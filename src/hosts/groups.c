/* groups - see groups.h. The groups of a source stand in an array, which is sorted when one is looked for. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "hosts/groups.h"

enum { NEAR_MAX = 4096 };

struct named_group {
	const struct group_source *source;
	size_t place; /* among the groups of its source, as they were added */
	char *name;
	char **texts;
	size_t n_texts;
	char *file, *directory;
	unsigned line;
	bool strict, includes_groups;
	void *kept;
};

struct group_source {
	struct group_source *next;
	char *name, *file;
	enum group_search search;
	struct named_group **groups;
	size_t n, room;
	bool sorted; /* by name, each name once */
	char **hosts; /* texts */
	size_t n_hosts;
	struct named_group *all; /* the expression of @SOURCE:*, once it is composed */
	const struct group_source_ops *ops; /* NULL: there is nobody to ask */
	void *context;
	bool listed; /* ops->list has been asked */
};

struct groups {
	struct group_source *sources;
};

/* --- memory ------------------------------------------------------------------------------------------------------ */

static void group_free (struct named_group *group)
{
	if (!group)
		return;
	for (size_t i = 0; i < group->n_texts; i++)
		free (group->texts[i]);
	free (group->texts);
	free (group->name);
	free (group->file);
	free (group->directory);
	free (group);
}

static void source_free (struct group_source *source)
{
	for (size_t i = 0; i < source->n; i++)
		group_free (source->groups[i]);
	for (size_t i = 0; i < source->n_hosts; i++)
		free (source->hosts[i]);
	if (source->ops)
		source->ops->free (source->context);
	group_free (source->all);
	free (source->groups);
	free (source->hosts);
	free (source->name);
	free (source->file);
	free (source);
}

struct groups *groups_new (void)
{
	return calloc (1, sizeof (struct groups));
}

void groups_free (struct groups *groups)
{
	if (!groups)
		return;
	for (struct group_source *source = groups->sources, *next; source; source = next) {
		next = source->next;
		source_free (source);
	}
	free (groups);
}

static bool copy_text (char **to, const char *from)
{
	*to = from ? strdup (from) : NULL;
	return *to || !from;
}

static struct named_group *group_new (const struct group_source *source, const char *name, const char *const *texts,
	size_t n_texts, const struct group_place *place)
{
	struct named_group *group = calloc (1, sizeof *group);
	bool good = group != NULL;

	if (!good)
		return NULL;
	group->source = source;
	group->line = place->line;
	group->strict = place->strict;
	group->includes_groups = place->includes_groups;
	good = copy_text (&group->name, name) && copy_text (&group->file, place->file) &&
	       copy_text (&group->directory, place->directory) &&
	       (group->texts = calloc (n_texts ? n_texts : 1, sizeof *group->texts));
	for (; good && group->n_texts < n_texts; group->n_texts++)
		good = copy_text (&group->texts[group->n_texts], texts[group->n_texts]);
	if (good)
		return group;
	group_free (group);
	return NULL;
}

/* --- sources ----------------------------------------------------------------------------------------------------- */

struct group_source *groups_find_source (const struct groups *groups, const char *name)
{
	struct group_source *source = groups->sources;

	while (source && strcmp (source->name, name) != 0)
		source = source->next;
	return source;
}

struct group_source *groups_source (struct groups *groups, const char *name, enum group_search search, const char *file)
{
	struct group_source *source = groups_find_source (groups, name), **end = &groups->sources;

	if (source)
		return source;
	if (!(source = calloc (1, sizeof *source)))
		return NULL;
	source->search = search;
	if (!copy_text (&source->name, name) || !copy_text (&source->file, file)) {
		source_free (source);
		return NULL;
	}
	while (*end)
		end = &(*end)->next;
	*end = source;
	return source;
}

const char *group_source_name (const struct group_source *source)
{
	return source->name;
}

void group_source_ask (struct group_source *source, const struct group_source_ops *ops, void *context)
{
	if (source->ops)
		source->ops->free (source->context);
	source->ops = ops;
	source->context = context;
	source->listed = false;
}

/* --- groups ------------------------------------------------------------------------------------------------------ */

static int compare_groups (const void *left, const void *right)
{
	const struct named_group *a = *(struct named_group *const *)left, *b = *(struct named_group *const *)right;
	int order = strcmp (a->name, b->name);

	return order ? order : (a->place > b->place) - (a->place < b->place);
}

/* Sort the groups. Of two with one name the last one stays. */
static void settle (struct group_source *source)
{
	size_t n = 0;

	if (source->n && !source->sorted)
		qsort (source->groups, source->n, sizeof (struct named_group *), compare_groups);
	for (size_t i = 0; i < source->n && !source->sorted; i++)
		if (i + 1 < source->n && !strcmp (source->groups[i]->name, source->groups[i + 1]->name))
			group_free (source->groups[i]);
		else
			source->groups[n++] = source->groups[i];
	if (!source->sorted)
		source->n = n;
	source->sorted = true;
}

static int compare_name (const void *name, const void *group)
{
	return strcmp (name, (*(struct named_group *const *)group)->name);
}

static struct named_group *find (struct group_source *source, const char *name)
{
	struct named_group **found = NULL;

	settle (source);
	if (source->n)
		found = bsearch (name, source->groups, source->n, sizeof (struct named_group *), compare_name);
	return found ? *found : NULL;
}

int group_name_check (const char *name, struct err *err)
{
	size_t n = strlen (name);
	char shown[128];

	if (n && n == strcspn (name, "@,!&^*?[]: \t\r\n") && text_is_utf8 (name, n) && !text_has_control (name, n))
		return 0;
	return err_set (err, 0,
		"'%s' cannot be the name of a group: a name has no spaces and none of @ , ! & ^ * ? [ ] :",
		text_escape (shown, sizeof shown, name, n));
}

/* The source owns the group then. */
static int insert (struct group_source *source, struct named_group *group)
{
	size_t room = source->room ? source->room * 2 : 16;
	struct named_group **more;

	if (source->n == source->room) {
		if (!(more = realloc (source->groups, room * sizeof (struct named_group *))))
			return -1;
		source->groups = more;
		source->room = room;
	}
	group->place = source->n;
	source->groups[source->n++] = group;
	source->sorted = false;
	return 0;
}

/* The groups of the source change: @SOURCE:* has to be composed again. */
static void forget_all (struct group_source *source)
{
	group_free (source->all);
	source->all = NULL;
}

int group_source_add (struct group_source *source, const char *name, const char *const *texts, size_t n_texts,
	const struct group_place *place, struct err *err)
{
	struct named_group *group;

	if (group_name_check (name, err) < 0)
		return -1;
	forget_all (source);
	if (!(group = group_new (source, name, texts, n_texts, place)) || insert (source, group) < 0) {
		group_free (group);
		return err_set (err, 0, "out of memory");
	}
	return 0;
}

bool group_source_has (struct group_source *source, const char *name)
{
	return find (source, name) != NULL;
}

int group_source_add_hosts (struct group_source *source, const char *text, struct err *err)
{
	char **more = realloc (source->hosts, (source->n_hosts + 1) * sizeof (char *));

	forget_all (source);
	if (more)
		source->hosts = more;
	if (!more || !(more[source->n_hosts] = strdup (text)))
		return err_set (err, 0, "out of memory");
	source->n_hosts++;
	return 0;
}

/* --- asking ------------------------------------------------------------------------------------------------------ */

void groups_join_words (char *text)
{
	char *to = text, *rest;

	for (char *word = strtok_r (text, " \t\r\n", &rest); word; word = strtok_r (NULL, " \t\r\n", &rest)) {
		size_t n = strlen (word);

		if (to > text)
			*to++ = ',';
		memmove (to, word, n);
		to += n;
	}
	*to = '\0';
}

/* Keep the answer to a question as a group. The answer is freed. */
static int keep_answer (struct group_source *source, const char *name, char *answer, struct named_group **kept)
{
	struct group_place place = { .file = source->file, .strict = true };
	const char *text = answer;

	groups_join_words (answer);
	*kept = group_new (source, name, &text, *answer != '\0', &place);
	free (answer);
	return *kept ? 0 : -1;
}

/* Ask the source for a group that is not known yet. *found is NULL when the source does not know it, either. */
static int ask (struct group_source *source, const char *name, struct named_group **found, struct err *err)
{
	char *answer;

	*found = NULL;
	if (!source->ops || group_name_check (name, NULL) < 0)
		return 0;
	if (!(answer = source->ops->find (source->context, name, err)))
		return -1;
	if (!answer[strspn (answer, " \t\r\n")]) {
		free (answer);
		return 0;
	}
	if (keep_answer (source, name, answer, found) == 0 && insert (source, *found) == 0)
		return 0;
	group_free (*found);
	return err_set (err, 0, "out of memory");
}

/* Ask for all groups of the source. */
static int ask_list (struct group_source *source, struct err *err)
{
	char *answer, *rest;
	int result = 0;

	if (!source->ops || !source->ops->list || source->listed)
		return 0;
	if (!(answer = source->ops->list (source->context, err)))
		return -1;
	source->listed = true;
	for (char *name = strtok_r (answer, " \t\r\n,", &rest); name && result == 0;
		name = strtok_r (NULL, " \t\r\n,", &rest)) {
		struct named_group *group = find (source, name);

		if (!group)
			result = ask (source, name, &group, err);
	}
	free (answer);
	return result;
}

/* --- all hosts --------------------------------------------------------------------------------------------------- */

/* The group of these texts, which are freed. NULL: out of memory, as when they are not `good`. */
static struct named_group *compose (const struct group_source *source, char **texts, size_t n, bool good)
{
	struct group_place place = { .file = source ? source->file : NULL };
	struct named_group *group = good ? group_new (source, "*", (const char *const *)texts, n, &place) : NULL;

	for (size_t i = 0; texts && i < n; i++)
		free (texts[i]);
	free (texts);
	return group;
}

/* @SOURCE:*, composed of its groups and its other hosts. */
static struct named_group *compose_source (struct group_source *source)
{
	char **texts = calloc (source->n + source->n_hosts + 1, sizeof (char *));
	size_t n = 0;
	bool good = texts != NULL;

	settle (source);
	for (size_t i = 0; i < source->n && good; i++, n += good)
		good = asprintf (&texts[n], "@%s:%s", source->name, source->groups[i]->name) >= 0;
	for (size_t i = 0; i < source->n_hosts && good; i++, n += good)
		good = (texts[n] = strdup (source->hosts[i])) != NULL;
	return compose (source, texts, n, good);
}

/* The expression of @SOURCE:*. */
static int find_all (struct group_source *source, struct named_group **found, struct err *err)
{
	char *answer;

	if ((*found = find (source, "all")) || (*found = source->all))
		return 0;
	if (source->ops && source->ops->all) {
		if (!(answer = source->ops->all (source->context, err)))
			return -1;
		if (keep_answer (source, "*", answer, &source->all) < 0)
			return err_set (err, 0, "out of memory");
	} else {
		if (ask_list (source, err) < 0)
			return -1;
		if (!(source->all = compose_source (source)))
			return err_set (err, 0, "out of memory");
	}
	*found = source->all;
	return 0;
}

/* The expression of @*: that of the first source that has hosts. *found is NULL when there is none. */
static int find_everything (struct groups *groups, struct named_group **found, struct err *err)
{
	*found = NULL;
	for (struct group_source *source = groups->sources; source; source = source->next) {
		if (source->search != GROUPS_SEARCHED)
			continue;
		if (find_all (source, found, err) < 0)
			return -1;
		if ((*found)->n_texts)
			return 0;
		*found = NULL;
	}
	return 0;
}

/* --- finding ----------------------------------------------------------------------------------------------------- */

static void define (struct named_group *group, struct group_definition *found)
{
	*found = (struct group_definition){
		.texts = (const char *const *)group->texts,
		.n_texts = group->n_texts,
		.source = group->strict ? group->source->name : NULL,
		.name = group->name,
		.file = group->file,
		.line = group->line,
		.directory = group->directory,
		.includes_groups = group->includes_groups,
		.kept = &group->kept,
	};
}

static int fail_source (const struct groups *groups, const char *name, struct err *err)
{
	const char *names[64];
	char hint[160], shown[128];
	size_t n = 0;

	for (struct group_source *source = groups->sources; source && n < 64; source = source->next)
		names[n++] = source->name;
	return err_set (err, 0, "no source of groups is called '%s'%s",
		text_escape (shown, sizeof shown, name, strlen (name)),
		text_hint (hint, sizeof hint, text_nearest (name, names, n)));
}

/* `only`: the group was looked for in this source; NULL: in all that are searched. */
static int fail_unknown (
	const struct groups *groups, const struct group_source *only, const char *name, struct err *err)
{
	const char *names[NEAR_MAX];
	char hint[160], shown[128], in[160] = "";
	size_t n = 0;

	for (struct group_source *source = groups->sources; source; source = source->next)
		for (size_t i = 0;
			(only ? source == only : source->search != GROUPS_NAMED) && i < source->n && n < NEAR_MAX; i++)
			names[n++] = source->groups[i]->name;
	if (only)
		snprintf (in, sizeof in, " in the source '%.100s'", only->name);
	text_escape (shown, sizeof shown, name, strlen (name));
	if (!only && (!n || !strcmp (name, "*")))
		return err_set (err, 0,
			"there is no group%s%s%s: ~/.config/remex/hosts.yaml defines groups (remex-hosts(7))",
			*name == '*' ? " that names hosts" : " '", *name == '*' ? "" : shown,
			*name == '*' ? "" : "', and no other one");
	return err_set (err, 0, "there is no group '%s'%s%s", shown, in,
		text_hint (hint, sizeof hint, text_nearest (name, names, n)));
}

/* Look the group up in one source. *found is NULL when the source does not have it. */
static int find_in (struct group_source *source, const char *name, struct named_group **found, struct err *err)
{
	if (!strcmp (name, "*"))
		return find_all (source, found, err);
	if ((*found = find (source, name)))
		return 0;
	return ask (source, name, found, err);
}

int groups_find (struct groups *groups, const char *source_name, const char *name, struct group_definition *found,
	struct err *err)
{
	struct group_source *only = source_name ? groups_find_source (groups, source_name) : NULL;
	bool looked = only || !strcmp (name, "*");
	struct named_group *group = NULL;

	if (source_name && !only)
		return fail_source (groups, source_name, err);
	if (only) {
		if (find_in (only, name, &group, err) < 0)
			return -1;
	} else if (looked) {
		if (find_everything (groups, &group, err) < 0)
			return -1;
	}
	for (struct group_source *source = groups->sources; source && !looked && !group; source = source->next)
		if (source->search != GROUPS_NAMED && find_in (source, name, &group, err) < 0)
			return -1;
	if (!group)
		return fail_unknown (groups, only, name, err);
	define (group, found);
	return 0;
}

/* --- lists ------------------------------------------------------------------------------------------------------- */

/* Does a source that is searched before this one have the name, or is this one not searched? */
static bool is_shadowed (const struct groups *groups, const struct group_source *source, const char *name)
{
	struct group_source *other = groups->sources;

	for (; other != source; other = other->next)
		if (other->search != GROUPS_NAMED && find (other, name))
			return true;
	return source->search == GROUPS_NAMED;
}

int groups_each (struct groups *groups,
	int (*each) (
		const struct group_source *source, const char *name, const char *file, bool shadowed, void *context),
	void *context, struct err *err)
{
	int result = 0;

	for (struct group_source *source = groups->sources; source && result == 0; source = source->next) {
		if (ask_list (source, err) < 0)
			return -1;
		settle (source);
		for (size_t i = 0; i < source->n && result == 0; i++)
			result = each (source, source->groups[i]->name, source->groups[i]->file,
				is_shadowed (groups, source, source->groups[i]->name), context);
	}
	return result;
}
