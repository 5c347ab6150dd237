/* trail - see trail.h. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "audit/line.h"
#include "base/clock.h"
#include "base/log.h"
#include "front/front_state.h"
#include "front/request.h"
#include "front/trail.h"

/* Send a line to the supervisor, about a request that starts, a request that ends, or neither (0). 0, or -1 when the
 * line could not be made. */
static int submit (struct front *front, uint64_t starts, uint64_t ends, struct buf *line, int made)
{
	if (made == 0)
		supervisor_link_audit (&front->supervisor, starts, ends, buf_head (line), buf_len (line));
	buf_free (line);
	return made;
}

void trail_set (struct request *request, enum trail_state state)
{
	request->trail = state;
	request->waiter.unrecorded = state == TRAIL_AWAITED;
}

int trail_job_start (struct front *front, const struct trail_job *job, struct err *err)
{
	char user[64], from[ENDPOINT_SIZE];
	struct audit_start start = {
		.instance = front->instance,
		.number = job->number,
		.you = job->you,
		.uid = job->uid,
		.user = access_name (user, sizeof user, job->uid),
		.from = job->client->remote ? endpoint_format (&job->client->from, from)
			: front->single     ? "stdio"
					    : "unix",
		.call = job->call,
		.args = job->args,
		.job = job->job,
		.recording = job->recording,
	};
	struct timespec now;
	struct buf line;

	clock_gettime (CLOCK_REALTIME, &now);
	buf_init (&line, AUDIT_LINE_MAX);
	if (submit (front, job->number, 0, &line, audit_start (&line, &now, &start)) < 0)
		return err_set (err, CODE_AUDIT_UNAVAILABLE, "the audit trail cannot be written: out of memory");
	return 0;
}

void trail_job_end (struct front *front, uint64_t number, enum outcome outcome, enum code code, double seconds)
{
	struct audit_end end = { .instance = front->instance,
		.number = number,
		.outcome = code == CODE_NONE ? outcome_name (outcome) : NULL,
		.error = code_name (code),
		.exit = -1,
		.seconds = seconds,
		.in = -1,
		.out = -1 };
	struct timespec now;
	struct buf line;

	clock_gettime (CLOCK_REALTIME, &now);
	buf_init (&line, AUDIT_LINE_MAX);
	if (submit (front, 0, number, &line, audit_end (&line, &now, &end)) < 0)
		log_error ("the end of a request could not be written to the audit trail. serial=%.8s-%llu",
			front->instance, (unsigned long long)number);
}

int trail_start (struct request *request, json_t *args, struct err *err)
{
	struct front *front = request->front;
	const struct gate_client *client = request->client;
	char user[64], from[ENDPOINT_SIZE];
	struct audit_start start = {
		.instance = front->instance,
		.number = request->number,
		.you = request->identity->name,
		.uid = request->waiter.uid,
		.from = client->remote  ? endpoint_format (&client->from, from)
			: front->single ? "stdio"
					: "unix",
		.call = request->verb->name,
		.args = args,
		.recording = request->recording ? request->recording->name : NULL,
	};
	struct timespec now;
	struct buf line;

	if (front->config->audit == AUDIT_NONE)
		return 0;
	start.user = access_name (user, sizeof user, request->waiter.uid); /* reads /etc/passwd */
	trail_set (request, TRAIL_AWAITED);
	request->lines_sent++;
	list_remove (&request->asking);
	list_append (&front->asking, &request->asking);
	clock_gettime (CLOCK_REALTIME, &now);
	buf_init (&line, AUDIT_LINE_MAX);
	if (submit (front, request->number, 0, &line, audit_start (&line, &now, &start)) < 0)
		return err_set (err, CODE_AUDIT_UNAVAILABLE, "the audit trail cannot be written: out of memory");
	return 0;
}

