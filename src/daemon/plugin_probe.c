/* plugin_probe - see plugin_probe.h. */
#include "config.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/link.h"
#include "conf/front_user.h"
#include "daemon/plugin_probe.h"
#include "wire/records.h"
#include "worker/worker.h"

enum { PATIENCE_MS = 30000 }; /* the time for a probe to load all plugins */

/* The user that loads the plugins: the front's user, which has no rights. */
static uid_t probe_uid (const struct config *config)
{
	const struct passwd *entry;

	if (geteuid () != 0)
		return geteuid ();
	entry = front_user (config);
	return entry ? entry->pw_uid : 65534;
}

int plugin_probe_start (struct plugin_probe *probe, struct generation *generation, struct err *err)
{
	struct worker_birth birth = {
		.config = generation->config,
		.files = &generation->plugins,
		.uid = probe_uid (generation->config),
		.probe = true,
	};

	*probe = (struct plugin_probe){
		.generation = generation,
		.loading = -1,
		.end_ms = clock_ms () + PATIENCE_MS,
	};
	buf_init (&probe->table, 16 * 1024 * 1024);
	if (worker_process_start (&probe->worker, 0, &birth, NULL) < 0)
		return err_sys (err, 0, "cannot start a worker to prove the plugins");
	return 0;
}

void plugin_probe_stop (struct plugin_probe *probe)
{
	worker_process_end (&probe->worker);
	buf_free (&probe->table);
}

void plugin_probe_poll (const struct plugin_probe *probe, struct pollfd fds[PROBE_FDS])
{
	fds[0] = (struct pollfd){ .fd = probe->silent ? -1 : probe->worker.front_end, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = probe->gone ? -1 : probe->worker.keeper.link, .events = POLLIN };
}

static void receive_worker (struct plugin_probe *probe)
{
	static struct packet packet;
	const struct record *record = &packet.record;
	size_t skip = sizeof (struct worker_state);

	if (link_recv (probe->worker.front_end, &packet, MSG_DONTWAIT) <= 0) {
		probe->silent = true;
		return;
	}
	if (record->type == REC_LOADING) {
		probe->loading = (int)record->a;
	} else if (record->type == REC_VERBS) {
		if (buf_append (&probe->table, packet.data, record->length) == 0)
			probe->whole = buf_len (&probe->table) == (size_t)record->a;
	} else if (record->type == REC_FAIL && record->length > skip) {
		snprintf (probe->why, sizeof probe->why, "%.*s", (int)(record->length - skip), packet.data + skip);
	}
	packet_close (&packet);
}

static void receive_keeper (struct plugin_probe *probe)
{
	static struct packet packet;

	if (link_recv (probe->worker.keeper.link, &packet, MSG_DONTWAIT) > 0) {
		probe->how = (int)packet.record.a;
		probe->n = (int)packet.record.b;
		probe->reported = true;
		packet_close (&packet);
	}
	probe->gone = true;
}

/* Describe how the probe ended while it was `doing` something. */
static void describe_end (const struct plugin_probe *probe, const char *doing, char *why, size_t size)
{
	const char *name = probe->how == GONE_SIGNALLED ? sigabbrev_np (probe->n) : NULL;

	if (!probe->gone)
		snprintf (why, size, "%s took over %d seconds", doing, PATIENCE_MS / 1000);
	else if (!probe->reported)
		snprintf (why, size, "%s: the keeper of the worker died", doing);
	else if (probe->how == GONE_EXITED && probe->n == GONE_UNBORN)
		snprintf (why, size, "%s: the process of the worker could not be started", doing);
	else if (name)
		snprintf (why, size, "%s ended the worker with SIG%s", doing, name);
	else
		snprintf (why, size, "%s ended the worker with %s %d", doing,
			probe->how == GONE_SIGNALLED ? "signal" : "status", probe->n);
}

/* The probe ended before it loaded the first plugin, or after the last one. */
static void fail (const struct plugin_probe *probe, struct err *err)
{
	char why[128];

	describe_end (probe, "proving the plugins", why, sizeof why);
	err_set (err, 0, "%s", why);
}

/* Refuse the plugin that ended the probe, and start another probe. */
static enum plugin_probe_state try_without (struct plugin_probe *probe, struct err *err)
{
	struct generation *generation = probe->generation;
	struct plugin_file *file = &generation->plugins.items[probe->loading];
	char why[128];

	describe_end (probe, "loading it", why, sizeof why);
	plugin_probe_stop (probe);
	fd_close (&file->fd);
	if (!(file->refused = strdup (why))) {
		err_set (err, 0, "out of memory");
		return PROBE_FAILED;
	}
	return plugin_probe_start (probe, generation, err) < 0 ? PROBE_FAILED : PROBE_RUNNING;
}

enum plugin_probe_state plugin_probe_receive (
	struct plugin_probe *probe, const struct pollfd fds[PROBE_FDS], struct err *err)
{
	struct generation *generation = probe->generation;
	bool late = clock_ms () >= probe->end_ms;

	if (fds[0].revents)
		receive_worker (probe);
	if (fds[1].revents)
		receive_keeper (probe);
	if (!late && !(probe->silent && probe->gone))
		return PROBE_RUNNING;
	if (probe->whole) {
		generation_take_table (
			generation, (const char *)buf_head (&probe->table), buf_len (&probe->table), err);
	} else if (*probe->why) {
		err_set (err, 0, "%s", probe->why);
	} else if (probe->loading >= 0 && probe->loading < (int)generation->plugins.n_items &&
		   !generation->plugins.items[probe->loading].refused) {
		return try_without (probe, err);
	} else {
		fail (probe, err);
	}
	plugin_probe_stop (probe);
	return generation->table ? PROBE_PROVED : PROBE_FAILED;
}

int plugin_probe_run (struct generation *generation, struct err *err)
{
	enum plugin_probe_state state = PROBE_RUNNING;
	struct pollfd fds[PROBE_FDS];
	struct plugin_probe probe;

	if (plugin_probe_start (&probe, generation, err) < 0)
		return -1;
	while (state == PROBE_RUNNING) {
		plugin_probe_poll (&probe, fds);
		if (poll (fds, PROBE_FDS, clock_until (probe.end_ms)) < 0 && errno != EINTR) {
			plugin_probe_stop (&probe);
			return err_sys (err, 0, "cannot wait for the worker that proves the plugins");
		}
		state = plugin_probe_receive (&probe, fds, err);
	}
	return state == PROBE_PROVED ? 0 : -1;
}
