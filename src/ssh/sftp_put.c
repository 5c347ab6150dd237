/* sftp_put - see sftp_put.h.
 *
 * Of the stream: AT_ENTRY (an item that begins an entry, or `leave`), AT_PLACE (a directory is looked at or made), AT_CONTENT
 * (of the current file).
 *
 * Of a file:
 *
 *   LOOK      what has its name now?
 *   OPEN      the temporary is made
 *   CONTENT   bytes are written; also while the stream has more
 *   CHECK     all is written: how large is it, whose is it, and what has its name now?
 *   OWNER     it gets the owner of the replaced file
 *   SETTLE    mode, time, fsync, close
 *   RENAME    it gets its name
 *   SPACE     a write has failed: is the disk full?
 *   REMOVE    it has failed: the temporary is removed
 *
 * `waits` counts the answers that a step waits for; with the last one the next step begins. A link has LOOK, OPEN (which makes
 * it) and RENAME only.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "ssh/sftp_place.h"
#include "ssh/sftp_put.h"

enum {
	HELD = 64 * 1024, /* bytes of a file that wait until its temporary is open */
	REPORTS = 256 * 1024, /* with so many bytes of reports unsent, nothing more is taken */
	UNSENT = 256 * 1024, /* and with so many bytes of requests unsent */
	DEPTH = 256, /* levels of directories */
	TAIL = 8, /* letters at the end of the name of a temporary (files/temporary.h) */
};

enum put_step { LOOK, OPEN, CONTENT, CHECK, OWNER, SETTLE, RENAME, SPACE, REMOVE };

struct put_file {
	struct list node; /* in put->files */
	struct sftp_put *put;
	struct sftp_place *place; /* a reference */
	struct sftp_report *report;
	char *path, *temporary;
	char *target; /* of a link; NULL: a file */
	enum put_step step;
	int waits; /* answers */
	bool made; /* the temporary may be there */
	bool opened; /* `handle` is open */
	bool complete; /* the stream has no more of it */
	bool failed; /* report->err says why */
	bool trailing; /* it ends in a hole */
	bool replaces; /* a regular file: `old` */
	bool other_group;
	struct sftp_handle handle;
	struct sftp_attributes old, own;
	int mode;
	bool has_mtime;
	int64_t mtime_ns, expected, written;
	struct buf held;
};

struct sftp_put {
	struct sftp *sftp;
	struct sftp_put_options options;
	char *path;
	struct sftp_places places;
	enum sftp_put_state state;
	struct err why;
	enum { AT_ENTRY, AT_PLACE, AT_CONTENT } at;
	bool directory; /* the destination is one */
	bool ended, stopping;
	bool wound_up; /* nothing more is taken, and what is complete goes on */
	struct sftp_place *place; /* a reference to the current one */
	int depth; /* of directories of the stream; 0: at the top */
	struct sftp_place *next; /* AT_PLACE: the directory that is entered */
	struct list files;
	int n_files;
	struct put_file *file; /* AT_CONTENT: the current file; NULL: it has failed */
	struct item item;
	uint64_t body; /* bytes of the body still to come */
	bool whole;
	struct buf reports;
	struct sftp_put_totals totals;
};

static void step_on (struct put_file *file);
static void settle (struct sftp_put *put);

/* --- reports ----------------------------------------------------------------------------------------------------- */

static void fail_put (struct sftp_put *put, const struct err *err)
{
	if (put->state < SFTP_PUT_OVER) {
		put->state = SFTP_PUT_FAILED;
		put->why = *err;
	}
}

static void lack_memory (struct sftp_put *put)
{
	struct err err;

	err_set (&err, CODE_BUSY, "out of memory");
	fail_put (put, &err);
}

static void report (void *arg, struct sftp_report *report)
{
	static struct item item;
	struct sftp_put *put = arg;
	bool file = report->kind == ITEM_FILE && !report->err.code;

	item_init (&item, report->err.code ? ITEM_FAILED : ITEM_DONE);
	snprintf (item.name, sizeof item.name, "%s", report->path);
	item.source = report->source;
	item.code = (enum code)report->err.code;
	snprintf (item.text, sizeof item.text, "%s", report->err.code ? report->err.text : report->note);
	if (file) {
		put->totals.files++;
		put->totals.bytes += report->size;
		item.size = report->size;
		item.changed = report->changed;
		memcpy (item.sum, report->sum, sizeof item.sum);
	}
	put->totals.failed += report->err.code != 0;
	if (!put->stopping && item_put (&put->reports, &item) < 0)
		lack_memory (put);
	free (report);
}

/* The entry `name` of the current place fails without a file. */
static void report_failure (
	struct sftp_put *put, const char *name, enum item_kind kind, int64_t source, const struct err *err)
{
	struct sftp_report *one = sftp_report_new (put->depth ? put->place : NULL, name, kind, source, -1);

