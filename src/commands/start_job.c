/* remex job start - start a command as a job, on one host or many (remex(1)). Each job is printed as HOST:ID on a line of
 * its own: the word that the other commands take, whatever the number of hosts is. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/conversation.h"
#include "cli/json.h"
#include "cli/result.h"
#include "cli/say.h"
#include "cli/terminal_session.h"
#include "commands/exec_call.h"
#include "commands/job.h"
#include "commands/run.h"
#include "commands/terminal_call.h"

struct job_order {
	struct run run;
	struct remex_job job;
	bool terminal; /* --tty */
	struct remex_tty tty;
	char term[64];
};

static const struct option start_options[] = {
	{ "name", 0, OPTION_TEXT, offsetof (struct job_order, job.name), "NAME", "a name, which remex job list shows",
		0 },
	{ "input", 0, OPTION_FLAG, offsetof (struct job_order, job.input), NULL,
		"leave its input open, for remex job attach; otherwise it has none", 0 },
	{ "tty", 't', OPTION_FLAG, offsetof (struct job_order, terminal), NULL,
		"give it a terminal, of the kind and size of yours; its input stays open", 0 },
	{ "cwd", 0, OPTION_TEXT, offsetof (struct run, cwd), "DIR",
		"start in this directory instead of the user's home", 0 },
	{ "env", 0, OPTION_PAIRS, offsetof (struct run, env), "NAME=VALUE", "set a variable; may be repeated", 0 },
	OPTION_ROW_LIMIT (struct run),
	OPTION_ROWS_CALL (struct run, "stop it after this time without a byte of input or output"),
	{ "quiet", 'q', OPTION_FLAG, offsetof (struct run, quiet), NULL, "print no warnings and no errors", 0 },
	OPTION_ROW_HOSTS ("on these hosts; all words then belong to the command; may be repeated"),
	OPTION_ROWS_MANY_LETTER (struct run, 0),
	OPTION_ROW_YES (struct run),
	{ "no-variables", 0, OPTION_FLAG, offsetof (struct run, many.no_variables), NULL,
		"do not set REMEX_HOST, REMEX_RANK and REMEX_COUNT", 0 },
	OPTION_ROW_WAIT_OUTPUT (struct run),
	OPTION_ROW_JSON (struct run, "print a JSON object with the whole result, at the end; of many hosts an array"),
	OPTION_ROW_JSONL (struct run, "the same, on one line; of many hosts a line as each ends"),
	OPTION_ROW_HELP,
	{ 0 },
};

enum { ROWS = 24, COLS = 80 }; /* of a terminal whose size is not known */

/* Describe our terminal, which need not be there. 0, or -1 (already reported). */
static int get_terminal (struct job_order *start)
{
	struct terminal_session *session = malloc (sizeof *session);
	struct termios settings;
	struct err err;

	if (!session || terminal_session_open (session, NULL, false, &err) < 0) {
		complain (NULL, "%s", session ? err.text : "out of memory");
		free (session);
		return -1;
	}
	start->tty = session->tty;
	strcpy (start->term, session->term);
	terminal_session_close (session);
	free (session);
	start->tty.term = start->term;
	start->job.input = true; /* what is typed */
	if (!start->tty.rows || !start->tty.cols) {
		start->tty.rows = ROWS;
		start->tty.cols = COLS;
	}
	if (tcgetattr (STDIN_FILENO, &settings) == 0) {
		start->tty.utf8 = settings.c_iflag & IUTF8;
		start->tty.erase = settings.c_cc[VERASE];
	}
	return 0;
}

/* The call is over: print the job. */
static void print_job (const struct job_order *start, const struct call *call)
{
	if (call->result.outcome == REMEX_COMPLETED && !call->skipped && *call->job.id) {
		printf ("%s:%s\n", safe (call->where), call->job.id);
		fflush (stdout);
	}
	if (call->job.warning && !start->run.quiet)
		complain (call->where, "%s", call->job.warning);
}

/* --- one host ---------------------------------------------------------------------------------------------------- */

