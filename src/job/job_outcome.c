/* job_outcome - see job_outcome.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/text.h"
#include "job/job_outcome.h"

static json_t *error_json (const struct job_outcome *outcome)
{
	char text[1024];

	text_escape (text, sizeof text, outcome->text, strlen (outcome->text));
	return json_pack ("{ss ss}", "code", code_name (outcome->code), "message", text);
}

static double seconds_of (struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

size_t job_outcome_line (const struct job_outcome *outcome, char line[HOLDER_OUTCOME_MAX + 1])
{
	struct rusage usage = { 0 };
	struct done done = outcome->done;
	json_t *json = json_object ();
	char *text;
	size_t n;

	done.message = outcome->text;
	getrusage (RUSAGE_CHILDREN, &usage);
	json_object_set_new (
		json, outcome->failed ? "error" : "done", outcome->failed ? error_json (outcome) : done_json (&done));
	json_object_set_new (json, "bytes", json_integer (outcome->bytes));
	json_object_set_new (json, "cut", json_integer (outcome->cut));
	json_object_set_new (json, "input", json_integer (outcome->input));
	if (outcome->recording)
		json_object_set_new (json, "recording", json_string (outcome->recording));
	if (outcome->left > 0)
		json_object_set_new (json, "left", json_integer (outcome->left));
	json_object_set_new (json, "rusage",
		done_usage_json (
			seconds_of (usage.ru_utime), seconds_of (usage.ru_stime), (int64_t)usage.ru_maxrss * 1024));
	text = json_dumps (json, JSON_COMPACT | JSON_REAL_PRECISION (9));
	json_decref (json);
	/* The texts are bounded, so that this is about memory only. */
	n = text ? (size_t)snprintf (line, HOLDER_OUTCOME_MAX + 1, "%s\n", text) : HOLDER_OUTCOME_MAX + 1;
	free (text);
	if (n > HOLDER_OUTCOME_MAX)
		n = (size_t)snprintf (line, HOLDER_OUTCOME_MAX + 1,
			"{\"error\":{\"code\":\"internal\",\"message\":\"out of memory\"},\"bytes\":%lld,\"cut\":%lld,"
			"\"input\":%lld}\n",
			(long long)outcome->bytes, (long long)outcome->cut, (long long)outcome->input);
	return n;
}

void job_outcome_name_limit (
	struct job_outcome *outcome, const struct call_limits *limits, const struct cgroup_events *events)
{
	struct done *done = &outcome->done;
	bool killed = events->killed > 0 && limits->value[LIMIT_MEMORY];
	bool refused = events->refused > 0 && limits->value[LIMIT_PROCESSES];

	if (killed && outcome->failed && outcome->code == CODE_PLUGIN_CRASHED) {
		outcome->failed = false;
		*outcome->text = '\0';
		done->outcome = OUTCOME_SIGNALLED;
		done->number = SIGKILL;
	}
	if ((!killed && !refused) || outcome->failed || done->limit != LIMIT_NONE ||
		(done->outcome != OUTCOME_SIGNALLED && (done->outcome != OUTCOME_EXITED || !done->number)))
		return;
	done->limit = killed ? LIMIT_MEMORY : LIMIT_PROCESSES;
	done->limit_value = limits->value[done->limit];
}

void job_outcome_reserve (int fd)
{
	int result;

	do
		result = fallocate (fd, FALLOC_FL_KEEP_SIZE, 0, HOLDER_OUTCOME_MAX);
	while (result < 0 && errno == EINTR);
}

int job_outcome_write (int fd, const char *line, size_t n)
{
	/* The newline, which makes it count, is written last. */
	const size_t parts[] = { n - 1, 1 };
	off_t at = 0;

	for (int i = 0; i < 2; i++)
		for (off_t end = at + (off_t)parts[i]; at < end;) {
			ssize_t put = pwrite (fd, line + at, (size_t)(end - at), at);

			if (put < 0 && errno != EINTR)
				return -1;
			at += put > 0 ? put : 0;
		}
	while (fdatasync (fd) < 0)
		if (errno != EINTR)
			return -1;
	return 0;
}

size_t job_outcome_read (int fd, char line[HOLDER_OUTCOME_MAX + 1])
{
	ssize_t n;

	do
		n = pread (fd, line, HOLDER_OUTCOME_MAX + 1, 0);
	while (n < 0 && errno == EINTR);
	if (n <= 0 || n > HOLDER_OUTCOME_MAX || line[n - 1] != '\n' || memchr (line, '\n', (size_t)n - 1) ||
		memchr (line, '\0', (size_t)n))
		n = 0;
	line[n] = '\0';
	return (size_t)n;
}
