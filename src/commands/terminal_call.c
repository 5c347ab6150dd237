/* terminal_call - see terminal_call.h. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "cli/conversation.h"
#include "cli/result.h"
#include "cli/say.h"
#include "cli/terminal_session.h"
#include "commands/exec_call.h"
#include "commands/terminal_call.h"

extern char **environ;

/* A variable that says what the terminal can do, and in which language and characters. */
static bool describes_terminal (const char *variable)
{
	return !strncmp (variable, "COLORTERM=", 10) || !strncmp (variable, "LANG=", 5) ||
	       (!strncmp (variable, "LC_", 3) && strchr (variable, '='));
}

/* The variables of the user come last, and override the others. */
const char **terminal_call_environment (const struct option_list *env, size_t *n)
{
	size_t room = env->n;
	const char **words;

	*n = 0;
	for (char **variable = environ; *variable; variable++)
		room += describes_terminal (*variable);
	if (!room || !(words = calloc (room, sizeof *words)))
		return NULL;
	for (char **variable = environ; *variable; variable++)
		if (describes_terminal (*variable))
			words[(*n)++] = *variable;
	for (size_t i = 0; i < env->n; i++)
		words[(*n)++] = env->words[i];
	return words;
}

static void add_environment (struct remex_args *args, const struct option_list *env)
{
	size_t n;
	const char **words = terminal_call_environment (env, &n);

	if (words)
		remex_args_strings (args, "env", words, n);
	free (words);
}

/* The host is there, or will be. */
static int run (const struct terminal_call *wanted, const char *args, struct conversation *conversation,
	struct terminal_session *session)
{
	struct call call = { .name = exec_call_verb (wanted->line), .options = wanted->options };
	int status = STATUS_REMEX;

	call.options.args = args;
	terminal_session_use (session, &call);
	if (conversation_call (conversation, &call) == 0) {
		status = result_status (&call);
		terminal_session_end (session, &call);
		if (call.gave_up && !wanted->quiet)
			complain (call.where, "left");
		else if (!wanted->quiet)
			result_explain (&call, exec_call_program (wanted->line));
	} else {
		terminal_session_end (session, &call);
	}
	call_free (&call);
	return status;
}

static int open_and_run (const struct terminal_call *wanted, const char *args, const struct host_target *target)
{
	struct terminal_call own = *wanted;
	struct terminal_session *session = malloc (sizeof *session);
	struct conversation conversation;
	int status = STATUS_REMEX;
	struct err err;

	if (target->user && !own.options.user)
		own.options.user = target->user;
	if (!session) {
		complain (NULL, "out of memory");
		return STATUS_REMEX;
	}
	if (terminal_session_open (session, wanted->escape, !wanted->no_input, &err) < 0) {
		complain (NULL, "%s", err.text);
	} else if (conversation_open_to (&conversation, target, wanted->connect_timeout) == 0) {
		status = run (&own, args, &conversation, session);
		conversation_close (&conversation);
	}
	terminal_session_close (session);
	free (session);
	return status;
}

int terminal_call_run (const struct terminal_call *wanted, const struct host_target *target)
{
	struct remex_args *args = exec_call_args (wanted->line, wanted->cwd);
	const char *text = NULL;
	int status = STATUS_REMEX;

	if (args) {
		add_environment (args, wanted->env);
		text = remex_args_text (args);
	}
	if (text)
		status = open_and_run (wanted, text, target);
	else
		complain (NULL, "out of memory");
	remex_args_free (args);
	return status;
}
