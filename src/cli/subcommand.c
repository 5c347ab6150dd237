/* subcommand - see subcommand.h. */
#include "config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/say.h"
#include "cli/subcommand.h"
#include "wire/call_limits.h"

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

int usage_limits (const struct subcommand *command, const struct option_list *limits, char **text)
{
	struct call_limits read = { { 0 } };
	size_t size = 1, used = 0;
	struct err err;

	*text = NULL;
	for (size_t i = 0; i < limits->n; i++) {
		if (call_limits_parse (&read, limits->words[i], &err) < 0)
			return usage_error (command, "%s", err.text);
		size += strlen (limits->words[i]) + 1;
	}
	if (!limits->n)
		return 0;
	if (!(*text = malloc (size))) {
		complain (NULL, "out of memory");
		return STATUS_REMEX;
	}
	for (size_t i = 0; i < limits->n; i++)
		used += (size_t)sprintf (*text + used, "%s%s", i ? "," : "", limits->words[i]);
	return 0;
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
