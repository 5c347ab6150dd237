/* sender - see sender.h.
 *
 * States: COUNT (a walk beforehand, for the totals), ENTRY (the next name of the current directory, or the next
 * source), ANSWER (wait until the receiver reports how much of the current file it has), SKIP (compare that part),
 * CONTENT (send the current file), OVER. The walk (walk.h) holds the directories. A small file is one item. A large
 * file is sent in pieces, from the end of the receiver's part.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "files/code.h"
#include "files/file_reader.h"
#include "files/sender.h"
#include "files/target.h"
#include "files/totals.h"
#include "files/walk.h"

enum { LONG_HOLE = 1024 * 1024 }; /* hashing so many zeros takes time */

struct sender {
	struct sender_options options;
	int n_sources;
	sender_open *open;
	void *data;

	enum { COUNT, ENTRY, ANSWER, SKIP, CONTENT, OVER } state;
	int source; /* the current source; -1 before the first */
	struct walk walk;
	struct totals totals;
	struct file_reader *reader; /* ANSWER to CONTENT: the current file */
	struct item have; /* SKIP: the receiver's answer */
	struct item item; /* the next item to append */
	int64_t files, bytes;
	bool counted;
	uint8_t whole[SENDER_WHOLE]; /* the content of a small file */
};

/* Results of the functions below that take an `out`: SENDER_MORE, SENDER_WAIT, SENDER_PAUSE (more is left, but it is
 * the caller's turn), or -1 with errno when out of memory. */
enum { SENDER_PAUSE = SENDER_WAIT + 1 };

struct sender *sender_new (const struct sender_options *options, int n_sources, sender_open *open, void *data)
{
	struct sender *self = calloc (1, sizeof *self);

	if (!self)
		return NULL;
	self->options = *options;
	self->n_sources = n_sources;
	self->open = open;
	self->data = data;
	self->state = options->count ? COUNT : ENTRY;
	self->source = -1;
	return self;
}

void sender_free (struct sender *self)
{
	if (!self)
		return;
	file_reader_free (self->reader);
	walk_free (&self->walk);
	free (self);
}

void sender_progress (const struct sender *self, struct sender_progress *progress)
{
	*progress = (struct sender_progress){
		.files = self->files,
		.bytes = self->bytes,
		.total_files = self->counted ? self->totals.files : -1,
		.total_bytes = self->counted ? self->totals.bytes : -1,
		.path = self->walk.path,
	};
}

int sender_waits_on (const struct sender *self)
{
	return self->state == CONTENT ? file_reader_fd (self->reader) : -1;
}

/* --- items --------------------------------------------------------------------------------------------------------- */

static int put_item (struct sender *self, struct buf *out)
{
	if (item_put (out, &self->item) < 0)
		return -1;
	if (self->options.sent)
		self->options.sent (self->data, &self->item);
	return SENDER_MORE;
}

/* An item for `name` in the current directory. */
static struct item *name_item (struct sender *self, enum item_kind kind, const char *name)
{
	struct item *item = &self->item;

	item_init (item, kind);
	snprintf (item->name, sizeof item->name, "%s", name);
	item->source = self->walk.depth ? -1 : self->source;
	return item;
}

/* A lack of memory ends the whole stream, not one file. */
static int put_failure (struct sender *self, struct buf *out, const struct err *err)
{
	if (err->sys == ENOMEM) {
		errno = ENOMEM;
		return -1;
	}
	self->item.code = (enum code)err->code;
	snprintf (self->item.text, sizeof self->item.text, "%s", err->text);
	return put_item (self, out);
}

static int fail (struct sender *self, struct buf *out, const char *name, const struct err *err)
{
	name_item (self, ITEM_FAILED, name);
	return put_failure (self, out, err);
}

/* Fail the entry with the words for errno. */
static int fail_sys (struct sender *self, struct buf *out, const char *name, const char *what)
{
	struct err err;

	err_sys (&err, (int)files_code (errno), "%s", what);
	return fail (self, out, name, &err);
}

