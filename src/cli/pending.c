/* pending - see pending.h. A hash table with chains; it doubles when it has as many entries as buckets. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/pending.h"
#include "files/open_dir.h"

enum { FIRST_BUCKETS = 64, PATH_MOST = (ITEM_NAME_MAX + 1) * 512 };

void pending_init (struct pending *pending)
{
	*pending = (struct pending){ .source = -1 };
	buf_init (&pending->path, PATH_MOST);
}

void pending_free (struct pending *pending)
{
	struct pending_entry *entry;

	while ((entry = pending_take (pending)))
		free (entry);
	free (pending->buckets);
	buf_free (&pending->path);
	pending->buckets = NULL;
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

/* FNV-1a, 64 bits. */
static size_t hash (int64_t source, const char *path)
{
	uint64_t value = 0xcbf29ce484222325 ^ (uint64_t)source;

	for (; *path; path++)
		value = (value ^ (unsigned char)*path) * 0x100000001b3;
	return (size_t)(value ^ value >> 32);
}

static struct pending_entry **bucket (const struct pending *pending, int64_t source, const char *path)
{
	return &pending->buckets[hash (source, path) & (pending->n_buckets - 1)];
}

static int grow (struct pending *pending)
{
	struct pending larger = { .n_buckets = pending->n_buckets ? 2 * pending->n_buckets : FIRST_BUCKETS };
	struct pending_entry *entry, **to;

	if (!(larger.buckets = calloc (larger.n_buckets, sizeof *larger.buckets)))
		return -1;
	for (size_t i = 0; i < pending->n_buckets; i++)
		while ((entry = pending->buckets[i])) {
			pending->buckets[i] = entry->next;
			to = bucket (&larger, entry->source, entry->path);
			entry->next = *to;
			*to = entry;
		}
	free (pending->buckets);
	pending->buckets = larger.buckets;
	pending->n_buckets = larger.n_buckets;
	return 0;
}

static struct pending_entry *add (
	struct pending *pending, enum item_kind kind, int64_t source, const char *path, size_t n)
{
	struct pending_entry *entry, **to;

	if (pending->n >= PENDING_MAX) {
		errno = ENOBUFS;
		return NULL;
	}
	if ((pending->n == pending->n_buckets && grow (pending) < 0) || !(entry = malloc (sizeof *entry + n + 1)))
		return NULL;
	*entry = (struct pending_entry){ .kind = kind, .source = source, .size = -1 };
	memcpy (entry->path, path, n);
	entry->path[n] = '\0';
	to = bucket (pending, source, entry->path);
	entry->next = *to;
	*to = entry;
	pending->n++;
	pending->first = 0;
	return entry;
}

/* The link to an entry of that path for which `right` is true, or NULL. */
static struct pending_entry **find (struct pending *pending, const struct item *item,
	bool (*right) (const struct pending_entry *entry, const struct item *item))
{
	struct pending_entry **link = pending->n_buckets ? bucket (pending, item->source, item->name) : NULL;

	for (; link && *link; link = &(*link)->next)
		if ((*link)->source == item->source && !strcmp ((*link)->path, item->name) && right (*link, item))
			return link;
	return NULL;
}

/* Take the entry out of its bucket; the caller owns it. */
static struct pending_entry *unlink_entry (struct pending *pending, struct pending_entry **link)
{
	struct pending_entry *entry = *link;

	*link = entry->next;
	pending->n--;
	if (pending->file == entry)
		pending->file = NULL;
	return entry;
}

struct pending_entry *pending_take (struct pending *pending)
{
	for (; pending->n && pending->first < pending->n_buckets; pending->first++)
		if (pending->buckets[pending->first])
			return unlink_entry (pending, &pending->buckets[pending->first]);
	return NULL;
}

/* --- what is sent ------------------------------------------------------------------------------------------------- */

/* Append a component to `path`. 0 or -1. */
static int path_add (struct buf *path, const char *name)
{
	if (buf_len (path) && buf_append (path, "/", 1) < 0)
		return -1;
	return buf_append (path, name, strlen (name));
}

