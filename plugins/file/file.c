/* file - the plugin that copies files to and from this machine, and manages them.
 *
 * A path is relative to the user's home. Every file is reached from a directory that is held open (files/target.h),
 * within the roots of the caller's identity if it has any (remex_roots). put.c, get.c, look.c and change.c hold the
 * verbs; the format on the wire is src/files, shared with the client.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "file.h"
#include "wire/codes.h"

int fail (struct remex_call *call, const char *path, const struct err *err)
{
	static const struct {
		enum code ours;
		enum remex_code theirs;
	} codes[] = {
		{ CODE_BAD_VALUE, REMEX_ERR_BAD_VALUE },
		{ CODE_DENIED, REMEX_ERR_DENIED },
		{ CODE_NOT_FOUND, REMEX_ERR_NOT_FOUND },
		{ CODE_BUSY, REMEX_ERR_BUSY },
		{ CODE_IO_ERROR, REMEX_ERR_IO },
	};
	enum remex_code code = REMEX_ERR_FAILED;

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if ((int)codes[i].ours == err->code)
			code = codes[i].theirs;
	if (!path)
		return remex_fail (call, code, "%s", err->text);
	return remex_fail (call, code, "%s: %s", path, err->text);
}

int give_result (struct remex_call *call, json_t *document)
{
	char *text = document ? json_dumps (document, JSON_COMPACT) : NULL;
	int result;

	json_decref (document);
	if (!text)
		return remex_fail (call, REMEX_ERR_BUSY, "out of memory");
	result = remex_write (call, "result", text, strlen (text));
	free (text);
	return result;
}

/* --- pipes -------------------------------------------------------------------------------------------------------- */

enum { PIPE_SIZE = 1024 * 1024 }; /* the maximum of an ordinary user (pipe(7), pipe-max-size) */

static int make_pipe (struct remex_call *call, int ends[2])
{
	if (pipe2 (ends, O_CLOEXEC) < 0)
		return remex_fail (call, REMEX_ERR_BUSY, "cannot make a pipe: %s", strerror (errno));
	(void)fcntl (ends[1], F_SETPIPE_SZ, PIPE_SIZE); /* a smaller pipe is only slower */
	return 0;
}

int open_input (struct remex_call *call)
{
	int ends[2];

	if (make_pipe (call, ends) < 0)
		return -1;
	if (remex_sink (call, ends[1]) == 0)
		return ends[0];
	fd_close (&ends[0]);
	return -1;
}

int open_output (struct remex_call *call)
{
	int ends[2];

	if (make_pipe (call, ends) < 0)
		return -1;
	if (remex_stream (call, FILES_STREAM, ends[0]) == 0)
		return ends[1];
	fd_close (&ends[1]);
	return -1;
}

/* --- the caller's roots ------------------------------------------------------------------------------------------- */

int reach_open (struct reach *reach, struct remex_call *call)
{
	const struct remex_root *const *roots = remex_roots (call);
	size_t n = 0;

	*reach = (struct reach){ .call = call, .home = remex_home (call), .roots.bound = roots != NULL };
	while (roots && roots[n])
		n++;
	if (n && !(reach->roots.items = calloc (n, sizeof *reach->roots.items)))
		return remex_fail (call, REMEX_ERR_BUSY, "out of memory");
	for (; reach->roots.n < n; reach->roots.n++) {
		struct root *root = &reach->roots.items[reach->roots.n];

		root->writable = roots[reach->roots.n]->writable;
		if (!(root->path = strdup (roots[reach->roots.n]->path)))
			return remex_fail (call, REMEX_ERR_BUSY, "out of memory");
	}
	return 0;
}

void reach_close (struct reach *reach)
{
	for (size_t i = 0; i < reach->roots.n; i++)
		free (reach->roots.items[i].path);
	free (reach->roots.items);
	reach->roots.items = NULL;
	reach->roots.n = 0;
}

int read_sum (struct remex_call *call, enum digest_kind *sum)
{
	const char *name = remex_arg_string (call, "sum");
	int kind = name ? digest_parse (name) : DIGEST_SHA256;

	if (kind < 0)
		return remex_fail (call, REMEX_ERR_BAD_VALUE, "invalid sum '%s' (sha256 or xxh128)", name);
	*sum = (enum digest_kind)kind;
	return 0;
}

