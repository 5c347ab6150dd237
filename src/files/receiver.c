/* receiver - writes the files of a stream of items; see receiver.h.
 *
 * States: ENTRY (an item that begins an entry, or `leave`), SUMMING (the partial file is read for its sum), FROM (the
 * sender was told the size of the partial file and answers with the offset), CONTENT (of the current file). A failed
 * file is a current file without a writer: its content is dropped.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "files/batch.h"
#include "files/open_dir.h"
#include "files/receiver.h"
#include "files/symlink.h"
#include "files/temporary.h"

struct receiver {
	struct receiver_options options;
	receiver_target *target;
	void *data;
	struct batch batch;

	enum { ENTRY, SUMMING, FROM, CONTENT } state;
	struct open_dir *dir; /* a reference to the current directory; at the top, the last source's, or NULL */
	int depth; /* nesting of the current directory; 0: at the top */
	struct item item; /* the last item, whose body follows */
	uint64_t body; /* bytes of the body still to come */
	int64_t hole; /* zeros of the hole still to be written */

	/* The current file: */
	struct file_writer *writer; /* NULL: the file failed, and has its receipt */
	struct open_dir *home; /* its directory, a reference, or NULL */
	int64_t source, size; /* size -1: unknown to the sender */
	int64_t offered; /* FROM: size of the partial file */
	bool whole;
	char path[OPEN_DIR_PATH];

	struct receiver_progress progress;
};

struct receiver *receiver_new (
	const struct receiver_options *options, receiver_target *target, receiver_report *report, void *data)
{
	struct receiver *self = calloc (1, sizeof *self);

	if (!self)
		return NULL;
	self->options = *options;
	self->target = target;
	self->data = data;
	self->batch.options = &self->options.writer;
	self->batch.report = report;
	self->batch.data = data;
	self->progress.total_files = self->progress.total_bytes = -1;
	return self;
}

void receiver_progress (const struct receiver *self, struct receiver_progress *progress)
{
	*progress = self->progress;
}

static int no_memory (struct err *err)
{
	return err_set (err, CODE_BUSY, "out of memory");
}

static int broken (struct err *err, const char *what)
{
	return err_set (err, CODE_BAD_VALUE, "the stream of files is not in order: %s", what);
}

/* --- destinations ------------------------------------------------------------------------------------------------- */

/* A source may have the same directory as the source before: both share one reference. */
static int stand_at_top (struct receiver *self, struct target *target, int64_t source, struct err *err)
{
	struct stat now, last;

	if (self->dir && fstat (self->dir->fd, &last) == 0 && fstat (target->directory, &now) == 0 &&
		now.st_dev == last.st_dev && now.st_ino == last.st_ino) {
		target_close (target);
		self->dir->source = source;
		return 0;
	}
	batch_release (&self->batch, self->dir);
	self->dir = open_dir_top (target->directory, source);
	target->directory = -1;
	return self->dir ? 0 : no_memory (err);
}

/* Find the destination of an item: the descriptor *fd, or else a name in self->dir. 0; 1: none, and the item has its
 * receipt; -1 and err. */
static int find_place (
	struct receiver *self, struct item *item, char name[TARGET_NAME_MAX + 1], int *fd, struct err *err)
{
	struct target target = TARGET_NONE;
	struct err why = { .sys = 0 };

	self->source = item->source;
	if (self->depth) {
		if (item->source >= 0)
			return broken (err, "a source within another");
		self->source = self->dir->source;
		open_dir_path (self->dir, item->name, self->path);
		memcpy (name, item->name, strlen (item->name) + 1);
		if (self->dir->fd >= 0)
			return 0;
		err_set (&why, CODE_FAILED, "its directory could not be made");
		batch_fail (&self->batch, item->kind, self->source, self->path, item->size, &why);
		return 1;
	}
	if (item->source < 0)
		return broken (err, "an item without its source");
	memcpy (self->path, item->name, strlen (item->name) + 1);
	if (self->target (self->data, item, &target, fd, &why) < 0) {
		if (why.sys == EPROTO)
			return broken (err, why.text);
		batch_fail (&self->batch, item->kind, self->source, self->path, item->size, &why);
		return 1;
	}
	if (*fd >= 0)
		return 0;
	memcpy (name, target.name, sizeof target.name);
	return stand_at_top (self, &target, item->source, err);
}

