/* remex - the loop: the ready hosts, and one event at a time; see remex.h and remex/client.h. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "client/client_request.h"
#include "client/host.h"
#include "loop/resolver.h"
#include "wire/codes.h"

_Static_assert((int)REMEX_EXITED == (int)OUTCOME_EXITED && (int)REMEX_COMPLETED == (int)OUTCOME_COMPLETED &&
		       (int)REMEX_FAILED == (int)OUTCOME_FAILED && (int)REMEX_UNREACHABLE == (int)OUTCOME_UNREACHABLE,
	"outcomes have the same order");

/* How often remex_next reads the descriptors again after messages that make no event, before it returns to a caller
 * with a timeout of 0: a server can send such messages for ever. */
enum { ROUNDS = 16 };

struct remex *remex_new (void)
{
	struct remex *remex = calloc (1, sizeof *remex);
	int error;

	if (!remex)
		return NULL;
	if ((error = uv_loop_init (&remex->loop)) < 0) {
		free (remex);
		errno = -error;
		return NULL;
	}
	list_init (&remex->hosts);
	list_init (&remex->ready);
	uv_timer_init (&remex->loop, &remex->timer);
	return remex;
}

void remex_free (struct remex *remex)
{
	struct remex_host *host, *after;

	if (!remex)
		return;
	list_each_safe (host, after, &remex->hosts, node)
		remex_close (host);
	client_request_free (remex->ended);
	resolver_free (remex->resolver);
	ssh_helper_free (remex->ssh);
	uv_close ((uv_handle_t *)&remex->timer, NULL);
	while (uv_run (&remex->loop, UV_RUN_DEFAULT) != 0)
		continue;
	uv_loop_close (&remex->loop);
	trust_free (remex);
	free (remex);
}

void remex_set_ask (struct remex *remex,
	enum remex_ask_answer (*ask) (void *arg, const char *question, char *secret, size_t size), void *arg)
{
	remex->ask = ask;
	remex->ask_arg = arg;
}

void remex_set_connect_timeout (struct remex *remex, double seconds)
{
	remex->connect_ms = seconds < 1e6 ? (int)(seconds * 1000) : 1000000000;
	if (remex->connect_ms < 1)
		remex->connect_ms = 1;
}

/* The memory that the last event pointed to belongs to the library again. */
static void settle (struct remex *remex)
{
	struct remex_request *unacked = remex->unacked;

	remex->unacked = NULL;
	if (unacked)
		client_request_consumed (unacked, remex->unacked_size);
	client_request_free (remex->ended);
	remex->ended = NULL;
}

static bool next_ready (struct remex *remex, struct remex_event *event)
{
	while (!list_empty (&remex->ready)) {
		struct remex_host *host = list_entry (remex->ready.next, struct remex_host, ready);

		list_remove (&host->ready);
		*event = (struct remex_event){ .host = host };
		if (host_next (host, event)) {
			host_ready (host); /* at the end of the list, so that every host gets its turn */
			return true;
		}
	}
	return false;
}

static void on_timeout (uv_timer_t *timer)
{
	(void)timer; /* the timer only ends uv_run */
}

/* Run libuv until something happens, at most until `until` (0: do not wait, -1: for ever). */
static void wait_once (struct remex *remex, int64_t until)
{
	int64_t left = until > 0 ? until - clock_ms () : 0;

	if (until == 0 || (until > 0 && left <= 0)) {
		uv_run (&remex->loop, UV_RUN_NOWAIT);
		return;
	}
	if (until > 0) {
		uv_update_time (&remex->loop);
		uv_timer_start (&remex->timer, on_timeout, (uint64_t)left, 0);
	}
	uv_run (&remex->loop, UV_RUN_ONCE);
	uv_timer_stop (&remex->timer);
}

int remex_next (struct remex *remex, struct remex_event *event, int timeout_ms)
{
	int64_t until = timeout_ms > 0 ? clock_ms () + timeout_ms : timeout_ms;
	bool late = timeout_ms == 0;

	settle (remex);
	for (int round = 0;; round++) {
		if (next_ready (remex, event))
			return 1;
		if (timeout_ms < 0 && !uv_loop_alive (&remex->loop))
			return 0;
		if (round > 0 && late)
			return 0;
		wait_once (remex, until);
		if (until > 0)
			late = clock_ms () >= until;
		if (timeout_ms == 0)
			late = list_empty (&remex->ready) || round >= ROUNDS;
	}
}

int remex_fd (struct remex *remex)
{
	return uv_backend_fd (&remex->loop);
}

int remex_timeout (struct remex *remex)
{
	if (!list_empty (&remex->ready))
		return 0;
	return uv_loop_alive (&remex->loop) ? uv_backend_timeout (&remex->loop) : -1;
}

const char *remex_outcome_word (enum remex_outcome outcome)
{
	return outcome_name ((enum outcome)outcome);
}
