/* call - see call.h. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/call.h"
#include "cli/feed.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "wire/codes.h"

enum {
	PATIENCE_MS = 10000, /* for the answer to a cancel, when no user at a terminal waits for it */
	SHOWN_PIECE = 4096, /* bytes that become text at once */
};

/* How much output of a server is kept; the server decides how much it sends. */
#define COLLECT_MAX ((size_t)256 * 1024 * 1024) /* of stdout, of stderr */
#define RESULT_MAX ((size_t)64 * 1024 * 1024)

static struct call *call_of (const struct task *task)
{
	return list_entry (task, struct call, task);
}

/* --- the known calls ----------------------------------------------------------------------------------------------- */

/* The only outcome of each call that can mean success, and whether that success has a result. REMEX_EXITED here also
 * allows a command that is signalled or never started. Every call may be stopped, fail or be lost. */
static const struct outcome_rule {
	const char *call;
	enum remex_outcome success;
	bool result;
} outcome_rules[] = {
	{ "exec.run", REMEX_EXITED, false },
	{ "exec.shell", REMEX_EXITED, false },
	{ "status.show", REMEX_COMPLETED, true },
	{ "file.put", REMEX_COMPLETED, false },
	{ "file.get", REMEX_COMPLETED, false },
	{ "file.list", REMEX_COMPLETED, true },
	{ "file.stat", REMEX_COMPLETED, true },
	{ "file.checksum", REMEX_COMPLETED, true },
	{ "file.mkdir", REMEX_COMPLETED, false },
	{ "file.remove", REMEX_COMPLETED, false },
	{ "plugins", REMEX_COMPLETED, true },
	{ "identities", REMEX_COMPLETED, true },
	{ "reload", REMEX_COMPLETED, true },
	{ "job.list", REMEX_COMPLETED, true },
	{ "job.logs", REMEX_COMPLETED, false },
	{ "job.peek", REMEX_COMPLETED, false },
	{ "job.kill", REMEX_COMPLETED, false },
	{ "job.remove", REMEX_COMPLETED, false },
};

/* The row of a call; NULL: a call of a third-party plugin, which may or may not run a command and have a result. */
static const struct outcome_rule *find_outcome_rule (const char *name)
{
	for (size_t i = 0; i < sizeof outcome_rules / sizeof *outcome_rules; i++)
		if (!strcmp (outcome_rules[i].call, name))
			return &outcome_rules[i];
	return NULL;
}

/* --- stopping ---------------------------------------------------------------------------------------------------- */

static void give_up (struct call *call)
{
	bool many = call->task.queued;

	if (call->durable && call->durable->phase == DURABLE_REMOVING) {
		call->request = NULL; /* the result is known */
		if (!many)
			drive_leave (call->drive);
		return;
	}
	if (call->request || !many || durable_waits (call->durable)) {
		call->gave_up = true;
		call->result.outcome = REMEX_CANCELLED;
	}
	call->request = NULL;
	call->kept = false;
	if (call->durable)
		call->durable->retry_ms = 0;
	if (!many)
		drive_leave (call->drive);
}

void call_skip (struct call *call)
{
	call->skipped |= call->waiting;
	call->waiting = false;
}

/* Does a durable call run, connected or not? */
static bool durable_runs (const struct call *call)
{
	return call->durable && (call->request || durable_waits (call->durable));
}

/* The cancel of a request would only detach it from the job. The answer is not waited for: the job's end tells. */
static void kill_job (struct call *call)
{
	char args[64];

	if (!call->durable->attached || call->durable->phase != DURABLE_ATTACHED)
		return;
	snprintf (args, sizeof args, "{\"id\":\"%s\"}", call->job.id);
	remex_start (remex_request_host (call->request), "job.kill", &(struct remex_options){ .args = args }, NULL);
}

/* Stop the job of a durable call, now or when it is reached again. */
static void stop_job (struct call *call)
{
	if (call->leave_ms)
		return;
	call->leave_ms = clock_ms () + PATIENCE_MS;
	call->durable->stop = true;
	kill_job (call);
}

void call_stop (struct call *call)
{
	if (call->waiting) {
		call_skip (call);
	} else if (durable_runs (call)) {
		stop_job (call);
	} else if (!call->request) {
		give_up (call); /* the only thing left to wait for is the reader of our output */
	} else if (!call->leave_ms) {
		remex_cancel (call->request);
		call->leave_ms = clock_ms () + PATIENCE_MS;
	}
}