/* --- the current file --------------------------------------------------------------------------------------------- */

static void fail_file (struct receiver *self, const struct err *err)
{
	file_writer_free (self->writer, false);
	self->writer = NULL;
	batch_fail (&self->batch, ITEM_FILE, self->source, self->path, self->size, err);
}

static void leave_file (struct receiver *self)
{
	batch_release (&self->batch, self->home);
	self->home = NULL;
	self->state = ENTRY;
}

static int end_file (struct receiver *self, const char *sum, bool changed, struct err *err)
{
	struct file_writer *writer = self->writer;
	struct err why;
	int result = 0;

	if (writer && changed && !self->options.live) {
		err_set (&why, CODE_FAILED, "it changed while it was read");
		fail_file (self, &why);
		writer = NULL;
	}
	/* A file that shrank while it was read, and is accepted all the same, has the received size. */
	if (writer && file_writer_complete (writer, changed ? -1 : self->size, sum, &why) < 0) {
		fail_file (self, &why);
	} else if (writer) {
		self->writer = NULL;
		self->progress.files++;
		if (batch_add (&self->batch, self->home, self->source, self->path, writer, changed) < 0)
			result = no_memory (err);
	}
	leave_file (self);
	return result;
}

/* A sender can announce a hole of any size for free: a hole beyond the file's maximum is refused before it is
 * hashed. */
static void begin_hole (struct receiver *self, int64_t n)
{
	struct err why;
	int result;

	self->hole = n;
	if (!self->writer)
		return;
	if (self->size >= 0 && n > self->size - file_writer_size (self->writer))
		result = err_set (&why, CODE_FAILED, "received more than its %lld bytes", (long long)self->size);
	else
		result = file_writer_can_grow (self->writer, n, &why);
	if (result < 0)
		fail_file (self, &why);
}

static void take_data (struct receiver *self, const void *bytes, int64_t n)
{
	struct err why;
	int result;

	if (!self->writer)
		return;
	if (self->size >= 0 && n > self->size - file_writer_size (self->writer))
		result = err_set (&why, CODE_FAILED, "received more than its %lld bytes", (long long)self->size);
	else if (bytes)
		result = file_writer_data (self->writer, bytes, (size_t)n, &why);
	else
		result = file_writer_hole (self->writer, n, &why);
	if (result < 0)
		fail_file (self, &why);
	else
		self->progress.bytes += n;
}

/* Tell the sender the size of the partial file. The sender answers with the offset to resume at. 1: call again, as the
 * sum of the partial file takes time. */
static int offer (struct receiver *self, struct buf *back, struct err *err)
{
	enum digest_kind sum = self->options.writer.sum;
	struct item have;
	struct err why;

	item_init (&have, ITEM_HAVE);
	memset (have.sum, '0', (size_t)digest_digits (sum));
	have.sum[digest_digits (sum)] = '\0';
	if (self->writer && (have.number = file_writer_resume (self->writer, have.sum, &why)) < 0) {
		if (have.number == FILE_WRITER_MORE)
			return 1;
		have.number = 0;
		fail_file (self, &why);
	}
	self->offered = have.number;
	self->state = FROM;
	return item_put (back, &have) < 0 ? no_memory (err) : 0;
}

static int begin_file (struct receiver *self, struct item *item, struct err *err)
{
	char name[TARGET_NAME_MAX + 1];
	struct err why;
	int fd = -1, found = find_place (self, item, name, &fd, err);

	if (found < 0)
		return -1;
	self->size = item->size;
	self->whole = item->sum[0] != '\0';
	self->state = CONTENT;
	if (found == 0) {
		struct open_dir *dir = fd < 0 ? self->dir : NULL;

		self->home = dir ? open_dir_hold (dir) : NULL;
		self->writer = dir ? file_writer_new (dir->fd, name, &self->options.writer, &why)
				   : file_writer_to (fd, self->options.writer.sum, &why);
		if (!self->writer ||
			(item->size > 0 && !self->whole && file_writer_can_grow (self->writer, item->size, &why) < 0))
			fail_file (self, &why);
		else
			file_writer_set_mode (self->writer, item->mode, item->has_mtime ? &item->mtime_ns : NULL);
	}
	if (item->resume) {
		self->state = SUMMING;
		return 0;
	}
	if (self->whole && !item->body)
		return end_file (self, item->sum, false, err);
	return 0;
}

