/* supervisor - see supervisor.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/line.h"
#include "audit/open_requests.h"
#include "audit/writer.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/resident.h"
#include "base/text.h"
#include "daemon/audit_process.h"
#include "daemon/claim.h"
#include "daemon/discovery_sockets.h"
#include "daemon/front_process.h"
#include "daemon/generation.h"
#include "daemon/jobs.h"
#include "daemon/listening.h"
#include "daemon/log_process.h"
#include "daemon/plugin_probe.h"
#include "daemon/recorders.h"
#include "daemon/reload.h"
#include "daemon/service.h"
#include "daemon/supervisor.h"
#include "daemon/system_calls.h"
#include "daemon/tunnel_process.h"
#include "daemon/workers.h"
#include "gate/access.h"
#include "proc/session_keyring.h"
#include "wire/codes.h"
#include "wire/job_verbs.h"
#include "wire/records.h"

enum {
	SIGNALS_MAX = 16, /* read in a row before the loop looks at others */
	STOPPED_MAX = 64, /* children continued in a row, likewise */
};

enum supervisor_state { STARTING, SERVING, DRAINING, ENDING };

struct supervisor {
	enum supervisor_state state;
	char *file; /* the configuration, or NULL */
	bool default_file; /* the default file, which may be missing */
	struct generation *generation; /* in use */
	struct listening listening;
	struct discovery_sockets discovery;
	struct front_process front;
	struct workers workers;
	struct recorders recorders;
	struct jobs jobs;
	struct tunnel_process tunnel;
	struct reload reload;
	struct audit_process audit;
	struct open_requests open; /* the front's requests whose start is in the audit trail, but not their end */
	char instance[33]; /* of the front; "" before the front is ready */
	bool stdio;
	int std[2]; /* --stdio: the former 0 and 1, until the front has them */
	int signals; /* signalfd */
	struct log_process log;
	int statm; /* of resident_open */
	int64_t sent_spares, sent_lost; /* the counters that the front has */
	int exit_status;
	struct packet packet; /* for the front's records */
};

/* --- the front --------------------------------------------------------------------------------------------------- */

/* `renewed`: there is a new front. */
static void follow_discovery (struct supervisor *supervisor, bool renewed)
{
	if (!supervisor->stdio && supervisor->state < DRAINING)
		discovery_sockets_follow (&supervisor->discovery, supervisor->generation->config,
			&supervisor->listening, &supervisor->front, renewed);
}

static int start_front (struct supervisor *supervisor)
{
	struct err err;

	if (front_process_start (&supervisor->front, &err) < 0) {
		log_error ("the front cannot be started: %s", err.text);
		return -1;
	}
	listening_mend (&supervisor->listening);
	if (front_process_equip (&supervisor->front, supervisor->generation, &supervisor->listening, supervisor->std) <
		0)
		return -1;
	follow_discovery (supervisor, true);
	tunnel_process_equip (&supervisor->tunnel);
	fd_close (&supervisor->std[0]);
	fd_close (&supervisor->std[1]);
	return 0;
}

static void log_front_status (const struct supervisor *supervisor, int status)
{
	const char *when = supervisor->state == STARTING ? " at the start" : "";

	if (supervisor->state == DRAINING)
		when = ", and its requests with it";
	log_error ("the front has ended%s: %s %d", when, WIFEXITED (status) ? "status" : "signal",
		WIFEXITED (status) ? WEXITSTATUS (status) : WTERMSIG (status));
}

/* The front is gone, and the ends of its requests are unknown: write that to the audit trail. */
static void audit_lost_requests (struct supervisor *supervisor)
{
	int64_t now_ms = clock_ms ();

	for (size_t i = 0; i < supervisor->open.n; i++) {
		const struct open_request *request = &supervisor->open.items[i];

		audit_process_write_end (
			&supervisor->audit, &(struct audit_end){
						    .instance = supervisor->instance,
						    .number = request->number,
						    .outcome = outcome_name (OUTCOME_LOST),
						    .exit = -1,
						    .seconds = (double)(now_ms - request->since_ms) / 1000,
						    .in = -1,
						    .out = -1,
					    });
	}
	audit_process_orphan (&supervisor->audit);
	open_requests_clear (&supervisor->open);
	supervisor->instance[0] = '\0';
}

/* The front's link has ended, or the front hangs. Give the front patience_ms to end by itself, then end it, and all its
 * running requests. */
