/* worker - see worker.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/resident.h"
#include "base/text.h"
#include "wire/header.h"
#include "wire/records.h"
#include "worker/invocation.h"
#include "worker/worker.h"

enum { CALL_MAX = 4 * HEADER_CALL_MAX /* bytes of header and attachment */ };

/* The data that live as long as the worker. */
struct self {
	struct worker worker;
	int statm; /* of resident_open */
	int64_t resident; /* bytes, after the last request */
	char *text; /* a CALL's header and attachment, while their pieces come */
	size_t size, got;
	uint64_t id; /* of the request whose pieces these are */
};

/* Send a terminal record: the rest of `state` is filled in. */
static int send_state (struct self *self, struct record *record, struct worker_state state, const char *words)
{
	int result;

	state.resident = self->resident;
	result = link_send (self->worker.link,
		&(struct outgoing){
			.record = *record, .data = &state, .n = sizeof state, .more = words, .more_n = strlen (words) },
		0);

	self->resident = resident_bytes (self->statm); /* for the next record: no client waits now */
	return result;
}

/* --- one request ------------------------------------------------------------------------------------------------- */

static void run_handler (struct remex_call *call)
{
	const char *name = json_string_value (json_object_get (call->header, "call")), *why, *limit;
	const struct remex_verb *verb;
	const struct plugin *plugin;
	struct err err;

	call->verb = verb = name ? plugins_find (&call->worker->plugins, name, &plugin) : NULL;
	if (!name)
		name = "";
	if (user_check (&call->worker->user, time (NULL), &err) < 0) {
		call->unfit = true;
		remex_fail (call, REMEX_ERR_DENIED, "%s", err.text);
	} else if ((limit = tidy_restore_limits (&call->worker->tidy))) {
		/* At the end of this request the worker is found to be changed, and is replaced. */
		remex_fail (call, REMEX_ERR_FAILED,
			"another process of this user has lowered %s of the worker: the next call gets another worker",
			limit);
	} else if (!verb && (why = plugins_refusal (&call->worker->plugins, name))) {
		/* The probe has loaded the plugin, but this worker could not start it (for this user, or at that
		 * time). */
		call->unfit = true;
		remex_fail (call, REMEX_ERR_FAILED, "the plugin cannot be used here: %s", why);
	} else if (!verb) {
		remex_fail (call, REMEX_ERR_FAILED, "this worker has no call '%s'", name);
		call->code = CODE_UNKNOWN_CALL;
	} else if ((verb->flags & REMEX_PATHS) && !call->context.has_roots) {
		/* A record without roots must not mean that the caller may reach everything. */
		remex_fail (call, REMEX_ERR_FAILED,
			"%s does not run: the call does not say which roots bind its caller", name);
		call->code = CODE_INTERNAL;
	} else if (call->tty.wanted && !(verb->flags & REMEX_TTY)) {
		remex_fail (call, REMEX_ERR_BAD_VALUE, "%s can give no terminal: call it without 'tty'", name);
	} else if (arguments_from_json (&call->args, verb->params, json_object_get (call->header, "args"), &err) < 0) {
		remex_fail (call, REMEX_ERR_BAD_VALUE, "%s", err.text);
	} else if (plugin->kind->call (plugin, verb, call) < 0 && !call->failed) {
		remex_fail (call, REMEX_ERR_FAILED, "%s failed: %s", name, strerror (errno));
	}
}