	if (!one) {
		lack_memory (put);
		return;
	}
	one->err = *err;
	report (put, one);
}

static void on_settled (void *arg)
{
	settle (arg);
}

static const struct sftp_place_ops place_ops = { report, on_settled };

static void add_note (struct sftp_report *report, const char *what)
{
	size_t n = strlen (report->note);

	snprintf (report->note + n, sizeof report->note - n, "%s%s", n ? ", " : "not kept: ", what);
}

/* --- one file ---------------------------------------------------------------------------------------------------- */

static void file_free (struct put_file *file)
{
	list_remove (&file->node);
	file->put->n_files--;
	buf_free (&file->held);
	free (file->report);
	free (file->path);
	free (file->temporary);
	free (file->target);
	free (file);
}

/* The first reason counts. */
static void set_failed (struct put_file *file, int code, const char *text)
{
	if (!file->failed)
		err_set (&file->report->err, code, "%s", text);
	file->failed = true;
}

static void ask (struct put_file *file, const struct sftp_request *request, sftp_answered *answered)
{
	file->waits++;
	sftp_ask (file->put->sftp, request, answered, file);
}

/* An answer has been dealt with. */
static void answered (struct put_file *file)
{
	file->waits--;
	step_on (file);
}

/* The words for a step that has failed. */
static const char *purpose (const struct put_file *file, enum sftp_kind kind)
{
	switch (kind) {
	case SFTP_OPEN: return "cannot make a temporary file";
	case SFTP_SYMLINK: return "cannot make the link";
	case SFTP_WRITE: return "cannot write";
	case SFTP_FSYNC: return "cannot sync it";
	case SFTP_CLOSE: return "cannot close it";
	case SFTP_POSIX_RENAME: return file->target ? "cannot make the link" : "cannot rename the temporary file";
	default: return "cannot set its mode or time";
	}
}

static void check_status (struct put_file *file, const struct sftp_answer *answer)
{
	struct err err;

	if (answer->kind == SFTP_STATUS && answer->status != SFTP_OK) {
		sftp_explain (answer, purpose (file, answer->asked), &err);
		set_failed (file, err.code, err.text);
	}
}

static void on_opened (void *arg, const struct sftp_answer *answer)
{
	struct put_file *file = arg;

	check_status (file, answer);
	if (answer->kind == SFTP_HANDLE) {
		file->handle = answer->handle;
		file->opened = true;
	} else {
		file->made = false;
	}
	answered (file);
}

static void on_linked (void *arg, const struct sftp_answer *answer)
{
	struct put_file *file = arg;

	check_status (file, answer);
	file->made = answer->status == SFTP_OK;
	answered (file);
}

static void on_written (void *arg, const struct sftp_answer *answer)
{
	struct put_file *file = arg;

	/* "Failure" is also what a full disk is called. */
	if (answer->status == SFTP_FAILURE && !file->failed && file->put->sftp->greeting.has_statvfs)
		file->step = SPACE;
	check_status (file, answer);
	answered (file);
}

static void on_space (void *arg, const struct sftp_answer *answer)
{
	struct put_file *file = arg;

	if (answer->kind == SFTP_SPACE && answer->free_bytes < SFTP_PIECE) {
		err_set (&file->report->err, CODE_IO_ERROR, "cannot write: %s", strerror (ENOSPC));
		fail_put (file->put, &file->report->err);
	}
	file->step = REMOVE;
	answered (file);
}

/* Of what has only to succeed. */
static void on_done (void *arg, const struct sftp_answer *answer)
{
	struct put_file *file = arg;

	check_status (file, answer);
	answered (file);
}

static void on_renamed (void *arg, const struct sftp_answer *answer)
{
	struct put_file *file = arg;

	check_status (file, answer);
	if (answer->status == SFTP_OK)
		file->made = false;
	answered (file);
}

static void on_removed (void *arg, const struct sftp_answer *answer)
{
	(void)answer;
	answered (arg);
}

static const char *name_kind (uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR: return "a directory is in its place";
	case S_IFIFO: return "a FIFO is in its place";
	case S_IFSOCK: return "a socket is in its place";
	case S_IFBLK: return "a block device is in its place";
	case S_IFCHR: return "a character device is in its place";
	default: return "something that is no file is in its place";
	}
}

/* What has the name? A regular file or a link may be replaced. */
static void on_looked (void *arg, const struct sftp_answer *answer)
{
	struct put_file *file = arg;
	const struct sftp_attributes *found = &answer->attributes;
	struct err err;

	if (answer->kind == SFTP_STATUS) {
		if (answer->status != SFTP_NO_SUCH_FILE) {
			sftp_explain (answer, "cannot stat the existing file", &err);
			set_failed (file, err.code, err.text);
		}
	} else if (found->has & SFTP_HAS_MODE && S_ISREG (found->mode)) {
		file->replaces = true;
		file->old = *found;
	} else if (!(found->has & SFTP_HAS_MODE) || !S_ISLNK (found->mode)) {
		set_failed (file, CODE_BAD_VALUE, name_kind (found->mode));
	}
	answered (file);
}

