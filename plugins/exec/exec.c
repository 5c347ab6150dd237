/* exec - run a command: its argv as it is (exec.run), or a line for the user's shell (exec.shell).
 *
 * Two verbs because they are two rights: an identity may be given exec.run without ever meeting a shell.
 * The state is the configured PATH, or NULL for the usual one.
 */
#include <remex/plugin.h>
#include <stdlib.h>
#include <string.h>

static int exec_start (void **state, const struct remex_config *config)
{
	const char *path = remex_option_string (config, "path");

	if (path && !(*state = strdup (path)))
		return -1;
	return 0;
}

static void exec_stop (void *state)
{
	free (state);
}

static int execute (struct remex_call *call, const struct remex_command *command)
{
	struct remex_child child;

	if (remex_spawn (call, command, &child) < 0)
		return 0; /* never_started is an outcome, not a failure of this plugin */
	return remex_wait (call, &child);
}

static int exec_run (void *state, struct remex_call *call)
{
	const char *const *argv = remex_arg_strings (call, "argv");
	struct remex_command command = {
		.size = sizeof command,
		.argv = argv,
		.env = remex_arg_strings (call, "env"),
		.cwd = remex_arg_string (call, "cwd"),
		.path = state,
	};

	if (!argv[0] || !*argv[0])
		return remex_fail (call, REMEX_ERR_BAD_VALUE, "'argv' must name a command");
	return execute (call, &command);
}

static int exec_shell (void *state, struct remex_call *call)
{
	const char *shell = remex_shell (call), *slash = strrchr (shell, '/');
	const char *argv[] = { slash ? slash + 1 : shell, "-c", remex_arg_string (call, "command"), NULL };
	struct remex_command command = {
		.size = sizeof command,
		.argv = argv,
		.env = remex_arg_strings (call, "env"),
		.file = shell,
		.cwd = remex_arg_string (call, "cwd"),
		.path = state,
	};

	return execute (call, &command);
}

static const struct remex_param run_params[] = {
	{ "argv", REMEX_STRINGS, REMEX_REQUIRED, "the command and its arguments" },
	{ "cwd", REMEX_STRING, 0, "where it starts; the user's home by default, where a relative one begins" },
	{ "env", REMEX_MAP, 0, "variables added to its environment" },
	{ 0 },
};

static const struct remex_param shell_params[] = {
	{ "command", REMEX_STRING, REMEX_REQUIRED, "the line, as the shell reads it" },
	{ "cwd", REMEX_STRING, 0, "where it starts; the user's home by default, where a relative one begins" },
	{ "env", REMEX_MAP, 0, "variables added to its environment" },
	{ 0 },
};

static const struct remex_verb verbs[] = {
	{ "run", "Run a command without a shell", run_params, exec_run, 0 },
	{ "shell", "Run a line in the user's shell", shell_params, exec_shell, 0 },
	{ 0 },
};

static const struct remex_param options[] = {
	{ "path", REMEX_STRING, 0, "where commands without a slash are looked up, and their PATH" },
	{ 0 },
};

REMEX_PLUGIN (.name = "exec", .version = "1.0", .summary = "Run commands", .verbs = verbs, .options = options,
	.start = exec_start, .stop = exec_stop);