static void lose_front (struct supervisor *supervisor, const char *why, int patience_ms)
{
	bool ending = supervisor->state != SERVING || supervisor->stdio;
	/* A front that has served its one connection, or is drained, exits with 0. In ENDING it was killed. */
	bool expected = supervisor->state == DRAINING || (supervisor->stdio && supervisor->state == SERVING);
	int status = 0;

	front_process_close (&supervisor->front);
	reload_forget_askers (&supervisor->reload);
	audit_lost_requests (supervisor);
	jobs_lose_front (&supervisor->jobs);
	if (supervisor->state == SERVING && !supervisor->stdio)
		log_error ("the front is lost: %s", why);
	if (!front_process_reap (&supervisor->front, patience_ms, &status)) {
		front_process_kill (&supervisor->front);
		/* A worker of the front may hold it in the kernel. */
		workers_stop (&supervisor->workers, supervisor->state >= DRAINING);
		if (!front_process_reap (&supervisor->front, FRONT_DEATH_MS, &status)) {
			front_process_abandon (&supervisor->front);
			status = SIGKILL; /* as from waitpid(2) */
		}
	}
	if (supervisor->state == STARTING || (expected && (!WIFEXITED (status) || WEXITSTATUS (status)))) {
		if (supervisor->state == DRAINING)
			log_error ("the front is lost: %s", why);
		log_front_status (supervisor, status);
		supervisor->exit_status = EXIT_FAILURE;
	}
	if (ending)
		supervisor->state = ENDING;
	workers_stop (&supervisor->workers, supervisor->state >= DRAINING);
}

