/* check_job_spool - the output of a job: what was appended is read as it came; what is not kept is told; and so it is with
 * files that end anywhere, or contain anything, and on disks that are full.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "job/job_spool.h"
#include "support/check_main.h"

enum { MODEL = 8 * 1024 * 1024 };

static struct job_spool spool;
static int output, entries;
static uint8_t model[MODEL]; /* the stream of each byte */

static int fault_from, fault_to, calls; /* these calls of pwrite(2) fail */
static bool no_holes;

ssize_t __real_pwrite (int fd, const void *bytes, size_t n, off_t at);
ssize_t __wrap_pwrite (int fd, const void *bytes, size_t n, off_t at);
int __real_fallocate (int fd, int mode, off_t at, off_t n);
int __wrap_fallocate (int fd, int mode, off_t at, off_t n);

/* The call before a failure is short, as on a disk that becomes full. */
ssize_t __wrap_pwrite (int fd, const void *bytes, size_t n, off_t at)
{
	int call = ++calls;

	if (call >= fault_from && call < fault_to) {
		errno = ENOSPC;
		return -1;
	}
	return __real_pwrite (fd, bytes, call + 1 == fault_from && n > 1 ? n / 2 : n, at);
}

int __wrap_fallocate (int fd, int mode, off_t at, off_t n)
{
	if (no_holes) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return __real_fallocate (fd, mode, at, n);
}

static int file (void)
{
	char path[] = "/tmp/remex-check-spool-XXXXXX";
	int fd = mkostemp (path, O_CLOEXEC);

	ck_assert_int_ge (fd, 0);
	unlink (path);
	return fd;
}

static void begin (int64_t cap)
{
	output = file ();
	entries = file ();
	job_spool_begin (&spool, output, entries, cap);
	ck_assert_int_eq (spool.no_holes, no_holes);
}

static uint8_t byte_at (int64_t i)
{
	return (uint8_t)((uint64_t)i * 2654435761u >> 13);
}

static void append (int stream, size_t n, int64_t ms)
{
	uint8_t bytes[65536];
	int64_t end = spool.end;

	ck_assert_uint_le (n, sizeof bytes);
	for (size_t i = 0; i < n; i++) {
		bytes[i] = byte_at (end + (int64_t)i);
		if (end + (int64_t)i < MODEL)
			model[end + (int64_t)i] = (uint8_t)stream;
	}
	job_spool_append (&spool, stream, bytes, n, ms);
	ck_assert_int_eq (spool.end, end + (int64_t)n); /* all bytes count */
}

/* Read a spool from an offset to its end: each byte is right, or reported as missing. Returns how many are missing.
 * `strict`: the streams are right, too. */
static int64_t read_all (const struct job_spool *from, int64_t offset, size_t piece, bool strict)
{
	struct spool_place place = { .offset = offset };
	static uint8_t bytes[65536];
	int64_t missing = 0, wrong = 0;
	struct spool_read read;
	enum spool_piece what;

	while ((what = job_spool_read (from, &place, SPOOL_ALL, bytes, piece, &read)) != SPOOL_END) {
		wrong += read.offset != offset || read.n <= 0;
		offset += read.n;
		wrong += place.offset != offset;
		if (what == SPOOL_GAP)
			missing += read.n;
		for (int64_t i = 0; what == SPOOL_DATA && i < read.n; i++)
			wrong += bytes[i] != byte_at (read.offset + i) ||
				 (strict && read.offset + i < MODEL && model[read.offset + i] != read.stream);
		if (wrong)
			break;
	}
	ck_assert_msg (!wrong, "before the offset %lld: %lld bytes from %lld, %d", (long long)offset, (long long)read.n,
		(long long)read.offset, what);
	ck_assert_int_eq (offset, from->end > offset ? from->end : offset);
	return missing;
}

static int64_t disk (int fd)
{
	struct stat status;

	ck_assert_int_eq (fstat (fd, &status), 0);
	return status.st_blocks * 512;
}

START_TEST (what_was_appended_is_read)
{
	static const size_t pieces[] = { 1, 7, 4096, 65536 };
	struct job_spool reader;
	struct err err;

	begin (MODEL);
	for (int i = 0; i < 500; i++)
		append (i % 7 == 0, (size_t)(i * 37 % 3000) + 1, i * 10);
	ck_assert_int_lt (spool.n, 160); /* neighbours are merged */
	ck_assert_int_eq (read_all (&spool, 0, pieces[_i], true), 0);
	ck_assert_int_eq (read_all (&spool, 12345, pieces[_i], true), 0);
	ck_assert_int_eq (read_all (&spool, spool.end, pieces[_i], true), 0);
	ck_assert_int_eq (job_spool_open (&reader, output, entries, &err), 0);
	ck_assert_int_eq (reader.end, spool.end);
	ck_assert_int_eq (read_all (&reader, 0, pieces[_i], true), 0);
	/* A reader that is at the end goes on when more comes, also within the entry that it has read. */
	append (0, 10, 5000);
	append (0, 10, 5001);
	ck_assert_int_eq (read_all (&spool, spool.end - 20, pieces[_i], true), 0);
}
END_TEST

