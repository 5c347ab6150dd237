/* trail - what the front reports to the audit trail, and when: the start of each request before it is dispatched, its
 * end, and who was turned away. audit/line.h has the lines; the supervisor writes them, so that a broken front can lie about
 * what comes but cannot take back what was said.
 */
#ifndef REMEX_FRONT_TRAIL_H
#define REMEX_FRONT_TRAIL_H

#include <jansson.h>

#include "base/err.h"
#include "net/endpoint.h"
#include "net/key.h"

struct front;
struct request;

/* Of a request's start. */
enum trail_state {
	TRAIL_NONE, /* there is no trail, or it could not be written */
	TRAIL_AWAITED, /* the supervisor has not said that it is written: the request waits */
	TRAIL_WRITTEN,
};

/* A request has joined the queue, or it will run as another user than was said; `args` are its call's. Where there is a
 * trail, it is TRAIL_AWAITED from here on. 0; or -1 and
 * err where the line could not even be made: the request is to be refused. */
int trail_start (struct request *request, json_t *args, struct err *err);

/* Its start is in that state: while it is TRAIL_AWAITED, the scheduler does not run the request. */
void trail_set (struct request *request, enum trail_state state);

/* The request has ended. Nothing is written if its start could not be written. */
void trail_end (const struct request *request);

/* Somebody was turned away: a client that did not come in (call NULL; you NULL where it is not known; the key that it
 * showed, if any), or a caller who may not make that call (from NULL: not over TCP; key NULL). Logged, and on record
 * where there is a trail, within bounds. */
void trail_refused (struct front *front, const struct endpoint *from, const struct key *key, const char *you,
	const char *call, const char *why);

/* The same for somebody who showed no key, as who makes the first contact and looks at ours does (remex trust): that is no
 * warning. */
void trail_looked (struct front *front, const struct endpoint *from, const char *why);

/* Log, and put on record, how many refusals were left out. Called every two seconds, and at the end. */
void trail_log_suppressed (struct front *front);

#endif
