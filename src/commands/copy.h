/* copy - what put and get have in common: options, the words, what is printed. */
#ifndef REMEX_COMMANDS_COPY_H
#define REMEX_COMMANDS_COPY_H

#include "cli/options.h"
#include "cli/say.h"

/* The whole of `remex put` or `remex get`; the exit status. */
int copy_run (const struct subcommand *command, int argc, char **argv, bool put);

extern const struct option copy_options[];

#endif