START_TEST (a_place_follows_what_comes)
{
	struct spool_place place = { 0 };
	struct spool_read read;
	uint8_t bytes[100];

	begin (MODEL);
	ck_assert_int_eq (job_spool_read (&spool, &place, SPOOL_ALL, bytes, sizeof bytes, &read), SPOOL_END);
	for (int i = 0; i < 50; i++) {
		append (i % 3 == 0, 5, i);
		ck_assert_int_eq (job_spool_read (&spool, &place, SPOOL_ALL, bytes, sizeof bytes, &read), SPOOL_DATA);
		ck_assert_int_eq (read.n, 5);
		ck_assert_int_eq (read.stream, i % 3 == 0);
		ck_assert_int_eq (job_spool_read (&spool, &place, SPOOL_ALL, bytes, sizeof bytes, &read), SPOOL_END);
	}
}
END_TEST

START_TEST (streams_and_marks)
{
	struct spool_place place = { 0 };
	struct spool_read read;
	struct job_spool reader;
	uint8_t bytes[1000];
	struct err err;
	int other;

	begin (MODEL);
	job_spool_mark_size (&spool, 24, 80, 0);
	append (SPOOL_STDOUT, 100, 1);
	append (SPOOL_STDERR, 50, 2);
	ck_assert_int_eq ((other = job_spool_stream (&spool, "notes", 5)), 2);
	ck_assert_int_eq (job_spool_stream (&spool, "stderr", 6), SPOOL_STDERR);
	append (other, 25, 3);
	job_spool_mark_size (&spool, 1, 1, 4);
	job_spool_mark_size (&spool, 65535, 65535, 4); /* in place of the one before */
	append (SPOOL_STDOUT, 10, 5);
	ck_assert_int_eq (job_spool_open (&reader, output, entries, &err), 0);
	ck_assert_str_eq (reader.names[2], "notes");
	for (int i = 0; i < 2; i++) {
		const struct job_spool *from = i ? &reader : &spool;

		place = (struct spool_place){ 0 };
		ck_assert_int_eq (
			job_spool_read (from, &place, SPOOL_ALL | SPOOL_MARKS, bytes, 1000, &read), SPOOL_SIZE);
		ck_assert_int_eq (read.rows, 24);
		ck_assert_int_eq (read.cols, 80);
		ck_assert_int_eq (
			job_spool_read (from, &place, SPOOL_MARKS | 1 << other, bytes, 1000, &read), SPOOL_DATA);
		ck_assert_int_eq (read.offset, 150);
		ck_assert_int_eq (read.n, 25);
		ck_assert_int_eq (read.stream, other);
		ck_assert_int_eq (job_spool_read (from, &place, SPOOL_MARKS, NULL, 1000, &read), SPOOL_SIZE);
		ck_assert_int_eq (read.rows, 65535);
		ck_assert_int_eq (read.cols, 65535);
		ck_assert_int_eq (job_spool_read (from, &place, SPOOL_MARKS, NULL, 1000, &read), SPOOL_END);
		ck_assert_int_eq (place.offset, 185);
		place = (struct spool_place){ .offset = 20 };
		ck_assert_int_eq (job_spool_read (from, &place, 1 << SPOOL_STDERR, bytes, 1000, &read), SPOOL_DATA);
		ck_assert_int_eq (read.offset, 100);
		ck_assert_int_eq (read.n, 50);
	}
	for (int i = 3; i < SPOOL_STREAMS; i++)
		ck_assert_int_eq (job_spool_stream (&spool, (char[]){ (char)('a' + i) }, 1), i);
	ck_assert_int_eq (job_spool_stream (&spool, "z", 1), -1);
}
END_TEST

