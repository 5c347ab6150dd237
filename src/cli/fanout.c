/* fanout - see fanout.h. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/fanout.h"
#include "cli/result.h"
#include "cli/say.h"

/* The windows of output of all hosts that run, in bytes; each one has at least WINDOW_LEAST. */
enum { WINDOWS = 16 * 1024 * 1024, WINDOW_LEAST = 64 * 1024, WINDOW_MOST = 1024 * 1024 };

/* The result of one host; those of all that run are kept at once. */
enum { RESULT_MAX = 4 * 1024 * 1024 };

static struct member *member_of (struct call *call)
{
	return list_entry (call, struct member, call);
}

/* --- the sink of every call: the views ---------------------------------------------------------------------------- */

static int views_take (struct call *call, const char *stream, const void *bytes, size_t n)
{
	struct member *member = member_of (call);
	struct fanout *fanout = member->fanout;
	bool is_err = !strcmp (stream, "stderr"), consumed = false;

	for (size_t i = 0; i < fanout->n_views; i++) {
		if (fanout->views[i]->ops->take (fanout->views[i], member, is_err, bytes, n) < 0)
			return -1;
		consumed |= fanout->views[i]->consumes;
	}
	if (!consumed)
		call_consume (call, n);
	return 0;
}

static bool views_flush (struct call *call)
{
	struct member *member = member_of (call);
	const struct fanout *fanout = member->fanout;
	bool kept = false;

	for (size_t i = 0; i < fanout->n_views; i++)
		if (fanout->views[i]->ops->flush)
			kept |= fanout->views[i]->ops->flush (fanout->views[i], member);
	return kept;
}

/* The call is over: its result becomes output. Results of calls that failed may be incomplete. */
static void views_ended (struct call *call)
{
	struct member *member = member_of (call);
	struct fanout *fanout = member->fanout;
	enum remex_outcome outcome = call->result.outcome;
	struct err err;
	char *text;

	if (!fanout->render || !buf_len (&call->result_bytes) ||
		(outcome != REMEX_COMPLETED && outcome != REMEX_EXITED))
		return;
	if (!(text = fanout->render (fanout, member, &err)))
		call_fail (call, REMEX_FAILED, "bad_message", err.text);
	else if (fanout->renders && views_take (call, "stdout", text, strlen (text)) < 0)
		call_fail (call, REMEX_FAILED, "internal", "its result cannot be shown");
	if (fanout->renders)
		buf_free (&call->result_bytes);
	free (text);
}

static const struct sink sink_views = { .take = views_take, .ended = views_ended, .flush = views_flush };

/* --- what holds for all ------------------------------------------------------------------------------------------- */

static void set_window (struct fanout *fanout)
{
	fanout->drive.window = brake_window (&fanout->brake, fanout->drive.running);
}

void fanout_hold (struct fanout *fanout)
{
	for (size_t i = 0; i < fanout->n; i++)
		call_skip (&fanout->members[i].call);
}

void fanout_stop (struct fanout *fanout)
{
	for (size_t i = 0; i < fanout->n; i++)
		if (fanout->members[i].state != MEMBER_OVER)
			call_stop (&fanout->members[i].call);
}

/* Our own descriptors have failed: the call is no success on any host. */
static void check_own (struct fanout *fanout)
{
	int out = fanout->drive.out.error, err = fanout->drive.err.error, in = fanout->feeds ? fanout->feed.error : 0;
	const char *what;

	if (fanout->broken || (!out && !err && !in))
		return;
	fanout->broken = out ? out : err ? err : in;
	what = out                    ? "cannot write to standard output"
	       : err                  ? "cannot write to standard error"
	       : fanout->input->error ? "cannot read standard input"
				      : "cannot keep standard input";
	if (fanout->broken != EPIPE)
		complain (NULL, "%s: %s", what, strerror (fanout->broken));
	fanout_stop (fanout);
}

/* --- members ----------------------------------------------------------------------------------------------------- */