/* Send facts for status.show. A front that misses them gets newer ones later. */
static void send_counters (struct supervisor *supervisor)
{
	const struct {
		enum supervisor_counter counter;
		int64_t value;
	} rows[] = {
		{ COUNTER_SUPERVISOR_RESIDENT, resident_bytes (supervisor->statm) },
		{ COUNTER_KEEPERS_LOST, supervisor->workers.keepers_lost },
		{ COUNTER_FRONTS, supervisor->front.started },
		{ COUNTER_SPARES, supervisor->workers.n_spares },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		link_post (supervisor->front.link, REC_COUNTERS, 0, rows[i].counter, rows[i].value, MSG_DONTWAIT);
	supervisor->sent_spares = supervisor->workers.n_spares;
	supervisor->sent_lost = supervisor->workers.keepers_lost;
}

/* --- the tunnel -------------------------------------------------------------------------------------------------- */

/* Take the section `tunnel` of the generation in use, and whether an identity may call. */
static void renew_tunnel (struct supervisor *supervisor)
{
	const struct config *config = supervisor->generation->config;
	int opened = 0;
	struct err err;

	if (supervisor->stdio || supervisor->state != SERVING)
		return;
	if (config->tunnel.host && (opened = listening_need_host_key (&supervisor->listening, config, &err)) < 0)
		log_error ("the tunnel lets nobody in: %s", err.text);
	if (opened > 0)
		front_process_send_host_key (&supervisor->front, supervisor->listening.host_key);
	tunnel_process_set (
		&supervisor->tunnel, config, identity_files_count (&supervisor->generation->identities) > 0);
}

/* --- records of the front ---------------------------------------------------------------------------------------- */

static void on_ready (struct supervisor *supervisor)
{
	const struct packet *packet = &supervisor->packet;
	const char *instance = (const char *)packet->data;
	size_t n = packet->record.length;

	/* The instance goes into the audit trail, and the front is not trusted. */
	if (n < sizeof supervisor->instance && text_is_utf8 (instance, n)) {
		memcpy (supervisor->instance, instance, n);
		supervisor->instance[n] = '\0';
	}
	send_counters (supervisor);
	if (supervisor->state != STARTING)
		return;
	supervisor->state = SERVING;
	listening_log (&supervisor->listening);
	if (!supervisor->stdio)
		log_info ("ready");
	service_notify ("READY=1");
	renew_tunnel (supervisor);
}

/* Answer the front's request for a worker. */
static void answer_worker (struct supervisor *supervisor, uint64_t request, uid_t uid, uint64_t users, int refusal)
{
	if (refusal == EPERM) /* ENOTCONN is not logged: a client may leave at any moment */
		log_warning ("the front asked for a worker it may not have. uid=%u", (unsigned)uid);
	if (refusal)
		front_process_post (&supervisor->front, REC_NO_WORKER, request, refusal, 0);
	else
		workers_give (&supervisor->workers, request, uid, users);
}

/* A request without a client's socket: the identity decides, or our own user. */
static void on_worker (struct supervisor *supervisor, const struct packet *packet)
{
	char name[GRANT_NAME_MAX + 1];
	struct claim claim = {
		.uid = (uid_t)packet->record.a,
		.users = userdb_state (&supervisor->workers.userdb),
		.peer = -1,
		.name = name,
	};

	snprintf (name, sizeof name, "%.*s", (int)packet->record.length, (const char *)packet->data);
	answer_worker (supervisor, packet->record.id, claim.uid, claim.users,
		claim_check (&claim, supervisor->stdio ? NULL : &supervisor->listening,
			&supervisor->generation->identities));
}

/* The caller at a Unix socket. */
static void name_user (struct job_caller *caller, uid_t uid)
{
	snprintf (caller->owner, sizeof caller->owner, "uid:%u", (unsigned)uid);
	access_name (caller->you, sizeof caller->you, uid);
	caller->uid = uid;
	caller->full = caller->any = uid == 0 || uid == geteuid ();
}

/* The front's request about a job, without a client's socket: the identity decides whose jobs may be reached, or the only
 * caller is our own user. The payload begins with the identity's name, of `b` bytes. */
static void on_job (struct supervisor *supervisor, const struct packet *packet)
{
	const struct record *record = &packet->record;
	struct identity_files *identities = &supervisor->generation->identities;
	char name[GRANT_NAME_MAX + 1] = "";
	struct claim claim = {
		.uid = (uid_t)record->a, .users = userdb_state (&supervisor->workers.userdb), .peer = -1, .name = name
	};
	struct job_caller caller = { .limits = supervisor->generation->config->requests };
	const struct grant *grant;

	if (record->b < 0 || record->b > GRANT_NAME_MAX || record->b > record->length) {
		jobs_refuse (&supervisor->jobs, record->id, EPERM);
		return;
	}
	memcpy (name, packet->data, (size_t)record->b);
	if (claim_check (&claim, supervisor->stdio ? NULL : &supervisor->listening, identities) != 0) {
		log_warning ("the front asked for a job it may not have. uid=%u", (unsigned)claim.uid);
		jobs_refuse (&supervisor->jobs, record->id, EPERM);
		return;
	}
	if (*name) {
		grant = identity_files_grant (identities, name);
		snprintf (caller.owner, sizeof caller.owner, "identity:%s", name);
		snprintf (caller.you, sizeof caller.you, "%s", name);
		caller.uid = claim.uid;
		caller.any = grant && grant_names (grant, JOB_ANY);
		if (grant)
			call_limits_lower (&caller.limits, &grant->limits.requests);
	} else {
		name_user (&caller, geteuid ());
	}
	jobs_request (&supervisor->jobs, &caller, record, packet->data + record->b, record->length - (size_t)record->b);
}

/* The same, with the client's socket. */
static void answer_job (struct supervisor *supervisor, const struct claims_verdict *verdict)
{
	struct job_caller caller = { .limits = supervisor->generation->config->requests };

	if (supervisor->state >= DRAINING) { /* its listeners are closed, by which a client is known */
		jobs_refuse (&supervisor->jobs, verdict->request.id, ESHUTDOWN);
		return;
	}
	if (verdict->refusal == EPERM)
		log_warning ("the front asked for a job it may not have. uid=%u", (unsigned)verdict->request.a);
	if (verdict->refusal || verdict->caller == (uid_t)-1) {
		jobs_refuse (&supervisor->jobs, verdict->request.id, verdict->refusal ? verdict->refusal : EPERM);
		return;
	}
	name_user (&caller, verdict->caller);
	jobs_request (&supervisor->jobs, &caller, &verdict->request, verdict->data, verdict->n);
}

static void receive_claims (struct supervisor *supervisor, const struct pollfd fds[CLAIMS_FDS])
{
	struct claims_verdict verdict;

	if (!claims_receive (&supervisor->front.claims, fds, &supervisor->listening, &verdict))
		return;
	if (verdict.request.type == REC_WORKER)
		answer_worker (supervisor, verdict.request.id, (uid_t)verdict.request.a,
			userdb_state (&supervisor->workers.userdb), verdict.refusal);
	else
		answer_job (supervisor, &verdict);
}

static void on_reload (struct supervisor *supervisor, uint64_t request)
{
	struct record refusal = { .type = REC_RELOADED, .id = request, .a = 1 };
	const char *why = "remexd is starting or ending";

	if (supervisor->state == SERVING) {
		if (reload_ask (&supervisor->reload, request))
			return;
		why = "too many reloads wait";
	}
	front_process_send (&supervisor->front, &refusal, why, strlen (why), NULL, 0);
}

/* A line about the start of a request is written, or will not be: the front waits for that. */
static void answer_audit (struct supervisor *supervisor, const struct audit_answer *answer)
{
	if (answer->failed)
		log_error ("a call could not be written to the audit trail: %s", strerror (answer->failed));
	else if (!answer->over && open_requests_add (&supervisor->open, answer->number, clock_ms ()) < 0)
		log_warning ("out of memory: if the front is lost now, the audit trail gets no end of a request. "
			     "number=%llu: %s",
			(unsigned long long)answer->number, strerror (errno));
	front_process_post (&supervisor->front, REC_AUDITED, answer->number, answer->failed, 0);
}

static void on_audit (struct supervisor *supervisor, const struct packet *packet)
{
	const struct record *record = &packet->record;
	struct audit_answer refused = { .number = record->id };

	open_requests_remove (&supervisor->open, (uint64_t)record->a);
	if (audit_process_write (&supervisor->audit, record->id, (uint64_t)record->a, supervisor->instance,
		    packet->data, record->length) == 0)
		return;
	refused.failed = errno;
	if (record->id)
		answer_audit (supervisor, &refused);
	else
		log_error ("the audit trail cannot be written: %s", strerror (errno));
}

static void receive_audit (struct supervisor *supervisor, const struct pollfd *fd)
{
	struct audit_answer answer;

	audit_process_receive (&supervisor->audit, fd);
	while (audit_process_next (&supervisor->audit, &answer))
		if (answer.report)
			jobs_audited (&supervisor->jobs, &answer);
		else
			answer_audit (supervisor, &answer);
}

/* Have the lines of jobs that have just ended written, as far as that does not take long. */
static void end_audit (struct supervisor *supervisor)
{
	struct audit_answer answer;

	audit_process_end (&supervisor->audit);
	while (audit_process_next (&supervisor->audit, &answer))
		if (answer.report)
			jobs_audited (&supervisor->jobs, &answer);
}

/* The front wants a recorder for a call. */
static void on_record (struct supervisor *supervisor, const struct packet *packet)
{
	struct record answer = { .type = REC_RECORDER, .id = packet->record.id };
	int link = -1;

	if (recorders_start (&supervisor->recorders, supervisor->generation->config, &link) < 0)
		answer.a = errno;
	if (answer.a)
		log_error ("the recording of a call cannot begin: %s", strerror ((int)answer.a));
	front_process_send (&supervisor->front, &answer, NULL, 0, &link, link >= 0);
	fd_close (&link);
}

static void receive_from_front (struct supervisor *supervisor)
{
	struct packet *packet = &supervisor->packet;
	int got = front_process_receive (&supervisor->front, packet);

	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0) {
		lose_front (supervisor, "its link has ended", FRONT_EXIT_MS);
		return;
	}
	switch (packet->record.type) {
	case REC_READY: on_ready (supervisor); break;
	case REC_WORKER: on_worker (supervisor, packet); break;
	case REC_JOB_START:
	case REC_JOB_OPEN:
	case REC_JOB_LIST:
	case REC_JOB_REMOVE:
	case REC_JOB_KILL: on_job (supervisor, packet); break;
	case REC_RECORD: on_record (supervisor, packet); break;
	case REC_RELEASE:
	case REC_STOP: workers_order (&supervisor->workers, &packet->record); break;
	case REC_RELOAD: on_reload (supervisor, packet->record.id); break;
	case REC_AUDIT: on_audit (supervisor, packet); break;
	case REC_PONG: break;
	default: log_error ("an unknown record from the front. type=%u", packet->record.type);
	}
	packet_close (packet);
}