void call_leave (struct call *call)
{
	if (call->request)
		remex_cancel (call->request);
	give_up (call);
}

/* Does a command run for this call alone? An interrupt is meant for it. */
static bool runs_command (const struct call *call)
{
	return !call->sink->send && !call->options.job && !job_verb_is (call->name);
}

/* Does a command run, which can get signals by name? The sink of a terminal has its own way to end it. */
static bool takes_signals (const struct call *call)
{
	const struct outcome_rule *rule = find_outcome_rule (call->name);

	return rule && rule->success == REMEX_EXITED && call->request && !call->options.job && !call->leave_ms;
}

/* Does a durable call run that has no connection to its command at this moment? */
static bool is_detached (const struct call *call)
{
	return durable_runs (call) && !call->durable->attached;
}

static void interrupt (struct call *call)
{
	call_skip (call);
	call->interrupts += 1 + (!call->interrupts && (!runs_command (call) || is_detached (call)));
	switch (call->interrupts) {
	case 1:
		if (call->request)
			remex_signal (call->request, "INT");
		break;
	case 2:
		if (durable_runs (call))
			stop_job (call);
		else if (call->request)
			remex_cancel (call->request);
		if (isatty (STDERR_FILENO) && runs_command (call) && !call->task.queued)
			complain (NULL, "stopping the call; Ctrl-C once more leaves at once");
		break;
	default: give_up (call);
	}
}

/* TERM or HUP. */
static void end_by (struct call *call, int signo)
{
	bool first = !call->leaving;

	call->leaving = true;
	if (first && takes_signals (call) && !call->sink->send) {
		remex_signal (call->request, signal_word (signo));
		call->cancel_ms = clock_ms () + CALL_FORWARD_MS;
	} else {
		call_stop (call);
	}
}

static void on_signal (struct task *task, int signo)
{
	struct call *call = call_of (task);

	if (call->sink->signal && call->sink->signal (call, signo))
		return;
	switch (signo) {
	case SIGINT: interrupt (call); break;
	case SIGTERM:
	case SIGHUP: end_by (call, signo); break;
	case SIGWINCH: break;
	default:
		if (takes_signals (call))
			remex_signal (call->request, signal_word (signo));
		else if (signo == SIGQUIT)
			call_stop (call);
	}
}

/* The user's own descriptors have failed: the call is no success, however the command ends. `what` is NULL where the
 * error was reported. */
static void break_off (struct call *call, int error, const char *what)
{
	if (call->broken)
		return;
	call->broken = error;
	if (what && error != EPIPE)
		complain (NULL, "%s: %s", what, strerror (error));
	if (call->request || durable_runs (call))
		call_stop (call);
}

/* --- sinks ------------------------------------------------------------------------------------------------------- */

void call_consume (struct call *call, size_t n)
{
	if (call->durable)
		n = durable_consumed (call->durable, n);
	if (call->request)
		remex_consume (call->request, n);
}

static void check_outputs (struct call *call)
{
	bool many = call->task.queued;

	if (call->drive->out.error)
		break_off (call, call->drive->out.error, many ? NULL : "cannot write to standard output");
	else if (call->drive->err.error)
		break_off (call, call->drive->err.error, many ? NULL : "cannot write to standard error");
}

/* n bytes are written: those that were added to what came give no credit. */
static void consume_written (struct call *call, size_t n)
{
	size_t added = call->surplus < n ? call->surplus : n;

	call->surplus -= added;
	call_consume (call, n - added);
	check_outputs (call);
}

static void on_written (struct writer *writer, size_t n)
{
	consume_written (list_entry (writer, struct call, writer), n);
}

static void keep_tail (struct call *call, const uint8_t *bytes, size_t n)
{
	size_t most = sizeof call->err_tail - 1, old = call->n_err_tail;

	if (n > most) {
		bytes += n - most;
		n = most;
	}
	if (old > most - n) {
		memmove (call->err_tail, call->err_tail + old - (most - n), most - n);
		old = most - n;
	}
	memcpy (call->err_tail + old, bytes, n);
	call->n_err_tail = old + n;
	call->err_tail[old + n] = '\0';
}

