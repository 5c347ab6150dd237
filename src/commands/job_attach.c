/* remex job attach - the live output of a job, and its input (remex(1)). The client that leaves detaches: the job goes on.
 */
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/console.h"
#include "cli/conversation.h"
#include "cli/result.h"
#include "cli/say.h"
#include "cli/terminal_session.h"
#include "commands/job.h"

struct attachment {
	struct job_settings job;
	bool read_only, no_input, only_new;
	long since;
	const char *escape;
};

static const struct option attach_options[] = {
	{ "read-only", 'r', OPTION_FLAG, offsetof (struct attachment, read_only), NULL,
		"send no input, no signals and no size of the terminal", 0 },
	{ "no-input", 'n', OPTION_FLAG, offsetof (struct attachment, no_input), NULL, "do not read standard input", 0 },
	{ "escape", 'e', OPTION_TEXT, offsetof (struct attachment, escape), "CHAR",
		"of a job with a terminal: the character before . (detach), ^Z (suspend) and ? (help): ~, ^B, none",
		0 },
	{ "since", 0, OPTION_NUMBER, offsetof (struct attachment, since), "OFFSET",
		"begin at this byte of its output; without this at the first that is kept", LONG_MAX },
	{ "new", 0, OPTION_FLAG, offsetof (struct attachment, only_new), NULL, "only the output that comes from now on",
		0 },
	{ "quiet", 'q', OPTION_FLAG, offsetof (struct job_settings, quiet), NULL,
		"do not say how it ended: the exit status does", 0 },
	OPTION_ROW_RAW,
	OPTION_ROWS_JOBS,
	OPTION_ROW_HELP,
	{ 0 },
};

static void add_args (struct remex_args *args, const struct job_settings *settings)
{
	const struct attachment *attach = (const struct attachment *)settings;
	char number[32];

	if (attach->since || attach->only_new) {
		snprintf (number, sizeof number, "%ld", attach->only_new ? -1 : attach->since);
		remex_args_json (args, "since", number);
	}
	if (attach->read_only)
		remex_args_json (args, "read_only", "true");
}

/* The call is over, and the job may go on. */
static void say_detached (const struct call *call, const struct host_target *target)
{
	if (call->gave_up || call->result.outcome == REMEX_CANCELLED ||
		(call->result.outcome == REMEX_LOST && !*call->result.json))
		complain (NULL, "the job goes on; to come back: remex job attach %s", target->label);
}

/* --- our terminal, which a job with a terminal gets --------------------------------------------------------------- */

static int wait_for_job (struct call *call)
{
	(void)call;
	return 0;
}

static void announce (struct call *call)
{
	terminal_session_announce (call->data, call);
}

static int take_live (struct call *call, const char *stream, const void *bytes, size_t n)
{
	return sink_live.take (call, stream, bytes, n);
}

static void on_attached (struct call *call);

/* Until the server has said whether the job has a terminal. */
static const struct sink sink_attach = {
	.take = take_live, .begun = announce, .send = wait_for_job, .attached = on_attached
};
static const struct sink sink_attach_raw = {
	.take = take_live, .begun = announce, .send = wait_for_job, .attached = on_attached
};

static void on_attached (struct call *call)
{
	if (call->job.tty)
		terminal_session_join (call->data, call);
	else
		call->sink = call->sink == &sink_attach_raw ? &sink_live : &sink_shown;
}

/* --- the call ----------------------------------------------------------------------------------------------------- */

static int attach_to (const struct attachment *attach, const struct host_target *target, const char *args,
	struct terminal_session *session)
{
	struct call call = {
		.name = "job.attach", .options = attach->job.options, .sink = attach->job.raw ? &sink_live : &sink_shown
	};
	struct conversation conversation;
	struct input input;
	int status = STATUS_REMEX;

	call.options.args = args;
	if (conversation_open_to (&conversation, target, attach->job.many.connect_timeout) < 0)
		return STATUS_REMEX;
	input_init (&input, !session && !attach->read_only && !attach->no_input && !input_is_closed ());
	call.input = &input;
	if (session) {
		call.sink = attach->job.raw ? &sink_attach_raw : &sink_attach;
		call.data = session;
		call.options.window = TERMINAL_SESSION_WINDOW;
	}
	if (conversation_call (&conversation, &call) == 0) {
		status = result_status (&call);
		if (session)
			terminal_session_end (session, &call);
		console_release_signals ();
		if (!attach->job.quiet) {
			result_explain (&call, NULL);
			say_detached (&call, target);
		}
	}
	call_free (&call);
	input_close (&input);
	conversation_close (&conversation);
	return status;
}

/* With our terminal, where standard input is one. */
static int attach_by_terminal (const struct attachment *attach, const struct host_target *target, const char *args)
{
	struct terminal_session *session = malloc (sizeof *session);
	int status = STATUS_REMEX;
	struct err err;

	if (!session) {
		complain (NULL, "out of memory");
		return STATUS_REMEX;
	}
	if (terminal_session_open (session, attach->escape, true, &err) < 0) {
		complain (NULL, "%s", err.text);
	} else {
		session->read_only = attach->read_only;
		status = attach_to (attach, target, args, session);
	}
	terminal_session_close (session);
	free (session);
	return status;
}

static int run_attach (const struct subcommand *command, struct command_line *line)
{
	const struct attachment *attach = line->values;
	const struct job_request request = { "job.attach", add_args };
	const struct host_target *target;
	struct job_words words;
	char *args;
	struct escapes escapes;
	struct err err;
	int status;

	if (escapes_init (&escapes, attach->escape, &err) < 0)
		return usage_error (command, "%s", err.text);
	status = job_words_read (&words, command, &attach->job.many, line);
	if (status == 0) {
		target = words.hosts.targets.targets;
		if ((args = job_args (target, &attach->job, &request))) {
			status = isatty (STDIN_FILENO) && !attach->no_input ? attach_by_terminal (attach, target, args)
									    : attach_to (attach, target, args, NULL);
		} else {
			complain (NULL, "out of memory");
			status = STATUS_REMEX;
		}
		free (args);
	}
	job_words_free (&words);
	return status;
}

const struct subcommand cmd_job_attach = { "job attach", "ID", "Attach to a job: its output as it comes, and its input",
	attach_options, WORDS_MIXED, 1, sizeof (struct attachment), run_attach };
