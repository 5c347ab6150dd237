/* file_writer - one file that is being received. The file appears complete or not at all.
 *
 * States: OPEN (content comes, in order), READY (complete, verified, and on the disk). Then the file is published by
 * rename(2), or discarded. At every moment the name holds the complete old file or the complete new one, also after a
 * crash. The content goes to a temporary (temporary.h) in the same directory; its sum is computed on the way.
 *
 * The owner keeps the directory open as long as the writer lives.
 */
#ifndef REMEX_FILES_FILE_WRITER_H
#define REMEX_FILES_FILE_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "files/digest.h"

struct file_writer_options {
	bool sync; /* fsync(2) before the file is READY */
	bool preserve; /* mode and time come from the sender; otherwise the mode is that of the replaced file, or that of the
			  sender without the bits of the umask */
	bool set_id; /* keep the bits 07000 of the mode */
	enum digest_kind sum;
};

struct file_writer;

/* Begin a file. `directory` is borrowed. An existing regular file or symbolic link (the link itself) will be
 * replaced. An existing FIFO, device, socket or directory is never replaced (CODE_BAD_VALUE). NULL and err:
 * CODE_BAD_VALUE, CODE_DENIED (EACCES, EPERM, EROFS), CODE_NOT_FOUND (ENOENT), CODE_IO_ERROR; with err->sys. */
struct file_writer *file_writer_new (
	int directory, const char *name, const struct file_writer_options *options, struct err *err);

/* Write to a descriptor (borrowed) in place of a file: the bytes in order, holes as zeros. There is nothing to
 * publish. */
struct file_writer *file_writer_to (int fd, enum digest_kind sum, struct err *err);

/* Continue the temporary that an interrupted transfer left, if there is one. Its bytes are read once to compute
 * their sum, FILE_WRITER_STEP in each call: FILE_WRITER_MORE asks for another call. Returns how many bytes there are (0:
 * none), and their sum in `sum`; or -1 and err. Then call file_writer_from with the number of bytes to keep: all or
 * 0. */
enum { FILE_WRITER_STEP = 16 * 1024 * 1024, FILE_WRITER_MORE = -2 };
int64_t file_writer_resume (struct file_writer *writer, char sum[DIGEST_TEXT], struct err *err);
int file_writer_from (struct file_writer *writer, int64_t bytes, struct err *err);

/* Add content, in order. 0, or -1 and err (CODE_IO_ERROR: the disk is full, …; CODE_BAD_VALUE: a file cannot be so
 * large). A hole takes no room on the disk but takes time, because the sum of its zeros is computed in this call:
 * give a large hole in pieces. */
int file_writer_data (struct file_writer *writer, const void *bytes, size_t n, struct err *err);
int file_writer_hole (struct file_writer *writer, int64_t n, struct err *err);

/* Can the file have n more bytes (size.h)? Call it with the size that the sender announced before any content comes,
 * and with the size of a large hole before its first piece. No sum is computed and no room is taken. 0, or -1 and
 * err: CODE_BAD_VALUE, or CODE_IO_ERROR with err->sys EFBIG where the filesystem refuses. */
int file_writer_can_grow (struct file_writer *writer, int64_t n, struct err *err);

int64_t file_writer_size (const struct file_writer *writer); /* bytes so far */

/* Set the mode and the time that the sender sent; mode -1 and mtime_ns NULL: the sender sent none. metadata.h lists the
 * attributes of a replaced file that are kept. */
void file_writer_set_mode (struct file_writer *writer, int mode, const int64_t *mtime_ns);

/* All content has been received: OPEN to READY. `size` (-1: unknown) and `sum` (NULL: unknown) are compared with the
 * content (-1 and CODE_FAILED when they differ); mode and time are set. 0, or -1 and err.
 *
 * Then sync: file_writer_start_sync asks the kernel to begin writing, file_writer_sync waits until the file is on
 * the disk. They are separate so that many small files share one wait. file_writer_sync_all syncs the whole
 * filesystem (syncfs(2)); *device is set to its number, and when it has that value already, nothing is done. Without
 * options.sync these do nothing. */
int file_writer_complete (struct file_writer *writer, int64_t size, const char *sum, struct err *err);
void file_writer_start_sync (struct file_writer *writer);
int file_writer_sync (struct file_writer *writer, struct err *err);
int file_writer_sync_all (struct file_writer *writer, dev_t *device, struct err *err);

/* After file_writer_complete: the sum of the content, and the attributes of a replaced file that are not kept
 * ("": nothing is lost). */
const char *file_writer_sum (const struct file_writer *writer);
const char *file_writer_note (const struct file_writer *writer);

/* In state READY: rename the temporary to the name of the file. The caller syncs the directory. 0, or -1 and err; in
 * both cases only file_writer_free may follow. */
int file_writer_publish (struct file_writer *writer, struct err *err);

/* Free the writer (NULL is allowed). When the file was not published: with `keep`, a temporary that has content
 * stays and can be resumed (a complete one gets the owner, mode and time of a temporary back); otherwise the
 * temporary is removed. Returns whether the temporary stays: then call temporary_trim. */
bool file_writer_free (struct file_writer *writer, bool keep);

#endif
