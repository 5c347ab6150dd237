/* exec_call - see exec_call.h. */
#include "config.h"

#include <stdlib.h>

#include "base/text.h"
#include "commands/exec_call.h"

const char *exec_call_verb (const struct command_line *line)
{
	return exec_call_program (line) ? "exec.run" : "exec.shell";
}

const char *exec_call_program (const struct command_line *line)
{
	return line->verbatim && line->n_words ? line->words[0] : NULL;
}

struct remex_args *exec_call_args (const struct command_line *line, const char *cwd)
{
	struct remex_args *args = remex_args_new ();
	char *command;

	if (!args)
		return NULL;
	if (exec_call_program (line)) {
		remex_args_strings (args, "argv", (const char *const *)line->words, (size_t)line->n_words);
	} else if (line->n_words) {
		command = text_join (line->words, (size_t)line->n_words);
		remex_args_string (args, "command", command);
		free (command);
	}
	if (cwd)
		remex_args_string (args, "cwd", cwd);
	return args;
}
