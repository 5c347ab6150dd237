/* job_trail - see job_trail.h. */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "audit/line.h"
#include "base/log.h"
#include "daemon/job_trail.h"
#include "wire/call_limits.h"
#include "wire/codes.h"

void job_trail_owe (struct job_trail *trail, int jobs, const struct job_record *record)
{
	enum job_audited audited = record->audited ? job_directory_audited (jobs, record->id) : JOB_AUDITED;

	*trail = (struct job_trail){
		.state = audited == JOB_AUDITED ? JOB_TRAIL_NOTHING : JOB_TRAIL_OWED,
		.again = audited == JOB_AUDIT_BEGUN,
	};
}

bool job_trail_holds (const struct job_trail *trail, const struct audit_process *audit)
{
	return trail->state != JOB_TRAIL_NOTHING && audit->kind != AUDIT_NONE;
}

/* A text of the outcome that is one of ours; NULL: it is none. */
static const char *outcome_of (const json_t *done)
{
	const char *word = json_string_value (json_object_get (done, "outcome"));

	return word && outcome_parse (word) >= 0 ? word : NULL;
}

static const char *code_in (const json_t *error)
{
	const char *word = json_string_value (json_object_get (error, "code"));

	return !error ? NULL : word && code_parse (word) >= 0 ? word : code_name (CODE_INTERNAL);
}

static int64_t count_of (const json_t *outcome, const char *key)
{
	const json_t *value = json_object_get (outcome, key);

	return json_is_integer (value) && json_integer_value (value) >= 0 ? (int64_t)json_integer_value (value) : -1;
}

/* A signal of the line, whose name may have been made up. */
static const char *signal_of (const json_t *done)
{
	const char *word = json_string_value (json_object_get (done, "signal"));

	for (int signo = 1; word && signo < 65; signo++)
		if (signal_word (signo) && !strcmp (signal_word (signo), word))
			return signal_word (signo);
	return NULL;
}

static const char *recording_of (const char *word)
{
	return !word ? NULL : !strcmp (word, "complete") ? "complete" : !strcmp (word, "cut") ? "cut" : NULL;
}

/* Take what is of the known form. */
static void fill (struct audit_job_end *line, const json_t *outcome)
{
	const json_t *done = json_object_get (outcome, "done"), *seconds = json_object_get (done, "seconds"),
		     *rusage = json_object_get (outcome, "rusage");
	const char *limit = json_string_value (json_object_get (done, "limit"));
	int64_t exit = count_of (done, "exit");
	struct audit_end *end = &line->end;

	end->error = code_in (json_object_get (outcome, "error"));
	end->outcome = end->error ? NULL : outcome_of (done);
	end->exit = exit >= 0 && exit <= 255 ? (int)exit : -1;
	end->signal = signal_of (done);
	end->limit = limit && call_limit_of (limit) ? limit : NULL;
	end->seconds = json_number_value (seconds) > 0 ? json_number_value (seconds) : 0;
	end->in = count_of (outcome, "input");
	end->out = count_of (outcome, "bytes");
	end->recording = recording_of (json_string_value (json_object_get (outcome, "recording")));
	if (json_is_number (json_object_get (rusage, "user")) && json_is_number (json_object_get (rusage, "system"))) {
		line->user_seconds = json_number_value (json_object_get (rusage, "user"));
		line->system_seconds = json_number_value (json_object_get (rusage, "system"));
		line->memory = count_of (rusage, "memory");
	}
	if (!end->outcome && !end->error) {
		end->outcome = outcome_name (OUTCOME_LOST);
		end->in = -1; /* nobody knows */
		line->why = json_string_value (json_object_get (outcome, "lost"));
	}
}

bool job_trail_send (struct job_trail *trail, struct audit_process *audit, int jobs, const struct job_record *record,
	const json_t *outcome, double ended, uint64_t number)
{
	struct audit_job_end end = {
		.job = record->id,
		.you = record->you,
		.user = record->user,
		.uid = record->uid,
		.call = record->call,
		.ended = ended,
		.memory = -1,
		.again = trail->again,
	};
	struct timespec now;
	struct buf line;
	int result;

	/* Without the mark, a line that is written twice is only not marked as such. */
	if (job_directory_set_audited (jobs, record->id, JOB_AUDIT_BEGUN) < 0)
		log_warning ("it cannot be noted that the end of a job goes to the audit trail. job=%s: %s", record->id,
			strerror (errno));
	fill (&end, outcome);
	clock_gettime (CLOCK_REALTIME, &now);
	buf_init (&line, AUDIT_LINE_MAX);
	result = audit_job_end (&line, &now, &end);
	if (result == 0)
		result = audit_process_write_report (audit, number, buf_head (&line), buf_len (&line));
	buf_free (&line);
	if (result < 0)
		return false;
	trail->state = JOB_TRAIL_SENT;
	trail->number = number;
	return true;
}

void job_trail_answered (struct job_trail *trail, int jobs, const char *id, int failed)
{
	if (failed) {
		trail->state = JOB_TRAIL_OWED;
		trail->again |= failed == EPIPE; /* the process ended before it answered */
		return;
	}
	trail->state = JOB_TRAIL_NOTHING;
	if (job_directory_set_audited (jobs, id, JOB_AUDITED) < 0)
		log_warning ("it cannot be noted that the end of a job is in the audit trail, and a later remexd "
			     "writes it again. "
			     "job=%s: %s",
			id, strerror (errno));
}
