/* remex put, remex get - copy files to a host, or from one (remex(1)): the options, the words, and the lines that are
 * printed for each file. cli/transfer.h moves the bytes.
 */
#include "config.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/console.h"
#include "cli/conversation.h"
#include "cli/descriptor.h"
#include "cli/json.h"
#include "cli/many.h"
#include "cli/outdir.h"
#include "cli/progress.h"
#include "cli/result.h"
#include "cli/say.h"
#include "cli/transfer.h"
#include "commands/commands.h"
#include "commands/remote.h"

struct copy {
	const struct subcommand *command;
	struct remex_options options;
	struct transfer transfer;
	struct progress progress;
	char *where; /* the host */
	const char **sources;
	bool quiet;
	const char *sum;
	int format;
	struct many_options many;
	json_t *files; /* for --json */
	char last[ERR_TEXT]; /* the error of the last file that failed */
	long long done, failed;
	int64_t bytes;
	bool opened; /* one of many hosts: its transfer */
	bool finishing; /* one of many hosts: the server has completed the call, and received files are put in place */
	int64_t moved, total; /* when it is closed: bytes that have gone, and how many there were (-1: not known) */
	bool partial; /* one of many hosts: files have failed, each of which was reported */
};

static const struct option copy_options[] = {
	{ "recursive", 'r', OPTION_FLAG, offsetof (struct copy, transfer.recursive), NULL,
		"directories as well, with their content", 0 },
	{ "preserve", 'p', OPTION_FLAG, offsetof (struct copy, transfer.preserve), NULL,
		"take over modes and times of modification", 0 },
	{ "set-id", 0, OPTION_FLAG, offsetof (struct copy, transfer.set_id), NULL,
		"with -p: set-user-ID, set-group-ID and sticky bits as well", 0 },
	{ "resume", 0, OPTION_FLAG, offsetof (struct copy, transfer.resume), NULL,
		"go on where an interrupted transfer of the same file has stopped", 0 },
	{ "live", 0, OPTION_FLAG, offsetof (struct copy, transfer.live), NULL,
		"copy also a file that changes while it is read", 0 },
	{ "no-sync", 0, OPTION_FLAG, offsetof (struct copy, transfer.unsynced), NULL,
		"do not wait until it is on the disk", 0 },
	{ "sum", 0, OPTION_TEXT, offsetof (struct copy, sum), "KIND",
		"compare a copy with its source by this sum: xxh128, sha256 (xxh128)", 0 },
	OPTION_ROWS_CALL (struct copy, "stop it after this time without a byte"),
	OPTION_ROWS_MANY (struct copy),
	{ "quiet", 'q', OPTION_FLAG, offsetof (struct copy, quiet), NULL, "show no progress", 0 },
	OPTION_ROW_YES (struct copy),
	OPTION_ROW_HOSTS ("on these hosts; the words are then paths; may be repeated"),
	OPTION_ROW_JSON (struct copy, "print a JSON object with each file, at the end"),
	OPTION_ROW_JSONL (struct copy, "print each file as a JSON object on a line, when it is over"),
	OPTION_ROW_HELP,
	{ 0 },
};

/* --- what is told of each file ------------------------------------------------------------------------------------ */

static json_t *as_json (const struct copy *copy, const struct receipt *receipt, const char *path)
{
	json_t *error = receipt->err ? json_pack ("{ss so}", "code", code_name ((enum code)receipt->err->code),
					       "message", json_words (receipt->err->text))
				     : json_null ();
	bool whole = !receipt->err && receipt->kind == ITEM_FILE, noted = receipt->note && *receipt->note;

	return json_pack ("{so so ss so so so so so}", "host", json_words (copy->where), "path", json_words (path),
		"outcome", receipt->err ? "failed" : "completed", "size",
		whole ? json_integer (receipt->size) : json_null (), digest_name (copy->transfer.sum),
		whole ? json_string (receipt->sum) : json_null (), "changed",
		receipt->changed ? json_true () : json_false (), "note",
		noted ? json_words (receipt->note) : json_null (), "error", error);
}

/* If a shell would have expanded the path that was not found, print that remex does not. */
static void hint_literal (const struct copy *copy, const char *path)
{
	if (*path == '~')
		complain (copy->where, "'~' is not expanded: a path that is not absolute starts in the home directory");
	else if (strpbrk (path, "*?["))
		complain (copy->where, "'*', '?' and '[' are not expanded: no shell reads the path on the host");
}

