/* Items: each kind encoded and decoded, and all invalid items. */
#include "config.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/buf.h"
#include "files/item.h"
#include "support/check_main.h"
#include "wire/header.h"

#define ROWS(table) (int)(sizeof table / sizeof *table)
#define SUM "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

/* One message's header in a buffer, and the result of item_next. */
static int next (const char *text, struct item *item, struct err *err)
{
	uint32_t length = htonl ((uint32_t)strlen (text));
	struct buf in;
	int got;

	buf_init (&in, 1 << 20);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq (item_next (&in, item, err), 0);
		ck_assert_int_eq (buf_append (&in, (uint8_t *)&length + i, 1), 0);
	}
	for (size_t i = 0; text[i]; i++) {
		if (i % 16 == 0 && length != 0 && strlen (text) >= 2 && strlen (text) <= HEADER_MAX)
			ck_assert_int_eq (item_next (&in, item, err), 0);
		ck_assert_int_eq (buf_append (&in, text + i, 1), 0);
	}
	got = item_next (&in, item, err);
	if (got == 1)
		ck_assert_uint_eq (buf_len (&in), 0);
	buf_free (&in);
	return got;
}

static const char *const good[] = {
	"{\"total\":3,\"bytes\":12}",
	"{\"directory\":\"a\",\"source\":0,\"mode\":493,\"mtime\":-1}",
	"{\"directory\":{\"b64\":\"/w==\"}}",
	"{\"directory\":\".\",\"source\":3}",
	"{\"leave\":true}",
	"{\"file\":\"a b\",\"size\":0,\"mode\":2541,\"mtime\":1763712000123456789}",
	"{\"file\":\"a\",\"source\":2147483647,\"size\":9223372036854775807,\"resume\":true}",
	"{\"file\":\"a\",\"size\":3,\"sha256\":\"" SUM "\",\"body\":3}",
	"{\"data\":true,\"body\":262144}",
	"{\"hole\":1099511627776}",
	"{\"from\":0}",
	"{\"end\":true,\"sha256\":\"" SUM "\"}",
	"{\"end\":true,\"sha256\":\"" SUM "\",\"changed\":true}",
	"{\"abort\":true,\"code\":\"failed\",\"message\":\"it changed\"}",
	"{\"link\":\"l\",\"target\":\"../elsewhere\"}",
	"{\"failed\":\"a/b\",\"code\":\"denied\",\"message\":\"no\\n\"}",
	"{\"have\":7,\"sha256\":\"" SUM "\"}",
	"{\"have\":7,\"xxh128\":\"06b05ab6733a618578af5f94892f3950\"}",
	"{\"end\":true,\"xxh128\":\"06b05ab6733a618578af5f94892f3950\"}",
	"{\"done\":\"a/b\",\"size\":1,\"sha256\":\"" SUM "\"}",
};

START_TEST (there_and_back)
{
	static struct item item;
	struct err err;
	struct buf out;

	ck_assert_int_eq (next (good[_i], &item, &err), 1);
	buf_init (&out, 1 << 20);
	ck_assert_int_eq (item_put (&out, &item), 0);
	ck_assert_uint_eq (buf_len (&out), 4 + strlen (good[_i]));
	ck_assert_mem_eq (buf_head (&out) + 4, good[_i], strlen (good[_i]));
	buf_free (&out);
}
END_TEST

