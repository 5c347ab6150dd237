/* file_writer - one file that is being received: whole or not at all.
 *
 * States: OPEN (content comes, in order), READY (complete, compared, and on the disk), then published by rename(2) or
 * discarded. A name holds the whole old file or the whole new one at every moment, whatever happens to us. The content goes
 * to a temporary (temporary.h) beside it; its SHA-256 is made as it comes.
 *
 * The owner keeps the directory open as long as the writing lives.
 */
#ifndef REMEX_FILES_FILE_WRITER_H
#define REMEX_FILES_FILE_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "files/digest.h"

struct file_writer_options {
	bool sync; /* fsync(2) before it is ready */
	bool preserve; /* mode and time are what the sender says; otherwise the mode is that of the file that is replaced, or
			  the sender's less the umask */
	bool set_id; /* keep the bits 07000 of the mode */
};

struct file_writer;

/* Begin. `directory` is borrowed. Refused (CODE_BAD_VALUE) where `name` is there and no regular file or symbolic link:
 * a FIFO, device, socket or directory is never replaced; a link is, itself. err->code otherwise CODE_DENIED (EACCES, EPERM,
 * EROFS), CODE_NOT_FOUND (ENOENT), CODE_IO_ERROR, with err->sys. NULL and err. */
struct file_writer *file_writer_new (
	int directory, const char *name, const struct file_writer_options *options, struct err *err);

/* Instead of a temporary and a name: to that descriptor (borrowed), in order, holes as zeros. Nothing is published. */
struct file_writer *file_writer_to (int fd, struct err *err);

/* Continue what an interrupted transfer has left, where there is something: its bytes are read once to make their sum.
 * How many there are (0: none), with their sum in `sum`. file_writer_from then says how many of them are good: all or 0. */
int64_t file_writer_resume (struct file_writer *writer, char sum[DIGEST_TEXT], struct err *err);
int file_writer_from (struct file_writer *writer, int64_t bytes, struct err *err);

/* Content, in order. 0, or -1 and err (CODE_IO_ERROR: the disk is full, …; CODE_BAD_VALUE: no file can be so large). A hole
 * takes no room, but time: a sum is made of its zeros, all in this call, so a large one is to be given in pieces. */
int file_writer_data (struct file_writer *writer, const void *bytes, size_t n, struct err *err);
int file_writer_hole (struct file_writer *writer, int64_t n, struct err *err);

/* Can it have n more bytes (size.h)? Asked of the size that the sender has declared, before any content comes, and of a large
 * hole, before its first piece: nothing is summed up, and no room is taken. 0, or -1 and err: CODE_BAD_VALUE, or CODE_IO_ERROR
 * and err->sys EFBIG where it is the filesystem that refuses. */
int file_writer_can_grow (struct file_writer *writer, int64_t n, struct err *err);

int64_t file_writer_size (const struct file_writer *writer); /* bytes so far */

/* What it is to be. mode -1 and mtime_ns NULL: not said. access.h has what is kept of a file that is replaced. */
void file_writer_set_mode (struct file_writer *writer, int mode, const int64_t *mtime_ns);

/* It is complete: OPEN to READY. `size` (-1: not said) and `sum` (NULL: not said) are compared with what came (else -1,
 * CODE_FAILED); mode and time are set. file_writer_start_sync asks the kernel to begin writing it out, file_writer_sync waits until
 * it is on the disk: apart, so that many small files share the wait. file_writer_sync_all does that for all files of its
 * filesystem at once (syncfs(2)); *device says which that is, and where it was that one before, nothing is done. They do nothing without options.sync. 0, or -1. */
int file_writer_complete (struct file_writer *writer, int64_t size, const char *sum, struct err *err);
void file_writer_start_sync (struct file_writer *writer);
int file_writer_sync (struct file_writer *writer, struct err *err);
int file_writer_sync_all (struct file_writer *writer, dev_t *device, struct err *err);

/* After file_writer_complete: the sum of what came, and what is not kept of a file that is replaced ("": nothing is lost). */
const char *file_writer_sum (const struct file_writer *writer);
const char *file_writer_note (const struct file_writer *writer);

/* READY: give it its name. The directory itself is the owner's to fsync. 0, or -1 and err; either way it is over but for
 * file_writer_free. */
int file_writer_publish (struct file_writer *writer, struct err *err);

/* The end. What was not published: with `keep` its temporary stays, to be resumed (if anything is in it), else it is
 * removed. NULL is allowed. One that was complete gets back the owner, the mode and the time of a temporary. Whether its
 * temporary stays: then temporary_trim is in order. */
bool file_writer_free (struct file_writer *writer, bool keep);

#endif