void trail_end (const struct request *request)
{
	bool signalled = !request->failed && request->outcome == OUTCOME_SIGNALLED;
	bool exited = !request->failed && request->outcome == OUTCOME_EXITED;
	bool lost = request->cause == CAUSE_LOST;
	struct audit_end end = {
		.instance = request->front->instance,
		.number = request->number,
		.outcome = lost              ? outcome_name (OUTCOME_LOST)
			   : request->failed ? NULL
					     : outcome_name (request->outcome),
		.error = code_name (request->code),
		.exit = exited && !lost ? request->number_of : -1,
		.signal = signalled && !lost ? signal_word (request->number_of) : NULL,
		.limit = request->limit && !request->failed && !lost ? call_limit_row (request->limit)->word : NULL,
		.seconds = request->started_ms ? (double)(clock_ms () - request->started_ms) / 1000 : 0,
		.in = request->relay.bytes_in,
		.out = request->relay.bytes_out,
		.recording = !request->recording || recording_waits (request->recording) ||
					     request->cause == CAUSE_UNRECORDED
				     ? NULL
			     : recording_cut (request->recording) ? "cut"
								  : "complete",
	};
	struct timespec now;
	struct buf line;

	if (request->trail == TRAIL_NONE)
		return;
	clock_gettime (CLOCK_REALTIME, &now);
	buf_init (&line, AUDIT_LINE_MAX);
	if (submit (request->front, 0, request->number, &line, audit_end (&line, &now, &end)) < 0)
		log_error ("the end of a request could not be written to the audit trail. serial=%.8s-%llu",
			request->front->instance, (unsigned long long)request->number);
}

static void write_refused (struct front *front, struct audit_rate *rate, const struct audit_refused *refused)
{
	struct timespec now;
	struct buf line;

	if (front->config->audit == AUDIT_NONE)
		return;
	clock_gettime (CLOCK_REALTIME, &now);
	buf_init (&line, AUDIT_LINE_MAX);
	if (submit (front, 0, 0, &line, audit_refused (&line, &now, refused)) < 0)
		audit_rate_failed (rate, refused->suppressed + (refused->why != NULL));
}

/* Log the refusal and write it to the audit trail, if the rate allows one more line. */
static void refused_at (struct front *front, struct audit_rate *rate, enum log_level level, const char *words,
	struct audit_refused *refused)
{
	if (!audit_rate_take (rate, clock_ms (), &refused->suppressed))
		return;
	log_write (level, "%s. from=%s%s%s%s%s%s%s why=%s", words, refused->from, refused->key ? " key=" : "",
		refused->key ? refused->key : "", refused->call ? " call=" : "", refused->call ? refused->call : "",
		refused->you ? " you=" : "", refused->you ? refused->you : "", refused->why);
	if (refused->suppressed)
		log_warning ("%llu more refusals came before that one, and were not logged",
			(unsigned long long)refused->suppressed);
	write_refused (front, rate, refused);
}

void trail_refused (struct front *front, const struct endpoint *from, const struct key *key, const char *you,
	const char *call, const char *why)
{
	char shown[ENDPOINT_SIZE], print[KEY_PRINT_SIZE];
	struct audit_refused refused = {
		.from = from ? endpoint_format (from, shown) : "unix",
		.key = key ? key_print (key, print) : NULL,
		.you = you,
		.call = call,
		.why = why,
	};
	/* For a stranger on the Unix socket, `why` has the uid, and so is the name for the rate. */
	struct audit_rate *rate = audit_rates_of (&front->refusals, you || from ? you : why);

	refused_at (front, rate, LOG_WARNING, call ? "a call was denied" : "a client was turned away", &refused);
}

void trail_looked (struct front *front, const struct endpoint *from, const char *why)
{
	char shown[ENDPOINT_SIZE];
	struct audit_refused refused = { .from = endpoint_format (from, shown), .why = why };

	refused_at (front, audit_rates_of (&front->refusals, NULL), LOG_INFO,
		"a client has read the host key, and showed no key of its own", &refused);
}

void trail_log_suppressed (struct front *front)
{
	struct audit_refused refused = { .from = NULL };
	struct audit_rate *rate;

	while ((rate = audit_rates_owing (&front->refusals, clock_ms (), &refused.suppressed))) {
		log_warning ("%llu more clients or calls were turned away", (unsigned long long)refused.suppressed);
		write_refused (front, rate, &refused);
	}
}
