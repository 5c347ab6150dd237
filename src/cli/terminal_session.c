/* terminal_session - see terminal_session.h. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/say.h"
#include "cli/terminal_session.h"

enum {
	END_OF_INPUT = 'D' & 31,
	NARROW_MS = 50, /* for how long at least the size is one column less (go_on) */
};

static struct terminal_session *session_of (const struct call *call)
{
	return call->data;
}

/* --- open and close ----------------------------------------------------------------------------------------------- */

/* The size of our terminal now. */
static void get_size (const struct terminal_session *session, int *rows, int *cols)
{
	struct winsize size;

	*rows = *cols = 0;
	if (session->local) {
		terminal_size (&session->terminal, rows, cols);
	} else if (ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
		*rows = size.ws_row;
		*cols = size.ws_col;
	}
}

/* $TERM, if it can be the name of a terminal. */
static void get_term (struct terminal_session *session)
{
	const char *term = getenv ("TERM");

	if (!term || !*term || strlen (term) >= sizeof session->term || text_has_control (term, strlen (term)) ||
		!text_is_utf8 (term, strlen (term)))
		term = "dumb";
	strcpy (session->term, term);
}

int terminal_session_open (struct terminal_session *session, const char *escape, bool input, struct err *err)
{
	*session = (struct terminal_session){ .local = input && isatty (STDIN_FILENO) };
	if (escapes_init (&session->escapes, escape, err) < 0)
		return -1;
	get_term (session);
	session->tty = (struct remex_tty){ .size = sizeof session->tty, .term = session->term };
	if (session->local) {
		if (terminal_open (&session->terminal, err) < 0)
			return -1;
		session->tty.erase = terminal_erase (&session->terminal);
		session->tty.utf8 = terminal_utf8 (&session->terminal);
	} else {
		input_init (&session->input, input && !input_is_closed ());
		if (session->input.error)
			return err_set (err, session->input.error, "cannot read standard input: %s",
				strerror (session->input.error));
		session->ended = session->input.none;
	}
	get_size (session, &session->rows, &session->cols);
	session->tty.rows = session->rows;
	session->tty.cols = session->cols;
	return 0;
}

void terminal_session_close (struct terminal_session *session)
{
	terminal_close (&session->terminal);
	if (!session->local)
		input_close (&session->input);
	explicit_bzero (session->typed, sizeof session->typed); /* perhaps a password */
	explicit_bzero (session->going, sizeof session->going);
}

void terminal_session_use (struct terminal_session *session, struct call *call)
{
	call->sink = &sink_terminal;
	call->data = session;
	call->options.tty = &session->tty;
	call->options.window = TERMINAL_SESSION_WINDOW;
}

void terminal_session_announce (struct terminal_session *session, struct call *call)
{
	if (session->read_only || (!session->rows && !session->cols) ||
		remex_resize (call->request, session->rows, session->cols) < 0)
		session->rows = session->cols = 0;
}

void terminal_session_join (struct terminal_session *session, struct call *call)
{
	call->sink = &sink_terminal;
	call->data = session;
	session->resized = true;
	console_forward (
		true); /* the new sizes of the terminal, and what suspends us: the name of the call tells nothing of them */
}

void terminal_session_end (struct terminal_session *session, const struct call *call)
{
	bool by_itself = call_ended (call, REMEX_EXITED), undone;

	if (!session->local || !terminal_is_raw (&session->terminal))
		return;
	undone = !by_itself && terminal_undo (&session->terminal, true);
	/* Unread may be keys, and the answers of the terminal to what the host has asked it: the host chooses their text, and the
	 * shell here would run it. So nothing is left to the shell, not even what was typed ahead for it, which ssh keeps: that would
	 * be little, because all that is typed before the end is read, and goes to the host. */
	terminal_flush (&session->terminal);
	terminal_restore (&session->terminal);
	/* The cursor is anywhere in a line. */
	if (!by_itself && (undone || call->drive->out.within_line) && isatty (STDERR_FILENO))
		remark ("\n");
}

