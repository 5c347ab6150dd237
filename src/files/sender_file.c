/* sender_file - a file that is sent: whole in one item where it is small, else piece by piece, behind what the receiver has
 * of it already. See sender.h and sender_private.h.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "files/sender_private.h"

enum { LONG_HOLE = 1024 * 1024 }; /* summing up so many zeros takes its time */

/* --- a small file ------------------------------------------------------------------------------------------------- */

static int append (struct buf *out, const void *bytes, int64_t n)
{
	return buf_append (out, bytes, (size_t)n) < 0 ? -1 : SENDER_MORE;
}

/* All of it into self->whole. 0, or -1 and err. */
static int read_whole (struct sender *self, struct file_reader *reader, struct err *err)
{
	int64_t n, got;
	int what;

	for (n = 0; (what = file_reader_next (reader, self->whole + n, SENDER_WHOLE - (size_t)n, &got, err)) > 0;
		n += got)
		if (what == FILE_READER_HOLE)
			memset (self->whole + n, 0, (size_t)got);
	return what;
}

/* One that changed, and is wanted all the same: the word for that is in an item of its own. */
static int put_changed (struct sender *self, struct buf *out, int64_t n, const char *sum)
{
	uint8_t *space;

	if (sender_put (self, out) < 0)
		return -1;
	if (n > 0) {
		if (!(space = item_data_begin (out, (size_t)n)))
			return -1;
		memcpy (space, self->whole, (size_t)n);
		item_data_end (out, (size_t)n);
	}
	item_init (&self->item, ITEM_END);
	memcpy (self->item.sha256, sum, DIGEST_TEXT);
	self->item.number = n;
	self->item.changed = true;
	return sender_put (self, out);
}

/* Nothing is said before all was read, so that one that changed meanwhile need not be aborted. */
static int send_whole (struct sender *self, struct buf *out, const char *name, struct file_reader *reader)
{
	struct item *item;
	char sum[DIGEST_TEXT];
	struct err err;

	if (read_whole (self, reader, &err) < 0)
		return sender_fail (self, out, name, &err);
	if (file_reader_doubt (reader) && !self->options.live)
		return sender_fail_words (self, out, name, CODE_FAILED, file_reader_doubt_words (reader));
	file_reader_sum (reader, sum);
	if (!sum[0]) {
		errno = ENOMEM;
		return -1;
	}
	item = sender_name_item (self, ITEM_FILE, name);
	sender_describe (item, file_reader_stat (reader));
	item->size = file_reader_done (reader);
	self->files++;
	self->bytes += item->size;
	if (file_reader_doubt (reader) == FILE_READER_CHANGED)
		return put_changed (self, out, item->size, sum);
	memcpy (item->sha256, sum, sizeof sum);
	item->body = (uint64_t)item->size;
	return sender_put (self, out) < 0 ? -1 : append (out, self->whole, item->size);
}

/* --- a large one -------------------------------------------------------------------------------------------------- */

int sender_file (struct sender *self, struct buf *out, const char *name, int fd, bool stream)
{
	struct file_reader *reader;
	struct item *item;
	struct err err;
	int result;

	if (!(reader = file_reader_new (fd, stream, &err)))
		return sender_fail (self, out, name, &err);
	if (file_reader_doubt (reader) && !self->options.live) {
		result = sender_fail_words (self, out, name, CODE_FAILED, file_reader_doubt_words (reader));
		file_reader_free (reader);
		return result;
	}
	if (file_reader_size (reader) >= 0 && file_reader_size (reader) <= SENDER_WHOLE) {
		result = send_whole (self, out, name, reader);
		file_reader_free (reader);
		return result;
	}
	item = sender_name_item (self, ITEM_FILE, name);
	item->size = file_reader_size (reader);
	item->resume = self->options.resume && item->size >= 0;
	if (!stream)
		sender_describe (item, file_reader_stat (reader));
	self->reader = reader;
	self->state = item->resume ? ANSWER : CONTENT;
	return sender_put (self, out);
}

static void file_over (struct sender *self)
{
	file_reader_free (self->reader);
	self->reader = NULL;
	self->state = ENTRY;
}

static int abort_file (struct sender *self, struct buf *out, const struct err *err)
{
	file_over (self);
	item_init (&self->item, ITEM_ABORT);
	return sender_put_failure (self, out, err);
}

static int end_file (struct sender *self, struct buf *out)
{
	enum file_reader_doubt doubt = file_reader_doubt (self->reader);
	struct item *item = &self->item;
	struct err err;

	if (doubt && !self->options.live) {
		err_set (&err, CODE_FAILED, "%s", file_reader_doubt_words (self->reader));
		return abort_file (self, out, &err);
	}
	item_init (item, ITEM_END);
	file_reader_sum (self->reader, item->sha256);
	item->number = file_reader_done (self->reader);
	/* Said of one that has fewer bytes than were announced as well: else they are missed at the other end. */
	item->changed = doubt == FILE_READER_CHANGED ||
			(file_reader_size (self->reader) >= 0 &&
				file_reader_done (self->reader) != file_reader_size (self->reader));
	if (!item->sha256[0]) {
		errno = ENOMEM;
		return -1;
	}
	self->files++;
	file_over (self);
	return sender_put (self, out);
}

/* The bytes are read into their place. */
int sender_content (struct sender *self, struct buf *out)
{
	size_t max = buf_room (out) - ITEM_HEADER_MAX;
	uint8_t *space;
	struct err err;
	int64_t n;
	int what;

	if (max > ITEM_DATA_MAX)
		max = ITEM_DATA_MAX;
	if (!(space = item_data_begin (out, max)))
		return -1;
	if ((what = file_reader_next (self->reader, space, max, &n, &err)) < 0)
		return abort_file (self, out, &err);
	self->bytes += n;
	if (what == FILE_READER_WAIT)
		return SENDER_WAIT;
	if (what == FILE_READER_END)
		return end_file (self, out);
	if (what == FILE_READER_DATA) {
		item_data_end (out, (size_t)n);
		return SENDER_MORE;
	}
	item_init (&self->item, ITEM_HOLE);
	self->item.number = n;
	if (sender_put (self, out) < 0)
		return -1;
	return n >= LONG_HOLE ? SENDER_PAUSE : SENDER_MORE;
}

/* --- what the receiver has already ---------------------------------------------------------------------------------- */

int sender_answer (struct sender *self, const struct item *have, struct err *err)
{
	if (self->state != ANSWER || have->kind != ITEM_HAVE)
		return err_set (err, CODE_BAD_VALUE, "an answer that was not asked for");
	self->have = *have;
	self->state = SKIP;
	return 0;
}

int sender_skip (struct sender *self, struct buf *out)
{
	int64_t n = self->have.number;
	struct err err;
	int what = FILE_READER_ANEW;

	if (n > 0 && (what = file_reader_skip (self->reader, n, self->have.sha256, &err)) < 0)
		return abort_file (self, out, &err);
	if (what == FILE_READER_SKIPPING)
		return SENDER_PAUSE;
	self->state = CONTENT;
	item_init (&self->item, ITEM_FROM);
	self->item.number = file_reader_done (self->reader);
	self->bytes += self->item.number;
	return sender_put (self, out);
}
