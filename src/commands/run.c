/* remex run - run a command: by the user's shell, or, after --, as separate words (remex(1)). */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/console.h"
#include "cli/json.h"
#include "cli/result.h"
#include "cli/say.h"
#include "cli/conversation.h"
#include "commands/commands.h"

struct run {
	struct remex_options options;
	const char *cwd;
	struct option_list env;
	bool no_input, quiet;
	int format;
};

static const struct option run_options[] = {
	{ "cwd", 0, OPTION_TEXT, offsetof (struct run, cwd), "DIR",
		"start in this directory instead of the user's home", 0 },
	{ "env", 0, OPTION_PAIRS, offsetof (struct run, env), "NAME=VALUE", "set a variable; may be repeated", 0 },
	OPTION_ROWS_CALL (struct run, "stop it after this time without a byte of input or output"),
	{ "no-input", 'n', OPTION_FLAG, offsetof (struct run, no_input), NULL, "do not read standard input", 0 },
	{ "quiet", 'q', OPTION_FLAG, offsetof (struct run, quiet), NULL,
		"do not say how it ended: the exit status does", 0 },
	{ "hosts", 'w', OPTION_FIRST, 0, "HOSTS", "on these hosts; all words are then the command's", 0 },
	OPTION_ROW_WAIT_OUTPUT (struct run),
	OPTION_ROW_JSON (struct run, "print a JSON object with the whole result, at the end"),
	OPTION_ROW_JSONL (struct run, "the same, on one line"),
	OPTION_ROW_HELP,
	{ 0 },
};

/* The words, separated by blanks, as ssh(1) sends them. */
static char *join (const struct command_line *line)
{
	size_t size = 1;
	char *text, *end;

	for (int i = 0; i < line->n_words; i++)
		size += strlen (line->words[i]) + 1;
	if (!(text = malloc (size)))
		return NULL;
	end = text;
	*end = '\0';
	for (int i = 0; i < line->n_words; i++) {
		if (i)
			*end++ = ' ';
		end = stpcpy (end, line->words[i]);
	}
	return text;
}

static struct remex_args *make_args (const struct run *run, const struct command_line *line)
{
	struct remex_args *args = remex_args_new ();
	char *command;

	if (!args)
		return NULL;
	if (line->verbatim) {
		remex_args_strings (args, "argv", (const char *const *)line->words, (size_t)line->n_words);
	} else {
		command = join (line);
		remex_args_string (args, "command", command);
		free (command);
	}
	if (run->cwd)
		remex_args_string (args, "cwd", run->cwd);
	if (run->env.n)
		remex_args_strings (args, "env", run->env.words, run->env.n);
	return args;
}

/* A terminal is not used as input, so a command that reads its input ends at once, without an error: give a hint. */
static void hint_no_input (const struct run *run, const struct command_line *line)
{
	static const char *const readers[] = { "sh", "bash", "dash", "zsh", "ksh", "fish", "csh", "tcsh", "cat",
		"python", "python3", "perl", "su", "psql", "mysql" };
	const char *word = line->words[0], *slash = strrchr (word, '/');

	if (run->no_input || run->quiet || line->n_words != 1 || !isatty (STDIN_FILENO))
		return;
	for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
		if (!strcmp (slash ? slash + 1 : word, readers[i]))
			complain (NULL,
				"'%s' gets no input: what is typed at a terminal is not passed on. Give it a command "
				"or "
				"a file",
				word);
}

/* The exit status. */
static int run_on (const struct run *run, const struct command_line *line, const char *args)
{
	struct call call = { .name = line->verbatim ? "exec.run" : "exec.shell", .options = run->options };
	struct conversation conversation;
	struct input input;
	int status = STATUS_REMEX;

	call.options.args = args;
	call.sink = run->format ? &sink_collect : &sink_live;
	if (conversation_open (&conversation, line->first) < 0)
		return STATUS_REMEX;
	hint_no_input (run, line);
	input_init (&input, !run->no_input && !input_is_closed ());
	call.input = &input;
	if (conversation_call (&conversation, &call) == 0) {
		status = result_status (&call);
		console_release_signals (); /* printing may block from here on, and may be interrupted */
		if (run->format && !call.gave_up && !call.broken) {
			json_print (result_json (&call), run->format == FORMAT_JSON_LINE);
			status = finish (status);
		} else if (!run->quiet) {
			result_explain (&call, line->verbatim ? line->words[0] : NULL);
		}
	}
	call_free (&call);
	input_close (&input);
	conversation_close (&conversation);
	return status;
}

static int run_run (const struct subcommand *command, struct command_line *line)
{
	const struct run *run = line->values;
	struct remex_args *args;
	int status = STATUS_REMEX;

	if (!line->first)
		return usage_error (command, "missing host");
	if (!line->n_words)
		return usage_error (command, "missing command (there is no interactive shell)");
	if ((args = make_args (run, line)) && remex_args_text (args))
		status = run_on (run, line, remex_args_text (args));
	else
		complain (NULL, "out of memory");
	remex_args_free (args);
	return status;
}

const struct subcommand cmd_run = { "run", "HOSTS [--] COMMAND", "Run a command", run_options, WORDS_LAST, -1,
	sizeof (struct run), run_run };
