/* supervisor - see supervisor.h: the loop, the beginning. workers.c, front_process.c, reload.c and shutdown.c have the rest. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/resident.h"
#include "daemon/supervisor.h"

/* --- the loop ---------------------------------------------------------------------------------------------------- */

static void hear_signals (struct supervisor *supervisor)
{
	struct signalfd_siginfo info;

	while (read (supervisor->signals, &info, sizeof info) == sizeof info) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			supervisor_end (supervisor);
		else if (info.ssi_signo == SIGHUP)
			supervisor_reload (supervisor);
		else if (info.ssi_signo == SIGCHLD)
			supervisor_wake_keepers (supervisor);
	}
}

static int64_t next_time (const struct supervisor *supervisor)
{
	int64_t when = supervisor->front_link >= 0 ? supervisor->ping_at : 0;
	int64_t keepers = supervisor_keepers_time (supervisor);

	if (supervisor->front_link < 0 && supervisor->state < SUPERVISOR_ENDING)
		when = supervisor->front_retry;
	if (supervisor->proving && (!when || supervisor->probe.end_ms < when))
		when = supervisor->probe.end_ms;
	if (supervisor->spare_retry > clock_ms () && (!when || supervisor->spare_retry < when))
		when = supervisor->spare_retry;
	if (keepers && (!when || keepers < when))
		when = keepers;
	return when;
}

enum { FIXED_FDS = 2 + PROBE_FDS };

/* One turn: wait, then look at everybody who said something. */
static int turn (struct supervisor *supervisor)
{
	size_t n = FIXED_FDS, i = FIXED_FDS;
	struct pollfd *fds = calloc (n + (size_t)supervisor->n_workers, sizeof *fds);
	struct worker_process *worker, *after;

	if (!fds)
		return -1;
	fds[0] = (struct pollfd){ .fd = supervisor->signals, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = supervisor->front_link, .events = POLLIN };
	fds[2] = fds[3] = (struct pollfd){ .fd = -1 };
	if (supervisor->proving)
		probe_poll (&supervisor->probe, fds + 2);
	list_each (worker, &supervisor->workers, node)
		fds[n++] = (struct pollfd){ .fd = worker->keeper, .events = POLLIN };
	if (poll (fds, n, clock_until (next_time (supervisor))) < 0 && errno != EINTR) {
		free (fds);
		return -1;
	}
	/* New workers are appended, so the descriptors still match the list's beginning. */
	list_each_safe (worker, after, &supervisor->workers, node) {
		if (i == n)
			break;
		if (fds[i++].revents)
			supervisor_hear_keeper (supervisor, worker);
	}
	if (fds[1].revents)
		supervisor_hear_front (supervisor);
	if (supervisor->proving)
		supervisor_hear_probe (supervisor, fds + 2);
	if (fds[0].revents)
		hear_signals (supervisor);
	free (fds);
	supervisor_watch_keepers (supervisor);
	supervisor_ping_front (supervisor);
	log_flush ();
	supervisor_reap_stuck (supervisor);
	if (supervisor->front_link < 0 && supervisor->state < SUPERVISOR_ENDING &&
		clock_ms () >= supervisor->front_retry && supervisor_start_front (supervisor) < 0)
		supervisor_lose_front (supervisor, "it cannot be started", 0);
	supervisor_keep_spares (supervisor);
	if (supervisor->front_link >= 0 &&
		(supervisor->told_spares != supervisor->n_spares || supervisor->told_lost != supervisor->keepers_lost))
		supervisor_tell_counters (supervisor);
	return 0;
}

/* --- the beginning ----------------------------------------------------------------------------------------------- */

static int watch_signals (struct supervisor *supervisor)
{
	sigset_t set;

	signal (SIGXFSZ, SIG_IGN); /* the audit trail may be a file, and limited: that is an errno, and no death */

	sigemptyset (&set);
	sigaddset (&set, SIGTERM);
	sigaddset (&set, SIGINT);
	sigaddset (&set, SIGHUP);
	sigaddset (&set, SIGCHLD);
	if (sigprocmask (SIG_BLOCK, &set, NULL) < 0)
		return -1;
	supervisor->signals = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return supervisor->signals;
}

