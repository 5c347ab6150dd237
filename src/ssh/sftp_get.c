/* sftp_get - see sftp_get.h.
 *
 * A level is a directory that the stream is in; at the top are the sources. Its entries are in the order in which they are sent.
 * The first one of the innermost level is sent when it is READY; those behind it are prepared meanwhile:
 *
 *   NEW       known by its name
 *   ASKED     what is it? A file is then opened, a link read
 *   READING   a small file is read
 *   READY     it can be sent; a large file is read while it is sent
 *
 * The content of a file comes in pieces, each of which is one read, or several where the server gives less than was asked for.
 * Behind the last byte, one more is asked for, which should not be there.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/list.h"
#include "base/text.h"
#include "files/digest.h"
#include "files/file_reader.h"
#include "files/item.h"
#include "files/sender.h"
#include "ssh/sftp_get.h"
#include "ssh/sftp_place.h"

enum {
	ITEMS_MAX = 1024 * 1024,
	ITEMS_FULL = 512 * 1024, /* with so many bytes of items that are not taken, no more are made */
	REQUESTS_FULL = 512, /* with so many requests in flight, only the first entry is prepared */
	SMALL_PIECES = 4,
	VAIN = 100, /* answers of READDIR, one after the other, that name nothing new */
};

static const char changed_words[] = "it changed while it was read";
static const char misstated_words[] =
	"its size is not the length of its content (as in /proc); --live takes what can be read";

struct entry;

struct file_piece {
	struct list node; /* in entry->pieces */
	struct entry *entry;
	uint64_t offset;
	uint32_t want, got;
	bool done, eof;
	uint8_t data[];
};

struct entry {
	struct list node; /* in level->entries */
	struct sftp_get *get;
	char *name, *path;
	int64_t source; /* -1: not at the top */
	enum { NEW, ASKED, READING, READY } state;
	int waits; /* answers */
	bool ahead; /* counted in get->n_ahead */
	bool opened;
	struct sftp_handle handle;
	struct sftp_attributes attributes, last; /* of a file: when it was opened, and when it was read */
	char *target;
	struct err err; /* code not 0: it has failed */

	/* A file: */
	struct list pieces;
	int n_pieces;
	uint64_t next, limit; /* where the next piece begins; how much is read */
	uint64_t done; /* bytes that have come */
	bool large; /* it is read while it is sent */
	bool unsized; /* it has content, and size 0 */
	bool begun; /* its first item was made */
	bool asked_all, eof, surplus; /* surplus: there are bytes behind its size */
	bool checking, checked;
	struct buf whole;
	struct digest *digest;
};

struct level {
	struct level *up;
	struct entry *directory; /* owned; NULL at the top */
	struct list entries;
	int n, depth;
	bool asking, eof;
	int vain;
	struct err err;
};

struct sftp_get {
	struct sftp *sftp;
	char **paths;
	size_t n_paths, next_path;
	bool recursive, live, count;
	enum digest_kind sum;
	enum sftp_get_state state;
	struct err why;
	struct level *level;
	int n_ahead;
	struct item item;
	struct buf items;
	int64_t files, bytes;
};

static void fail_get (struct sftp_get *get, enum code code, const char *text)
{
	if (get->state == SFTP_GET_WORKING) {
		get->state = SFTP_GET_FAILED;
		err_set (&get->why, (int)code, "%s", text);
	}
}

static void lack_memory (struct sftp_get *get)
{
	fail_get (get, CODE_BUSY, "out of memory");
}

static void on_nothing (void *arg, const struct sftp_answer *answer)
{
	(void)arg;
	(void)answer;
}

static void close_handle (struct sftp_get *get, const struct sftp_handle *handle)
{
	sftp_ask (get->sftp, &(struct sftp_request){ .kind = SFTP_CLOSE, .handle = handle }, on_nothing, NULL);
}

/* --- entries ----------------------------------------------------------------------------------------------------- */

static void drop_pieces (struct entry *entry)
{
	struct file_piece *piece, *after;

	list_each_safe (piece, after, &entry->pieces, node)
		free (piece);
	list_init (&entry->pieces);
	entry->n_pieces = 0;
}