/* _i: large pieces; small ones, where the index is the larger file. */
START_TEST (the_cap_drops_the_oldest)
{
	const int64_t cap = 512 * 1024;
	struct job_spool reader;
	struct err err;

	begin (cap);
	while (spool.end < (_i ? 400000 : MODEL))
		append (_i ? (int)(spool.end & 1) : 0, _i ? 1 : 65536, spool.end / 100);
	ck_assert_int_gt (spool.start, 0);
	ck_assert_int_le (disk (output) + disk (entries), cap + 65536 + 3 * 4096);
	ck_assert_int_gt (disk (output) + disk (entries), cap / 2);
	ck_assert_int_eq (spool.missing, spool.start);
	ck_assert_int_eq (read_all (&spool, 0, 65536, true), spool.start);
	ck_assert_int_eq (read_all (&spool, spool.start, 65536, true), 0);
	ck_assert_int_eq (job_spool_open (&reader, output, entries, &err), 0);
	ck_assert_int_eq (reader.start, spool.start);
	ck_assert_int_eq (read_all (&reader, 0, 65536, true), spool.start);
	/* Without the header nothing is known but the bytes. */
	ck_assert_int_eq (__real_pwrite (entries, "x", 1, 0), 1);
	ck_assert_int_eq (job_spool_open (&reader, output, entries, &err), 0);
	ck_assert_int_ge (reader.start, spool.start / 4096 * 4096);
	read_all (&reader, spool.start, 65536, false);
}
END_TEST

START_TEST (without_holes_the_newest_is_missing)
{
	int64_t missing;

	no_holes = true;
	begin (SPOOL_CAP_MIN);
	while (spool.end < MODEL)
		append (0, 1000, spool.end / 1000);
	missing = read_all (&spool, 0, 65536, true);
	ck_assert_int_eq (missing, spool.missing);
	ck_assert_int_gt (missing, MODEL - SPOOL_CAP_MIN);
	ck_assert_int_le (disk (output) + disk (entries), SPOOL_CAP_MIN + 2 * 4096);
	no_holes = false;
}
END_TEST

/* _i: the first write that fails; so many writes fail. */
START_TEST (full_disk)
{
	for (int n = 1; n < 12; n++) {
		struct job_spool reader;
		struct err err;
		int64_t missing;

		calls = 0;
		fault_from = _i + 1;
		fault_to = fault_from + n;
		begin (MODEL);
		for (int i = 0; i < 20; i++) {
			append (i % 3 == 0, 100, i * 60);
			if (i % 5 == 0)
				job_spool_mark_size (&spool, i, i, i * 60);
		}
		missing = read_all (&spool, 0, 4096, true);
		ck_assert_int_eq (missing, spool.missing);
		ck_assert_int_le (missing, 100 * n);
		if (calls >= fault_from)
			ck_assert_int_eq (spool.error, ENOSPC);
		if (calls < fault_to + 2)
			continue;
		ck_assert_int_eq (job_spool_open (&reader, output, entries, &err), 0);
		ck_assert_int_eq (reader.end, spool.end);
		if (_i) /* else there is no header */
			ck_assert_int_eq (read_all (&reader, 0, 4096, true), missing);
		close (output);
		close (entries);
	}
	fault_from = fault_to = 0;
}
END_TEST

/* The writer may die, and a machine may crash, between any two writes. */
START_TEST (files_that_end_anywhere)
{
	struct job_spool reader;
	struct err err;
	off_t whole;

	begin (MODEL);
	for (int i = 0; i < 40; i++)
		append (i % 2, 20, i * 200);
	whole = lseek (entries, 0, SEEK_END);
	if (_i) {
		for (off_t size = 800; size >= 0; size -= 7) {
			ck_assert_int_eq (ftruncate (output, size), 0);
			ck_assert_int_eq (job_spool_open (&reader, output, entries, &err), 0);
			ck_assert_int_eq (read_all (&reader, 0, 4096, true), 800 - size);
		}
		return;
	}
	for (off_t size = whole; size >= 0; size--) {
		ck_assert_int_eq (ftruncate (entries, size), 0);
		ck_assert_int_eq (job_spool_open (&reader, output, entries, &err), 0);
		ck_assert_int_eq (read_all (&reader, 0, 4096, false), 0);
	}
}
END_TEST

/* Anything in the index: reading ends, each offset comes once. */
START_TEST (damage)
{
	struct job_spool reader;
	struct err err;
	off_t whole;

	srandom ((unsigned)_i);
	begin (MODEL);
	for (int i = 0; i < 40; i++)
		append (i % 2, 20, i * 200);
	whole = lseek (entries, 0, SEEK_END);
	for (int i = 0; i < 200; i++) {
		off_t at = i % 10 ? INDEX_HEADER + random () % (whole - INDEX_HEADER) : random () % 64;
		uint8_t byte = (uint8_t)random ();

		ck_assert_int_eq (__real_pwrite (entries, &byte, 1, at), 1);
		ck_assert_int_eq (job_spool_open (&reader, output, entries, &err), 0);
		ck_assert_int_ge (reader.end, 800);
		read_all (&reader, 0, 4096, false);
	}
}
END_TEST