static void on_stat (void *arg, const struct sftp_answer *answer)
{
	struct put_file *file = arg;
	char text[128];
	struct err err;

	if (answer->kind == SFTP_STATUS) {
		sftp_explain (answer, "cannot stat the temporary file", &err);
		set_failed (file, err.code, err.text);
	} else {
		file->own = answer->attributes;
		if (!(file->own.has & SFTP_HAS_SIZE) || file->own.size != (uint64_t)file->written) {
			snprintf (text, sizeof text, "%lld bytes were written, and there are %llu in the file",
				(long long)file->written, (unsigned long long)file->own.size);
			set_failed (file, CODE_IO_ERROR, text);
		}
	}
	answered (file);
}

/* --- the steps of a file ----------------------------------------------------------------------------------------- */

static void look (struct put_file *file)
{
	ask (file, &(struct sftp_request){ .kind = SFTP_LSTAT, .path = file->path }, on_looked);
}

/* A file that replaces another one has mode 0600 until it has the mode of that one; a new one is made with its mode, so that
 * the umask and the default list over there count. */
static void open_temporary (struct put_file *file)
{
	const struct sftp_put_options *options = &file->put->options;
	bool private = file->replaces || (options->preserve && file->mode >= 0);
	struct sftp_request request = { .kind = SFTP_OPEN,
		.path = file->temporary,
		.flags = SFTP_FOR_WRITING | SFTP_CREATE | SFTP_EXCLUSIVE,
		.attributes = { .has = SFTP_HAS_MODE } };

	file->made = true;
	if (file->target) {
		ask (file,
			&(struct sftp_request){ .kind = SFTP_SYMLINK, .path = file->temporary, .target = file->target },
			on_linked);
		return;
	}
	request.attributes.mode = private ? 0600 : file->mode >= 0 ? (uint32_t)file->mode & 0777 : 0666;
	ask (file, &request, on_opened);
}

/* Write what is held. */
static void write_held (struct put_file *file)
{
	while (buf_len (&file->held) && !file->failed) {
		size_t n = buf_len (&file->held) < SFTP_PIECE ? buf_len (&file->held) : SFTP_PIECE;
		struct sftp_request request = { .kind = SFTP_WRITE,
			.handle = &file->handle,
			.offset = (uint64_t)file->written,
			.data = buf_head (&file->held),
			.length = (uint32_t)n };

		ask (file, &request, on_written);
		file->written += (int64_t)n;
		buf_consume (&file->held, n);
	}
}

/* All has been sent. The size is set where no byte is behind the last hole. */
static void check (struct put_file *file)
{
	struct sftp_request request = { .kind = SFTP_FSETSTAT,
		.handle = &file->handle,
		.attributes = { .has = SFTP_HAS_SIZE, .size = (uint64_t)file->written } };

	if (file->trailing)
		ask (file, &request, on_done);
	ask (file, &(struct sftp_request){ .kind = SFTP_FSTAT, .handle = &file->handle }, on_stat);
	look (file);
}

static void ask_owner (struct put_file *file, uint32_t uid, uint32_t gid, sftp_answered *done)
{
	struct sftp_request request = { .kind = SFTP_FSETSTAT,
		.handle = &file->handle,
		.attributes = { .has = SFTP_HAS_OWNER, .uid = uid, .gid = gid } };

	ask (file, &request, done);
}

static void on_group (void *arg, const struct sftp_answer *answer)
{
	struct put_file *file = arg;

	file->other_group = answer->status != SFTP_OK;
	if (file->other_group)
		add_note (file->report, "its group");
	answered (file);
}

/* The owner could not be kept: the group may. */
static void on_owner (void *arg, const struct sftp_answer *answer)
{
	struct put_file *file = arg;

	if (answer->status != SFTP_OK) {
		if (file->own.uid != file->old.uid)
			add_note (file->report, "its owner");
		if (file->own.gid != file->old.gid)
			ask_owner (file, file->own.uid, file->old.gid, on_group);
	}
	answered (file);
}

/* As metadata.c: where the group changes, neither the new one nor others get more than the old file gave. */
static uint32_t change_group (uint32_t mode)
{
	uint32_t both = mode >> 3 & mode & 07;

	return (mode & ~077U) | both << 3 | both;
}