/* --- running ------------------------------------------------------------------------------------------------------ */

/* The call runs: the terminal is the command's now. */
static int begin (struct call *call)
{
	struct terminal_session *session = session_of (call);

	if (!session->local || session->suspended || terminal_is_raw (&session->terminal))
		return 0;
	if (terminal_raw (&session->terminal) < 0) {
		complain (NULL, "cannot set the terminal: %s", strerror (errno));
		return -1;
	}
	session->resized = true; /* it may have changed on the way */
	return 0;
}

static int take (struct call *call, const char *stream, const void *bytes, size_t n)
{
	struct terminal_session *session = session_of (call);

	(void)stream;
	if (begin (call) < 0)
		return -1;
	session->redrawn = true;
	if (session->local)
		terminal_follow (&session->terminal, bytes, n);
	call_consume (call, output_put (&call->drive->out, &call->writer, bytes, n));
	return 0;
}

static int send_size (struct call *call)
{
	struct terminal_session *session = session_of (call);
	int rows, cols;

	session->resized = false;
	if (session->read_only)
		return 0;
	get_size (session, &rows, &cols);
	if (rows == session->rows && cols == session->cols)
		return 0;
	if (session->local && rows != session->rows)
		terminal_resized (&session->terminal);
	session->rows = rows;
	session->cols = cols;
	return remex_resize (call->request, rows, cols);
}

static void show_help (struct call *call)
{
	char text[ESCAPES_HELP_BYTES];

	escapes_help (&session_of (call)->escapes, text);
	output_put (&call->drive->out, NULL, "\r\n", 2);
	output_put (&call->drive->out, NULL, text, strlen (text));
}

/* Bytes that are typed and wait for credit. */
static size_t waiting (const struct terminal_session *session)
{
	return session->n_going - session->sent;
}

/* Read what is typed, up to an escape, also while there is no credit: ~. has to work in a session that takes nothing any
 * more. 1: something was read; 0: nothing for now, or no room; -1: the terminal is gone. */
static int read_typed (struct call *call)
{
	struct terminal_session *session = session_of (call);
	size_t room = CONSOLE_INPUT - waiting (session), n, taken, added;
	enum escapes_action action;
	ssize_t got;

	if (!room)
		return 0;
	if (session->read == session->n_typed) {
		got = nowait_read (&session->terminal.input, session->typed, room);
		if (got <= 0)
			return got < 0 && errno == EAGAIN ? 0 : -1;
		session->read = 0;
		session->n_typed = (size_t)got;
	}
	memmove (session->going, session->going + session->sent, waiting (session));
	session->n_going -= session->sent;
	session->sent = 0;
	n = session->n_typed - session->read < room ? session->n_typed - session->read : room;
	action = escapes_read (&session->escapes, session->typed + session->read, n, &taken,
		session->going + session->n_going, &added);
	session->read += taken;
	session->n_going += added;
	switch (action) {
	case ESCAPES_LEAVE: call_leave (call); break;
	case ESCAPES_SUSPEND: drive_suspend (call->drive); break;
	case ESCAPES_HELP: show_help (call); break;
	case ESCAPES_NONE: break;
	}
	return 1;
}

/* The same where standard input is no terminal. */
static int read_input (struct terminal_session *session)
{
	struct input *input = &session->input;
	size_t n;

	if (waiting (session))
		return 0;
	session->sent = session->n_going = 0;
	n = input->first ? input->first : input->open ? input_read (input, CONSOLE_INPUT) : 0;
	input->first = 0;
	if (n) {
		memcpy (session->going, input->bytes, n);
		session->n_going = n;
		session->within_line = session->going[n - 1] != '\n';
		return 1;
	}
	if (input->error) {
		complain (NULL, "cannot read standard input: %s", strerror (input->error));
		return -1;
	}
	if (input->open || session->ended)
		return 0;
	/* Behind an incomplete line the first ^D only sends that line. */
	session->going[0] = session->going[1] = END_OF_INPUT;
	session->n_going = session->within_line ? 2 : 1;
	session->ended = true;
	return 1;
}