static void on_receipt (void *data, const struct receipt *receipt)
{
	struct copy *copy = data;
	char path[TARGET_PATH_MAX * 2];
	bool noted;

	transfer_path (&copy->transfer, receipt, path, sizeof path);
	if (receipt->err) {
		copy->failed++;
		snprintf (copy->last, sizeof copy->last, "%s", receipt->err->text);
	} else if (receipt->kind == ITEM_FILE) {
		copy->done++;
		copy->bytes += receipt->size;
	}
	if (copy->format == FORMAT_JSON_LINE)
		json_print (as_json (copy, receipt, path), true);
	else if (copy->format)
		json_array_append_new (copy->files, as_json (copy, receipt, path));
	noted = !receipt->err && receipt->note && *receipt->note;
	if (copy->format || (!receipt->err && !receipt->changed && !noted))
		return;
	if (receipt->err)
		complain (copy->where, "%s: %s", path, receipt->err->text);
	else if (receipt->changed)
		complain (copy->where, "%s: it changed while it was read", path);
	if (noted)
		complain (copy->where, "%s: %s", path, receipt->note);
	if (receipt->err && receipt->err->code == CODE_NOT_FOUND && !copy->transfer.put)
		hint_literal (copy, path);
}

static int tick (void *data)
{
	struct copy *copy = data;
	struct transfer_progress at;

	if (progress_due (&copy->progress) == 0) {
		transfer_progress (&copy->transfer, &at);
		progress_draw (&copy->progress, *at.path ? at.path : copy->sources[0], at.bytes, at.total_bytes);
	}
	return progress_due (&copy->progress);
}

/* --- the words ---------------------------------------------------------------------------------------------------- */

/* The path on the host in a word. NULL: the word is local, or on another host. The first path sets `where`. */
static const char *on_host (struct copy *copy, const struct command_line *line, const char *word)
{
	const char *path;
	size_t n;

	if (line->first)
		return word;
	if (!(path = remote_path (word, &n)))
		return NULL;
	if (!copy->where)
		copy->where = strndup (word, n);
	return copy->where && strlen (copy->where) == n && !strncmp (copy->where, word, n) ? path : NULL;
}

static int wrong_word (const struct copy *copy, const char *word, bool remote)
{
	size_t n;

	if (!remote)
		return usage_error (
			copy->command, "'%s' is on a host: a copy between two hosts takes a get and a put", word);
	if (copy->where && remote_path (word, &n))
		return usage_error (
			copy->command, "'%s' is on another host than '%s': one at a time", word, copy->where);
	return usage_error (copy->command, "'%s' names no file on a host (example: web1:%s)", word, word);
}

/* Parse the words as sources and destination. 0, or the exit status. */
static int read_words (struct copy *copy, const struct command_line *line)
{
	struct transfer *transfer = &copy->transfer;
	int sum = copy->sum ? digest_parse (copy->sum) : DIGEST_XXH128;
	size_t ignored;

	if (sum < 0)
		return usage_error (copy->command, "invalid sum '%s' (xxh128 or sha256)", copy->sum);
	transfer->sum = (enum digest_kind)sum;
	if (line->n_words < 2)
		return usage_error (
			copy->command, line->n_words ? "missing destination" : "missing source and destination");
	if (line->first && !(copy->where = strdup (line->first)))
		return usage_error (copy->command, "out of memory");
	for (int i = 0; i < line->n_words; i++) {
		const char *word = line->words[i];
		bool last = i == line->n_words - 1, remote = last == transfer->put;
		const char *path = remote ? on_host (copy, line, word) : word;

		if (!path || (!remote && !line->first && remote_path (word, &ignored)))
			return wrong_word (copy, word, remote);
		if (last)
			transfer->destination = path;
		else
			copy->sources[transfer->n_sources++] = remote && !*path ? "." : path;
	}
	transfer->sources = copy->sources;
	if (!transfer->put && !strcmp (transfer->destination, "-") && (transfer->n_sources > 1 || transfer->recursive))
		return usage_error (copy->command, "only one file can go to standard output");
	return 0;
}

/* --- the transfer ------------------------------------------------------------------------------------------------- */

