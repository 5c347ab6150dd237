/* reload - see reload.h. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "daemon/reload.h"
#include "wire/records.h"

/* --- who asked --------------------------------------------------------------------------------------------------- */

bool reload_ask (struct reload *reload, uint64_t request)
{
	if (reload->n_askers == RELOAD_ASKERS)
		return false;
	reload->askers[reload->n_askers].request = request;
	reload->askers[reload->n_askers++].later = reload->state != RELOAD_IDLE;
	reload->wanted = true;
	return true;
}

void reload_forget_askers (struct reload *reload)
{
	reload->n_askers = 0;
}

void reload_finish (struct reload *reload, struct front_process *front, bool failed, const char *text, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < reload->n_askers; i++) {
		struct record record = { .type = REC_RELOADED, .id = reload->askers[i].request, .a = failed };

		if (reload->askers[i].later) {
			reload->askers[left].request = reload->askers[i].request;
			reload->askers[left++].later = false;
		} else {
			front_process_send (front, &record, text, n, NULL, 0);
		}
	}
	reload->n_askers = left;
	generation_free (reload->next);
	reload->next = NULL;
	reload->state = RELOAD_IDLE;
}

/* --- the proof --------------------------------------------------------------------------------------------------- */

void reload_begin (
	struct reload *reload, const struct generation *now, const char *file, bool optional, struct err *err)
{
	reload->wanted = false;
	reload->next = generation_open (now, file, optional, err);
	reload->state = reload->next && plugin_probe_start (&reload->probe, reload->next, err) == 0 ? RELOAD_PROVING
												    : RELOAD_FAILED;
}

void reload_poll (const struct reload *reload, struct pollfd fds[PROBE_FDS])
{
	if (reload->state == RELOAD_PROVING)
		plugin_probe_poll (&reload->probe, fds);
	else
		for (int i = 0; i < PROBE_FDS; i++)
			fds[i] = (struct pollfd){ .fd = -1 };
}

void reload_receive (
	struct reload *reload, const struct generation *now, const struct pollfd fds[PROBE_FDS], struct err *err)
{
	enum plugin_probe_state state;

	if (reload->state != RELOAD_PROVING ||
		(state = plugin_probe_receive (&reload->probe, fds, err)) == PROBE_RUNNING)
		return;
	reload->state = state == PROBE_PROVED && generation_compare (now, reload->next, err) == 0 ? RELOAD_PROVED
												  : RELOAD_FAILED;
}

int64_t reload_time (const struct reload *reload)
{
	return reload->state == RELOAD_PROVING ? reload->probe.end_ms : 0;
}

void reload_close (struct reload *reload)
{
	if (reload->state == RELOAD_PROVING)
		plugin_probe_stop (&reload->probe);
	generation_free (reload->next);
	config_free (reload->started);
	*reload = (struct reload){ .state = RELOAD_IDLE };
}

/* --- what waits for a restart ------------------------------------------------------------------------------------ */

static bool same (const char *a, const char *b)
{
	return a == b || (a && b && !strcmp (a, b));
}

static bool same_address (const struct config_listen *a, const struct config_listen *b)
{
	if (a->kind != b->kind)
		return false;
	return a->kind == LISTEN_TCP ? endpoint_equal (&a->endpoint, &b->endpoint) : same (a->path, b->path);
}

static bool same_listen (const struct config *started, const struct config *next)
{
	bool result = started->n_listen == next->n_listen;

	for (size_t i = 0; result && i < started->n_listen; i++)
		result = same_address (&started->listen[i], &next->listen[i]);
	return result;
}

static size_t find_waiting (
	const struct config *started, const struct config *next, bool jobs_stay, char keys[RELOAD_KEYS_SIZE])
{
	const struct {
		const char *key;
		bool waits;
	} rows[] = {
		{ "listen", !same_listen (started, next) },
		{ "front_user", !same (started->front_user, next->front_user) },
		{ "host_key", !same (started->host_key, next->host_key) },
		{ "jobs.directory", jobs_stay },
	};
	size_t n = 0;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].waits) {
			log_warning ("a change of '%s' waits for a restart", rows[i].key);
			n += (size_t)snprintf (keys + n, RELOAD_KEYS_SIZE - n, "%s", rows[i].key) + 1;
		}
	return n;
}

size_t reload_take (struct reload *reload, struct generation **now, bool jobs_stay, char keys[RELOAD_KEYS_SIZE])
{
	struct generation *old = *now;
	size_t n;

	if (!reload->started) {
		reload->started = old->config;
		old->config = NULL;
	}
	n = find_waiting (reload->started, reload->next->config, jobs_stay, keys);
	*now = reload->next;
	reload->next = NULL;
	generation_free (old);
	return n;
}