/* Read once, and send: what is typed later makes the descriptor readable again. 1: more could be done at once. */
static int send_typed (struct call *call)
{
	struct terminal_session *session = session_of (call);
	int got = session->local ? read_typed (call) : read_input (session);
	bool more = got > 0 && session->read < session->n_typed; /* behind an escape */
	long n = 0;

	if (got < 0)
		return -1;
	if (session->read_only)
		session->sent = session->n_going = 0;
	if (call->request && waiting (session)) {
		n = remex_send (call->request, session->going + session->sent, waiting (session));
		if (n < 0)
			return errno == EPIPE ? 0 : -1;
		session->sent += (size_t)n;
	}
	return more || (n > 0 && (waiting (session) || (!session->local && !session->ended)));
}

static int send (struct call *call)
{
	struct terminal_session *session = session_of (call);

	if (session->suspended)
		return 0;
	if ((session->read_only || remex_credit (call->request) > 0) && begin (call) < 0)
		return -1;
	if (session->resized && send_size (call) < 0)
		return -1;
	if (session->local && !terminal_is_raw (&session->terminal))
		return 0;
	return send_typed (call);
}

static int waits_on (struct call *call)
{
	const struct terminal_session *session = session_of (call);

	if (session->local)
		return terminal_is_raw (&session->terminal) && waiting (session) < CONSOLE_INPUT
			       ? session->terminal.input.fd
			       : -1;
	return session->input.open && !waiting (session) ? session->input.from.fd : -1;
}

/* --- signals ------------------------------------------------------------------------------------------------------ */

static void suspend (struct terminal_session *session)
{
	session->suspended = true;
	terminal_undo (&session->terminal, false);
	terminal_restore (&session->terminal);
	remark ("\n");
}

static void go_on (struct call *call)
{
	struct terminal_session *session = session_of (call);
	int rows, cols;

	session->suspended = false;
	if (begin (call) < 0)
		return;
	get_size (session, &rows, &cols);
	if (rows != session->rows)
		terminal_resized (&session->terminal);
	terminal_redo (&session->terminal);
	/* A program redraws the screen when the size changes, and no program when it stays the same. Two changes in a row would be
	 * one for a program that is slow to look, and perhaps none. */
	if (!call->request || session->cols <= 1 || call->leave_ms || session->read_only)
		return;
	remex_resize (call->request, session->rows, session->cols - 1);
	session->cols = -1;
	session->resized = session->redrawn = false;
	session->narrow_ms = clock_ms ();
}

/* End the narrow size. Output of the first moment may be older than that. */
static int tick (struct call *call)
{
	struct terminal_session *session = session_of (call);
	int left;

	if (!session->narrow_ms)
		return -1;
	left = clock_until (session->narrow_ms + (session->redrawn ? NARROW_MS : TERMINAL_SESSION_REDRAW_MS));
	if (left == 0) {
		session->narrow_ms = 0;
		session->resized = true;
	}
	return left;
}

static bool on_signal (struct call *call, int signo)
{
	struct terminal_session *session = session_of (call);

	switch (signo) {
	case SIGWINCH: session->resized = true; return true;
	case SIGTSTP:
		if (session->local && terminal_is_raw (&session->terminal))
			suspend (session);
		return session->local;
	case SIGCONT:
		if (session->suspended)
			go_on (call);
		else if (session->local && terminal_is_raw (&session->terminal))
			terminal_raw (&session->terminal); /* it was stopped without a word */
		return session->local;
	default: return false;
	}
}

const struct sink sink_terminal = {
	.take = take, .send = send, .waits_on = waits_on, .signal = on_signal, .tick = tick
};
