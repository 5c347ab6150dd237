/* options - reads a command line by a table. Each row has the name of an option, the kind of its value, the place for
 * the value, and the text for help.
 *
 *   PROGRAM [option...] [FIRST] [option...] [--] [word...]
 *
 * An option is a letter (-u 5, -u5, and -nq for two that take no value) or a name (--timeout 5, --timeout=5). `--` ends
 * the options.
 */
#ifndef REMEX_BASE_OPTIONS_H
#define REMEX_BASE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

/* The effect of an option on the struct of values. A value is not copied: it points into argv. */
enum option_kind {
	OPTION_FLAG, /* bool: true */
	OPTION_CHOICE, /* int: the row's `number` */
	OPTION_TEXT, /* const char *: the value */
	OPTION_LIST, /* struct option_list: one more value */
	OPTION_PAIRS, /* the same; each value is NAME=VALUE, with a non-empty name */
	OPTION_SECONDS, /* double: a time above 0 and at most 1e9 s, as 30, 1.5, 30s, 5m, 2h, 1d */
	OPTION_NUMBER, /* long: from 0 to the row's `number` */
	OPTION_COUNT, /* long: from 1 to the row's `number` */
	OPTION_FIRST, /* command_line.firsts, in place of the first word, and it may be repeated; no value of the struct */
	OPTION_HELP, /* stop reading: command_line.help */
};

/* A table ends with an empty row. */
struct option {
	const char *name; /* "timeout" of --timeout */
	char letter; /* 'u' of -u; 0: there is none */
	enum option_kind kind;
	size_t to; /* offset of the member of the struct of values */
	const char *value; /* the name of the value in help, "SEC"; NULL: the option takes no value */
	const char *help; /* NULL: help does not show this option */
	long number;
};

/* The values of an option that may be repeated, in order. */
struct option_list {
	const char **words;
	size_t n;
};

enum words_order {
	WORDS_MIXED, /* options may stand among the words and behind them */
	WORDS_LAST, /* the first word is `first`; no option is read behind the second word */
	WORDS_BEHIND, /* no option is read behind the first word, which is one of the words */
};

struct command_line {
	/* Set by the caller: */
	const struct option *options;
	enum words_order order;
	void *values; /* the struct that the rows fill in */

	/* Filled in: */
	const char *first; /* the first value of OPTION_FIRST or, with WORDS_LAST, the first word; NULL: none */
	struct option_list firsts; /* every value of OPTION_FIRST, or `first` alone */
	char **words; /* the other words, in argv; NULL behind the last */
	int n_words;
	bool verbatim; /* WORDS_LAST: `--` stood before the words */
	bool help; /* help was requested: the rest was not read */
};

/* Read argv, which is without the name of the program and ends with NULL; words are moved inside argv. 0, or -1 and
 * err, which names the option and the fault. Call options_free also after a failure. */
int options_parse (struct command_line *line, int argc, char **argv, struct err *err);
void options_free (struct command_line *line);

/* Print a line for each option of a table. */
void options_help (FILE *to, const struct option *options);

#endif
