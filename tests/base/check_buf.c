/* Buffers: bytes come out as they went in, the maximum holds, and bytes move only when necessary. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "support/check_main.h"

static void assert_holds (const struct buf *buf, const char *text)
{
	ck_assert_uint_eq (buf_len (buf), strlen (text));
	ck_assert_mem_eq (buf_head (buf), text, strlen (text));
}

static uint8_t byte_at (const struct buf *buf, size_t i)
{
	ck_assert_uint_lt (i, buf_len (buf));
	return buf->data[buf->start + i];
}

START_TEST (empty)
{
	struct buf buf;

	buf_init (&buf, 10);
	ck_assert_ptr_null (buf_head (&buf));
	ck_assert_uint_eq (buf_len (&buf), 0);
	ck_assert_uint_eq (buf_room (&buf), 10);
	ck_assert_ptr_null (buf.data);
	ck_assert_int_eq (buf_append (&buf, NULL, 0), 0);
	ck_assert_ptr_null (buf.data);
	buf_consume (&buf, 0);
	buf_trim (&buf);
	buf_free (&buf);
	buf_free (&buf);
}
END_TEST

START_TEST (in_and_out)
{
	struct buf buf;

	buf_init (&buf, 100);
	ck_assert_int_eq (buf_append (&buf, "hello ", 6), 0);
	ck_assert_int_eq (buf_printf (&buf, "%s %d", "world", 42), 0);
	assert_holds (&buf, "hello world 42");
	buf_consume (&buf, 6);
	assert_holds (&buf, "world 42");
	ck_assert_uint_eq (buf_room (&buf), 92);
	buf_consume (&buf, 8);
	ck_assert_uint_eq (buf.start, 0);
	ck_assert_uint_eq (buf_room (&buf), 100);
	buf_free (&buf);
}
END_TEST

START_TEST (the_maximum_holds)
{
	struct buf buf;

	buf_init (&buf, 10);
	ck_assert_int_eq (buf_append (&buf, "12345678", 8), 0);
	errno = 0;
	ck_assert_int_eq (buf_append (&buf, "abc", 3), -1);
	ck_assert_int_eq (errno, ENOBUFS);
	assert_holds (&buf, "12345678");
	errno = 0;
	ck_assert_int_eq (buf_printf (&buf, "%s", "abc"), -1);
	ck_assert_int_eq (errno, ENOBUFS);
	assert_holds (&buf, "12345678");
	errno = 0;
	ck_assert_ptr_null (buf_reserve (&buf, SIZE_MAX));
	ck_assert_int_eq (errno, ENOBUFS);
	ck_assert_int_eq (buf_append (&buf, "ab", 2), 0);
	assert_holds (&buf, "12345678ab");
	ck_assert_ptr_nonnull (buf_reserve (&buf, 0));
	ck_assert_ptr_null (buf_reserve (&buf, 1));
	buf_consume (&buf, 3);
	ck_assert_int_eq (buf_append (&buf, "xyz", 3), 0);
	assert_holds (&buf, "45678abxyz");
	buf_free (&buf);
}
END_TEST

/* Printed text may fill the buffer to the last byte. */
START_TEST (printed_to_the_last_byte)
{
	struct buf buf;

	buf_init (&buf, 5);
	ck_assert_int_eq (buf_printf (&buf, "%s", "12345"), 0);
	assert_holds (&buf, "12345");
	ck_assert_int_eq (buf_printf (&buf, "%s", ""), 0);
	ck_assert_int_eq (buf_printf (&buf, "%s", "6"), -1);
	assert_holds (&buf, "12345");
	buf_free (&buf);
}
END_TEST

/* The memory is never more than the maximum, or than the first piece takes. */
START_TEST (memory_is_bounded)
{
	static const size_t maxima[] = { 1, 511, 512, 513, 1000, 4097 };
	struct buf buf;

	buf_init (&buf, maxima[_i]);
	while (buf_room (&buf)) {
		ck_assert_int_eq (buf_append (&buf, "x", 1), 0);
		ck_assert_uint_le (buf.size, maxima[_i] > 512 ? maxima[_i] : 512);
	}
	ck_assert_int_eq (buf_append (&buf, "x", 1), -1);
	buf_free (&buf);
}
END_TEST

