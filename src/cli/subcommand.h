/* subcommand - a subcommand of remex: a row of the table in src/commands/commands.c, and the parsing of its command line.
 */
#ifndef REMEX_CLI_SUBCOMMAND_H
#define REMEX_CLI_SUBCOMMAND_H

#include <stdio.h>

#include "base/options.h"

struct subcommand {
	const char *name;
	const char *words; /* the words after the options: "HOSTS [--] COMMAND" */
	const char *summary; /* one line */
	const struct option *options;
	enum words_order order;
	int most; /* words, beside the first of WORDS_LAST; -1: any number */
	size_t size; /* of the struct that the options fill in, which begins as zeros */
	/* Run the command line (line->values has the options). Returns the exit status. */
	int (*run) (const struct subcommand *command, struct command_line *line);
};

/* Parse the words after the name of the subcommand and run it, or print its help. The exit status. */
int subcommand_run (const struct subcommand *command, int argc, char **argv);

/* Report an error in the command line, and its correct form. Returns the exit status for that. */
int usage_error (const struct subcommand *command, const char *fmt, ...) __attribute__ ((format (printf, 2, 3)));

/* There is one word too many. */
int usage_unexpected (const struct subcommand *command, const char *word);

/* Check the values of --limit, and join them for remex_options.limits, in new memory (NULL where there are none). 0, or the
 * exit status (already reported). */
int usage_limits (const struct subcommand *command, const struct option_list *limits, char **text);

/* Print the form of the command line, the purpose of the subcommand, and its options on stdout. */
void usage_help (const struct subcommand *command);

/* Option rows that many subcommands share. Output: `--json` and `--jsonl` of a struct with an int `format`. */
enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_JSON_LINE };

#define OPTION_ROW_HELP \
	{ \
		.name = "help", .letter = 'h', .kind = OPTION_HELP, .help = "show this" \
	}
#define OPTION_ROW_JSON(type, about) \
	{ \
		.name = "json", .kind = OPTION_CHOICE, .to = offsetof (type, format), .number = FORMAT_JSON, \
		.help = (about) \
	}
#define OPTION_ROW_JSONL(type, about) \
	{ \
		.name = "jsonl", .kind = OPTION_CHOICE, .to = offsetof (type, format), .number = FORMAT_JSON_LINE, \
		.help = (about) \
	}

/* For a struct with a struct remex_options `options`; OPTION_ROW_LIMIT: with a struct option_list `limits` (usage_limits). */
#define OPTION_ROWS_CALL(type, idle_about) \
	{ "timeout", 'u', OPTION_SECONDS, offsetof (type, options.deadline), "SEC", \
		"stop it after this time (30, 1.5, 5m, 2h)", 0 }, \
		{ "idle-timeout", 0, OPTION_SECONDS, offsetof (type, options.idle), "SEC", idle_about, 0 }, \
	{ \
		"user", 'l', OPTION_TEXT, offsetof (type, options.user), "USER", "run it as this user", 0 \
	}
#define OPTION_ROW_LIMIT(type) \
	{ \
		.name = "limit", .kind = OPTION_LIST, .to = offsetof (type, limits), .value = "LIMIT", \
		.help = "cpu=10s, memory=1GiB, processes, files, file_size, nice, output; may be repeated" \
	}
#define OPTION_ROW_WAIT_OUTPUT(type) \
	{ \
		.name = "wait-output", .kind = OPTION_FLAG, .to = offsetof (type, options.wait_output), \
		.help = "end when all of its output has ended, as ssh does" \
	}

#endif