static int fail_words (struct sender *self, struct buf *out, const char *name, enum code code, const char *what)
{
	struct err err;

	err_set (&err, (int)code, "%s", what);
	return fail (self, out, name, &err);
}

/* A time beyond 64 bits of nanoseconds (after 2262) is left out. */
static void describe (struct item *item, const struct stat *st)
{
	const int64_t second = 1000000000, most = INT64_MAX / second - 1;

	item->mode = (int)(st->st_mode & 07777);
	item->has_mtime = st->st_mtim.tv_sec >= -most && st->st_mtim.tv_sec <= most;
	if (item->has_mtime)
		item->mtime_ns = st->st_mtim.tv_sec * second + st->st_mtim.tv_nsec;
}

/* --- a small file ------------------------------------------------------------------------------------------------- */

static int append (struct buf *out, const void *bytes, int64_t n)
{
	return buf_append (out, bytes, (size_t)n) < 0 ? -1 : SENDER_MORE;
}

/* Read the whole file into self->whole. 0, or -1 and err. */
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

/* A file that changed, and is sent all the same: a second item says that it changed. */
static int put_changed (struct sender *self, struct buf *out, int64_t n, const char *sum)
{
	uint8_t *space;

	if (put_item (self, out) < 0)
		return -1;
	if (n > 0) {
		if (!(space = item_data_begin (out, (size_t)n)))
			return -1;
		memcpy (space, self->whole, (size_t)n);
		item_data_end (out, (size_t)n);
	}
	item_init (&self->item, ITEM_END);
	memcpy (self->item.sum, sum, DIGEST_TEXT);
	self->item.number = n;
	self->item.changed = true;
	return put_item (self, out);
}

/* Read the whole file before its first item, so that a file that changes meanwhile needs no abort. */
static int send_whole (struct sender *self, struct buf *out, const char *name, struct file_reader *reader)
{
	struct item *item;
	char sum[DIGEST_TEXT];
	struct err err;

	if (read_whole (self, reader, &err) < 0)
		return fail (self, out, name, &err);
	if (file_reader_doubt (reader) && !self->options.live)
		return fail_words (self, out, name, CODE_FAILED, file_reader_doubt_words (reader));
	file_reader_sum (reader, sum);
	if (!sum[0]) {
		errno = ENOMEM;
		return -1;
	}
	item = name_item (self, ITEM_FILE, name);
	describe (item, file_reader_stat (reader));
	item->size = file_reader_done (reader);
	self->files++;
	self->bytes += item->size;
	if (file_reader_doubt (reader) == FILE_READER_CHANGED)
		return put_changed (self, out, item->size, sum);
	memcpy (item->sum, sum, sizeof sum);
	item->body = (uint64_t)item->size;
	return put_item (self, out) < 0 ? -1 : append (out, self->whole, item->size);
}

/* --- a large file ------------------------------------------------------------------------------------------------- */

static int begin_file (struct sender *self, struct buf *out, const char *name, int fd, bool stream)
{
	struct file_reader *reader;
	struct item *item;
	struct err err;
	int result;

	if (!(reader = file_reader_new (fd, stream, self->options.sum, &err)))
		return fail (self, out, name, &err);
	if (file_reader_doubt (reader) && !self->options.live) {
		result = fail_words (self, out, name, CODE_FAILED, file_reader_doubt_words (reader));
		file_reader_free (reader);
		return result;
	}
	if (self->options.shared && !self->options.live)
		file_reader_share (reader, self->options.shared);
	if (file_reader_size (reader) >= 0 && file_reader_size (reader) <= SENDER_WHOLE) {
		result = send_whole (self, out, name, reader);
		file_reader_free (reader);
		return result;
	}
	item = name_item (self, ITEM_FILE, name);
	item->size = file_reader_size (reader);
	item->resume = self->options.resume && item->size >= 0;
	if (!stream)
		describe (item, file_reader_stat (reader));
	self->reader = reader;
	self->state = item->resume ? ANSWER : CONTENT;
	return put_item (self, out);
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
	return put_failure (self, out, err);
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
	file_reader_sum (self->reader, item->sum);
	item->number = file_reader_done (self->reader);
	/* Also for a file that has fewer bytes than announced: otherwise the receiver misses them. */
	item->changed = doubt == FILE_READER_CHANGED ||
			(file_reader_size (self->reader) >= 0 &&
				file_reader_done (self->reader) != file_reader_size (self->reader));
	if (!item->sum[0]) {
		errno = ENOMEM;
		return -1;
	}
	self->files++;
	file_over (self);
	return put_item (self, out);
}

