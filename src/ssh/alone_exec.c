/* alone_exec - see alone_exec.h. */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "loop/loop.h"
#include "ssh/alone_exec.h"
#include "ssh/alone_kill.h"
#include "ssh/failure.h"
#include "ssh/preamble.h"
#include "ssh/quote.h"
#include "wire/header.h"

enum {
	SCRIPT_MAX = 4 * 1024 * 1024,
	LINE_MAX_BYTES = 5 * SCRIPT_MAX, /* more than quote_lines needs */
	BEGIN_MS = 5000, /* a stop waits so long for a command that has not begun */
	END_MS = 1000, /* a killed command ends its channel that soon, */
	KILLS = 3, /* or is looked for again, so often in all */
	SIGNALS = 8, /* that wait for the one before them */
	DOUBT_MS = 1000, /* ChannelTimeout (sshd_config(5)) is at least a second */
};

enum exec_state { EXEC_OPENING, EXEC_BEGINNING, EXEC_RUNNING };

struct alone_exec {
	struct alone_call *call;
	enum exec_state state;
	struct ssh_reach *reach; /* NULL: it has ended */
	bool bare; /* a login shell on a terminal: no script, and no mark */
	bool hung_up; /* its terminal was hung up */
	struct alone_mark mark;
	struct preamble shell, run, errors; /* of stdout up to the script, and up to the command; of stderr */
	char begun[48]; /* stdout between these: the pid and the start time */
	size_t n_begun;
	struct buf line; /* of a long script: goes first on standard input */
	struct buf early; /* stderr that came before it was known that the command runs */
	bool ended; /* the channel has; `how` and `why` say how */
	struct ssh_exit how;
	char how_signal[24];
	struct err why;
	struct alone_kill *kill, *signal, *probe;
	int64_t started_ms;
	bool proved; /* the command was looked for, or need not be */
	int signals[SIGNALS], n_signals;
	int kills; /* how often it was killed */
	bool killed; /* nothing with the mark is left: the end of the channel is waited for */
	bool drop; /* output is dropped: the client takes none, and the call is being stopped */
	struct timer *timer;
};

/* --- the command --------------------------------------------------------------------------------------------------- */

static void free_words (char **words)
{
	for (size_t i = 0; words && words[i]; i++)
		free (words[i]);
	free (words);
}

/* A list of strings. NULL and err. */
static char **read_strings (const json_t *list, struct err *err)
{
	char **words = calloc (json_array_size (list) + 1, sizeof *words);
	const json_t *each;
	size_t i;

	if (!words)
		err_set (err, CODE_INTERNAL, "out of memory");
	json_array_foreach (list, i, each)
	{
		if (!words || !(words[i] = header_string (each, NULL, err))) {
			free_words (words);
			return NULL;
		}
	}
	return words;
}

/* A map: {"NAME":"VALUE"}, or ["NAME=VALUE"]. NULL and err. */
static char **read_map (const json_t *map, struct err *err)
{
	char **words, *value;
	const char *key;
	json_t *each;
	size_t i = 0;

	if (!json_is_object (map))
		return read_strings (map, err);
	if (!(words = calloc (json_object_size (map) + 1, sizeof *words)))
		err_set (err, CODE_INTERNAL, "out of memory");
	json_object_foreach ((json_t *)(uintptr_t)map, key, each)
	{
		value = words ? header_string (each, NULL, err) : NULL;
		if (!value || asprintf (&words[i], "%s=%s", key, value) < 0) {
			free (value);
			free_words (words);
			return NULL;
		}
		free (value);
		i++;
	}
	return words;
}

