/* stats - the counters of the front, for an operator's graphs. */
#ifndef REMEX_FRONT_STATS_H
#define REMEX_FRONT_STATS_H

#include <jansson.h>
#include <stdint.h>

#include "front/histogram.h"
#include "wire/call_limits.h"
#include "wire/codes.h"

struct front;
struct request;

struct counts {
	uint64_t outcomes[N_OUTCOMES], errors[N_CODES], lost; /* of calls; lost: the client was gone */
	uint64_t limits[N_CALL_LIMITS]; /* of calls: the limits that ended them */
	uint64_t bytes_in, bytes_out; /* of connections; bytes_in: of closed connections */
	struct histogram waited, ran; /* requests: in the queue; from a worker to the terminal message */
	uint64_t born, crashed; /* workers */
	uint64_t stalled; /* clients that were given up because they did not take output */
};

/* A request has ended. */
void stats_count (struct front *front, const struct request *request);

/* All counters as a JSON object (a new reference), for verbs with REMEX_FACTS; NULL without memory. */
json_t *stats_json (struct front *front);

#endif