static void path_cut (struct buf *path, size_t n)
{
	path->end = path->start + n;
}

static size_t parent_length (const struct buf *path)
{
	const uint8_t *bytes = buf_head (path);
	size_t n = buf_len (path);

	while (n > 0 && bytes[n - 1] != '/')
		n--;
	return n ? n - 1 : 0;
}

/* Add an entry for a named item in the directory that the sender is in. NULL with errno. */
static struct pending_entry *note (struct pending *pending, const struct item *item)
{
	size_t before = buf_len (&pending->path), n, skip;
	struct pending_entry *entry = NULL;

	if (item->source >= 0)
		pending->source = item->source;
	if (path_add (&pending->path, item->name) == 0) {
		n = buf_len (&pending->path);
		skip = n < OPEN_DIR_PATH ? 0 : n - (OPEN_DIR_PATH - 1);
		entry = add (
			pending, item->kind, pending->source, (const char *)buf_head (&pending->path) + skip, n - skip);
	}
	if (item->kind != ITEM_DIRECTORY)
		path_cut (&pending->path, before);
	return entry;
}

void pending_sent (struct pending *pending, const struct item *item)
{
	struct pending_entry *entry;

	switch (item->kind) {
	case ITEM_FILE:
	case ITEM_DIRECTORY:
	case ITEM_LINK:
	case ITEM_FAILED:
		if (!(entry = note (pending, item))) {
			pending->error = errno;
			break;
		}
		entry->size = item->size;
		memcpy (entry->sum, item->sum, sizeof entry->sum);
		pending->file = item->kind == ITEM_FILE && !item->sum[0] ? entry : NULL;
		break;
	case ITEM_LEAVE: path_cut (&pending->path, parent_length (&pending->path)); break;
	case ITEM_END:
		if (pending->file) {
			memcpy (pending->file->sum, item->sum, sizeof item->sum);
			pending->file->size = item->number; /* the size that was read, not the size at the start */
		}
		pending->file = NULL;
		break;
	case ITEM_ABORT:
		if (pending->file)
			pending->file->kind = ITEM_FAILED;
		pending->file = NULL;
		break;
	default: break;
	}
}

/* --- what is answered --------------------------------------------------------------------------------------------- */

static bool is_failure (const struct pending_entry *entry, const struct item *item)
{
	(void)item;
	return entry->kind == ITEM_FAILED;
}

static bool is_any (const struct pending_entry *entry, const struct item *item)
{
	(void)entry;
	(void)item;
	return true;
}

/* An item without content is a directory or a link. */
static bool is_kind (const struct pending_entry *entry, const struct item *item)
{
	return item->size < 0 ? entry->kind == ITEM_DIRECTORY || entry->kind == ITEM_LINK
			      : entry->kind == ITEM_FILE && entry->sum[0];
}

static bool is_same (const struct pending_entry *entry, const struct item *item)
{
	return is_kind (entry, item) &&
	       (item->size < 0 || (entry->size == item->size && !strcmp (entry->sum, item->sum)));
}

int pending_done (struct pending *pending, const struct item *done, struct err *err)
{
	struct pending_entry **link = find (pending, done, is_same);

	if (link) {
		free (unlink_entry (pending, link));
		return 0;
	}
	if (!(link = find (pending, done, is_kind)))
		return err_set (err, CODE_BAD_VALUE, "the server reports on something that was not sent");
	err_set (err, CODE_FAILED,
		"the server's file is not the one that was sent: it has %lld bytes and the sum %.8s..., not %lld "
		"and %.8s...",
		(long long)done->size, done->sum[0] ? done->sum : "?", (long long)(*link)->size, (*link)->sum);
	free (unlink_entry (pending, link));
	return 1;
}

void pending_failed (struct pending *pending, const struct item *failed)
{
	struct pending_entry **link = find (pending, failed, is_failure);

	if (link || (link = find (pending, failed, is_any)))
		free (unlink_entry (pending, link));
}