/* --- directories and links ----------------------------------------------------------------------------------------- */

/* Enter a directory that failed, too: its level has no descriptor. */
static int enter (struct receiver *self, struct item *item, struct err *err)
{
	char name[TARGET_NAME_MAX + 1];
	struct err why = { .code = 0 };
	struct open_dir *dir = NULL;
	int fd = -1, found;

	if (!self->options.recursive)
		return broken (err, "a directory was not asked for");
	if ((found = find_place (self, item, name, &fd, err)) < 0)
		return -1;
	if (found == 0) {
		if (fd >= 0)
			err_set (&why, CODE_BAD_VALUE, "a directory cannot go there");
		else if (self->depth >= RECEIVER_DEPTH)
			err_set (&why, CODE_BAD_VALUE, "more than %d levels of directories", RECEIVER_DEPTH);
		else if (!(dir = open_dir_enter (self->dir, item, name, &self->options.writer, &why)))
			return no_memory (err);
		if (!dir || dir->fd < 0)
			batch_fail (&self->batch, ITEM_DIRECTORY, self->source, self->path, -1, &why);
	}
	if (!dir && !(dir = open_dir_dead (self->dir, item, self->source)))
		return no_memory (err);
	if (self->dir)
		self->dir->references--; /* the new directory has its own reference */
	self->dir = dir;
	self->depth++;
	return 0;
}

static int leave (struct receiver *self, struct err *err)
{
	struct open_dir *dir = self->dir;

	if (!self->depth)
		return broken (err, "there is no directory to leave");
	self->depth--;
	self->dir = dir->up ? open_dir_hold (dir->up) : NULL;
	batch_release (&self->batch, dir);
	return 0;
}

static int make_link (struct receiver *self, struct item *item, struct err *err)
{
	char name[TARGET_NAME_MAX + 1];
	struct receipt receipt = { .kind = ITEM_LINK, .size = -1, .sum = "", .path = self->path };
	struct err why;
	int fd = -1, found, result;

	if (!self->options.recursive)
		return broken (err, "a link was not asked for");
	if ((found = find_place (self, item, name, &fd, err)) != 0)
		return found < 0 ? -1 : 0;
	if (fd >= 0)
		result = err_set (&why, CODE_BAD_VALUE, "a link cannot go there");
	else if (self->options.tame && !symlink_is_tame (item->text))
		result = err_set (&why, CODE_DENIED, "a link that could lead out of the roots");
	else
		result = symlink_make (self->dir->fd, name, item->text, &why);
	receipt.source = self->source;
	receipt.err = result < 0 ? &why : NULL;
	if (result == 0)
		open_dir_change (self->dir);
	batch_report (&self->batch, &receipt);
	return 0;
}

/* The sender failed to send the entry, or to finish the current file. */
static void take_failure (struct receiver *self, const struct item *item)
{
	struct err why;

	err_set (&why, (int)item->code, "%s", *item->text ? item->text : "the sender gave no reason");
	if (item->kind == ITEM_ABORT) {
		if (self->writer)
			fail_file (self, &why);
		leave_file (self);
		return;
	}
	if (self->depth)
		open_dir_path (self->dir, item->name, self->path);
	else
		memcpy (self->path, item->name, strlen (item->name) + 1);
	batch_fail (&self->batch, ITEM_FAILED, self->depth ? self->dir->source : item->source, self->path, -1, &why);
}

/* --- the stream ---------------------------------------------------------------------------------------------------- */

static int take_entry (struct receiver *self, struct item *item, struct err *err)
{
	switch (item->kind) {
	case ITEM_TOTAL:
		self->progress.total_files = item->number;
		self->progress.total_bytes = item->size;
		return 0;
	case ITEM_DIRECTORY: return enter (self, item, err);
	case ITEM_LEAVE: return leave (self, err);
	case ITEM_FILE: return begin_file (self, item, err);
	case ITEM_LINK: return make_link (self, item, err);
	case ITEM_FAILED: take_failure (self, item); return 0;
	default: return broken (err, "content without a file");
	}
}

