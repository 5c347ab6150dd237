/* gate_fixture - see gate_fixture.h. */
#include "config.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>

#include "base/clock.h"
#include "gate/gate_fixture.h"

uv_loop_t loop;
struct gate gate;
struct refused refused;

const struct gate_limits fixture_limits = {
	.connections = 1000,
	.connections_each = 1000,
	.descriptors = 1000,
	.handshake_ms = 600000,
	.throttle = { .most = 1000, .most_each = 1000 },
};

void fixture_on_refused (void *arg, const struct gate_refusal *refusal)
{
	(void)arg;
	refused.times++;
	refused.from_somewhere = refusal->from != NULL;
	refused.looked = refusal->looked;
	refused.with_key = refusal->key != NULL;
	if (refusal->key)
		refused.key = *refusal->key;
	snprintf (refused.you, sizeof refused.you, "%s", refusal->you ? refusal->you : "");
	snprintf (refused.why, sizeof refused.why, "%s", refusal->why);
}

void fixture_begin (const struct gate_ops *ops, uid_t daemon)
{
	signal (SIGPIPE, SIG_IGN);
	ck_assert_int_eq (uv_loop_init (&loop), 0);
	ck_assert_int_eq (gate_init (&gate, &loop, ops, NULL, daemon), 0);
	gate_set_limits (&gate, &fixture_limits, clock_ms ());
}

void fixture_end (void)
{
	ck_assert (list_empty (&gate.handshakes));
	ck_assert_int_eq (gate.n_listeners, 0);
	ck_assert_int_eq (gate_descriptors (&gate), 0);
	ck_assert (list_empty (&gate.access.identities));
	gate_free (&gate);
	uv_run (&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq (uv_loop_close (&loop), 0);
}

void fixture_turn (int fd)
{
	struct pollfd one = { .fd = fd, .events = POLLIN };

	uv_run (&loop, UV_RUN_NOWAIT);
	poll (&one, 1, FIXTURE_TURN_MS);
	uv_run (&loop, UV_RUN_NOWAIT);
}