static int live_take (struct call *call, const char *stream, const void *bytes, size_t n)
{
	bool to_err = !strcmp (stream, "stderr");
	struct output *output = to_err ? &call->drive->err : &call->drive->out;

	if (to_err)
		keep_tail (call, bytes, n);
	call_consume (call, output_put (output, &call->writer, bytes, n));
	check_outputs (call);
	return 0;
}

/* The number of bytes at the beginning that are put as they are: a newline, a carriage return, colours; 0: none. */
static size_t as_it_is (struct call_held *held, const uint8_t *bytes, size_t n)
{
	size_t colour;

	if (*bytes == '\n' || *bytes == '\r')
		return 1;
	colour = text_colour (bytes, n);
	if (!colour || colour > n)
		return 0;
	held->coloured = colour > 4 || (colour == 4 && bytes[2] != '0');
	return colour;
}

/* Put n bytes as text. */
static void put_shown (struct call *call, bool to_err, const uint8_t *bytes, size_t n)
{
	struct output *output = to_err ? &call->drive->err : &call->drive->out;
	char shown[TEXT_SHOWN_MAX * SHOWN_PIECE];
	const uint8_t *end = bytes + n, *at;
	size_t m = 0, same;

	for (; bytes < end; bytes = at + same) {
		for (same = 0, at = bytes; at < end; at++)
			if ((same = as_it_is (&call->held[to_err], at, (size_t)(end - at))))
				break;
		m += text_show (shown + m, bytes, (size_t)(at - bytes));
		memcpy (shown + m, at, same);
		m += same;
	}
	call->surplus += m - n; /* text_show makes no text shorter */
	consume_written (call, output_put (output, &call->writer, shown, m));
}

/* How many bytes at the end begin a character or a colour whose rest is missing: less than TEXT_COLOUR_MAX. */
static size_t unfinished (const uint8_t *bytes, size_t n)
{
	size_t begun = text_unfinished (bytes, n);

	for (size_t i = 1; !begun && i < TEXT_COLOUR_MAX && i <= n; i++)
		if (bytes[n - i] == '\033')
			return text_colour (bytes + n - i, i) == i + 1 ? i : 0;
	return begun;
}

static int shown_take (struct call *call, const char *stream, const void *bytes, size_t n)
{
	bool to_err = !strcmp (stream, "stderr");
	const struct output *output = to_err ? &call->drive->err : &call->drive->out;
	struct call_held *held = &call->held[to_err];
	uint8_t piece[SHOWN_PIECE];
	const uint8_t *at = bytes;

	if (!output->terminal)
		return live_take (call, stream, bytes, n);
	if (to_err)
		keep_tail (call, bytes, n);
	while (n) {
		size_t more = n < sizeof piece - held->n ? n : sizeof piece - held->n, whole;

		memcpy (piece, held->bytes, held->n);
		memcpy (piece + held->n, at, more);
		whole = held->n + more;
		held->n = unfinished (piece, whole);
		whole -= held->n;
		memcpy (held->bytes, piece + whole, held->n);
		put_shown (call, to_err, piece, whole);
		at += more;
		n -= more;
	}
	return 0;
}

/* What was not completed is text, and the colours of the job end with its output. */
static void shown_ended (struct call *call)
{
	static const char undo[] = "\033[0m";

	for (int i = 0; i < 2; i++) {
		struct call_held *held = &call->held[i];

		put_shown (call, i, held->bytes, held->n);
		held->n = 0;
		if (!held->coloured)
			continue;
		call->surplus += strlen (undo);
		consume_written (call,
			output_put (i ? &call->drive->err : &call->drive->out, &call->writer, undo, strlen (undo)));
		held->coloured = false;
	}
}

static int keep (struct call *call, struct buf *to, const void *bytes, size_t n)
{
	if (buf_append (to, bytes, n) < 0) {
		if (errno == ENOBUFS && !call->broken)
			complain (NULL, "%s is larger than %zu MiB, which is the most that can be kept",
				to == &call->result_bytes ? "the result" : "the output", to->max / (1024 * 1024));
		break_off (call, errno, errno == ENOBUFS ? NULL : "the output cannot be kept");
	}
	call_consume (call, n);
	return 0;
}

