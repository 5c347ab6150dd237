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

void session_close (struct session *session)
{
	remex_free (session->remex);
	session->remex = NULL;
	signals_close ();
}

int session_again (struct session *session)
{
	struct remex_error error;

	remex_close (session->host);
	if ((session->host = remex_connect (session->remex, session->where, &error)))
		return 0;
	complain (NULL, "%s", error.text);
	return -1;
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
	exchange->interrupts += 1 + (!exchange->interrupts && exchange->party);
	switch (exchange->interrupts) {
	case 1:
		if (exchange->request)
			remex_signal (exchange->request, "INT");
		break;
	case 2:
		if (exchange->request)
			remex_cancel (exchange->request);
		if (isatty (STDERR_FILENO) && !exchange->party)
			complain (NULL, "stopping it; Ctrl-C once more leaves at once");
		break;
	default: give_up (exchange);
	}
}

/* --- output ------------------------------------------------------------------------------------------------------ */

/* What the user's own descriptors do not give or take makes no success, however the command ends. `what` is NULL where it
 * has been said. */
static void break_off (struct exchange *exchange, int error, const char *what)
{
	if (exchange->broken)
		return;
	exchange->broken = error;
	if (what && error != EPIPE)
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

static void keep_tail (struct exchange *exchange, const uint8_t *bytes, size_t n)
{
	size_t most = sizeof exchange->err_tail - 1, old = exchange->n_err_tail;

	if (n > most) {
		bytes += n - most;
		n = most;
	}
	if (old > most - n) {
		memmove (exchange->err_tail, exchange->err_tail + old - (most - n), most - n);
		old = most - n;
	}
	memcpy (exchange->err_tail + old, bytes, n);
	exchange->n_err_tail = old + n;
	exchange->err_tail[old + n] = '\0';
}

static void on_data (struct exchange *exchange, const struct remex_event *event)
{
	bool to_err = !strcmp (event->stream, "stderr"), result = !strcmp (event->stream, "result");
	struct buf *keep = result ? &exchange->result_bytes : to_err ? &exchange->err_bytes : &exchange->out_bytes;

	if (exchange->party && !result) {
		if (exchange->party->take (
			    exchange->party->data, exchange->request, event->stream, event->data, event->size) < 0)
			break_off (exchange, ECANCELED, NULL);
		return;
	}
	if (exchange->live && !result) {
		if (to_err)
			keep_tail (exchange, event->data, event->size);
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
	char words[160];

	exchange->result = *result;
	exchange->request = NULL;
	if (!exchange_may_end (exchange->call, result->outcome)) {
		snprintf (words, sizeof words, "the server ended %s with '%s', which no %s ends with", exchange->call,
			remex_outcome_word (result->outcome), exchange->call);
		exchange->result.outcome = REMEX_FAILED;
		strings[0] = "bad_message";
		strings[1] = words;
	}
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

static int sooner (int timeout, int other)
{
	return other >= 0 && (timeout < 0 || other < timeout) ? other : timeout;
}

/* Wait for whatever comes first; with `eager`, only look. */
static void wait_any (struct exchange *exchange, struct session *session, bool eager)
{
	const struct party *party = exchange->request ? exchange->party : NULL;
	struct input *input = exchange->input;
	bool feed = input && input->open && exchange->request && remex_credit (exchange->request) > 0;
	int timeout = exchange->request ? remex_timeout (session->remex) : -1;
	struct pollfd fds[] = {
		{ .fd = party && party->mortal ? -1 : signals_open (), .events = POLLIN },
		{ .fd = exchange->request ? remex_fd (session->remex) : -1, .events = POLLIN },
		{ .fd = output_pending (&exchange->out) ? exchange->out.to.fd : -1, .events = POLLOUT },
		{ .fd = output_pending (&exchange->err) ? exchange->err.to.fd : -1, .events = POLLOUT },
		{ .fd = feed && !input_ready_always (input) ? input->from.fd : -1, .events = POLLIN },
		{ .fd = party ? party->waits_on (party->data) : -1, .events = POLLIN },
	};

	if (eager || (feed && input_ready_always (input)))
		timeout = 0;
	if (party)
		timeout = sooner (timeout, party->tick (party->data));
	timeout = sooner (timeout, clock_until (exchange->leave_ms));
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

/* Let the party send: true when it has more. */
static bool send_some (struct exchange *exchange)
{
	const struct party *party = exchange->party;
	int more;

	if (!party || !exchange->request || exchange->leave_ms)
		return false;
	if ((more = party->send (party->data, exchange->request)) < 0)
		break_off (exchange, ECANCELED, NULL);
	return more > 0;
}

static void loop (struct exchange *exchange, struct session *session)
{
	int signo;
	bool eager;

	for (;;) {
		take_events (exchange, session);
		if (exchange->request && exchange->input)
			input_pump (exchange->input, exchange->request);
		eager = send_some (exchange);
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
		wait_any (exchange, session, eager);
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
	if (exchange->party)
		options.input = true;
	if (exchange->input && exchange->input->error) {
		complain (NULL, "cannot read standard input: %s", strerror (exchange->input->error));
		return -1;
	}
	if (!(exchange->request = remex_start (session->host, exchange->call, &options, &error))) {
		complain (session->where, "%s", error.text);
		return -1;
	}
	if (exchange->party && exchange->party->mortal)
		signals_close ();
	loop (exchange, session);
	return 0;
}

/* The host was not pinned, so nothing was sent to it, and now it is: again. */
static int attempt_trusted (struct exchange *exchange, struct session *session)
{
	return session_again (session) < 0 ? -1 : attempt (exchange, session);
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
