/* command - see command.h. */
#include <config.h> /* not "config.h", which is this folder's own */

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "conf/command.h"
#include "conf/pattern.h"
#include "conf/tree.h"

#define SLOT_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

/* --- reading ----------------------------------------------------------------------------------------------------- */

bool command_is_slot_name (const char *name, size_t n)
{
	return n > 0 && n <= COMMAND_SLOT_NAME_MAX && strspn (name, SLOT_LETTERS) >= n && *name != '-' && *name != '_';
}

/* A value from the file, for a message: cut, and safe to print. */
static char *shown (const char *value, char out[80])
{
	return text_escape (out, 80, value, strlen (value));
}

int command_check_slots (const struct conf_node *slots, const char *file, struct err *err)
{
	struct err why;
	char name[80];

	for (size_t i = 0; slots && i < slots->n_items; i++) {
		const struct conf_node *node = slots->items[i];

		shown (node->key, name);
		if (!command_is_slot_name (node->key, strlen (node->key)))
			return conf_fail (err, file, node->key_line, node->key_column,
				"'%s' cannot be the name of a slot: it takes 1 to %d letters, digits, '_' and '-'",
				name, COMMAND_SLOT_NAME_MAX);
		if (node->kind != CONF_SCALAR || !node->value[0])
			return conf_fail (err, file, node->line, node->column,
				"slots.%s must be a regular expression, such as \"[a-z]+\" (in quotes)", name);
		if (pattern_check (node->value, &why) < 0)
			return conf_fail (
				err, file, node->line, node->column, "the pattern of slots.%s %s", name, why.text);
	}
	return 0;
}

/* `node` is {name} or {-name}. */
static int read_slot (struct command_word *word, const struct conf_node *node, const struct conf_node *slots,
	const char *file, struct err *err)
{
	const char *name = node->value + 1;
	const char *names[64];
	char value[80], hint[128];
	size_t n;

	word->dash = *name == '-';
	name += word->dash;
	n = strlen (name) - 1;
	for (size_t i = 0; slots && i < slots->n_items; i++)
		if (strlen (slots->items[i]->key) == n && !memcmp (slots->items[i]->key, name, n)) {
			word->slot = slots->items[i]->key;
			word->pattern = slots->items[i]->value;
			return 0;
		}
	for (n = 0; slots && n < slots->n_items && n < sizeof names / sizeof *names; n++)
		names[n] = slots->items[n]->key;
	text_hint (hint, sizeof hint, text_nearest (name, names, n));
	return conf_fail (
		err, file, node->line, node->column, "%s has no pattern in slots%s", shown (node->value, value), hint);
}

static bool is_slot (const char *text)
{
	size_t n = strlen (text);
	bool dash = text[0] == '{' && text[1] == '-';

	return n > 2U + dash && text[0] == '{' && text[n - 1] == '}' &&
	       command_is_slot_name (text + 1 + dash, n - 2 - dash);
}

static int read_word (struct command_word *word, const struct conf_node *node, const struct conf_node *slots,
	const char *file, struct err *err)
{
	char value[80];

	if (node->kind == CONF_MAP)
		return conf_fail (err, file, node->line, node->column, "a slot has to be in quotes, as \"{name}\"");
	if (node->kind != CONF_SCALAR)
		return conf_fail (err, file, node->line, node->column,
			"each word of a command must be a string, not %s",
			node->kind == CONF_LIST ? "a list" : "empty; an empty argument is \"\"");
	if (is_slot (node->value))
		return read_slot (word, node, slots, file, err);
	if (strpbrk (node->value, "{}"))
		return conf_fail (err, file, node->line, node->column,
			"'%s' has a brace in it: a slot is one whole argument, \"{name}\" or \"{-name}\", and its "
			"fixed "
			"parts belong into its pattern",
			shown (node->value, value));
	word->text = node->value;
	return 0;
}

/* The client may not choose the program. */
static int check_program (
	const struct command_word *word, const struct conf_node *node, const char *file, struct err *err)
{
	char value[80];

	if (!word->text)
		return conf_fail (err, file, node->line, node->column, "the program, %s, cannot be a slot",
			shown (node->value, value));
	if (!word->text[0] || (word->text[0] != '/' && strchr (word->text, '/')))
		return conf_fail (err, file, node->line, node->column,
			"the program must be a name or an absolute path, not '%s'", shown (node->value, value));
	return 0;
}

int command_read (struct command *command, const struct conf_node *list, const struct conf_node *slots,
	const char *file, struct err *err)
{
	struct command_word *words;

	if (list->kind != CONF_LIST || list->n_items == 0 || list->n_items > COMMAND_WORDS_MAX)
		return conf_fail (err, file, list->line, list->column,
			"a command must be a list of 1 to %d words, such as [systemctl, status]", COMMAND_WORDS_MAX);
	if (!(words = calloc (list->n_items, sizeof *words)))
		return err_set (err, 0, "out of memory");
	for (size_t i = 0; i < list->n_items; i++)
		if (read_word (&words[i], list->items[i], slots, file, err) < 0 ||
			(i == 0 && check_program (&words[0], list->items[0], file, err) < 0)) {
			free (words);
			return -1;
		}
	*command = (struct command){ .words = words, .n_words = list->n_items };
	return 0;
}

void command_free (struct command *command)
{
	if (!command)
		return;
	free (command->words);
	*command = (struct command){ 0 };
}

/* --- matching ---------------------------------------------------------------------------------------------------- */

/* Control characters (with NUL) are refused: no sensible argument has a control character, and control characters can
 * forge lines in the program's logs. */
static bool fits (const struct command_word *slot, const char *bytes, size_t n)
{
	if (n > PATTERN_TEXT_MAX || text_has_control (bytes, n) || (n > 0 && bytes[0] == '-' && !slot->dash))
		return false;
	return pattern_matches (slot->pattern, bytes, n);
}

bool command_matches (const struct command *command, const char *const *argv, const size_t *lengths, size_t n)
{
	if (n != command->n_words)
		return false;
	/* Fixed words first: comparing is cheap. */
	for (size_t i = 0; i < n; i++) {
		const char *text = command->words[i].text;

		if (text && (strlen (text) != lengths[i] || memcmp (text, argv[i], lengths[i]) != 0))
			return false;
	}
	for (size_t i = 0; i < n; i++)
		if (!command->words[i].text && !fits (&command->words[i], argv[i], lengths[i]))
			return false;
	return true;
}
