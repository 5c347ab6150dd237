/* transfer - files to or from one host; see transfer.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/descriptor.h"
#include "cli/say.h"
#include "cli/transfer.h"
#include "files/file_reader.h"

#define FILES_STREAM "files"

enum {
	AHEAD = 2 * ITEM_DATA_MAX, /* bytes of a put that are read before they can be sent */
	ROUNDS = 8, /* of filling and sending in one turn of the loop */
};

/* At this end no roots apply: the user may name every file that the user can reach. */
static const struct roots everything = { .bound = false };

/* Was a full disk the reason? Then the receipt of the file that failed has reported it. */
static bool is_in_receipt (const struct err *err)
{
	return err->sys == ENOSPC || err->sys == EDQUOT;
}

/* The server's stream is invalid, or we cannot continue: ignore the rest of the stream. Always -1. */
static int stop (struct transfer *self, struct call *call, const struct err *err)
{
	if (!is_in_receipt (err))
		complain (call->where, "%s", err->text);
	self->stopped = true;
	self->why = *err;
	self->stepping = false;
	return -1;
}

/* The last component of a path, without slashes behind it; *n: its length. */
static const char *find_last (const char *path, size_t *n)
{
	size_t end = strlen (path), start;

	while (end > 0 && path[end - 1] == '/')
		end--;
	for (start = end; start > 0 && path[start - 1] != '/';)
		start--;
	*n = end - start;
	return path + start;
}

/* The last component of a path, at most ITEM_NAME_MAX bytes; "." for "", ".", "..", "/", which name the contents of a
 * directory, not the directory. 0, or -1 and err. */
static int last_component (const char *path, char *name, struct err *err)
{
	size_t n;
	const char *last = find_last (path, &n);

	if (n > ITEM_NAME_MAX) {
		strcpy (name, "?");
		return err_set (err, CODE_BAD_VALUE, "a name of more than %d bytes", ITEM_NAME_MAX);
	}
	snprintf (name, ITEM_NAME_MAX + 1, "%.*s", (int)n, last);
	if (!item_is_component (name))
		strcpy (name, ".");
	return 0;
}

static int compare_names (const void *left, const void *right)
{
	size_t n, m;
	const char *one = find_last (*(const char *const *)left, &n),
		   *other = find_last (*(const char *const *)right, &m);
	int result = memcmp (one, other, n < m ? n : m);

	return result ? result : (n > m) - (n < m);
}

/* Two sources with the same name would overwrite each other. 0, or -1 and err. */
static int check_names (const struct transfer *self, struct err *err)
{
	const char **sorted = calloc ((size_t)self->n_sources + 1, sizeof *sorted);
	char name[ITEM_NAME_MAX + 1];
	int result = 0;

	if (!sorted)
		return err_set (err, CODE_BUSY, "out of memory");
	for (int i = 0; i < self->n_sources; i++)
		sorted[i] = self->sources[i];
	qsort (sorted, (size_t)self->n_sources, sizeof *sorted, compare_names);
	for (int i = 1; i < self->n_sources && result == 0; i++)
		if (compare_names (&sorted[i - 1], &sorted[i]) == 0 && last_component (sorted[i], name, err) == 0 &&
			strcmp (name, ".") != 0)
			result = err_set (err, CODE_BAD_VALUE,
				"'%.200s' and '%.200s' have one name: copy them one at a time", sorted[i - 1],
				sorted[i]);
	free (sorted);
	return result;
}

/* --- put: a sender feeds the input, the answers tell which files are in place ------------------------------------- */

static int open_source (void *data, int index, char *name, bool *stream, struct err *err)
{
	const struct transfer *self = data;
	const char *path = self->sources[index];
	bool standard = !strcmp (path, "-");
	int own = STDIN_FILENO, fd;

	*stream = false;
	if (standard)
		strcpy (name, "-");
	else if (last_component (path, name, err) < 0)
		return -1;
	else if (descriptor_of (path, &own) < 0)
		return err_sys (err, CODE_IO_ERROR, "cannot read it");
	*stream = own >= 0;
	if (own >= 0) {
		fd = fcntl (own, F_DUPFD_CLOEXEC, 3);
		return fd >= 0 ? fd : err_sys (err, CODE_IO_ERROR, standard ? "standard input" : "cannot open it");
	}
	return target_open_source (&everything, NULL, path, err);
}