static int start_on (const struct job_order *start, const struct command_line *line, const struct host_target *target,
	const char *args)
{
	const struct run *run = &start->run;
	struct call call = { .name = exec_call_verb (line), .options = run->options, .sink = &sink_collect };
	struct conversation conversation;
	int status = STATUS_REMEX;

	call.options.args = args;
	call.options.job = &start->job;
	call.options.tty = start->terminal ? &start->tty : NULL;
	if (target->user && !call.options.user)
		call.options.user = target->user;
	if (conversation_open_to (&conversation, target, run->many.connect_timeout) < 0)
		return STATUS_REMEX;
	if (conversation_call (&conversation, &call) == 0) {
		status = result_status (&call);
		console_release_signals ();
		if (run->format && !call.gave_up && !call.broken)
			json_print (result_json (&call), run->format == FORMAT_JSON_LINE);
		else if (!run->quiet)
			result_explain (&call, exec_call_program (line));
		if (!run->format)
			print_job (start, &call);
		status = finish (status);
	}
	call_free (&call);
	conversation_close (&conversation);
	return status;
}

static int start_on_one (
	const struct job_order *start, const struct command_line *line, const struct host_target *target)
{
	char *args = run_args (&start->run, line, NULL);
	int status = STATUS_REMEX;

	if (args)
		status = start_on (start, line, target, args);
	else
		complain (NULL, "out of memory");
	free (args);
	return status;
}

/* --- many hosts -------------------------------------------------------------------------------------------------- */

struct start_words {
	const struct job_order *start;
	const struct command_line *line;
};

static char *arguments_of (struct fanout *fanout, const struct member *member)
{
	const struct start_words *words = fanout->context;

	return run_args (&words->start->run, words->line, member);
}

static void on_ended (struct fanout *fanout, struct member *member)
{
	const struct start_words *words = fanout->context;

	if (member->call.skipped)
		return;
	if (!words->start->run.quiet)
		result_explain (&member->call, fanout->program);
	print_job (words->start, &member->call);
}

static int start_on_many (
	const struct job_order *start, const struct command_line *line, const struct many_hosts *hosts)
{
	const struct run *run = &start->run;
	struct start_words words = { start, line };
	struct many many = { .options = &run->many, .format = run->format, .quiet = run->quiet };

	many.own = !run->format;
	many.fanout.call = exec_call_verb (line);
	many.fanout.options = run->options;
	many.fanout.options.job = &start->job;
	many.fanout.options.tty = start->terminal ? &start->tty : NULL;
	many.fanout.arguments = arguments_of;
	many.fanout.ended = many.own ? on_ended : NULL;
	many.fanout.context = &words;
	many.fanout.program = exec_call_program (line);
	return many_run (&many, hosts);
}

static int start_on_hosts (
	const struct subcommand *command, const struct job_order *start, const struct command_line *line)
{
	const struct many_options *options = &start->run.many;
	struct many_hosts hosts;
	int status;

	if ((status = many_expand (command, options, &line->firsts, false, &hosts)) == 0 &&
		(status = many_confirm (options, &hosts)) == 0)
		status = many_is_one (options, &hosts) ? start_on_one (start, line, &hosts.targets.targets[0])
						       : start_on_many (start, line, &hosts);
	many_hosts_free (&hosts);
	return status;
}

static int run_start (const struct subcommand *command, struct command_line *line)
{
	struct job_order *start = line->values;
	const struct option_list env = start->run.env;
	char *limits;
	int status;

	start->job.size = sizeof start->job;
	if (!line->first)
		return usage_error (command, "missing host");
	if (!line->n_words)
		return usage_error (command, "missing command: type one behind the host");
	if ((status = many_check (command, &start->run.many, start->run.format)) ||
		(status = usage_limits (command, &start->run.limits, &limits)))
		return status;
	start->run.options.limits = limits;
	if (start->terminal && get_terminal (start) < 0) {
		status = STATUS_REMEX;
	} else {
		if (start->terminal)
			start->run.env.words = terminal_call_environment (&env, &start->run.env.n);
		status = start_on_hosts (command, start, line);
		if (start->terminal)
			free (start->run.env.words);
	}
	start->run.env = env;
	free (limits);
	return status;
}

const struct subcommand cmd_job_start = { "job start", "HOSTS [--] COMMAND",
	"Start a command that goes on without us, and print its job", start_options, WORDS_LAST, -1,
	sizeof (struct job_order), run_start };
