/* remex run - run a command: by the user's shell, or, after --, as separate words (remex(1)). */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/console.h"
#include "cli/conversation.h"
#include "cli/escapes.h"
#include "cli/json.h"
#include "cli/many.h"
#include "cli/result.h"
#include "cli/say.h"
#include "commands/commands.h"
#include "commands/exec_call.h"
#include "commands/run.h"
#include "commands/terminal_call.h"

enum { TERMINAL_UNSAID, TERMINAL_WANTED, TERMINAL_NEVER };

static const struct option run_options[] = {
	{ "tty", 't', OPTION_CHOICE, offsetof (struct run, terminal), NULL,
		"give the command a terminal, and join yours to it", TERMINAL_WANTED },
	{ "no-tty", 'T', OPTION_CHOICE, offsetof (struct run, terminal), NULL, "give it none: the default",
		TERMINAL_NEVER },
	{ "escape", 'e', OPTION_TEXT, offsetof (struct run, escape), "CHAR",
		"with -t: the character before . (leave), ^Z (suspend) and ? (help): ~, ^B, none", 0 },
	{ "cwd", 0, OPTION_TEXT, offsetof (struct run, cwd), "DIR",
		"start in this directory instead of the user's home", 0 },
	{ "env", 0, OPTION_PAIRS, offsetof (struct run, env), "NAME=VALUE", "set a variable; may be repeated", 0 },
	OPTION_ROWS_CALL (struct run, "stop it after this time without a byte of input or output"),
	OPTION_ROW_LIMIT (struct run),
	{ "no-input", 'n', OPTION_FLAG, offsetof (struct run, no_input), NULL, "do not read standard input", 0 },
	{ "quiet", 'q', OPTION_FLAG, offsetof (struct run, quiet), NULL,
		"do not say how it ended: the exit status does", 0 },
	OPTION_ROW_HOSTS ("on these hosts; all words then belong to the command; may be repeated"),
	OPTION_ROWS_MANY_LETTER (struct run, 0), /* -t is another option here */
	OPTION_ROW_YES (struct run),
	OPTION_ROWS_VIEWS (struct run),
	{ "no-variables", 0, OPTION_FLAG, offsetof (struct run, many.no_variables), NULL,
		"do not set REMEX_HOST, REMEX_RANK and REMEX_COUNT", 0 },
	{ "durable", 0, OPTION_FLAG, offsetof (struct run, durable), NULL,
		"go on when the connection is cut: connect again, and lose nothing", 0 },
	{ "for", 0, OPTION_SECONDS, offsetof (struct run, patience), "SEC",
		"with --durable: give up when the host was not reached again for this time (1h)", 0 },
	OPTION_ROW_WAIT_OUTPUT (struct run),
	OPTION_ROW_JSON (struct run, "print a JSON object with the whole result, at the end; of many hosts an array"),
	OPTION_ROW_JSONL (struct run, "the same, on one line; of many hosts a line as each ends"),
	OPTION_ROW_HELP,
	{ 0 },
};

/* No command: standard input is a script for the user's shell. */
static bool is_script (const struct command_line *line)
{
	return !line->n_words;
}

/* The environment of the command on one of many hosts. */
static void add_variables (struct remex_args *args, const struct run *run, const struct member *member)
{
	const char **words = calloc (run->env.n + 3, sizeof *words);
	char *own[3] = { NULL, NULL, NULL };

	if (words && asprintf (&own[0], "REMEX_HOST=%s", member->target->label) >= 0 &&
		asprintf (&own[1], "REMEX_RANK=%zu", member->rank) >= 0 &&
		asprintf (&own[2], "REMEX_COUNT=%zu", member->fanout->n) >= 0) {
		for (int i = 0; i < 3; i++)
			words[i] = own[i];
		for (size_t i = 0; i < run->env.n; i++)
			words[3 + i] = run->env.words[i]; /* variables of the user come later, and override these */
		remex_args_strings (args, "env", words, run->env.n + 3);
	}
	for (int i = 0; i < 3; i++)
		free (own[i]);
	free (words);
}

