/* copy - what put and get have in common: options, the words, what is printed. */
#ifndef REMEX_CLI_COPY_H
#define REMEX_CLI_COPY_H

#include "cli/cli.h"

/* The whole of `remex put` or `remex get`; the exit status. */
int copy_run (const struct command *command, int argc, char **argv, bool put);

extern const struct option copy_options[];

#endif
