/* alone_files - see alone_files.h. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "loop/loop.h"
#include "ssh/alone_files.h"
#include "ssh/failure.h"
#include "ssh/sftp_get.h"
#include "ssh/sftp_put.h"
#include "wire/header.h"

#define FILES_STREAM "files"

enum {
	IN_MAX = 512 * 1024, /* input that was taken from the client and not made into files */
	IN_LOW = 128 * 1024,
	STOP_MS = 5000, /* a stop waits so long until the temporaries are removed */
};

struct alone_copy {
	struct alone_call *call;
	struct ssh_reach *reach; /* NULL: it has ended */
	bool opened;
	bool finished; /* the answer is given, and waits until the client has taken the result */
	struct sftp *sftp;
	struct sftp_put *put; /* one of these, when the server has greeted */
	struct sftp_get *get;
	struct sftp_put_options put_options;
	struct sftp_get_options get_options;
	char *path, **paths; /* of the options */
	struct buf in;
	struct timer *timer;
};

/* --- the end --------------------------------------------------------------------------------------------------------- */

static void complete (struct alone_copy *copy, json_t *result)
{
	copy->finished = true;
	alone_result (copy->call, result);
	alone_done (copy->call, json_pack ("{ss}", "outcome", outcome_name (OUTCOME_COMPLETED)));
}

static bool end_put (struct alone_copy *copy)
{
	struct sftp_put_totals totals;
	struct err why;
	enum sftp_put_state state = sftp_put_state (copy->put, &why);

	if (buf_len (sftp_put_reports (copy->put)))
		return false;
	if (copy->call->stop) {
		if (!sftp_put_is_idle (copy->put))
			return false;
		alone_stopped (copy->call, 0, NULL);
		return true;
	}
	if (state == SFTP_PUT_OVER) {
		sftp_put_totals (copy->put, &totals);
		complete (copy, json_pack ("{sI sI sI}", "files", (json_int_t)totals.files, "bytes",
					(json_int_t)totals.bytes, "failed", (json_int_t)totals.failed));
		return true;
	}
	if (state != SFTP_PUT_FAILED || !sftp_put_is_idle (copy->put))
		return false;
	alone_fail (copy->call, (enum code)why.code, "%s", why.text);
	return true;
}

static bool end_get (struct alone_copy *copy)
{
	int64_t files, bytes;
	struct err why;
	enum sftp_get_state state = sftp_get_state (copy->get, &why);

	if (state == SFTP_GET_FAILED) {
		alone_fail (copy->call, (enum code)why.code, "%s", why.text);
		return true;
	}
	if (state != SFTP_GET_OVER || buf_len (sftp_get_items (copy->get)))
		return false;
	sftp_get_totals (copy->get, &files, &bytes);
	complete (copy, json_pack ("{sI sI}", "files", (json_int_t)files, "bytes", (json_int_t)bytes));
	return true;
}

/* Is the call over? Then it is answered, and `copy` is freed. */
static bool end (struct alone_copy *copy)
{
	if (copy->sftp->state == SFTP_IS_BROKEN) {
		alone_fail (copy->call, (enum code)copy->sftp->why.code, "%s", copy->sftp->why.text);
		return true;
	}
	return (copy->put && end_put (copy)) || (copy->get && end_get (copy));
}

static enum code code_of_failure (int failure)
{
	switch ((enum failure)failure) {
	case FAILURE_BUSY: return CODE_BUSY;
	case FAILURE_TRUSTED: /* of a probe only */
	case FAILURE_UNTRUSTED:
	case FAILURE_DENIED: return CODE_DENIED;
	case FAILURE_INTERNAL: return CODE_INTERNAL;
	case FAILURE_UNREACHABLE: break;
	}
	return CODE_FAILED;
}

/* The channel has ended before the call. */
static void end_early (struct alone_copy *copy, const struct ssh_exit *how, const struct err *err)
{
	if (copy->call->stop)
		alone_stopped (copy->call, 0,
			copy->put && !sftp_put_is_idle (copy->put)
				? "a temporary file (.NAME.remex-…) may be left there"
				: NULL);
	else if (err->code == FAILURE_DENIED && copy->sftp->state == SFTP_IS_GREETING)
		alone_fail (copy->call, CODE_DENIED,
			"its sshd has no SFTP ('Subsystem sftp' of sshd_config): files need that, or remex there");
	else if (!copy->opened)
		alone_fail (copy->call, code_of_failure (err->code), "%s", err->text);
	else if (!how || !how->known)
		alone_severed (copy->call, err);
	else if (copy->sftp->state == SFTP_IS_GREETING)
		alone_fail (copy->call, CODE_FAILED,
			"its sshd has no SFTP server that works ('Subsystem sftp' of sshd_config): it ended with %d",
			how->status);
	else
		alone_fail (copy->call, CODE_FAILED, "its SFTP server has ended");
}

/* --- bytes ----------------------------------------------------------------------------------------------------------- */

