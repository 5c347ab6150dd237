/* relay_fixture - a relay with a real carrier between real pipes and the channel of a fake session, on a loop that a test
 * turns by hand. The client reads as much as a test lets it. The carrier works on its own: a test waits until its work
 * shows.
 */
#ifndef REMEX_TESTS_FRONT_RELAY_FIXTURE_H
#define REMEX_TESTS_FRONT_RELAY_FIXTURE_H

#include "front/relay.h"
#include "wire/fake_session.h"

struct fixture {
	struct fake_session fake;
	uv_loop_t loop;
	struct carrier carrier;
	struct relay relay;
	struct channel *channel; /* of the call, whose id is 1 */
	int descriptors; /* open ones, when it began */
	int moves; /* how often the relay reported a move */

	/* the client */
	struct buf received, out, err; /* bytes of messages; of the streams stdout and stderr */
	int64_t credited;

	/* the worker */
	struct buf given;
	bool ended;
	int refuses; /* errno of to_worker; 0: it takes all */
};

/* A relay for a call with these further members of its header. SIGPIPE is ignored from then on, as in the front. */
void fixture_begin (struct fixture *fixture, const char *members);

/* Free all. The relay must have left no descriptor open, and the carrier must finish its streams. */
void fixture_end (struct fixture *fixture);

/* Let the loop handle the ready descriptors. When none was ready, give the carrier a millisecond. */
void fixture_turn (struct fixture *fixture);

/* Turn the loop until the condition holds. */
#define fixture_until(fixture, condition) \
	while (!(condition)) \
	fixture_turn (fixture)

/* The client reads up to n of the unsent bytes, and the relay is told when there is room again. */
void fixture_receive (struct fixture *fixture, size_t n);

/* A pipe of which the relay gets the end that it reads (an outlet of that name), or writes (the sink): the other end,
 * which does not block. */
int fixture_outlet (struct fixture *fixture, const char *name);
int fixture_sink (struct fixture *fixture);

/* n bytes of a sequence that does not repeat soon, from that offset. */
const uint8_t *pattern (size_t from, size_t n);

/* Does `buf` hold the sequence from its start, and nothing else? */
void check_pattern (const struct buf *buf, size_t n);

#endif