/* A directory needs -r, and no other kind of file can be opened. 0, or -1 and err. */
static int check_kind (const struct transfer *self, int fd, struct err *err)
{
	struct stat st;

	if (fstat (fd, &st) < 0)
		return err_sys (err, CODE_IO_ERROR, "cannot stat it");
	return self->recursive || !S_ISDIR (st.st_mode)
		       ? 0
		       : err_set (err, CODE_BAD_VALUE, "%s", file_reader_refusal (st.st_mode));
}

int transfer_check_sources (const struct transfer *self, struct err *err)
{
	char name[ITEM_NAME_MAX + 1];
	bool stream;

	for (int i = 0; i < self->n_sources; i++) {
		struct err why;
		int fd = open_source ((void *)(uintptr_t)self, i, name, &stream, &why), result = fd < 0 ? -1 : 0;

		if (fd >= 0 && !stream)
			result = check_kind (self, fd, &why);
		fd_close (&fd);
		if (result < 0)
			return err_set (err, why.code, "%s: %s", *self->sources[i] ? self->sources[i] : "''", why.text);
	}
	return 0;
}

/* Read ahead, so that the disk and the checksums do not wait for the network: 0, or -1 and err. With many hosts, other
 * hosts are served meanwhile, and data that is read ahead for all of them would only leave the processor's cache. */
static int fill (struct transfer *self, struct err *err)
{
	size_t ahead = self->shared ? 1 : AHEAD;
	int state;

	if (buf_len (&self->out) >= ahead || self->state == SENDER_END)
		return 0;
	if ((state = sender_fill (self->sender, &self->out)) < 0)
		return err_set (err, CODE_BUSY, "out of memory");
	if (self->pending.error == ENOBUFS)
		return err_set (err, CODE_FAILED, "the server does not report on the files that it received");
	if (self->pending.error)
		return err_set (err, CODE_BUSY, "out of memory");
	self->state = (enum sender_state)state;
	return 0;
}

static int send_put (struct transfer *self, struct call *call)
{
	for (int i = 0; i < ROUNDS && !self->ended; i++) {
		struct err err;
		long n;

		if (fill (self, &err) < 0)
			return stop (self, call, &err);
		if (buf_len (&self->out)) {
			if ((n = remex_send (call->request, buf_head (&self->out), buf_len (&self->out))) < 0)
				return errno == EPIPE ? 0 : -1; /* the call is over; REMEX_ENDED will tell why */
			if (n == 0)
				return 0; /* wait for credit */
			buf_consume (&self->out, (size_t)n);
		} else if (self->state == SENDER_WAIT) {
			return 0;
		}
		if (!buf_len (&self->out) && self->state == SENDER_END) {
			self->ended = true;
			remex_end (call->request);
		}
	}
	return self->ended ? 0 : 1;
}

static void note (void *data, const struct item *item)
{
	struct transfer *self = data;

	pending_sent (&self->pending, item);
}

/* The server reports the result for an item. 0, or -1 and err: the item was not sent. */
static int take_report (struct transfer *self, const struct item *item, struct err *why)
{
	struct receipt receipt = { .kind = ITEM_FILE, .path = item->name, .size = item->size, .source = item->source };
	struct err err = { .code = (int)item->code };

	receipt.sum = item->sum;
	receipt.changed = item->changed;
	receipt.note = item->text;
	if (item->source < 0 || item->source >= self->n_sources)
		return err_set (why, CODE_BAD_VALUE, "the server reports on something that was not sent");
	if (item->kind == ITEM_FAILED) {
		pending_failed (&self->pending, item);
		err_set (&err, (int)item->code, "%s", item->text);
		receipt.kind = ITEM_FAILED;
		receipt.err = &err;
	} else {
		int wrong = pending_done (&self->pending, item, &err);

		if (wrong < 0) {
			*why = err;
			return -1;
		}
		if (item->size < 0)
			receipt.kind = ITEM_DIRECTORY; /* or a link: neither has content */
		if (wrong)
			receipt.err = &err;
	}
	self->on_receipt (self->data, &receipt);
	return 0;
}