/* The object of a host. A host that was skipped has an empty copy. */
static json_t *make_json (const struct copy *copy, const struct call *call, bool with_files)
{
	json_t *all = result_json (call);

	json_object_del (all, "stdout");
	json_object_del (all, "stderr");
	json_object_del (all, "pipe_held");
	json_object_del (all, "survivors");
	json_object_set_new (all, "done", json_integer (copy->done));
	json_object_set_new (all, "failed", json_integer (copy->failed));
	json_object_set_new (all, "bytes", json_integer (copy->bytes));
	if (with_files)
		json_object_set_new (all, "files", copy->files ? json_incref (copy->files) : json_array ());
	return all;
}

/* Print the totals, if progress was shown on a terminal. */
static void print_summary (const struct copy *copy)
{
	double seconds = (double)(clock_ms () - copy->progress.start_ms) / 1000;
	char bytes[32], rate[32];

	if (copy->progress.shown && copy->done)
		remark ("%lld %s, %s in %.1f s (%s/s)\n", copy->done, copy->done == 1 ? "file" : "files",
			progress_bytes (bytes, sizeof bytes, (double)copy->bytes), seconds,
			progress_bytes (rate, sizeof rate, seconds > 0 ? (double)copy->bytes / seconds : 0));
}

/* Received files are put in place only after the server has completed the call. A large hole takes time, so a signal
 * can interrupt this too. The exit status. */
static int complete (struct copy *copy, struct call *call)
{
	int got;

	progress_clear ();
	while ((got = transfer_finish (&copy->transfer, call)) > 0)
		if (call->interrupts || console_signal ()) {
			call->result.outcome = REMEX_CANCELLED;
			return STATUS_CANCELLED;
		}
	return got == 0 ? 0 : STATUS_REMEX;
}

/* Make the transfer's error the result of the call, also when the server reported success. */
static void set_failed (const struct transfer *transfer, struct call *call)
{
	call->result.outcome = REMEX_FAILED;
	call->result.code = code_name ((enum code)transfer->why.code);
	call->result.message = transfer->why.text;
}

/* Was the call ended by the failure of one file, which has been reported for that file? */
static bool was_reported (const struct copy *copy, const struct call *call)
{
	size_t n = strlen (copy->last), m = strlen (call->result.message);

	return n && m >= n && !strcmp (call->result.message + m - n, copy->last);
}

static int end (struct copy *copy, struct call *call)
{
	int status = copy->transfer.reader_gone ? STATUS_PIPE : result_status (call);

	if (call_ended (call, REMEX_COMPLETED))
		status = complete (copy, call);
	progress_clear ();
	console_release_signals ();
	if (copy->transfer.stopped)
		set_failed (&copy->transfer, call);
	if (copy->format)
		json_print (make_json (copy, call, copy->format == FORMAT_JSON), copy->format == FORMAT_JSON_LINE);
	else if (!copy->transfer.stopped && !was_reported (copy, call))
		result_explain (call, NULL);
	if (!copy->format && copy->transfer.put && !strcmp (call->result.code, "not_found"))
		hint_literal (copy, copy->transfer.destination);
	if (status == 0 && copy->failed)
		status = STATUS_REMEX;
	if (status == STATUS_CANCELLED && copy->progress.shown)
		remark ("stopped; with --resume it goes on from here\n");
	if (status == 0 && !copy->format)
		print_summary (copy);
	return finish (status);
}

static int copy_files (struct copy *copy, const struct host_target *target)
{
	struct call call = { .name = transfer_call (&copy->transfer), .options = copy->options };
	char *args = transfer_args (&copy->transfer);
	struct conversation conversation;
	int status = STATUS_REMEX;

	if (!call.options.user)
		call.options.user = target->user;
	call.options.args = args;
	call.sink = &sink_transfer;
	call.data = &copy->transfer;
	call.may_block = transfer_may_block (&copy->transfer);
	if (!args)
		complain (NULL, "out of memory");
	else if (conversation_open_to (&conversation, target, copy->many.connect_timeout) == 0) {
		if (conversation_call (&conversation, &call) == 0)
			status = end (copy, &call);
		call_free (&call);
		conversation_close (&conversation);
	}
	free (args);
	return status;
}