START_TEST (offsets_of_64_bits)
{
	const int64_t far = ((int64_t)5 << 32) + 17;
	struct job_spool reader;
	struct err err;

	begin (SPOOL_CAP_MIN);
	spool.start = spool.end = far;
	for (int i = 0; i < 20; i++)
		append (0, 65536, i);
	ck_assert_int_gt (spool.start, far);
	ck_assert_int_eq (spool.end, far + 20 * 65536);
	ck_assert_int_eq (read_all (&spool, far, 65536, true), spool.start - far);
	ck_assert_int_eq (job_spool_open (&reader, output, entries, &err), 0);
	ck_assert_int_eq (read_all (&reader, far, 65536, true), spool.start - far);
}
END_TEST

/* What was appended last is not read from the file while the writer has it in memory. */
START_TEST (what_is_in_memory_is_read_there)
{
	static const uint8_t first[] = "first", last[] = "last";
	struct spool_place place = { 0 };
	struct spool_read read;
	uint8_t bytes[100];

	begin (MODEL);
	job_spool_append (&spool, SPOOL_STDOUT, first, 5, 0);
	job_spool_append (&spool, SPOOL_STDERR, last, 4, 0);
	job_spool_recall (&spool, last, 4);
	ck_assert_int_eq (job_spool_read (&spool, &place, SPOOL_ALL, bytes, sizeof bytes, &read), SPOOL_DATA);
	ck_assert_ptr_eq (read.bytes, bytes);
	ck_assert_mem_eq (bytes, first, 5);
	place.offset = 7;
	ck_assert_int_eq (job_spool_read (&spool, &place, SPOOL_ALL, bytes, sizeof bytes, &read), SPOOL_DATA);
	ck_assert_ptr_eq (read.bytes, last + 2);
	ck_assert_int_eq (read.n, 2);
	ck_assert_int_eq (job_spool_read (&spool, &place, SPOOL_ALL, bytes, sizeof bytes, &read), SPOOL_END);
	job_spool_append (&spool, SPOOL_STDERR, first, 5, 0);
	place.offset = 7;
	ck_assert_int_eq (job_spool_read (&spool, &place, SPOOL_ALL, bytes, sizeof bytes, &read), SPOOL_DATA);
	ck_assert_ptr_eq (read.bytes, bytes);
	ck_assert_mem_eq (bytes, "stfirst", 7);
}
END_TEST

/* The writer may be killed at any time: what the index does not say yet is right all the same, and later it says it. */
START_TEST (the_index_grows_late)
{
	struct job_spool reader;
	struct index_entry entry;
	struct err err;

	begin (MODEL);
	for (int i = 0; i < 300; i++) {
		append (i % 50 > 40, (size_t)(i * 37 % 300) + 1, i);
		ck_assert_int_eq (job_spool_open (&reader, output, entries, &err), 0);
		ck_assert_int_eq (reader.end, spool.end);
		ck_assert_int_eq (read_all (&reader, 0, 4096, true), 0);
	}
	for (int i = 0; i < 10; i++)
		append (0, 10, 300);
	ck_assert (spool.last_grown);
	job_spool_settle (&spool);
	ck_assert_int_eq (pread (entries, &entry, sizeof entry, INDEX_HEADER + (spool.n - 1) * (int64_t)sizeof entry),
		sizeof entry);
	ck_assert_mem_eq (&entry, &spool.last, sizeof entry);
	ck_assert_uint_eq (entry.offset + entry.length, (uint64_t)spool.end);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_loop_test (tcase, what_was_appended_is_read, 0, 4);
	tcase_add_test (tcase, a_place_follows_what_comes);
	tcase_add_test (tcase, streams_and_marks);
	tcase_add_loop_test (tcase, the_cap_drops_the_oldest, 0, 2);
	tcase_add_test (tcase, without_holes_the_newest_is_missing);
	tcase_add_loop_test (tcase, full_disk, 0, 60);
	tcase_add_loop_test (tcase, files_that_end_anywhere, 0, 2);
	tcase_add_loop_test (tcase, damage, 0, 20);
	tcase_add_test (tcase, offsets_of_64_bits);
	tcase_add_test (tcase, what_is_in_memory_is_read_there);
	tcase_add_test (tcase, the_index_grows_late);
}

CHECK_MAIN ("job_spool", add_cases)