/* Its turn has come. */
static int member_begin (struct call *call)
{
	struct member *member = member_of (call);
	struct fanout *fanout = member->fanout;

	member->state = MEMBER_RUNNING;
	fanout->waiting--;
	fanout->running++;
	brake_started (&fanout->brake);
	set_window (fanout);
	if (fanout->feeds)
		tap_open (&member->tap, &fanout->feed);
	for (size_t i = 0; i < fanout->n_views; i++)
		if (fanout->views[i]->ops->begin && fanout->views[i]->ops->begin (fanout->views[i], member) < 0)
			return -1;
	if (fanout->begin && fanout->begin (fanout, member) < 0)
		return -1;
	if (!fanout->arguments)
		return 0;
	if (!(member->args = fanout->arguments (fanout, member)))
		return -1;
	call->options.args = member->args;
	return 0;
}

/* Was the call begun on the host, or may it have been? */
static bool was_reached (const struct member *member)
{
	switch (member->call.result.outcome) {
	case REMEX_UNREACHABLE:
	case REMEX_FAILED:
	case REMEX_NEVER_STARTED: return false;
	case REMEX_TIMED_OUT:
	case REMEX_CANCELLED: return member->call.result.started;
	case REMEX_EXITED:
	case REMEX_SIGNALLED:
	case REMEX_COMPLETED:
	case REMEX_LOST: break;
	}
	return true;
}

static void count (struct fanout *fanout, struct member *member)
{
	if (member->state == MEMBER_RUNNING)
		fanout->running--;
	else
		fanout->waiting--;
	member->state = MEMBER_OVER;
	fanout->over++;
	if (member->call.skipped)
		fanout->skipped++;
	else if (member_succeeded (member))
		fanout->succeeded++;
	else
		fanout->failed++;
}

/* The member is over and will not change any more. */
static void member_ended (struct call *call)
{
	struct member *member = member_of (call);
	struct fanout *fanout = member->fanout;

	check_own (fanout);
	if (call->broken) {
		call->broken = 0; /* the reason was reported */
		call_fail (call, REMEX_FAILED, "internal", "it was stopped, because its output could not be taken");
	}
	count (fanout, member);
	if (fanout->feeds && member->call.skipped)
		feed_skip (&fanout->feed);
	tap_close (&member->tap);
	free (member->args);
	member->args = NULL;
	call->options.args = NULL;
	if (fanout->reports && !member->call.skipped && !fanout->broken)
		result_explain (call, fanout->program);
	for (size_t i = 0; i < fanout->n_views; i++)
		if (fanout->views[i]->ops->ended)
			fanout->views[i]->ops->ended (fanout->views[i], member);
	if (fanout->ended)
		fanout->ended (fanout, member);
	if (fanout->over == fanout->n && fanout->leaving)
		drive_leave (&fanout->drive); /* do not wait until our reader takes the rest */
	if (member->call.skipped)
		return;
	brake_ended (&fanout->brake, member_succeeded (member), was_reached (member));
	if (brake_stops (&fanout->brake))
		fanout_stop (fanout);
	else if (brake_holds (&fanout->brake))
		fanout_hold (fanout);
	set_window (fanout);
}

bool member_succeeded (const struct member *member)
{
	return !member->call.skipped && member_status (member) == 0;
}

const char *member_outcome (const struct member *member)
{
	return member->call.skipped ? "skipped" : remex_outcome_word (member->call.result.outcome);
}

int member_status (const struct member *member)
{
	return member->call.skipped ? STATUS_REMEX : result_status (&member->call);
}

/* --- the monitor: a task beside the calls ------------------------------------------------------------------------- */

static struct fanout *fanout_of (const struct task *task)
{
	return list_entry (task, struct fanout, monitor);
}

/* The calls do what the signal asks for; here a message reports it. */
static void monitor_signal (struct task *task, int signo)
{
	struct fanout *fanout = fanout_of (task);

	if (signo != SIGINT && signo != SIGTERM && signo != SIGHUP)
		return; /* the calls pass it on */
	fanout->interrupted = true;
	fanout->interrupts += signo == SIGINT;
	if (signo != SIGINT || fanout->interrupts > 2)
		fanout->leaving = true;
	if (fanout->over == fanout->n)
		drive_leave (&fanout->drive); /* the only thing left to wait for is the reader of our output */
	if (signo != SIGINT || !isatty (STDERR_FILENO))
		return;
	progress_interrupted (&fanout->progress, &fanout->drive.out, &fanout->drive.err);
	if (fanout->interrupts == 1)
		complain (NULL, "%zu of %zu hosts are told to stop; Ctrl-C once more stops them", fanout->running,
			fanout->n);
	else if (fanout->interrupts == 2)
		complain (
			NULL, "stopping %zu of %zu hosts; Ctrl-C once more leaves at once", fanout->running, fanout->n);
}