static int collect_take (struct call *call, const char *stream, const void *bytes, size_t n)
{
	return keep (call, !strcmp (stream, "stderr") ? &call->err_bytes : &call->out_bytes, bytes, n);
}

const struct sink sink_live = { .take = live_take }, sink_shown = { .take = shown_take, .ended = shown_ended },
		  sink_collect = { .take = collect_take };

/* --- events ------------------------------------------------------------------------------------------------------ */

/* Is this end possible for the call, as far as remex knows the call? If not, `words` describes the mistake. */
static bool may_end (const struct call *call, enum remex_outcome outcome, char *words, size_t size)
{
	bool command = outcome == REMEX_EXITED || outcome == REMEX_SIGNALLED || outcome == REMEX_NEVER_STARTED;
	const struct outcome_rule *rule = find_outcome_rule (call->name);
	static const struct outcome_rule start = { .success = REMEX_COMPLETED };

	if (call->options.job && outcome != REMEX_NEVER_STARTED)
		rule = &start; /* the command's end is no end of this call */
	if (!rule || (!command && outcome != REMEX_COMPLETED))
		return true;
	if (rule->success != (command ? REMEX_EXITED : REMEX_COMPLETED))
		snprintf (words, size, "the server ended %s with '%s', which is no end of %s", call->name,
			remex_outcome_word (outcome), call->name);
	else if (rule->result && !buf_len (&call->result_bytes))
		snprintf (words, size, "%s gave no result", call->name);
	else
		return true;
	return false;
}

static void forget_result (struct call *call)
{
	for (int i = 0; i < CALL_STRINGS; i++) {
		free (call->strings[i]);
		call->strings[i] = NULL;
	}
	call->result = (struct remex_result){ .code = "", .message = "", .limit = "", .json = "", .via = "" };
}

/* Keep the strings of the result: code, message, limit, json, via. */
static void keep_strings (struct call *call, const char *const strings[CALL_STRINGS])
{
	for (int i = 0; i < CALL_STRINGS; i++)
		if (!(call->strings[i] = strdup (strings[i]))) {
			call->result.code = call->result.message = call->result.limit = call->result.json =
				call->result.via = "";
			break_off (call, errno, "the result cannot be kept");
			return;
		}
	call->result.code = call->strings[0];
	call->result.message = call->strings[1];
	call->result.limit = call->strings[2];
	call->result.json = call->strings[3];
	call->result.via = call->strings[4];
}

void call_fail (struct call *call, enum remex_outcome outcome, const char *code, const char *why)
{
	const char *strings[] = { code, why, "", "", "" };

	forget_result (call);
	call->request = NULL;
	call->result.outcome = outcome;
	keep_strings (call, strings);
}

static void on_ended (struct call *call, const struct remex_result *result)
{
	const char *strings[] = { result->code, result->message, result->limit, result->json, result->via };
	const char *refusal;
	char words[160];

	call->result = *result;
	call->request = NULL;
	call->kept = call->sink->flush && !call->leaving;
	if (call->leaving && !call->task.queued && !call->durable)
		drive_leave (call->drive); /* do not wait until our reader takes the rest */
	if (!may_end (call, result->outcome, words, sizeof words)) {
		call->result.outcome = REMEX_FAILED;
		strings[0] = "bad_message";
		strings[1] = words;
	} else if (call->options.job && result->outcome == REMEX_COMPLETED &&
		   job_reply_started (&call->job, result) < 0) {
		call->result.outcome = REMEX_FAILED;
		strings[0] = "bad_message";
		strings[1] = "the server started a job without an id";
	} else if ((refusal = job_reply_refusal (call->name, call->options.job || call->durable, result))) {
		strings[1] = refusal;
	}
	keep_strings (call, strings);
	if (call->sink->ended)
		call->sink->ended (call);
}

static int begin_part (
	struct call *call, struct remex_host *host, struct remex_options *options, struct remex_error *error);
static void part_ended (struct call *call, const struct remex_result *result);

/* A durable call is over, and what its command has done is not known. */
static void end_lost (struct call *call)
{
	const struct remex_result lost = { .outcome = REMEX_LOST,
		.code = "lost",
		.message = call->durable->words,
		.limit = "",
		.json = "",
		.via = "" };

	on_ended (call, &lost);
}

