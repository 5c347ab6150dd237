/* terminal_call - a command, or a login shell, with a terminal on one host: for `remex shell` and `remex run --tty`. */
#ifndef REMEX_COMMANDS_TERMINAL_CALL_H
#define REMEX_COMMANDS_TERMINAL_CALL_H

#include <stdbool.h>

#include "base/options.h"
#include "hosts/hosts.h"
#include "remex/client.h"

struct terminal_call {
	struct remex_options options; /* deadline, idle, user, wait_output */
	const char *cwd, *escape;
	const struct option_list *env;
	const struct command_line *line; /* no words: the user's login shell */
	bool no_input, quiet;
	double connect_timeout; /* seconds; 0: the default */
};

/* The environment of a command on a terminal: what our own says of the terminal, the language and the characters, and then
 * `env`. *n words in new memory, but the words themselves are borrowed; NULL: none, or out of memory. */
const char **terminal_call_environment (const struct option_list *env, size_t *n);

/* Run it to its end. The exit status. */
int terminal_call_run (const struct terminal_call *wanted, const struct host_target *target);

#endif
