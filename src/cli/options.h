/* options - the words of a command line, by one rule for all commands.
 *
 *   remex COMMAND [option…] HOSTS [option…] [--] [word…]
 *
 * Options stand before HOSTS or between HOSTS and the first word; from there on nothing is parsed. With -w the hosts
 * are named by the option, and all words are the command's. `--` ends the options; before the words it says that they
 * are to be taken one by one (`verbatim`).
 *
 * Where the words are no command's (command->order), options may stand among and behind them too.
 */
#ifndef REMEX_CLI_OPTIONS_H
#define REMEX_CLI_OPTIONS_H

#include <stdbool.h>

/* One row of the table of subcommands. `run` gets the words behind the subcommand's name and returns the exit status. */
struct subcommand {
	const char *name;
	const char *words; /* what stands behind the options: "HOSTS [--] COMMAND" */
	const char *summary; /* one line */
	const struct option *options;
	int (*run) (const struct subcommand *command, int argc, char **argv);
	enum options_order {
		OPTIONS_FIRST, /* HOSTS, and then words, among which nothing is parsed */
		OPTIONS_MIXED, /* options may stand among and behind words */
		OPTIONS_ALONE, /* the same, and no word is HOSTS: only -w names them */
	} order; /* see above */
};

/* A table ends with an empty row. `key` is the letter, or from OPTION_LONG up where there is only the long name. */
struct option {
	int key;
	const char *name;
	const char *value; /* what it takes ("SEC"), or NULL */
	const char *help;
};

enum {
	OPTION_LONG = 256,
	OPTION_JSON,
	OPTION_JSONL,
	OPTION_CWD,
	OPTION_ENV,
	OPTION_IDLE,
	OPTION_ARGS,
	OPTION_INPUT,
	OPTION_SHOW,
	OPTION_REMOVE,
	OPTION_ALLOW,
	OPTION_AS,
	OPTION_FROM,
	OPTION_EXPIRES,
	OPTION_COMMAND,
	OPTION_SLOT,
	OPTION_REPLACE,
	OPTION_ROOT,
	OPTION_SET_ID,
	OPTION_RESUME,
	OPTION_LIVE,
	OPTION_NO_SYNC,
	OPTION_WAIT_OUTPUT
};

/* Rows that many commands have. */
#define OPTION_ROW_HOSTS \
	{ \
		'w', "hosts", "HOSTS", "on these hosts; all words are then the command's" \
	}
#define OPTION_ROW_HELP \
	{ \
		'h', "help", NULL, "show this" \
	}
#define OPTION_ROW_JSON \
	{ \
		OPTION_JSON, "json", NULL, "print one JSON document" \
	}

#define OPTION_ROW_WAIT_OUTPUT \
	{ \
		OPTION_WAIT_OUTPUT, "wait-output", NULL, "end when all of its output has ended, as ssh does" \
	}

struct options {
	const struct subcommand *command;
	int argc;
	char **argv;
	int at; /* the next word */
	const char *cluster; /* the rest of "-nq" */
	bool ended; /* "--" was seen */
	const char *value; /* of the option just returned */
	int status; /* after -1: what to exit with */
	/* What was found: */
	const char *hosts; /* NULL: none named */
	bool verbatim;
	char **words; /* of argv; ends with NULL */
	int n_words;
};

void options_init (struct options *options, const struct subcommand *command, int argc, char **argv);

/* The key of the next option; 0 when there are no more: hosts and words are then filled in; -1 when it was wrong
 * (which has been said) or asked for help (which has been given): exit with `status`. */
int options_next (struct options *options);

/* Say what is wrong with the command line, and how it should look; the exit status of that. */
int options_wrong (const struct options *options, const char *fmt, ...) __attribute__ ((format (printf, 2, 3)));

/* The value of the option as a time: "30", "1.5", "30s", "5m", "2h", "1d", above 0 and at most 1e9 seconds. 0; -1 when
 * it is none (which has been said): exit with `status`. */
int options_seconds (struct options *options, double *seconds);

/* The usage of a subcommand, on stdout or stderr; and with all its options. */
void usage_short (const struct subcommand *command, bool to_stderr);
void usage_long (const struct subcommand *command);

#endif