static void set_attributes (struct put_file *file)
{
	const struct sftp_put_options *options = &file->put->options;
	struct sftp_attributes set = { 0 };
	int64_t seconds = file->mtime_ns / 1000000000;

	if (options->preserve && file->mode >= 0) {
		set.has |= SFTP_HAS_MODE;
		set.mode = (uint32_t)file->mode & (options->set_id ? 07777 : 0777);
	} else if (file->replaces) {
		set.has |= SFTP_HAS_MODE;
		set.mode = file->old.mode & 0777;
		if (file->other_group)
			set.mode = change_group (set.mode);
	}
	if (file->replaces && file->old.mode & 06000 && !(options->preserve && options->set_id))
		add_note (file->report, "its set-ID bits (the content is another)");
	if (options->preserve && file->has_mtime && file->mtime_ns >= 0 && seconds <= UINT32_MAX) {
		set.has |= SFTP_HAS_TIMES;
		set.atime = (uint32_t)time (NULL);
		set.mtime = (uint32_t)seconds;
	} else if (options->preserve && file->has_mtime) {
		add_note (file->report, "its time (SFTP has times from 1970 to 2106)");
	}
	if (set.has)
		ask (file, &(struct sftp_request){ .kind = SFTP_FSETSTAT, .handle = &file->handle, .attributes = set },
			on_done);
}

/* The server does what is asked of one handle in this order (draft, section 7). */
static void finish_content (struct put_file *file)
{
	set_attributes (file);
	if (file->put->options.sync)
		ask (file, &(struct sftp_request){ .kind = SFTP_FSYNC, .handle = &file->handle }, on_done);
	file->opened = false;
	ask (file, &(struct sftp_request){ .kind = SFTP_CLOSE, .handle = &file->handle }, on_done);
}

static void remove_temporary (struct put_file *file)
{
	if (file->opened)
		ask (file, &(struct sftp_request){ .kind = SFTP_CLOSE, .handle = &file->handle }, on_removed);
	file->opened = false;
	if (file->made)
		ask (file, &(struct sftp_request){ .kind = SFTP_REMOVE, .path = file->temporary }, on_removed);
	file->made = false;
}

/* It is over. Its place reports what is in place, and a failure is reported at once. */
static void over (struct put_file *file)
{
	struct sftp_put *put = file->put;
	struct sftp_place *place = file->place;
	struct sftp_report *one = file->report;

	if (put->file == file)
		put->file = NULL;
	file->report = NULL;
	if (!file->failed)
		one->size = file->target ? -1 : file->written;
	if (file->failed)
		report (put, one);
	else
		sftp_place_add (place, one);
	file_free (file);
	sftp_place_release (place);
	settle (put);
}

/* The next step, unless answers are awaited. */
static void step_on (struct put_file *file)
{
	if (file->waits > 0)
		return;
	if (file->put->stopping && file->step != RENAME)
		set_failed (file, CODE_FAILED, "stopped");
	if (file->failed && file->step != SPACE && (file->made || file->opened)) {
		file->step = REMOVE;
		remove_temporary (file);
		if (file->waits > 0)
			return;
	}
	if (file->failed && file->step != SPACE) {
		over (file);
		return;
	}
	switch (file->step) {
	case SPACE:
		ask (file, &(struct sftp_request){ .kind = SFTP_STATVFS, .path = file->temporary }, on_space);
		break;
	case LOOK:
		file->step = OPEN;
		open_temporary (file);
		break;
	case OPEN:
		file->step = file->target ? RENAME : CONTENT;
		if (file->target) {
			ask (file,
				&(struct sftp_request){
					.kind = SFTP_POSIX_RENAME, .path = file->temporary, .target = file->path },
				on_renamed);
			break;
		}
		write_held (file);
		if (!file->waits)
			step_on (file);
		else
			settle (file->put); /* the stream may have waited for it */
		break;
	case CONTENT:
		if (!file->complete) {
			settle (file->put);
			break;
		}
		file->step = CHECK;
		check (file);
		break;
	case CHECK:
		file->step = OWNER;
		if (file->replaces && file->own.has & file->old.has & SFTP_HAS_OWNER &&
			(file->own.uid != file->old.uid || file->own.gid != file->old.gid))
			ask_owner (file, file->old.uid, file->old.gid, on_owner);
		else
			step_on (file);
		break;
	case OWNER:
		file->step = SETTLE;
		finish_content (file);
		break;
	case SETTLE:
		file->step = RENAME;
		ask (file,
			&(struct sftp_request){
				.kind = SFTP_POSIX_RENAME, .path = file->temporary, .target = file->path },
			on_renamed);
		break;
	case RENAME:
	case REMOVE: over (file); break;
	}
}

/* ".NAME.remex-XXXXXXXX" beside the path, as files/temporary.h has it. */
static char *make_temporary (const char *path)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	const char *slash = strrchr (path, '/'), *name = slash ? slash + 1 : path;
	unsigned char random[TAIL];
	char tail[TAIL + 1] = "", *temporary;

	if (getrandom (random, sizeof random, 0) != sizeof random)
		return NULL;
	for (int i = 0; i < TAIL; i++)
		tail[i] = letters[random[i] % (sizeof letters - 1)];
	if (asprintf (&temporary, "%.*s.%.200s.remex-%s", (int)(name - path), path, name, tail) < 0)
		return NULL;
	return temporary;
}

