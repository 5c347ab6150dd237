/* commands - the subcommands of remex(1), each in a file of its name (put and get are copy.c); commands.c has the table. */
#ifndef REMEX_COMMANDS_COMMANDS_H
#define REMEX_COMMANDS_COMMANDS_H

#include "cli/subcommand.h"

extern const struct subcommand cmd_run, cmd_status, cmd_ping, cmd_plugins, cmd_call, cmd_keygen, cmd_trust,
	cmd_authorize, cmd_revoke, cmd_identities, cmd_reload, cmd_put, cmd_get, cmd_hosts, cmd_discover, cmd_stdio,
	cmd_shell, cmd_job, cmd_replay, cmd_help;

#endif