/* The script of the call. 0, or -1 and err. */
static int write_script (struct alone_exec *exec, struct buf *script, struct err *err)
{
	const json_t *args = exec->call->args, *cwd = json_object_get (args, "cwd"),
		     *env = json_object_get (args, "env"), *argv = json_object_get (args, "argv"),
		     *line = json_object_get (args, "command");
	bool tty = exec->call->tty.wanted;
	struct quote_command command = {
		.mark = exec->mark.mark, .no_input = !exec->call->has_input && !tty, .tty = tty
	};
	char **words = NULL, **variables = NULL, *text = NULL, *where = NULL;
	int result = -1;

	if ((argv && !(words = read_strings (argv, err))) || (env && !(variables = read_map (env, err))) ||
		(line && !(text = header_string (line, NULL, err))) ||
		(cwd && !(where = header_string (cwd, NULL, err)))) {
		;
	} else if (words && (!words[0] || !*words[0])) {
		err_set (err, CODE_BAD_VALUE, "'argv' must name a command");
	} else {
		command.argv = (const char *const *)words;
		command.env = (const char *const *)variables;
		command.line = text;
		command.cwd = where;
		result = quote_script (script, &command, err);
		if (result < 0 && !err->code)
			err->code = err->sys ? CODE_TOO_LARGE : CODE_BAD_VALUE;
	}
	free_words (words);
	free_words (variables);
	free (text);
	free (where);
	return result;
}

