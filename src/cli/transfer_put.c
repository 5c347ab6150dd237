/* transfer_put - what a put is at this end: a sender feeds the input, the answer tells what is in place; see transfer_private.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/descriptor.h"
#include "cli/say.h"
#include "cli/transfer_private.h"

enum { ROUNDS = 8 }; /* of filling and sending, before the world is looked at again */

static int open_source (void *data, int index, char *name, bool *stream, struct err *err)
{
	const struct transfer *self = data;
	const char *path = self->sources[index];
	bool standard = !strcmp (path, "-");
	int own = STDIN_FILENO, fd;

	*stream = false;
	if (standard)
		strcpy (name, "-");
	else if (transfer_last_component (path, name, err) < 0)
		return -1;
	else if (descriptor_of (path, &own) < 0)
		return err_sys (err, CODE_IO_ERROR, "cannot read it");
	*stream = own >= 0;
	if (own >= 0) {
		fd = fcntl (own, F_DUPFD_CLOEXEC, 3);
		return fd >= 0 ? fd : err_sys (err, CODE_IO_ERROR, standard ? "standard input" : "cannot open it");
	}
	return target_open_source (&transfer_everything, NULL, path, err);
}

/* Read ahead, so that the disk and the sums need not wait for the network: 0, or -1 (which has been said). */
static int fill (struct transfer *self)
{
	int state;

	if (buf_len (&self->out) >= TRANSFER_AHEAD || self->state == SENDER_END)
		return 0;
	if ((state = sender_fill (self->sender, &self->out)) < 0) {
		complain (NULL, "out of memory");
		return -1;
	}
	if (self->pending.error) {
		complain (NULL, self->pending.error == ENOBUFS ? "the server does not say what became of what it took"
							       : "out of memory");
		return -1;
	}
	self->state = (enum sender_state)state;
	return 0;
}

int transfer_send_put (struct transfer *self, struct call *call)
{
	for (int i = 0; i < ROUNDS && !self->ended; i++) {
		long n;

		if (fill (self) < 0)
			return -1;
		if (buf_len (&self->out)) {
			if ((n = remex_send (call->request, buf_head (&self->out), buf_len (&self->out))) < 0)
				return errno == EPIPE ? 0 : -1; /* it is over, and will say so */
			if (n == 0)
				return 0; /* until there is credit */
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

/* The server tells what became of something. 0, or -1 and err where it was not sent. */
static int tell (struct transfer *self, const struct item *item, struct err *why)
{
	struct receipt receipt = { .kind = ITEM_FILE, .path = item->name, .size = item->size, .source = item->source };
	struct err err = { .code = (int)item->code };

	receipt.sha256 = item->sha256;
	receipt.changed = item->changed;
	receipt.note = item->text;
	if (item->source < 0 || item->source >= self->n_sources)
		return err_set (why, CODE_BAD_VALUE, "the server tells of what was not sent");
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
			receipt.kind = ITEM_DIRECTORY; /* or a link: something without content */
		if (wrong)
			receipt.err = &err;
	}
	self->told (self->data, &receipt);
	return 0;
}

int transfer_take_put (struct transfer *self, struct call *call, struct err *err)
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
			result = tell (self, &item, err);
		else
			err_set (err, CODE_BAD_VALUE, "the server sends files, and was to receive them");
		if (result < 0)
			return -1;
	}
	call_consume (call, self->owed);
	self->owed = 0;
	return got;
}

int transfer_open_put (struct transfer *self)
{
	struct sender_options options = { .recursive = self->recursive,
		.live = self->live,
		.resume = self->resume,
		.sent = note,
		.count = self->count };

	self->state = SENDER_MORE;
	self->sender = sender_new (&options, self->n_sources, open_source, self);
	return self->sender ? 0 : -1;
}