static int take_put (struct transfer *self, struct call *call, struct err *err)
{
	static struct item item;
	int got;

	while ((got = item_next (&self->in, &item, err)) > 0) {
		int result = -1;

		if (item.body)
			err_set (err, CODE_BAD_VALUE, "the server's answer has a body");
		else if (item.kind == ITEM_HAVE)
			result = sender_answer (self->sender, &item, err);
		else if (item.kind == ITEM_DONE || item.kind == ITEM_FAILED)
			result = take_report (self, &item, err);
		else
			err_set (err, CODE_BAD_VALUE, "the server sends files, but should receive them");
		if (result < 0)
			return -1;
	}
	call_consume (call, self->owed);
	self->owed = 0;
	return got;
}

static int open_put (struct transfer *self)
{
	struct sender_options options = { .recursive = self->recursive,
		.live = self->live,
		.resume = self->resume,
		.sum = self->sum,
		.sent = note,
		.shared = self->shared,
		.count = self->count };

	self->state = SENDER_MORE;
	self->sender = sender_new (&options, self->n_sources, open_source, self);
	return self->sender ? 0 : -1;
}

/* --- get: a receiver takes the stream, and writes where the command line says ------------------------------------- */

/* As scp(1) does: into an existing directory; else under that name, which allows only one source. */
static int open_destination (struct transfer *self, struct err *err)
{
	size_t n = strlen (self->destination);

	if (!strcmp (self->destination, "-"))
		self->to = STDOUT_FILENO;
	else if (descriptor_of (self->destination, &self->to) < 0)
		return err_sys (err, CODE_IO_ERROR, "cannot write to it");
	if (self->to >= 0 && (self->n_sources > 1 || self->recursive))
		return err_set (err, CODE_BAD_VALUE, "only one file goes there, and no directory");
	if (self->to >= 0)
		return 0;
	self->directory = target_open_directory (&everything, NULL, self->destination, TARGET_WRITE, err);
	if (self->directory >= 0 || (err->sys != ENOENT && err->sys != ENOTDIR))
		return self->directory >= 0 ? 0 : -1;
	if (self->n_sources > 1 || (n > 0 && self->destination[n - 1] == '/' && !self->recursive))
		return err_set (err, CODE_NOT_FOUND, "is no directory");
	return 0;
}

/* An item that was not asked for ends the stream. Always -1. */
static int not_asked_for (struct err *err, const char *fmt, ...) __attribute__ ((format (printf, 2, 3)));

static int not_asked_for (struct err *err, const char *fmt, ...)
{
	va_list args;
	char text[ERR_TEXT];

	va_start (args, fmt);
	vsnprintf (text, sizeof text, fmt, args);
	va_end (args);
	err_set (err, CODE_BAD_VALUE, "%s", text);
	err->sys = EPROTO;
	return -1;
}

/* Does the path itself name a directory, whatever exists there: "d/", "d/.", "..", "/"? */
static bool names_directory (const char *path, const char *name)
{
	size_t n = strlen (path);

	return !strcmp (name, ".") || (n > 0 && path[n - 1] == '/');
}

static int target_item (void *data, const struct item *item, struct target *target, int *fd, struct err *err)
{
	struct transfer *self = data;
	char name[ITEM_NAME_MAX + 1];

	if (item->source < self->next || item->source >= self->n_sources)
		return not_asked_for (err, "the server sent an item that was not asked for");
	if (last_component (self->sources[item->source], name, err) < 0)
		return -1;
	/* For "." and "/" only the server knows the name. */
	if (strcmp (name, ".") != 0 && strcmp (name, item->name) != 0)
		return not_asked_for (err, "the server sent '%s' where '%s' was asked for", item->name, name);
	/* The server follows a source that is a link, and sends the file or directory that it leads to. */
	if (item->kind == ITEM_LINK)
		return not_asked_for (err, "the server sent a symbolic link in place of '%s'", item->name);
	if (item->kind != ITEM_DIRECTORY && names_directory (self->sources[item->source], name))
		return not_asked_for (err, "the server sent a file in place of the directory '%s'", item->name);
	self->next = (int)item->source + 1;
	if (self->to >= 0) {
		*fd = self->to;
		return 0;
	}
	if (self->directory < 0)
		return target_open (target, &everything, NULL, self->destination, TARGET_WRITE, err);
	memcpy (target->name, name, sizeof target->name);
	if ((target->directory = fcntl (self->directory, F_DUPFD_CLOEXEC, 3)) < 0)
		return err_sys (err, CODE_BUSY, "cannot copy a descriptor");
	return 0;
}

