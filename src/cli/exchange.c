/* exchange - see exchange.h. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "cli/cli.h"
#include "cli/exchange.h"
#include "cli/signals.h"
#include "cli/trust.h"

enum { PATIENCE_MS = 10000 }; /* for the answer to a cancel that nobody at a terminal waits for */

#define COLLECT_MAX ((size_t)1 << 40) /* memory ends before */

int session_open (struct session *session, const char *where)
{
	struct remex_error error = { .text = "cannot catch signals" };

	*session = (struct session){ .where = where, .remex = remex_new () };
	if (!session->remex) {
		complain (NULL, "no memory");
		return -1;
	}
	if (signals_open () >= 0 && (session->host = remex_connect (session->remex, where, &error)))
		return 0;
	complain (NULL, "%s", error.text);
	session_close (session);
	return -1;
}

static bool left_over;

void session_close (struct session *session)
{
	if (session->remex && remex_looking_up (session->remex))
		left_over = true;
	else
		remex_free (session->remex);
	session->remex = NULL;
	signals_close ();
}

bool session_left_over (void)
{
	return left_over;
}

/* --- stopping ---------------------------------------------------------------------------------------------------- */

static void give_up (struct exchange *exchange)
{
	exchange->gave_up = true;
	exchange->result.outcome = REMEX_CANCELLED;
	exchange->request = NULL;
}

static void stop (struct exchange *exchange)
{
	if (exchange->request && !exchange->leave_ms) {
		remex_cancel (exchange->request);
		exchange->leave_ms = clock_ms () + PATIENCE_MS;
	}
}

static void on_signal (struct exchange *exchange, int signo)
{
	if (signo != SIGINT) {
		stop (exchange);
		return;
	}
	switch (++exchange->interrupts) {
	case 1:
		if (exchange->request)
			remex_signal (exchange->request, "INT");
		break;
	case 2:
		if (exchange->request)
			remex_cancel (exchange->request);
		if (isatty (STDERR_FILENO))
			complain (NULL, "stopping it; Ctrl-C once more leaves at once");
		break;
	default: give_up (exchange);
	}
}

/* --- output ------------------------------------------------------------------------------------------------------ */

/* What the user's own descriptors do not give or take makes no success, however the command ends. */
static void break_off (struct exchange *exchange, int error, const char *what)
{
	if (exchange->broken)
		return;
	exchange->broken = error;
	if (error != EPIPE)
		complain (NULL, "%s: %s", what, strerror (error));
	stop (exchange);
}

/* n bytes were written or dropped. */
static void written (struct exchange *exchange, size_t n)
{
	if (exchange->request)
		remex_consume (exchange->request, n);
	if (exchange->out.error)
		break_off (exchange, exchange->out.error, "cannot write to standard output");
	else if (exchange->err.error)
		break_off (exchange, exchange->err.error, "cannot write to standard error");
}

static void on_data (struct exchange *exchange, const struct remex_event *event)
{
	bool to_err = !strcmp (event->stream, "stderr"), result = !strcmp (event->stream, "result");
	struct buf *keep = result ? &exchange->result_bytes : to_err ? &exchange->err_bytes : &exchange->out_bytes;

	if (exchange->live && !result) {
		written (exchange, output_put (to_err ? &exchange->err : &exchange->out, event->data, event->size));
		return;
	}
	if (buf_append (keep, event->data, event->size) < 0) {
		break_off (exchange, errno, "the output cannot be kept");
	}
	remex_consume (exchange->request, event->size);
}

static void on_ended (struct exchange *exchange, const struct remex_result *result)
{
	const char *strings[] = { result->code, result->message, result->limit, result->json };

	exchange->result = *result;
	exchange->request = NULL;
	for (int i = 0; i < 4; i++)
		if (!(exchange->strings[i] = strdup (strings[i]))) {
			exchange->result.code = exchange->result.message = exchange->result.limit =
				exchange->result.json = "";
			break_off (exchange, errno, "the result cannot be kept");
			return;
		}
	exchange->result.code = exchange->strings[0];
	exchange->result.message = exchange->strings[1];
	exchange->result.limit = exchange->strings[2];
	exchange->result.json = exchange->strings[3];
}

