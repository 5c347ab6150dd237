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
int audit_refused (struct buf *out, const struct timespec *now, const struct audit_refused *refused);

#endif
