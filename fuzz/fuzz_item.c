/* fuzz_item - any bytes as a stream of files: each item is refused with a message, or accepted, written, and read again with the same result; and a
 * receiver that writes nothing takes the stream to its end, in pieces of any size, or refuses it.
 *
 * The first byte says how large the pieces are.
 */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "files/receiver.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

enum { LONG_HOLE = 1 << 16 };

static int nothing = -1; /* /dev/null */

static void require (bool holds)
{
	if (!holds)
		abort ();
}

static void check_round_trip (const struct item *item)
{
	static struct item again;
	struct err err;
	struct buf buf;

	buf_init (&buf, ITEM_HEADER_MAX);
	require (item_put (&buf, item) == 0);
	require (item_next (&buf, &again, &err) == 1 && buf_len (&buf) == 0);
	require (again.kind == item->kind && !strcmp (again.name, item->name) && again.source == item->source);
	require (again.size == item->size && again.mode == item->mode && again.mtime_ns == item->mtime_ns);
	require (again.number == item->number && again.body == item->body && !strcmp (again.sum, item->sum));
	buf_free (&buf);
}

/* Item by item. Is there a hole that would take long to write? */
static bool read_items (const uint8_t *data, size_t size)
{
	static struct item item;
	bool long_hole = false;
	struct err err;
	struct buf in;
	int got;

	buf_init (&in, size + 1);
	require (buf_append (&in, data, size) == 0);
	while ((got = item_next (&in, &item, &err)) > 0) {
		check_round_trip (&item);
		long_hole = long_hole || (item.kind == ITEM_HOLE && item.number > LONG_HOLE);
		buf_consume (&in, item.body < buf_len (&in) ? (size_t)item.body : buf_len (&in));
	}
	require (got == 0 || (*err.text && err.code == CODE_BAD_VALUE));
	buf_free (&in);
	return long_hole;
}

static int target_item (void *data, const struct item *item, struct target *target, int *fd, struct err *err)
{
	bool nowhere = *(bool *)data;

	(void)target;
	require (item->source >= 0 && (item_is_component (item->name) || !strcmp (item->name, ".")));
	*fd = nothing;
	return nowhere ? err_set (err, CODE_NOT_FOUND, "nowhere") : 0;
}

static void report (void *data, const struct receipt *receipt)
{
	(void)data;
	require (receipt->path && (!receipt->err || *receipt->err->text));
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
	struct receiver_options options = { .recursive = true };
	struct receiver *receiver;
	struct buf in, back;
	struct err err;
	bool nowhere;
	size_t piece;

	if (nothing < 0)
		nothing = open ("/dev/null", O_WRONLY | O_CLOEXEC);
	if (!size)
		return 0;
	piece = (size_t)*data + 1;
	data++;
	size--;
	nowhere = read_items (data, size);
	buf_init (&in, size + 1);
	buf_init (&back, 1 << 20);
	require ((receiver = receiver_new (&options, target_item, report, &nowhere)) != NULL);
	for (size_t at = 0; at < size; at += piece) {
		int got;

		require (buf_append (&in, data + at, piece < size - at ? piece : size - at) == 0);

		while ((got = receiver_take (receiver, &in, &back, &err)) > 0)
			continue;
		if (got < 0) {
			require (*err.text);
			break;
		}
	}
	(void)receiver_end (receiver, &err);
	receiver_free (receiver);
	buf_free (&in);
	buf_free (&back);
	return 0;
}
