/* command - an argv that an identity may run, with slots: fixed words, and {name} where the client
 * chooses one whole argument. No shell is used; a slot never splits or joins arguments.
 *
 * What a slot takes: at most 4,096 bytes without control characters or NUL, all of which its pattern matches
 * (pattern.h), and not starting with '-', so that it cannot become an option - unless the slot is written {-name}. An
 * empty argument fits only a pattern that matches it. A slot may come twice, with different arguments.
 *
 * When a command has matched, the caller must not take `env` or `cwd` from the client: with LD_PRELOAD or a relative
 * path another command would run.
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

/* Is that the name of a slot: letters, digits, _ and -, of which the first is a letter or a digit? */
bool command_is_slot_name (const char *name, size_t n);

/* Check the map of the slots: names of a-z A-Z 0-9 _ - that start with none of the two signs, and patterns. 0, or -1
 * and err with the place. */
int command_check_slots (const struct conf_node *slots, const char *file, struct err *err);

/* From a list of words and the checked map of slots (NULL: there are none). The first word, the program, cannot be a
 * slot, and is a bare name or an absolute path. A word with a brace that is no whole slot, or a slot without a pattern:
 * -1 and err, with its place. */
int command_read (struct command *command, const struct conf_node *list, const struct conf_node *slots,
	const char *file, struct err *err);
void command_free (struct command *command);

/* Is that argv, argument by argument, this command? The arguments may hold any bytes. */
bool command_matches (const struct command *command, const char *const *argv, const size_t *lengths, size_t n);

#endif
