/* run - what `remex run` shares with `remex job start`: its options, and the arguments of its call. */
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

/* The arguments of the call in new memory, which the caller frees. member: one of many, or NULL. NULL with ENOMEM: out of memory. */
char *run_args (const struct run *run, const struct command_line *line, const struct member *member);

#endif
