/* receiver_file - the file that a receiver is in; see receiver_private.h. One that has failed is a file without a writing. */
#include "config.h"

#include <string.h>

#include "files/receiver_private.h"

int receiver_no_memory (struct err *err)
{
	return err_set (err, CODE_BUSY, "out of memory");
}

void receiver_file_fail (struct receiver *self, const struct err *err)
{
	file_writer_free (self->writer, false);
	self->writer = NULL;
	batch_fail (&self->batch, ITEM_FILE, self->source, self->path, self->size, err);
}

void receiver_file_over (struct receiver *self)
{
	batch_release (&self->batch, self->home);
	self->home = NULL;
	self->state = ENTRY;
}

int receiver_file_end (struct receiver *self, const char *sum, bool changed, struct err *err)
{
	struct file_writer *writer = self->writer;
	struct err why;
	int result = 0;

	if (writer && changed && !self->options.live) {
		err_set (&why, CODE_FAILED, "it changed while it was read");
		receiver_file_fail (self, &why);
		writer = NULL;
	}
	/* One that shrank while it was read, and is wanted all the same, has what came. */
	if (writer && file_writer_complete (writer, changed ? -1 : self->size, sum, &why) < 0) {
		receiver_file_fail (self, &why);
	} else if (writer) {
		self->writer = NULL;
		self->progress.files++;
		if (batch_add (&self->batch, self->home, self->source, self->path, writer, changed) < 0)
			result = receiver_no_memory (err);
	}
	receiver_file_over (self);
	return result;
}

/* A hole costs its sender nothing to say: what is too large for the file is refused before it is summed up. */
void receiver_file_hole (struct receiver *self, int64_t n)
{
	struct err why;
	int result;

	self->hole = n;
	if (!self->writer)
		return;
	if (self->size >= 0 && n > self->size - file_writer_size (self->writer))
		result = err_set (&why, CODE_FAILED, "more came than its %lld bytes", (long long)self->size);
	else
		result = file_writer_can_grow (self->writer, n, &why);
	if (result < 0)
		receiver_file_fail (self, &why);
}

void receiver_file_data (struct receiver *self, const void *bytes, int64_t n)
{
	struct err why;
	int result;

	if (!self->writer)
		return;
	if (self->size >= 0 && n > self->size - file_writer_size (self->writer))
		result = err_set (&why, CODE_FAILED, "more came than its %lld bytes", (long long)self->size);
	else if (bytes)
		result = file_writer_data (self->writer, bytes, (size_t)n, &why);
	else
		result = file_writer_hole (self->writer, n, &why);
	if (result < 0)
		receiver_file_fail (self, &why);
	else
		self->progress.bytes += n;
}

/* What is there of it already goes to the sender, who says how much of that is good. */
int receiver_file_offer (struct receiver *self, struct buf *back, struct err *err)
{
	struct item have;
	struct err why;

	item_init (&have, ITEM_HAVE);
	memset (have.sha256, '0', DIGEST_TEXT - 1);
	have.sha256[DIGEST_TEXT - 1] = '\0';
	if (self->writer && (have.number = file_writer_resume (self->writer, have.sha256, &why)) < 0) {
		have.number = 0;
		receiver_file_fail (self, &why);
	}
	self->offered = have.number;
	self->state = FROM;
	return item_put (back, &have) < 0 ? receiver_no_memory (err) : 0;
}