/* Replace a front that does not work, and start a front when there is none. */
static void watch_front (struct supervisor *supervisor)
{
	const char *why;

	front_process_reap_left (&supervisor->front);
	if ((why = front_process_check (&supervisor->front)))
		lose_front (supervisor, why, 0);
	if (supervisor->front.link < 0 && supervisor->state < ENDING && clock_ms () >= supervisor->front.retry_ms &&
		start_front (supervisor) < 0)
		lose_front (supervisor, "it cannot be started", 0);
	if (supervisor->front.link >= 0 && (supervisor->sent_spares != supervisor->workers.n_spares ||
						   supervisor->sent_lost != supervisor->workers.keepers_lost))
		send_counters (supervisor);
}

/* --- reload ------------------------------------------------------------------------------------------------------ */

/* Open the audit trail again: the file may have been renamed (logrotate(8)), or another file may be configured. */
static int reopen_audit (struct supervisor *supervisor, const struct config *config, struct err *err)
{
	return audit_process_open (&supervisor->audit, config->audit, config->audit_file, err);
}

/* Other identities, or another group `remex`, are in use now: open to them what was closed. */
static void renew_listening (struct supervisor *supervisor)
{
	struct err err;

	listening_renew_group (&supervisor->listening);
	if (listening_start (&supervisor->listening, supervisor->generation, supervisor->state == SERVING, &err) < 0)
		log_error ("%s", err.text);
}