char *run_args (const struct run *run, const struct command_line *line, const struct member *member)
{
	struct remex_args *args = exec_call_args (line, run->cwd);
	const char *text = NULL;
	char *copy;

	if (args && is_script (line))
		remex_args_string (args, "command", "exec \"$SHELL\""); /* which reads its input */
	if (args && member && !run->many.no_variables)
		add_variables (args, run, member);
	else if (args && run->env.n)
		remex_args_strings (args, "env", run->env.words, run->env.n);
	if (args)
		text = remex_args_text (args);
	copy = text ? strdup (text) : NULL;
	remex_args_free (args);
	if (!copy)
		errno = ENOMEM;
	return copy;
}

/* A terminal is not used as input, so a command that reads its input ends at once, without an error: give a hint. */
static void hint_no_input (const struct run *run, const struct command_line *line)
{
	static const char *const readers[] = { "sh", "bash", "dash", "zsh", "ksh", "fish", "csh", "tcsh", "cat",
		"python", "python3", "perl", "su", "psql", "mysql" };
	const char *word, *slash;

	if (run->terminal == TERMINAL_WANTED || run->no_input || run->quiet || line->n_words != 1 ||
		!isatty (STDIN_FILENO))
		return;
	word = line->words[0];
	slash = strrchr (word, '/');
	for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
		if (!strcmp (slash ? slash + 1 : word, readers[i]))
			complain (NULL,
				"'%s' gets no input: input from a terminal is not passed on. Give it a command "
				"or a file, or a terminal (-t)",
				word);
}

static double patience_of (const struct run *run)
{
	return run->patience > 0 ? run->patience : DURABLE_PATIENCE;
}

/* We have left a durable call: its job may go on. */
static void explain_job (const struct call *call)
{
	if (call->durable && call->gave_up && *call->job.id)
		complain (call->where, "the command may go on there: remex job attach %s:%s, or remex job kill",
			call->where, call->job.id);
}

/* On one host. The exit status. */
static int run_on (
	const struct run *run, const struct command_line *line, const struct host_target *target, const char *args)
{
	struct call call = { .name = exec_call_verb (line), .options = run->options };
	struct durable_call durable = { .patience = patience_of (run) };
	struct conversation conversation;
	struct input input;
	int status = STATUS_REMEX;

	call.options.args = args;
	call.sink = run->format ? &sink_collect : &sink_live;
	call.command = is_script (line) ? NULL : line->words[0];
	if (target->user && !call.options.user)
		call.options.user = target->user;
	if (conversation_open_to (&conversation, target, run->many.connect_timeout) < 0)
		return STATUS_REMEX;
	hint_no_input (run, line);
	input_init (&input, !run->no_input && !input_is_closed ());
	call.input = &input;
	if (run->durable || target->durable)
		call.durable = &durable;
	if (call.durable && durable_open (&durable, !input.none, input.bytes, input.first) < 0)
		complain (NULL, "out of memory");
	else if (conversation_call (&conversation, &call) == 0) {
		status = result_status (&call);
		console_release_signals (); /* printing may block from here on, and may be interrupted */
		if (run->format && !call.gave_up && !call.broken) {
			json_print (result_json (&call), run->format == FORMAT_JSON_LINE);
			status = finish (status);
		} else if (!run->quiet) {
			result_explain (&call, exec_call_program (line));
			explain_job (&call);
		}
	}
	call_free (&call);
	durable_close (&durable);
	input_close (&input);
	conversation_close (&conversation);
	return status;
}

static int run_on_one (const struct run *run, const struct command_line *line, const struct host_target *target)
{
	char *args = run_args (run, line, NULL);
	int status = STATUS_REMEX;

	if (args)
		status = run_on (run, line, target, args);
	else
		complain (NULL, "out of memory");
	free (args);
	return status;
}

/* --- many hosts -------------------------------------------------------------------------------------------------- */

struct words {
	const struct run *run;
	const struct command_line *line;
};

static char *arguments_of (struct fanout *fanout, const struct member *member)
{
	const struct words *words = fanout->context;

	return run_args (words->run, words->line, member);
}

static int run_on_many (const struct run *run, const struct command_line *line, const struct many_hosts *hosts)
{
	struct words words = { run, line };
	struct many many = { .options = &run->many, .format = run->format, .quiet = run->quiet };
	struct input input;
	int status;

	hint_no_input (run, line);
	input_init (&input, !run->no_input && !input_is_closed ());
	many.fanout.call = exec_call_verb (line);
	many.fanout.options = run->options;
	many.fanout.arguments = arguments_of;
	many.fanout.context = &words;
	many.fanout.input = &input;
	many.fanout.program = exec_call_program (line);
	many.fanout.durable = run->durable;
	many.fanout.patience = patience_of (run);
	status = many_run (&many, hosts);
	input_close (&input);
	return status;
}

