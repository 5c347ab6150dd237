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
static int read_whole (struct sender *self, struct reading *reading, struct err *err)
{
	int64_t n, got;
	int what;

	for (n = 0; (what = reading_next (reading, self->whole + n, SENDER_WHOLE - (size_t)n, &got, err)) > 0; n += got)
		if (what == READING_HOLE)
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
	self->item.changed = true;
	return sender_put (self, out);
}

/* Nothing is said before all was read, so that one that changed meanwhile need not be aborted. */
static int send_whole (struct sender *self, struct buf *out, const char *name, struct reading *reading)
{
	struct item *item;
	char sum[DIGEST_TEXT];
	struct err err;

	if (read_whole (self, reading, &err) < 0)
		return sender_fail (self, out, name, &err);
	if (reading_doubt (reading) && !self->options.live)
		return sender_fail_words (self, out, name, CODE_FAILED, reading_doubt_words (reading));
	reading_sum (reading, sum);
	if (!sum[0]) {
		errno = ENOMEM;
		return -1;
	}
	item = sender_name_item (self, ITEM_FILE, name);
	sender_describe (item, reading_stat (reading));
	item->size = reading_done (reading);
	self->files++;
	self->bytes += item->size;
	if (reading_doubt (reading) == READING_CHANGED)
		return put_changed (self, out, item->size, sum);
	memcpy (item->sha256, sum, sizeof sum);
	item->body = (uint64_t)item->size;
	return sender_put (self, out) < 0 ? -1 : append (out, self->whole, item->size);
}

/* --- a large one -------------------------------------------------------------------------------------------------- */

int sender_file (struct sender *self, struct buf *out, const char *name, int fd, bool stream)
{
	struct reading *reading;
	struct item *item;
	struct err err;
	int result;

	if (!(reading = reading_new (fd, stream, &err)))
		return sender_fail (self, out, name, &err);
	if (reading_doubt (reading) && !self->options.live) {
		result = sender_fail_words (self, out, name, CODE_FAILED, reading_doubt_words (reading));
		reading_free (reading);
		return result;
	}
	if (reading_size (reading) >= 0 && reading_size (reading) <= SENDER_WHOLE) {
		result = send_whole (self, out, name, reading);
		reading_free (reading);
		return result;
	}
	item = sender_name_item (self, ITEM_FILE, name);
	item->size = reading_size (reading);
	item->resume = self->options.resume && item->size >= 0;
	if (!stream)
		sender_describe (item, reading_stat (reading));
	self->reading = reading;
	self->state = item->resume ? ANSWER : CONTENT;
	return sender_put (self, out);
}

static void file_over (struct sender *self)
{
	reading_free (self->reading);
	self->reading = NULL;
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
	enum reading_doubt doubt = reading_doubt (self->reading);
	struct item *item = &self->item;
	struct err err;

	if (doubt && !self->options.live) {
		err_set (&err, CODE_FAILED, "%s", reading_doubt_words (self->reading));
		return abort_file (self, out, &err);
	}
	item_init (item, ITEM_END);
	reading_sum (self->reading, item->sha256);
	/* Said of one that has fewer bytes than were announced as well: else they are missed at the other end. */
	item->changed =
		doubt == READING_CHANGED ||
		(reading_size (self->reading) >= 0 && reading_done (self->reading) != reading_size (self->reading));
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
	if ((what = reading_next (self->reading, space, max, &n, &err)) < 0)
		return abort_file (self, out, &err);
	self->bytes += n;
	if (what == READING_WAIT)
		return SENDER_WAIT;
	if (what == READING_END)
		return end_file (self, out);
	if (what == READING_DATA) {
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
	int what = READING_ANEW;

	if (n > 0 && (what = reading_skip (self->reading, n, self->have.sha256, &err)) < 0)
		return abort_file (self, out, &err);
	if (what == READING_SKIPPING)
		return SENDER_PAUSE;
	self->state = CONTENT;
	item_init (&self->item, ITEM_FROM);
	self->item.number = reading_done (self->reading);
	self->bytes += self->item.number;
	return sender_put (self, out);
}
