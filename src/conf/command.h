/* command - an argv that an identity may run, with slots: fixed words, and {name} where the client chooses one whole
 * argument. No shell is used; a slot never splits or joins arguments.
 *
 * A slot takes at most 4,096 bytes, without control characters or NUL. The pattern of the slot must match all of them
 * (pattern.h). A slot takes no argument that starts with '-', so that the argument cannot become an option, unless the
 * slot is written {-name}. An empty argument fits only a pattern that matches it. A slot may appear twice, with
 * different arguments.
 *
 * When a command has matched, the caller must not take `env` or `cwd` from the client: LD_PRELOAD or a relative path
 * would make another command run.
 */
#ifndef REMEX_CONF_COMMAND_H
#define REMEX_CONF_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct conf_node;

enum { COMMAND_WORDS_MAX = 64, COMMAND_SLOT_NAME_MAX = 32 };

/* All texts belong to the tree. */
struct command_word {
	const char *text; /* a fixed word; NULL for a slot */
	const char *slot; /* its name */
	const char *pattern; /* of a slot */
	bool dash; /* may start with '-' */
};

struct command {
	struct command_word *words;
	size_t n_words;
};

/* Is that a valid name of a slot? Letters, digits, _ and -, starting with a letter or a digit. */
bool command_is_slot_name (const char *name, size_t n);

/* Check the map of the slots: names of a-z A-Z 0-9 _ - (not starting with _ or -), and patterns. 0, or -1 and err with
 * the place. */
int command_check_slots (const struct conf_node *slots, const char *file, struct err *err);

/* Read a command from a list of words and the checked map of slots (NULL: none). The first word, the program, cannot be
 * a slot, and is a bare name or an absolute path. 0; -1 and err with the place, for example for a word with a brace
 * that is no whole slot, or a slot without a pattern. */
int command_read (struct command *command, const struct conf_node *list, const struct conf_node *slots,
	const char *file, struct err *err);
void command_free (struct command *command);

/* Does that argv match this command, argument by argument? The arguments may hold any bytes. */
bool command_matches (const struct command *command, const char *const *argv, const size_t *lengths, size_t n);

#endif