/* The next request of a durable call, over the connection that there is. */
static void go_on (struct call *call)
{
	struct remex_options options = call->options;
	struct remex_error error;

	options.hold = true;
	if (begin_part (call, call->host, &options, &error) < 0 && call->durable->phase != DURABLE_REMOVING)
		call_fail (call, REMEX_LOST, error.code, error.text);
}

/* The time of the pause is over: connect again. */
static void reconnect (struct call *call)
{
	struct remex_result unreachable = { .outcome = REMEX_UNREACHABLE, .json = "" };
	struct remex_error error;

	remex_close (call->host);
	call->host = remex_connect_by (call->drive->remex, call->address ? call->address : call->where,
		&(struct remex_route){ .proxy = call->proxy }, &error);
	if (call->host) {
		drive_watch (&call->task, call->host);
		go_on (call);
		return;
	}
	unreachable.code = error.code;
	unreachable.message = error.text;
	part_ended (call, &unreachable);
}

/* A request of a durable call has ended. */
static void part_ended (struct call *call, const struct remex_result *result)
{
	struct durable_call *durable = call->durable;
	const char *news;

	call->request = NULL;
	switch (durable_ended (durable, &call->job, result, call->where)) {
	case DURABLE_NEXT: go_on (call); break;
	case DURABLE_PAUSE:
		if ((news = durable_news (durable)) && isatty (STDERR_FILENO))
			complain (call->where, "%s; trying again for %g s", news, durable->patience);
		break;
	case DURABLE_RESULT:
		on_ended (call, result);
		go_on (call);
		break;
	case DURABLE_FINAL: on_ended (call, result); break;
	case DURABLE_LOST: end_lost (call); break;
	case DURABLE_DONE:
		if (call->leaving && !call->task.queued)
			drive_leave (call->drive);
		break;
	}
}

/* The job of a durable call has said where it is, or that bytes are missing. */
static void take_place (struct call *call)
{
	if (durable_attached (call->durable, &call->job, call->where) < 0) {
		remex_cancel (call->request); /* which detaches */
		call->durable->phase = DURABLE_OVER;
		end_lost (call);
	} else if (call->durable->stop) {
		kill_job (call);
	}
}

/* The stream `job`. */
static void take_job (struct call *call, const void *bytes, size_t n)
{
	bool begun = call->job.begun;
	char size[32];

	remex_consume (call->request, n);
	if (job_reply_take (&call->job, bytes, n) < 0) {
		break_off (call, EPROTO, "what the server says of the job cannot be understood");
		return;
	}
	if (call->durable) {
		/* Of the lines behind the first one only a cut concerns the place. */
		if (call->job.begun && (!begun || call->job.cut))
			take_place (call);
		return;
	}
	if (call->job.cut)
		complain (call->where, "%s of its output were cut before this",
			progress_bytes (size, sizeof size, (double)call->job.cut));
	call->job.cut = 0;
	if (!begun && call->job.begun && call->sink->attached)
		call->sink->attached (call);
}

static void take_output (struct call *call, const struct remex_event *event)
{
	if (call->durable)
		durable_came (call->durable, event->size);
	if (call->sink->take (call, event->stream, event->data, event->size) < 0)
		break_off (call, ECANCELED, NULL);
}

static void on_event (struct task *task, const struct remex_event *event)
{
	struct call *call = call_of (task);

	if (event->type == REMEX_READY && takes_signals (call))
		console_forward (true);
	if (!call->request || event->request != call->request)
		return;
	if (event->type == REMEX_ENDED && call->durable)
		part_ended (call, event->result);
	else if (event->type == REMEX_ENDED)
		on_ended (call, event->result);
	else if (event->type == REMEX_DATA && !strcmp (event->stream, "result"))
		keep (call, &call->result_bytes, event->data, event->size);
	else if (event->type == REMEX_DATA && !strcmp (event->stream, "job"))
		take_job (call, event->data, event->size);
	else if (event->type == REMEX_DATA)
		take_output (call, event);
}

/* --- the task ---------------------------------------------------------------------------------------------------- */

/* After a cancel nothing more is sent: more input could complete what the user wanted to stop. */
static bool may_send (const struct call *call)
{
	return call->sink->send && call->request && !call->leave_ms && !call->interrupts;
}

