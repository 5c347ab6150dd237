/* plugin_probe - the throw-away worker that proves a generation: it loads every plugin as the front's user, and reports
 * the verb table.
 *
 * States: RUNNING, then PROVED (generation->table is set) or FAILED. A plugin that ends the worker while it is loaded,
 * or takes too long, is refused, and another probe runs without it. During a reload the supervisor's loop polls the
 * probe; at the start plugin_probe_run waits for it.
 */
#ifndef REMEX_DAEMON_PLUGIN_PROBE_H
#define REMEX_DAEMON_PLUGIN_PROBE_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "daemon/generation.h"
#include "daemon/worker_process.h"

enum { PROBE_FDS = 2 };

enum plugin_probe_state { PROBE_RUNNING, PROBE_PROVED, PROBE_FAILED };

struct plugin_probe {
	struct generation *generation; /* the caller's */
	struct worker_process worker;
	struct buf table;
	int loading; /* index of the plugin file that is being loaded; -1: none yet, or all are loaded */
	bool whole; /* the table is complete */
	bool silent; /* the worker's link has ended */
	bool gone; /* the keeper has reported, or its link has ended */
	bool reported;
	int how, n; /* reported: as REC_KEEPER_GONE */
	int64_t end_ms; /* clock_ms: when the probe is late */
	char why[ERR_TEXT]; /* the worker's reason for a failure */
};

/* Start proving. 0, or -1 and err. */
int plugin_probe_start (struct plugin_probe *probe, struct generation *generation, struct err *err);

/* plugin_probe_poll gives the entries to poll (-1: an entry that is no longer needed). Call plugin_probe_receive
 * afterwards, also when probe->end_ms has passed. In a state other than RUNNING, the processes of the probe have ended
 * and the probe owns nothing. err is set when it FAILED. */
void plugin_probe_poll (const struct plugin_probe *probe, struct pollfd fds[PROBE_FDS]);
enum plugin_probe_state plugin_probe_receive (
	struct plugin_probe *probe, const struct pollfd fds[PROBE_FDS], struct err *err);

/* End the probe early. */
void plugin_probe_stop (struct plugin_probe *probe);

/* Prove a generation and wait for it. 0, or -1 and err. */
int plugin_probe_run (struct generation *generation, struct err *err);

#endif