static void entry_free (struct entry *entry)
{
	list_remove (&entry->node);
	entry->get->n_ahead -= entry->ahead;
	drop_pieces (entry);
	buf_free (&entry->whole);
	digest_free (entry->digest);
	free (entry->name);
	free (entry->path);
	free (entry->target);
	free (entry);
}

/* An entry in that level; the path is owned from now on. */
static struct entry *entry_new (struct sftp_get *get, struct level *level, const char *name, char *path)
{
	struct entry *entry = calloc (1, sizeof *entry);

	if (!entry || !path || !(entry->name = strdup (name))) {
		free (path);
		free (entry);
		lack_memory (get);
		return NULL;
	}
	entry->get = get;
	entry->path = path;
	entry->source = -1;
	list_init (&entry->pieces);
	buf_init (&entry->whole, SENDER_WHOLE);
	list_append (&level->entries, &entry->node);
	level->n++;
	return entry;
}

static void ask (struct entry *entry, const struct sftp_request *request, sftp_answered *answered)
{
	entry->waits++;
	sftp_ask (entry->get->sftp, request, answered, entry);
}

static void set_failed (struct entry *entry, const struct sftp_answer *answer, const char *what)
{
	if (!entry->err.code)
		sftp_explain (answer, what, &entry->err);
}

/* --- content ----------------------------------------------------------------------------------------------------- */

static void pump (struct entry *entry);

static void ask_piece (struct file_piece *piece);

static void on_piece (void *arg, const struct sftp_answer *answer)
{
	struct file_piece *piece = arg;
	struct entry *entry = piece->entry;

	entry->waits--;
	if (answer->kind == SFTP_DATA) {
		memcpy (piece->data + piece->got, answer->data, answer->length);
		piece->got += answer->length;
		if (piece->got < piece->want && !entry->err.code) {
			ask_piece (piece);
			return;
		}
	} else if (answer->status == SFTP_EOF) {
		piece->eof = true;
	} else {
		set_failed (entry, answer, "cannot read");
	}
	piece->done = true;
	if (!entry->large)
		pump (entry);
}

static void ask_piece (struct file_piece *piece)
{
	struct sftp_request request = { .kind = SFTP_READ,
		.handle = &piece->entry->handle,
		.offset = piece->offset + piece->got,
		.length = piece->want - piece->got };

	piece->entry->waits++;
	sftp_ask (piece->entry->get->sftp, &request, on_piece, piece);
}

/* Read on, ahead of what is sent. */
static void read_on (struct entry *entry)
{
	int most = entry->large && !entry->unsized ? SFTP_WINDOW : SMALL_PIECES;

	while (!entry->asked_all && entry->n_pieces < most) {
		uint64_t left = entry->limit - entry->next;
		uint32_t want = !left ? 1 : left < SFTP_PIECE ? (uint32_t)left : SFTP_PIECE;
		struct file_piece *piece = malloc (sizeof *piece + want);

		if (!piece) {
			lack_memory (entry->get);
			return;
		}
		*piece = (struct file_piece){ .entry = entry, .offset = entry->next, .want = want };
		list_append (&entry->pieces, &piece->node);
		entry->n_pieces++;
		entry->next += left ? want : 0;
		entry->asked_all = !left;
		ask_piece (piece);
	}
}

/* Send a piece, or keep it. */
static void use (struct entry *entry, const struct file_piece *piece)
{
	struct sftp_get *get = entry->get;
	uint8_t *space;

	if (entry->eof || !piece->got)
		return;
	if (piece->offset >= entry->limit) {
		entry->surplus = true;
		return;
	}
	entry->done += piece->got;
	if (!entry->large) {
		if (buf_append (&entry->whole, piece->data, piece->got) < 0)
			lack_memory (get);
		return;
	}
	digest_add (entry->digest, piece->data, piece->got);
	if (!(space = item_data_begin (&get->items, piece->got))) {
		lack_memory (get);
		return;
	}
	memcpy (space, piece->data, piece->got);
	item_data_end (&get->items, piece->got);
	get->bytes += piece->got;
}

static void on_checked (void *arg, const struct sftp_answer *answer)
{
	struct entry *entry = arg;

	entry->waits--;
	if (answer->kind == SFTP_STATUS)
		set_failed (entry, answer, "cannot stat it");
	else
		entry->last = answer->attributes;
	entry->checked = true;
	entry->state = READY;
}