/* Send standard input as far as the request has credit; at its end, send the end. After a read error the end is not
 * sent, because partial input must not look complete. */
static void feed (struct input *input, struct remex_request *request)
{
	size_t credit, got;

	while (input->open && (credit = remex_credit (request)) > 0) {
		if ((got = input_read (input, credit)) > 0) {
			if (remex_send (request, input->bytes, got) != (long)got)
				input_fail (input, errno);
		} else if (input->open) {
			return;
		} else if (!input->error && remex_end (request) < 0 && errno != EPIPE) {
			input_fail (input, errno); /* EPIPE: the request has ended; REMEX_ENDED comes later */
		}
	}
}

/* Read more input of a durable call: at most n bytes. Returns how many came; -1 with errno, already reported where it was
 * the feed that failed. */
static long read_durable (struct call *call, size_t n)
{
	uint8_t bytes[CONSOLE_INPUT];
	const uint8_t *from = bytes;
	long got;

	n = n < sizeof bytes ? n : sizeof bytes;
	if (call->tap) {
		got = tap_read (call->tap, bytes, n);
	} else {
		got = (long)input_read (call->input, n);
		from = call->input->bytes;
	}
	return got > 0 && durable_keep (call->durable, from, (size_t)got) < 0 ? -1 : got;
}

/* Send the input of a durable call as far as its job takes it. */
static void feed_durable (struct call *call)
{
	struct durable_call *durable = call->durable;
	struct input *input = call->input;
	long room = 0;

	if (!call->request || durable->phase != DURABLE_ATTACHED || !durable->has_input)
		return;
	while ((room = durable_send (durable, call->request)) > 0 && (call->tap || input->open))
		if ((room = read_durable (call, (size_t)room)) <= 0)
			break;
	if (room < 0)
		break_off (call, errno, "cannot pass on standard input");
	else if (input && input->error)
		break_off (call, input->error, "cannot read standard input");
	else if (call->tap ? tap_is_through (call->tap) : !input->open)
		durable_end (durable, call->request);
}

static bool on_work (struct task *task)
{
	struct call *call = call_of (task);
	int more = 0;

	if (call->durable) {
		feed_durable (call);
		if (durable_waits (call->durable) && clock_until (call->durable->retry_ms) == 0)
			reconnect (call);
	} else if (call->input && call->request) {
		feed (call->input, call->request);
		if (call->input->error)
			break_off (call, call->input->error, "cannot read standard input");
	}
	if (call->tap && call->request && !call->durable && tap_send (call->tap, call->request) < 0)
		break_off (call, errno, "cannot pass on standard input");
	if (may_send (call) && (more = call->sink->send (call)) < 0)
		break_off (call, ECANCELED, NULL);
	if (call->sink->flush)
		call->kept = call->sink->flush (call);
	check_outputs (call);
	if (call->cancel_ms && clock_until (call->cancel_ms) == 0) {
		call->cancel_ms = 0;
		call_stop (call);
	}
	if (call->leave_ms && clock_until (call->leave_ms) == 0)
		give_up (call);
	return more > 0;
}

static void on_wait (struct task *task, struct wait *wait)
{
	struct call *call = call_of (task);
	const struct input *input = call->input;

	if (input && input->open && call->request && remex_credit (call->request) > 0 &&
		(!call->durable || call->durable->attached)) {
		if (input_ready_always (input))
			wait_ms (wait, 0);
		else
			wait_fd (wait, input->from.fd, POLLIN);
	}
	if (call->sink->waits_on && may_send (call))
		wait_fd (wait, call->sink->waits_on (call), POLLIN);
	if (call->sink->tick)
		wait_ms (wait, call->sink->tick (call));
	wait_ms (wait, clock_until (call->cancel_ms));
	wait_ms (wait, clock_until (call->leave_ms));
	if (call->durable)
		wait_ms (wait, clock_until (call->durable->retry_ms));
}

static bool is_over (const struct task *task)
{
	const struct call *call = call_of (task);

	return !call->waiting && !call->request && !call->kept && !durable_waits (call->durable);
}

static void on_start (struct task *task, struct drive *drive);
static void on_over (struct task *task);

