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
	writing_free (self->writing, false);
	self->writing = NULL;
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
	struct writing *writing = self->writing;
	struct err why;
	int result = 0;

	if (writing && changed && !self->options.live) {
		err_set (&why, CODE_FAILED, "it changed while it was read");
		receiver_file_fail (self, &why);
		writing = NULL;
	}
	/* One that shrank while it was read, and is wanted all the same, has what came. */
	if (writing && writing_complete (writing, changed ? -1 : self->size, sum, &why) < 0) {
		receiver_file_fail (self, &why);
	} else if (writing) {
		self->writing = NULL;
		self->progress.files++;
		if (batch_add (&self->batch, self->home, self->source, self->path, writing, changed) < 0)
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
	if (!self->writing)
		return;
	if (self->size >= 0 && n > self->size - writing_size (self->writing))
		result = err_set (&why, CODE_FAILED, "more came than its %lld bytes", (long long)self->size);
	else
		result = writing_can_grow (self->writing, n, &why);
	if (result < 0)
		receiver_file_fail (self, &why);
}

void receiver_file_data (struct receiver *self, const void *bytes, int64_t n)
{
	struct err why;
	int result;

	if (!self->writing)
		return;
	if (self->size >= 0 && n > self->size - writing_size (self->writing))
		result = err_set (&why, CODE_FAILED, "more came than its %lld bytes", (long long)self->size);
	else if (bytes)
		result = writing_data (self->writing, bytes, (size_t)n, &why);
	else
		result = writing_hole (self->writing, n, &why);
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
	if (self->writing && (have.number = writing_resume (self->writing, have.sha256, &why)) < 0) {
		have.number = 0;
		receiver_file_fail (self, &why);
	}
	self->offered = have.number;
	self->state = FROM;
	return item_put (back, &have) < 0 ? receiver_no_memory (err) : 0;
}