/* The bytes of all hosts, for the status line. */
static void measure (struct fanout *fanout, struct progress_hosts *hosts)
{
	bool known = fanout->measure;

	if (!fanout->measure && !fanout->feeds)
		return;
	hosts->bytes = hosts->total = 0;
	for (size_t i = 0; i < fanout->n; i++) {
		const struct member *member = &fanout->members[i];
		int64_t total = -1;

		hosts->bytes += fanout->measure ? fanout->measure (fanout, member, &total) : (int64_t)member->tap.at;
		known &= total >= 0;
		hosts->total += total;
	}
	if (!known)
		hosts->total = -1;
}

static void draw_progress (struct fanout *fanout)
{
	struct progress_hosts hosts = { .n = fanout->n,
		.done = fanout->succeeded,
		.running = fanout->running,
		.failed = fanout->failed,
		.skipped = fanout->skipped,
		.waiting = fanout->waiting,
		.bytes = -1,
		.total = -1 };

	measure (fanout, &hosts);
	progress_draw_hosts (&fanout->progress, &fanout->drive.out, &fanout->drive.err, &hosts);
}

static bool monitor_work (struct task *task)
{
	struct fanout *fanout = fanout_of (task);

	bool more = fanout->feeds && feed_read (&fanout->feed);

	if (progress_due (&fanout->progress) == 0)
		draw_progress (fanout);

	set_window (fanout);
	check_own (fanout);
	return more;
}

static void monitor_wait (struct task *task, struct wait *wait)
{
	struct fanout *fanout = fanout_of (task);
	int fd = fanout->feeds ? feed_waits_on (&fanout->feed) : -1;

	if (fd >= 0 && input_ready_always (fanout->input))
		wait_ms (wait, 0);
	else
		wait_fd (wait, fd, POLLIN);
	wait_ms (wait, progress_due (&fanout->progress));
}

static bool monitor_over (const struct task *task)
{
	const struct fanout *fanout = fanout_of (task);

	return fanout->over == fanout->n;
}

static const struct task_ops monitor_ops = {
	.signal = monitor_signal, .work = monitor_work, .wait = monitor_wait, .over = monitor_over
};

/* --- all of them ------------------------------------------------------------------------------------------------- */

static int make_member (struct fanout *fanout, size_t rank, int64_t window)
{
	struct member *member = &fanout->members[rank];
	struct call *call = &member->call;

	member->fanout = fanout;
	member->rank = rank;
	member->target = &fanout->targets->targets[rank];
	call->where = member->target->label;
	call->address = member->target->where;
	call->proxy = member->target->proxy;
	call->name = fanout->call;
	call->options = fanout->options;
	call->options.window = window;
	if (member->target->user)
		call->options.user = member->target->user;
	call->sink = fanout->sink ? fanout->sink : &sink_views;
	call->begin = member_begin;
	call->ended = member_ended;
	if (fanout->feeds)
		call->tap = &member->tap;
	else
		call->input = fanout->input; /* all of it travels with the call */
	call_init (call);
	call->result_bytes.max = RESULT_MAX;
	if (fanout->patience <= 0 || (!fanout->durable && !member->target->durable))
		return 0;
	member->durable.patience = fanout->patience;
	call->durable = &member->durable;
	return fanout->feeds || !fanout->input
		       ? durable_open (&member->durable, fanout->feeds, NULL, 0)
		       : durable_open (&member->durable, true, fanout->input->bytes, fanout->input->first);
}