/* --- on a terminal ------------------------------------------------------------------------------------------------ */

static int run_on_terminal (const struct subcommand *command, const struct run *run, const struct command_line *line,
	const struct many_hosts *hosts)
{
	struct terminal_call wanted = { .options = run->options,
		.cwd = run->cwd,
		.escape = run->escape,
		.env = &run->env,
		.line = line,
		.no_input = run->no_input,
		.quiet = run->quiet,
		.connect_timeout = run->many.connect_timeout };

	if (hosts->targets.n > 1)
		return usage_error (command, "%zu hosts, and a terminal (-t) is on one: name one host, or leave out -t",
			hosts->targets.n);
	return terminal_call_run (&wanted, &hosts->targets.targets[0]);
}

/* Is it the time of an option -t that other commands have (5, 1.5, 5m), and no address? */
static bool is_time (const char *word)
{
	size_t n = strspn (word, "0123456789");

	if (n && word[n] == '.')
		n += 1 + strspn (word + n + 1, "0123456789");
	return n && (!word[n] || (strchr ("smhd", word[n]) && !word[n + 1]));
}

/* Does -t go together with the rest? 0, or the exit status. */
static int check_terminal (const struct subcommand *command, const struct run *run, const struct command_line *line)
{
	struct escapes escapes;
	struct err err;

	if (run->terminal != TERMINAL_WANTED)
		return run->escape ? usage_error (command, "-e %s is for a terminal (-t)", run->escape) : 0;
	if (is_time (line->first))
		return usage_error (command,
			"-t gives the command a terminal; the time to connect is --connect-timeout %s", line->first);
	if (!line->n_words)
		return usage_error (command,
			"missing command: type one behind the host (remex shell %s is an interactive shell)",
			line->first);
	if (run->durable)
		return usage_error (command,
			"-t and --durable do not go together: remex job start --tty %s COMMAND, then remex job attach",
			line->first);
	if (run->format)
		return usage_error (
			command, "-t and --json do not go together: a terminal shows what the command does");
	if (escapes_init (&escapes, run->escape, &err) < 0)
		return usage_error (command, "%s", err.text);
	return 0;
}

/* --- the command -------------------------------------------------------------------------------------------------- */

/* There is no command: is there a script? 0, or the exit status. */
static int check_script (const struct subcommand *command, const struct run *run)
{
	if (run->no_input)
		return usage_error (command, "missing command: with -n no script is read from standard input either");
	if (isatty (STDIN_FILENO))
		return usage_error (command, "missing command: type one behind the host, or let a script be read: "
					     "remex run HOST < script.sh (remex shell HOST is an interactive shell)");
	if (input_is_closed () || input_is_null ())
		return usage_error (command, "missing command: type one behind the host, or let a script be read: "
					     "remex run HOST < script.sh");
	return 0;
}

static int run_run (const struct subcommand *command, struct command_line *line)
{
	struct run *run = line->values;
	struct many_hosts hosts;
	char *limits;
	int status;

	if (!line->first)
		return usage_error (command, "missing host");
	if ((status = check_terminal (command, run, line)))
		return status;
	if (!line->n_words && (status = check_script (command, run)))
		return status;
	if ((status = many_check (command, &run->many, run->format)) ||
		(status = usage_limits (command, &run->limits, &limits)))
		return status;
	run->options.limits = limits;
	if ((status = many_expand (command, &run->many, &line->firsts, !run->no_input, &hosts)) == 0 &&
		(status = many_confirm (&run->many, &hosts)) == 0)
		status = run->terminal == TERMINAL_WANTED   ? run_on_terminal (command, run, line, &hosts)
			 : many_is_one (&run->many, &hosts) ? run_on_one (run, line, &hosts.targets.targets[0])
							    : run_on_many (run, line, &hosts);
	many_hosts_free (&hosts);
	free (limits);
	return status;
}

const struct subcommand cmd_run = { "run", "HOSTS [--] [COMMAND]", "Run a command, or a script from standard input",
	run_options, WORDS_LAST, -1, sizeof (struct run), run_run };
