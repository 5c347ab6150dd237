/* options - see options.h. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/options.h"
#include "cli/say.h"

enum { MOST_OPTIONS = 32 };

void options_init (struct options *options, const struct subcommand *command, int argc, char **argv)
{
	*options = (struct options){ .command = command, .argc = argc, .argv = argv, .words = argv + argc };
}

int options_wrong (const struct options *options, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start (args, fmt);
	vsnprintf (text, sizeof text, fmt, args);
	va_end (args);
	complain (NULL, "%s: %s", options->command->name, text);
	usage_short (options->command, true);
	return STATUS_REMEX;
}

void usage_short (const struct subcommand *command, bool to_stderr)
{
	bool any = command->options->name != NULL;

	fprintf (to_stderr ? stderr : stdout, "usage: remex %s%s%s%s\n", command->name, any ? " [options]" : "",
		*command->words ? " " : "", command->words);
}

void usage_long (const struct subcommand *command)
{
	usage_short (command, false);
	printf ("%s.\n", command->summary);
	if (command->options->name)
		printf ("\n");
	for (const struct option *row = command->options; row->name; row++) {
		char letter[8] = "", name[64];

		if (row->key < OPTION_LONG)
			snprintf (letter, sizeof letter, "-%c,", row->key);
		snprintf (
			name, sizeof name, "--%s%s%s", row->name, row->value ? " " : "", row->value ? row->value : "");
		printf ("  %-3s %-22s %s\n", letter, name, row->help);
	}
}

static int wrong (struct options *options, const char *fmt, const char *first, const char *second)
{
	char text[512];

	snprintf (text, sizeof text, "%s%s%s", fmt, first, second);
	options->status = options_wrong (options, "%s", text);
	return -1;
}

static int unknown (struct options *options, const char *word)
{
	const struct option *row = options->command->options;
	const char *names[MOST_OPTIONS], *near;
	char hint[128] = "";
	size_t n = 0;

	for (; row->name && n < MOST_OPTIONS; row++)
		names[n++] = row->name;
	if (word[0] == '-' && word[1] == '-' && (near = text_nearest (word + 2, names, n)))
		snprintf (hint, sizeof hint, "; did you mean '--%s'?", near);
	options->status = options_wrong (options, "unknown option '%s'%s", word, hint);
	return -1;
}

/* What an option of the table makes of its value. */
static int take (struct options *options, const struct option *row)
{
	if (row->key == 'h') {
		usage_long (options->command);
		options->status = finish (0);
		return -1;
	}
	if (row->key != 'w')
		return row->key;
	if (options->hosts)
		return wrong (options, "the hosts are named twice", "", "");
	options->hosts = options->value;
	return options_next (options);
}

static int take_long (struct options *options)
{
	const char *word = options->argv[options->at++], *name = word + 2;
	size_t length = strcspn (name, "=");

	for (const struct option *row = options->command->options; row->name; row++) {
		if (strlen (row->name) != length || memcmp (row->name, name, length) != 0)
			continue;
		if (row->value && name[length])
			options->value = name + length + 1;
		else if (row->value && options->at < options->argc)
			options->value = options->argv[options->at++];
		else if (row->value)
			return wrong (options, "--", row->name, " wants a value");
		else if (name[length])
			return wrong (options, "--", row->name, " takes no value");
		return take (options, row);
	}
	return unknown (options, word);
}

static int take_letter (struct options *options)
{
	const char letter[3] = { '-', *options->cluster, 0 };

	for (const struct option *row = options->command->options; row->name; row++) {
		if (row->key != letter[1])
			continue;
		options->cluster = options->cluster[1] ? options->cluster + 1 : NULL;
		if (row->value) {
			if (options->cluster)
				options->value = options->cluster;
			else if (options->at < options->argc)
				options->value = options->argv[options->at++];
			else
				return wrong (options, letter, " wants a value", "");
			options->cluster = NULL;
		}
		return take (options, row);
	}
	return unknown (options, letter);
}

/* A word that is no option: true when it was put aside, among those that were before it in argv (which has room: what
 * stood there was read). */
static bool put_aside (struct options *options, char *word)
{
	if (!options->hosts && options->command->order != OPTIONS_ALONE)
		options->hosts = word;
	else if (options->command->order != OPTIONS_FIRST)
		options->argv[options->n_words++] = word;
	else
		return false;
	return true;
}

int options_next (struct options *options)
{
	char *word;

	if (options->cluster)
		return take_letter (options);
	for (; options->at < options->argc; options->at++) {
		word = options->argv[options->at];
		if (!strcmp (word, "--") && !options->verbatim &&
			!(options->ended && (options->command->order != OPTIONS_FIRST))) {
			options->ended = true;
			options->verbatim = options->hosts && options->command->order == OPTIONS_FIRST;
			if (!options->verbatim)
				continue;
			options->at++;
			break;
		}
		if (!options->ended && word[0] == '-' && word[1] == '-')
			return take_long (options);
		if (!options->ended && word[0] == '-' && word[1]) {
			options->cluster = word + 1;
			options->at++;
			return take_letter (options);
		}
		if (!put_aside (options, word))
			break;
	}
	if (options->command->order != OPTIONS_FIRST) {
		options->words = options->argv;
		options->words[options->n_words] = NULL;
		return 0;
	}
	options->words = options->argv + options->at;
	options->n_words = options->argc - options->at;
	return 0;
}

static int parse_seconds (const char *text, double *seconds)
{
	static const struct {
		const char *unit;
		double factor;
	} units[] = { { "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } };
	size_t digits = strspn (text, "0123456789.");
	char *end;

	if (!digits)
		return -1;
	*seconds = strtod (text, &end);
	if (end != text + digits)
		return -1;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (!strcmp (end, units[i].unit)) {
			*seconds *= units[i].factor;
			return *seconds > 0 && *seconds <= 1e9 ? 0 : -1;
		}
	return -1;
}

int options_seconds (struct options *options, double *seconds)
{
	if (parse_seconds (options->value, seconds) == 0)
		return 0;
	options->status = options_wrong (options, "'%s' is no time; 30, 1.5, 30s, 5m, 2h are", options->value);
	return -1;
}
