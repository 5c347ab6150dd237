/* cli - what the commands of remex(1) share. */
#ifndef REMEX_CLI_CLI_H
#define REMEX_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/options.h"

/* Exit statuses of remex itself (remex(1), EXIT STATUS). */
enum { STATUS_TIMED_OUT = 124, STATUS_CANCELLED = 130, STATUS_PIPE = 141, STATUS_REMEX = 255 };

/* One row of the table in main.c; each lives in a file of its name. `run` gets the words behind the command's name and
 * returns the exit status. */
struct command {
	const char *name;
	const char *words; /* what stands behind the options: "HOSTS [--] COMMAND" */
	const char *summary; /* one line */
	const struct option *options;
	int (*run) (const struct command *command, int argc, char **argv);
	enum options_order {
		OPTIONS_FIRST, /* HOSTS, and then words, among which nothing is parsed */
		OPTIONS_MIXED, /* options may stand among and behind words */
		OPTIONS_ALONE, /* the same, and no word is HOSTS: only -w names them */
	} order; /* see options.h */
};

extern const struct command cmd_run, cmd_status, cmd_ping, cmd_plugins, cmd_call, cmd_keygen, cmd_trust, cmd_authorize,
	cmd_revoke, cmd_identities, cmd_reload, cmd_put, cmd_get, cmd_help;

/* One line on stderr: "remex: HOST: text" (host NULL: "remex: text"). Everything in it is made safe for a terminal. */
void complain (const char *host, const char *fmt, ...) __attribute__ ((format (printf, 2, 3)));

/* The usage of a command, on stdout or stderr; of all, and of all its options. */
void usage_short (const struct command *command, bool to_stderr);
void usage_long (const struct command *command);

/* Escaped for a terminal, in one of a few static buffers: for the arguments of one printf. */
const char *safe (const char *text);

/* What was printed goes out now: the status, or, when it does not get out, 255 and a complaint (141 where its reader
 * has gone). */
int finish (int status);

#endif