/* The path of an item at the top, or in the current directory; in new memory. */
static char *item_path (const struct sftp_put *put, const struct item *item)
{
	if (!put->depth && !put->directory)
		return strdup (put->path);
	return sftp_join (put->place->path, item->name);
}

/* Where may the item go? 0; 1 and err: it fails. */
static int check_place (const struct sftp_put *put, const struct item *item, struct err *err)
{
	if (put->depth && !put->place->path) {
		err_set (err, CODE_FAILED, "its directory could not be made");
		return 1;
	}
	if (!put->depth && !put->directory && item->source != 0) {
		err_set (err, CODE_BAD_VALUE, "%s is not a directory", put->path);
		return 1;
	}
	if (put->depth && strlen (put->place->path) + strlen (item->name) + TAIL + 32 >= SFTP_PATH_MAX) {
		err_set (err, CODE_BAD_VALUE, "its path is too long for SFTP (%d bytes)", SFTP_PATH_MAX);
		return 1;
	}
	return 0;
}

/* Begin a file or a link. NULL: it has failed, and is reported. */
static struct put_file *file_new (struct sftp_put *put, const struct item *item)
{
	struct put_file *file;
	struct err err;

	if (check_place (put, item, &err)) {
		report_failure (put, item->name, item->kind, put->depth ? put->place->source : item->source, &err);
		return NULL;
	}
	if (!(file = calloc (1, sizeof *file))) {
		lack_memory (put);
		return NULL;
	}
	list_append (&put->files, &file->node);
	put->n_files++;
	file->put = put;
	file->mode = item->mode;
	file->has_mtime = item->has_mtime;
	file->mtime_ns = item->mtime_ns;
	file->expected = item->size;
	buf_init (&file->held, HELD);
	file->report = sftp_report_new (put->depth ? put->place : NULL, item->name, item->kind,
		put->depth ? put->place->source : item->source, item->size);
	if ((file->path = item_path (put, item)))
		file->temporary = make_temporary (file->path);
	if (item->kind == ITEM_LINK)
		file->target = strdup (item->text);
	if (!file->report || !file->temporary || (item->kind == ITEM_LINK && !file->target)) {
		file_free (file);
		lack_memory (put);
		return NULL;
	}
	file->place = put->place;
	sftp_place_hold (file->place);
	file->step = LOOK;
	return file;
}

/* --- the stream -------------------------------------------------------------------------------------------------- */

static int broken (struct sftp_put *put, const char *what)
{
	struct err err;

	err_set (&err, CODE_BAD_VALUE, "the stream of files is not in order: %s", what);
	fail_put (put, &err);
	return -1;
}

static void complete_file (struct sftp_put *put, const char *sum, bool changed)
{
	struct put_file *file = put->file;
	char text[128];

	put->at = AT_ENTRY;
	put->file = NULL;
	if (!file)
		return;
	memcpy (file->report->sum, sum, sizeof file->report->sum);
	file->report->changed = changed;
	file->complete = true;
	if (!changed && file->expected >= 0 && file->expected != file->written + (int64_t)buf_len (&file->held)) {
		snprintf (text, sizeof text, "received %lld bytes of %lld",
			(long long)(file->written + (int64_t)buf_len (&file->held)), (long long)file->expected);
		set_failed (file, CODE_FAILED, text);
	}
	if (file->step == CONTENT)
		step_on (file);
}

static void fail_file (struct sftp_put *put, int code, const char *text)
{
	struct put_file *file = put->file;

	put->file = NULL;
	if (!file)
		return;
	set_failed (file, code, text);
	step_on (file);
}

static int begin_file (struct sftp_put *put, const struct item *item)
{
	struct err err;

	if (item->resume) {
		err_set (&err, CODE_BAD_VALUE,
			"--resume needs remex on the host, which has an sshd alone: without --resume, the files are "
			"sent "
			"whole");
		fail_put (put, &err);
		return -1;
	}
	put->at = AT_CONTENT;
	put->whole = item->sum[0] != '\0';
	put->file = file_new (put, item);
	if (put->file)
		look (put->file);
	if (put->whole && !item->body)
		complete_file (put, item->sum, false);
	return 0;
}

static void end_place (struct sftp_put *put)
{
	struct sftp_place *place = put->next;

	put->next = NULL;
	put->at = AT_ENTRY;
	sftp_place_release (put->wound_up ? place : put->place);
	if (!put->wound_up)
		put->place = place;
	put->depth++;
	settle (put);
}

