/* sender_fixture - a private directory, and a sender that is watched: each of its items becomes a line.
 *
 *   [SOURCE:]total FILES BYTES       [SOURCE:]directory PATH MODE         leave PATH
 *   [SOURCE:]file PATH SIZE MODE [whole] [resume]      data N     hole N     from N     end [changed]
 *   [SOURCE:]link PATH TARGET        [SOURCE:]failed PATH CODE MESSAGE    abort CODE MESSAGE
 *
 * Paths are from the top, so that lines can be sorted where a directory has its names in any order; data that follow each
 * other are one line, holes as well. Each sum is compared with the received bytes.
 */
#ifndef REMEX_TESTS_FILES_SENDER_FIXTURE_H
#define REMEX_TESTS_FILES_SENDER_FIXTURE_H

#include "base/buf.h"
#include "files/sender.h"

/* Checked fixtures. The directory is readable for all. */
extern char fixture_dir[64];
void fixture_setup (void);
void fixture_teardown (void);

/* "FIXTURE/NAME", valid for that number of further calls, those of the functions below included. */
enum { FIXTURE_PATHS = 64 };
const char *fixture_path (const char *name);

/* Make a file of n bytes that differ, with mode 0644 and a time long ago; a directory of mode 0755. */
void fixture_file (const char *name, size_t n);
void fixture_directory (const char *name);

/* The bytes that fixture_file writes, n of them from the beginning, in new memory. */
uint8_t *fixture_bytes (size_t n);

enum { SHOW_SOURCES = 8, SHOW_PATH = 70000 };

struct show {
	struct sender *sender;
	const char *sources[SHOW_SOURCES + 1]; /* paths; "-" is the stream */
	int stream; /* its descriptor: a duplicate is given away */
	int opened; /* how often a source was asked for */
	struct buf out, log, content; /* content: of the file that came last */
	struct item item, file; /* the last one; the last that began a file */
	enum item_kind piece; /* ITEM_DATA, ITEM_HOLE: the bytes not yet in the log; else ITEM_END */
	int64_t pieces;
	char path[SHOW_PATH];
	size_t path_length;
};

/* Begin with those sources (NULL ends them); show_end frees it all. */
void show_begin (struct show *show, const struct sender_options *options, const char *const *sources);
void show_end (struct show *show);

/* One sender_fill, and its items. Returns the result of sender_fill. */
int show_fill (struct show *show);

/* All of it, to the end: the log. */
const char *show_rest (struct show *show);
const char *show_log (struct show *show);

/* The log, its lines sorted. */
const char *show_sorted (struct show *show);

/* Is the content that came last the one of fixture_file? */
void show_is_content (const struct show *show, size_t n);

#endif
