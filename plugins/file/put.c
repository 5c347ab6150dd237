/* put - the verb put: receive a file, or a stream of files; see file.h.
 *
 * A file is put in place only when its content is complete. A single file is complete when the client ends its input,
 * which remex_read distinguishes from all other ends; in a stream each file has an end mark of its own, with its
 * digest. A call that ends in the middle of a file leaves at most a temporary file (files/temporary.h).
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "file.h"
#include "files/file_writer.h"
#include "files/receiver.h"
#include "files/temporary.h"
#include "wire/header.h"

enum { PIECE = 256 * 1024, SEND_RECEIPTS_AT = 32 * 1024 };

/* --- one file ----------------------------------------------------------------------------------------------------- */

/* Read the whole input. 0; -1: failed and reported, or the call is over. *keep: the received part may be resumed. */
static int read_all (struct remex_call *call, const char *path, struct file_writer *writer, int64_t limit, bool *keep)
{
	static char bytes[PIECE];
	struct err err;
	ssize_t n;

	while ((n = remex_read (call, bytes, sizeof bytes)) > 0) {
		if (limit >= 0 && n > limit - file_writer_size (writer)) {
			err_set (&err, CODE_FAILED, "received more than its %lld bytes", (long long)limit);
			return fail (call, path, &err);
		}
		if (file_writer_data (writer, bytes, (size_t)n, &err) < 0)
			return fail (call, path, &err);
	}
	*keep = n < 0 && file_writer_size (writer) > RECEIVER_SMALL;
	return n < 0 ? -1 : 0;
}

/* The sum that the content must have: NULL when the caller gives none; and which kind of sum is computed. */
static const char *expected_sum (struct remex_call *call)
{
	const char *sum = remex_arg_string (call, "sha256");

	return sum ? sum : remex_arg_string (call, "xxh128");
}

static enum digest_kind expected_kind (struct remex_call *call)
{
	const char *sum = expected_sum (call);

	return sum ? (enum digest_kind)digest_kind_of (sum) : DIGEST_SHA256;
}

static int finish (
	struct remex_call *call, struct target *target, const char *path, struct file_writer *writer, bool sync)
{
	json_t *result;
	struct err err;
	int directory = -1;

