/* audit/line - the lines of the audit trail: who made which call, how it ended, who was turned away. Pure: text out.
 *
 * A line is one JSON object without a newline at its end. No control character stands in it as itself (C0, DEL and C1
 * are \u00XX), so that nobody forges a line or moves a terminal's cursor; what is not UTF-8 stands as {"b64":"…"}
 * (wire/header.h). A `start` is written before its call is made, and the `end` of the same serial when it is over:
 *
 *   {"audit":"start","time":"2026-01-31T23:59:59.123Z","serial":"1f2e3d4c-17","you":"alice","uid":1000,"user":"www",
 *    "from":"192.0.2.1:50000","call":"exec.run","args":{"argv":["uname","-a"]}}
 *   {"audit":"end","time":"…","serial":"1f2e3d4c-17","outcome":"exited","exit":0,"seconds":0.004,"in":0,"out":65}
 *   {"audit":"refused","time":"…","from":"192.0.2.1:50001","why":"…","suppressed":12}
 *
 * Arguments that take more than AUDIT_ARGS_MAX bytes are cut: each member gets its fair share, the small ones whole; a
 * string ends early, an array has fewer elements, a member may be missing, and "cut":{"bytes":…,"sha256":"…"} tells how
 * long the whole is as compact JSON (in the order it came in, without a blank), and its digest.
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
	uid_t uid; /* as whom it runs, */
	const char *user; /* and that one's name */
	const char *from; /* "192.0.2.1:50000", "unix", "stdio" */
	const char *call;
	json_t *args; /* an object, or NULL */
};

struct audit_end {
	const char *instance;
	uint64_t number;
	const char *outcome; /* one of outcome_name, or NULL: then */
	const char *error; /* one of code_name */
	int exit; /* -1: none */
	const char *signal; /* its word, or NULL */
	double seconds; /* that it ran; 0 when it never did */
	int64_t in, out; /* bytes of input and output; -1: not known */
};

struct audit_refused {
	const char *from, *why; /* NULL: not told, here and below */
	const char *key; /* the fingerprint of the key that was shown */
	const char *you, *call; /* who was denied which call */
	uint64_t suppressed; /* how many were not written since the last one that was */
};

/* Append the line to out. 0, or -1 with errno (ENOMEM; ENOBUFS: over the maximum of out, or over AUDIT_LINE_MAX) and
 * nothing appended. `now` is of CLOCK_REALTIME. */
int audit_start (struct buf *out, const struct timespec *now, const struct audit_start *start);
int audit_end (struct buf *out, const struct timespec *now, const struct audit_end *end);
int audit_refused (struct buf *out, const struct timespec *now, const struct audit_refused *refused);

#endif