/* Run the request whose header and attachment are in self->text, and send its terminal record. */
static int serve (struct self *self, const struct record *record)
{
	struct record end = { .id = record->id };
	struct remex_call call;
	struct err err;
	const char *changed;
	struct worker_state state = { .flags = 0 };

	if (invocation_init (&call, &self->worker, record->id, self->text, (size_t)record->a, self->text + record->a,
		    (size_t)record->b, &err) < 0)
		remex_fail (&call, REMEX_ERR_FAILED, "%s", err.text);
	else
		run_handler (&call);
	if (call.broken) {
		/* The command may still run, and records may be unread: our keeper kills all processes beneath us. */
		if (call.broken != EPIPE) /* the front is gone */
			log_error ("a worker cannot go on: %s", strerror (call.broken));
		invocation_free (&call);
		return -1;
	}
	pty_close (&call.pty); /* of a command that its handler has not waited for */
	if (tree_watch_left (&self->worker.watch, getpid ()))
		state.flags |= WORKER_LEFT;
	if (call.unfit)
		state.flags |= WORKER_DIRTY;
	if (call.kill)
		state.flags |= WORKER_KILL;
	if ((changed = tidy_changed (&self->worker.tidy))) {
		state.flags |= WORKER_DIRTY;
		log_warning ("the %s of a worker was changed; replacing the worker. call=%s", changed,
			json_string_value (json_object_get (call.header, "call")));
	}
	end.type = call.failed ? REC_FAIL : REC_DONE;
	end.a = call.failed ? (int64_t)call.code : (int64_t)call.outcome;
	end.b = call.number;
	state.limit = call.limit;
	state.usage = call.usage;
	invocation_free (&call);
	return send_state (self, &end, state, call.text);
}

/* Take a piece of a CALL: 1 when the call is complete, 0 when pieces are missing, -1 when it is malformed. When a piece of
 * another request comes, the rest of the former call does not come any more. */
static int collect (struct self *self, const struct packet *packet)
{
	const struct record *record = &packet->record;
	size_t whole;

	if (record->type != REC_CALL)
		return 0; /* late input or a late signal */
	if (record->a < 0 || record->a > CALL_MAX || record->b < 0 || record->b > CALL_MAX - record->a)
		return -1;
	if (record->id != self->id) {
		self->id = record->id;
		self->got = 0;
	}
	whole = (size_t)(record->a + record->b);
	if (self->size < whole + 1) {
		free (self->text);
		self->size = whole + 1;
		self->got = 0;
		if (!(self->text = malloc (self->size)))
			return -1;
	}
	if (self->got > whole || record->length > whole - self->got)
		return -1;
	memcpy (self->text + self->got, packet->data, record->length);
	self->got += record->length;
	return self->got == whole;
}

/* The front is gone, and the supervisor knows that or will soon know it. A RELEASE from the front may still be on its
 * way through the supervisor. A worker that leaves before its RELEASE counts as crashed, and processes that a command
 * left behind would be killed. So wait for the keeper. */
static int await_end (const struct worker *worker)
{
	struct pollfd lifeline = { .fd = worker->lifeline, .events = POLLIN };

	while (poll (&lifeline, 1, -1) < 0)
		if (errno != EINTR)
			return EXIT_FAILURE;
	return EXIT_SUCCESS;
}