static int copy_on (struct copy *copy, const struct host_target *target)
{
	struct transfer *transfer = &copy->transfer;
	struct err err = { .sys = 0 };
	int status;

	transfer->data = copy;
	transfer->on_receipt = on_receipt;
	transfer->tick = tick;
	progress_init (&copy->progress, !copy->quiet && !copy->format && !copy->many.no_status);
	transfer->count = copy->progress.shown;
	if (transfer_open (transfer, &err) < 0) {
		complain (NULL, "%s: %s", transfer->destination, err.text);
		status = STATUS_REMEX;
	} else {
		status = copy_files (copy, target);
	}
	transfer_close (transfer);
	return status;
}

/* Use the name that the host has in the list: @web may be one host, too. */
static int copy_on_one (struct copy *copy, const struct host_target *target)
{
	char *typed = copy->where; /* the target may point into it */
	int status = STATUS_REMEX;

	if ((copy->where = strdup (target->label)))
		status = copy_on (copy, target);
	else
		complain (NULL, "out of memory");
	free (typed);
	return status;
}

/* --- many hosts -------------------------------------------------------------------------------------------------- */

/* A copy for each host, by rank. */
struct fleet {
	const struct copy *model; /* the copy as the user asked for it */
	struct copy *copies;
	char **directories; /* of a get: where the files of each host go */
	json_t **objects; /* for --json: the object of each host, printed at the end */
	struct sink sink;
};

static struct copy *copy_of (const struct call *call)
{
	return list_entry (call->data, struct copy, transfer);
}

/* Make a directory, which may be there. 0, or -1 and err. */
static int make_directory (const char *path, struct err *err)
{
	struct stat st;

	if (mkdir (path, 0777) < 0 && errno != EEXIST)
		return err_sys (err, CODE_IO_ERROR, "cannot make %s", *path ? path : "''");
	if (stat (path, &st) < 0)
		return err_sys (err, CODE_IO_ERROR, "%s", path);
	return S_ISDIR (st.st_mode) ? 0 : err_set (err, CODE_BAD_VALUE, "%s is not a directory", path);
}

/* For a get: DIR/HOST/, which is made. With the slash, no file can be put in its place. NULL and err. */
static char *make_place (const char *directory, const char *label, struct err *err)
{
	char name[OUTDIR_NAME], *path;
	int n = -1;

	if (outdir_name (name, label, "") < 0 || (n = asprintf (&path, "%s/%s/", directory, name)) < 0) {
		err_sys (err, CODE_IO_ERROR, "cannot make its directory");
		return NULL;
	}
	path[n - 1] = '\0';
	if (make_directory (directory, err) < 0 || make_directory (path, err) < 0) {
		free (path);
		return NULL;
	}
	path[n - 1] = '/';
	return path;
}

static int cannot_begin (struct member *member, const struct err *err)
{
	call_fail (&member->call, REMEX_FAILED, code_name ((enum code)err->code), err->text);
	errno = 0;
	return -1;
}

static int begin_one (struct fanout *fanout, struct member *member)
{
	struct fleet *fleet = fanout->context;
	struct copy *copy = &fleet->copies[member->rank];
	struct err err = { .sys = 0 };

	*copy = *fleet->model;
	copy->files = NULL;
	if (!(copy->where = strdup (member->target->label)))
		return -1;
	copy->transfer.data = copy;
	copy->transfer.on_receipt = on_receipt;
	member->call.data = &copy->transfer;
	if (!copy->transfer.put) {
		fleet->directories[member->rank] = make_place (copy->transfer.destination, member->target->label, &err);
		copy->transfer.destination = fleet->directories[member->rank];
		if (!copy->transfer.destination)
			return cannot_begin (member, &err);
	}
	copy->files = json_array (); /* from here on there is something to close */
	copy->total = -1;
	/* All hosts of a put get the same files, which are counted once. */
	copy->transfer.count = fanout->progress.shown && (!copy->transfer.put || !member->rank);
	copy->opened = transfer_open (&copy->transfer, &err) == 0;
	return copy->opened ? 0 : cannot_begin (member, &err);
}

/* How many bytes of the copy have gone, and of how many. */
static int64_t moved (const struct copy *copy, int64_t *total)
{
	struct transfer_progress at = { .bytes = copy->moved, .total_bytes = copy->total };

	if (copy->opened)
		transfer_progress (&copy->transfer, &at);
	*total = at.total_bytes;
	return at.bytes;
}

