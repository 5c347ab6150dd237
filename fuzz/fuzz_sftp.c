/* fuzz_sftp - any bytes as the answers of an SFTP server: the client breaks off in words, or goes on. The first byte chooses
 * what is being done: a get of a tree, or a put of one.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "files/item.h"
#include "ssh/sftp_get.h"
#include "ssh/sftp_put.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static struct sftp_get *get;
static struct sftp_put *put;
static struct sftp *sftp;
static bool putting;

static void require (bool holds)
{
	if (!holds)
		abort ();
}

static void on_ready (void *arg)
{
	static const char *const paths[] = { "tree", "." };

	(void)arg;
	if (putting)
		put = sftp_put_new (
			sftp, &(struct sftp_put_options){ .path = "there", .recursive = true, .preserve = true });
	else
		get = sftp_get_new (
			sftp, &(struct sftp_get_options){ .paths = paths, .n_paths = 2, .recursive = true });
	require (get || put);
}

static void add (struct buf *items, enum item_kind kind, const char *name, int64_t source)
{
	struct item item;

	item_init (&item, kind);
	strcpy (item.name, name);
	item.source = source;
	item.mode = 0640;
	strcpy (item.text, kind == ITEM_LINK ? "target" : "");
	if (kind == ITEM_FILE)
		item.size = 0;
	if (kind == ITEM_FILE)
		memset (item.sum, 'a', DIGEST_TEXT - 1), item.sum[DIGEST_TEXT - 1] = '\0';
	require (item_put (items, &item) == 0);
}

/* The items of a get are a stream that its receiver can read. */
static void check_items (struct buf *items)
{
	static struct item item;
	struct err err;

	while (item_next (items, &item, &err) > 0) {
		require (buf_len (items) >= item.body);
		buf_consume (items, (size_t)item.body);
	}
	require (!buf_len (items));
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
	struct buf items;
	struct err err = { .text = "" };

	if (!size)
		return 0;
	putting = data[0] & 1;
	buf_init (&items, 1 << 20);
	add (&items, ITEM_DIRECTORY, "d", 0);
	add (&items, ITEM_FILE, "f", -1);
	add (&items, ITEM_LINK, "l", -1);
	add (&items, ITEM_LEAVE, "", -1);
	require ((sftp = sftp_new (on_ready, NULL)) != NULL);
	for (size_t at = 1; at < size;) {
		size_t n = size - at < 50 ? size - at : 50;

		if (sftp_feed (sftp, data + at, n, &err) < 0) {
			require (*err.text && !strchr (err.text, '\n'));
			break;
		}
		at += n;
		buf_consume (&sftp->out, buf_len (&sftp->out));
		if (put)
			sftp_put_take (put, &items, true);
		if (put)
			buf_consume (sftp_put_reports (put), buf_len (sftp_put_reports (put)));
		if (get)
			sftp_get_step (get);
		if (get)
			check_items (sftp_get_items (get));
	}
	if (put)
		sftp_put_stop (put);
	sftp_put_free (put);
	sftp_get_free (get);
	sftp_free (sftp);
	put = NULL;
	get = NULL;
	buf_free (&items);
	return 0;
}
