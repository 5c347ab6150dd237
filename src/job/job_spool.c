/* job_spool - see job_spool.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "job/job_spool.h"

enum {
	BLOCK = 4096, /* holes are multiples of this */
	LENGTH_MAX = 1 << 30, /* of one entry */
};

static const char magic[8] = "remexjob";

struct index_header {
	char magic[sizeof magic];
	uint32_t version, zero;
	int64_t start, first; /* as in struct job_spool */
	char names[SPOOL_STREAMS][TEXT_NAME_MAX + 1];
};

_Static_assert(
	sizeof (struct index_entry) == 24 && sizeof (struct index_header) <= INDEX_HEADER, "the format is fixed");

/* --- whole reads and writes --------------------------------------------------------------------------------------- */

static ssize_t read_at (int fd, void *bytes, size_t n, int64_t at)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got = pread (fd, (char *)bytes + done, n - done, (off_t)(at + (int64_t)done));

		if (got > 0)
			done += (size_t)got;
		else if (got == 0 || errno != EINTR)
			return done || got == 0 ? (ssize_t)done : -1;
	}
	return (ssize_t)done;
}

/* Returns the number of bytes that are written; when these are not all, errno says why. */
static size_t write_at (int fd, const void *bytes, size_t n, int64_t at)
{
	size_t done = 0;

	while (done < n) {
		ssize_t put = pwrite (fd, (const char *)bytes + done, n - done, (off_t)(at + (int64_t)done));

		if (put > 0)
			done += (size_t)put;
		else if (put == 0 || errno != EINTR)
			break;
	}
	return done;
}

static int64_t entry_at (int64_t i)
{
	return INDEX_HEADER + i * (int64_t)sizeof (struct index_entry);
}

/* --- the header ---------------------------------------------------------------------------------------------------- */

static void name_usual (struct job_spool *spool)
{
	snprintf (spool->names[SPOOL_STDOUT], sizeof spool->names[0], "stdout");
	snprintf (spool->names[SPOOL_STDERR], sizeof spool->names[0], "stderr");
}

static void write_header (struct job_spool *spool)
{
	struct index_header header = { .version = INDEX_VERSION, .start = spool->start, .first = spool->first };

	memcpy (header.magic, magic, sizeof magic);
	memcpy (header.names, spool->names, sizeof header.names);
	if (write_at (spool->index, &header, sizeof header, 0) < sizeof header)
		spool->error = errno;
}

static bool read_header (struct job_spool *spool)
{
	struct index_header header;

	if (read_at (spool->index, &header, sizeof header, 0) != sizeof header ||
		memcmp (header.magic, magic, sizeof magic) || header.version != INDEX_VERSION || header.start < 0 ||
		header.first < 0)
		return false;
	spool->start = header.start;
	spool->first = header.first;
	for (int i = SPOOL_STDERR + 1; i < SPOOL_STREAMS; i++) {
		size_t n = strnlen (header.names[i], sizeof header.names[i]);

		if (text_is_name (header.names[i], n))
			memcpy (spool->names[i], header.names[i], n + 1);
	}
	return true;
}

static int64_t size_of (int fd)
{
	struct stat status;

	return fstat (fd, &status) < 0 ? -1 : (int64_t)status.st_size;
}

static bool read_entry (const struct job_spool *spool, int64_t i, struct index_entry *entry)
{
	if (i == spool->n - 1 && spool->last.kind) {
		*entry = spool->last;
		return true;
	}
	return read_at (spool->index, entry, sizeof *entry, entry_at (i)) == sizeof *entry;
}

/* A mark has no bytes. */
static int64_t length_of (const struct index_entry *entry)
{
	return entry->kind == INDEX_DATA || entry->kind == INDEX_MISSING ? (int64_t)entry->length : 0;
}

/* Can this be an entry? A damaged one is passed over. */
static bool is_sound (const struct index_entry *entry)
{
	return entry->offset <= (uint64_t)INT64_MAX - LENGTH_MAX &&
	       (entry->kind == INDEX_SIZE || ((entry->kind == INDEX_DATA || entry->kind == INDEX_MISSING) &&
						     entry->length && entry->length <= LENGTH_MAX));
}

