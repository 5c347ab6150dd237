/* result - see result.h. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json.h"
#include "cli/result.h"
#include "cli/say.h"
#include "wire/call_limits.h"
#include "wire/codes.h"

int result_status (const struct call *call)
{
	const struct remex_result *result = &call->result;

	if (call->broken)
		return call->broken == EPIPE ? STATUS_PIPE : STATUS_REMEX;
	switch (result->outcome) {
	case REMEX_EXITED: return result->exit;
	case REMEX_SIGNALLED: return 128 + result->signal;
	case REMEX_TIMED_OUT: return STATUS_TIMED_OUT;
	case REMEX_CANCELLED: return STATUS_CANCELLED;
	case REMEX_COMPLETED: return 0;
	case REMEX_NEVER_STARTED:
	case REMEX_FAILED:
	case REMEX_LOST:
	case REMEX_UNREACHABLE: break;
	}
	return STATUS_REMEX;
}

/* Lines that are collected. */
struct result_text {
	char (*text)[RESULT_LINE];
	int n;
};

static void add (struct result_text *lines, const char *fmt, ...) __attribute__ ((format (printf, 2, 3)));

static void add (struct result_text *lines, const char *fmt, ...)
{
	va_list args;

	if (lines->n == RESULT_LINES)
		return;
	va_start (args, fmt);
	vsnprintf (lines->text[lines->n++], RESULT_LINE, fmt, args);
	va_end (args);
}

/* Has a limit other than those of time ended it? */
static bool is_bound (const struct remex_result *result)
{
	return result->limit && *result->limit &&
	       (result->outcome != REMEX_TIMED_OUT || !strcmp (result->limit, call_limit_row (LIMIT_OUTPUT)->word));
}

static void explain_bound (const struct remex_result *result, struct result_text *lines)
{
	const struct call_limit_row *row = call_limit_row (call_limit_of (result->limit));
	bool known = result->limit_value > 0 && result->limit_value < 1e15;
	char value[QUANTITY_SHOWN] = "";

	if (known && row->quantity == QUANTITY_TIME)
		snprintf (value, sizeof value, "%g s", result->limit_value);
	else if (known)
		quantity_show (row->quantity, (long long)result->limit_value, value);
	add (lines, "the limit of %s%s%s%s ended it", *row->words ? row->words : result->limit, known ? " (" : "",
		value, known ? ")" : "");
}

static void explain_time (const struct call *call, struct result_text *lines)
{
	bool idle = !strcmp (call->result.limit, "idle");
	double wanted = idle ? call->options.idle : call->options.deadline, value = call->result.limit_value;
	bool stricter = value > 0 && (wanted == 0 || value < wanted);
	double seconds = value > 0 ? value : wanted;
	const char *waited = call->result.started ? "" : "; it was still waiting for its turn";

	if (*call->result.message)
		add (lines, "timed out after %g s: %s", seconds, call->result.message);
	else if (seconds > 0)
		add (lines, "timed out after %g s%s%s%s", seconds, idle ? " without a byte" : "",
			stricter ? ", by a limit of the server" : "", waited);
	else
		add (lines, "timed out, by a limit of the server%s", waited);
}

/* Has a program said that it needs a terminal? */
static bool asks_for_terminal (const char *text)
{
	static const char *const words[] = { "a terminal is required", "no tty present", "must be run from a terminal",
		"TERM environment variable not set", "not a terminal", "not a tty", "not a TTY", "not to a terminal",
		"not from a terminal", "failed tty get", "opening terminal", "connected to a terminal", "/dev/tty",
		"Inappropriate ioctl for device", "password unchanged" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strstr (text, words[i]))
			return true;
	return false;
}

/* Is it a program that hardly anybody runs without a terminal? Some fail without a word. */
static bool fills_a_terminal (const char *command)
{
	static const char *const names[] = { "top", "htop", "atop", "iotop", "vi", "vim", "nvim", "nano", "emacs", "mc",
		"tmux", "screen", "passwd", "su", "watch", "w3m", "alsamixer", "nmtui", "dialog", "whiptail" };
	const char *slash = command ? strrchr (command, '/') : NULL;
	size_t n;

	if (!command)
		return false;
	command = slash ? slash + 1 : command;
	n = strcspn (command, " \t");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strncmp (names[i], command, n) && !names[i][n])
			return true;
	return false;
}

static void explain_exit (const struct call *call, struct result_text *lines)
{
	/* 127: the shell has not found it. */
	if (!call->result.exit || call->options.tty ||
		(!asks_for_terminal (call->err_tail) &&
			(call->result.exit == 127 || !fills_a_terminal (call->command))))
		return;
	add (lines, "this command seems to need a terminal: remex run -t gives it one%s",
		strstr (call->err_tail, "sudo") ? " (sudo -n needs none where its rule asks for no password)" : "");
}

/* Report the processes that the command has left behind. */
static void explain_rest (const struct remex_result *result, struct result_text *lines)
{
	if (result->pipe_held)
		add (lines,
			"a process that the command left behind still holds the command's output: what that process "
			"writes is lost (--wait-output waits for it)");
	if (result->survivors)
		add (lines, "%d process%s of the command cannot be killed", result->survivors,
			result->survivors == 1 ? "" : "es");
}