static const char *const bad[] = {
	"",
	"{",
	"{}",
	"[]",
	"{\"body\":1}",
	"{\"file\":1}",
	"{\"file\":\"\"}",
	"{\"file\":\".\"}",
	"{\"file\":\"..\"}",
	"{\"file\":\"/\"}",
	"{\"file\":\"a/b\"}",
	"{\"file\":\"a\\u0000\"}",
	"{\"file\":{\"b64\":\"AA==\"}}",
	"{\"file\":{\"b64\":\"Li4=\"}}", /* ".." */
	"{\"directory\":\"../x\"}",
	"{\"directory\":\".\"}",
	"{\"directory\":\"..\",\"source\":0}",
	"{\"file\":\".\",\"source\":0}",
	"{\"link\":\"..\",\"target\":\"x\"}",
	"{\"link\":\"l\"}",
	"{\"link\":\"l\",\"target\":\"\"}",
	"{\"file\":\"a\",\"file\":\"b\"}",
	"{\"file\":\"a\",\"size\":-1}",
	"{\"file\":\"a\",\"size\":1.5}",
	"{\"file\":\"a\",\"mode\":4096}",
	"{\"file\":\"a\",\"mode\":-1}",
	"{\"file\":\"a\",\"mtime\":9223372036854775808}",
	"{\"file\":\"a\",\"mtime\":\"now\"}",
	"{\"file\":\"a\",\"source\":-1}",
	"{\"file\":\"a\",\"body\":3}",
	"{\"file\":\"a\",\"size\":2,\"sha256\":\"" SUM "\",\"body\":3}",
	"{\"file\":\"a\",\"sha256\":\"" SUM "\"}", /* no size */
	"{\"file\":\"a\",\"resume\":1}",
	"{\"leave\":false}",
	"{\"leave\":1}",
	"{\"leave\":true,\"body\":1}",
	"{\"hole\":-1}",
	"{\"hole\":\"1\"}",
	"{\"end\":true}",
	"{\"end\":true,\"sha256\":\"\"}",
	"{\"end\":true,\"sha256\":\"BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD\"}",
	"{\"end\":true,\"sha256\":\"" SUM "0\"}",
	"{\"end\":true,\"sha256\":\"06b05ab6733a618578af5f94892f3950\"}",
	"{\"end\":true,\"xxh128\":\"" SUM "\"}",
	"{\"end\":true,\"xxh128\":5}",
	"{\"have\":1}",
};

START_TEST (refused)
{
	static struct item item;
	struct err err = { .code = 0 };

	ck_assert_int_eq (next (bad[_i], &item, &err), -1);
	ck_assert_int_eq (err.code, CODE_BAD_VALUE);
	ck_assert_str_ne (err.text, "");
}
END_TEST

START_TEST (long_names)
{
	static struct item item;
	static char text[8192];
	struct err err;

	snprintf (text, sizeof text, "{\"file\":\"%0255d\"}", 0);
	ck_assert_int_eq (next (text, &item, &err), 1);
	snprintf (text, sizeof text, "{\"file\":\"%0256d\"}", 0);
	ck_assert_int_eq (next (text, &item, &err), -1);
	snprintf (text, sizeof text, "{\"link\":\"l\",\"target\":\"%04095d\"}", 0);
	ck_assert_int_eq (next (text, &item, &err), 1);
	snprintf (text, sizeof text, "{\"link\":\"l\",\"target\":\"%04096d\"}", 0);
	ck_assert_int_eq (next (text, &item, &err), -1);
}
END_TEST

/* The longest possible item: every byte of its texts takes six. */
START_TEST (room)
{
	static struct item item;
	struct buf out;

	item_init (&item, ITEM_LINK);
	memset (item.name, 1, ITEM_NAME_MAX);
	item.name[ITEM_NAME_MAX] = '\0';
	memset (item.text, 1, ITEM_TEXT_MAX - 1);
	item.text[ITEM_TEXT_MAX - 1] = '\0';
	item.source = INT32_MAX;
	buf_init (&out, ITEM_HEADER_MAX);
	ck_assert_int_eq (item_put (&out, &item), 0);
	buf_free (&out);
}
END_TEST

START_TEST (data)
{
	static struct item item;
	struct buf out;
	struct err err;
	uint8_t *space;

	buf_init (&out, 1 << 20);
	ck_assert_ptr_nonnull (space = item_data_begin (&out, ITEM_DATA_MAX));
	memcpy (space, "hello", 5);
	item_data_end (&out, 5);
	ck_assert_ptr_nonnull (space = item_data_begin (&out, ITEM_DATA_MAX));
	item_data_end (&out, ITEM_DATA_MAX);
	ck_assert_int_eq (item_next (&out, &item, &err), 1);
	ck_assert_int_eq (item.kind, ITEM_DATA);
	ck_assert_uint_eq (item.body, 5);
	ck_assert_mem_eq (buf_head (&out), "hello", 5);
	buf_consume (&out, 5);
	ck_assert_int_eq (item_next (&out, &item, &err), 1);
	ck_assert_uint_eq (item.body, ITEM_DATA_MAX);
	ck_assert_uint_eq (buf_len (&out), ITEM_DATA_MAX);
	buf_free (&out);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_loop_test (tcase, there_and_back, 0, ROWS (good));
	tcase_add_loop_test (tcase, refused, 0, ROWS (bad));
	tcase_add_test (tcase, long_names);
	tcase_add_test (tcase, room);
	tcase_add_test (tcase, data);
}

CHECK_MAIN ("item", add_cases)
