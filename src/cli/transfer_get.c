/* transfer_get - what a get is at this end: a receiver takes the stream, and writes where the command line says; see
 * transfer_private.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/descriptor.h"
#include "cli/transfer_private.h"

/* As scp(1) has it: into a directory that is there, else under that name, which then is for one source only. */
int transfer_open_destination (struct transfer *self, struct err *err)
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
	self->directory = target_open_directory (&transfer_everything, NULL, self->destination, TARGET_WRITE, err);
	if (self->directory >= 0 || (err->sys != ENOENT && err->sys != ENOTDIR))
		return self->directory >= 0 ? 0 : -1;
	if (self->n_sources > 1 || (n > 0 && self->destination[n - 1] == '/' && !self->recursive))
		return err_set (err, CODE_NOT_FOUND, "is no directory");
	return 0;
}

/* That ends the stream. Always -1. */
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

static int target_item (void *data, const struct item *item, struct target *target, int *fd, struct err *err)
{
	struct transfer *self = data;
	char name[ITEM_NAME_MAX + 1];

	if (item->source < self->next || item->source >= self->n_sources)
		return not_asked_for (err, "the server sent what was not asked for");
	if (transfer_last_component (self->sources[item->source], name, err) < 0)
		return -1;
	/* Of "." and "/" only the server knows the name. */
	if (strcmp (name, ".") != 0 && strcmp (name, item->name) != 0)
		return not_asked_for (err, "the server sent '%s' where '%s' was asked for", item->name, name);
	self->next = (int)item->source + 1;
	if (self->to >= 0) {
		*fd = self->to;
		return 0;
	}
	if (self->directory < 0)
		return target_open (target, &transfer_everything, NULL, self->destination, TARGET_WRITE, err);
	memcpy (target->name, name, sizeof target->name);
	if ((target->directory = fcntl (self->directory, F_DUPFD_CLOEXEC, 3)) < 0)
		return err_sys (err, CODE_BUSY, "a directory");
	return 0;
}

static void received (void *data, const struct receipt *receipt)
{
	struct transfer *self = data;
	bool to_fd = self->to >= 0;

	if (receipt->source >= 0 && receipt->source < self->n_sources)
		self->heard[receipt->source] = true;
	/* The descriptor takes nothing any more: what else comes is for nobody. */
	self->stopped |= to_fd && receipt->err && receipt->err->sys;
	self->reader_gone |= to_fd && receipt->err && receipt->err->sys == EPIPE;
	if (!self->reader_gone)
		self->told (self->data, receipt);
}

/* Take what has come, a step at a time; the server may send as much again when it is taken. */
int transfer_take_get (struct transfer *self, struct call *call, struct err *err)
{
	int got = receiver_take (self->receiver, &self->in, &self->out, err);

	self->stepping = got > 0;
	if (self->stepping)
		return 0;
	call_consume (call, self->owed);
	self->owed = 0;
	return got;
}

int transfer_send_get (struct transfer *self, struct call *call)
{
	struct err err;
	long n = 0;

	if (self->stepping && transfer_take_get (self, call, &err) < 0)
		return transfer_stop (self, call, &err);
	if (buf_len (&self->out) && (n = remex_send (call->request, buf_head (&self->out), buf_len (&self->out))) < 0)
		return errno == EPIPE ? 0 : -1;
	buf_consume (&self->out, (size_t)n);
	return self->stepping;
}

int transfer_open_get (struct transfer *self)
{
	struct receiver_options options = {
		.recursive = self->recursive,
		.live = self->live,
		.writer = { .sync = !self->unsynced, .preserve = self->preserve, .set_id = self->set_id },
	};

	self->receiver = receiver_new (&options, target_item, received, self);
	return self->receiver ? 0 : -1;
}
