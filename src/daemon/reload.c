/* reload - from one generation to the next (supervisor.h): proved in a throw-away worker first, then swapped.
 *
 * The front keeps its connections and its queue; it lets the workers of the old generation finish what they run. What
 * only a start can change (the listeners, the front's user) is compared and said.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/service.h"
#include "daemon/supervisor.h"
#include "wire/records.h"

/* The reload that is on is over: tell those who asked for it how (REC_RELOADED). Those who asked meanwhile mean the next
 * one. */
static void answer (struct supervisor *supervisor, bool failed, const char *text, size_t n)
{
	struct record record = { .type = REC_RELOADED, .a = failed };
	int left = 0;

	for (int i = 0; i < supervisor->n_askers; i++) {
		if (supervisor->askers[i].next) {
			supervisor->askers[left].request = supervisor->askers[i].request;
			supervisor->askers[left++].next = false;
			continue;
		}
		record.id = supervisor->askers[i].request;
		if (supervisor->front_link >= 0 &&
			link_send (supervisor->front_link, &record, text, n, NULL, 0, NULL, 0, 0) < 0)
			supervisor->front_deaf = true;
	}
	supervisor->n_askers = left;
}

int supervisor_open_audit (struct audit_sink *audit, const struct config *config, struct err *err)
{
	return audit_open (audit, config->audit, config->audit_file, err);
}

/* Open the audit trail anew: it may have been renamed (logrotate(8)), or be another one now. */
static int reopen_audit (struct supervisor *supervisor, const struct config *config, struct err *err)
{
	struct audit_sink audit;

	if (supervisor_open_audit (&audit, config, err) < 0)
		return -1;
	audit_close (&supervisor->audit);
	supervisor->audit = audit;
	return 0;
}

static void failed (struct supervisor *supervisor, const struct err *err)
{
	struct err why;

	answer (supervisor, true, err->text, strlen (err->text));
	log_error ("reload failed, nothing has changed: %s", err->text);
	/* SIGHUP is also what logrotate(8) sends: the trail goes on in the file of its name, whatever is wrong elsewhere. */
	if (reopen_audit (supervisor, supervisor->generation->config, &why) < 0)
		log_error ("the audit trail goes on in the old file: %s", why.text);
	generation_free (supervisor->next);
	supervisor->next = NULL;
	service_notify ("READY=1");
}

/* systemd wants to know since when (sd_notify(3), RELOADING). */
static void tell_manager (void)
{
	char text[64];

	snprintf (text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_ns () / 1000);
	service_notify (text);
}

void supervisor_reload (struct supervisor *supervisor)
{
	struct err err;

	if (supervisor->state != SUPERVISOR_SERVING || supervisor->proving) {
		supervisor->reload_again = supervisor->state <= SUPERVISOR_SERVING;
		return;
	}
	supervisor->reload_again = false;
	tell_manager ();
	supervisor->next = generation_open (supervisor->generation, supervisor->file, supervisor->default_file, &err);
	if (!supervisor->next || probe_start (&supervisor->probe, supervisor->next, &err) < 0)
		failed (supervisor, &err);
	else
		supervisor->proving = true;
}

void supervisor_reload_for (struct supervisor *supervisor, uint64_t request)
{
	struct record no = { .type = REC_RELOADED, .id = request, .a = 1 };
	const char *why = supervisor->state != SUPERVISOR_SERVING ? "remexd is starting or ending"
								  : "too many have asked for a reload";

	if (supervisor->state != SUPERVISOR_SERVING || supervisor->n_askers == SUPERVISOR_ASKERS) {
		if (link_send (supervisor->front_link, &no, why, strlen (why), NULL, 0, NULL, 0, 0) < 0)
			supervisor->front_deaf = true;
		return;
	}
	supervisor->askers[supervisor->n_askers].request = request;
	supervisor->askers[supervisor->n_askers++].next = supervisor->proving;
	supervisor_reload (supervisor);
}

static bool same (const char *a, const char *b)
{
	return a == b || (a && b && !strcmp (a, b));
}

static bool same_listeners (const struct config *now, const struct config *next)
{
	bool same_ones = now->n_listen == next->n_listen;

	for (size_t i = 0; same_ones && i < now->n_listen; i++)
		same_ones = now->listen[i].kind == next->listen[i].kind &&
			    (now->listen[i].kind == LISTEN_TCP
					    ? endpoint_equal (&now->listen[i].endpoint, &next->listen[i].endpoint)
					    : same (now->listen[i].path, next->listen[i].path));
	return same_ones;
}

enum { WAITING_SIZE = 64 };

/* The keys whose change waits for a restart: into the log, and to `keys`, each with a NUL behind it. How many bytes. */
static size_t find_waiting (const struct config *now, const struct config *next, char keys[WAITING_SIZE])
{
	const struct {
		const char *key;
		bool waits;
	} rows[] = {
		{ "listen", !same_listeners (now, next) },
		{ "front_user", !same (now->front_user, next->front_user) },
		{ "host_key", !same (now->host_key, next->host_key) },
	};
	size_t n = 0;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].waits) {
			log_warning ("a change of '%s' waits for a restart", rows[i].key);
			n += (size_t)snprintf (keys + n, WAITING_SIZE - n, "%s", rows[i].key) + 1;
		}
	return n;
}

static void swap (struct supervisor *supervisor)
{
	struct generation *old = supervisor->generation;
	char waiting[WAITING_SIZE];
	struct err err;
	size_t n;

	if (!supervisor->started) {
		supervisor->started = old->config;
		old->config = NULL;
	}
	n = find_waiting (supervisor->started, supervisor->next->config, waiting);
	supervisor->generation = supervisor->next;
	supervisor->next = NULL;
	generation_free (old);
	log_setup ("remexd", supervisor->stdio ? LOG_WARNING : supervisor->generation->config->log);
	generation_report (supervisor->generation);
	if (listening_start (supervisor, &err) < 0)
		log_error ("%s", err.text);
	while (supervisor_drop_spare (supervisor))
		;
	if (supervisor->front_link >= 0 && supervisor_send_generation (supervisor) < 0) {
		log_warning ("the front did not take the new generation; the next one will");
		supervisor->front_deaf = true;
	}
	log_info ("reloaded. generation=%d", supervisor->generation->number);
	answer (supervisor, false, waiting, n);
	service_notify ("READY=1");
}

void supervisor_hear_probe (struct supervisor *supervisor, const struct pollfd fds[PROBE_FDS])
{
	enum probe_state state;
	struct err err;

	state = probe_hear (&supervisor->probe, fds, &err);
	if (state == PROBE_RUNNING)
		return;
	supervisor->proving = false;
	if (state == PROBE_PROVED && generation_compare (supervisor->generation, supervisor->next, &err) == 0 &&
		reopen_audit (supervisor, supervisor->next->config, &err) == 0)
		swap (supervisor);
	else
		failed (supervisor, &err);
	if (supervisor->reload_again)
		supervisor_reload (supervisor);
}