/* The directory cannot be entered: what is in it fails, too. */
static void fail_place (struct sftp_put *put, const struct err *err)
{
	struct sftp_report *one = sftp_report_new (NULL, put->next->shown, ITEM_DIRECTORY, put->next->source, -1);

	free (put->next->path);
	put->next->path = NULL;
	if (one) {
		one->err = *err;
		report (put, one);
	} else {
		lack_memory (put);
	}
	end_place (put);
}

static void on_lent (void *arg, const struct sftp_answer *answer)
{
	struct sftp_put *put = arg;

	if (answer->status != SFTP_OK)
		put->next->lacks = 0;
	end_place (put);
}

static void on_made (void *arg, const struct sftp_answer *answer)
{
	struct sftp_put *put = arg;
	struct err err;

	if (answer->status == SFTP_OK) {
		put->next->up->changed = true;
		end_place (put);
		return;
	}
	sftp_explain (answer, "cannot make the directory", &err);
	fail_place (put, &err);
}

/* Is there a directory? A link is not followed. A directory that gets the sender's mode has the bits that we need until
 * then; it may be ours or not. */
static void on_found (void *arg, const struct sftp_answer *answer)
{
	struct sftp_put *put = arg;
	struct sftp_place *place = put->next;
	uint32_t mode = answer->attributes.mode;
	struct sftp_request request = { .path = place->path, .attributes = { .has = SFTP_HAS_MODE } };
	struct err err;

	if (answer->kind == SFTP_STATUS && answer->status == SFTP_NO_SUCH_FILE) {
		request.kind = SFTP_MKDIR;
		request.attributes.mode = place->mode < 0 ? 0777 : (uint32_t)place->mode & 0777;
		place->lacks = 0700 & ~request.attributes.mode;
		request.attributes.mode |= 0700;
		sftp_ask (put->sftp, &request, on_made, put);
	} else if (answer->kind == SFTP_STATUS) {
		sftp_explain (answer, "cannot stat the directory", &err);
		fail_place (put, &err);
	} else if (!(answer->attributes.has & SFTP_HAS_MODE) || !S_ISDIR (mode)) {
		err_set (&err, CODE_BAD_VALUE,
			"an entry of that name exists and is not a directory (symbolic links are not followed)");
		fail_place (put, &err);
	} else if ((mode & 0700) != 0700 && put->options.preserve && place->mode >= 0) {
		request.kind = SFTP_SETSTAT;
		request.attributes.mode = (mode & 07777) | 0700;
		place->lacks = 0700 & ~mode;
		sftp_ask (put->sftp, &request, on_lent, put);
	} else {
		end_place (put);
	}
}

static int enter (struct sftp_put *put, const struct item *item)
{
	struct err err = { .code = 0 };
	char *path = NULL;
	bool bad;

	if (!put->options.recursive)
		return broken (put, "a directory was not asked for");
	bad = check_place (put, item, &err);
	if (!bad && put->depth >= DEPTH)
		bad = err_set (&err, CODE_BAD_VALUE, "more than %d levels of directories", DEPTH) < 0;
	if (!bad && !(path = item_path (put, item))) {
		lack_memory (put);
		return -1;
	}
	if (!(put->next = sftp_place_new (&put->places, put->place, path, item->name))) {
		lack_memory (put);
		return -1;
	}
	if (item->source >= 0)
		put->next->source = item->source;
	put->next->mode = item->mode;
	put->next->has_mtime = item->has_mtime;
	put->next->mtime_ns = item->mtime_ns;
	put->at = AT_PLACE;
	if (bad)
		fail_place (put, &err);
	else
		sftp_ask (put->sftp, &(struct sftp_request){ .kind = SFTP_LSTAT, .path = path }, on_found, put);
	return 0;
}

static int leave (struct sftp_put *put)
{
	struct sftp_place *place = put->place;

	if (!put->depth)
		return broken (put, "there is no directory to leave");
	put->depth--;
	put->place = place->up;
	sftp_place_hold (put->place);
	sftp_place_release (place);
	return 0;
}

static int take_link (struct sftp_put *put, const struct item *item)
{
	struct put_file *file;

	if (!put->options.recursive)
		return broken (put, "a link was not asked for");
	if ((file = file_new (put, item)))
		look (file);
	return 0;
}

static int take_failed (struct sftp_put *put, const struct item *item)
{
	struct err err;

	err_set (&err, (int)item->code, "%s", *item->text ? item->text : "the sender gave no reason");
	if (item->kind == ITEM_ABORT) {
		fail_file (put, err.code, err.text);
		put->at = AT_ENTRY;
	} else {
		report_failure (put, item->name, ITEM_FAILED, put->depth ? put->place->source : item->source, &err);
	}
	return 0;
}

