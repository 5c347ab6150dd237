/* remex shell - a login shell, or a command, on the terminal of the user (remex(1)). */
#include "config.h"

#include <unistd.h>

#include "cli/console.h"
#include "cli/escapes.h"
#include "cli/many.h"
#include "cli/say.h"
#include "commands/commands.h"
#include "commands/terminal_call.h"

struct shell {
	struct remex_options options;
	const char *cwd, *escape;
	struct option_list env;
	bool quiet;
	struct many_options many;
};

static const struct option shell_options[] = {
	{ "escape", 'e', OPTION_TEXT, offsetof (struct shell, escape), "CHAR",
		"the character before . (leave), ^Z (suspend) and ? (help): ~, ^B, none", 0 },
	{ "cwd", 0, OPTION_TEXT, offsetof (struct shell, cwd), "DIR",
		"start in this directory instead of the user's home", 0 },
	{ "env", 0, OPTION_PAIRS, offsetof (struct shell, env), "NAME=VALUE", "set a variable; may be repeated", 0 },
	OPTION_ROWS_CALL (struct shell, "stop it after this time without a byte of input or output"),
	{ "quiet", 'q', OPTION_FLAG, offsetof (struct shell, quiet), NULL,
		"do not say how it ended: the exit status does", 0 },
	{ "via", 0, OPTION_TEXT, offsetof (struct shell, many.via), "GATEWAY",
		"connect to the host from there: ssh://[USER@]HOST[:PORT]", 0 },
	{ "proxy", 0, OPTION_TEXT, offsetof (struct shell, many.proxy), "CMD",
		"reach the host by this command ('ssh -W %h:%p gateway')", 0 },
	{ "connect-timeout", 0, OPTION_SECONDS, offsetof (struct shell, many.connect_timeout), "SEC",
		"try to reach the host for this time (10)", 0 },
	OPTION_ROW_HELP,
	{ 0 },
};

static int run_shell (const struct subcommand *command, struct command_line *line)
{
	const struct shell *shell = line->values;
	struct terminal_call wanted = { .options = shell->options,
		.cwd = shell->cwd,
		.escape = shell->escape,
		.env = &shell->env,
		.line = line,
		.quiet = shell->quiet,
		.connect_timeout = shell->many.connect_timeout };
	struct escapes escapes;
	struct many_hosts hosts;
	struct err err;
	int status;

	if (!line->first)
		return usage_error (command, "missing host");
	if (escapes_init (&escapes, shell->escape, &err) < 0)
		return usage_error (command, "%s", err.text);
	if (!isatty (STDIN_FILENO)) {
		complain (NULL,
			"shell: standard input is no terminal: remex run %s < FILE runs a script, and remex run -t "
			"%s COMMAND gives a command a terminal there",
			safe (line->first), safe (line->first));
		return STATUS_REMEX;
	}
	if ((status = many_expand (command, &shell->many, &line->firsts, true, &hosts)) == 0) {
		if (hosts.targets.n == 1)
			status = terminal_call_run (&wanted, &hosts.targets.targets[0]);
		else
			status = usage_error (command,
				"%zu hosts, and a terminal is on one (remex run %s COMMAND runs a command on all of "
				"them)",
				hosts.targets.n, safe (line->first));
	}
	many_hosts_free (&hosts);
	return status;
}

const struct subcommand cmd_shell = { "shell", "HOST [--] [COMMAND]",
	"Open a login shell, or run a command, on your terminal", shell_options, WORDS_LAST, -1, sizeof (struct shell),
	run_shell };