static int take_from (struct receiver *self, const struct item *item, struct err *err)
{
	struct err why;

	if (item->kind == ITEM_ABORT) {
		take_failure (self, item);
		return 0;
	}
	if (item->kind != ITEM_FROM || (item->number != 0 && item->number != self->offered))
		return broken (err, "an offset that was not asked for");
	self->state = CONTENT;
	self->progress.bytes += item->number;
	if (self->writer && file_writer_from (self->writer, item->number, &why) < 0)
		fail_file (self, &why);
	return 0;
}

static int take_content (struct receiver *self, const struct item *item, struct err *err)
{
	switch (item->kind) {
	case ITEM_DATA: return 0;
	case ITEM_HOLE: begin_hole (self, item->number); return 0;
	case ITEM_END: return end_file (self, item->sum, item->changed, err);
	case ITEM_ABORT: take_failure (self, item); return 0;
	default: return broken (err, "a file without an end");
	}
}

static int take_item (struct receiver *self, struct err *err)
{
	struct item *item = &self->item;

	self->body = item->body;
	switch (self->state) {
	case FROM: return take_from (self, item, err);
	case CONTENT: return take_content (self, item, err);
	case ENTRY:
	case SUMMING: break;
	}
	return take_entry (self, item, err);
}

static int take_body (struct receiver *self, struct buf *in, struct err *err)
{
	size_t n = buf_len (in);

	if (n > self->body)
		n = (size_t)self->body;
	take_data (self, buf_head (in), (int64_t)n);
	buf_consume (in, n);
	self->body -= n;
	return !self->body && self->whole ? end_file (self, self->item.sum, false, err) : 0;
}

/* Write a part of the hole. Returns how many zeros were summed up. */
static int64_t take_hole (struct receiver *self)
{
	bool summed = self->writer != NULL;
	int64_t n = self->hole < RECEIVER_STEP ? self->hole : RECEIVER_STEP;

	if (!self->writer)
		n = self->hole; /* the file failed: drop the hole at once */
	take_data (self, NULL, n);
	self->hole -= n;
	return summed ? n : 0;
}

/* 0; -1 and err when the disk is full. */
static int check_full (struct receiver *self, struct err *err)
{
	if (!self->batch.full.code)
		return 0;
	batch_flush (&self->batch); /* complete files have their space already */
	*err = self->batch.full;
	return -1;
}

int receiver_take (struct receiver *self, struct buf *in, struct buf *back, struct err *err)
{
	int64_t zeros = 0; /* summed up by this call: a hole costs its sender a few bytes */

	while (self->state == SUMMING || self->hole > 0 || buf_len (in) > 0) {
		int got;

		if (zeros >= RECEIVER_STEP)
			return 1;
		if (check_full (self, err) < 0)
			return -1;
		if (self->state == SUMMING) {
			if ((got = offer (self, back, err)) != 0)
				return got;
			continue;
		}
		if (self->hole > 0) {
			zeros += take_hole (self);
			continue;
		}
		if (self->body > 0) {
			if (take_body (self, in, err) < 0)
				return -1;
			continue;
		}
		if ((got = item_next (in, &self->item, err)) < 0)
			return -1;
		if (got == 0)
			break;
		if (take_item (self, err) < 0)
			return -1;
	}
	return check_full (self, err);
}

int receiver_end (struct receiver *self, struct err *err)
{
	if (self->state != ENTRY || self->depth || self->body || self->hole)
		return broken (err, "it ended early");
	batch_flush (&self->batch);
	batch_release (&self->batch, self->dir);
	self->dir = NULL;
	return check_full (self, err);
}

/* No receipts are given when a receiver is freed in the middle: its owner has ended the whole call. */
static void report_nothing (void *data, const struct receipt *receipt)
{
	(void)data;
	(void)receipt;
}

void receiver_free (struct receiver *self)
{
	if (!self)
		return;
	self->batch.report = report_nothing;
	if (self->writer && file_writer_free (self->writer, file_writer_size (self->writer) > RECEIVER_SMALL) &&
		self->home)
		temporary_trim (self->home->fd);
	batch_release (&self->batch, self->home);
	batch_drop (&self->batch);
	batch_release (&self->batch, self->dir);
	free (self);
}
