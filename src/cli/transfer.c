/* transfer - files to or from one host; see transfer.h. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "cli/say.h"
#include "cli/transfer_private.h"

#define FILES_STREAM "files"

const struct roots transfer_everything = { .bound = false };

bool transfer_has_told (const struct err *err)
{
	return err->sys == ENOSPC || err->sys == EDQUOT;
}

int transfer_stop (struct transfer *self, struct call *call, const struct err *err)
{
	if (!transfer_has_told (err))
		complain (call->where, "%s", err->text);
	self->stopped = true;
	self->stepping = false;
	return -1;
}

int transfer_last_component (const char *path, char *name, struct err *err)
{
	size_t n = strlen (path), start;

	while (n > 0 && path[n - 1] == '/')
		n--;
	for (start = n; start > 0 && path[start - 1] != '/';)
		start--;
	if (n - start > ITEM_NAME_MAX) {
		strcpy (name, "?");
		return err_set (err, CODE_BAD_VALUE, "a name of more than %d bytes", ITEM_NAME_MAX);
	}
	snprintf (name, ITEM_NAME_MAX + 1, "%.*s", (int)(n - start), path + start);
	if (!item_is_component (name))
		strcpy (name, ".");
	return 0;
}

/* --- the sink ------------------------------------------------------------------------------------------------------ */

static int send_some (struct call *call)
{
	struct transfer *self = call->data;

	return self->put ? transfer_send_put (self, call) : transfer_send_get (self, call);
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
		return transfer_stop (self, call, &err);
	}
	self->owed += n;
	if (self->stepping)
		return 0;
	if ((self->put ? transfer_take_put (self, call, &err) : transfer_take_get (self, call, &err)) < 0)
		return transfer_stop (self, call, &err);
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

/* Nobody can take back what went to a descriptor; and where its reader has stopped we would wait for that first. */
bool transfer_is_mortal (const struct transfer *self)
{
	return self->to >= 0;
}

/* --- the whole ----------------------------------------------------------------------------------------------------- */

int transfer_open (struct transfer *self, struct err *err)
{
	self->directory = self->to = -1;
	pending_init (&self->pending);
	buf_init (&self->in, 4 * 1024 * 1024); /* a message, and an item's header that was cut */
	buf_init (&self->out, self->put ? TRANSFER_AHEAD + 2 * (ITEM_HEADER_MAX + ITEM_DATA_MAX) : 1024 * 1024);
	if (!self->put && transfer_open_destination (self, err) < 0)
		return -1;
	self->heard = calloc ((size_t)self->n_sources + 1, sizeof *self->heard);
	if (!self->heard || (self->put ? transfer_open_put (self) : transfer_open_get (self)) < 0)
		return err_set (err, CODE_BUSY, "out of memory");
	return 0;
}

void transfer_close (struct transfer *self)
{
	sender_free (self->sender);
	receiver_free (self->receiver);
	fd_close (&self->directory);
	free (self->heard);
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
	if (self->put) {
		size_t n = strlen (self->destination);

		/* An empty destination is the home, as with scp(1). */
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

/* A server that is done, and has said nothing of what was asked for, has not done it: of a get a source, of a put each
 * file, directory and link. */
static void miss (struct transfer *self)
{
	struct receipt receipt = { .kind = ITEM_FAILED, .path = "", .size = -1, .sha256 = "" };
	struct pending_entry *entry;
	struct err err;

	err_set (&err, CODE_FAILED, "the server has said nothing of it");
	receipt.err = &err;
	for (int i = 0; !self->put && i < self->n_sources; i++) {
		receipt.source = i;
		if (!self->heard[i])
			self->told (self->data, &receipt);
	}
	while ((entry = pending_take (&self->pending))) {
		receipt.source = entry->source;
		receipt.path = entry->path;
		self->told (self->data, &receipt);
		free (entry);
	}
}

int transfer_finish (struct transfer *self, struct err *err)
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
