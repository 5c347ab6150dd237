/* reload - the change to the next generation, which is read, proved in a throw-away worker (plugin_probe.h), then taken
 * or refused.
 *
 *   IDLE ──wanted, reload_begin──▶ PROVING ──reload_receive──▶ PROVED or FAILED ──reload_finish──▶ IDLE
 *
 * A reload that is wanted during another reload follows it. The front's requests wait in `askers`; reload_finish
 * answers the requests that the reload was for. Between PROVED and reload_finish the supervisor may still refuse the
 * generation. The supervisor takes the identities even when the reload has FAILED, or when remexd drains.
 *
 * Keys that only a start can change (the listeners, the front's user, the host key) are compared with the configuration
 * of the start, and changes are reported; so is the directory of jobs, once it is in use (jobs.h).
 */
#ifndef REMEX_DAEMON_RELOAD_H
#define REMEX_DAEMON_RELOAD_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "conf/config.h"
#include "daemon/front_process.h"
#include "daemon/generation.h"
#include "daemon/plugin_probe.h"

enum { RELOAD_ASKERS = 64, RELOAD_KEYS_SIZE = 64 };

enum reload_state { RELOAD_IDLE, RELOAD_PROVING, RELOAD_PROVED, RELOAD_FAILED };

struct reload {
	enum reload_state state;
	bool wanted; /* a reload must begin as soon as no other runs and remexd serves */
	struct generation *next; /* while PROVING or PROVED; owned */
	struct plugin_probe probe; /* while PROVING */
	struct config *started; /* the configuration of the start, after a reload has replaced it; owned */
	struct {
		uint64_t request; /* the front's */
		bool later; /* it came during a reload: it is for the next reload */
	} askers[RELOAD_ASKERS];
	size_t n_askers;
};

/* The front's request for a reload, to be answered with RELOADED. False when too many requests wait: the request is not
 * stored. */
bool reload_ask (struct reload *reload, uint64_t request);

/* Drop the requests of a front that is gone. */
void reload_forget_askers (struct reload *reload);

/* Read the next generation and start proving it. `now`: the generation in use; file and optional as in generation_open.
 * The state becomes PROVING, or FAILED with err. */
void reload_begin (
	struct reload *reload, const struct generation *now, const char *file, bool optional, struct err *err);

/* While PROVING: reload_poll gives the entries to poll. Call reload_receive afterwards, also when the probe is late.
 * The state is then PROVING, PROVED, or FAILED with err: the generation is wrong, or has lost a plugin that `now`
 * has. */
void reload_poll (const struct reload *reload, struct pollfd fds[PROBE_FDS]);
void reload_receive (
	struct reload *reload, const struct generation *now, const struct pollfd fds[PROBE_FDS], struct err *err);

/* The latest time to call reload_receive, by clock_ms; 0: not PROVING. */
int64_t reload_time (const struct reload *reload);

/* When PROVED: replace the generation in use (freed) by the next one. The keys whose change waits for a restart are
 * logged, and put into `keys`, each with a NUL behind it; returns the number of bytes. `jobs_stay`: the directory of jobs is
 * another one than that of the next generation, and stays in use. */
size_t reload_take (struct reload *reload, struct generation **now, bool jobs_stay, char keys[RELOAD_KEYS_SIZE]);

/* Answer the requests for this reload: n bytes of `text` are the keys that wait for a restart, or the reason of the
 * failure. The next generation is freed, unless it was taken. */
void reload_finish (struct reload *reload, struct front_process *front, bool failed, const char *text, size_t n);

/* End the current reload. */
void reload_close (struct reload *reload);

#endif
