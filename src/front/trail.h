/* trail - the front's reports to the audit trail: the start of each request before it is dispatched, its end, and
 * refused clients and calls. audit/line.h has the lines. The supervisor writes them, so that a front that an attacker
 * controls can send false lines, but cannot change lines that are written.
 */
#ifndef REMEX_FRONT_TRAIL_H
#define REMEX_FRONT_TRAIL_H

#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "net/endpoint.h"
#include "net/key.h"
#include "wire/codes.h"

struct front;
struct gate_client;
struct request;

/* The state of a request's start line. */
enum trail_state {
	TRAIL_NONE, /* there is no trail, or the line could not be written */
	TRAIL_AWAITED, /* the supervisor has not reported the line as written: the request waits */
	TRAIL_WRITTEN,
};

/* A request has joined the queue, or will run as another user than its last start line says; `args` are those of its
 * call. If there is a trail, the request is TRAIL_AWAITED from now on. 0; or -1 and err when the line could not be
 * made: refuse the request. */
int trail_start (struct request *request, json_t *args, struct err *err);

/* Set the state of the request's start. While it is TRAIL_AWAITED, the scheduler does not run the request. */
void trail_set (struct request *request, enum trail_state state);

/* The request has ended. Nothing is written if its start could not be written. */
void trail_end (const struct request *request);

/* A call about a job (job_call.h): the same for its start, and for its end, which is that of the call and not of the job.
 * Its end has an outcome, or (not CODE_NONE) an error. */
struct trail_job {
	uint64_t number;
	const struct gate_client *client;
	const char *you;
	uid_t uid;
	const char *call;
	json_t *args;
	const char *job; /* the id of the job that the call starts, and the name of its recording; or NULL */
	const char *recording;
};
int trail_job_start (struct front *front, const struct trail_job *job, struct err *err);
void trail_job_end (struct front *front, uint64_t number, enum outcome outcome, enum code code, double seconds);

/* Log a refusal, and put it on record if there is a trail, within bounds. Either a client was not admitted (call NULL;
 * you NULL if it is not known; key: the key that the client showed, or NULL), or an identity may not make that call
 * (key NULL). from NULL: not over TCP. */
void trail_refused (struct front *front, const struct endpoint *from, const struct key *key, const char *you,
	const char *call, const char *why);

/* The same for a client that showed no key, as `remex trust` does to read our key: that is no warning. */
void trail_looked (struct front *front, const struct endpoint *from, const char *why);

/* Log the number of refusals that were left out, and write it to the audit trail. Called every two seconds, and at the
 * end. */
void trail_log_suppressed (struct front *front);

#endif
