/* remex job attach - the live output of a job, and its input (remex(1)). The client that leaves detaches: the job goes on.
 */
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/console.h"
#include "cli/conversation.h"
#include "cli/result.h"
#include "cli/say.h"
#include "commands/job.h"

struct attachment {
	struct job_settings job;
	bool read_only, no_input, only_new;
	long since;
};

static const struct option attach_options[] = {
	{ "read-only", 'r', OPTION_FLAG, offsetof (struct attachment, read_only), NULL,
		"send no input, no signals and no size of the terminal", 0 },
	{ "no-input", 'n', OPTION_FLAG, offsetof (struct attachment, no_input), NULL, "do not read standard input", 0 },
	{ "since", 0, OPTION_NUMBER, offsetof (struct attachment, since), "OFFSET",
		"begin at this byte of its output; without this at the first that is kept", LONG_MAX },
	{ "new", 0, OPTION_FLAG, offsetof (struct attachment, only_new), NULL, "only the output that comes from now on",
		0 },
	{ "quiet", 'q', OPTION_FLAG, offsetof (struct job_settings, quiet), NULL,
		"do not say how it ended: the exit status does", 0 },
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

static int attach_to (const struct attachment *attach, const struct host_target *target, const char *args)
{
	struct call call = { .name = "job.attach", .options = attach->job.options, .sink = &sink_live };
	struct conversation conversation;
	struct input input;
	int status = STATUS_REMEX;

	call.options.args = args;
	if (conversation_open_to (&conversation, target, attach->job.many.connect_timeout) < 0)
		return STATUS_REMEX;
	input_init (&input, !attach->read_only && !attach->no_input && !input_is_closed ());
	call.input = &input;
	if (conversation_call (&conversation, &call) == 0) {
		status = result_status (&call);
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

static int run_attach (const struct subcommand *command, struct command_line *line)
{
	const struct attachment *attach = line->values;
	const struct job_request request = { "job.attach", add_args };
	const struct host_target *target;
	struct job_words words;
	char *args;
	int status = job_words_read (&words, command, &attach->job.many, line);

	if (status == 0) {
		target = words.hosts.targets.targets;
		if ((args = job_args (target, &attach->job, &request))) {
			status = attach_to (attach, target, args);
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