static int take_entry (struct sftp_put *put, const struct item *item)
{
	bool entry = item->kind == ITEM_DIRECTORY || item->kind == ITEM_FILE || item->kind == ITEM_LINK ||
		     item->kind == ITEM_FAILED;

	if (entry && put->depth && item->source >= 0)
		return broken (put, "a source within another");
	if (entry && !put->depth && item->source < 0)
		return broken (put, "an item without its source");
	switch (item->kind) {
	case ITEM_TOTAL: return 0;
	case ITEM_DIRECTORY: return enter (put, item);
	case ITEM_LEAVE: return leave (put);
	case ITEM_FILE: return begin_file (put, item);
	case ITEM_LINK: return take_link (put, item);
	case ITEM_FAILED: return take_failed (put, item);
	default: return broken (put, "content without a file");
	}
}

/* May n more bytes be a part of the current file? */
static bool has_room (struct sftp_put *put, int64_t n)
{
	struct put_file *file = put->file;
	int64_t so_far = file ? file->written + (int64_t)buf_len (&file->held) : 0;
	char text[128];

	if (!file)
		return false;
	if (n <= (file->expected >= 0 ? file->expected : INT64_MAX) - so_far)
		return true;
	snprintf (text, sizeof text, "received more than its %lld bytes", (long long)file->expected);
	fail_file (put, CODE_FAILED, text);
	return false;
}

static int take_content (struct sftp_put *put, const struct item *item)
{
	switch (item->kind) {
	case ITEM_DATA: return 0;
	case ITEM_HOLE:
		if (!has_room (put, item->number))
			return 0;
		put->file->written += item->number;
		put->file->trailing = true;
		return 0;
	case ITEM_END: complete_file (put, item->sum, item->changed); return 0;
	case ITEM_ABORT: return take_failed (put, item);
	default: return broken (put, "a file without an end");
	}
}

/* Take bytes of the body. False: not now; *more: because more must come. */
static bool take_body (struct sftp_put *put, struct buf *in, bool *more)
{
	size_t n = buf_len (in) < put->body ? buf_len (in) : (size_t)put->body;
	struct put_file *file = put->file;

	if (file && file->failed)
		file = put->file = NULL;
	if (n > SFTP_PIECE)
		n = SFTP_PIECE;
	*more = !n || (file && n < SFTP_PIECE && n < put->body); /* a whole piece, or the last one */
	if (*more || (file && file->step < CONTENT && buf_room (&file->held) < n))
		return false;
	if (has_room (put, (int64_t)n)) {
		if (buf_append (&file->held, buf_head (in), n) < 0) {
			lack_memory (put);
			return false;
		}
		file->trailing = false;
		if (file->step == CONTENT)
			write_held (file);
	}
	buf_consume (in, n);
	put->body -= n;
	if (!put->body && put->whole)
		complete_file (put, put->item.sum, false);
	return true;
}

static bool may_take (const struct sftp_put *put)
{
	return put->state == SFTP_PUT_WORKING && !put->stopping && !put->ended && put->at != AT_PLACE &&
	       put->n_files < SFTP_PUT_FILES && sftp_in_flight (put->sftp) < SFTP_WINDOW + SFTP_PUT_FILES &&
	       buf_len (&put->reports) < REPORTS && buf_len (&put->sftp->out) < UNSENT &&
	       put->sftp->state == SFTP_IS_READY;
}

/* A file that is not open yet holds a whole small file only. A hole counts from what is written. */
static bool holds_back (const struct sftp_put *put)
{
	return put->at == AT_CONTENT && !put->whole && put->file && !put->file->failed && put->file->step < CONTENT;
}

/* Take something. False: not now; *more as above. */
static bool take_some (struct sftp_put *put, struct buf *in, bool *more)
{
	struct err err;
	int got;

	*more = false;
	if (put->body > 0)
		return take_body (put, in, more);
	if (holds_back (put))
		return false;
	if ((got = item_next (in, &put->item, &err)) < 0)
		fail_put (put, &err);
	*more = got == 0;
	if (got <= 0)
		return false;
	put->body = put->item.body;
	return (put->at == AT_CONTENT ? take_content (put, &put->item) : take_entry (put, &put->item)) == 0;
}

/* The stream has ended. */
static void end_stream (struct sftp_put *put, bool rest)
{
	struct sftp_place *place = put->place;

	if (rest || put->at != AT_ENTRY || put->depth || put->body) {
		broken (put, "it ended early");
		return;
	}
	put->ended = true;
	put->place = NULL;
	sftp_place_release (place);
}

/* The stream has failed, or is stopped: nothing more comes of the current file, and no further name for a directory. */
static void wind_up (struct sftp_put *put)
{
	struct sftp_place *place = put->place;

	put->wound_up = true;
	fail_file (put, CODE_FAILED, "it was not sent to its end");
	put->place = NULL;
	sftp_place_release (place);
}

void sftp_put_take (struct sftp_put *put, struct buf *in, bool ended)
{
	bool more = false;

	while (may_take (put) && take_some (put, in, &more))
		;
	if (ended && more && may_take (put))
		end_stream (put, buf_len (in) > 0);
	if ((put->state == SFTP_PUT_FAILED || put->stopping) && !put->wound_up)
		wind_up (put);
	settle (put);
}