/* The bytes are read directly into `out`. */
static int send_content (struct sender *self, struct buf *out)
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
	if (put_item (self, out) < 0)
		return -1;
	return n >= LONG_HOLE ? SENDER_PAUSE : SENDER_MORE;
}

/* --- the receiver's partial file ---------------------------------------------------------------------------------- */

int sender_answer (struct sender *self, const struct item *have, struct err *err)
{
	if (self->state != ANSWER || have->kind != ITEM_HAVE)
		return err_set (err, CODE_BAD_VALUE, "an answer that was not asked for");
	self->have = *have;
	self->state = SKIP;
	return 0;
}

static int skip (struct sender *self, struct buf *out)
{
	int64_t n = self->have.number;
	struct err err;
	int what = FILE_READER_ANEW;

	if (n > 0 && (what = file_reader_skip (self->reader, n, self->have.sum, &err)) < 0)
		return abort_file (self, out, &err);
	if (what == FILE_READER_SKIPPING)
		return SENDER_PAUSE;
	self->state = CONTENT;
	item_init (&self->item, ITEM_FROM);
	self->item.number = file_reader_done (self->reader);
	self->bytes += self->item.number;
	return put_item (self, out);
}

/* --- entries ------------------------------------------------------------------------------------------------------ */

static int send_directory (struct sender *self, struct buf *out, const char *name, int fd)
{
	struct stat st;
	int result;

	if (fstat (fd, &st) < 0) {
		result = fail_sys (self, out, name, "cannot stat it");
		fd_close (&fd);
		return result;
	}
	describe (name_item (self, ITEM_DIRECTORY, name), &st);
	if (walk_enter (&self->walk, fd, name) < 0)
		return fail_sys (self, out, name, "cannot read the directory");
	return put_item (self, out);
}

static int send_link (struct sender *self, struct buf *out, const char *name)
{
	struct item *item = name_item (self, ITEM_LINK, name);
	ssize_t n = readlinkat (walk_fd (&self->walk), name, item->text, sizeof item->text);

	if (n < 0)
		return fail_sys (self, out, name, "cannot read the link");
	if (n == 0 || (size_t)n == sizeof item->text)
		return fail_words (self, out, name, CODE_BAD_VALUE, "a link with an empty or too long target");
	item->text[n] = '\0';
	return put_item (self, out);
}

static int send_subdirectory (struct sender *self, struct buf *out, const char *name)
{
	char words[80];
	int fd;

	if (self->walk.depth >= SENDER_DEPTH) {
		snprintf (words, sizeof words, "more than %d levels of directories", SENDER_DEPTH);
		return fail_words (self, out, name, CODE_BAD_VALUE, words);
	}
	if ((fd = walk_open (&self->walk, name)) < 0)
		return fail_sys (self, out, name, "cannot open the directory");
	return send_directory (self, out, name, fd);
}

/* Check the type before opening, because opening a device or a FIFO has effects. If the file is replaced in between,
 * file_reader_new finds the new type. */