static int64_t measure (struct fanout *fanout, const struct member *member, int64_t *total)
{
	const struct fleet *fleet = fanout->context;
	int64_t bytes;

	if (fleet->model->transfer.put)
		moved (&fleet->copies[0], total);
	bytes = moved (&fleet->copies[member->rank], fleet->model->transfer.put ? &(int64_t){ 0 } : total);
	return bytes;
}

static char *arguments_of (struct fanout *fanout, const struct member *member)
{
	const struct fleet *fleet = fanout->context;

	return transfer_args (&fleet->copies[member->rank].transfer);
}

/* A copy that has failed in part has failed. */
static void conclude (struct copy *copy, struct call *call)
{
	char why[64];

	if (copy->transfer.stopped) {
		call_fail (call, REMEX_FAILED, code_name ((enum code)copy->transfer.why.code), copy->transfer.why.text);
	} else if (call->result.outcome == REMEX_COMPLETED && copy->failed) {
		snprintf (why, sizeof why, "%lld of the files could not be copied", copy->failed);
		call_fail (call, REMEX_FAILED, "failed", why);
		copy->partial = true;
	}
}

/* One step of putting received files in place: the sum of a large hole takes time, and there are other hosts. True: more is
 * left. */
static bool finish_some (struct call *call)
{
	struct copy *copy = copy_of (call);

	if (copy->finishing && transfer_finish (&copy->transfer, call) <= 0) {
		copy->finishing = false;
		conclude (copy, call);
	}
	return copy->finishing;
}

static int finish_soon (struct call *call)
{
	return copy_of (call)->finishing ? 0 : -1;
}

static bool finish_no_more (struct call *call, int signo)
{
	/* A host whose turn has not come has no copy. */
	bool stops =
		call->data && copy_of (call)->finishing && signo != SIGWINCH && signo != SIGCONT && signo != SIGTSTP;

	if (stops)
		call_leave (call);
	return stops;
}

/* The server has ended the call. */
static void take_end (struct call *call)
{
	struct copy *copy = copy_of (call);

	copy->finishing = call->result.outcome == REMEX_COMPLETED;
	if (!copy->finishing)
		conclude (copy, call);
	else if (call->leaving) /* nobody asks for further steps */
		finish_some (call);
}

/* Print the result of a host that is over, or was skipped. */
static void ended_one (struct fanout *fanout, struct member *member)
{
	struct fleet *fleet = fanout->context;
	struct copy *copy = &fleet->copies[member->rank];
	struct call *call = &member->call;

	if (copy->finishing) /* a signal came first */
		call->result.outcome = REMEX_CANCELLED;
	if (fleet->model->format == FORMAT_JSON) {
		fleet->objects[member->rank] = make_json (copy, call, true);
	} else if (fleet->model->format) {
		json_print (make_json (copy, call, false), true);
		fflush (stdout);
	} else if (!call->skipped && !copy->transfer.stopped && !was_reported (copy, call) && !copy->partial) {
		result_explain (call, NULL);
	}
	if (copy->files) {
		copy->moved = moved (copy, &copy->total);
		copy->opened = false;
		transfer_close (&copy->transfer);
	}
	if (fleet->directories[member->rank])
		rmdir (fleet->directories[member->rank]); /* if nothing came */
	json_decref (copy->files);
	free (copy->where);
}

/* The array of all hosts, in their order. */
static void print_objects (const struct fleet *fleet, size_t n)
{
	json_t *all = json_array ();

	for (size_t i = 0; i < n; i++)
		if (fleet->objects[i])
			json_array_append_new (all, fleet->objects[i]);
	json_print (all, false);
}

