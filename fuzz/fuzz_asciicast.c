/* fuzz_asciicast - any bytes as the output of a command that is recorded: what is recorded can be read again, is
 * the same however the output was cut, and is the output itself where that is UTF-8. And any bytes as a recording.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "record/asciicast.h"
#include "record/asciicast_reader.h"

enum { MAX = 64 * 1024 * 1024 };

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void require (bool holds)
{
	if (!holds)
		abort ();
}

/* Record the output in pieces of that size, and read it again. */
static void record (const uint8_t *data, size_t size, size_t piece, struct buf *played)
{
	struct asciicast_text text = { .n = 0 };
	struct asciicast_event event;
	struct buf lines;

	buf_init (&lines, MAX);
	for (size_t at = 0; at < size; at += piece)
		require (asciicast_output (
				 &lines, &text, (int64_t)at, data + at, size - at < piece ? size - at : piece) == 0);
	require (asciicast_end (&lines, &text, (int64_t)size) == 0);
	while (buf_len (&lines)) {
		const char *line = (const char *)buf_head (&lines), *end = memchr (line, '\n', buf_len (&lines));

		require (end && asciicast_read_event (line, (size_t)(end - line), &event, NULL) == 0);
		require (event.kind == ASCIICAST_OUTPUT && buf_append (played, event.bytes, event.n) == 0);
		json_decref (event.json);
		buf_consume (&lines, (size_t)(end - line) + 1);
	}
	buf_free (&lines);
}

static void read_file (const uint8_t *data, size_t size)
{
	struct asciicast_info info;
	struct asciicast_event event;
	bool header = true;
	struct err err;

	while (size) {
		const uint8_t *newline = memchr (data, '\n', size);
		size_t n = newline ? (size_t)(newline - data) : size;

		if (header)
			asciicast_read_header ((const char *)data, n, &info, &err);
		else if (asciicast_read_event ((const char *)data, n, &event, &err) == 0)
			json_decref (event.json);
		header = false;
		n += newline != NULL;
		data += n;
		size -= n;
	}
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
	struct buf whole, cut;

	buf_init (&whole, MAX);
	buf_init (&cut, MAX);
	record (data, size, size + 1, &whole);
	record (data, size, size ? 1 + data[0] % 7 : 1, &cut);
	require (buf_len (&whole) == buf_len (&cut) &&
		 (!buf_len (&whole) || !memcmp (buf_head (&whole), buf_head (&cut), buf_len (&whole))));
	if (size && text_is_utf8 (data, size))
		require (buf_len (&whole) == size && !memcmp (buf_head (&whole), data, size));
	buf_free (&whole);
	buf_free (&cut);
	read_file (data, size);
	return 0;
}
