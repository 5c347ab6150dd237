/* shutdown - how a supervisor ends: drain, hurry, clean up (supervisor.h has the states). */
#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/link.h"
#include "base/log.h"
#include "daemon/service.h"
#include "daemon/supervisor.h"
#include "wire/records.h"

static void close_listeners (struct supervisor *supervisor)
{
	for (size_t i = 0; i < supervisor->n_listeners; i++)
		listener_close (&supervisor->listeners[i]);
	supervisor->n_listeners = 0;
}

void supervisor_stop_workers (struct supervisor *supervisor)
{
	struct worker_process *worker;

	list_each (worker, &supervisor->workers, node) {
		bool spare = worker->phase == WORKER_PROCESS_SPARE;

		if (spare && supervisor->state < SUPERVISOR_DRAINING)
			continue;
		if (spare)
			supervisor->n_spares--;
		worker->phase = WORKER_PROCESS_ENDING;
		fd_close (&worker->front_end);
		if (!worker->released)
			supervisor_tell_keeper (worker, spare ? REC_RELEASE : REC_STOP, 0);
	}
}

void supervisor_end (struct supervisor *supervisor)
{
	struct worker_process *worker;

	if (supervisor->state >= SUPERVISOR_DRAINING) {
		log_info ("told to end again: killing what runs");
		if (supervisor->front.pid > 0)
			child_signal (&supervisor->front, SIGKILL);
		supervisor->state = SUPERVISOR_ENDING;
		supervisor_stop_workers (supervisor);
		list_each (worker, &supervisor->workers, node)
			if (worker->released)
				worker_process_expect_end (worker, 0); /* those that were not are stopped */
		return;
	}
	log_info ("told to end: finishing what runs, for up to %lld s",
		(long long)supervisor->generation->config->limits.drain_ms / 1000);
	service_notify ("STOPPING=1");
	close_listeners (supervisor);
	supervisor->state = SUPERVISOR_DRAINING;
	if (supervisor->front_link < 0) {
		supervisor->state = SUPERVISOR_ENDING;
		supervisor_stop_workers (supervisor);
	} else if (link_post (supervisor->front_link, REC_DRAIN, 0, supervisor->generation->config->limits.drain_ms, 0,
			   0) < 0) {
		supervisor_lose_front (supervisor, "it cannot be told to finish", 0);
	}
}

void supervisor_close (struct supervisor *supervisor)
{
	struct worker_process *worker, *after;

	list_each_safe (worker, after, &supervisor->ended, node) {
		list_remove (&worker->node);
		free (worker);
	}
	close_listeners (supervisor);
	if (supervisor->proving)
		probe_stop (&supervisor->probe);
	cgroups_close (&supervisor->cgroups);
	generation_free (supervisor->generation);
	config_free (supervisor->started);
	generation_free (supervisor->next);
	free (supervisor->file);
	audit_close (&supervisor->audit);
	fd_close (&supervisor->host_key);
	fd_close (&supervisor->statm);
	fd_close (&supervisor->signals);
	fd_close (&supervisor->front_link);
	fd_close (&supervisor->std[0]);
	fd_close (&supervisor->std[1]);
}