int fanout_open (struct fanout *fanout)
{
	size_t n = fanout->targets->n, window = fanout->window < n ? fanout->window : n;
	int64_t share = WINDOWS / (int64_t)(window ? window : 1);

	share = share < WINDOW_LEAST ? WINDOW_LEAST : share > WINDOW_MOST ? WINDOW_MOST : share;
	if (fanout->input && fanout->input->error) {
		complain (NULL, "cannot read standard input: %s", strerror (fanout->input->error));
		return -1;
	}
	fanout->opened = true;
	if (drive_open (&fanout->drive) < 0)
		return -1;
	drive_set_window (&fanout->drive, window);
	if (fanout->connect_timeout > 0)
		remex_set_connect_timeout (fanout->drive.remex, fanout->connect_timeout);
	if (fanout->input && fanout->input->none)
		fanout->input = NULL;
	fanout->feeds = fanout->input && fanout->input->open;
	if (!(fanout->members = calloc (n ? n : 1, sizeof *fanout->members))) {
		complain (NULL, "out of memory");
		return -1;
	}
	fanout->n = fanout->waiting = n;
	for (size_t i = 0; i < n; i++)
		if (make_member (fanout, i, share) < 0) {
			complain (NULL, "out of memory");
			return -1;
		}
	if (fanout->feeds)
		feed_open (&fanout->feed, fanout->input, fanout->spool, n);
	brake_open (&fanout->brake, n, fanout->drive.window);
	return 0;
}

void fanout_close (struct fanout *fanout)
{
	for (size_t i = 0; fanout->members && i < fanout->n; i++) {
		free (fanout->members[i].args);
		call_free (&fanout->members[i].call);
		durable_close (&fanout->members[i].durable);
	}
	feed_close (&fanout->feed);
	if (fanout->opened)
		drive_close (&fanout->drive);
	fanout->opened = false;
	free (fanout->members);
	fanout->members = NULL;
}

int fanout_run (struct fanout *fanout)
{
	int result;

	fanout->monitor.ops = &monitor_ops;
	drive_attend (&fanout->drive, &fanout->monitor);
	for (size_t i = 0; i < fanout->n; i++)
		call_queue (&fanout->members[i].call, &fanout->drive);
	set_window (fanout);
	result = drive_run (&fanout->drive);
	progress_clear ();
	/* The loop was left before its end: calls that still ran are given up, calls that waited are skipped. */
	for (size_t i = 0; i < fanout->n; i++)
		if (fanout->members[i].state != MEMBER_OVER) {
			call_abandon (&fanout->members[i].call);
			member_ended (&fanout->members[i].call);
		}
	return result;
}

/* The status of the first host that has begun the call; -1: none has. */
static int status_of_any (const struct fanout *fanout)
{
	for (size_t i = 0; i < fanout->n; i++)
		if (!fanout->members[i].call.skipped && was_reached (&fanout->members[i]))
			return member_status (&fanout->members[i]);
	return -1;
}

int fanout_status (const struct fanout *fanout)
{
	bool unreachable = false, timed_out = false, cancelled = false;
	int largest = 0, any = fanout->brake.any ? status_of_any (fanout) : -1;

	if (fanout->broken)
		return fanout->broken == EPIPE ? STATUS_PIPE : STATUS_REMEX;
	if (any >= 0)
		return any;
	for (size_t i = 0; i < fanout->n; i++) {
		const struct member *member = &fanout->members[i];
		int status = member_status (member);

		if (member->call.skipped)
			continue;
		switch (member->call.result.outcome) {
		case REMEX_UNREACHABLE:
		case REMEX_LOST:
		case REMEX_FAILED:
		case REMEX_NEVER_STARTED: unreachable = true; break;
		case REMEX_TIMED_OUT: timed_out = true; break;
		case REMEX_CANCELLED:
			cancelled = true;
			if (fanout->brake.fail_fast)
				continue; /* it was stopped because another host failed, whose status counts */
			break;
		case REMEX_EXITED:
		case REMEX_SIGNALLED:
		case REMEX_COMPLETED: break;
		}
		if (status > largest)
			largest = status;
	}
	if (fanout->interrupted)
		return STATUS_CANCELLED;
	if (unreachable)
		return STATUS_UNREACHABLE;
	if (timed_out)
		return STATUS_TIMED_OUT;
	if (!largest && cancelled)
		return STATUS_CANCELLED;
	if (!largest && fanout->skipped)
		return STATUS_REMEX;
	return largest;
}