static int copy_on_many (struct copy *copy, const struct many_hosts *hosts)
{
	struct many many = { .options = &copy->many, .own = true, .quiet = copy->format != FORMAT_TEXT };
	struct fleet fleet = { .model = copy, .sink = sink_transfer };
	size_t n = hosts->targets.n;
	int status = STATUS_REMEX;

	many.no_status = copy->quiet;
	copy->quiet = true;
	if (copy->transfer.put && !(copy->transfer.shared = shared_digests_new (copy->transfer.sum)))
		complain (NULL, "out of memory: the sums are computed for each host alone");
	fleet.copies = calloc (n, sizeof *fleet.copies);
	fleet.directories = calloc (n, sizeof *fleet.directories);
	fleet.objects = calloc (n, sizeof *fleet.objects);
	for (size_t i = 0; fleet.copies && i < n; i++)
		fleet.copies[i].total = -1;
	fleet.sink.ended = take_end;
	fleet.sink.flush = finish_some;
	fleet.sink.tick = finish_soon;
	fleet.sink.signal = finish_no_more;
	many.fanout.call = transfer_call (&copy->transfer);
	many.fanout.options = copy->options;
	many.fanout.sink = &fleet.sink;
	many.fanout.begin = begin_one;
	many.fanout.arguments = arguments_of;
	many.fanout.ended = ended_one;
	many.fanout.measure = measure;
	many.fanout.context = &fleet;
	if (!fleet.copies || !fleet.directories || !fleet.objects)
		complain (NULL, "out of memory");
	else
		status = many_run (&many, hosts);
	if (copy->format == FORMAT_JSON && fleet.objects)
		print_objects (&fleet, n);
	for (size_t i = 0; fleet.directories && i < n; i++)
		free (fleet.directories[i]);
	free (fleet.objects);
	free (fleet.directories);
	free (fleet.copies);
	shared_digests_free (copy->transfer.shared);
	return finish (status);
}

static bool is_stream (const char *word)
{
	int fd;

	return !strcmp (word, "-") || descriptor_of (word, &fd) != 0;
}

/* There is only one stdin, stdout or other descriptor of ours, and there are many hosts. */
static bool needs_stream (const struct transfer *transfer)
{
	bool found = !transfer->put && is_stream (transfer->destination);

	for (int i = 0; transfer->put && i < transfer->n_sources; i++)
		found |= is_stream (transfer->sources[i]);
	return found;
}

/* A mistake here is reported once, and not for each host. */
static int check_here (const struct copy *copy)
{
	const struct transfer *transfer = &copy->transfer;
	struct err err;

	if ((transfer->put ? transfer_check_sources (transfer, &err) : make_directory (transfer->destination, &err)) ==
		0)
		return 0;
	complain (NULL, "%s: nothing was copied", err.text);
	return STATUS_REMEX;
}

static int copy_words (struct copy *copy, const struct command_line *line)
{
	struct option_list words;
	struct many_hosts hosts;
	const char *where;
	int status = read_words (copy, line);

	if (!status)
		status = many_check (copy->command, &copy->many, copy->format);
	if (status)
		return status;
	where = copy->where;
	words = line->first ? line->firsts : (struct option_list){ &where, 1 };
	if ((status = many_expand (copy->command, &copy->many, &words, true, &hosts)) == 0) {
		if (hosts.targets.n == 1)
			status = copy_on_one (copy, hosts.targets.targets);
		else if (needs_stream (&copy->transfer))
			status = usage_error (copy->command, "'%s' names %zu hosts, and there is one standard %s",
				copy->where, hosts.targets.n, copy->transfer.put ? "input" : "output");
		else if ((status = check_here (copy)) == 0 &&
			 (!copy->transfer.put || (status = many_confirm (&copy->many, &hosts)) == 0))
			status = copy_on_many (copy, &hosts);
	}
	many_hosts_free (&hosts);
	return status;
}

static int run_copy (const struct subcommand *command, struct command_line *line, bool put)
{
	struct copy *copy = line->values;
	int status = STATUS_REMEX;

	copy->command = command;
	copy->transfer.put = put;
	copy->sources = calloc ((size_t)line->n_words + 1, sizeof *copy->sources);
	copy->files = json_array ();
	if (copy->sources && copy->files)
		status = copy_words (copy, line);
	else
		complain (NULL, "out of memory");
	json_decref (copy->files);
	free (copy->where);
	free (copy->sources);
	return status;
}

static int run_put (const struct subcommand *command, struct command_line *line)
{
	return run_copy (command, line, true);
}

static int run_get (const struct subcommand *command, struct command_line *line)
{
	return run_copy (command, line, false);
}

const struct subcommand cmd_put = { "put", "SRC... HOSTS:DEST", "Copy files to hosts", copy_options, WORDS_MIXED, -1,
	sizeof (struct copy), run_put };

const struct subcommand cmd_get = { "get", "HOSTS:SRC... DEST", "Copy files from hosts", copy_options, WORDS_MIXED, -1,
	sizeof (struct copy), run_get };
