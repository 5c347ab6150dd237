/* fuzz_screen - any bytes as the output of a job's program on its terminal. However the bytes are cut into pieces, the screen
 * is the same, and it can be drawn, also after changes of the size.
 *
 * The first two bytes are the size, the third the length of the pieces. The byte 0xff is followed by two bytes of a new size.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "job/screen.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void feed (struct screen *screen, const uint8_t *data, size_t size, size_t piece)
{
	while (size) {
		size_t n = size < piece ? size : piece;
		const uint8_t *resize = memchr (data, 0xff, n);

		if (resize == data && size >= 3) {
			screen_resize (screen, data[1], data[2]);
			n = 3;
		} else {
			n = resize && resize > data ? (size_t)(resize - data) : n;
			screen_feed (screen, data, n);
		}
		data += n;
		size -= n;
	}
}

static void draw (const struct screen *screen, struct buf *out)
{
	buf_init (out, 64 * 1024 * 1024);
	if (screen_text (screen, out) < 0 || screen_redraw (screen, out) < 0)
		abort ();
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
	struct screen *whole, *pieces;
	struct buf a, b;

	if (size < 3)
		return 0;
	whole = screen_new (data[0], data[1]);
	pieces = screen_new (data[0], data[1]);
	if (!whole || !pieces)
		abort ();
	feed (whole, data + 3, size - 3, size);
	feed (pieces, data + 3, size - 3, data[2] ? data[2] : 1);
	draw (whole, &a);
	draw (pieces, &b);
	if (buf_len (&a) != buf_len (&b) || memcmp (buf_head (&a), buf_head (&b), buf_len (&a)))
		abort ();
	buf_free (&a);
	buf_free (&b);
	screen_free (whole);
	screen_free (pieces);
	return 0;
}
