/* remex job - jobs: commands that go on without their client (remex(1)). The table of the subcommands, and what they have
 * in common. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/conversation.h"
#include "cli/json.h"
#include "cli/result.h"
#include "cli/say.h"
#include "commands/commands.h"
#include "commands/job.h"

/* --- a call about jobs ------------------------------------------------------------------------------------------- */

struct jobs_called {
	const struct job_settings *settings;
	const struct job_request *request;
};

char *job_args (
	const struct host_target *target, const struct job_settings *settings, const struct job_request *request)
{
	struct remex_args *args = remex_args_new ();
	const char *text;
	char *copy;

	if (!args)
		return NULL;
	remex_args_string (args, "id", job_words_id (target));
	if (request->add_args)
		request->add_args (args, settings);
	text = remex_args_text (args);
	copy = text ? strdup (text) : NULL;
	remex_args_free (args);
	return copy;
}

static int call_one (const struct jobs_called *jobs, const struct host_target *target)
{
	const struct job_settings *settings = jobs->settings;
	struct call call = { .name = jobs->request->call, .options = settings->options };
	char *args = job_args (target, settings, jobs->request);
	struct conversation conversation;
	int status = STATUS_REMEX;

	call.options.args = args;
	call.sink = settings->format ? &sink_collect : settings->raw ? &sink_live : &sink_shown;
	if (!args) {
		complain (NULL, "out of memory");
	} else if (conversation_open_to (&conversation, target, settings->many.connect_timeout) == 0) {
		if (conversation_call (&conversation, &call) == 0) {
			status = result_status (&call);
			console_release_signals (); /* printing may block from here on, and may be interrupted */
			if (settings->format && !call.gave_up && !call.broken) {
				json_print (result_json (&call), settings->format == FORMAT_JSON_LINE);
				status = finish (status);
			} else if (!settings->quiet) {
				result_explain (&call, NULL);
			}
		}
		call_free (&call);
		conversation_close (&conversation);
	}
	free (args);
	return status;
}

static char *arguments_of (struct fanout *fanout, const struct member *member)
{
	const struct jobs_called *jobs = fanout->context;
	char *args = job_args (member->target, jobs->settings, jobs->request);

	if (!args)
		errno = ENOMEM;
	return args;
}

static int call_many (struct jobs_called *jobs, const struct many_hosts *hosts)
{
	const struct job_settings *settings = jobs->settings;
	struct many many = {
		.options = &settings->many, .format = settings->format, .quiet = settings->quiet, .jobs = true
	};

	many.fanout.call = jobs->request->call;
	many.fanout.options = settings->options;
	many.fanout.arguments = arguments_of;
	many.fanout.context = jobs;
	return many_run (&many, hosts);
}

int job_run (const struct subcommand *command, struct command_line *line, const struct job_request *request)
{
	const struct job_settings *settings = line->values;
	struct jobs_called jobs = { settings, request };
	struct job_words words;
	int status;

	if ((status = many_check (command, &settings->many, settings->format)))
		return status;
	if ((status = job_words_read (&words, command, &settings->many, line)) == 0)
		status = many_is_one (&settings->many, &words.hosts) ? call_one (&jobs, words.hosts.targets.targets)
								     : call_many (&jobs, &words.hosts);
	job_words_free (&words);
	return status;
}

/* --- the table --------------------------------------------------------------------------------------------------- */

static const struct subcommand *const subcommands[] = { &cmd_job_start, &cmd_job_list, &cmd_job_logs, &cmd_job_attach,
	&cmd_job_peek, &cmd_job_wait, &cmd_job_kill, &cmd_job_remove };

enum { N_SUBCOMMANDS = sizeof subcommands / sizeof *subcommands };

struct job_frame {
	bool help;
};

static const struct option job_options[] = {
	{ "help", 'h', OPTION_FLAG, offsetof (struct job_frame, help), NULL, "show this", 0 },
	{ 0 },
};

static const char *short_name (const struct subcommand *subcommand)
{
	return strchr (subcommand->name, ' ') + 1;
}

static void overview (FILE *to)
{
	fprintf (to, "usage: remex job COMMAND [options] [words]\n");
	for (int i = 0; i < N_SUBCOMMANDS; i++)
		fprintf (to, "  %-10s %s\n", short_name (subcommands[i]), subcommands[i]->summary);
	fputs ("A job is named HOST:ID, as remex job start prints it.\n"
	       "remex job COMMAND --help shows the options of a command; see also remex(1).\n",
		to);
}

static int run_job (const struct subcommand *command, struct command_line *line)
{
	const struct job_frame *settings = line->values;
	const char *names[N_SUBCOMMANDS], *name = line->n_words ? line->words[0] : NULL;
	char hint[64];

	(void)command;
	if (settings->help || (name && !strcmp (name, "help") && line->n_words == 1)) {
		overview (stdout);
		options_help (stdout, job_options);
		return finish (0);
	}
	for (int i = 0; name && i < N_SUBCOMMANDS; i++) {
		names[i] = short_name (subcommands[i]);
		if (!strcmp (name, names[i]))
			return subcommand_run (subcommands[i], line->n_words - 1, line->words + 1);
	}
	if (name)
		complain (NULL, "job: no command '%s'%s", name,
			text_hint (hint, sizeof hint, text_nearest (name, names, N_SUBCOMMANDS)));
	overview (stderr);
	return STATUS_REMEX;
}

const struct subcommand cmd_job = { "job", "COMMAND [words]",
	"Start commands that go on without a client, and attach to them", job_options, WORDS_BEHIND, -1,
	sizeof (struct job_frame), run_job };