/* --- the loop ---------------------------------------------------------------------------------------------------- */

static void take_events (struct exchange *exchange, struct session *session)
{
	struct remex_event event;

	/* Not for ever: a signal wants to be seen also while output pours. */
	for (int i = 0; i < 64 && exchange->request && remex_next (session->remex, &event, 0) > 0; i++) {
		if (event.request != exchange->request)
			continue;
		if (event.type == REMEX_DATA)
			on_data (exchange, &event);
		else if (event.type == REMEX_ENDED)
			on_ended (exchange, event.result);
	}
}

/* Wait for whatever comes first. */
static void wait_any (struct exchange *exchange, struct session *session)
{
	struct input *input = exchange->input;
	bool feed = input && input->open && exchange->request && remex_credit (exchange->request) > 0;
	int timeout = exchange->request ? remex_timeout (session->remex) : -1, patience;
	struct pollfd fds[] = {
		{ .fd = signals_open (), .events = POLLIN },
		{ .fd = exchange->request ? remex_fd (session->remex) : -1, .events = POLLIN },
		{ .fd = output_pending (&exchange->out) ? exchange->out.fd : -1, .events = POLLOUT },
		{ .fd = output_pending (&exchange->err) ? exchange->err.fd : -1, .events = POLLOUT },
		{ .fd = feed && !input_ready_always (input) ? input->fd : -1, .events = POLLIN },
	};

	if (feed && input_ready_always (input))
		timeout = 0;
	patience = clock_until (exchange->leave_ms);
	if (patience >= 0 && (timeout < 0 || patience < timeout))
		timeout = patience;
	if (poll (fds, sizeof fds / sizeof *fds, timeout) < 0 && errno != EINTR) {
		break_off (exchange, errno, "cannot wait");
		give_up (exchange);
	}
}

static bool goes_on (const struct exchange *exchange)
{
	if (exchange->gave_up)
		return false;
	return exchange->request || output_pending (&exchange->out) || output_pending (&exchange->err);
}

static void loop (struct exchange *exchange, struct session *session)
{
	int signo;

	for (;;) {
		take_events (exchange, session);
		if (exchange->request && exchange->input)
			input_pump (exchange->input, exchange->request);
		if (exchange->input && exchange->input->error)
			break_off (exchange, exchange->input->error, "cannot read standard input");
		if (output_pending (&exchange->out))
			written (exchange, output_flush (&exchange->out));
		if (output_pending (&exchange->err))
			written (exchange, output_flush (&exchange->err));
		if (!goes_on (exchange))
			return;
		if (exchange->leave_ms && clock_until (exchange->leave_ms) == 0) {
			give_up (exchange);
			return;
		}
		wait_any (exchange, session);
		while ((signo = signals_take ()))
			on_signal (exchange, signo);
	}
}

static void forget_result (struct exchange *exchange)
{
	for (int i = 0; i < 4; i++) {
		free (exchange->strings[i]);
		exchange->strings[i] = NULL;
	}
	exchange->result = (struct remex_result){ .code = "", .message = "", .limit = "", .json = "" };
}

/* Start it, and see it through. */
static int attempt (struct exchange *exchange, struct session *session)
{
	struct remex_options options = exchange->options;
	struct remex_error error;

	forget_result (exchange);
	options.hold = true;
	if (exchange->input && !exchange->input->none) {
		options.input = exchange->input->open;
		options.body = exchange->input->bytes;
		options.body_size = exchange->input->first;
	}
	if (exchange->input && exchange->input->error) {
		complain (NULL, "cannot read standard input: %s", strerror (exchange->input->error));
		return -1;
	}
	if (!(exchange->request = remex_start (session->host, exchange->call, &options, &error))) {
		complain (session->where, "%s", error.text);
		return -1;
	}
	loop (exchange, session);
	return 0;
}

