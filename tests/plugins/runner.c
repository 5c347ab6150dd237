/* runner - a plugin that runs commands and is not exec: its verbs declare that, so `commands` and `roots` of an
 * identity apply to them as they do to exec's. The parameter has another name on purpose.
 */
#include <remex/plugin.h>

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
	{ "words", "Run a command", words_params, runner_words, REMEX_RUNS },
	{ "line", "Run a line", line_params, runner_line, REMEX_RUNS },
	{ 0 },
};

REMEX_PLUGIN (.name = "runner", .version = "1", .summary = "Another one that runs commands", .verbs = verbs);