static int send_entry (struct sender *self, struct buf *out, const char *name)
{
	int directory = walk_fd (&self->walk), fd;
	struct stat st;

	walk_at (&self->walk, name);
	if (fstatat (directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_sys (self, out, name, "cannot stat it");
	switch (st.st_mode & S_IFMT) {
	case S_IFDIR: return send_subdirectory (self, out, name);
	case S_IFLNK: return send_link (self, out, name);
	case S_IFREG: break;
	default: return fail_words (self, out, name, CODE_BAD_VALUE, file_reader_refusal (st.st_mode));
	}
	if ((fd = target_open_file_at (directory, name)) < 0)
		return fail_sys (self, out, name, "cannot open it");
	return begin_file (self, out, name, fd, false);
}

/* The directory has no more names, or reading them failed with errno `number`: leave it, and then fail it by its
 * name. */
static int leave (struct sender *self, struct buf *out, int number)
{
	char name[ITEM_NAME_MAX + 1];

	walk_name (&self->walk, name);
	walk_leave (&self->walk);
	item_init (&self->item, ITEM_LEAVE);
	if (put_item (self, out) < 0)
		return -1;
	errno = number;
	return number ? fail_sys (self, out, name, "cannot read the directory") : SENDER_MORE;
}

/* Is that name allowed for a source? A directory may be ".", which means its content (item.h). */
static bool is_name (const char *name, int fd)
{
	struct stat st;

	return item_is_component (name) ||
	       (!strcmp (name, ".") && fd >= 0 && fstat (fd, &st) == 0 && S_ISDIR (st.st_mode));
}

/* Open the current source. *name is "?" when no name can be sent. */
static int open_source (struct sender *self, char name[ITEM_NAME_MAX + 1], bool *stream, struct err *err)
{
	int fd;

	err_set (err, CODE_IO_ERROR, "cannot open it");
	*stream = false;
	name[0] = '\0';
	fd = self->open (self->data, self->source, name, stream, err);
	if (!is_name (name, fd)) {
		memcpy (name, "?", 2);
		if (fd >= 0)
			err_set (err, CODE_BAD_VALUE, "it has no name that can be sent");
		fd_close (&fd);
	}
	return fd;
}

static int next_source (struct sender *self, struct buf *out)
{
	char name[ITEM_NAME_MAX + 1];
	struct stat st;
	struct err err;
	bool stream;
	int fd;

	if (self->source + 1 >= self->n_sources) {
		self->state = OVER;
		return SENDER_END;
	}
	self->source++;
	fd = open_source (self, name, &stream, &err);
	walk_at (&self->walk, name);
	if (fd < 0)
		return fail (self, out, name, &err);
	if (!stream && self->options.recursive && fstat (fd, &st) == 0 && S_ISDIR (st.st_mode))
		return send_directory (self, out, name, fd);
	return begin_file (self, out, name, fd, stream);
}

static int next_entry (struct sender *self, struct buf *out)
{
	const char *name;

	if (!self->walk.depth)
		return next_source (self, out);
	if ((name = walk_next (&self->walk)))
		return send_entry (self, out, name);
	return leave (self, out, errno);
}

/* --- the stream --------------------------------------------------------------------------------------------------- */

static int count (struct sender *self, struct buf *out)
{
	char name[ITEM_NAME_MAX + 1];
	struct err err;
	bool stream;
	int fd;

	if (self->walk.depth) {
		totals_step (&self->totals, &self->walk);
		return SENDER_PAUSE;
	}
	if (++self->source < self->n_sources) {
		if ((fd = open_source (self, name, &stream, &err)) >= 0)
			totals_source (&self->totals, &self->walk, fd, stream, self->options.recursive);
		return SENDER_MORE;
	}
	self->source = -1;
	self->state = ENTRY;
	self->counted = true;
	item_init (&self->item, ITEM_TOTAL);
	self->item.number = self->totals.files;
	self->item.size = self->totals.bytes;
	return put_item (self, out);
}

static int step (struct sender *self, struct buf *out)
{
	switch (self->state) {
	case COUNT: return count (self, out);
	case ENTRY: return next_entry (self, out);
	case ANSWER: return SENDER_WAIT;
	case SKIP: return skip (self, out);
	case CONTENT: return send_content (self, out);
	case OVER: break;
	}
	return SENDER_END;
}

int sender_fill (struct sender *self, struct buf *out)
{
	int result = SENDER_MORE;

	while (result == SENDER_MORE && buf_room (out) >= SENDER_ROOM)
		result = step (self, out);
	return result == SENDER_PAUSE ? SENDER_MORE : result;
}
