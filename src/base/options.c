/* options - see options.h. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/options.h"
#include "base/text.h"

enum { MOST_OPTIONS = 64 }; /* names of one table that are compared with a mistyped name */

/* The state of the parser. */
struct parser {
	struct command_line *line;
	int argc, at; /* argv[at] is the next word */
	char **argv;
	const char *cluster; /* the rest of "-nq" */
	bool ended; /* `--` was read */
	bool word; /* command_line.first was a word */
	struct err *err;
};

/* --- values ------------------------------------------------------------------------------------------------------ */

static int parse_seconds (const char *text, double *seconds)
{
	static const struct {
		const char *unit;
		double factor;
	} units[] = { { "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } };
	size_t digits = strspn (text, "0123456789.");
	double number;
	char *end;

	if (!digits)
		return -1;
	number = strtod (text, &end);
	if (end != text + digits)
		return -1;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (!strcmp (end, units[i].unit)) {
			number *= units[i].factor;
			if (!(number > 0 && number <= 1e9))
				return -1;
			*seconds = number;
			return 0;
		}
	return -1;
}

static int parse_number (const char *text, long least, long most, long *number)
{
	long value;
	char *end;

	errno = 0;
	value = strtol (text, &end, 10);
	if (end == text || *end || errno || value < least || value > most)
		return -1;
	*number = value;
	return 0;
}

static int add (struct parser *parser, struct option_list *list, const char *value)
{
	if (!list->words && !(list->words = calloc ((size_t)parser->argc, sizeof *list->words)))
		return err_set (parser->err, 0, "out of memory");
	list->words[list->n++] = value;
	return 0;
}

static int add_first (struct parser *parser, const char *value)
{
	if (!parser->line->first)
		parser->line->first = value;
	return add (parser, &parser->line->firsts, value);
}

/* Hosts as a word and as an option: the word may have been meant as a part of the command. */
static int set_first (struct parser *parser, const struct option *row, const char *value)
{
	if (parser->word)
		return err_set (parser->err, 0,
			"%s is named twice: '%s' and '%s'; several take -%c before each of them", row->value,
			parser->line->first, value, row->letter);
	return add_first (parser, value);
}

static int take (struct parser *parser, const struct option *row, const char *value)
{
	void *to = (char *)parser->line->values + row->to;
	long least = row->kind == OPTION_COUNT;

	switch (row->kind) {
	case OPTION_FLAG: *(bool *)to = true; break;
	case OPTION_CHOICE: *(int *)to = (int)row->number; break;
	case OPTION_TEXT: *(const char **)to = value; break;
	case OPTION_LIST: return add (parser, to, value);
	case OPTION_PAIRS:
		if (*value == '=' || !strchr (value, '='))
			return err_set (parser->err, 0, "--%s needs %s, not '%s'", row->name, row->value, value);
		return add (parser, to, value);
	case OPTION_SECONDS:
		if (parse_seconds (value, to) < 0)
			return err_set (parser->err, 0, "invalid time '%s' (examples: 30, 1.5, 5m)", value);
		break;
	case OPTION_NUMBER:
	case OPTION_COUNT:
		if (parse_number (value, least, row->number, to) < 0)
			return err_set (parser->err, 0, "invalid value '%s' of --%s (a number from %ld to %ld)", value,
				row->name, least, row->number);
		break;
	case OPTION_FIRST: return set_first (parser, row, value);
	case OPTION_HELP: parser->line->help = true; break;
	}
	return 0;
}

/* --- options ----------------------------------------------------------------------------------------------------- */

static int fail_unknown (struct parser *parser, const char *word)
{
	const struct option *row = parser->line->options;
	const char *names[MOST_OPTIONS], *near = NULL;
	char name[64], hint[128];
	size_t n = 0;

	for (; row->name && n < MOST_OPTIONS; row++)
		if (row->help)
			names[n++] = row->name;
	if (word[1] == '-' && (near = text_nearest (word + 2, names, n))) {
		snprintf (name, sizeof name, "--%s", near);
		near = name;
	}
	return err_set (parser->err, 0, "unknown option '%s'%s", word, text_hint (hint, sizeof hint, near));
}

/* "--timeout", "--timeout=5". */
static int take_name (struct parser *parser)
{
	const char *word = parser->argv[parser->at++], *name = word + 2;
	size_t length = strcspn (name, "=");

	for (const struct option *row = parser->line->options; row->name; row++) {
		if (strlen (row->name) != length || memcmp (row->name, name, length) != 0)
			continue;
		if (!row->value && name[length])
			return err_set (parser->err, 0, "--%s takes no value", row->name);
		if (row->value && name[length])
			return take (parser, row, name + length + 1);
		if (row->value && parser->at == parser->argc)
			return err_set (parser->err, 0, "--%s needs a value: %s", row->name, row->value);
		return take (parser, row, row->value ? parser->argv[parser->at++] : NULL);
	}
	return fail_unknown (parser, word);
}

/* The next letter of a cluster. */
static int take_letter (struct parser *parser)
{
	const char letter[] = { '-', *parser->cluster, '\0' }, *value = NULL;

	for (const struct option *row = parser->line->options; row->name; row++) {
		if (row->letter != letter[1])
			continue;
		parser->cluster++;
		if (row->value) {
			if (*parser->cluster)
				value = parser->cluster;
			else if (parser->at < parser->argc)
				value = parser->argv[parser->at++];
			else
				return err_set (parser->err, 0, "%s needs a value: %s", letter, row->value);
			parser->cluster = "";
		}
		return take (parser, row, value);
	}
	return fail_unknown (parser, letter);
}

/* --- words ------------------------------------------------------------------------------------------------------- */

/* Take a word that is no option: 1. 0: from this word on no options are read. -1 and err. */
static int take_word (struct parser *parser)
{
	struct command_line *line = parser->line;
	char *word = parser->argv[parser->at];

	switch (line->order) {
	case WORDS_MIXED: parser->argv[line->n_words++] = word; break; /* there is room: earlier words have been read */
	case WORDS_LAST:
		if (line->first)
			return 0;
		parser->word = true;
		if (add_first (parser, word) < 0)
			return -1;
		break;
	case WORDS_BEHIND: return 0;
	}
	parser->at++;
	return 1;
}

/* `--`. With WORDS_LAST a first `--` may stand before the first word, and a second one behind it. False: the words
 * follow. */
static bool take_end (struct parser *parser)
{
	struct command_line *line = parser->line;

	parser->at++;
	parser->ended = true;
	line->verbatim = line->order == WORDS_LAST && line->first;
	return !line->verbatim;
}

int options_parse (struct command_line *line, int argc, char **argv, struct err *err)
{
	struct parser parser = { .line = line, .argc = argc, .argv = argv, .cluster = "", .err = err };

	line->first = NULL;
	line->firsts = (struct option_list){ .n = 0 };
	line->n_words = 0;
	line->verbatim = line->help = false;
	while ((*parser.cluster || parser.at < argc) && !line->help) {
		const char *word = argv[parser.at];
		int result = 0;

		if (*parser.cluster) {
			result = take_letter (&parser);
		} else if (!strcmp (word, "--") && !(parser.ended && line->order != WORDS_LAST)) {
			if (!take_end (&parser))
				break;
		} else if (!parser.ended && word[0] == '-' && word[1] == '-') {
			result = take_name (&parser);
		} else if (!parser.ended && word[0] == '-' && word[1]) {
			parser.cluster = word + 1;
			parser.at++;
		} else if ((result = take_word (&parser)) == 0) {
			break;
		}
		if (result < 0)
			return -1;
	}
	if (line->order != WORDS_MIXED) {
		line->words = argv + parser.at;
		line->n_words = argc - parser.at;
	} else if (!line->help) {
		line->words = argv;
		argv[line->n_words] = NULL;
	}
	return 0;
}

void options_free (struct command_line *line)
{
	free (line->firsts.words);
	line->firsts = (struct option_list){ .n = 0 };
	for (const struct option *row = line->options; row->name; row++)
		if (row->kind == OPTION_LIST || row->kind == OPTION_PAIRS) {
			struct option_list *list = (struct option_list *)((char *)line->values + row->to);

			free (list->words);
			*list = (struct option_list){ .n = 0 };
		}
}

void options_help (FILE *to, const struct option *options)
{
	for (const struct option *row = options; row->name; row++) {
		char letter[8] = "", name[64];

		if (!row->help)
			continue;
		if (row->letter)
			snprintf (letter, sizeof letter, "-%c,", row->letter);
		snprintf (
			name, sizeof name, "--%s%s%s", row->name, row->value ? " " : "", row->value ? row->value : "");
		fprintf (to, "  %-3s %-22s %s\n", letter, name, row->help);
	}
}
