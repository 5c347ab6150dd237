/* batch - files that are synced to the disk together, and the receipts of all items; see batch.h. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "files/batch.h"
#include "files/temporary.h"

/* The disk is full. All later items would fail as well, each with a line of its own. */
static void report_full (struct batch *batch, const struct receipt *receipt)
{
	struct receipt last = *receipt;
	struct err why;

	if (batch->full.code)
		return;
	err_set (&why, receipt->err->code, "%s; the copy stops here", receipt->err->text);
	err_set (&batch->full, why.code, "%s: %s", receipt->path, why.text);
	why.sys = batch->full.sys = receipt->err->sys;
	last.err = &why;
	batch->report (batch->data, &last);
}

void batch_report (struct batch *batch, const struct receipt *receipt)
{
	if (receipt->err && (receipt->err->sys == ENOSPC || receipt->err->sys == EDQUOT))
		report_full (batch, receipt);
	else
		batch->report (batch->data, receipt);
}

void batch_fail (
	struct batch *batch, enum item_kind kind, int64_t source, const char *path, int64_t size, const struct err *err)
{
	struct receipt receipt = { .kind = kind, .source = source, .path = path, .size = size, .sum = "", .err = err };

	batch_report (batch, &receipt);
}

void batch_release (struct batch *batch, struct open_dir *dir)
{
	while (dir && --dir->references == 0) {
		struct open_dir *up = dir->up;
		bool held = dir->fd >= 0;
		struct receipt receipt = {
			.kind = ITEM_DIRECTORY, .source = dir->source, .path = dir->path, .sum = ""
		};
		struct err err;

		if (open_dir_finish (dir, batch->options, &err) < 0)
			receipt.err = &err;
		else if (dir->lost)
			receipt.note = "not kept: its ACL (the mode is the sender's)";
		/* A directory that could not be made has its receipt already. The top directory existed before: it gets
		 * a receipt only for an error. */
		if (!up)
			receipt.path = ".";
		if (held && (up || receipt.err))
			batch_report (batch, &receipt);
		open_dir_free (dir);
		dir = up;
	}
}

static void report (struct batch *batch, struct waiting *item)
{
	struct receipt receipt = {
		.kind = ITEM_FILE,
		.source = item->source,
		.path = item->path,
		.size = file_writer_size (item->writer),
		.sum = file_writer_sum (item->writer),
		.changed = item->changed,
		.note = file_writer_note (item->writer),
	};

	batch->report (batch->data, &receipt);
}

static void fail (struct batch *batch, struct waiting *item, const struct err *err)
{
	item->failed = true;
	batch_fail (batch, ITEM_FILE, item->source, item->path, file_writer_size (item->writer), err);
}

/* Sync the files. Each fsync(2) waits once; many files share one syncfs(2), which also waits for other writers of that
 * filesystem. */
static void sync_all (struct batch *batch)
{
	bool many = batch->n >= RECEIVER_MANY;
	dev_t device = 0; /* not the number of any filesystem */
	struct err err;

	for (size_t i = 0; i < batch->n; i++) {
		struct file_writer *writer = batch->items[i].writer;

		if ((many ? file_writer_sync_all (writer, &device, &err) : file_writer_sync (writer, &err)) < 0)
			fail (batch, &batch->items[i], &err);
	}
}

void batch_flush (struct batch *batch)
{
	struct err err;

	sync_all (batch);
	for (size_t i = 0; i < batch->n; i++) {
		struct waiting *item = &batch->items[i];

		if (item->failed)
			continue;
		if (file_writer_publish (item->writer, &err) < 0)
			fail (batch, item, &err);
		else if (item->dir)
			open_dir_change (item->dir);
	}
	for (size_t i = 0; i < batch->n; i++) {
		struct waiting *item = &batch->items[i];

		/* One sync of a directory is enough for all its files. Without it the name exists, but may not survive
		 * a power failure. */
		if (!item->failed && item->dir && open_dir_sync (item->dir, batch->options, &err) < 0)
			fail (batch, item, &err);
		if (!item->failed)
			report (batch, item);
	}
	batch_drop (batch);
}

void batch_drop (struct batch *batch)
{
	size_t n = batch->n;
	bool kept = false;

	batch->n = 0;
	batch->bytes = 0;
	for (size_t i = 0; i < n; i++) {
		struct waiting *item = &batch->items[i];

		kept |= file_writer_free (
			item->writer, !item->failed && file_writer_size (item->writer) > RECEIVER_SMALL);
		/* Trim a directory once, after all of its files. */
		if (kept && item->dir && (i + 1 == n || batch->items[i + 1].dir != item->dir)) {
			temporary_trim (item->dir->fd);
			kept = false;
		}
		batch_release (batch, item->dir);
		free (item->path);
	}
}

int batch_add (struct batch *batch, struct open_dir *dir, int64_t source, const char *path, struct file_writer *writer,
	bool changed)
{
	struct waiting *item = &batch->items[batch->n];
	char *copy = strdup (path);

	if (!copy) {
		file_writer_free (writer, false);
		return -1;
	}
	*item = (struct waiting){ .writer = writer, .path = copy, .source = source, .changed = changed };
	if (dir)
		item->dir = open_dir_hold (dir);
	batch->n++;
	batch->bytes += file_writer_size (writer);
	if (file_writer_size (writer) > RECEIVER_SMALL)
		file_writer_start_sync (writer); /* small files are faster in one batch */
	if (!batch->options->sync || batch->n == RECEIVER_BATCH || batch->bytes >= RECEIVER_BATCH_BYTES)
		batch_flush (batch);
	return 0;
}