/* Read the identities of the generation in use again: rights must end even when the rest of a reload is wrong. 0, or -1
 * and err with the identities unchanged. */
static int renew_identities (struct supervisor *supervisor, struct err *err)
{
	if (generation_renew_identities (supervisor->generation, err) < 0)
		return -1;
	identity_files_log (&supervisor->generation->identities);
	renew_listening (supervisor);
	front_process_send_identities (&supervisor->front, supervisor->generation);
	renew_tunnel (supervisor);
	return 0;
}

static void fail_reload (struct supervisor *supervisor, const struct err *err)
{
	char text[2 * ERR_TEXT + 80];
	struct err why;

	if (renew_identities (supervisor, &why) == 0) {
		log_error ("reload failed, nothing but the identities has changed: %s", err->text);
		snprintf (text, sizeof text, "%s; nothing but the identities has changed", err->text);
	} else {
		log_error ("reload failed, nothing has changed: %s", err->text);
		log_error ("the identities stay as they were: %s", why.text);
		snprintf (text, sizeof text, "%s; the identities stay as they were: %s", err->text, why.text);
	}
	reload_finish (&supervisor->reload, &supervisor->front, true, text, strlen (text));
	/* logrotate(8) sends SIGHUP too: the trail continues in the file with its name, even when the reload is
	 * wrong. */
	if (reopen_audit (supervisor, supervisor->generation->config, &why) < 0)
		log_error ("the audit trail goes on in the old file: %s", why.text);
	service_notify ("READY=1");
}

/* Take the next generation, which is proved, into use. */
static void take_reload (struct supervisor *supervisor)
{
	char waiting[RELOAD_KEYS_SIZE];
	bool stay = jobs_stay (&supervisor->jobs, supervisor->reload.next->config);
	size_t n = reload_take (&supervisor->reload, &supervisor->generation, stay, waiting);
	const struct generation *generation = supervisor->generation;

	workers_set_generation (&supervisor->workers, generation);
	jobs_set_generation (&supervisor->jobs, generation);
	log_setup ("remexd", supervisor->stdio ? LOG_WARNING : generation->config->log);
	generation_log (generation);
	renew_listening (supervisor);
	if (front_process_send_generation (&supervisor->front, generation) < 0)
		log_warning ("the front did not take the new generation; the next front will");
	follow_discovery (supervisor, false);
	renew_tunnel (supervisor);
	log_info ("reloaded. generation=%d", generation->number);
	reload_finish (&supervisor->reload, &supervisor->front, false, waiting, n);
	service_notify ("READY=1");
}

/* systemd needs the time of the beginning (sd_notify(3), RELOADING). */
static void notify_reloading (void)
{
	char text[64];

	snprintf (text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_ns () / 1000);
	service_notify (text);
}

/* Continue the current reload, and begin a wanted one. */
static void watch_reload (struct supervisor *supervisor, const struct pollfd fds[PROBE_FDS])
{
	struct reload *reload = &supervisor->reload;
	struct err err;

	reload_receive (reload, supervisor->generation, fds, &err);
	if (reload->state == RELOAD_PROVED && reopen_audit (supervisor, reload->next->config, &err) == 0)
		take_reload (supervisor);
	else if (reload->state == RELOAD_PROVED || reload->state == RELOAD_FAILED)
		fail_reload (supervisor, &err);
	if (reload->wanted && reload->state == RELOAD_IDLE && supervisor->state == DRAINING) {
		reload->wanted = false;
		if (renew_identities (supervisor, &err) == 0)
			log_info ("remexd is ending: the reload takes only the identities");
		else
			log_error ("the identities stay as they were: %s", err.text);
	}
	if (!reload->wanted || reload->state != RELOAD_IDLE || supervisor->state != SERVING)
		return;
	notify_reloading ();
	reload_begin (reload, supervisor->generation, supervisor->file, supervisor->default_file, &err);
	if (reload->state == RELOAD_FAILED)
		fail_reload (supervisor, &err);
}

/* --- the end ----------------------------------------------------------------------------------------------------- */