START_TEST (read_space_is_used_again)
{
	struct buf buf;
	uint8_t *first;

	buf_init (&buf, 1000);
	memset (buf_reserve (&buf, 500), 'a', 500);
	buf_commit (&buf, 500);
	first = buf.data;
	buf_consume (&buf, 400);
	ck_assert_ptr_nonnull (buf_reserve (&buf, 300));
	ck_assert_ptr_eq (buf.data, first);
	ck_assert_uint_eq (buf.start, 0);
	ck_assert_uint_eq (buf_len (&buf), 100);
	for (size_t i = 0; i < 100; i++)
		ck_assert_int_eq (byte_at (&buf, i), 'a');
	buf_free (&buf);
}
END_TEST

/* A long stream through a small buffer, in pieces of every size. */
START_TEST (a_stream_stays_in_order)
{
	uint8_t next_in = 0, next_out = 0;
	unsigned seed = 1;
	struct buf buf;

	buf_init (&buf, 700);
	for (int i = 0; i < 20000; i++) {
		size_t n = (seed = seed * 1664525 + 1013904223) >> 24;

		if (seed & 0x800000 && n <= buf_room (&buf)) {
			uint8_t *space = buf_reserve (&buf, n + (buf_room (&buf) - n) / 2);

			ck_assert_ptr_nonnull (space);
			for (size_t j = 0; j < n; j++)
				space[j] = next_in++;
			buf_commit (&buf, n);
		} else if (n <= buf_len (&buf)) {
			size_t wrong = 0;

			for (size_t j = 0; j < n; j++)
				wrong += buf_head (&buf)[j] != next_out++;
			ck_assert_uint_eq (wrong, 0);
			buf_consume (&buf, n);
		}
		ck_assert_uint_le (buf.size, 700);
	}
	buf_free (&buf);
}
END_TEST

START_TEST (trim)
{
	struct buf buf;

	buf_init (&buf, 100);
	buf_append (&buf, "x", 1);
	buf_trim (&buf);
	assert_holds (&buf, "x");
	buf_consume (&buf, 1);
	ck_assert_ptr_nonnull (buf.data);
	buf_trim (&buf);
	ck_assert_ptr_null (buf.data);
	ck_assert_uint_eq (buf_room (&buf), 100);
	ck_assert_int_eq (buf_append (&buf, "y", 1), 0);
	assert_holds (&buf, "y");
	buf_free (&buf);
}
END_TEST

START_TEST (shrinks_to_what_it_holds)
{
	struct buf buf;

	buf_init (&buf, 1 << 20);
	ck_assert_ptr_nonnull (buf_reserve (&buf, 300000));
	memset (buf.data, 'x', 299998);
	memcpy (buf.data + 299998, "yz", 2);
	buf_commit (&buf, 300000);
	buf_shrink (&buf, 0);
	ck_assert_uint_ge (buf.size, 300000); /* it is full */
	buf_consume (&buf, 299998);
	buf_shrink (&buf, buf.size);
	ck_assert_uint_ge (buf.size, 300000); /* that much may be kept */
	buf_shrink (&buf, 0);
	ck_assert_uint_le (buf.size, 512);
	assert_holds (&buf, "yz");
	buf_consume (&buf, 2);
	buf_shrink (&buf, 0);
	ck_assert_ptr_null (buf.data);
}
END_TEST

static void cases (TCase *tcase)
{
	tcase_add_test (tcase, empty);
	tcase_add_test (tcase, in_and_out);
	tcase_add_test (tcase, the_maximum_holds);
	tcase_add_test (tcase, printed_to_the_last_byte);
	tcase_add_loop_test (tcase, memory_is_bounded, 0, 6);
	tcase_add_test (tcase, read_space_is_used_again);
	tcase_add_test (tcase, a_stream_stays_in_order);
	tcase_add_test (tcase, trim);
	tcase_add_test (tcase, shrinks_to_what_it_holds);
}

CHECK_MAIN ("base/buf", cases)