/* A file of size 0 with content: like those in /proc. */
static void become_unsized (struct entry *entry)
{
	entry->surplus = false;
	entry->unsized = entry->large = true;
	entry->limit = UINT64_MAX;
	entry->asked_all = false;
	entry->next = 0;
	if (!(entry->digest = digest_new (entry->get->sum)))
		lack_memory (entry->get);
	entry->state = READY;
}

/* Take what has come, in order, as far as there is room for it; read on; and look at the file again at the end. */
static void pump (struct entry *entry)
{
	struct sftp_get *get = entry->get;
	struct file_piece *piece, *after;

	list_each_safe (piece, after, &entry->pieces, node) {
		if (!piece->done || (entry->large && buf_len (&get->items) >= ITEMS_FULL))
			break;
		if (!entry->err.code)
			use (entry, piece);
		entry->eof |= piece->eof;
		list_remove (&piece->node);
		entry->n_pieces--;
		free (piece);
	}
	if (entry->err.code || entry->eof)
		entry->asked_all = true;
	if (entry->surplus && !entry->limit && get->live) {
		become_unsized (entry);
		return;
	}
	read_on (entry);
	if (entry->asked_all && list_empty (&entry->pieces) && !entry->checking) {
		entry->checking = true;
		if (entry->err.code)
			entry->checked = true, entry->state = READY;
		else
			ask (entry, &(struct sftp_request){ .kind = SFTP_FSTAT, .handle = &entry->handle }, on_checked);
	}
}

/* --- an entry is prepared ---------------------------------------------------------------------------------------- */

static void fail_words (struct entry *entry, const char *words)
{
	if (!entry->err.code)
		err_set (&entry->err, CODE_BAD_VALUE, "%s", words);
	entry->state = READY;
}

static void on_stat (void *arg, const struct sftp_answer *answer)
{
	struct entry *entry = arg;
	const struct sftp_attributes *found = &answer->attributes;

	entry->waits--;
	if (answer->kind == SFTP_STATUS) {
		set_failed (entry, answer, "cannot stat it");
		entry->state = READY;
		return;
	}
	entry->attributes = *found;
	if (!(found->has & SFTP_HAS_MODE) || !S_ISREG (found->mode))
		fail_words (entry, "is not a regular file: not copied");
	else if (!(found->has & SFTP_HAS_SIZE) || found->size > INT64_MAX)
		fail_words (entry, "its SFTP server tells no size of it that a file can have");
	if (entry->err.code)
		return;
	entry->limit = found->size;
	entry->large = found->size > SENDER_WHOLE;
	entry->state = entry->large ? READY : READING;
	if (entry->large && !(entry->digest = digest_new (entry->get->sum)))
		lack_memory (entry->get);
	if (!entry->large)
		pump (entry);
}

static void on_opened (void *arg, const struct sftp_answer *answer)
{
	struct entry *entry = arg;

	entry->waits--;
	if (answer->kind == SFTP_STATUS) {
		set_failed (entry, answer, "cannot open it");
		entry->state = READY;
		return;
	}
	entry->opened = true;
	entry->handle = answer->handle;
	ask (entry, &(struct sftp_request){ .kind = SFTP_FSTAT, .handle = &entry->handle }, on_stat);
}

static void on_target (void *arg, const struct sftp_answer *answer)
{
	static struct sftp_name name;
	struct entry *entry = arg;
	struct sftp_answer names = *answer;

	entry->waits--;
	entry->state = READY;
	if (answer->kind == SFTP_STATUS) {
		set_failed (entry, answer, "cannot read the link");
		return;
	}
	sftp_take_name (&names, &name);
	if (!name.name[0] || strlen (name.name) >= ITEM_TEXT_MAX)
		fail_words (entry, "its target is empty, or too long");
	else if (!(entry->target = strdup (name.name)))
		lack_memory (entry->get);
}