int job_spool_open (struct job_spool *spool, int output, int index, struct err *err)
{
	int64_t bytes = size_of (output), entries = size_of (index);
	struct index_entry last;

	*spool = (struct job_spool){ .output = output, .index = index };
	if (bytes < 0 || entries < 0)
		return err_sys (err, 0, "the output of the job cannot be read");
	name_usual (spool);
	spool->end = bytes;
	if (!read_header (spool)) {
		off_t data = lseek (output, 0, SEEK_DATA);

		spool->start = data > 0 ? data : 0; /* a hole would read as zeros */
	} else if (entries > INDEX_HEADER) {
		spool->n = (entries - INDEX_HEADER) / (int64_t)sizeof (struct index_entry);
	}
	/* The file is shorter where the last bytes are missing, or were lost with the machine. */
	if (spool->n && read_entry (spool, spool->n - 1, &last) && is_sound (&last) &&
		(int64_t)last.offset + length_of (&last) > spool->end)
		spool->end = (int64_t)last.offset + length_of (&last);
	if (spool->start > spool->end)
		spool->start = 0;
	if (spool->first > spool->n)
		spool->first = 0;
	return 0;
}

const char *job_spool_stream_name (const struct job_spool *spool, int stream)
{
	return spool->names[stream];
}

int job_spool_stream (struct job_spool *spool, const char *name, size_t n)
{
	for (int i = 0; i < SPOOL_STREAMS; i++) {
		if (!*spool->names[i]) {
			memcpy (spool->names[i], name, n);
			spool->names[i][n] = '\0';
			write_header (spool);
			return i;
		}
		if (strlen (spool->names[i]) == n && !memcmp (spool->names[i], name, n))
			return i;
	}
	return -1;
}

/* --- writing ------------------------------------------------------------------------------------------------------- */

static void write_last (struct job_spool *spool)
{
	spool->last_grown = false;
	spool->last_unwritten =
		write_at (spool->index, &spool->last, sizeof spool->last, entry_at (spool->n - 1)) < sizeof spool->last;
	if (spool->last_unwritten)
		spool->error = errno;
	else
		spool->last_written = spool->last.length;
}

static bool continues (const struct job_spool *spool, uint8_t kind, int stream, size_t n, int64_t ms)
{
	const struct index_entry *last = &spool->last;

	if (!spool->n || last->kind != kind || (int64_t)last->offset + length_of (last) != spool->end ||
		last->length + n > LENGTH_MAX)
		return false;
	return kind == INDEX_MISSING || (last->stream == stream && ms - (int64_t)last->ms < INDEX_MERGE_MS);
}

/* The last entry, or its growth, could not be written: what is not in the file is missing from now on. */
static void lose_last (struct job_spool *spool)
{
	struct index_entry *last = &spool->last;

	if (last->kind == INDEX_DATA) {
		spool->missing += last->length - spool->last_written;
		spool->n += spool->last_written > 0;
		*last = (struct index_entry){
			.offset = last->offset + spool->last_written,
			.ms = last->ms,
			.length = last->length - spool->last_written,
			.kind = INDEX_MISSING,
		};
		spool->last_written = 0;
	} else if (last->kind == INDEX_SIZE) {
		*last = (struct index_entry){ .offset = (uint64_t)spool->end, .kind = INDEX_MISSING };
	}
}

/* Add n bytes at the end to the index. An entry that could not be written stays the last, and bytes that it does not
 * describe are missing, so that no entry is ever left out. */
static void add_run (struct job_spool *spool, uint8_t kind, int stream, size_t n, int64_t ms)
{
	bool longer = continues (spool, kind, stream, n, ms);

	if (spool->last_grown && !longer)
		write_last (spool);
	if (spool->last_unwritten)
		write_last (spool);
	if (spool->last_unwritten && !longer) {
		if (kind == INDEX_DATA)
			spool->missing += (int64_t)n;
		lose_last (spool);
		kind = INDEX_MISSING;
		longer = continues (spool, kind, stream, n, ms);
	}
	if (longer) {
		spool->last.length += (uint32_t)n;
	} else {
		spool->n++;
		spool->last_written = 0;
		spool->last = (struct index_entry){
			.offset = (uint64_t)spool->end,
			.ms = (uint64_t)ms,
			.length = (uint32_t)n,
			.stream = (uint8_t)stream,
			.kind = kind,
		};
	}
	spool->end += (int64_t)n;
	spool->last_grown = longer && kind == INDEX_DATA && stream == SPOOL_STDOUT && !spool->last_unwritten;
	if (!spool->last_grown)
		write_last (spool);
}

void job_spool_settle (struct job_spool *spool)
{
	if (spool->last_unwritten || spool->last_grown)
		write_last (spool);
}

/* The bytes of both files that are in use. */
static int64_t used (const struct job_spool *spool)
{
	return spool->end - spool->start + (spool->n - spool->first) * (int64_t)sizeof (struct index_entry);
}