static void drain (struct supervisor *supervisor)
{
	int64_t drain_ms = supervisor->generation->config->limits.drain_ms;

	log_info ("told to end: the running requests have up to %lld s to end", (long long)drain_ms / 1000);
	service_notify ("STOPPING=1");
	listening_close_sockets (&supervisor->listening);
	discovery_sockets_close (&supervisor->discovery);
	supervisor->state = DRAINING;
	if (supervisor->front.link < 0) {
		supervisor->state = ENDING;
		workers_stop (&supervisor->workers, true);
	} else {
		front_process_post (&supervisor->front, REC_DRAIN, 0, drain_ms, 0);
	}
}

/* Handle a signal to end: the first one drains, the second one kills. */
static void end (struct supervisor *supervisor)
{
	if (supervisor->state < DRAINING) {
		drain (supervisor);
		return;
	}
	log_info ("told to end again: killing the running requests");
	front_process_kill (&supervisor->front);
	supervisor->state = ENDING;
	workers_stop (&supervisor->workers, true);
	workers_hurry (&supervisor->workers);
}

static void close_all (struct supervisor *supervisor)
{
	listening_close (&supervisor->listening);
	discovery_sockets_close (&supervisor->discovery);
	reload_close (&supervisor->reload);
	end_audit (supervisor);
	jobs_close (&supervisor->jobs);
	recorders_close (&supervisor->recorders);
	workers_close (&supervisor->workers);
	tunnel_process_free (&supervisor->tunnel);
	generation_free (supervisor->generation);
	free (supervisor->file);
	audit_process_free (&supervisor->audit);
	open_requests_clear (&supervisor->open);
	fd_close (&supervisor->statm);
	fd_close (&supervisor->signals);
	front_process_free (&supervisor->front);
	fd_close (&supervisor->std[0]);
	fd_close (&supervisor->std[1]);
	log_process_end (&supervisor->log);
}

/* --- the loop ---------------------------------------------------------------------------------------------------- */

/* After SIGCHLD: continue stopped children. A front that is stopped does not answer its pings, and is replaced. Front and
 * keepers are reaped when their links have ended. */
static void watch_children (struct supervisor *supervisor)
{
	siginfo_t info = { .si_pid = 0 };
	int result;

	front_process_look (&supervisor->front);
	recorders_reap (&supervisor->recorders);
	if (supervisor->log.pid && waitpid (supervisor->log.pid, NULL, WNOHANG) != 0)
		supervisor->log.pid = 0;
	/* Their users may stop holders of jobs again and again: the others come with the next signal, or the next turn. */
	for (int i = 0; i < STOPPED_MAX; i++) {
		result = waitid (P_ALL, 0, &info, WSTOPPED | WNOHANG);
		if (result < 0 && errno == EINTR)
			continue;
		if (result < 0 || !info.si_pid)
			break;
		if (info.si_pid != supervisor->front.child.pid)
			kill (info.si_pid, SIGCONT);
		workers_log_stopped (&supervisor->workers, info.si_pid);
		info.si_pid = 0;
	}
}

static void receive_signals (struct supervisor *supervisor)
{
	struct signalfd_siginfo info;

	/* Whoever may signal may do so again and again. */
	for (int i = 0; i < SIGNALS_MAX && read (supervisor->signals, &info, sizeof info) == sizeof info; i++) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			end (supervisor);
		else if (info.ssi_signo == SIGHUP)
			supervisor->reload.wanted = true;
		else if (info.ssi_signo == SIGCHLD)
			watch_children (supervisor);
	}
}

/* The earliest time that a room waits for; 0: none. */
static int64_t next_time (const struct supervisor *supervisor)
{
	const int64_t times[] = {
		supervisor->front.link >= 0 || supervisor->state < ENDING ? front_process_time (&supervisor->front) : 0,
		workers_time (&supervisor->workers),
		jobs_time (&supervisor->jobs),
		reload_time (&supervisor->reload),
		audit_process_time (&supervisor->audit),
		discovery_sockets_time (&supervisor->discovery),
		supervisor->state == SERVING ? tunnel_process_time (&supervisor->tunnel) : 0,
	};
	int64_t when = 0;

	for (size_t i = 0; i < sizeof times / sizeof *times; i++)
		when = clock_earlier (when, times[i]);
	return when;
}

/* Clients that are there stay while remexd drains, and the front takes no new ones. */
static void watch_tunnel (struct supervisor *supervisor, const struct pollfd fds[TUNNEL_FDS])
{
	tunnel_process_receive (&supervisor->tunnel, fds);
	if (supervisor->state == SERVING)
		tunnel_process_watch (&supervisor->tunnel);
	else if (supervisor->state == ENDING)
		tunnel_process_stop (&supervisor->tunnel);
}