/* It is known what it is. */
static void classify (struct entry *entry)
{
	uint32_t mode = entry->attributes.mode;
	bool directory = S_ISDIR (mode) && entry->get->recursive;

	if (directory) {
		entry->state = READY;
		return;
	}
	if (S_ISREG (mode) || (S_ISLNK (mode) && entry->source < 0)) {
		entry->ahead = true;
		entry->get->n_ahead++;
	}
	if (S_ISREG (mode))
		ask (entry, &(struct sftp_request){ .kind = SFTP_OPEN, .path = entry->path, .flags = SFTP_FOR_READING },
			on_opened);
	else if (S_ISLNK (mode) && entry->source < 0)
		ask (entry, &(struct sftp_request){ .kind = SFTP_READLINK, .path = entry->path }, on_target);
	else
		fail_words (entry, file_reader_refusal (mode));
}

static void on_attributes (void *arg, const struct sftp_answer *answer)
{
	struct entry *entry = arg;

	entry->waits--;
	if (answer->kind == SFTP_STATUS) {
		set_failed (entry, answer, entry->source < 0 ? "cannot stat it" : "cannot open it");
		entry->state = READY;
	} else if (!(answer->attributes.has & SFTP_HAS_MODE)) {
		fail_words (entry, "its SFTP server does not tell what kind of file it is");
	} else {
		entry->attributes = answer->attributes;
		classify (entry);
	}
}

/* A source such as "." has the name of the directory. It is only for messages: the client knows what it has asked for. */
static void on_real_path (void *arg, const struct sftp_answer *answer)
{
	static struct sftp_name name;
	struct entry *entry = arg;
	struct sftp_answer names = *answer;
	const char *slash;
	char *last = NULL;

	entry->waits--;
	if (answer->kind == SFTP_NAMES) {
		sftp_take_name (&names, &name);
		slash = strrchr (name.name, '/');
		if (item_is_component (slash ? slash + 1 : name.name))
			last = strdup (slash ? slash + 1 : name.name);
	}
	if (!last && !(last = strdup ("files")))
		lack_memory (entry->get);
	if (last) {
		free (entry->name);
		entry->name = last;
	}
	ask (entry, &(struct sftp_request){ .kind = SFTP_STAT, .path = entry->path }, on_attributes);
}

static void start (struct entry *entry)
{
	bool named = item_is_component (entry->name);

	entry->state = ASKED;
	if (!*entry->path || strlen (entry->path) >= SFTP_PATH_MAX)
		fail_words (entry, *entry->path ? "its path is too long for SFTP" : "the path is empty");
	else if (entry->source >= 0 && !named) {
		ask (entry, &(struct sftp_request){ .kind = SFTP_REALPATH, .path = entry->path }, on_real_path);
	} else if (entry->source >= 0)
		ask (entry, &(struct sftp_request){ .kind = SFTP_STAT, .path = entry->path }, on_attributes);
	else if (entry->attributes.has & SFTP_HAS_MODE)
		classify (entry);
	else
		ask (entry, &(struct sftp_request){ .kind = SFTP_LSTAT, .path = entry->path }, on_attributes);
}

/* --- levels ------------------------------------------------------------------------------------------------------ */

static struct level *level_new (struct sftp_get *get, struct entry *directory)
{
	struct level *level = calloc (1, sizeof *level);

	if (!level)
		return NULL;
	list_init (&level->entries);
	level->up = get->level;
	level->depth = get->level ? get->level->depth + 1 : 0;
	level->directory = directory;
	get->level = level;
	return level;
}

static void level_free (struct sftp_get *get)
{
	struct level *level = get->level;
	struct entry *entry, *after;

	list_each_safe (entry, after, &level->entries, node)
		entry_free (entry);
	if (level->directory)
		entry_free (level->directory);
	get->level = level->up;
	free (level);
}

/* One name of a directory. A name that is a path would lead elsewhere: no honest server has one. */
static void take_name (struct sftp_get *get, struct level *level, const struct sftp_name *name)
{
	struct entry *entry;
	char shown[200], text[256];

	if (!name->is_long && (!strcmp (name->name, ".") || !strcmp (name->name, "..")))
		return;
	if (!name->is_long && (!name->name[0] || strchr (name->name, '/'))) {
		snprintf (text, sizeof text, "its SFTP server lists a name that is no name: '%s'",
			text_plain (shown, sizeof shown, name->name, strlen (name->name)));
		fail_get (get, CODE_FAILED, text);
		return;
	}
	level->vain = 0;
	entry = entry_new (
		get, level, name->is_long ? "?" : name->name, sftp_join (level->directory->path, name->name));
	if (!entry)
		return;
	entry->attributes = name->attributes;
	if (!item_is_component (entry->name) || name->is_long) {
		entry->name[0] = '?';
		entry->name[1] = '\0';
		fail_words (entry, "a name of more than 255 bytes");
	}
}

