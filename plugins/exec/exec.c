/* exec - run a command: its argv as it is (exec.run), or a line for the user's shell, or that shell (exec.shell).
 *
 * There are two verbs because they are two rights: an identity with exec.run alone never gets a shell. The state is the
 * plugin's configuration.
 */
#include <errno.h>
#include <limits.h>
#include <remex/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct exec_settings {
	char *path; /* NULL: the usual one */
	struct remex_limits limits;
};

/* All of the text as a number in that base, without a sign, and at most that. 0 or -1. */
static int number (const char *text, int base, uint64_t most, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull (text, &end, base);
	return *text >= '0' && *text <= '9' && !*end && !errno && *out <= most ? 0 : -1;
}

static int read_limits (struct remex_limits *limits, const struct remex_config *config)
{
	const char *mask = remex_option_string (config, "umask"), *core = remex_option_string (config, "core");
	long long nofile = remex_option_integer (config, "nofile", 1024);
	uint64_t bits = 022;

	*limits = (struct remex_limits){ .size = sizeof *limits, .nofile = (uint64_t)nofile };
	if (mask && number (mask, 8, 0777, &bits) < 0)
		return remex_start_fail (
			config, "umask must be an octal number from 0 to 0777, as 022, not '%s'", mask);
	if (core && !strcmp (core, "unlimited"))
		limits->core = UINT64_MAX;
	else if (core && number (core, 10, UINT64_MAX, &limits->core) < 0)
		return remex_start_fail (config, "core must be a number of bytes, or unlimited, not '%s'", core);
	if (nofile < 16)
		return remex_start_fail (config, "nofile must be at least 16, not %lld", nofile);
	limits->umask = (mode_t)bits;
	return 0;
}

static void exec_stop (void *state)
{
	struct exec_settings *settings = state;

	free (settings->path);
	free (settings);
}

static int exec_start (void **state, const struct remex_config *config)
{
	const char *path = remex_option_string (config, "path");
	struct exec_settings *settings = calloc (1, sizeof *settings);

	if (settings && read_limits (&settings->limits, config) == 0 && (!path || (settings->path = strdup (path)))) {
		*state = settings;
		return 0;
	}
	free (settings);
	return -1;
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
	const struct exec_settings *settings = state;
	struct remex_command command = {
		.size = sizeof command,
		.argv = argv,
		.env = remex_arg_strings (call, "env"),
		.cwd = remex_arg_string (call, "cwd"),
		.path = settings->path,
		.limits = &settings->limits,
	};

	if (!argv[0] || !*argv[0])
		return remex_fail (call, REMEX_ERR_BAD_VALUE, "'argv' must name a command");
	return execute (call, &command);
}

/* Show a file, with the ends of lines that a terminal needs. A file that is not there is no failure. */
static void show_file (struct remex_call *call, const char *path)
{
	FILE *file = fopen (path, "re");
	char line[1024];

	while (file && fgets (line, sizeof line, file)) {
		size_t n = strcspn (line, "\n");

		if (remex_write (call, "stdout", line, n) < 0 ||
			(line[n] && remex_write (call, "stdout", "\r\n", 2) < 0))
			break;
	}
	if (file)
		fclose (file);
}

/* The message of the day, as login(1) shows it: not to a user who has a file ~/.hushlogin. */
static void show_motd (struct remex_call *call)
{
	char hush[PATH_MAX];

	snprintf (hush, sizeof hush, "%s/.hushlogin", remex_home (call));
	if (access (hush, F_OK) == 0)
		return;
	show_file (call, "/run/motd.dynamic");
	show_file (call, "/etc/motd");
}

/* Without a line, the shell is a login shell: its name begins with a dash. */
static int exec_shell (void *state, struct remex_call *call)
{
	const struct exec_settings *settings = state;
	const char *line = remex_arg_string (call, "command"), *shell = remex_shell (call),
		   *slash = strrchr (shell, '/');
	const char *name = slash ? slash + 1 : shell, *argv[] = { name, "-c", line, NULL };
	struct remex_command command = {
		.size = sizeof command,
		.argv = argv,
		.env = remex_arg_strings (call, "env"),
		.file = shell,
		.cwd = remex_arg_string (call, "cwd"),
		.path = settings->path,
		.limits = &settings->limits,
	};
	char login[NAME_MAX + 2];

	if (line)
		return execute (call, &command);
	snprintf (login, sizeof login, "-%s", name);
	argv[0] = login;
	argv[1] = NULL;
	if (remex_has_tty (call))
		show_motd (call);
	return execute (call, &command);
}

static const struct remex_param run_params[] = {
	{ "argv", REMEX_STRINGS, REMEX_REQUIRED | REMEX_COMMAND, "the command and its arguments" },
	{ "cwd", REMEX_STRING, 0, "its working directory; by default the user's home, where a relative path starts" },
	{ "env", REMEX_MAP, 0, "variables added to its environment" },
	{ 0 },
};

static const struct remex_param shell_params[] = {
	{ "command", REMEX_STRING, 0, "the command line for the shell; without it a login shell" },
	{ "cwd", REMEX_STRING, 0, "its working directory; by default the user's home, where a relative path starts" },
	{ "env", REMEX_MAP, 0, "variables added to its environment" },
	{ 0 },
};

static const struct remex_verb verbs[] = {
	{ "run", "Run a command without a shell", run_params, exec_run, REMEX_RUNS | REMEX_TTY },
	{ "shell", "Run a line in the user's shell, or the shell", shell_params, exec_shell, REMEX_RUNS | REMEX_TTY },
	{ 0 },
};

static const struct remex_param options[] = {
	{ "path", REMEX_STRING, 0, "where commands without a slash are looked up, and their PATH" },
	{ "umask", REMEX_STRING, 0, "of commands, in octal; 022 by default" },
	{ "core", REMEX_STRING, 0, "how large a core file may be: bytes, or unlimited; 0 by default" },
	{ "nofile", REMEX_INTEGER, 0, "how many descriptors a command may have open; 1024 by default" },
	{ 0 },
};

REMEX_PLUGIN (.name = "exec", .version = "1.0", .summary = "Run commands", .verbs = verbs, .options = options,
	.start = exec_start, .stop = exec_stop);