/* One turn: wait for events, then handle them. */
static int turn (struct supervisor *supervisor)
{
	enum {
		SIGNALS,
		FRONT,
		AUDIT,
		DISCOVERY,
		CLAIMS,
		PROBE = CLAIMS + CLAIMS_FDS,
		TUNNEL = PROBE + PROBE_FDS,
		JOBS = TUNNEL + TUNNEL_FDS,
		WORKERS
	};
	struct pollfd *fds = calloc (WORKERS + supervisor->workers.n, sizeof *fds);

	if (!fds)
		return -1;
	fds[SIGNALS] = (struct pollfd){ .fd = supervisor->signals, .events = POLLIN };
	fds[FRONT] = (struct pollfd){ .fd = supervisor->front.link, .events = POLLIN };
	audit_process_poll (&supervisor->audit, fds + AUDIT);
	discovery_sockets_poll (&supervisor->discovery, fds + DISCOVERY);
	claims_poll (&supervisor->front.claims, fds + CLAIMS);
	reload_poll (&supervisor->reload, fds + PROBE);
	tunnel_process_poll (&supervisor->tunnel, fds + TUNNEL);
	fds[JOBS] = (struct pollfd){ .fd = supervisor->jobs.events, .events = POLLIN };
	workers_poll (&supervisor->workers, fds + WORKERS);
	if (poll (fds, WORKERS + supervisor->workers.n, clock_until (next_time (supervisor))) < 0 && errno != EINTR) {
		free (fds);
		return -1;
	}
	workers_receive (&supervisor->workers, fds + WORKERS);
	if (fds[JOBS].revents)
		jobs_receive (&supervisor->jobs);
	receive_claims (supervisor, fds + CLAIMS);
	receive_audit (supervisor, fds + AUDIT);
	if (fds[FRONT].revents)
		receive_from_front (supervisor);
	if (fds[SIGNALS].revents)
		receive_signals (supervisor);
	discovery_sockets_receive (&supervisor->discovery, fds + DISCOVERY);
	watch_reload (supervisor, fds + PROBE);
	workers_watch (&supervisor->workers);
	jobs_watch (&supervisor->jobs);
	log_flush ();
	watch_front (supervisor);
	watch_tunnel (supervisor, fds + TUNNEL);
	if (supervisor->state == SERVING && !supervisor->stdio)
		workers_keep_spares (&supervisor->workers, supervisor->generation->config->workers_spare);
	free (fds);
	return 0;
}

/* --- the beginning ----------------------------------------------------------------------------------------------- */

static int watch_signals (struct supervisor *supervisor)
{
	sigset_t set;

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

/* Take 0 and 1 for the connection. This process must not write to them from now on. */
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

/* Print the verdict of -t: the file, and whether it exists. */
static void print_verdict (const struct supervisor *supervisor, const char *verdict)
{
	const char *file = supervisor->file ? supervisor->file : "the configuration of a user without HOME";

	printf ("%s%s: %s\n", file, is_absent (supervisor) ? " does not exist, so every key has its default" : "",
		verdict);
}

/* Read and prove the first generation. */
static int open_generation (struct supervisor *supervisor, const struct daemon_options *options, struct err *err)
{
	supervisor->default_file = !options->config;
	supervisor->file = options->config ? paths_absolute (options->config) : paths_config (PATHS_CONFIG);
	if (options->config && !supervisor->file)
		return err_sys (err, 0, "%s", options->config);
	if (is_absent (supervisor))
		paths_log_ignored (supervisor->file);
	supervisor->generation = generation_open (NULL, supervisor->file, supervisor->default_file, err);
	if (!supervisor->generation || plugin_probe_run (supervisor->generation, err) < 0)
		return -1;
	log_setup ("remexd", options->stdio ? LOG_WARNING : supervisor->generation->config->log);
	if (generation_log (supervisor->generation) && options->test)
		supervisor->exit_status = EXIT_FAILURE;
	workers_set_generation (&supervisor->workers, supervisor->generation);
	jobs_set_generation (&supervisor->jobs, supervisor->generation);
	return 0;
}

/* For -t: the other checks of a start. */
static int check (const struct supervisor *supervisor, struct err *err)
{
	const struct config *config = supervisor->generation->config;

	return listening_check (supervisor->generation, err) < 0 || tunnel_process_check (config, err) < 0 ||
			       audit_check (config->audit, config->audit_file, err) < 0
		       ? -1
		       : 0;
}

/* A container may take rights of root away: to signal other users' processes, and to keep recorders from being killed where a
 * job has used up its memory. */
static void check_capabilities (const struct config *config)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	if (geteuid () != 0 || syscall (SYS_capget, &head, sets) < 0)
		return;
	if (!(sets[CAP_TO_INDEX (CAP_KILL)].effective & CAP_TO_MASK (CAP_KILL)))
		log_warning (
			"remexd cannot send signals to the processes of other users: a deadline or a cancel takes "
			"seconds, and may leave processes behind (CAP_KILL is missing: docker run --cap-add KILL)");
	if (config->record.what != RECORD_NONE &&
		!(sets[CAP_TO_INDEX (CAP_SYS_RESOURCE)].effective & CAP_TO_MASK (CAP_SYS_RESOURCE)))
		log_warning ("a job that uses up its memory may have its recorder killed (CAP_SYS_RESOURCE is missing: "
			     "docker "
			     "run --cap-add SYS_RESOURCE)");
}

