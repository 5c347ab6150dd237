/* batch - files that wait for the disk together, and the receipts of everything; see batch.h. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "files/batch.h"
#include "files/temporary.h"

/* What comes behind it would fail as well, one by one, and each with a line. */
static void tell_full (struct batch *batch, const struct receipt *receipt)
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

void batch_tell (struct batch *batch, const struct receipt *receipt)
{
	if (receipt->err && (receipt->err->sys == ENOSPC || receipt->err->sys == EDQUOT))
		tell_full (batch, receipt);
	else
		batch->report (batch->data, receipt);
}

void batch_fail (
	struct batch *batch, enum item_kind kind, int64_t source, const char *path, int64_t size, const struct err *err)
{
	struct receipt receipt = {
		.kind = kind, .source = source, .path = path, .size = size, .sha256 = "", .err = err
	};

	batch_tell (batch, &receipt);
}

void batch_release (struct batch *batch, struct level *level)
{
	while (level && --level->references == 0) {
		struct level *up = level->up;
		bool held = level->fd >= 0;
		struct receipt receipt = {
			.kind = ITEM_DIRECTORY, .source = level->source, .path = level->path, .sha256 = ""
		};
		struct err err;

		if (level_finish (level, batch->options, &err) < 0)
			receipt.err = &err;
		else if (level->lost)
			receipt.note = "not kept: its ACL (the mode is the sender's)";
		/* One that could not be made has been told of; the top, which was there before, is told of when it is bad. */
		if (!up)
			receipt.path = ".";
		if (held && (up || receipt.err))
			batch_tell (batch, &receipt);
		level_free (level);
		level = up;
	}
}

static void report (struct batch *batch, struct waiting *item)
{
	struct receipt receipt = {
		.kind = ITEM_FILE,
		.source = item->source,
		.path = item->path,
		.size = writing_size (item->writing),
		.sha256 = writing_sum (item->writing),
		.changed = item->changed,
		.note = writing_note (item->writing),
	};

	batch->report (batch->data, &receipt);
}

static void fail (struct batch *batch, struct waiting *item, const struct err *err)
{
	item->failed = true;
	batch_fail (batch, ITEM_FILE, item->source, item->path, writing_size (item->writing), err);
}

/* Bring them to the disk. Each fsync(2) is a wait of its own; many share one syncfs(2), which waits for what others have
 * written to that filesystem as well. */
static void sync_all (struct batch *batch)
{
	bool many = batch->n >= RECEIVER_MANY;
	dev_t device = 0; /* no filesystem has that number */
	struct err err;

	for (size_t i = 0; i < batch->n; i++) {
		struct writing *writing = batch->items[i].writing;

		if ((many ? writing_sync_all (writing, &device, &err) : writing_sync (writing, &err)) < 0)
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
		if (writing_publish (item->writing, &err) < 0)
			fail (batch, item, &err);
		else if (item->level)
			level_change (item->level);
	}
	for (size_t i = 0; i < batch->n; i++) {
		struct waiting *item = &batch->items[i];

		/* The first one of a directory syncs it for all; the name is there, but it may not outlive the power. */
		if (!item->failed && item->level && level_sync (item->level, batch->options, &err) < 0)
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

		kept |= writing_free (item->writing, !item->failed && writing_size (item->writing) > RECEIVER_SMALL);
		/* To look through a directory once for all of its files. */
		if (kept && item->level && (i + 1 == n || batch->items[i + 1].level != item->level)) {
			temporary_trim (item->level->fd);
			kept = false;
		}
		batch_release (batch, item->level);
		free (item->path);
	}
}

int batch_add (struct batch *batch, struct level *level, int64_t source, const char *path, struct writing *writing,
	bool changed)
{
	struct waiting *item = &batch->items[batch->n];
	char *copy = strdup (path);

	if (!copy) {
		writing_free (writing, false);
		return -1;
	}
	*item = (struct waiting){ .writing = writing, .path = copy, .source = source, .changed = changed };
	if (level)
		item->level = level_hold (level);
	batch->n++;
	batch->bytes += writing_size (writing);
	if (writing_size (writing) > RECEIVER_SMALL)
		writing_start_sync (writing); /* small ones go faster together */
	if (!batch->options->sync || batch->n == RECEIVER_BATCH || batch->bytes >= RECEIVER_BATCH_BYTES)
		batch_flush (batch);
	return 0;
}
