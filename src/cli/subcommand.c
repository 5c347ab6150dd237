/* subcommand - see subcommand.h. */
#include "config.h"

#include <stdarg.h>
#include <stdlib.h>

#include "cli/say.h"
#include "cli/subcommand.h"

static void print_usage (FILE *to, const struct subcommand *command)
{
	fprintf (to, "usage: remex %s [options]%s%s\n", command->name, *command->words ? " " : "", command->words);
}

void usage_help (const struct subcommand *command)
{
	print_usage (stdout, command);
	printf ("%s.\n\n", command->summary);
	options_help (stdout, command->options);
}

int usage_error (const struct subcommand *command, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start (args, fmt);
	vsnprintf (text, sizeof text, fmt, args);
	va_end (args);
	complain (NULL, "%s: %s", command->name, text);
	print_usage (stderr, command);
	return STATUS_REMEX;
}

int usage_unexpected (const struct subcommand *command, const char *word)
{
	return usage_error (command, "unexpected argument '%s'", word);
}

int subcommand_run (const struct subcommand *command, int argc, char **argv)
{
	struct command_line line = { .options = command->options, .order = command->order };
	struct err err;
	int status;

	if (!(line.values = calloc (1, command->size ? command->size : 1))) {
		complain (NULL, "out of memory");
		return STATUS_REMEX;
	}
	if (options_parse (&line, argc, argv, &err) < 0) {
		status = usage_error (command, "%s", err.text);
	} else if (line.help) {
		usage_help (command);
		status = finish (0);
	} else if (command->most >= 0 && line.n_words > command->most) {
		status = usage_unexpected (command, line.words[command->most]);
	} else {
		status = command->run (command, &line);
	}
	options_free (&line);
	free (line.values);
	return status;
}
