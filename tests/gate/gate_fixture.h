/* gate_fixture - a gate on a loop that the test turns by hand, and the refusals that the gate has reported. The other
 * operations of the gate are the test's.
 */
#ifndef REMEX_TESTS_GATE_GATE_FIXTURE_H
#define REMEX_TESTS_GATE_GATE_FIXTURE_H

#include <check.h>
#include <stdbool.h>
#include <uv.h>

#include "gate/gate.h"

extern uv_loop_t loop;
extern struct gate gate;

/* Limits that no test reaches. */
extern const struct gate_limits fixture_limits;

/* What was refused: how often, and the last one. */
struct refused {
	int times;
	bool from_somewhere, looked, with_key;
	struct key key;
	char you[64], why[ERR_TEXT]; /* you: "" where the client has no name */
};
extern struct refused refused;

/* The operation on_refused of a gate: fills in `refused`. */
void fixture_on_refused (void *arg, const struct gate_refusal *refusal);

/* Make the loop, and the gate with fixture_limits; `daemon` is the uid of the supervisor. SIGPIPE is ignored from then
 * on, as in the front. */
void fixture_begin (const struct gate_ops *ops, uid_t daemon);

/* Free both. Fails when the gate still has a handshake, a listener, a counted client or an identity. */
void fixture_end (void);

/* Turn the loop, wait a moment for bytes at `fd` (-1: for nothing), and turn the loop again. */
enum { FIXTURE_TURNS = 6000, FIXTURE_TURN_MS = 5 };
void fixture_turn (int fd);

/* Take turns until the condition holds. */
#define UNTIL(condition, fd) \
	do { \
		int turns = 0; \
\
		while (!(condition)) { \
			ck_assert_int_lt (turns++, FIXTURE_TURNS); \
			fixture_turn (fd); \
		} \
	} while (0)

#endif
