/* remex run - run a command: by the user's shell, or, after --, as the words stand (remex(1)). */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/console.h"
#include "cli/json.h"
#include "cli/options.h"
#include "cli/result.h"
#include "cli/say.h"
#include "cli/session.h"
#include "commands/commands.h"

static const struct option run_options[] = {
	{ OPTION_CWD, "cwd", "DIR", "start in this directory instead of the user's home" },
	{ OPTION_ENV, "env", "NAME=VALUE", "set a variable; may be repeated" },
	{ 'u', "timeout", "SEC", "stop it after so long (30, 1.5, 5m, 2h)" },
	{ OPTION_IDLE, "idle-timeout", "SEC", "stop it after so long without a byte of input or output" },
	{ 'l', "user", "USER", "run it as this user" },
	{ 'n', "no-input", NULL, "do not read standard input" },
	{ 'q', "quiet", NULL, "do not say how it ended: the exit status does" },
	OPTION_ROW_HOSTS,
	OPTION_ROW_WAIT_OUTPUT,
	{ OPTION_JSON, "json", NULL, "print a JSON object with all there is to know, at the end" },
	{ OPTION_JSONL, "jsonl", NULL, "the same, on one line" },
	OPTION_ROW_HELP,
	{ 0 },
};

struct run {
	struct remex_options options;
	const char *cwd;
	const char **env;
	size_t n_env;
	bool no_input, quiet, json, one_line;
};

/* Take one option; 0, or -1 when its value is wrong. */
static int take (struct run *run, struct options *options, int key)
{
	const char *value = options->value;

	switch (key) {
	case OPTION_CWD: run->cwd = value; break;
	case OPTION_ENV:
		if (*value == '=' || !strchr (value, '=')) {
			options->status = options_wrong (options, "--env wants NAME=VALUE, not '%s'", value);
			return -1;
		}
		run->env[run->n_env++] = value;
		break;
	case 'u': return options_seconds (options, &run->options.deadline);
	case OPTION_IDLE: return options_seconds (options, &run->options.idle);
	case OPTION_WAIT_OUTPUT: run->options.wait_output = true; break;
	case 'l': run->options.user = value; break;
	case 'n': run->no_input = true; break;
	case 'q': run->quiet = true; break;
	case OPTION_JSONL:
	case OPTION_JSON:
		run->json = true;
		run->one_line = key == OPTION_JSONL;
		break;
	default: break;
	}
	return 0;
}

/* The words with a blank between them, as ssh(1) sends them. */
static char *join (const struct options *options)
{
	size_t size = 1;
	char *text, *end;

	for (int i = 0; i < options->n_words; i++)
		size += strlen (options->words[i]) + 1;
	if (!(text = malloc (size)))
		return NULL;
	end = text;
	*end = '\0';
	for (int i = 0; i < options->n_words; i++) {
		if (i)
			*end++ = ' ';
		end = stpcpy (end, options->words[i]);
	}
	return text;
}

static struct remex_args *make_args (const struct run *run, const struct options *options)
{
	struct remex_args *args = remex_args_new ();
	char *command;

	if (!args)
		return NULL;
	if (options->verbatim) {
		remex_args_strings (args, "argv", (const char *const *)options->words, (size_t)options->n_words);
	} else {
		command = join (options);
		remex_args_string (args, "command", command);
		free (command);
	}
	if (run->cwd)
		remex_args_string (args, "cwd", run->cwd);
	if (run->n_env)
		remex_args_strings (args, "env", run->env, run->n_env);
	return args;
}

/* From a terminal nothing is passed on: what would read it ends at once, without a word. */
static void hint_no_input (const struct run *run, const struct options *options)
{
	static const char *const readers[] = { "sh", "bash", "dash", "zsh", "ksh", "fish", "csh", "tcsh", "cat",
		"python", "python3", "perl", "su", "psql", "mysql" };
	const char *word = options->words[0], *slash = strrchr (word, '/');

	if (run->no_input || run->quiet || options->n_words != 1 || !isatty (STDIN_FILENO))
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
static int run_on (const struct run *run, const struct options *options, const char *args)
{
	struct call call = { .name = options->verbatim ? "exec.run" : "exec.shell", .options = run->options };
	struct session session;
	struct input input;
	int status = STATUS_REMEX;

	call.options.args = args;
	call.sink = run->json ? &sink_collect : &sink_live;
	if (session_open (&session, options->hosts) < 0)
		return STATUS_REMEX;
	hint_no_input (run, options);
	input_init (&input, !run->no_input && !input_is_closed ());
	call.input = &input;
	if (session_call (&session, &call) == 0) {
		status = result_status (&call);
		console_release_signals (); /* what is printed now may block, and may be interrupted */
		if (run->json && !call.gave_up && !call.broken) {
			json_print (result_json (&call), run->one_line);
			status = finish (status);
		} else if (!run->quiet) {
			result_explain (&call, options->verbatim ? options->words[0] : NULL);
		}
	}
	call_free (&call);
	input_close (&input);
	session_close (&session);
	return status;
}

static int run_run (const struct subcommand *command, int argc, char **argv)
{
	const char **env = calloc ((size_t)argc + 1, sizeof *env);
	struct run run = { .env = env };
	struct remex_args *args = NULL;
	struct options options;
	int key, status = STATUS_REMEX;

	options_init (&options, command, argc, argv);
	while (env && (key = options_next (&options)) != 0) {
		if (key < 0 || take (&run, &options, key) < 0) {
			free (env);
			return options.status;
		}
	}
	if (!options.hosts)
		status = options_wrong (&options, "on which host?");
	else if (!options.n_words)
		status = options_wrong (&options, "which command? There is no interactive shell");
	else if (!(args = make_args (&run, &options)) || !remex_args_text (args))
		complain (NULL, "no memory for the arguments");
	else
		status = run_on (&run, &options, remex_args_text (args));
	remex_args_free (args);
	free (env);
	return status;
}

const struct subcommand cmd_run = { "run", "HOSTS [--] COMMAND", "Run a command", run_options, run_run, OPTIONS_FIRST };