/* Requests to the server. True: some went. */
static bool push (struct alone_copy *copy)
{
	struct ssh_channel *channel = ssh_reach_channel (copy->reach);
	struct buf *out = &copy->sftp->out;
	size_t n = ssh_channel_room (channel);

	if (n > buf_len (out))
		n = buf_len (out);
	if (!n || ssh_channel_send (channel, buf_head (out), n) < 0)
		return false;
	buf_consume (out, n);
	return true;
}

/* Answers of the server. */
static void pull (struct alone_copy *copy)
{
	struct ssh_channel *channel = ssh_reach_channel (copy->reach);
	const uint8_t *bytes;
	struct err err;
	size_t n;

	bytes = ssh_channel_output (channel, CHANNEL_STDOUT, &n);
	if (n)
		(void)sftp_feed (copy->sftp, bytes, n, &err); /* a broken one stays broken */
	ssh_channel_consume (channel, CHANNEL_STDOUT, n);
	ssh_channel_output (channel, CHANNEL_STDERR, &n);
	ssh_channel_consume (channel, CHANNEL_STDERR, n); /* OpenSSH's sshd sends none of a subsystem */
}

/* Items or reports to the client. True: some went. */
static bool give (struct alone_copy *copy, struct buf *from)
{
	size_t n = buf_len (from) ? alone_output (copy->call, FILES_STREAM, buf_head (from), buf_len (from)) : 0;

	buf_consume (from, n);
	return n > 0;
}

/* Input of the client becomes requests. True: something was done. */
static bool work_put (struct alone_copy *copy)
{
	struct alone_call *call = copy->call;
	size_t n = buf_len (&copy->in) < IN_LOW ? buf_len (&call->input) : 0, before;

	if (n > buf_room (&copy->in))
		n = buf_room (&copy->in);
	if (n && buf_append (&copy->in, buf_head (&call->input), n) == 0)
		alone_take (call, n);
	before = buf_len (&copy->in);
	sftp_put_take (copy->put, &copy->in, call->input_ended && !buf_len (&call->input));
	return n > 0 || buf_len (&copy->in) < before;
}

/* Do all that can be done. The last thing that is done to `copy`. */
static void go (struct alone_copy *copy)
{
	bool done;

	if (!copy->reach || !copy->opened || copy->finished)
		return;
	do {
		done = copy->put && work_put (copy);
		if (copy->get)
			sftp_get_step (copy->get);
		done |= push (copy);
		if (copy->put)
			done |= give (copy, sftp_put_reports (copy->put));
		if (copy->get)
			done |= give (copy, sftp_get_items (copy->get));
		if (end (copy))
			return;
	} while (done);
}

/* --- events ---------------------------------------------------------------------------------------------------------- */

/* The server has greeted. */
static void on_greeted (void *arg)
{
	struct alone_copy *copy = arg;

	if (copy->paths)
		copy->get = sftp_get_new (copy->sftp, &copy->get_options);
	else
		copy->put = sftp_put_new (copy->sftp, &copy->put_options);
	if (!copy->get && !copy->put) {
		err_set (&copy->sftp->why, CODE_BUSY, "out of memory");
		copy->sftp->state = SFTP_IS_BROKEN;
		return;
	}
	if (!copy->call->stop)
		alone_started (copy->call);
	else if (copy->put)
		sftp_put_stop (copy->put);
}

static void on_opened (void *arg)
{
	struct alone_copy *copy = arg;

	copy->opened = true;
	go (copy);
}

static void on_ready (void *arg)
{
	struct alone_copy *copy = arg;

	pull (copy);
	go (copy);
}

static void on_failed (void *arg, const struct ssh_exit *how, const struct err *err)
{
	struct alone_copy *copy = arg;

	copy->reach = NULL;
	if (!copy->finished)
		end_early (copy, how, err);
}

static void on_timer (void *arg)
{
	struct alone_copy *copy = arg;

	alone_stopped (copy->call, 0, copy->put ? "a temporary file (.NAME.remex-…) may be left there" : NULL);
}

static void copy_go (struct alone_call *call)
{
	go (call->state);
}

static void copy_stop (struct alone_call *call)
{
	struct alone_copy *copy = call->state;

	if (!copy->put || copy->finished) {
		alone_stopped (call, 0, NULL);
		return;
	}
	sftp_put_stop (copy->put);
	timer_set (alone_loop (call), &copy->timer, clock_ms () + STOP_MS, on_timer, copy);
	go (copy);
}

/* --- the verbs ------------------------------------------------------------------------------------------------------- */

static bool is_true (const struct alone_call *call, const char *key)
{
	return json_is_true (json_object_get (call->args, key));
}

static int read_put (struct alone_copy *copy, struct err *err)
{
	const struct alone_call *call = copy->call;

	if (!is_true (call, "tree"))
		return err_set (err, CODE_BAD_VALUE,
			"an sshd alone takes files as a stream of items only ('tree'): remex put sends one");
	if (!(copy->path = header_string (json_object_get (call->args, "path"), NULL, err)))
		return -1;
	copy->put_options = (struct sftp_put_options){ .path = copy->path,
		.into = is_true (call, "into"),
		.recursive = is_true (call, "recursive"),
		.preserve = is_true (call, "preserve"),
		.set_id = is_true (call, "set_id"),
		.sync = !json_is_false (json_object_get (call->args, "sync")) };
	return 0;
}

