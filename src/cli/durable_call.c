/* durable_call - see durable_call.h. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "cli/durable_call.h"

enum {
	PAUSE_MS = 50, /* before the first try after a cut; each further one takes twice as long, */
	PAUSE_MOST_MS = 10000, /* up to this */
	TELL_AFTER = 4, /* tries: a short cut is not worth a word */
	FIRST_TRIES =
		4, /* of a host that nothing was sent to: the first connection may be cut before its greeting, too */
};

int durable_open (struct durable_call *durable, bool has_input, const void *first, size_t n)
{
	uint8_t random[DURABLE_KEY / 2];

	buf_init (&durable->kept, DURABLE_KEPT * 4);
	durable->has_input = has_input;
	if (getrandom (random, sizeof random, 0) != sizeof random)
		return -1;
	for (size_t i = 0; i < sizeof random; i++)
		snprintf (durable->key + 2 * i, 3, "%02x", random[i]);
	return durable_keep (durable, first, n);
}

void durable_close (struct durable_call *durable)
{
	buf_free (&durable->kept);
}

/* --- the requests ------------------------------------------------------------------------------------------------- */

/* {"id":…}, or the key while the id is not known; and where the output goes on. NULL: out of memory. */
static char *make_args (const struct durable_call *durable, const struct job_reply *job)
{
	char *text;

	if (durable->phase == DURABLE_REMOVING)
		return asprintf (&text, "{\"id\":\"%s\"}", job->id) < 0 ? NULL : text;
	return asprintf (&text, "{\"id\":\"%s\",\"since\":%lld}", job->id, (long long)durable->output) < 0 ? NULL
													   : text;
}

int durable_request (const struct durable_call *durable, const struct job_reply *id, const char *call,
	struct remex_options *options, struct remex_job *job, char **args, const char **name)
{
	*args = NULL;
	if (durable->phase == DURABLE_STARTING) {
		*name = call;
		*job = (struct remex_job){
			.size = sizeof *job, .key = durable->key, .input = durable->has_input, .durable = true
		};
		options->job = job;
		options->input = false;
		return 0;
	}
	*name = durable->phase == DURABLE_ATTACHED ? "job.attach" : "job.remove";
	if (!(*args = make_args (durable, id)))
		return -1;
	*options = (struct remex_options){ .args = *args,
		.hold = options->hold,
		.window = options->window,
		.input = durable->has_input && durable->phase == DURABLE_ATTACHED };
	return 0;
}

void durable_begun (struct durable_call *durable)
{
	durable->retry_ms = 0;
	durable->attached = durable->end_sent = false;
	durable->stale = durable->unconsumed;
}

/* Has the connection ended, or never begun, or does the server want us to come again? */
static bool is_cut (const struct remex_result *result)
{
	static const char *const final[] = { "untrusted", "no_key", "usage" }, *const later[] = { "busy",
		"shutting_down" };

	if (result->outcome == REMEX_LOST)
		return !*result->json;
	if (result->outcome == REMEX_UNREACHABLE) {
		for (size_t i = 0; i < sizeof final / sizeof *final; i++)
			if (!strcmp (result->code, final[i]))
				return false;
		return true;
	}
	for (size_t i = 0; result->outcome == REMEX_FAILED && i < sizeof later / sizeof *later; i++)
		if (!strcmp (result->code, later[i]))
			return true;
	return false;
}

/* Where the rest is, for the end of words. */
static void say_where (struct durable_call *durable, const struct job_reply *job, const char *where, const char *what)
{
	if (*job->id)
		snprintf (durable->words, sizeof durable->words,
			"%s; the command may go on there, and its output is kept: remex job logs %s:%s", what, where,
			job->id);
	else
		snprintf (durable->words, sizeof durable->words,
			"%s; it is not known whether the command was started: remex job list %s", what, where);
}

static enum durable_next pause_call (
	struct durable_call *durable, const struct job_reply *job, const char *why, const char *where)
{
	int64_t now = clock_ms (), most = PAUSE_MS;
	unsigned random = 0;
	char what[400];

	snprintf (durable->reason, sizeof durable->reason, "%s", why);
	/* A command may be silent for hours: what has held for as long as the longest pause is progress, too. */
	if (durable->attached && now - durable->attached_ms >= PAUSE_MOST_MS)
		durable->lost_ms = 0;
	if (!durable->lost_ms) {
		durable->lost_ms = now;
		durable->tries = 0;
		durable->told = false;
	}
	if (durable->reached && durable->phase != DURABLE_REMOVING &&
		(double)(now - durable->lost_ms) >= durable->patience * 1000) {
		snprintf (what, sizeof what, "it was not reached again for %g s (%s)", durable->patience,
			durable->reason);
		say_where (durable, job, where, what);
		durable->phase = DURABLE_OVER;
		return DURABLE_LOST;
	}
	for (int i = 0; i < durable->tries && most < PAUSE_MOST_MS; i++)
		most *= 2;
	most = most < PAUSE_MOST_MS ? most : PAUSE_MOST_MS;
	if (getrandom (&random, sizeof random, 0) < 0)
		random = (unsigned)now;
	durable->retry_ms = now + most / 2 + random % (unsigned)(most / 2 + 1);
	durable->tries++;
	durable->attached = false;
	return DURABLE_PAUSE;
}