/* The host was not pinned, so nothing was sent to it, and now it is: again. */
static int attempt_trusted (struct exchange *exchange, struct session *session)
{
	struct remex_error error;

	remex_close (session->host);
	if ((session->host = remex_connect (session->remex, session->where, &error)))
		return attempt (exchange, session);
	complain (NULL, "%s", error.text);
	return -1;
}

int exchange_run (struct exchange *exchange, struct session *session)
{
	output_init (&exchange->out, STDOUT_FILENO);
	output_init (&exchange->err, STDERR_FILENO);
	buf_init (&exchange->out_bytes, COLLECT_MAX);
	buf_init (&exchange->err_bytes, COLLECT_MAX);
	buf_init (&exchange->result_bytes, COLLECT_MAX);
	if (attempt (exchange, session) < 0)
		return -1;
	if (exchange->gave_up || strcmp (exchange->result.code, "untrusted") != 0 || !trust_can_ask (session->host))
		return 0;
	return trust_ask (session->host) ? attempt_trusted (exchange, session) : 0;
}

void exchange_free (struct exchange *exchange)
{
	forget_result (exchange);
	output_close (&exchange->out);
	output_close (&exchange->err);
	buf_free (&exchange->out_bytes);
	buf_free (&exchange->err_bytes);
	buf_free (&exchange->result_bytes);
}

/* --- how it ended ------------------------------------------------------------------------------------------------ */

int exchange_status (const struct exchange *exchange)
{
	const struct remex_result *result = &exchange->result;

	if (exchange->broken)
		return exchange->broken == EPIPE ? STATUS_PIPE : STATUS_REMEX;
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

static void explain_limit (const struct exchange *exchange, const char *where)
{
	bool idle = !strcmp (exchange->result.limit, "idle");
	double seconds = idle ? exchange->options.idle : exchange->options.deadline;
	const char *waited = exchange->result.started ? "" : "; it was still waiting for its turn";

	if (seconds > 0)
		complain (where, "timed out after %g s%s%s", seconds, idle ? " without a byte" : "", waited);
	else
		complain (where, "timed out, by a limit of the server%s", waited);
}

void exchange_explain (const struct exchange *exchange, const struct session *session, const char *program)
{
	const struct remex_result *result = &exchange->result;
	const char *where = session->where;

	if (exchange->broken || exchange->gave_up)
		return;
	switch (result->outcome) {
	case REMEX_EXITED:
	case REMEX_COMPLETED:
	case REMEX_CANCELLED: break;
	case REMEX_SIGNALLED:
		if (result->signal != SIGINT && result->signal != SIGPIPE)
			complain (where, "ended by signal %d (%s)", result->signal,
				result->signal ? strsignal (result->signal) : "one that this machine does not have");
		break;
	case REMEX_TIMED_OUT: explain_limit (exchange, where); break;
	case REMEX_NEVER_STARTED:
		if (program && strncmp (result->message, "cannot ", 7) != 0)
			complain (where, "cannot run %s: %s", program,
				*result->message ? result->message : "never started");
		else
			complain (where, "%s", *result->message ? result->message : "never started");
		break;
	case REMEX_LOST: complain (where, "lost: %s", result->message); break;
	case REMEX_FAILED:
		if (result->retry_after > 0)
			complain (where, "%s; try again in %g s", result->message, result->retry_after);
		else
			complain (where, "%s", result->message);
		break;
	case REMEX_UNREACHABLE: complain (where, "%s", result->message); break;
	}
}

int exchange_fetch (struct exchange *exchange, struct session *session, const char *call)
{
	*exchange = (struct exchange){ .call = call };
	if (exchange_run (exchange, session) < 0)
		return STATUS_REMEX;
	exchange_explain (exchange, session, NULL);
	if (exchange->result.outcome == REMEX_COMPLETED && !exchange->gave_up && !buf_len (&exchange->result_bytes)) {
		complain (session->where, "%s gave no result", call);
		return STATUS_REMEX;
	}
	return exchange_status (exchange);
}