static int read_get (struct alone_copy *copy, struct err *err)
{
	const json_t *paths = json_object_get (copy->call->args, "paths"), *each;
	const char *name = json_string_value (json_object_get (copy->call->args, "sum"));
	int sum = name ? digest_parse (name) : DIGEST_SHA256;
	size_t i;

	if (sum < 0)
		return err_set (err, CODE_BAD_VALUE, "invalid sum '%s' (sha256 or xxh128)", name);

	if (is_true (copy->call, "resume"))
		return err_set (err, CODE_BAD_VALUE,
			"--resume needs remex on the host, which has an sshd alone: without --resume, the files are "
			"sent "
			"whole");
	if (!(copy->paths = calloc (json_array_size (paths) + 1, sizeof *copy->paths)))
		return err_set (err, CODE_BUSY, "out of memory");
	json_array_foreach (paths, i, each) if (!(copy->paths[i] = header_string (each, NULL, err))) return -1;
	copy->get_options = (struct sftp_get_options){ .paths = (const char *const *)copy->paths,
		.n_paths = json_array_size (paths),
		.recursive = is_true (copy->call, "recursive"),
		.live = is_true (copy->call, "live"),
		.sum = (enum digest_kind)sum,
		.count = is_true (copy->call, "count") };
	return 0;
}

static int begin (struct alone_call *call, bool put, struct err *err)
{
	static const struct ssh_pool_ops ops = { on_opened, on_ready, on_failed };
	static const struct ssh_channel_target what = { .subsystem = "sftp" };
	struct alone_copy *copy = calloc (1, sizeof *copy);

	if (!copy)
		return err_set (err, CODE_BUSY, "out of memory");
	call->state = copy;
	copy->call = call;
	buf_init (&copy->in, IN_MAX);
	if ((put ? read_put (copy, err) : read_get (copy, err)) < 0)
		return -1;
	if (!(copy->sftp = sftp_new (on_greeted, copy)))
		return err_set (err, CODE_BUSY, "out of memory");
	if (!(copy->reach = alone_open (call, &what, &ops, copy, err))) {
		err->code = CODE_INTERNAL;
		return -1;
	}
	return 0;
}

static int begin_put (struct alone_call *call, struct err *err)
{
	return begin (call, true, err);
}

static int begin_get (struct alone_call *call, struct err *err)
{
	return begin (call, false, err);
}

static void copy_free (struct alone_call *call)
{
	struct alone_copy *copy = call->state;

	if (!copy)
		return;
	if (copy->reach)
		ssh_reach_abandon (copy->reach);
	timer_free (&copy->timer);
	sftp_put_free (copy->put);
	sftp_get_free (copy->get);
	sftp_free (copy->sftp);
	for (size_t i = 0; copy->paths && copy->paths[i]; i++)
		free (copy->paths[i]);
	free (copy->paths);
	free (copy->path);
	buf_free (&copy->in);
	free (copy);
}

static const struct verb_param put_params[] = {
	{ "path", "the file or directory to write", VERB_STRING, true, false },
	{ "tree", "the input is a stream of items (doc/protocol.md): must be true here", VERB_BOOL, true, false },
	{ "into", "path must be a directory", VERB_BOOL, false, false },
	{ "recursive", "accept directories and links", VERB_BOOL, false, false },
	{ "preserve", "keep modes and times", VERB_BOOL, false, false },
	{ "set_id", "keep set-user-ID, set-group-ID and sticky bits of a mode", VERB_BOOL, false, false },
	{ "sum", "the sums of the stream: sha256 or xxh128", VERB_STRING, false, false },
	{ "sync", "sync the files to the disk (true)", VERB_BOOL, false, false },
};

static const struct verb_param get_params[] = {
	{ "paths", "the files; they are sent as items (doc/protocol.md) on the stream files", VERB_STRINGS, true,
		false },
	{ "recursive", "directories as well, with their content", VERB_BOOL, false, false },
	{ "live", "send a file that changes meanwhile, or whose size is wrong (/proc), as it is read", VERB_BOOL, false,
		false },
	{ "resume", "refused here", VERB_BOOL, false, false },
	{ "sum", "which sum is computed: sha256 (the default) or xxh128, which is faster", VERB_STRING, false, false },
	{ "count", "begin with the total, where the only source is a file", VERB_BOOL, false, false },
};

static const struct alone_verb_ops copy_ops = {
	.input = copy_go,
	.room = copy_go,
	.stop = copy_stop,
	.free = copy_free,
};

const struct alone_verb alone_file_put = {
	.name = "file.put",
	.help = "Receive a stream of files, each whole or not at all",
	.params = put_params,
	.n_params = sizeof put_params / sizeof *put_params,
	.begin = begin_put,
	.ops = &copy_ops,
};

const struct alone_verb alone_file_get = {
	.name = "file.get",
	.help = "Send a stream of files",
	.params = get_params,
	.n_params = sizeof get_params / sizeof *get_params,
	.begin = begin_get,
	.ops = &copy_ops,
};
