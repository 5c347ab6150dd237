/* expression - the grammar of host lists, and the names that an expression stands for. No file is opened here: groups,
 * files and stdin come through a row of operations.
 *
 *   TEXT       := EXPRESSION { SPACE EXPRESSION }           all of them together
 *   EXPRESSION := ITEM { OPERATOR ITEM }                    from left to right; no operator binds more than another
 *   OPERATOR   := ","  union    "!"  difference    "&"  intersection    "^"  xor
 *   ITEM       := NAME          web1, alice@db1:7400, [::1]:7363, unix:///run/x.sock, ssh://web1, local
 *               | NAME with brackets                        web[01-64], r[1-4]n[1-16], 127.0.0.1:[7001-7004] (ranges.h)
 *               | NAME with "*" or "?"                      the hosts of @* that match
 *               | "@" [SOURCE ":"] GROUP | "@" [SOURCE ":"] "*"   brackets are allowed in GROUP
 *               | "^" FILE                                  the hosts in a file
 *               | "-"                                       the hosts on stdin
 *               | "/" RE "/"                                keep what matches (extended, anywhere in the name)
 *               | "-" ITEM                                  drop
 *
 * "/RE/" behind "," and "-ITEM" act on the whole list that the user typed, at its end (pdsh). Behind "&" and "!" a
 * "/RE/" acts on the names to its left. Within a group or a file they act on that group or file.
 *
 * Each line of a file, and of stdin, is a TEXT. "#" begins a comment; a line "#include FILE" includes another file. A
 * relative path in a file is beside that file.
 *
 * Numbers in brackets come in the order in which they are written; those of the last bracket change fastest. The set
 * operations are those of nodeset(1). More than HOST_LIST_MAX names are an error before memory is spent. A group that
 * contains itself is an error, too.
 */
#ifndef REMEX_HOSTS_EXPRESSION_H
#define REMEX_HOSTS_EXPRESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "hosts/host_list.h"

/* The expressions of a group. All of it belongs to the room that has the groups. */
struct group_definition {
	const char *const *texts; /* n of them, together */
	size_t n_texts;
	const char *source; /* where a group without a source, within this one, is looked for; NULL: everywhere */
	const char *name; /* for messages: "web", "racks:old" */
	const char *file; /* for messages: where it is defined; NULL: in no file */
	unsigned line; /* in the file; 0: not known */
	const char *directory; /* of relative paths; NULL: the current one */
	bool includes_groups; /* "#include NAME" without a slash, in its files, is a group of `source` */
	void **kept; /* a place for the evaluation, which is NULL between evaluations */
};

struct expression_ops {
	/* Find a group. `source` may be NULL; `name` "*" is all hosts. 0; or -1 and err, whose text is a sentence. */
	int (*find_group) (
		void *context, const char *source, const char *name, struct group_definition *found, struct err *err);
	/* All of a file, or of stdin (path NULL), in new memory, with a NUL behind it. `trusted`: it is named within a
	 * group, which a file defines, so that nobody else may have written it. NULL and err. */
	char *(*read) (void *context, const char *path, bool trusted, size_t *n, struct err *err);
};

/* The names that the words of a user stand for; each word is a TEXT. */
struct expression {
	const char *const *words;
	size_t n_words;
	const char *const *excluded; /* what these words name is dropped, and so is what a /RE/ among them matches */
	size_t n_excluded;
};

/* Evaluate into an empty list, which may stay empty. 0; or -1 and err, and the list is empty. */
int expression_evaluate (const struct expression *expression, const struct expression_ops *ops, void *context,
	struct host_list *list, struct err *err);

#endif