static void received (void *data, const struct receipt *receipt)
{
	struct transfer *self = data;
	bool to_fd = self->to >= 0;

	if (receipt->source >= 0 && receipt->source < self->n_sources)
		self->reported[receipt->source] = true;
	/* The descriptor takes no more bytes: ignore the rest of the stream. */
	if (to_fd && receipt->err && receipt->err->sys) {
		self->stopped = true;
		self->why = *receipt->err;
	}
	self->reader_gone |= to_fd && receipt->err && receipt->err->sys == EPIPE;
	if (!self->reader_gone)
		self->on_receipt (self->data, receipt);
}

/* Take the received bytes, in steps; the server may send as many again when they are taken. */
static int take_get (struct transfer *self, struct call *call, struct err *err)
{
	int got = receiver_take (self->receiver, &self->in, &self->out, err);

	self->stepping = got > 0;
	if (self->stepping)
		return 0;
	call_consume (call, self->owed);
	self->owed = 0;
	return got;
}

static int send_get (struct transfer *self, struct call *call)
{
	struct err err;
	long n = 0;

	if (self->stepping && take_get (self, call, &err) < 0)
		return stop (self, call, &err);
	if (buf_len (&self->out) && (n = remex_send (call->request, buf_head (&self->out), buf_len (&self->out))) < 0)
		return errno == EPIPE ? 0 : -1;
	buf_consume (&self->out, (size_t)n);
	return self->stepping;
}

static int open_get (struct transfer *self)
{
	struct receiver_options options = {
		.recursive = self->recursive,
		.live = self->live,
		.writer = { .sync = !self->unsynced,
			.preserve = self->preserve,
			.set_id = self->set_id,
			.sum = self->sum },
	};

	self->receiver = receiver_new (&options, target_item, received, self);
	return self->receiver ? 0 : -1;
}

/* --- the sink ------------------------------------------------------------------------------------------------------ */

static int send_some (struct call *call)
{
	struct transfer *self = call->data;

	return self->put ? send_put (self, call) : send_get (self, call);
}

static int take_some (struct call *call, const char *stream, const void *bytes, size_t n)
{
	struct transfer *self = call->data;
	struct err err;

	if (self->stopped || strcmp (stream, FILES_STREAM) != 0) {
		call_consume (call, n);
		return self->stopped ? -1 : 0;
	}
	if (buf_append (&self->in, bytes, n) < 0) {
		err_set (&err, CODE_BAD_VALUE, "the server sends more than it may");
		return stop (self, call, &err);
	}
	self->owed += n;
	if (self->stepping)
		return 0;
	if ((self->put ? take_put (self, call, &err) : take_get (self, call, &err)) < 0)
		return stop (self, call, &err);
	return self->stopped ? -1 : 0;
}

static int waits_on (struct call *call)
{
	const struct transfer *self = call->data;

	if (!self->put || self->state != SENDER_WAIT || buf_len (&self->out))
		return -1;
	return sender_waits_on (self->sender);
}

static int tick (struct call *call)
{
	const struct transfer *self = call->data;

	return self->tick ? self->tick (self->data) : -1;
}

const struct sink sink_transfer = { .take = take_some, .send = send_some, .waits_on = waits_on, .tick = tick };

/* Bytes that went to a descriptor cannot be taken back. And a write to a reader that has stopped would delay caught
 * signals. */
bool transfer_may_block (const struct transfer *self)
{
	return self->to >= 0;
}

/* --- the whole ----------------------------------------------------------------------------------------------------- */

int transfer_open (struct transfer *self, struct err *err)
{
	self->directory = self->to = -1;
	pending_init (&self->pending);
	buf_init (&self->in, 4 * 1024 * 1024); /* one message, and the header of an item that was cut */
	buf_init (&self->out, self->put ? AHEAD + 2 * (ITEM_HEADER_MAX + ITEM_DATA_MAX) : 1024 * 1024);
	if (check_names (self, err) < 0 || (!self->put && open_destination (self, err) < 0))
		return -1;
	self->reported = calloc ((size_t)self->n_sources + 1, sizeof *self->reported);
	if (!self->reported || (self->put ? open_put (self) : open_get (self)) < 0)
		return err_set (err, CODE_BUSY, "out of memory");
	return 0;
}

void transfer_close (struct transfer *self)
{
	sender_free (self->sender);
	receiver_free (self->receiver);
	fd_close (&self->directory);
	free (self->reported);
	pending_free (&self->pending);
	buf_free (&self->in);
	buf_free (&self->out);
}

