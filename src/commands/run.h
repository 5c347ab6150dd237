/* run - what `remex run` shares with other commands that run a command: its words, as a call of exec.run or exec.shell. */
#ifndef REMEX_COMMANDS_RUN_H
#define REMEX_COMMANDS_RUN_H

#include <stdbool.h>

#include "base/options.h"
#include "cli/many.h"
#include "remex/client.h"

struct run {
	struct remex_options options;
	const char *cwd;
	struct option_list env, limits;
	int format, terminal; /* TERMINAL_… */
	const char *escape;
	bool no_input, quiet, durable;
	double patience; /* --for */
	struct many_options many;
};

/* The verb for the words; the name of the command in messages, NULL: a line of the shell. */
const char *run_verb (const struct command_line *line);
const char *run_program (const struct command_line *line);

/* The arguments of the call. member: one of many, or NULL. NULL: out of memory. */
struct remex_args *run_args (const struct run *run, const struct command_line *line, const struct member *member);

#endif
