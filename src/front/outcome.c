/* outcome - see outcome.h. */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "front/front_state.h"
#include "front/outcome.h"
#include "front/request.h"
#include "wire/done.h"
#include "wire/records.h"

void outcome_crash (struct request *request, const struct pooled *worker)
{
	const char *word = worker->gone_how == GONE_SIGNALLED ? signal_word (worker->gone_n) : NULL;
	int64_t backoff;
	char user[64];

	request->failed = true;
	if (request->text)
		return; /* the worker could not start, and has sent the reason (front.c) */
	request->code = CODE_PLUGIN_CRASHED;
	if (worker->gone_how == GONE_EXITED && worker->gone_n == GONE_UNBORN && !worker->ready) {
		request->code = CODE_BUSY;
		request->text = strdup ("no worker can be made: its process could not be started");
		log_warning ("a worker could not be started. serial=%llu", (unsigned long long)worker->serial);
		return;
	}
	if (worker->gone_how == GONE_SIGNALLED) {
		if (asprintf (&request->text, "the plugin '%s' died of SIG%s", request->verb->plugin,
			    word ? word : "?") < 0)
			request->text = NULL;
	} else if (asprintf (&request->text, "the plugin '%s' ended its worker with status %d", request->verb->plugin,
			   worker->gone_n) < 0) {
		request->text = NULL;
	}
	log_warning ("a worker crashed. serial=%llu plugin=%s %s=%d call=%s you=%s", (unsigned long long)worker->serial,
		request->verb->plugin, worker->gone_how == GONE_SIGNALLED ? "signal" : "status", worker->gone_n,
		request->verb->name, request->identity->name);
	if ((backoff = breaker_crashed (&request->front->breakers, request->verb->plugin, worker->uid, clock_ms ())))
		log_error ("the plugin '%s' crashed too often for %s (limits.crashes: %d): it rests for %.1f s, for "
			   "that user",
			request->verb->plugin, access_name (user, sizeof user, worker->uid),
			request->front->breakers.limit, (double)backoff / 1000);
}

void outcome_killed (const struct request *request, const struct pooled *worker)
{
	int64_t grace = request->front->config->limits.grace_ms;

	if (grace && request->cause != CAUSE_BROKEN && worker->gone_how == GONE_SIGNALLED && worker->gone_n == SIGKILL)
		log_warning (
			"a call that was stopped did not end within %g s and was killed. serial=%llu call=%s you=%s",
			(double)grace / 1000, (unsigned long long)worker->serial, request->verb->name,
			request->identity->name);
}

/* The causes that fail a request, with their code and their text. */
static const struct {
	enum cause cause;
	enum code code;
	const char *words;
} failures[] = {
	{ CAUSE_FLOW, CODE_FLOW, "more input came than was granted" },
	{ CAUSE_NO_STREAMS, CODE_IO_ERROR,
		"remexd has no descriptors left for the streams of the command: what it read or wrote may not be "
		"whole" },
	{ CAUSE_BROKEN, CODE_IO_ERROR,
		"remexd could not move all bytes of the command: its input or output may be incomplete" },
	{ CAUSE_STALL, CODE_IO_ERROR,
		"the client took too little output for too long: the output that waited was dropped" },
	{ CAUSE_SHUTDOWN, CODE_SHUTTING_DOWN, "remexd is shutting down" },
	{ CAUSE_UNRECORDED, CODE_RECORDING_UNAVAILABLE, "this call is to be recorded, and its recording cannot begin" },
	{ CAUSE_RECORDING, CODE_RECORDING_FAILED,
		"the recording of this call could not go on, and the call was ended" },
	{ CAUSE_DENIED, CODE_DENIED,
		"your rights were changed, and this call would be refused now: the call was stopped" },
};

/* Why the recording has failed, in words that tell nothing of where it is. */
static void add_reason (struct request *request)
{
	char *text;

	if (!request->text ||
		asprintf (&text, "%s: %s", request->text, strerror (request->recording->tape.why.sys)) < 0)
		return;
	free (request->text);
	request->text = text;
}

void outcome_decide (struct request *request)
{
	if (request->cause == CAUSE_NONE || request->cause == CAUSE_LOST)
		return;
	free (request->text);
	request->text = NULL;
	request->failed = false;
	request->outcome = request->cause == CAUSE_CANCEL ? OUTCOME_CANCELLED : OUTCOME_TIMED_OUT;
	request->limit = request->cause == CAUSE_DEADLINE ? LIMIT_DEADLINE
			 : request->cause == CAUSE_IDLE   ? LIMIT_IDLE
			 : request->cause == CAUSE_OUTPUT ? LIMIT_OUTPUT
							  : LIMIT_NONE;
	for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
		if (failures[i].cause == request->cause) {
			request->failed = true;
			request->code = failures[i].code;
			request->text = strdup (failures[i].words);
		}
	if (request->cause == CAUSE_UNRECORDED || request->cause == CAUSE_RECORDING)
		add_reason (request);
}

static json_t *describe (const struct request *request)
{
	int64_t end = request->ended_ms ? request->ended_ms : clock_ms ();

	return done_json (&(struct done){
		.outcome = request->outcome,
		.number = request->number_of,
		.limit = request->limit,
		.limit_value = request->limits.value[request->limit],
		.message = request->text,
		.not_started = !request->started_ms,
		.pipe_held = request->relay.pipe_held && !request->tty,
		.survivors = request->survivors,
		.usage = request->usage,
		.seconds = request->started_ms ? (double)(end - request->started_ms) / 1000 : 0,
	});
}

void outcome_send (struct request *request)
{
	if (request->failed)
		channel_error (request->channel, request->code, request->text ? request->text : "out of memory",
			request->code == CODE_BUSY ? RETRY_AFTER : 0);
	else
		channel_done (request->channel, describe (request));
}
