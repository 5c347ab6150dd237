/* reload - from one generation to the next: read, proved in a throw-away worker (plugin_probe.h), then taken or refused.
 *
 *   IDLE ──wanted, reload_begin──▶ PROVING ──reload_receive──▶ PROVED or FAILED ──reload_finish──▶ IDLE
 *
 * A reload that is wanted while another one is on comes after that one. The front's requests wait in `askers`, and
 * reload_finish answers those that the reload is for. What happens between PROVED and reload_finish is the supervisor's
 * business: it may still refuse. Of a reload that is FAILED, and of one while remexd drains, the supervisor takes the
 * identities all the same.
 *
 * What only a start can change (the listeners, the front's user, the host key) is compared with the configuration of the
 * start, and reported.
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
	bool wanted; /* one is to begin as soon as none is on and remexd serves */
	struct generation *next; /* while PROVING or PROVED; owned */
	struct plugin_probe probe; /* while PROVING */
	struct config *
		started; /* the configuration that the listeners were opened with, once a reload took its place; owned */
	struct {
		uint64_t request; /* the front's */
		bool later; /* it came while a reload was on: it is for the one after that */
	} askers[RELOAD_ASKERS];
	size_t n_askers;
};

/* The front's request for a reload, to be answered with RELOADED. False when too many wait: it is not noted. */
bool reload_ask (struct reload *reload, uint64_t request);

/* The front that asked is gone. */
void reload_forget_askers (struct reload *reload);

/* Read the next generation and start proving it. `now`: the one in use; file and optional as in generation_open. The state
 * is then PROVING, or FAILED with err. */
void reload_begin (
	struct reload *reload, const struct generation *now, const char *file, bool optional, struct err *err);

/* What to poll while PROVING, and what to do afterwards, also when the probe is late. The state is then PROVING still, or
 * PROVED, or FAILED with err: the generation is wrong, or has lost a plugin that `now` has. */
void reload_poll (const struct reload *reload, struct pollfd fds[PROBE_FDS]);
void reload_receive (
	struct reload *reload, const struct generation *now, const struct pollfd fds[PROBE_FDS], struct err *err);

/* By when to call reload_receive, by clock_ms; 0: not PROVING. */
int64_t reload_time (const struct reload *reload);

/* PROVED: put the next generation in the place of the one in use, which is freed. The keys whose change waits for a restart
 * are logged, and put into `keys`, each with a NUL behind it; returns how many bytes. */
size_t reload_take (struct reload *reload, struct generation **now, char keys[RELOAD_KEYS_SIZE]);

/* Answer those whose reload this was: n bytes of `text` are the keys that wait for a restart, or why it failed. The next
 * generation is freed, unless it was taken. */
void reload_finish (struct reload *reload, struct front_process *front, bool failed, const char *text, size_t n);

/* End what is on. */
void reload_close (struct reload *reload);

#endif