static bool punch (struct job_spool *spool, int fd, int64_t from, int64_t to)
{
	from = from / BLOCK * BLOCK;
	to = to / BLOCK * BLOCK;
	if (from >= to)
		return true;
	while (fallocate (fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)from, (off_t)(to - from)) < 0)
		if (errno != EINTR) {
			spool->error = errno;
			return false;
		}
	return true;
}

void job_spool_begin (struct job_spool *spool, int output, int index, int64_t cap)
{
	*spool = (struct job_spool){
		.output = output,
		.index = index,
		.cap = cap > SPOOL_CAP_MIN ? cap : SPOOL_CAP_MIN,
	};
	name_usual (spool);
	write_header (spool);
	spool->no_holes = !punch (spool, output, 0, BLOCK);
}

/* The number of the first entry that has a byte or a mark at `offset` or behind. */
static int64_t find_entry (const struct job_spool *spool, int64_t offset)
{
	int64_t low = spool->first, high = spool->n;

	while (low < high) {
		int64_t middle = low + (high - low) / 2;
		struct index_entry entry;

		if (read_entry (spool, middle, &entry) && is_sound (&entry) &&
			(int64_t)entry.offset + length_of (&entry) < offset + (length_of (&entry) > 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* How many of the bytes from `from` to `to` are in the file? */
static int64_t kept_between (const struct job_spool *spool, int64_t from, int64_t to)
{
	int64_t kept = 0;

	for (int64_t i = find_entry (spool, from); i < spool->n; i++) {
		struct index_entry entry;
		int64_t begin, end;

		if (!read_entry (spool, i, &entry) || !is_sound (&entry) || (int64_t)entry.offset >= to)
			break;
		begin = (int64_t)entry.offset > from ? (int64_t)entry.offset : from;
		end = (int64_t)entry.offset + length_of (&entry) < to ? (int64_t)entry.offset + length_of (&entry) : to;
		if (entry.kind == INDEX_DATA && begin < end)
			kept += end - begin;
	}
	return kept;
}

/* Give the oldest output back. The header comes first: bytes that read as zeros must never pass for output. */
static void drop_oldest (struct job_spool *spool)
{
	int64_t start = spool->start, first = spool->first, size = spool->end - start, goal = used (spool) - spool->cap;
	int64_t cut;

	goal = goal > spool->cap / 8 ? goal : spool->cap / 8;
	/* Of `used` the entries are a part, which is not known for the part that goes: the output that goes is in the same
	 * proportion, rounded up. */
	cut = (int64_t)((double)goal / (double)used (spool) * (double)size) + BLOCK;
	spool->start = cut < size ? start + cut : spool->end;
	spool->missing += kept_between (spool, start, spool->start);
	spool->first = find_entry (spool, spool->start);
	if (spool->first == spool->n && spool->n)
		spool->first = spool->n - 1;
	write_header (spool);
	if (!punch (spool, spool->output, start, spool->start)) {
		spool->no_holes = true;
		return;
	}
	/* The header shares its block with entries, and a block with the first entry stays. */
	punch (spool, spool->index, first ? entry_at (first) : BLOCK, entry_at (spool->first));
}

void job_spool_append (struct job_spool *spool, int stream, const void *bytes, size_t n, int64_t ms)
{
	size_t done = 0;

	spool->recent = NULL;
	if (!n)
		return;
	if (!spool->no_holes || used (spool) + (int64_t)n <= spool->cap) {
		done = write_at (spool->output, bytes, n, spool->end);
		if (done < n)
			spool->error = errno;
	}
	if (done)
		add_run (spool, INDEX_DATA, stream, done, ms);
	if (done < n) {
		spool->missing += (int64_t)(n - done);
		add_run (spool, INDEX_MISSING, 0, n - done, ms);
	}
	if (used (spool) > spool->cap && !spool->no_holes)
		drop_oldest (spool);
}

void job_spool_recall (struct job_spool *spool, const void *bytes, size_t n)
{
	spool->recent = bytes;
	spool->recent_n = (int64_t)n;
}

double job_spool_share (const struct job_spool *spool, int64_t offset)
{
	int64_t kept = spool->end - spool->start, behind = spool->end - offset;

	/* Entries are not of one size in output: they are counted in proportion. */
	return kept > 0 ? (double)used (spool) / (double)spool->cap * (double)behind / (double)kept : 0;
}

void job_spool_mark_size (struct job_spool *spool, int rows, int cols, int64_t ms)
{
	if (spool->last_grown)
		write_last (spool);
	if (spool->last_unwritten)
		return; /* a mark is not worth a gap */
	if (!spool->n || spool->last.kind != INDEX_SIZE)
		spool->n++;
	spool->last = (struct index_entry){
		.offset = (uint64_t)spool->end,
		.ms = (uint64_t)ms,
		.length = (uint32_t)(rows & 0xffff) << 16 | (uint32_t)(cols & 0xffff),
		.kind = INDEX_SIZE,
	};
	write_last (spool);
}

/* --- reading ------------------------------------------------------------------------------------------------------- */

/* The rest of the output before `to` is missing (or is unindexed, and then of stdout). */
static enum spool_piece take_gap (struct spool_place *place, int64_t to, struct spool_read *read)
{
	read->offset = place->offset;
	read->n = to - place->offset;
	place->offset = to;
	return SPOOL_GAP;
}

static enum spool_piece take_data (const struct job_spool *spool, struct spool_place *place, int64_t to, int stream,
	void *bytes, size_t size, struct spool_read *read)
{
	int64_t n = to - place->offset, recent = spool->recent ? spool->end - spool->recent_n : INT64_MAX;

	if (n > (int64_t)size)
		n = (int64_t)size;
	read->offset = place->offset;
	read->stream = stream;
	read->bytes = bytes;
	read->n = n;
	if (bytes && place->offset >= recent)
		read->bytes = spool->recent + (place->offset - recent);
	else if (bytes)
		read->n = read_at (spool->output, bytes, (size_t)n, place->offset);
	if (read->n <= 0)
		return take_gap (place, to, read); /* the file is shorter than its index, or cannot be read */
	place->offset += read->n;
	return SPOOL_DATA;
}

/* Find the entry for the place: the first that has something at its offset or behind, and (for marks) was not given yet. */
static bool find_place (const struct job_spool *spool, struct spool_place *place, struct index_entry *entry)
{
	if (place->entry <= spool->first || place->entry > spool->n)
		place->entry = find_entry (spool, place->offset);
	for (; place->entry < spool->n; place->entry++) {
		if (!read_entry (spool, place->entry, entry) || !is_sound (entry) ||
			(int64_t)entry->offset > spool->end)
			continue;
		if (entry->kind == INDEX_SIZE ? (int64_t)entry->offset >= place->offset
					      : (int64_t)entry->offset + length_of (entry) > place->offset)
			return true;
	}
	/* The last run may grow. */
	if (spool->n && read_entry (spool, spool->n - 1, entry) && entry->kind != INDEX_SIZE)
		place->entry = spool->n - 1;
	return false;
}

static enum spool_piece read_piece (const struct job_spool *spool, struct spool_place *place, int streams, void *bytes,
	size_t size, struct spool_read *read)
{
	struct index_entry entry;
	int64_t end;

	if (place->offset < spool->start)
		return take_gap (place, spool->start, read);
	if (!find_place (spool, place, &entry) || (entry.kind != INDEX_SIZE && place->offset >= spool->end)) {
		int64_t size_now;

		if (place->offset >= spool->end)
			return SPOOL_END;
		if (spool->cap > 0 || (size_now = size_of (spool->output)) <= place->offset)
			return take_gap (place, spool->end, read);
		return take_data (
			spool, place, size_now < spool->end ? size_now : spool->end, SPOOL_STDOUT, bytes, size, read);
	}
	if ((int64_t)entry.offset > place->offset)
		return take_gap (place, (int64_t)entry.offset, read);
	if (entry.kind == INDEX_SIZE) {
		place->entry++;
		read->offset = place->offset;
		read->rows = (int)(entry.length >> 16);
		read->cols = (int)(entry.length & 0xffff);
		return SPOOL_SIZE;
	}
	end = (int64_t)entry.offset + length_of (&entry);
	if (end > spool->end)
		end = spool->end;
	if (entry.kind == INDEX_MISSING)
		return take_gap (place, end, read);
	if (entry.stream >= SPOOL_STREAMS)
		entry.stream = SPOOL_STDOUT;
	if (!(streams >> entry.stream & 1)) {
		bytes = NULL; /* pass over it */
		size = (size_t)(end - place->offset);
	}
	return take_data (spool, place, end, entry.stream, bytes, size, read);
}

enum spool_piece job_spool_read (const struct job_spool *spool, struct spool_place *place, int streams, void *bytes,
	size_t size, struct spool_read *read)
{
	enum spool_piece piece;

	if (place->offset < 0)
		place->offset = 0;
	do {
		*read = (struct spool_read){ 0 };
		piece = read_piece (spool, place, streams, bytes, size, read);
	} while ((piece == SPOOL_DATA && !(streams >> read->stream & 1)) ||
		 (piece == SPOOL_SIZE && !(streams & SPOOL_MARKS)));
	return piece;
}
