/* look - the verbs list, stat and checksum; see file.h. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "file.h"
#include "files/code.h"
#include "files/file_reader.h"
#include "files/item.h"
#include "wire/header.h"

static const char *type_word (mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG: return "file";
	case S_IFDIR: return "directory";
	case S_IFLNK: return "link";
	case S_IFIFO: return "fifo";
	case S_IFSOCK: return "socket";
	case S_IFCHR: return "character device";
	case S_IFBLK: return "block device";
	default: return "unknown";
	}
}

json_t *describe (int directory, const char *name, const struct stat *st)
{
	json_t *document = json_pack ("{ss sI si sI sI sI}", "type", type_word (st->st_mode), "size",
		(json_int_t)st->st_size, "mode", (int)(st->st_mode & 07777), "mtime",
		(json_int_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec, "uid", (json_int_t)st->st_uid, "gid",
		(json_int_t)st->st_gid);
	char target[TARGET_PATH_MAX];
	ssize_t n;

	if (S_ISLNK (st->st_mode) && (n = readlinkat (directory, name, target, sizeof target)) >= 0)
		json_object_set_new (document, "target", header_bytes (target, (size_t)n));
	return document;
}

/* Write one entry as text, with a comma before it unless it is the first. 0 or -1. */
static int write_entry (struct remex_call *call, int directory, const char *name, bool first)
{
	struct stat st;
	json_t *entry;
	char *text;
	int result;

	if (fstatat (directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0; /* removed meanwhile */
	entry = describe (directory, name, &st);
	if (json_object_set_new (entry, "name", header_bytes (name, strlen (name))) < 0 ||
		!(text = json_dumps (entry, JSON_COMPACT))) {
		json_decref (entry);
		return remex_fail (call, REMEX_ERR_BUSY, "out of memory");
	}
	json_decref (entry);
	result = first ? 0 : remex_write (call, "result", ",", 1);
	if (result == 0)
		result = remex_write (call, "result", text, strlen (text));
	free (text);
	return result < 0 ? -1 : 1;
}

/* Write the document piece by piece: a directory may have millions of entries. */
static int write_list (struct remex_call *call, DIR *list)
{
	static const char head[] = "{\"entries\":[";
	bool first = true;
	struct dirent *entry;
	int result = remex_write (call, "result", head, sizeof head - 1);

	errno = 0;
	while (result >= 0 && (entry = readdir (list))) {
		if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0) {
			result = write_entry (call, dirfd (list), entry->d_name, first);
			first = first && result == 0;
		}
		errno = 0;
	}
	if (result < 0)
		return -1;
	if (errno)
		return remex_fail (call, REMEX_ERR_IO, "cannot read the directory: %s", strerror (errno));
	return remex_write (call, "result", "]}", 2);
}

int file_list (void *state, struct remex_call *call)
{
	const char *path = remex_arg_string (call, "path");
	struct reach reach;
	struct err err;
	DIR *list = NULL;
	int fd = -1, result;

	(void)state;
	if ((result = reach_open (&reach, call)) == 0) {
		if ((fd = target_open_directory (&reach.roots, reach.home, path, 0, &err)) < 0)
			result = fail (call, path, &err);
		else if (!(list = fdopendir (fd)))
			result = remex_fail (call, REMEX_ERR_BUSY, "%s: %s", path, strerror (errno));
		else
			result = write_list (call, list);
	}
	if (list)
		closedir (list);
	else
		fd_close (&fd);
	reach_close (&reach);
	return result;
}

int file_stat (void *state, struct remex_call *call)
{
	const char *path = remex_arg_string (call, "path");
	struct target target = TARGET_NONE;
	struct reach reach;
	struct stat st;
	struct err err;
	int result;

	(void)state;
	if ((result = reach_open (&reach, call)) == 0) {
		if (target_open (&target, &reach.roots, reach.home, path, 0, &err) < 0)
			result = fail (call, path, &err);
		else if (fstatat (target.directory, target.name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
			err_sys (&err, files_code (errno), "cannot stat it");
			result = fail (call, path, &err);
		} else {
			result = give_result (call, describe (target.directory, target.name, &st));
		}
	}
	target_close (&target);
	reach_close (&reach);
	return result;
}

static int give_sum (struct remex_call *call, const char *path, int fd)
{
	static char bytes[ITEM_DATA_MAX];
	char sum[DIGEST_TEXT];
	struct file_reader *reader;
	enum digest_kind kind;
	struct err err;
	int64_t n;
	int what, result;

	if (read_sum (call, &kind) < 0) {
		fd_close (&fd);
		return -1;
	}
	if (!(reader = file_reader_new (fd, false, kind, &err)))
		return fail (call, path, &err);
	while ((what = file_reader_next (reader, bytes, sizeof bytes, &n, &err)) > FILE_READER_END &&
		!remex_cancelled (call))
		continue;
	file_reader_sum (reader, sum);
	if (what < 0)
		result = fail (call, path, &err);
	else if (what != FILE_READER_END)
		result = -1; /* cancelled */
	else if (file_reader_doubt (reader))
		result = remex_fail (call, REMEX_ERR_FAILED, "%s: %s", path, file_reader_doubt_words (reader));
	else
		result = give_result (call,
			json_pack ("{sI ss}", "size", (json_int_t)file_reader_done (reader), digest_name (kind), sum));
	file_reader_free (reader);
	return result;
}

int file_checksum (void *state, struct remex_call *call)
{
	const char *path = remex_arg_string (call, "path");
	struct reach reach;
	struct err err;
	int fd, result;

	(void)state;
	if ((result = reach_open (&reach, call)) == 0) {
		if ((fd = target_open_source (&reach.roots, reach.home, path, &err)) < 0)
			result = fail (call, path, &err);
		else
			result = give_sum (call, path, fd);
	}
	reach_close (&reach);
	return result;
}
