/* remex get - copy files from a host (remex(1)); see copy.h and transfer.h. */
#include "config.h"

#include "commands/copy.h"
#include "commands/commands.h"

static int run_get (const struct subcommand *command, int argc, char **argv)
{
	return copy_run (command, argc, argv, false);
}

const struct subcommand cmd_get = { "get", "HOST:SRC... DEST", "Copy files from a host", copy_options, run_get,
	OPTIONS_ALONE };
