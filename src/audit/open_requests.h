/* open_requests - the requests of a front that have a `start` in the audit trail and no `end` yet.
 *
 * The front makes both lines. When a front is lost, the outcomes of its requests are unknown, and the supervisor writes
 * their `end` with the outcome `lost`. So the supervisor keeps this list. A front that an attacker controls may claim
 * any number of starts: the list has at most OPEN_REQUESTS_MAX of them. Pure, except for memory.
 */
#ifndef REMEX_AUDIT_OPEN_REQUESTS_H
#define REMEX_AUDIT_OPEN_REQUESTS_H

#include <stddef.h>
#include <stdint.h>

enum { OPEN_REQUESTS_MAX = 131072 };

struct open_request {
	uint64_t number; /* of the front */
	int64_t since_ms; /* clock_ms, when its start was written */
};

/* All zero: there are none. */
struct open_requests {
	struct open_request *items;
	size_t n, size;
};

/* The start of a request is written. A request may have several start lines: the first line counts. 0, or -1 with errno
 * (ENOMEM; ENOSPC: there are too many), and the request is not on the list. */
int open_requests_add (struct open_requests *open, uint64_t number, int64_t now_ms);

/* The end of a request is written. A number that is not on the list is ignored. */
void open_requests_remove (struct open_requests *open, uint64_t number);

/* Empty the list. */
void open_requests_clear (struct open_requests *open);

#endif