static void on_names (void *arg, const struct sftp_answer *answer)
{
	static struct sftp_name name;
	struct entry *directory = arg;
	struct sftp_get *get = directory->get;
	struct level *level = get->level;
	struct sftp_answer names = *answer;

	while (level->directory != directory)
		level = level->up;
	level->asking = false;
	directory->waits--;
	if (answer->kind == SFTP_STATUS) {
		level->eof = true;
		if (answer->status != SFTP_EOF)
			sftp_explain (answer, "cannot read the directory", &level->err);
		return;
	}
	if (++level->vain > VAIN)
		fail_get (get, CODE_FAILED, "its SFTP server lists a directory without an end, and names nothing");
	for (uint32_t i = 0; i < names.n_names && get->state == SFTP_GET_WORKING; i++) {
		sftp_take_name (&names, &name);
		take_name (get, level, &name);
	}
}

/* Have more entries. */
static void refill (struct sftp_get *get)
{
	struct level *level = get->level;

	while (!level->directory && !level->eof && level->n < SFTP_GET_AHEAD) {
		const char *path = get->next_path < get->n_paths ? get->paths[get->next_path] : NULL;
		size_t n = path ? strlen (path) : 0;
		struct entry *entry;
		char name[ITEM_NAME_MAX + 1];
		size_t from;

		if (!path) {
			level->eof = true;
			return;
		}
		while (n > 1 && path[n - 1] == '/')
			n--;
		for (from = n; from > 0 && path[from - 1] != '/';)
			from--;
		snprintf (name, sizeof name, "%.*s", (int)(n - from), path + from);
		if (!(entry = entry_new (get, level, name, strdup (path))))
			return;
		entry->source = (int64_t)get->next_path++;
	}
	if (level->directory && !level->eof && !level->asking && level->n < SFTP_GET_AHEAD) {
		level->asking = true;
		ask (level->directory,
			&(struct sftp_request){ .kind = SFTP_READDIR, .handle = &level->directory->handle }, on_names);
	}
}

static void start_some (struct sftp_get *get)
{
	struct level *level = get->level;
	struct entry *entry;
	int n = 0;

	list_each (entry, &level->entries, node) {
		if (n++ > 0 && (n > SFTP_GET_AHEAD || get->n_ahead >= SFTP_GET_AHEAD ||
				       sftp_in_flight (get->sftp) >= REQUESTS_FULL))
			break;
		if (entry->state == NEW)
			start (entry);
	}
}

/* --- items ------------------------------------------------------------------------------------------------------- */

static void put_item (struct sftp_get *get)
{
	if (item_put (&get->items, &get->item) < 0)
		lack_memory (get);
}

static struct item *item_of (const struct entry *entry, enum item_kind kind)
{
	struct item *item = &entry->get->item;

	item_init (item, kind);
	snprintf (item->name, sizeof item->name, "%s", entry->name);
	item->source = entry->source;
	return item;
}

static void describe (struct item *item, const struct sftp_attributes *attributes)
{
	if (attributes->has & SFTP_HAS_MODE)
		item->mode = (int)(attributes->mode & 07777);
	item->has_mtime = attributes->has & SFTP_HAS_TIMES;
	item->mtime_ns = (int64_t)attributes->mtime * 1000000000;
}

static void end_entry (struct entry *entry)
{
	if (entry->opened)
		close_handle (entry->get, &entry->handle);
	entry->get->level->n--;
	entry_free (entry);
}

static void put_failure (struct entry *entry, enum item_kind kind, int code, const char *words)
{
	struct item *item = item_of (entry, kind);

	if (kind == ITEM_ABORT)
		item->name[0] = '\0', item->source = -1;
	item->code = (enum code)code;
	snprintf (item->text, sizeof item->text, "%s", words);
	put_item (entry->get);
}