static void explain_outcome (const struct call *call, const char *program, struct result_text *lines)
{
	const struct remex_result *result = &call->result;

	switch (result->outcome) {
	case REMEX_EXITED: explain_exit (call, lines); break;
	case REMEX_COMPLETED: break;
	case REMEX_CANCELLED:
		if (*result->message)
			add (lines, "cancelled: %s", result->message);
		break;
	case REMEX_SIGNALLED:
		if (result->signal != SIGINT && result->signal != SIGPIPE)
			add (lines, "ended by signal %d (%s)", result->signal,
				result->signal ? strsignal (result->signal) : "one that this machine does not have");
		break;
	case REMEX_TIMED_OUT: explain_time (call, lines); break;
	case REMEX_NEVER_STARTED:
		if (program && strncmp (result->message, "cannot ", 7) != 0)
			add (lines, "cannot run %s: %s", program, *result->message ? result->message : "never started");
		else
			add (lines, "%s", *result->message ? result->message : "never started");
		break;
	case REMEX_LOST: add (lines, "lost: %s", result->message); break;
	case REMEX_FAILED:
		if (result->retry_after > 0)
			add (lines, "%s; try again in %g s", result->message, result->retry_after);
		else
			add (lines, "%s", result->message);
		break;
	case REMEX_UNREACHABLE: add (lines, "%s", result->message); break;
	}
}

int result_lines (const struct call *call, const char *program, char text[RESULT_LINES][RESULT_LINE])
{
	struct result_text lines = { .text = text };

	if (call->broken || call->gave_up)
		return 0;
	if (is_bound (&call->result))
		explain_bound (&call->result, &lines);
	else
		explain_outcome (call, program, &lines);
	explain_rest (&call->result, &lines);
	return lines.n;
}

void result_explain (const struct call *call, const char *program)
{
	char lines[RESULT_LINES][RESULT_LINE];
	int n = result_lines (call, program, lines);

	for (int i = 0; i < n; i++)
		complain (call->where, "%s", lines[i]);
}

static json_t *json_error (const struct call *call)
{
	const struct remex_result *result = &call->result;
	const char *code = *result->code ? result->code : remex_outcome_word (result->outcome);
	json_t *error;

	switch (result->outcome) {
	case REMEX_EXITED:
	case REMEX_SIGNALLED:
	case REMEX_COMPLETED: return json_null ();
	case REMEX_CANCELLED:
		if (!*result->message)
			return json_null ();
		break;
	case REMEX_TIMED_OUT:
		error = json_pack ("{ss ss}", "code", code, "limit", result->limit);
		if (error && *result->message)
			json_object_set_new (error, "message", json_words (result->message));
		return error;
	case REMEX_NEVER_STARTED:
	case REMEX_FAILED:
	case REMEX_LOST:
	case REMEX_UNREACHABLE: break;
	}
	error = json_pack ("{ss so}", "code", code, "message", json_words (result->message));
	if (error && result->retry_after > 0)
		json_object_set_new (error, "retry_after", json_real (result->retry_after));
	return error;
}

/* The job that the call has started, as other commands name it, in new memory; NULL: out of memory. */
static char *job_word (const struct call *call)
{
	char *word;

	return asprintf (&word, "%s:%s", call->where, call->job.id) < 0 ? NULL : word;
}

json_t *result_json (const struct call *call)
{
	const struct remex_result *result = &call->result;
	const char *signal = result->signal ? signal_word (result->signal) : NULL;
	const char *outcome = call->skipped ? "skipped" : remex_outcome_word (result->outcome);
	bool exited = result->outcome == REMEX_EXITED && !call->skipped;
	json_t *json = json_object ();

	json_object_set_new (json, "host", json_words (call->where));
	json_object_set_new (json, "outcome", json_string (outcome));
	json_object_set_new (json, "exit", exited ? json_integer (result->exit) : json_null ());
	if (result->outcome == REMEX_SIGNALLED)
		json_object_set_new (json, "signal", signal ? json_string (signal) : json_integer (result->signal));
	else
		json_object_set_new (json, "signal", json_null ());
	json_object_set_new (json, "stdout", json_bytes (&call->out_bytes));
	json_object_set_new (json, "stderr", json_bytes (&call->err_bytes));
	json_object_set_new (json, "seconds", json_real (result->seconds));
	json_object_set_new (json, "pipe_held", json_boolean (result->pipe_held));
	json_object_set_new (json, "survivors", json_integer (result->survivors));
	json_object_set_new (
		json, "limit", result->limit && *result->limit ? json_string (result->limit) : json_null ());
	json_object_set_new (json, "rusage",
		result->memory ? json_pack ("{sf sf sI}", "user", result->cpu_user, "system", result->cpu_system,
					 "memory", (json_int_t)result->memory)
			       : json_null ());
	json_object_set_new (json, "error", call->skipped ? json_null () : json_error (call));
	if (call->options.job) {
		char *job = *call->job.id ? job_word (call) : NULL;

		json_object_set_new (json, "job", job ? json_words (job) : json_null ());
		free (job);
	}
	if (result->via && *result->via)
		json_object_set_new (json, "via", json_string (result->via));
	return json;
}