/* Take 0 and 1 for the connection; nothing of ours must write there from now on. */
static int take_std (struct supervisor *supervisor)
{
	for (int i = 0; i < 2; i++)
		if ((supervisor->std[i] = fcntl (i, F_DUPFD_CLOEXEC, 3)) < 0)
			return -1;
	close (0);
	close (1);
	return fd_fill_std ();
}

/* Is there no configuration, so that every key has its default? */
static bool is_absent (const struct supervisor *supervisor)
{
	return supervisor->default_file &&
	       (!supervisor->file || (access (supervisor->file, F_OK) < 0 && errno == ENOENT));
}

/* What -t found, for a person: of which file, and that it does not exist. */
static void say_tested (const struct supervisor *supervisor, const char *verdict)
{
	const char *file = supervisor->file ? supervisor->file : "the configuration of a user without HOME";

	printf ("%s%s: %s\n", file, is_absent (supervisor) ? " does not exist, so every key has its default" : "",
		verdict);
}

static int start (struct supervisor *supervisor, const struct options *options, struct err *err)
{
	supervisor->default_file = !options->config;
	supervisor->file = options->config ? paths_absolute (options->config) : paths_config (PATHS_CONFIG);
	if (options->config && !supervisor->file)
		return err_sys (err, 0, "%s", options->config);
	if (is_absent (supervisor))
		paths_say_ignored (supervisor->file);
	supervisor->generation = generation_open (NULL, supervisor->file, supervisor->default_file, err);
	if (!supervisor->generation || probe_run (supervisor->generation, err) < 0)
		return -1;
	log_setup ("remexd", options->stdio ? LOG_WARNING : supervisor->generation->config->log);
	if (generation_report (supervisor->generation) && options->test)
		supervisor->exit_status = EXIT_FAILURE;
	if (options->test)
		return listening_check (supervisor, err) < 0 ||
				       audit_check (supervisor->generation->config->audit,
					       supervisor->generation->config->audit_file, err) < 0
			       ? -1
			       : 0;
	if (supervisor_open_audit (&supervisor->audit, supervisor->generation->config, err) < 0)
		return -1;
	if ((options->stdio ? take_std (supervisor) : 0) < 0 || watch_signals (supervisor) < 0)
		return err_sys (err, 0, "cannot start");
	if (!options->stdio && listening_open (supervisor, err) < 0)
		return -1;
	log_own ();
	cgroups_open (&supervisor->cgroups);
	cgroups_settle (&supervisor->cgroups);
	if (chdir ("/") < 0 || supervisor_start_front (supervisor) < 0)
		return err_sys (err, 0, "cannot start the front");
	return 0;
}

int supervisor_run (const struct options *options)
{
	static struct supervisor supervisor; /* 128 KiB: not for the stack */
	struct err err = { .text = "" };

	supervisor = (struct supervisor){
		.stdio = options->stdio,
		.std = { -1, -1 },
		.signals = -1,
		.statm = resident_open (),
		.front = { .pid = -1, .pidfd = -1 },
		.front_link = -1,
		.host_key = -1,
		.audit = { .fd = -1 },
		.cgroups = { .root = -1, .left = -1 },
	};
	list_init (&supervisor.workers);
	list_init (&supervisor.ended);
	if (start (&supervisor, options, &err) < 0) {
		log_error ("%s", err.text);
		supervisor.exit_status = EXIT_FAILURE;
		if (options->test && is_absent (&supervisor)) /* else the error names the file */
			say_tested (&supervisor, "not OK");
	} else if (options->test) {
		say_tested (&supervisor, supervisor.exit_status ? "OK, but a plugin or an identity is refused" : "OK");
	} else {
		while (supervisor.state != SUPERVISOR_ENDING || supervisor.n_workers > 0 || supervisor.front.pid > 0)
			if (turn (&supervisor) < 0) {
				/* At the end of their links the front leaves and the keepers kill. */
				log_error ("the supervisor cannot go on: %s", strerror (errno));
				supervisor.exit_status = EXIT_FAILURE;
				break;
			}
	}
	supervisor_close (&supervisor);
	return supervisor.exit_status;
}
