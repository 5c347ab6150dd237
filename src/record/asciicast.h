/* asciicast - the text of a recording: asciicast v2 (docs.asciinema.org/manual/asciicast/v2), which asciinema(1) and
 * `remex replay` play. Pure: text out. asciicast_reader.h reads it.
 *
 * The first line is the header, an object. Each other line is an event, [SECONDS, CODE, DATA]: "o" has output, and "r" the
 * new size of the terminal as COLUMNSxROWS. Input ("i") is not recorded: it has passwords in it.
 *
 * DATA is text, so output has to be UTF-8. A character that is split between two pieces of output is written with the
 * second piece. Bytes that are no UTF-8 become U+FFFD, one for each maximal part of a character (The Unicode Standard, 3.9).
 * Each stream has its own unfinished character, so that stderr does not break a character of stdout.
 */
#ifndef REMEX_RECORD_ASCIICAST_H
#define REMEX_RECORD_ASCIICAST_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/text.h"

/* What the header says. Texts that are not UTF-8 are made so; NULL or "": left out. */
struct asciicast_head {
	int rows, cols; /* 0: not known */
	int64_t timestamp; /* Unix seconds */
	const char *command;
	const char *title;
	const char *term; /* TERM; a recording without it is of a command without a terminal */
};

/* The size that the header has where none is known. */
enum { ASCIICAST_ROWS = 24, ASCIICAST_COLS = 80 };

/* The unfinished character of one stream. All zeros: none. */
struct asciicast_text {
	uint8_t held[TEXT_UTF8_MAX];
	size_t n;
};

/* Append a line with its newline. 0, or -1 with errno (ENOMEM; ENOBUFS: over the maximum of out), and out and text are as
 * before. `ms` is the time since the start. asciicast_output: the n bytes become at most ASCIICAST_GROWTH * (n +
 * TEXT_UTF8_MAX) bytes and ASCIICAST_LINE; nothing is appended while there is no whole character. asciicast_end: what is
 * unfinished stays so. */
enum { ASCIICAST_GROWTH = 6, ASCIICAST_LINE = 64 };
int asciicast_header (struct buf *out, const struct asciicast_head *head);
int asciicast_output (struct buf *out, struct asciicast_text *text, int64_t ms, const uint8_t *bytes, size_t n);
int asciicast_resize (struct buf *out, int64_t ms, int rows, int cols);
int asciicast_end (struct buf *out, struct asciicast_text *text, int64_t ms);

#endif