/* From now on remexd does not wait for the reader of the log. */
static void own_log (struct supervisor *supervisor)
{
	struct err err;

	if (log_process_start (&supervisor->log, !supervisor->stdio, &err) < 0)
		log_warning ("the reader of the log can hold up remexd, and plugins have the log: %s", err.text);
	supervisor->front.log = supervisor->log.front;
	log_own ();
}

static int start (struct supervisor *supervisor, const struct daemon_options *options, struct err *err)
{
	if (geteuid () == 0 && session_keyring_new () < 0)
		log_warning ("remexd keeps the session keyring of its start: %s", strerror (errno));
	if (!options->test)
		own_log (supervisor);
	if (system_calls_check (err) < 0)
		return -1;
	if (open_generation (supervisor, options, err) < 0)
		return -1;
	if (options->test)
		return check (supervisor, err);
	if (reopen_audit (supervisor, supervisor->generation->config, err) < 0)
		return -1;
	if ((options->stdio ? take_std (supervisor) : 0) < 0 || watch_signals (supervisor) < 0)
		return err_sys (err, 0, "cannot start");
	if (!options->stdio && listening_open (&supervisor->listening, supervisor->generation, err) < 0)
		return -1;
	check_capabilities (supervisor->generation->config);
	cgroups_open (&supervisor->workers.cgroups);
	cgroups_settle (&supervisor->workers.cgroups);
	jobs_adopt (&supervisor->jobs);
	if (chdir ("/") < 0 || start_front (supervisor) < 0)
		return err_sys (err, 0, "cannot start the front");
	return 0;
}

static void run (struct supervisor *supervisor)
{
	while (supervisor->state != ENDING || supervisor->workers.n > 0 || supervisor->front.child.pid > 0 ||
		supervisor->tunnel.child.pid > 0)
		if (turn (supervisor) < 0) {
			/* When their links end, the front leaves and the keepers kill. */
			log_error ("the supervisor cannot go on: %s", strerror (errno));
			supervisor->exit_status = EXIT_FAILURE;
			return;
		}
}

int supervisor_run (const struct daemon_options *options)
{
	static struct supervisor supervisor; /* two packets of 128 KiB: too large for the stack */
	struct err err = { .text = "" };

	supervisor.stdio = options->stdio;
	supervisor.std[0] = supervisor.std[1] = -1;
	supervisor.signals = -1;
	supervisor.statm = resident_open ();
	audit_process_init (&supervisor.audit);
	listening_init (&supervisor.listening);
	discovery_sockets_init (&supervisor.discovery);
	front_process_init (&supervisor.front);
	workers_init (&supervisor.workers, NULL, &supervisor.front);
	jobs_init (&supervisor.jobs, &supervisor.front, &supervisor.workers.cgroups, &supervisor.audit,
		&supervisor.recorders);
	supervisor.jobs.shy = supervisor.stdio;
	tunnel_process_init (&supervisor.tunnel, &supervisor.front);
	if (start (&supervisor, options, &err) < 0) {
		log_error ("%s", err.text);
		supervisor.exit_status = EXIT_FAILURE;
		if (options->test && is_absent (&supervisor)) /* otherwise the error names the file */
			print_verdict (&supervisor, "not OK");
	} else if (options->test) {
		print_verdict (
			&supervisor, supervisor.exit_status ? "OK, but a plugin or an identity is refused" : "OK");
	} else {
		run (&supervisor);
	}
	close_all (&supervisor);
	return supervisor.exit_status;
}
