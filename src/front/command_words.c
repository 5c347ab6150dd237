/* command_words - see command_words.h. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "front/command_words.h"
#include "wire/header.h"

/* Append a word of the command, quoted as for a shell, cut at the end. */
static void add_word (char *text, size_t size, const json_t *value)
{
	size_t n = strlen (text);
	char *word = header_string (value, NULL, NULL), plain[COMMAND_WORDS], quoted[COMMAND_WORDS];

	if (!word)
		return;
	text_plain (plain, sizeof plain, word, strlen (word));
	snprintf (text + n, size - n, "%s%s", n ? " " : "", text_quote (quoted, sizeof quoted, plain));
	free (word);
}

void command_words (char text[COMMAND_WORDS], const struct verb *verb, const json_t *args)
{
	const json_t *command = json_object_get (args, verb->command ? verb->command : "command"), *word;
	char cut[COMMAND_WORDS], *json;
	size_t i;

	text[0] = '\0';
	if (json_is_array (command)) {
		json_array_foreach (command, i, word) add_word (text, COMMAND_WORDS, word);
	} else if (json_is_string (command)) {
		text_plain (text, COMMAND_WORDS, json_string_value (command), json_string_length (command));
	} else if (json_object_size (args) && (json = json_dumps (args, JSON_COMPACT))) {
		text_plain (text, COMMAND_WORDS, json, strlen (json));
		free (json);
	}
	/* A cut may have split a character. */
	text_plain (cut, sizeof cut, text, strlen (text));
	strcpy (text, cut);
}