/* Is the content that was read what the file has? NULL: yes. *changed: it may be taken with `live` all the same. */
static const char *find_doubt (const struct entry *entry, bool *changed)
{
	const struct sftp_attributes *one = &entry->attributes, *other = &entry->last;

	*changed = one->size != other->size || (one->has & other->has & SFTP_HAS_TIMES && one->mtime != other->mtime);
	if (*changed)
		return changed_words;
	if (!entry->unsized && (entry->done != entry->limit || entry->surplus)) {
		*changed = entry->done != entry->limit;
		return misstated_words;
	}
	return NULL;
}

/* The first item is made: a file that changed, and is sent all the same, has an end of its own that says so. */
static void put_changed (struct entry *entry)
{
	struct sftp_get *get = entry->get;
	size_t n = buf_len (&entry->whole);
	char sum[DIGEST_TEXT];
	uint8_t *space;

	memcpy (sum, get->item.sum, sizeof sum);
	get->item.sum[0] = '\0';
	put_item (get);
	if (n && !(space = item_data_begin (&get->items, n))) {
		lack_memory (get);
		return;
	}
	if (n) {
		memcpy (space, buf_head (&entry->whole), n);
		item_data_end (&get->items, n);
	}
	item_init (&get->item, ITEM_END);
	memcpy (get->item.sum, sum, sizeof sum);
	get->item.changed = true;
	put_item (get);
}

static void put_whole (struct entry *entry)
{
	struct sftp_get *get = entry->get;
	bool changed;
	const char *doubt = find_doubt (entry, &changed);
	struct digest *digest;
	struct item *item;

	if (doubt && !get->live) {
		put_failure (entry, ITEM_FAILED, CODE_FAILED, doubt);
		return;
	}
	if (!(digest = digest_new (get->sum))) {
		lack_memory (get);
		return;
	}
	item = item_of (entry, ITEM_FILE);
	describe (item, &entry->attributes);
	item->size = (int64_t)entry->done;
	digest_add (digest, buf_head (&entry->whole), buf_len (&entry->whole));
	digest_text (digest, item->sum);
	digest_free (digest);
	get->files++;
	get->bytes += item->size;
	if (doubt == changed_words) {
		put_changed (entry);
		return;
	}
	item->body = entry->done;
	put_item (get);
	if (entry->done && buf_append (&get->items, buf_head (&entry->whole), buf_len (&entry->whole)) < 0)
		lack_memory (get);
}

static void end_large (struct entry *entry)
{
	struct sftp_get *get = entry->get;
	bool changed;
	const char *doubt = entry->err.code ? entry->err.text : find_doubt (entry, &changed);

	if (entry->err.code || (doubt && !get->live)) {
		put_failure (entry, ITEM_ABORT, entry->err.code ? entry->err.code : CODE_FAILED, doubt);
		return;
	}
	item_init (&get->item, ITEM_END);
	digest_text (entry->digest, get->item.sum);
	get->item.changed = changed;
	get->files++;
	put_item (get);
}

/* The first entry is a file that is read while it is sent. True: it is over. */
static bool send_large (struct entry *entry)
{
	if (!entry->begun) {
		struct item *item = item_of (entry, ITEM_FILE);

		describe (item, &entry->attributes);
		item->size = entry->unsized ? -1 : (int64_t)entry->limit;
		entry->begun = true;
		put_item (entry->get);
	}
	pump (entry);
	if (!entry->checked || entry->waits > 0)
		return false;
	end_large (entry);
	return true;
}

static void on_listed (void *arg, const struct sftp_answer *answer)
{
	struct entry *entry = arg;

	entry->waits--;
	entry->state = READY;
	if (answer->kind == SFTP_STATUS) {
		set_failed (entry, answer, "cannot open the directory");
		return;
	}
	entry->opened = true;
	entry->handle = answer->handle;
}

/* Open the directory, then enter it. */
static void enter (struct entry *entry)
{
	struct sftp_get *get = entry->get;

	if (get->level->depth >= SENDER_DEPTH) {
		fail_words (entry, "more than 256 levels of directories");
		return;
	}
	if (!entry->opened) {
		entry->state = ASKED;
		ask (entry, &(struct sftp_request){ .kind = SFTP_OPENDIR, .path = entry->path }, on_listed);
		return;
	}
	describe (item_of (entry, ITEM_DIRECTORY), &entry->attributes);
	put_item (get);
	get->level->n--;
	list_remove (&entry->node);
	if (!level_new (get, entry)) {
		entry_free (entry);
		lack_memory (get);
	}
}

