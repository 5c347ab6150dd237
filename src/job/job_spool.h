/* job_spool - the output of a job, kept in two files: `output` has the bytes, and `index` says which are whose.
 *
 * The streams of a job are one sequence of bytes, in the order in which they came. The offset of a byte in it (64 bits) is
 * its offset in the file `output`, for ever. The index has a header and entries of a fixed size, in the order of their
 * offsets (doc/jobs.md): a run of bytes of one stream, a run that is missing, or a mark (the terminal's new size). Runs
 * that continue each other within INDEX_MERGE_MS are one entry.
 *
 * The cap bounds the disk that both files use: when they would exceed it, the oldest output is given back to the file
 * system (fallocate(2), FALLOC_FL_PUNCH_HOLE), at least an eighth of the cap at once. Where the file system cannot do that,
 * new bytes are not written from then on. Bytes that could not be written (that, or a full disk, a quota, a failed write)
 * are counted, and are in the index as missing; the next bytes are tried again. So nothing ends a job because of its
 * spool, and each missing byte is known.
 *
 * One process writes. It may be killed between any two writes, and the files may be damaged: a reader trusts neither file.
 * A byte is given at most once, in order, and each offset below the end is given or reported as missing. Bytes behind the
 * last entry (the index was not written) are taken for the stream `stdout`. So the growth of the last entry of that
 * stream is written with the next entry, and not with each append.
 *
 * No memory is kept but this struct. The files stay the caller's.
 */
#ifndef REMEX_JOB_JOB_SPOOL_H
#define REMEX_JOB_JOB_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/text.h"

enum {
	SPOOL_STREAMS = 8, /* stdout, stderr, and others by their names */
	SPOOL_STDOUT = 0,
	SPOOL_STDERR = 1,
	SPOOL_CAP_MIN = 128 * 1024, /* a smaller cap is this one */
	INDEX_MERGE_MS = 100,
};

/* The format of the index: a header, then entries. Integers are in the byte order of the machine. */
enum { INDEX_VERSION = 1, INDEX_HEADER = 512 };

enum index_kind {
	INDEX_DATA = 1, /* bytes of a stream */
	INDEX_MISSING, /* bytes that are not in `output` */
	INDEX_SIZE, /* a mark: rows << 16 | columns, in `length` */
};

struct index_entry {
	uint64_t offset; /* of the first byte */
	uint64_t ms; /* since the start of the job */
	uint32_t length;
	uint8_t stream, kind;
	uint16_t zero;
};

struct job_spool {
	int output, index;
	int64_t cap; /* 0: opened for reading */
	int64_t start, end; /* offsets: of the first byte that is kept, and behind the last byte */
	int64_t missing; /* how many of the bytes before `end` are not kept, those before `start` included; known to the writer */
	int64_t first, n; /* entries: the first that is kept, and the number of all */
	struct index_entry last; /* entry n - 1, of the writer */
	bool last_unwritten; /* `last` is not in the file as it is here: writing it failed, */
	bool last_grown; /* or its growth was not written yet (stdout) */
	uint32_t last_written; /* its length in the file; 0: it is not in the file */
	const uint8_t
		*recent; /* the last `recent_n` bytes before `end`, in the writer's memory; NULL: not there any more */
	int64_t recent_n;
	bool no_holes; /* the file system cannot punch holes */
	int error; /* of the last write that failed, or 0 */
	char names[SPOOL_STREAMS][TEXT_NAME_MAX + 1]; /* "": none yet */
};

/* Begin an empty spool. */
void job_spool_begin (struct job_spool *spool, int output, int index, int64_t cap);

/* Open a spool for reading, whatever its files contain. -1 and err when a file cannot be read. */
int job_spool_open (struct job_spool *spool, int output, int index, struct err *err);

/* The name of a stream that is known. */
const char *job_spool_stream_name (const struct job_spool *spool, int stream);

/* The number of a stream by its name (which is a valid name); -1 when there are too many. */
int job_spool_stream (struct job_spool *spool, const char *name, size_t n);

/* Append bytes; `ms` since the start of the job. All of them count, written or not. */
void job_spool_append (struct job_spool *spool, int stream, const void *bytes, size_t n, int64_t ms);

/* The last n bytes that were appended are still at `bytes`, and stay there until the next append: they are not read from
 * the file. */
void job_spool_recall (struct job_spool *spool, const void *bytes, size_t n);

/* Nothing more is appended: complete the index. */
void job_spool_settle (struct job_spool *spool);

/* How much of the cap have the bytes behind this offset taken? From 0 to 1 (and a little more). */
double job_spool_share (const struct job_spool *spool, int64_t offset);

/* Note the size of the terminal from here on. */
void job_spool_mark_size (struct job_spool *spool, int rows, int cols, int64_t ms);

/* A place in a spool. To go elsewhere, set the offset, and `entry` to 0. */
struct spool_place {
	int64_t offset;
	int64_t entry; /* of the spool */
};

/* What is at a place. */
enum spool_piece {
	SPOOL_END, /* nothing yet */
	SPOOL_DATA, /* `n` bytes of a stream */
	SPOOL_GAP, /* `n` bytes are missing */
	SPOOL_SIZE, /* a new size of the terminal */
};

struct spool_read {
	int64_t offset, n;
	const uint8_t *bytes; /* of SPOOL_DATA: the caller's `bytes`, or memory that is good until the next append */
	int stream;
	int rows, cols;
};

/* Read at most `size` bytes into `bytes` (NULL: only say what is there) and move the place behind them. `streams`: a bit for
 * each stream that is wanted; bytes of other streams are passed over. Marks are reported only with SPOOL_MARKS. */
enum { SPOOL_ALL = (1 << SPOOL_STREAMS) - 1, SPOOL_MARKS = 1 << SPOOL_STREAMS };
enum spool_piece job_spool_read (const struct job_spool *spool, struct spool_place *place, int streams, void *bytes,
	size_t size, struct spool_read *read);

#endif