/* --- the tables --------------------------------------------------------------------------------------------------- */

static const struct remex_param put_params[] = {
	{ "path", REMEX_STRING, REMEX_REQUIRED, "the file to write" },
	{ "size", REMEX_INTEGER, 0, "the size of the content; any other is refused" },
	{ "sha256", REMEX_STRING, 0, "the SHA-256 of the content; any other is refused" },
	{ "xxh128", REMEX_STRING, 0, "likewise its XXH128" },
	{ "mode", REMEX_INTEGER, 0, "the file's permissions, as a number (420 is 0644)" },
	{ "mtime", REMEX_INTEGER, 0, "the file's modification time, in nanoseconds since 1970" },
	{ "sync", REMEX_BOOL, 0, "sync the file to the disk (true)" },
	{ "tree", REMEX_BOOL, 0, "the input is a stream of items (doc/protocol.md), not the content of a file" },
	{ "into", REMEX_BOOL, 0, "with tree: path must be a directory" },
	{ "recursive", REMEX_BOOL, 0, "with tree: accept directories and links" },
	{ "preserve", REMEX_BOOL, 0, "with tree: keep modes and times" },
	{ "set_id", REMEX_BOOL, 0, "keep set-user-ID, set-group-ID and sticky bits of a mode" },
	{ "sum", REMEX_STRING, 0,
		"with tree: the sums of the stream: sha256 (the default) or xxh128, which is faster" },
	{ 0 },
};

static const struct remex_param get_params[] = {
	{ "path", REMEX_STRING, 0, "the file; its content is the stream stdout" },
	{ "paths", REMEX_STRINGS, 0, "several files; they are sent as items (doc/protocol.md) on the stream files" },
	{ "recursive", REMEX_BOOL, 0, "with paths: directories as well, with their content" },
	{ "resume", REMEX_BOOL, 0,
		"with paths: ask by an item for the size that the receiver has of each file; the input answers" },
	{ "count", REMEX_BOOL, 0, "with paths: begin with the totals" },
	{ "live", REMEX_BOOL, 0, "send a file that changes meanwhile, or whose size is wrong (/proc), as it is read" },
	{ "sum", REMEX_STRING, 0, "which sum is computed: sha256 (the default) or xxh128, which is faster" },
	{ 0 },
};

static const struct remex_param checksum_params[] = {
	{ "path", REMEX_STRING, REMEX_REQUIRED, "what" },
	{ "sum", REMEX_STRING, 0, "which sum: sha256 (the default) or xxh128, which is faster" },
	{ 0 },
};

static const struct remex_param path_params[] = {
	{ "path", REMEX_STRING, REMEX_REQUIRED, "what" },
	{ 0 },
};

static const struct remex_param mkdir_params[] = {
	{ "path", REMEX_STRING, REMEX_REQUIRED, "the directory" },
	{ "parents", REMEX_BOOL, 0, "missing directories above it as well; an existing directory is no failure" },
	{ "mode", REMEX_INTEGER, 0, "its permissions, as a number (493 is 0755), less the umask" },
	{ 0 },
};

static const struct remex_param remove_params[] = {
	{ "path", REMEX_STRING, REMEX_REQUIRED, "what" },
	{ "recursive", REMEX_BOOL, 0, "a directory with its content; otherwise only an empty one" },
	{ 0 },
};

static const struct remex_verb verbs[] = {
	{ "put", "Receive a file, whole or not at all, or a stream of files", put_params, file_put, REMEX_PATHS },
	{ "get", "Send a file, or a stream of files", get_params, file_get, REMEX_PATHS },
	{ "list", "List a directory", path_params, file_list, REMEX_PATHS },
	{ "stat", "Show the type, mode, size and times of a file", path_params, file_stat, REMEX_PATHS },
	{ "checksum", "Compute the sum of a file", checksum_params, file_checksum, REMEX_PATHS },
	{ "mkdir", "Make a directory", mkdir_params, file_mkdir, REMEX_PATHS },
	{ "remove", "Remove a file or a directory", remove_params, file_remove, REMEX_PATHS },
	{ 0 },
};

REMEX_PLUGIN (.name = "file", .version = "1.0", .summary = "Copy, list and remove files", .verbs = verbs);
