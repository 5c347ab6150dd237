/* remex put - copy files to a host (remex(1)); see copy.h and transfer.h. */
#include "config.h"

#include "commands/copy.h"
#include "commands/commands.h"

static int run_put (const struct subcommand *command, int argc, char **argv)
{
	return copy_run (command, argc, argv, true);
}

const struct subcommand cmd_put = { "put", "SRC... HOST:DEST", "Copy files to a host", copy_options, run_put,
	OPTIONS_ALONE };
