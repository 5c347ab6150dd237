/* audit/line - the lines of the audit trail: each call with its caller, its end, and refusals. Pure: text out.
 *
 * A line is one JSON object without a newline at its end. Control characters are escaped (C0, DEL and C1 are \u00XX),
 * so that text in a line can neither forge another line nor move a terminal's cursor. Text that is not UTF-8 becomes
 * {"b64":"…"} (wire/header.h). A `start` is written before the call runs, and an `end` with the same serial after it:
 *
 *   {"audit":"start","time":"2026-01-31T23:59:59.123Z","serial":"1f2e3d4c-17","you":"alice","uid":1000,"user":"www",
 *    "from":"192.0.2.1:50000","call":"exec.run","args":{"argv":["uname","-a"]}}
 *   {"audit":"end","time":"…","serial":"1f2e3d4c-17","outcome":"exited","exit":0,"seconds":0.004,"in":0,"out":65}
 *   {"audit":"refused","time":"…","from":"192.0.2.1:50001","why":"…","suppressed":12}
 *
 * The start of a call that becomes a job has its `job`; the end with its serial is that of the call, which ends when the job
 * runs. The end of the job itself has the same `job`, and no serial:
 *
 *   {"audit":"job_end","time":"…","job":"abcdefghij23","you":"alice","uid":1000,"user":"www","call":"exec.run","ended":"…",
 *    "outcome":"exited","exit":0,"seconds":12.4,"in":0,"out":4096,"rusage":{"user":1.2,"system":0.1,"memory":5242880}}
 *
 * Arguments that take more than AUDIT_ARGS_MAX bytes are cut. Each member gets a fair share, and small members stay
 * whole. A string ends early, an array has fewer elements, a member may be missing. "cut":{"bytes":…,"sha256":"…"} has
 * the length and the digest of all arguments as compact JSON (in the order of arrival, without blanks).
 */
#ifndef REMEX_AUDIT_LINE_H
#define REMEX_AUDIT_LINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/buf.h"

enum {
	AUDIT_ARGS_MAX = 32 * 1024,
	AUDIT_LINE_MAX = 64 * 1024, /* no line is longer */
};

struct audit_start {
	const char *instance; /* of the daemon (the hello); its first eight characters and `number` are the serial */
	uint64_t number; /* of the request */
	const char *you; /* the identity */
	uid_t uid; /* the user that the call runs as */
	const char *user; /* the name of that user */
	const char *from; /* "192.0.2.1:50000", "unix", "stdio" */
	const char *call;
	json_t *args; /* an object, or NULL */
	const char *job; /* the id of the job that the call starts, or NULL */
	const char *recording; /* the name of the file with its recording, or NULL */
};

struct audit_end {
	const char *instance;
	uint64_t number;
	const char *outcome; /* from outcome_name, or NULL: see error */
	const char *error; /* without an outcome: from code_name */
	int exit; /* -1: none */
	const char *signal; /* the word of the signal, or NULL */
	const char *limit; /* the word of the limit that ended it, or NULL */
	double seconds; /* time of the run; 0: it did not run */
	int64_t in, out; /* bytes of input and output; -1: unknown */
	const char *recording; /* "complete" or "cut"; NULL: there is no recording, or (of a lost job) nobody knows */
};

struct audit_job_end {
	const char *job; /* its id */
	const char *you, *user, *call; /* as in the start; "": not known */
	uid_t uid; /* (uid_t)-1: not known */
	double ended; /* Unix time; 0: not known */
	struct audit_end end; /* instance and number are not used; seconds 0: not known */
	double user_seconds, system_seconds; /* CPU time of the job, and */
	int64_t memory; /* the bytes of its largest process; -1: these three are not known */
	const char *why; /* the outcome `lost`: the reason, or NULL */
	bool again; /* the line may have been written before */
};

struct audit_refused {
	const char *from, *why; /* NULL: left out of the line, here and below */
	const char *key; /* the fingerprint of the key that the client showed */
	const char *you, *call; /* the identity, and the call that it was denied */
	uint64_t suppressed; /* refusals that were not written since the last line */
};

/* Append the line to out. 0, or -1 with errno (ENOMEM; ENOBUFS: over the maximum of out, or over AUDIT_LINE_MAX) and
 * nothing appended. `now` is a time of CLOCK_REALTIME. */
int audit_start (struct buf *out, const struct timespec *now, const struct audit_start *start);
int audit_end (struct buf *out, const struct timespec *now, const struct audit_end *end);
int audit_job_end (struct buf *out, const struct timespec *now, const struct audit_job_end *end);
int audit_refused (struct buf *out, const struct timespec *now, const struct audit_refused *refused);

#endif
