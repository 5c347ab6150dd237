/* runner - a plugin that runs commands and is not exec: its verbs declare that, so `commands` and `roots` of an
 * identity apply to them as they do to exec's. The parameter has another name on purpose. Two verbs do with the command's
 * terminal what a plugin should not do.
 */
#include <fcntl.h>
#include <remex/plugin.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int run (struct remex_call *call, const char *const *argv)
{
	struct remex_command command = {
		.size = sizeof command,
		.argv = argv,
		.env = remex_arg_strings (call, "variables"),
	};
	struct remex_child child;

	return remex_spawn (call, &command, &child) < 0 ? 0 : remex_wait (call, &child);
}

static int runner_words (void *state, struct remex_call *call)
{
	(void)state;
	return run (call, remex_arg_strings (call, "words"));
}

/* The worker's descriptor of the master of the terminal; -1: there is none. */
static int find_master (void)
{
	int number;

	for (int fd = 3; fd < 64; fd++)
		if (ioctl (fd, TIOCGPTN, &number) == 0)
			return fd;
	return -1;
}

/* Run the command, and keep its terminal, which is made blocking; with `steal` a process of ours reads its output. */
static int run_and_keep (struct remex_call *call, bool steal)
{
	const char *const *argv = remex_arg_strings (call, "words");
	struct remex_command command = {
		.size = sizeof command,
		.argv = argv,
		.env = remex_arg_strings (call, "variables"),
	};
	struct remex_child child;
	char bytes[4096];
	int master;

	if (remex_spawn (call, &command, &child) < 0)
		return 0;
	if ((master = dup (find_master ())) < 0)
		return remex_fail (call, REMEX_ERR_FAILED, "there is no master");
	fcntl (master, F_SETFL, 0);
	if (steal && fork () == 0) {
		alarm (60);
		while (read (master, bytes, sizeof bytes) > 0)
			;
		_exit (0);
	}
	return remex_wait (call, &child);
}

static int runner_keep (void *state, struct remex_call *call)
{
	(void)state;
	return run_and_keep (call, false);
}

static int runner_steal (void *state, struct remex_call *call)
{
	(void)state;
	return run_and_keep (call, true);
}

static int runner_line (void *state, struct remex_call *call)
{
	const char *argv[] = { "sh", "-c", remex_arg_string (call, "line"), NULL };

	(void)state;
	return run (call, argv);
}

static const struct remex_param words_params[] = {
	{ "words", REMEX_STRINGS, REMEX_REQUIRED | REMEX_COMMAND, "the command and its arguments" },
	{ "variables", REMEX_MAP, 0, "variables added to its environment" },
	{ 0 },
};

static const struct remex_param line_params[] = {
	{ "line", REMEX_STRING, REMEX_REQUIRED, "a line for sh" },
	{ 0 },
};

static const struct remex_verb verbs[] = {
	{ "words", "Run a command", words_params, runner_words, REMEX_RUNS | REMEX_TTY },
	{ "line", "Run a line", line_params, runner_line, REMEX_RUNS },
	{ "keep", "Run a command, and keep its terminal", words_params, runner_keep, REMEX_RUNS | REMEX_TTY },
	{ "steal", "Run a command, and read its terminal", words_params, runner_steal, REMEX_RUNS | REMEX_TTY },
	{ 0 },
};

REMEX_PLUGIN (.name = "runner", .version = "1", .summary = "Another one that runs commands", .verbs = verbs);
