/* remex reload - have the daemon of this machine read its configuration and identities again (remex(1)). */
#include "config.h"

#include <stdio.h>

#include "cli/cli.h"
#include "cli/exchange.h"

static const struct option reload_options[] = { OPTION_ROW_HELP, { 0 } };

static int reload (void)
{
	struct exchange exchange = { .call = "reload" };
	struct session session;
	int status = STATUS_REMEX;

	if (session_open (&session, "local") < 0)
		return STATUS_REMEX;
	if (exchange_run (&exchange, &session) == 0) {
		status = exchange_status (&exchange);
		exchange_explain (&exchange, &session, NULL);
	}
	exchange_free (&exchange);
	session_close (&session);
	return finish (status);
}

static int run_reload (const struct command *command, int argc, char **argv)
{
	struct options options;

	options_init (&options, command, argc, argv);
	if (options_next (&options) < 0)
		return options.status;
	if (options.hosts)
		return options_wrong (&options, "it takes no words, such as '%s'", options.hosts);
	return reload ();
}

const struct command cmd_reload = { "reload", "", "Have the daemon here read its files again", reload_options,
	run_reload, OPTIONS_FIRST };
