/* generation - see generation.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <pwd.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/link.h"
#include "base/log.h"
#include "daemon/generation.h"
#include "daemon/rearing.h"
#include "wire/codes.h"
#include "wire/records.h"
#include "worker/worker.h"

enum { PROBE_MS = 30000 }; /* for a probe to load every plugin */

/* --- the snapshot ------------------------------------------------------------------------------------------------ */

static int make_snapshot (const char *text, size_t n, struct err *err)
{
	int fd = memfd_create ("remexd.yaml", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || fd_write_all (fd, text, n) < 0 ||
		fcntl (fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0) {
		err_sys (err, 0, "the configuration's snapshot");
		fd_close (&fd);
	}
	return fd;
}

static char *read_text (const char *path, bool optional, size_t *n, struct err *err)
{
	char *text = path ? fd_read_file (path, CONF_FILE_MAX, n, err) : NULL;

	if (text || (path && !(optional && err->sys == ENOENT)))
		return text;
	*n = 0;
	return calloc (1, 1);
}

/* --- the probe --------------------------------------------------------------------------------------------------- */

/* The user that proves plugins: the front's, who has nothing to lose. */
static uid_t probe_uid (const struct config *config)
{
	const struct passwd *entry;

	if (geteuid () != 0)
		return geteuid ();
	entry = getpwnam (config->front_user ? config->front_user : "remex");
	if (!entry)
		entry = getpwnam ("nobody");
	return entry ? entry->pw_uid : 65534;
}

struct probe {
	struct buf table;
	int loading; /* the plugin that was being loaded last */
	bool whole, gone;
	int how, n; /* as REC_KEEPER_GONE */
	char why[ERR_TEXT];
};

static void take_probe (struct probe *probe, const struct packet *packet)
{
	const struct record *record = &packet->record;
	size_t skip = sizeof (struct worker_state);

	if (record->type == REC_LOADING) {
		probe->loading = (int)record->a;
	} else if (record->type == REC_VERBS) {
		if (buf_append (&probe->table, packet->data, record->length) == 0)
			probe->whole = buf_len (&probe->table) == (size_t)record->a;
	} else if (record->type == REC_FAIL && record->length > skip) {
		snprintf (probe->why, sizeof probe->why, "%.*s", (int)(record->length - skip), packet->data + skip);
	}
}

/* Hear the probe worker and its keeper until both are through, or the time is up. */
static void hear_probe (struct probe *probe, const struct reared *worker)
{
	static struct packet packet;
	int64_t end = clock_ms () + PROBE_MS;
	struct pollfd fds[2] = { { .fd = worker->front_end, .events = POLLIN }, { .fd = worker->keeper, .events = POLLIN } };

	while ((fds[0].fd >= 0 || !probe->gone) && clock_ms () < end && poll (fds, 2, clock_until (end)) >= 0) {
		if (fds[0].revents) {
			if (link_recv (worker->front_end, &packet, 0) > 0) {
				take_probe (probe, &packet);
				packet_close (&packet);
			} else {
				fds[0].fd = -1;
			}
		}
		if (fds[1].revents) {
			if (link_recv (worker->keeper, &packet, 0) <= 0) {
				fds[1].fd = -1;
				probe->gone = true;
				continue;
			}
			probe->gone = packet.record.type == REC_KEEPER_GONE;
			probe->how = (int)packet.record.a;
			probe->n = (int)packet.record.b;
			packet_close (&packet);
		}
	}
}

/* 1: proved, the table is there; 0: try again without the plugin that crashed; -1 and err. */
static int run_probe (struct generation *generation, struct err *err)
{
	struct worker_birth birth = {
		.config = generation->config,
		.files = &generation->plugins,
		.uid = probe_uid (generation->config),
		.probe = true,
	};
	struct probe probe = { .loading = -1 };
	struct plugin_file *file;
	struct reared worker;
	int result = -1;

	buf_init (&probe.table, 16 * 1024 * 1024);
	if (rear (&worker, 0, &birth, NULL) < 0)
		return err_sys (err, 0, "cannot start a worker to prove the plugins");
	hear_probe (&probe, &worker);
	fd_close (&worker.front_end);
	fd_close (&worker.keeper); /* at its end the keeper kills what is left */
	waitpid (worker.pid, NULL, 0);
	file = probe.loading >= 0 && probe.loading < (int)generation->plugins.n_items ?
		&generation->plugins.items[probe.loading] : NULL;
	if (probe.whole) {
		generation->table = strndup ((const char *)buf_head (&probe.table), buf_len (&probe.table));
		result = generation->table ? 1 : err_sys (err, 0, "the verb table");
	} else if (*probe.why) {
		err_set (err, 0, "%s", probe.why);
	} else if (file && !file->refused) {
		char why[128];

		if (!probe.gone)
			snprintf (why, sizeof why, "loading it took over %d seconds", PROBE_MS / 1000);
		else
			snprintf (why, sizeof why, "loading it ended the worker with %s %d",
				probe.how == GONE_SIGNALLED ? "signal" : "status", probe.n);
		file->refused = strdup (why);
		fd_close (&file->fd);
		result = file->refused ? 0 : err_sys (err, 0, "the plugins");
	} else {
		err_set (err, 0, "the worker that proves the plugins ended without a word");
	}
	buf_free (&probe.table);
	return result;
}

/* --- all of it --------------------------------------------------------------------------------------------------- */

struct generation *generation_new (int number, const char *path, bool optional, struct err *err)
{
	struct generation *generation = calloc (1, sizeof *generation);
	char *text = NULL;
	size_t n = 0;
	int proved = -1;

	if (!generation) {
		err_sys (err, 0, "the configuration");
		return NULL;
	}
	generation->number = number;
	generation->snapshot = -1;
	if ((generation->file = strdup (path ? path : "(defaults)")) && (text = read_text (path, optional, &n, err)) &&
		(generation->snapshot = make_snapshot (text, n, err)) >= 0 &&
		(generation->config = config_parse (text, n, generation->file, err)) &&
		plugin_files_open (&generation->plugins, generation->config, err) == 0)
		do
			proved = run_probe (generation, err);
		while (proved == 0);
	free (text);
	if (proved < 0) {
		generation_free (generation);
		return NULL;
	}
	return generation;
}

void generation_free (struct generation *generation)
{
	if (!generation)
		return;
	free (generation->file);
	free (generation->table);
	fd_close (&generation->snapshot);
	config_free (generation->config);
	plugin_files_close (&generation->plugins);
	free (generation);
}

int generation_report (const struct generation *generation)
{
	json_t *table = json_loads (generation->table, 0, NULL), *plugin;
	int refused = 0;
	size_t i;

	json_array_foreach (table, i, plugin) {
		const char *name = json_string_value (json_object_get (plugin, "plugin"));
		const char *why = json_string_value (json_object_get (plugin, "refused"));

		if (why) {
			refused++;
			log_warning ("plugin refused. plugin=%s why=%s", name, why);
		} else {
			log_info ("plugin loaded. plugin=%s version=%s", name,
				json_string_value (json_object_get (plugin, "version")));
		}
	}
	json_decref (table);
	return refused;
}
