/* done - the object of the terminal message `done` (doc/protocol.md, 10.2), and of the outcome of a job. Pure. */
#ifndef REMEX_WIRE_DONE_H
#define REMEX_WIRE_DONE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "wire/call_limits.h"
#include "wire/codes.h"

/* How a request has ended. Members that are left out are absent from the object, but for `seconds`. */
struct done {
	enum outcome outcome;
	int number; /* the exit status, or the signal */
	enum call_limit limit; /* what has ended it, */
	int64_t limit_value; /* and its value */
	const char *message; /* NULL or "": none */
	bool not_started; /* it never got a worker */
	bool pipe_held;
	int64_t survivors;
	struct call_usage usage; /* of its command; no memory: not known */
	double seconds;
};

/* A new reference; NULL without memory. */
json_t *done_json (const struct done *done);

/* The object `rusage`: seconds, and bytes. */
json_t *done_usage_json (double user, double system, int64_t memory);

#endif