/* The directory has no more names. */
static void leave (struct sftp_get *get)
{
	struct entry *directory = get->level->directory;
	struct err *err = &get->level->err;

	item_init (&get->item, ITEM_LEAVE);
	put_item (get);
	if (err->code)
		put_failure (directory, ITEM_FAILED, err->code, err->text);
	close_handle (get, &directory->handle);
	level_free (get);
}

/* The only source is a file: the total is known, and comes first. Of a directory, counting would be a walk of its own. */
static void put_total (struct sftp_get *get, const struct entry *entry)
{
	get->count = false;
	if (entry->err.code || entry->unsized || !S_ISREG (entry->attributes.mode))
		return;
	item_init (&get->item, ITEM_TOTAL);
	get->item.number = 1;
	get->item.size = (int64_t)entry->attributes.size;
	put_item (get);
}

/* Send the first entry, or a part of it. False: not now. */
static bool send_first (struct sftp_get *get, struct entry *entry)
{
	if (entry->state != READY || (entry->waits > 0 && !entry->large))
		return false;
	if (get->count)
		put_total (get, entry);
	if (entry->err.code && !entry->begun) {
		if (entry->waits > 0 || !list_empty (&entry->pieces)) {
			pump (entry);
			return false;
		}
		put_failure (entry, ITEM_FAILED, entry->err.code, entry->err.text);
	} else if (entry->large) {
		if (!send_large (entry))
			return false;
	} else if (entry->target) {
		snprintf (item_of (entry, ITEM_LINK)->text, sizeof get->item.text, "%s", entry->target);
		put_item (get);
	} else if (S_ISDIR (entry->attributes.mode)) {
		enter (entry);
		return true;
	} else {
		put_whole (entry);
	}
	end_entry (entry);
	return true;
}

void sftp_get_step (struct sftp_get *get)
{
	struct level *level;

	while (get->state == SFTP_GET_WORKING && get->sftp->state == SFTP_IS_READY &&
		buf_len (&get->items) < ITEMS_FULL) {
		refill (get);
		start_some (get);
		level = get->level;
		if (!list_empty (&level->entries)) {
			if (!send_first (get, list_entry (level->entries.next, struct entry, node)))
				break;
		} else if (!level->eof) {
			break;
		} else if (level->directory) {
			leave (get);
		} else {
			get->state = SFTP_GET_OVER;
		}
	}
}

struct sftp_get *sftp_get_new (struct sftp *sftp, const struct sftp_get_options *options)
{
	struct sftp_get *get = calloc (1, sizeof *get);

	if (!get)
		return NULL;
	get->sftp = sftp;
	get->recursive = options->recursive;
	get->live = options->live;
	get->sum = options->sum;
	get->count = options->count && options->n_paths == 1;
	buf_init (&get->items, ITEMS_MAX);
	get->paths = calloc (options->n_paths + 1, sizeof *get->paths);
	for (size_t i = 0; get->paths && i < options->n_paths; i++, get->n_paths++)
		if (!(get->paths[i] = strdup (options->paths[i])))
			break;
	if (!get->paths || get->n_paths < options->n_paths || !level_new (get, NULL)) {
		sftp_get_free (get);
		return NULL;
	}
	return get;
}

void sftp_get_free (struct sftp_get *get)
{
	if (!get)
		return;
	while (get->level)
		level_free (get);
	for (size_t i = 0; i < get->n_paths; i++)
		free (get->paths[i]);
	free (get->paths);
	buf_free (&get->items);
	free (get);
}

struct buf *sftp_get_items (struct sftp_get *get)
{
	return &get->items;
}

enum sftp_get_state sftp_get_state (const struct sftp_get *get, struct err *why)
{
	if (get->state == SFTP_GET_FAILED)
		*why = get->why;
	return get->state;
}

void sftp_get_totals (const struct sftp_get *get, int64_t *files, int64_t *bytes)
{
	*files = get->files;
	*bytes = get->bytes;
}