static int make_mark (struct alone_mark *mark, struct err *err)
{
	uint8_t bytes[QUOTE_MARK / 2];

	if (getentropy (bytes, sizeof bytes) < 0)
		return err_sys (err, CODE_INTERNAL, "no random bytes");
	for (size_t i = 0; i < sizeof bytes; i++)
		snprintf (mark->mark + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

/* --- output ---------------------------------------------------------------------------------------------------------- */

static void kill_now (struct alone_exec *exec);

static void push_input (struct alone_exec *exec);

static void signal_next (struct alone_exec *exec);

static void exec_stop (struct alone_call *call);

static void start (struct alone_exec *exec)
{
	exec->state = EXEC_RUNNING;
	exec->started_ms = clock_ms ();
	alone_started (exec->call);
	if (exec->call->stop) {
		exec_stop (exec->call); /* what was put off until it runs */
		return;
	}
	push_input (exec);
	signal_next (exec);
}

/* stderr behind its marker, while it is not known whether the command runs: the reason why not, or its first words. On a
 * terminal: what comes behind the first line of the script. */
static void keep_early (struct alone_exec *exec, const uint8_t *bytes, size_t n)
{
	buf_append (&exec->early, bytes, n); /* without memory they are missing, and nothing else */
}

/* Between the two lines of the script, on stdout: "PID START". */
static void read_begun (struct alone_exec *exec, const uint8_t *bytes, size_t n)
{
	const uint8_t *end = strchr (exec->begun, '\n') ? bytes : memchr (bytes, '\n', n);
	size_t line = end ? (size_t)(end - bytes) : n;

	for (size_t i = 0; i < n && i <= line && exec->n_begun < sizeof exec->begun - 1; i++)
		exec->begun[exec->n_begun++] = (char)bytes[i];
	exec->begun[exec->n_begun] = '\0';
	if (!exec->mark.pid && strchr (exec->begun, '\n') &&
		sscanf (exec->begun, "%ld %23[0-9]", &exec->mark.pid, exec->mark.start) < 1)
		exec->mark.pid = 0;
	if (exec->call->tty.wanted && line < n)
		keep_early (exec, bytes + line, n - line);
}

/* How many of these bytes are not the command's. */
static size_t skip_output (struct alone_exec *exec, const uint8_t *bytes, size_t n)
{
	size_t taken = 0, more;

	if (!exec->shell.passed)
		taken = preamble_take (&exec->shell, bytes, n);
	if (exec->shell.passed && !exec->run.passed) {
		more = preamble_take (&exec->run, bytes + taken, n - taken);
		read_begun (exec, bytes + taken, more);
		taken += more;
		if (exec->run.passed && exec->call->tty.wanted)
			buf_consume (&exec->early, buf_len (&exec->early)); /* up to the command's first byte */
	}
	return taken;
}

/* Bytes of a stream that are not the command's, or that cannot be told from that yet: how many. */
static size_t skip (struct alone_exec *exec, enum channel_stream stream, const uint8_t *bytes, size_t n)
{
	size_t taken = 0;

	if (stream == CHANNEL_STDOUT)
		return skip_output (exec, bytes, n);
	if (!exec->errors.passed)
		taken = preamble_take (&exec->errors, bytes, n);
	if (exec->state == EXEC_RUNNING)
		return taken;
	if (exec->errors.passed)
		keep_early (exec, bytes + taken, n - taken);
	return n;
}

static void pull_stream (struct alone_exec *exec, enum channel_stream stream, const char *name)
{
	struct ssh_channel *channel = ssh_reach_channel (exec->reach);
	const uint8_t *bytes;
	size_t n, done;

	bytes = ssh_channel_output (channel, stream, &n);
	done = skip (exec, stream, bytes, n);
	if (done < n && exec->drop)
		done = n;
	else if (done < n && !buf_len (&exec->early))
		done += alone_output (exec->call, name, bytes + done, n - done);
	ssh_channel_consume (channel, stream, done);
}

/* Move output to the client, as much as it takes. */
static void pull (struct alone_exec *exec)
{
	bool was_running = exec->state == EXEC_RUNNING;

	pull_stream (exec, CHANNEL_STDOUT, "stdout");
	if (!was_running && exec->run.passed)
		start (exec);
	if (exec->state == EXEC_RUNNING && buf_len (&exec->early))
		buf_consume (&exec->early,
			alone_output (exec->call, "stderr", buf_head (&exec->early), buf_len (&exec->early)));
	pull_stream (exec, CHANNEL_STDERR, "stderr");
}

/* --- input ----------------------------------------------------------------------------------------------------------- */

/* Move input to the channel, as much as it takes. The command's own input waits until the command runs, because a login
 * shell may read standard input, too. A terminal has no end of input. */
static void push_input (struct alone_exec *exec)
{
	struct alone_call *call = exec->call;
	struct ssh_channel *channel = exec->reach ? ssh_reach_channel (exec->reach) : NULL;
	struct buf *from = buf_len (&exec->line) ? &exec->line : &call->input;
	size_t n;

	if (!channel || exec->state == EXEC_OPENING)
		return;
	while ((from == &exec->line || exec->state == EXEC_RUNNING) && buf_len (from)) {
		n = ssh_channel_room (channel);
		if (n > buf_len (from))
			n = buf_len (from);
		if (!n || ssh_channel_send (channel, buf_head (from), n) < 0)
			return;
		if (from == &exec->line)
			buf_consume (from, n);
		else
			alone_take (call, n);
		from = buf_len (&exec->line) ? &exec->line : &call->input;
	}
	if (!call->tty.wanted && !buf_len (&exec->line) && !buf_len (&call->input) && call->input_ended &&
		(exec->state == EXEC_RUNNING || !call->has_input))
		ssh_channel_send_end (channel);
}

/* --- the end --------------------------------------------------------------------------------------------------------- */

static void on_timer (void *arg);

/* 0: no timer. */
static void set_timer (struct alone_exec *exec, int64_t ms)
{
	timer_set (alone_loop (exec->call), &exec->timer, ms ? clock_ms () + ms : 0, on_timer, exec);
}

/* Nothing of ours has run: what has? */
static void explain_other (const struct alone_exec *exec, char *out, size_t size)
{
	char line[PREAMBLE_LINE];

	preamble_line (&exec->shell, line, sizeof line);
	if (!*line)
		preamble_line (&exec->errors, line, sizeof line);
	snprintf (out, size,
		"its sshd has run something else in place of the command (a forced command, or a login shell that runs "
		"none), "
		"which ended with %d%s%s",
		exec->how.status, *line ? ": " : "", line);
}

/* The command did not begin: the reason is the last line of stderr. */
static json_t *never_started (const struct alone_exec *exec)
{
	struct preamble words;
	char line[PREAMBLE_LINE];

	preamble_init (&words, "\001"); /* does not come */
	preamble_take (&words, buf_head (&exec->early), buf_len (&exec->early));
	preamble_line (&words, line, sizeof line);
	return json_pack ("{ss ss}", "outcome", outcome_name (OUTCOME_NEVER_STARTED), "message",
		*line ? line : "the shell there did not come to it");
}

static enum code code_of_failure (int failure)
{
	switch ((enum failure)failure) {
	case FAILURE_BUSY: return CODE_BUSY;
	case FAILURE_TRUSTED: /* of a probe only */
	case FAILURE_UNTRUSTED:
	case FAILURE_DENIED: return CODE_DENIED;
	case FAILURE_INTERNAL: return CODE_INTERNAL;
	case FAILURE_UNREACHABLE: break;
	}
	return CODE_FAILED;
}

/* The channel has ended, and all output is with the client. */
static void finish (struct alone_exec *exec)
{
	struct alone_call *call = exec->call;
	char text[ERR_TEXT];

	if (exec->hung_up) {
		alone_done (call, json_pack ("{ss ss}", "outcome", outcome_name (OUTCOME_SIGNALLED), "signal", "HUP"));
	} else if (!exec->how.known && (exec->state == EXEC_OPENING || exec->why.code == FAILURE_DENIED)) {
		alone_fail (call, code_of_failure (exec->why.code), "%s", exec->why.text);
	} else if (!exec->how.known) {
		alone_severed (call, &exec->why);
	} else if (exec->state == EXEC_RUNNING && *exec->how_signal) {
		alone_done (call,
			json_pack ("{ss ss}", "outcome", outcome_name (OUTCOME_SIGNALLED), "signal", exec->how_signal));
	} else if (exec->state == EXEC_RUNNING) {
		alone_done (call, json_pack ("{ss si}", "outcome", outcome_name (OUTCOME_EXITED), "exit",
					  exec->how.status > 255 ? 255 : exec->how.status));
	} else if (exec->shell.passed) {
		alone_done (call, never_started (exec));
	} else {
		explain_other (exec, text, sizeof text);
		alone_fail (call, CODE_DENIED, "%s", text);
	}
}

/* The command was looked for. */
static void on_probed (void *arg, int left, const char *why)
{
	struct alone_exec *exec = arg;
	struct err err;

	(void)why; /* the status is believed where nothing can be looked for */
	exec->probe = NULL;
	err_set (&err, FAILURE_UNREACHABLE,
		"its sshd has closed the channel (ChannelTimeout?), and the command goes on there");
	if (left)
		alone_severed (exec->call, &err);
	else
		finish (exec);
}

/* libssh2 gives the status 0 also where the server has sent none, as when it closes a channel in which nothing has happened
 * for long. So a command that is said to have succeeded after a while must not be there any more. True: it is being looked
 * for. */
static bool prove (struct alone_exec *exec)
{
	bool doubtful = exec->state == EXEC_RUNNING && exec->how.known && !exec->how.status && !*exec->how_signal &&
			exec->mark.pid && *exec->mark.start && clock_ms () - exec->started_ms >= DOUBT_MS;
	struct err err;

	if (doubtful && !exec->proved)
		exec->probe = alone_probe_new (exec->call, &exec->mark, on_probed, exec, &err);
	exec->proved = true;
	return exec->probe;
}

/* The channel has ended: what is missing to the end of the call? */
static void settle (struct alone_exec *exec)
{
	if (!exec->ended || exec->kill || exec->probe)
		return;
	if (exec->call->stop) {
		if (exec->state == EXEC_RUNNING && !exec->kills && !exec->bare)
			kill_now (exec); /* it has left processes behind */
		else if (!exec->how.known && !exec->kills && !exec->hung_up && exec->state != EXEC_OPENING)
			alone_severed (exec->call, &exec->why);
		else
			alone_stopped (exec->call, 0, NULL);
	} else if ((!buf_len (&exec->early) || exec->state != EXEC_RUNNING) && !prove (exec)) {
		finish (exec);
	}
}

/* --- stopping -------------------------------------------------------------------------------------------------------- */

static void on_killed (void *arg, int left, const char *why)
{
	struct alone_exec *exec = arg;
	char text[ERR_TEXT + 200];

	exec->kill = NULL;
	if (why) {
		snprintf (text, sizeof text, "only its %s, and the command may go on: %s",
			exec->call->tty.wanted ? "terminal was hung up" : "channel was closed", why);
		alone_stopped (exec->call, 0, text);
	} else if (left) {
		alone_stopped (exec->call, left, NULL);
	} else if (exec->ended) {
		alone_stopped (exec->call, 0, NULL);
	} else {
		/* The channel ends with them, unless something holds it that has no mark, or one came too late. */
		exec->killed = exec->drop = true;
		pull (exec);
		set_timer (exec, END_MS);
	}
}

static void kill_now (struct alone_exec *exec)
{
	struct err err;

	exec->kills++;
	exec->killed = false;
	exec->kill = alone_kill_new (exec->call, &exec->mark, on_killed, exec, &err);
	set_timer (exec, exec->kill ? 0 : 1); /* the end comes later, because the caller is using the call */
}

static void on_timer (void *arg)
{
	struct alone_exec *exec = arg;

	if (exec->state != EXEC_RUNNING)
		alone_stopped (exec->call, 0, "its login shell has not come to the command, which will not begin");
	else if (exec->bare)
		alone_stopped (exec->call, 0, "its terminal was hung up, and the shell or what it runs ignores that");
	else if (!exec->killed)
		alone_stopped (exec->call, 0, "only its channel was closed, and the command may go on: out of memory");
	else if (exec->kills < KILLS)
		kill_now (exec);
	else
		alone_stopped (exec->call, 0,
			"something that has dropped REMEX_CALL from its environment holds the output, and may go on");
}

/* Hang up the terminal over there: its shell gets SIGHUP, and what reads it the end of input. */
static void hang_up (struct alone_exec *exec)
{
	exec->hung_up = true;
	if (exec->reach && ssh_reach_channel (exec->reach))
		ssh_channel_hang_up (ssh_reach_channel (exec->reach));
}

static void exec_stop (struct alone_call *call)
{
	struct alone_exec *exec = call->state;

	alone_kill_free (exec->signal);
	alone_kill_free (exec->probe);
	exec->signal = exec->probe = NULL;
	if (call->tty.wanted && exec->state == EXEC_RUNNING)
		hang_up (exec);
	if (exec->state == EXEC_RUNNING && exec->bare && !exec->ended)
		set_timer (exec, ALONE_GRACE_MS);
	else if (exec->state == EXEC_RUNNING && !exec->bare)
		kill_now (exec);
	else if (!exec->reach || !ssh_reach_channel (exec->reach))
		alone_stopped (call, 0, NULL); /* nothing was asked of sshd */
	else
		set_timer (exec, BEGIN_MS);
}

/* --- signals --------------------------------------------------------------------------------------------------------- */

static void on_signalled (void *arg, int left, const char *why)
{
	struct alone_exec *exec = arg;

	(void)left;
	(void)why;
	exec->signal = NULL;
	signal_next (exec);
}

/* A signal that the terminal has a character for: it goes past the input that waits here. Is that so, and was it sent? A
 * program that takes the character as input (ISIG of termios(3) is off) gets it as such. */
static bool send_char (struct alone_exec *exec, int signo)
{
	struct ssh_channel *channel = exec->reach ? ssh_reach_channel (exec->reach) : NULL;
	char character = exec->call->tty.wanted ? ssh_channel_tty_char (signo) : 0;

	return character && channel && ssh_channel_room (channel) &&
	       ssh_channel_send (channel, &character, sizeof character) == 0;
}

/* Send one; or begin to: then exec->signal is set. A bare login shell has no mark to be found by: it can be hung up. */
static void send_signal (struct alone_exec *exec, int signo)
{
	struct err err;

	if (send_char (exec, signo))
		return;
	if (!exec->bare)
		exec->signal = alone_signal_new (exec->call, &exec->mark, signo, on_signalled, exec, &err);
	else if (signo == SIGHUP || signo == SIGKILL)
		hang_up (exec);
}

/* One after the other: the order is kept. */
static void signal_next (struct alone_exec *exec)
{
	while (exec->n_signals && !exec->signal && !exec->ended && !exec->call->stop) {
		int signo = exec->signals[0];

		memmove (exec->signals, exec->signals + 1, sizeof *exec->signals * (size_t)--exec->n_signals);
		send_signal (exec, signo);
	}
}

static void exec_signal (struct alone_call *call, int signo)
{
	struct alone_exec *exec = call->state;

	if (exec->n_signals < SIGNALS)
		exec->signals[exec->n_signals++] = signo;
	if (exec->state == EXEC_RUNNING)
		signal_next (exec);
}

static void exec_resize (struct alone_call *call)
{
	struct alone_exec *exec = call->state;

	if (exec->reach && exec->state != EXEC_OPENING)
		ssh_channel_resize (ssh_reach_channel (exec->reach), call->tty.rows, call->tty.cols);
}

/* --- the channel ----------------------------------------------------------------------------------------------------- */

static void on_opened (void *arg)
{
	struct alone_exec *exec = arg;

	exec->state = EXEC_BEGINNING;
	ssh_channel_resize (ssh_reach_channel (exec->reach), exec->call->tty.rows, exec->call->tty.cols);
	/* A channel whose request was refused is told as open, too, but takes no input. */
	if (exec->bare && ssh_channel_room (ssh_reach_channel (exec->reach)))
		start (exec);
	else
		push_input (exec);
}

static void on_ready (void *arg)
{
	struct alone_exec *exec = arg;

	pull (exec);
	push_input (exec);
}

static void on_failed (void *arg, const struct ssh_exit *how, const struct err *err)
{
	struct alone_exec *exec = arg;

	exec->reach = NULL;
	exec->ended = true;
	exec->why = *err;
	if (how) {
		exec->how = *how;
		snprintf (exec->how_signal, sizeof exec->how_signal, "%s", how->signal);
	} else {
		exec->state = EXEC_OPENING; /* it was never open */
	}
	settle (exec);
}

/* --- the verbs ------------------------------------------------------------------------------------------------------- */

/* The text of the exec request, with its NUL; a script that is too long becomes exec->line. 0, or -1 and err. */
static int write_request (struct alone_exec *exec, struct buf *text, struct err *err)
{
	bool tty = exec->call->tty.wanted;
	const char *bootstrap = tty ? quote_terminal_bootstrap : quote_bootstrap;
	struct buf script;
	int result;

	buf_init (&script, SCRIPT_MAX);
	result = write_script (exec, &script, err);
	if (result == 0 && quote_exec (text, (const char *)buf_head (&script), buf_len (&script), err) < 0) {
		result = (tty ? quote_lines : quote_line) (
			&exec->line, (const char *)buf_head (&script), buf_len (&script), err);
		if (result == 0)
			result = buf_append (text, bootstrap, strlen (bootstrap));
		err->code = CODE_TOO_LARGE;
	}
	if (result == 0)
		result = buf_append (text, "", 1);
	buf_free (&script);
	return result;
}

static const struct ssh_pool_ops reach_ops = { on_opened, on_ready, on_failed };

/* Ask for the command. 0, or -1 and err. */
static int begin_script (struct alone_exec *exec, struct err *err)
{
	struct ssh_channel_target what = { .tty = exec->call->tty.wanted ? &exec->call->tty : NULL };
	bool tty = exec->call->tty.wanted;
	char marker[PREAMBLE_MARKER];
	struct buf text;

	snprintf (marker, sizeof marker, "remex-ssh:%s:shell ", exec->mark.mark);
	preamble_init (&exec->shell, marker);
	snprintf (marker, sizeof marker, "remex-ssh:%s:run%c", exec->mark.mark, tty ? '\r' : '\n');
	preamble_init (&exec->run, marker);
	snprintf (marker, sizeof marker, "remex-ssh:%s:shell\n", exec->mark.mark);
	preamble_init (&exec->errors, marker);
	buf_init (&text, QUOTE_EXEC_MAX + 1);
	if (write_request (exec, &text, err) == 0) {
		what.command = (const char *)buf_head (&text);
		if (!(exec->reach = alone_open (exec->call, &what, &reach_ops, exec, err)))
			err->code = CODE_INTERNAL;
	}
	buf_free (&text);
	return exec->reach ? 0 : -1;
}

/* Ask for a bare login shell: all that comes is its own. 0, or -1 and err. */
static int begin_shell (struct alone_exec *exec, struct err *err)
{
	const json_t *env = json_object_get (exec->call->args, "env");
	char **variables = env ? read_map (env, err) : NULL;
	const struct ssh_channel_target what = {
		.shell = true, .tty = &exec->call->tty, .env = (const char *const *)variables
	};

	exec->bare = exec->shell.passed = exec->run.passed = exec->errors.passed = true;
	if ((!env || variables) && !(exec->reach = alone_open (exec->call, &what, &reach_ops, exec, err)))
		err->code = CODE_INTERNAL;
	free_words (variables);
	return exec->reach ? 0 : -1;
}

static int exec_begin (struct alone_call *call, struct err *err)
{
	struct alone_exec *exec = calloc (1, sizeof *exec);
	const json_t *args = call->args;

	if (!exec || make_mark (&exec->mark, err) < 0) {
		free (exec);
		return exec ? -1 : err_set (err, CODE_INTERNAL, "out of memory");
	}
	call->state = exec;
	exec->call = call;
	exec->mark.tty = call->tty.wanted;
	buf_init (&exec->line, LINE_MAX_BYTES);
	buf_init (&exec->early, CHANNEL_WINDOW * 2);
	if (call->tty.wanted && !json_object_get (args, "argv") && !json_object_get (args, "command") &&
		!json_object_get (args, "cwd"))
		return begin_shell (exec, err);
	return begin_script (exec, err);
}

static void exec_input (struct alone_call *call)
{
	push_input (call->state);
}

static void exec_room (struct alone_call *call)
{
	struct alone_exec *exec = call->state;

	if (exec->reach && ssh_reach_channel (exec->reach) && exec->state != EXEC_OPENING)
		pull (exec);
	else if (exec->state == EXEC_RUNNING && buf_len (&exec->early))
		buf_consume (
			&exec->early, alone_output (call, "stderr", buf_head (&exec->early), buf_len (&exec->early)));
	settle (exec);
}

static void exec_free (struct alone_call *call)
{
	struct alone_exec *exec = call->state;

	if (!exec)
		return;
	if (exec->reach)
		ssh_reach_abandon (exec->reach);
	alone_kill_free (exec->kill);
	alone_kill_free (exec->signal);
	alone_kill_free (exec->probe);
	timer_free (&exec->timer);
	buf_free (&exec->line);
	buf_free (&exec->early);
	free (exec);
}

static const struct verb_param run_params[] = {
	{ "argv", "the command and its arguments", VERB_STRINGS, true, true },
	{ "cwd", "its working directory; by default the user's home, where a relative path starts", VERB_STRING, false,
		false },
	{ "env", "variables added to its environment", VERB_MAP, false, false },
};

static const struct verb_param shell_params[] = {
	{ "command", "the command line for the shell; without it a login shell", VERB_STRING, false, false },
	{ "cwd", "its working directory; by default the user's home, where a relative path starts", VERB_STRING, false,
		false },
	{ "env", "variables added to its environment", VERB_MAP, false, false },
};

static const struct alone_verb_ops exec_ops = {
	.input = exec_input,
	.room = exec_room,
	.signal = exec_signal,
	.resize = exec_resize,
	.stop = exec_stop,
	.free = exec_free,
};

const struct alone_verb alone_exec_run = {
	.name = "exec.run",
	.help = "Run a command without a shell",
	.params = run_params,
	.n_params = sizeof run_params / sizeof *run_params,
	.tty = true,
	.begin = exec_begin,
	.ops = &exec_ops,
};

const struct alone_verb alone_exec_shell = {
	.name = "exec.shell",
	.help = "Run a line in the user's shell, or the shell",
	.params = shell_params,
	.n_params = sizeof shell_params / sizeof *shell_params,
	.tty = true,
	.begin = exec_begin,
	.ops = &exec_ops,
};