/* Is it over? */
static void settle (struct sftp_put *put)
{
	if (put->places.memory_short)
		lack_memory (put);
	if (put->state == SFTP_PUT_WORKING && put->ended && !put->n_files && list_empty (&put->places.list))
		put->state = SFTP_PUT_OVER;
}

/* --- the beginning ----------------------------------------------------------------------------------------------- */

static void begin_work (struct sftp_put *put)
{
	const char *slash = strrchr (put->path, '/');
	char *path = put->directory ? strdup (put->path)
				    : strndup (slash ? put->path : ".", slash ? (size_t)(slash - put->path) + 1 : 1);

	if (!path || !(put->place = sftp_place_new (&put->places, NULL, path, "")))
		lack_memory (put);
	else if (put->state == SFTP_PUT_BEGINNING)
		put->state = SFTP_PUT_WORKING;
}

/* As scp does: into the directory, else under that name. A slash at the end names a directory. */
static void on_destination (void *arg, const struct sftp_answer *answer)
{
	struct sftp_put *put = arg;
	size_t n = strlen (put->path);
	bool slash = false;
	struct err err;

	while (n > 1 && (put->path[n - 1] == '/' || (put->path[n - 1] == '.' && put->path[n - 2] == '/'))) {
		slash = true;
		n--;
	}
	put->directory = answer->kind == SFTP_ATTRIBUTES && answer->attributes.has & SFTP_HAS_MODE &&
			 S_ISDIR (answer->attributes.mode);
	if (answer->kind == SFTP_STATUS && answer->status != SFTP_NO_SUCH_FILE) {
		sftp_explain (answer, put->path, &err);
		fail_put (put, &err);
	} else if (!put->directory && (put->options.into || (slash && !put->options.recursive))) {
		err_set (&err, CODE_NOT_FOUND, "%s: is not a directory", put->path);
		fail_put (put, &err);
	} else {
		if (!put->directory)
			put->path[n] = '\0';
		begin_work (put);
	}
}

struct sftp_put *sftp_put_new (struct sftp *sftp, const struct sftp_put_options *options)
{
	struct sftp_put *put = calloc (1, sizeof *put);
	struct err err;

	if (!put || !(put->path = strdup (options->path))) {
		free (put);
		return NULL;
	}
	put->sftp = sftp;
	put->options = *options;
	put->options.path = put->path;
	put->places = (struct sftp_places){ .sftp = sftp,
		.preserve = options->preserve,
		.set_id = options->set_id,
		.sync = options->sync,
		.ops = &place_ops,
		.arg = put };
	list_init (&put->places.list);
	list_init (&put->files);
	buf_init (&put->reports, 4 * 1024 * 1024);
	if (!*put->path || strlen (put->path) >= SFTP_PATH_MAX) {
		err_set (&err, CODE_BAD_VALUE, "the path is %s", *put->path ? "too long" : "empty");
		fail_put (put, &err);
	} else if (!sftp->greeting.has_posix_rename) {
		err_set (&err, CODE_FAILED,
			"its SFTP server cannot replace a file in one step (posix-rename@openssh.com): install remex "
			"there");
		fail_put (put, &err);
	} else if (options->sync && !sftp->greeting.has_fsync) {
		err_set (&err, CODE_FAILED,
			"its SFTP server cannot wait for the disk (fsync@openssh.com): --no-sync does without, or "
			"install remex there");
		fail_put (put, &err);
	} else {
		sftp_ask (sftp, &(struct sftp_request){ .kind = SFTP_STAT, .path = put->path }, on_destination, put);
	}
	return put;
}

void sftp_put_free (struct sftp_put *put)
{
	struct put_file *file, *after;

	if (!put)
		return;
	list_each_safe (file, after, &put->files, node)
		file_free (file);
	sftp_places_free (&put->places);
	buf_free (&put->reports);
	free (put->path);
	free (put);
}

struct buf *sftp_put_reports (struct sftp_put *put)
{
	return &put->reports;
}

enum sftp_put_state sftp_put_state (const struct sftp_put *put, struct err *why)
{
	if (put->state == SFTP_PUT_FAILED)
		*why = put->why;
	return put->state;
}

void sftp_put_totals (const struct sftp_put *put, struct sftp_put_totals *totals)
{
	*totals = put->totals;
}

void sftp_put_stop (struct sftp_put *put)
{
	struct put_file *file, *after;

	put->stopping = true;
	list_each_safe (file, after, &put->files, node)
		step_on (file);
	if (!put->wound_up)
		wind_up (put);
}

bool sftp_put_is_idle (const struct sftp_put *put)
{
	return (!put->n_files && list_empty (&put->places.list) && !put->next) || put->sftp->state == SFTP_IS_BROKEN;
}