static int serve_all (struct self *self)
{
	struct worker *worker = &self->worker;

	for (;;) {
		struct pollfd fds[2] = { { .fd = worker->link, .events = POLLIN },
			{ .fd = worker->lifeline, .events = POLLIN } };
		struct record record;
		int got;

		if (poll (fds, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			return EXIT_FAILURE;
		}
		if (fds[1].revents)
			return EXIT_SUCCESS;
		got = link_recv (worker->link, &worker->packet, 0);
		if (got < 0)
			return EXIT_FAILURE;
		if (got == 0)
			return await_end (worker);
		packet_close (&worker->packet);
		if ((got = collect (self, &worker->packet)) < 0)
			return EXIT_FAILURE;
		if (!got)
			continue;
		record = worker->packet.record;
		self->got = 0;
		if (serve (self, &record) < 0)
			return EXIT_FAILURE;
	}
}

/* --- start ------------------------------------------------------------------------------------------------------- */

static int send_table (const struct worker *worker)
{
	json_t *json = plugins_table (&worker->plugins);
	char *text = json ? json_dumps (json, JSON_COMPACT) : NULL;
	size_t whole = text ? strlen (text) : 0, sent = 0;
	int result = text ? 0 : -1;

	while (!result && sent < whole) {
		struct record record = { .type = REC_VERBS, .a = (int64_t)whole };
		size_t n = whole - sent < LINK_PAYLOAD ? whole - sent : LINK_PAYLOAD;

		result = link_send (
			worker->link, &(struct outgoing){ .record = record, .data = text + sent, .n = n }, 0);
		sent += n;
	}
	free (text);
	json_decref (json);
	return result;
}

/* Keep the supervisor's descriptors 0 and 1 from the plugins; 2 stays, for the log. */
static int quiet_std (void)
{
	int null = open ("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2 (null, 0) < 0 || dup2 (null, 1) < 0)
		return -1;
	close (null);
	return 0;
}

/* A probe reports the plugin that it loads next, so that the supervisor knows which plugin crashed. */
static void send_loading (const struct worker *worker, const struct worker_birth *birth, int64_t index)
{
	if (birth->probe)
		link_post (worker->link, REC_LOADING, 0, index, 0, 0);
}

static int load_plugins (struct worker *worker, const struct worker_birth *birth, struct err *err)
{
	for (size_t i = 0; i < birth->files->n_items; i++) {
		send_loading (worker, birth, (int64_t)i);
		if (plugins_add (&worker->plugins, &birth->files->items[i], birth->config, err) < 0)
			return -1;
	}
	send_loading (worker, birth, -1); /* later failures are no plugin's fault */
	return 0;
}

static int set_up (struct self *self, const struct worker_birth *birth, struct err *err)
{
	struct worker *worker = &self->worker;
	pid_t parent = getppid ();

	if (tree_watch_open (&worker->watch) < 0)
		return err_sys (err, CODE_INTERNAL, "cannot watch the process tree");
	if (quiet_std () < 0 || (self->statm = resident_open ()) < 0 || tidy_open (&worker->tidy) < 0)
		return err_sys (err, CODE_INTERNAL, "cannot set up the worker");
	if (user_look_up (&worker->user, birth->uid, err) < 0)
		return -1;
	/* The probe runs for no client: the account of the front may be one that nobody may log in to. */
	if (!birth->probe && user_check (&worker->user, time (NULL), err) < 0)
		return -1;
	if (user_become (&worker->user, err) < 0)
		return -1;
	/* After the uid change, which clears it (prctl(2)): the worker dies with its keeper. */
	prctl (PR_SET_PDEATHSIG, SIGKILL);
	if (getppid () != parent)
		return err_set (err, CODE_INTERNAL, "the keeper is gone");
	umask (022);
	if (chdir ("/") < 0)
		return err_sys (err, CODE_INTERNAL, "cannot go to /");
	if (load_plugins (worker, birth, err) < 0)
		return -1;
	for (size_t i = 0; i < birth->files->n_items; i++)
		if (birth->files->items[i].fd >= 0)
			close (birth->files->items[i].fd);
	tidy_snapshot (&worker->tidy);
	return 0;
}

int worker_run (int link, int lifeline, void *arg)
{
	const struct worker_birth *birth = arg;
	static struct self self; /* 128 KiB: too large for the stack */
	struct record record = { .type = REC_READY };
	int status, log = birth->log;
	struct err err;

	/* `pkill remexd` is for the supervisor, and must not end requests that the supervisor lets finish. */
	signal (SIGHUP, SIG_IGN);
	signal (SIGINT, SIG_IGN);
	signal (SIGTERM, SIG_IGN);
	if (log == WORKER_NO_LOG && (log = open ("/dev/null", O_WRONLY | O_CLOEXEC)) < 0)
		return EXIT_FAILURE;
	if (log >= 0) {
		log_redirect (log);
		fd_close (&log);
	}
	log_setup ("remexd[worker]", birth->config->log);
	self.worker.link = link;
	self.worker.lifeline = lifeline;
	self.statm = -1;
	status = set_up (&self, birth, &err);
	if (status == 0 && birth->probe && (status = send_table (&self.worker)) < 0)
		err_sys (&err, CODE_INTERNAL, "the table of the plugins cannot be sent");
	if (status < 0) {
		struct record failed = { .type = REC_FAIL, .a = err.code, .b = err.sys };

		log_error ("a worker for uid %u could not start: %s", (unsigned)birth->uid, err.text);
		send_state (&self, &failed, (struct worker_state){ .flags = 0 }, err.text);
		return EXIT_FAILURE;
	}
	if (birth->probe) {
		plugins_stop (&self.worker.plugins);
		return EXIT_SUCCESS;
	}
	record.a = self.resident = resident_bytes (self.statm);
	if (link_send (link, &(struct outgoing){ .record = record }, 0) < 0)
		return EXIT_FAILURE;
	status = serve_all (&self);
	plugins_stop (&self.worker.plugins);
	free (self.text);
	return status;
}
