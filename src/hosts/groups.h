/* groups - named groups of hosts, by source. A source is a set of groups from one kind of file: "remex" for hosts.yaml,
 * a source of ClusterShell, "dsh" for pdsh.
 *
 * Sources stand in the order in which they were added. @web is looked for in the sources that are searched, in this
 * order; @SOURCE:web in that source. @SOURCE:* is the group `all` of that source where it has one (as in ClusterShell),
 * else all hosts that its groups name, and the hosts that it lists without a group. @* is that of the first searched
 * source that has hosts.
 *
 * A source may have operations: it is then asked for groups that are not known yet. Answers are kept.
 */
#ifndef REMEX_HOSTS_GROUPS_H
#define REMEX_HOSTS_GROUPS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "hosts/expression.h"

struct groups;
struct group_source;

/* A source that has to be asked. All of these are asked once at most for each answer; 0, or -1 and err (a sentence). */
struct group_source_ops {
	/* The hosts of a group: expressions, separated by spaces and commas, in new memory; "" for an unknown one. */
	char *(*find) (void *context, const char *name, struct err *err);
	/* All of its groups, in the same way; NULL in place of the function: the source has no such list. */
	char *(*list) (void *context, struct err *err);
	/* All of its hosts; NULL in place of the function: those of its groups. */
	char *(*all) (void *context, struct err *err);
	void (*free) (void *context);
};

struct groups *groups_new (void); /* NULL: out of memory */
void groups_free (struct groups *groups);

/* Which groups without a source are looked up in the source? */
enum group_search { GROUPS_NAMED, GROUPS_SEARCHED, GROUPS_SEARCHED_NOT_ALL }; /* none; all; all but @* */

/* The source of that name; a new one, behind the others, if there is none. `file` is where it comes from, for messages.
 * NULL: out of memory. */
struct group_source *groups_source (
	struct groups *groups, const char *name, enum group_search search, const char *file);
struct group_source *groups_find_source (const struct groups *groups, const char *name);

/* From now on the source asks these operations; it owns the context. */
void group_source_ask (struct group_source *source, const struct group_source_ops *ops, void *context);

/* Where a group is defined, for messages and relative paths. */
struct group_place {
	const char *file; /* NULL: in none */
	unsigned line; /* 0: not known */
	const char *directory; /* NULL: the current one */
	bool strict; /* a group that is named within this one without a source is looked for in this source only */
	bool includes_groups; /* "#include NAME" without a slash, in its files, is a group of this source */
};

/* Can this be the name of a group: no space, control character, or sign of the grammar (@ , ! & ^ * ? [ ] :)? 0, or -1
 * and err (a sentence). */
int group_name_check (const char *name, struct err *err);

/* Add a group to a source, or replace it; not while an expression is evaluated. All is copied. 0, or -1 and err (a sentence). */
int group_source_add (struct group_source *source, const char *name, const char *const *texts, size_t n_texts,
	const struct group_place *place, struct err *err);

/* Has the source got this group? It is not asked. */
bool group_source_has (struct group_source *source, const char *name);

/* Make the spaces between the words of a text commas, in place: as ClusterShell does with the answers of a source. */
void groups_join_words (char *text);

/* Add hosts that are in no group to those of the source. */
int group_source_add_hosts (struct group_source *source, const char *text, struct err *err);

/* expression_ops.find_group. */
int groups_find (
	struct groups *groups, const char *source, const char *name, struct group_definition *found, struct err *err);

/* Call `each` for each group of each source, in order. 0; -1 and err; or the first result of `each` that is not 0. */
int groups_each (struct groups *groups,
	int (*each) (
		const struct group_source *source, const char *name, const char *file, bool shadowed, void *context),
	void *context, struct err *err);
const char *group_source_name (const struct group_source *source);

#endif