enum durable_next durable_ended (
	struct durable_call *durable, struct job_reply *job, const struct remex_result *result, const char *where)
{
	char what[400];

	switch (durable->phase) {
	case DURABLE_STARTING:
		if (result->outcome == REMEX_COMPLETED && job_reply_started (job, result) == 0) {
			durable->reached = true;
			durable->phase = DURABLE_ATTACHED;
			durable->lost_ms = 0;
			return DURABLE_NEXT;
		}
		/* The first start may fail as any call does. A start that was sent before may have come. */
		if (result->outcome == REMEX_LOST)
			durable->reached = true;
		if (is_cut (result) &&
			(durable->reached || (result->outcome == REMEX_UNREACHABLE && durable->tries < FIRST_TRIES)))
			return pause_call (durable, job, result->message, where);
		durable->phase = DURABLE_OVER;
		return DURABLE_FINAL;
	case DURABLE_ATTACHED:
		/* A server refuses an attachment with `busy`; behind the place of the job it is how the job ended. */
		if (is_cut (result) && !(durable->attached && !strcmp (result->code, "busy")))
			return pause_call (durable, job, result->message, where);
		if (result->outcome == REMEX_FAILED || result->outcome == REMEX_LOST ||
			result->outcome == REMEX_UNREACHABLE || !durable->attached) {
			snprintf (what, sizeof what, "%s", result->message);
			say_where (durable, job, where, what);
			durable->phase = DURABLE_OVER;
			return DURABLE_LOST;
		}
		durable->phase = DURABLE_REMOVING;
		durable->lost_ms = 0;
		return DURABLE_RESULT;
	case DURABLE_REMOVING:
		/* The result is known, and is not kept waiting for long. A job that stays is forgotten by its host some time. */
		if ((is_cut (result) || (result->outcome == REMEX_FAILED && strcmp (result->code, "not_found") != 0)) &&
			durable->removals++ < FIRST_TRIES) /* also where its process is just ending there */
			return pause_call (durable, job, result->message, where);
		break;
	case DURABLE_OVER: break;
	}
	durable->phase = DURABLE_OVER;
	return DURABLE_DONE;
}

const char *durable_news (struct durable_call *durable)
{
	if (durable->told || durable->tries < TELL_AFTER || durable->phase == DURABLE_REMOVING)
		return NULL;
	durable->told = true;
	return durable->reason;
}

/* --- output and input ---------------------------------------------------------------------------------------------- */

int durable_attached (struct durable_call *durable, const struct job_reply *job, const char *where)
{
	int64_t end = durable->kept_from + (int64_t)buf_len (&durable->kept);
	char what[200] = "";

	if (job->cut || job->offset != durable->output)
		snprintf (what, sizeof what, "bytes of its output are missing behind the first %lld",
			(long long)durable->output);
	else if (durable->has_input && (job->input < durable->kept_from || job->input > end))
		snprintf (what, sizeof what,
			"it wants input from byte %lld on, and the bytes from %lld to %lld are kept here",
			(long long)job->input, (long long)durable->kept_from, (long long)end);
	if (*what) {
		say_where (durable, job, where, what);
		return -1;
	}
	durable->attached = true;
	durable->attached_ms = clock_ms ();
	if (durable->has_input && job->input > durable->input) {
		durable->input = job->input;
		durable->lost_ms = 0;
	}
	durable->sent = durable->has_input ? job->input : 0;
	return 0;
}

void durable_came (struct durable_call *durable, size_t n)
{
	durable->output += (int64_t)n;
	durable->unconsumed += (int64_t)n;
	if (n)
		durable->lost_ms = 0;
}

size_t durable_consumed (struct durable_call *durable, size_t n)
{
	int64_t old = durable->stale < (int64_t)n ? durable->stale : (int64_t)n;

	durable->stale -= old;
	durable->unconsumed -= (int64_t)n;
	return n - (size_t)old;
}

/* Forget input that is older than what is ever asked for again. */
static void trim (struct durable_call *durable)
{
	int64_t surplus = durable->sent - durable->kept_from - DURABLE_KEPT;

	if (surplus < DURABLE_KEPT)
		return;
	buf_consume (&durable->kept, (size_t)surplus);
	durable->kept_from += surplus;
}

long durable_send (struct durable_call *durable, struct remex_request *request)
{
	size_t at, left;
	long sent;

	if (!durable->attached || !durable->has_input)
		return 0;
	for (;;) {
		at = (size_t)(durable->sent - durable->kept_from);
		if (!(left = buf_len (&durable->kept) - at))
			break;
		if ((sent = remex_send (request, buf_head (&durable->kept) + at, left)) <= 0)
			return sent < 0 && errno != EPIPE ? -1 : 0; /* EPIPE: REMEX_ENDED comes later */
		durable->sent += sent;
		trim (durable);
	}
	return (long)remex_credit (request);
}

int durable_keep (struct durable_call *durable, const void *bytes, size_t n)
{
	return n ? buf_append (&durable->kept, bytes, n) : 0;
}

int durable_end (struct durable_call *durable, struct remex_request *request)
{
	if (!durable->attached || durable->end_sent ||
		durable->sent != durable->kept_from + (int64_t)buf_len (&durable->kept))
		return 0;
	durable->end_sent = true;
	return remex_end (request) < 0 && errno != EPIPE ? -1 : 0;
}