	if (file_writer_complete (writer, remex_arg_integer (call, "size", -1), expected_sum (call), &err) < 0 ||
		file_writer_sync (writer, &err) < 0 || file_writer_publish (writer, &err) < 0)
		return fail (call, path, &err);
	if (sync && ((directory = openat (target->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ||
			    (fsync (directory) < 0 && errno != EINVAL))) {
		err_sys (&err, CODE_IO_ERROR, "it is in place, but its directory cannot be synced");
		fd_close (&directory);
		return fail (call, path, &err);
	}
	fd_close (&directory);
	result = json_pack ("{sI ss}", "size", (json_int_t)file_writer_size (writer),
		digest_name (expected_kind (call)), file_writer_sum (writer));
	if (*file_writer_note (writer))
		json_object_set_new (
			result, "note", header_bytes (file_writer_note (writer), strlen (file_writer_note (writer))));
	return give_result (call, result);
}

static int check_sum (struct remex_call *call, enum digest_kind kind)
{
	const char *sum = remex_arg_string (call, digest_name (kind));

	if (!sum || digest_kind_of (sum) == (int)kind)
		return 0;
	return remex_fail (call, REMEX_ERR_BAD_VALUE, "'%s' must be %d digits of 0-9a-f", digest_name (kind),
		digest_digits (kind));
}

/* Check the arguments that are present; absent arguments are valid here. 0, or -1: failed and reported. */
static int check_args (struct remex_call *call)
{
	long long mode = remex_arg_integer (call, "mode", 0);

	if (mode < 0 || mode > 07777)
		return remex_fail (call, REMEX_ERR_BAD_VALUE, "'mode' must be from 0 to 4095");
	if (remex_arg_integer (call, "size", 0) < 0)
		return remex_fail (call, REMEX_ERR_BAD_VALUE, "'size' must not be negative");
	if (remex_arg_string (call, "sha256") && remex_arg_string (call, "xxh128"))
		return remex_fail (call, REMEX_ERR_BAD_VALUE, "give either 'sha256' or 'xxh128'");
	return check_sum (call, DIGEST_SHA256) < 0 || check_sum (call, DIGEST_XXH128) < 0 ? -1 : 0;
}

static int put_one (struct reach *reach, const char *path)
{
	struct remex_call *call = reach->call;
	long long mode = remex_arg_integer (call, "mode", -1), mtime = remex_arg_integer (call, "mtime", INT64_MIN);
	struct file_writer_options options = {
		.sync = remex_arg_bool (call, "sync", true),
		.preserve = mode >= 0 || mtime != INT64_MIN,
		.set_id = remex_arg_bool (call, "set_id", false),
	};
	struct target target = TARGET_NONE;
	struct file_writer *writer;
	int64_t mtime_ns = mtime;
	bool keep = false;
	struct err err;
	int result;

	if (check_args (call) < 0)
		return -1;
	options.sum = expected_kind (call);
	if (target_open (&target, &reach->roots, reach->home, path, TARGET_WRITE, &err) < 0)
		return fail (call, path, &err);
	if (target.slash) {
		target_close (&target);
		return remex_fail (call, REMEX_ERR_BAD_VALUE, "%s: is a directory", path);
	}
	if (!(writer = file_writer_new (target.directory, target.name, &options, &err)) ||
		file_writer_can_grow (writer, remex_arg_integer (call, "size", 0), &err) < 0) {
		file_writer_free (writer, false);
		target_close (&target);
		return fail (call, path, &err);
	}
	file_writer_set_mode (writer, (int)mode, mtime == INT64_MIN ? NULL : &mtime_ns);
	result = read_all (call, path, writer, remex_arg_integer (call, "size", -1), &keep);
	if (result == 0)
		result = finish (call, &target, path, writer, options.sync);
	if (file_writer_free (writer, keep))
		temporary_trim (target.directory);
	temporary_tidy (target.directory);
	target_close (&target);
	return result;
}

/* --- a stream of files -------------------------------------------------------------------------------------------- */

struct tree {
	struct reach *reach;
	const char *path;
	int directory; /* the destination is this directory; -1: it is a name for one source */
	struct receiver *receiver;
	struct buf in, back;
	long long done, failed;
	int64_t bytes;
	bool broken; /* the client could not be told */
};

/* scp's rule: into the directory if it exists, otherwise under that name, for one source only. */
static int find_destination (struct tree *tree)
{
	struct remex_call *call = tree->reach->call;
	struct target target = TARGET_NONE;
	struct err err = { .sys = 0 };
	bool into = remex_arg_bool (call, "into", false), slash;

	tree->directory =
		target_open_directory (&tree->reach->roots, tree->reach->home, tree->path, TARGET_WRITE, &err);
	if (tree->directory >= 0)
		return 0;
	if (err.sys != ENOENT && err.sys != ENOTDIR)
		return fail (call, tree->path, &err);
	if (into)
		return remex_fail (call, REMEX_ERR_NOT_FOUND, "%s: is not a directory", tree->path);
	if (target_open (&target, &tree->reach->roots, tree->reach->home, tree->path, TARGET_WRITE, &err) < 0)
		return fail (call, tree->path, &err);
	slash = target.slash;
	target_close (&target);
	if (slash && !remex_arg_bool (call, "recursive", false))
		return remex_fail (call, REMEX_ERR_NOT_FOUND, "%s: is not a directory", tree->path);
	return 0;
}

static int target_item (void *data, const struct item *item, struct target *target, int *fd, struct err *err)
{
	struct tree *tree = data;

	(void)fd;
	if (tree->directory < 0) {
		if (item->source != 0)
			return err_set (err, CODE_BAD_VALUE, "%s is not a directory", tree->path);
		return target_open (target, &tree->reach->roots, tree->reach->home, tree->path, TARGET_WRITE, err);
	}
	if ((target->directory = fcntl (tree->directory, F_DUPFD_CLOEXEC, 0)) < 0)
		return err_sys (err, CODE_BUSY, "a directory");
	memcpy (target->name, item->name, strlen (item->name) + 1);
	return 0;
}

/* Send the collected receipts to the client. */
static int send_receipts (struct tree *tree)
{
	size_t n = buf_len (&tree->back);

	if (tree->broken)
		return remex_fail (tree->reach->call, REMEX_ERR_BUSY, "out of memory");
	if (n && remex_write (tree->reach->call, FILES_STREAM, buf_head (&tree->back), n) < 0)
		return -1;
	buf_consume (&tree->back, n);
	return 0;
}

static void report (void *data, const struct receipt *receipt)
{
	static struct item item;
	struct tree *tree = data;

	item_init (&item, receipt->err ? ITEM_FAILED : ITEM_DONE);
	strncpy (item.name, receipt->path, sizeof item.name - 1);
	item.source = receipt->source;
	if (receipt->err) {
		tree->failed++;
		item.code = (enum code)receipt->err->code;
		strncpy (item.text, receipt->err->text, sizeof item.text - 1);
	} else if (receipt->note) {
		strncpy (item.text, receipt->note, sizeof item.text - 1);
	}
	if (!receipt->err && receipt->kind == ITEM_FILE) {
		tree->done++;
		tree->bytes += receipt->size;
		item.size = receipt->size;
		item.changed = receipt->changed;
		snprintf (item.sum, sizeof item.sum, "%s", receipt->sum);
	}
	if (item_put (&tree->back, &item) < 0)
		tree->broken = true;
	else if (buf_len (&tree->back) >= SEND_RECEIPTS_AT && send_receipts (tree) < 0)
		tree->broken = true;
}

/* As read(2), of the input. ECANCELED when the request ends: the pipe does not show that end, and a plain read would
 * wait until remexd kills us, without a chance to keep the received part. */
static ssize_t read_input (struct remex_call *call, int fd, void *bytes, size_t size)
{
	struct pollfd fds[] = { { .fd = fd, .events = POLLIN }, { .fd = remex_cancel_fd (call), .events = POLLIN } };

	if (poll (fds, sizeof fds / sizeof *fds, -1) < 0)
		return -1;
	if (fds[1].revents) {
		errno = ECANCELED;
		return -1;
	}
	return read (fd, bytes, size);
}

/* Take the whole input. */
static int take_input (struct tree *tree, int fd)
{
	struct remex_call *call = tree->reach->call;
	struct err err;
	ssize_t n;
	int got;

	for (;;) {
		uint8_t *space = buf_reserve (&tree->in, PIECE);

		if (!space)
			return remex_fail (call, REMEX_ERR_BUSY, "out of memory");
		if ((n = read_input (call, fd, space, PIECE)) < 0 && errno == ECANCELED)
			return -1;
		if (n < 0 && errno != EINTR)
			return remex_fail (call, REMEX_ERR_IO, "cannot read the input: %s", strerror (errno));
		if (n == 0)
			return 0;
		if (n < 0)
			continue;
		buf_commit (&tree->in, (size_t)n);
		do
			if ((got = receiver_take (tree->receiver, &tree->in, &tree->back, &err)) < 0)
				return send_receipts (tree) < 0 ? -1 : fail (call, NULL, &err);
		while (got > 0 && !remex_cancelled (call));
		if (got > 0 || send_receipts (tree) < 0)
			return -1;
	}
}

static int receive (struct tree *tree)
{
	struct remex_call *call = tree->reach->call;
	int fd = open_input (call), result;
	struct err err;

	if (fd < 0)
		return -1;
	result = take_input (tree, fd);
	fd_close (&fd);
	if (result < 0)
		return -1;
	if (buf_len (&tree->in) > 0)
		return remex_fail (call, REMEX_ERR_BAD_VALUE, "the stream of files ended early");
	if (receiver_end (tree->receiver, &err) < 0)
		return send_receipts (tree) < 0 ? -1 : fail (call, NULL, &err);
	if (send_receipts (tree) < 0)
		return -1;
	return give_result (call, json_pack ("{sI sI sI}", "files", (json_int_t)tree->done, "bytes",
					  (json_int_t)tree->bytes, "failed", (json_int_t)tree->failed));
}

static int put_tree (struct reach *reach, const char *path)
{
	struct remex_call *call = reach->call;
	struct receiver_options options = {
		.writer = { .sync = remex_arg_bool (call, "sync", true),
			.preserve = remex_arg_bool (call, "preserve", false),
			.set_id = remex_arg_bool (call, "set_id", false) },
		.recursive = remex_arg_bool (call, "recursive", false),
		.live = true, /* the client decides on files that change */
		.tame = reach->roots.bound,
	};
	struct tree tree = { .reach = reach, .path = path, .directory = -1 };
	int result;

	if (read_sum (call, &options.writer.sum) < 0)
		return -1;
	buf_init (&tree.in, HEADER_MAX + 4 + PIECE);
	buf_init (&tree.back, 1024 * 1024);
	if ((result = find_destination (&tree)) == 0) {
		if (!(tree.receiver = receiver_new (&options, target_item, report, &tree)))
			result = remex_fail (call, REMEX_ERR_BUSY, "out of memory");
		else
			result = receive (&tree);
	}
	receiver_free (tree.receiver);
	buf_free (&tree.in);
	buf_free (&tree.back);
	fd_close (&tree.directory);
	return result;
}

int file_put (void *state, struct remex_call *call)
{
	const char *path = remex_arg_string (call, "path");
	struct reach reach;
	int result;

	(void)state;
	if ((result = reach_open (&reach, call)) == 0)
		result = remex_arg_bool (call, "tree", false) ? put_tree (&reach, path) : put_one (&reach, path);
	reach_close (&reach);
	return result;
}
