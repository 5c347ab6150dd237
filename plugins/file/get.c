/* get - the verb get: send a file, or a stream of files; see file.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "file.h"
#include "files/file_reader.h"
#include "files/sender.h"
#include "wire/header.h"

/* --- one file ----------------------------------------------------------------------------------------------------- */

static int send_zeros (struct remex_call *call, int64_t n)
{
	static const char zeros[64 * 1024];

	while (n > 0) {
		size_t some = n < (int64_t)sizeof zeros ? (size_t)n : sizeof zeros;

		if (remex_write (call, "stdout", zeros, some) < 0)
			return -1;
		n -= (int64_t)some;
	}
	return 0;
}

static int send_all (struct remex_call *call, const char *path, struct file_reader *reader)
{
	static char bytes[ITEM_DATA_MAX];
	struct err err;
	int64_t n;
	int what;

	while ((what = file_reader_next (reader, bytes, sizeof bytes, &n, &err)) > FILE_READER_END) {
		int sent = what == FILE_READER_HOLE ? send_zeros (call, n)
						    : remex_write (call, "stdout", bytes, (size_t)n);

		if (sent < 0)
			return -1;
	}
	if (what < 0)
		return fail (call, path, &err);
	if (file_reader_doubt (reader) && !remex_arg_bool (call, "live", false))
		return remex_fail (call, REMEX_ERR_FAILED, "%s: %s", path, file_reader_doubt_words (reader));
	return 0;
}

static int get_one (struct reach *reach, const char *path)
{
	struct remex_call *call = reach->call;
	struct file_reader *reader;
	const struct stat *st;
	char sum[DIGEST_TEXT];
	enum digest_kind kind;
	struct err err;
	int fd, result;

	if (read_sum (call, &kind) < 0)
		return -1;
	if ((fd = target_open_source (&reach->roots, reach->home, path, &err)) < 0)
		return fail (call, path, &err);
	if (!(reader = file_reader_new (fd, false, kind, &err)))
		return fail (call, path, &err);
	st = file_reader_stat (reader);
	result = send_all (call, path, reader);
	file_reader_sum (reader, sum);
	if (result == 0)
		result =
			give_result (call, json_pack ("{sI ss si sI sb}", "size", (json_int_t)file_reader_done (reader),
						   digest_name (kind), sum, "mode", (int)(st->st_mode & 07777), "mtime",
						   (json_int_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec,
						   "changed", file_reader_doubt (reader) == FILE_READER_CHANGED));
	file_reader_free (reader);
	return result;
}

/* --- a stream of files -------------------------------------------------------------------------------------------- */

struct sources {
	struct reach *reach;
	const char *const *paths;
};

/* The name is only for messages: the client knows its request. */
static void name_source (const char *path, int fd, char *name)
{
	size_t n = strlen (path);
	char link[64], target[4096];
	ssize_t length;

	while (n > 0 && path[n - 1] == '/')
		n--;
	for (size_t i = n; i > 0 && path[i - 1] != '/'; i--)
		if (n - i + 1 <= ITEM_NAME_MAX)
			snprintf (name, ITEM_NAME_MAX + 1, "%.*s", (int)(n - i + 1), path + i - 1);
	if (item_is_component (name))
		return;
	snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
	length = fd < 0 ? -1 : readlink (link, target, sizeof target - 1);
	target[length < 0 ? 0 : length] = '\0';
	snprintf (name, ITEM_NAME_MAX + 1, "%s", strrchr (target, '/') ? strrchr (target, '/') + 1 : "");
	if (!item_is_component (name))
		snprintf (name, ITEM_NAME_MAX + 1, "files");
}

static int open_source (void *data, int index, char *name, bool *stream, struct err *err)
{
	const struct sources *sources = data;
	const char *path = sources->paths[index];
	int fd = target_open_source (&sources->reach->roots, sources->reach->home, path, err);

	*stream = false;
	name[0] = '\0';
	name_source (path, fd, name);
	return fd;
}

/* Take the client's answers, one {"have":…} for each question. */
static int take_answer (struct remex_call *call, struct sender *sender, struct buf *in)
{
	static struct item item;
	struct err err;
	ssize_t n;
	int got;

	while ((got = item_next (in, &item, &err)) == 0) {
		uint8_t *space = buf_reserve (in, 4096);

		if (!space)
			return remex_fail (call, REMEX_ERR_BAD_VALUE, "an answer without an end");
		if ((n = remex_read (call, space, 4096)) < 0)
			return -1;
		if (n == 0)
			return remex_fail (call, REMEX_ERR_BAD_VALUE, "the input ended instead of an answer");
		buf_commit (in, (size_t)n);
	}
	if (got < 0 || sender_answer (sender, &item, &err) < 0)
		return fail (call, NULL, &err);
	return 0;
}

static int send_stream (struct remex_call *call, struct sender *sender, int fd, struct buf *in, struct buf *out)
{
	int state;

	do {
		state = sender_fill (sender, out);
		/* When remexd has closed its end, the request is over. */
		if (buf_len (out) > 0 && fd_write_all (fd, buf_head (out), buf_len (out)) < 0)
			return -1;
		buf_consume (out, buf_len (out));
		if (state == SENDER_WAIT && take_answer (call, sender, in) < 0)
			return -1;
		/* A long hole gives nothing to write, and takes time. */
		if (state == SENDER_MORE && remex_cancelled (call))
			return -1;
	} while (state == SENDER_MORE || state == SENDER_WAIT);
	if (state < 0)
		return remex_fail (call, REMEX_ERR_BUSY, "out of memory");
	return 0;
}

static int get_tree (struct reach *reach, const char *const *paths)
{
	struct remex_call *call = reach->call;
	struct sender_options options = {
		.recursive = remex_arg_bool (call, "recursive", false),
		.live = remex_arg_bool (call, "live", false),
		.resume = remex_arg_bool (call, "resume", false),
		.count = remex_arg_bool (call, "count", false),
	};
	struct sources sources = { .reach = reach, .paths = paths };
	struct sender_progress progress;
	struct sender *sender;
	struct buf in, out;
	int n = 0, fd, result = -1;

	if (read_sum (call, &options.sum) < 0)
		return -1;
	while (paths[n])
		n++;
	if (!(sender = sender_new (&options, n, open_source, &sources)))
		return remex_fail (call, REMEX_ERR_BUSY, "out of memory");
	buf_init (&in, HEADER_MAX + 8192);
	buf_init (&out, ITEM_HEADER_MAX + ITEM_DATA_MAX + 4096);
	if ((fd = open_output (call)) >= 0)
		result = send_stream (call, sender, fd, &in, &out);
	fd_close (&fd);
	if (result == 0) {
		sender_progress (sender, &progress);
		result = give_result (call, json_pack ("{sI sI}", "files", (json_int_t)progress.files, "bytes",
						    (json_int_t)progress.bytes));
	}
	sender_free (sender);
	buf_free (&in);
	buf_free (&out);
	return result;
}

int file_get (void *state, struct remex_call *call)
{
	const char *const *paths = remex_arg_strings (call, "paths");
	const char *path = remex_arg_string (call, "path");
	struct reach reach;
	int result;

	(void)state;
	if (!path == !paths)
		return remex_fail (call, REMEX_ERR_BAD_VALUE, "give either 'path' or 'paths'");
	if ((result = reach_open (&reach, call)) == 0)
		result = paths ? get_tree (&reach, paths) : get_one (&reach, path);
	reach_close (&reach);
	return result;
}
