/* sender - see sender.h.
 *
 * The walk (walk.h) holds the directories; what is done with a file is in sender_file.c.
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
#include "files/sender_private.h"

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

int sender_put (struct sender *self, struct buf *out)
{
	if (item_put (out, &self->item) < 0)
		return -1;
	if (self->options.sent)
		self->options.sent (self->data, &self->item);
	return SENDER_MORE;
}

/* An item about `name`, here. */
struct item *sender_name_item (struct sender *self, enum item_kind kind, const char *name)
{
	struct item *item = &self->item;

	item_init (item, kind);
	snprintf (item->name, sizeof item->name, "%s", name);
	item->source = self->walk.depth ? -1 : self->source;
	return item;
}

/* Without memory nothing is right: that is the end of it all, not of one file. */
int sender_put_failure (struct sender *self, struct buf *out, const struct err *err)
{
	if (err->sys == ENOMEM) {
		errno = ENOMEM;
		return -1;
	}
	self->item.code = (enum code)err->code;
	snprintf (self->item.text, sizeof self->item.text, "%s", err->text);
	return sender_put (self, out);
}

int sender_fail (struct sender *self, struct buf *out, const char *name, const struct err *err)
{
	sender_name_item (self, ITEM_FAILED, name);
	return sender_put_failure (self, out, err);
}

/* The same for what errno says. */
int sender_fail_sys (struct sender *self, struct buf *out, const char *name, const char *what)
{
	struct err err;

	err_sys (&err, (int)files_code (errno), "%s", what);
	return sender_fail (self, out, name, &err);
}

int sender_fail_words (struct sender *self, struct buf *out, const char *name, enum code code, const char *what)
{
	struct err err;

	err_set (&err, (int)code, "%s", what);
	return sender_fail (self, out, name, &err);
}

/* A time that 64 bits of nanoseconds do not hold (after 2262) is not said. */
void sender_describe (struct item *item, const struct stat *st)
{
	const int64_t second = 1000000000, most = INT64_MAX / second - 1;

	item->mode = (int)(st->st_mode & 07777);
	item->has_mtime = st->st_mtim.tv_sec >= -most && st->st_mtim.tv_sec <= most;
	if (item->has_mtime)
		item->mtime_ns = st->st_mtim.tv_sec * second + st->st_mtim.tv_nsec;
}

/* --- entries ------------------------------------------------------------------------------------------------------ */

static int send_directory (struct sender *self, struct buf *out, const char *name, int fd)
{
	struct stat st;
	int result;

	if (fstat (fd, &st) < 0) {
		result = sender_fail_sys (self, out, name, "cannot look at it");
		fd_close (&fd);
		return result;
	}
	sender_describe (sender_name_item (self, ITEM_DIRECTORY, name), &st);
	if (walk_enter (&self->walk, fd, name) < 0)
		return sender_fail_sys (self, out, name, "cannot read the directory");
	return sender_put (self, out);
}

static int send_link (struct sender *self, struct buf *out, const char *name)
{
	struct item *item = sender_name_item (self, ITEM_LINK, name);
	ssize_t n = readlinkat (walk_fd (&self->walk), name, item->text, sizeof item->text);

	if (n < 0)
		return sender_fail_sys (self, out, name, "cannot read the link");
	if (n == 0 || (size_t)n == sizeof item->text)
		return sender_fail_words (self, out, name, CODE_BAD_VALUE, "a link to nothing, or to too long a path");
	item->text[n] = '\0';
	return sender_put (self, out);
}

static int send_subdirectory (struct sender *self, struct buf *out, const char *name)
{
	char words[80];
	int fd;

	if (self->walk.depth >= SENDER_DEPTH) {
		snprintf (words, sizeof words, "more than %d levels of directories", SENDER_DEPTH);
		return sender_fail_words (self, out, name, CODE_BAD_VALUE, words);
	}
	if ((fd = walk_open (&self->walk, name)) < 0)
		return sender_fail_sys (self, out, name, "cannot open the directory");
	return send_directory (self, out, name, fd);
}

/* It is looked at before it is opened, because to open a device or a FIFO is to do something to it. What was put in its
 * place in between does not hold us, and is found out by file_reader_new. */
static int send_entry (struct sender *self, struct buf *out, const char *name)
{
	int directory = walk_fd (&self->walk), fd;
	struct stat st;

	walk_at (&self->walk, name);
	if (fstatat (directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return sender_fail_sys (self, out, name, "cannot look at it");
	switch (st.st_mode & S_IFMT) {
	case S_IFDIR: return send_subdirectory (self, out, name);
	case S_IFLNK: return send_link (self, out, name);
	case S_IFREG: break;
	default: return sender_fail_words (self, out, name, CODE_BAD_VALUE, file_reader_refusal (st.st_mode));
	}
	fd = openat (directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return sender_fail_sys (self, out, name, "cannot open it");
	return sender_file (self, out, name, fd, false);
}

/* The directory has no more names, or `number` says why they cannot be read: then it is left, and failed by its name. */
static int leave (struct sender *self, struct buf *out, int number)
{
	char name[ITEM_NAME_MAX + 1];

	walk_name (&self->walk, name);
	walk_leave (&self->walk);
	item_init (&self->item, ITEM_LEAVE);
	if (sender_put (self, out) < 0)
		return -1;
	errno = number;
	return number ? sender_fail_sys (self, out, name, "cannot read the directory") : SENDER_MORE;
}

/* May a source be called that? A directory may be ".", which means what is in it (item.h). */
static bool is_name (const char *name, int fd)
{
	struct stat st;

	return item_is_component (name) ||
	       (!strcmp (name, ".") && fd >= 0 && fstat (fd, &st) == 0 && S_ISDIR (st.st_mode));
}

/* Open the source it is at. Where it has no name that could be sent, *name is "?". */
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
			err_set (err, CODE_BAD_VALUE, "it has no name to be sent by");
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
		return sender_fail (self, out, name, &err);
	if (!stream && self->options.recursive && fstat (fd, &st) == 0 && S_ISDIR (st.st_mode))
		return send_directory (self, out, name, fd);
	return sender_file (self, out, name, fd, stream);
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
	return sender_put (self, out);
}

static int step (struct sender *self, struct buf *out)
{
	switch (self->state) {
	case COUNT: return count (self, out);
	case ENTRY: return next_entry (self, out);
	case ANSWER: return SENDER_WAIT;
	case SKIP: return sender_skip (self, out);
	case CONTENT: return sender_content (self, out);
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