static const struct task_ops ops = { .start = on_start,
	.ended = on_over,
	.event = on_event,
	.signal = on_signal,
	.work = on_work,
	.wait = on_wait,
	.over = is_over };

void call_init (struct call *call)
{
	call->task.ops = &ops;
	list_init (&call->task.node);
	call->writer.written = on_written;
	buf_init (&call->out_bytes, COLLECT_MAX);
	buf_init (&call->err_bytes, COLLECT_MAX);
	buf_init (&call->result_bytes, RESULT_MAX);
	job_reply_init (&call->job);
	forget_result (call);
}

void call_free (struct call *call)
{
	if (call->drive) {
		output_forget (&call->drive->out, &call->writer);
		output_forget (&call->drive->err, &call->writer);
	}
	forget_result (call);
	buf_free (&call->out_bytes);
	buf_free (&call->err_bytes);
	buf_free (&call->result_bytes);
	job_reply_free (&call->job);
}

/* Begin the next request of a durable call. 0, or -1 and error. */
static int begin_part (
	struct call *call, struct remex_host *host, struct remex_options *options, struct remex_error *error)
{
	struct remex_job job;
	const char *name;
	char *args;

	if (durable_request (call->durable, &call->job, call->name, options, &job, &args, &name) < 0) {
		snprintf (error->code, sizeof error->code, "internal");
		snprintf (error->text, sizeof error->text, "out of memory");
		return -1;
	}
	call->host = host;
	call->job.begun = false;
	buf_consume (&call->job.line, buf_len (&call->job.line)); /* the connection may have been cut within a line */
	durable_begun (call->durable);
	call->request = remex_start (host, name, options, error);
	free (args);
	return call->request ? 0 : -1;
}

/* Begin the request. 0, or -1 and error. */
static int begin (struct call *call, struct remex_host *host, struct remex_error *error)
{
	struct remex_options options = call->options;

	options.hold = true;
	if (call->durable)
		return begin_part (call, host, &options, error);
	if (call->input && !call->input->none) {
		options.input = call->input->open;
		options.body = call->input->bytes;
		options.body_size = call->input->first;
	}
	if (call->sink->send || call->tap)
		options.input = true;
	call->request = remex_start (host, call->name, &options, error);
	return call->request ? 0 : -1;
}

int call_start (struct call *call, struct drive *drive, struct remex_host *host)
{
	struct remex_error error;

	forget_result (call);
	if (call->durable)
		call->durable->phase = DURABLE_STARTING;
	call->drive = drive;
	if (call->input && call->input->error) {
		complain (NULL, "cannot read standard input: %s", strerror (call->input->error));
		return -1;
	}
	if (begin (call, host, &error) < 0) {
		complain (call->where, "%s", error.text);
		return -1;
	}
	if (call->sink->begun)
		call->sink->begun (call);
	if (call->may_block)
		console_release_signals ();
	drive_add (drive, &call->task, host);
	if (*remex_host_version (host) && takes_signals (call))
		console_forward (true);
	return 0;
}

/* --- one of many ------------------------------------------------------------------------------------------------- */

void call_queue (struct call *call, struct drive *drive)
{
	call->drive = drive;
	call->waiting = true;
	drive_queue (drive, &call->task);
}

void call_abandon (struct call *call)
{
	if (call->waiting)
		call_skip (call);
	else
		give_up (call);
	remex_close (call->host);
	call->host = NULL;
}

static void on_start (struct task *task, struct drive *drive)
{
	struct call *call = call_of (task);
	struct remex_error error;

	call->waiting = false;
	if (call->begin && call->begin (call) < 0) {
		if (errno)
			call_fail (call, REMEX_FAILED, "internal", strerror (errno));
		return;
	}
	call->host = remex_connect_by (drive->remex, call->address ? call->address : call->where,
		&(struct remex_route){ .proxy = call->proxy }, &error);
	if (!call->host) {
		call_fail (call, REMEX_UNREACHABLE, error.code, error.text);
		return;
	}
	drive_watch (task, call->host);
	if (begin (call, call->host, &error) < 0)
		call_fail (call, REMEX_FAILED, error.code, error.text);
}

static void on_over (struct task *task)
{
	struct call *call = call_of (task);

	remex_close (call->host);
	call->host = NULL;
	if (call->ended)
		call->ended (call);
}