const char *transfer_call (const struct transfer *self)
{
	return self->put ? "file.put" : "file.get";
}

static void set (struct remex_args *args, const char *key, bool truth)
{
	if (truth)
		remex_args_json (args, key, "true");
}

char *transfer_args (const struct transfer *self)
{
	struct remex_args *args = remex_args_new ();
	const char *text = NULL;
	char *copy;

	if (!args)
		return NULL;
	set (args, "recursive", self->recursive);
	if (self->sum != DIGEST_SHA256) /* the default of the verbs */
		remex_args_string (args, "sum", digest_name (self->sum));
	if (self->put) {
		size_t n = strlen (self->destination);

		/* An empty destination is the home directory, as with scp(1) */
		remex_args_string (args, "path", n ? self->destination : ".");
		set (args, "tree", true);
		set (args, "into", self->n_sources > 1);
		set (args, "preserve", self->preserve);
		set (args, "set_id", self->set_id);
		if (self->unsynced)
			remex_args_json (args, "sync", "false");
	} else {
		remex_args_strings (args, "paths", self->sources, (size_t)self->n_sources);
		set (args, "resume", self->resume);
		set (args, "live", self->live);
		set (args, "count", self->count);
	}
	text = remex_args_text (args);
	copy = text ? strdup (text) : NULL;
	remex_args_free (args);
	return copy;
}

/* The server has completed the call without a report for these, so they have failed: of a get, sources; of a put,
 * files, directories and links. */
static void miss (struct transfer *self)
{
	struct receipt receipt = { .kind = ITEM_FAILED, .path = "", .size = -1, .sum = "" };
	struct pending_entry *entry;
	struct err err;

	err_set (&err, CODE_FAILED, "the server did not report on it");
	receipt.err = &err;
	for (int i = 0; !self->put && i < self->n_sources; i++) {
		receipt.source = i;
		if (!self->reported[i])
			self->on_receipt (self->data, &receipt);
	}
	while ((entry = pending_take (&self->pending))) {
		receipt.source = entry->source;
		receipt.path = entry->path;
		self->on_receipt (self->data, &receipt);
		free (entry);
	}
}

static int put_in_place (struct transfer *self, struct err *err)
{
	int got;

	if (self->stepping) {
		if ((got = receiver_take (self->receiver, &self->in, &self->out, err)) != 0)
			return got;
		self->stepping = false;
	}
	if (self->put && !self->ended)
		return err_set (err, CODE_BAD_VALUE, "the server did not take all that was sent");
	if (buf_len (&self->in) > 0)
		return err_set (err, CODE_BAD_VALUE, "the server's stream of files was cut");
	if (self->receiver && receiver_end (self->receiver, err) < 0)
		return -1;
	miss (self);
	return 0;
}

int transfer_finish (struct transfer *self, struct call *call)
{
	struct err err;
	int got = put_in_place (self, &err);

	return got < 0 ? stop (self, call, &err) : got;
}

char *transfer_path (const struct transfer *self, const struct receipt *receipt, char *out, size_t size)
{
	const char *rest = strchr (receipt->path, '/');
	bool known = receipt->source >= 0 && receipt->source < self->n_sources;
	const char *word = known ? self->sources[receipt->source] : NULL;
	size_t n = word ? strlen (word) : 0;

	if (!word)
		snprintf (out, size, "%s", receipt->path);
	else if (!rest)
		snprintf (out, size, "%s", word);
	else
		snprintf (out, size, "%s%s", word, n > 0 && word[n - 1] == '/' ? rest + 1 : rest);
	return out;
}

void transfer_progress (const struct transfer *self, struct transfer_progress *progress)
{
	*progress = (struct transfer_progress){ .path = "" };
	if (self->put) {
		struct sender_progress sent;

		sender_progress (self->sender, &sent);
		progress->files = sent.files;
		progress->bytes = sent.bytes;
		progress->total_files = sent.total_files;
		progress->total_bytes = sent.total_bytes;
		progress->path = sent.path;
	} else {
		struct receiver_progress got;

		receiver_progress (self->receiver, &got);
		progress->files = got.files;
		progress->bytes = got.bytes;
		progress->total_files = got.total_files;
		progress->total_bytes = got.total_bytes;
	}
}
