/* check_quantity - what is shown can be read again; the samples of what may be read are in conf/check_units.c. */
#include "config.h"

#include <limits.h>

#include "base/quantity.h"
#include "support/check_main.h"

static const struct {
	enum quantity quantity;
	long long value;
	const char *text;
} rows[] = {
	{ QUANTITY_COUNT, 0, "0" },
	{ QUANTITY_COUNT, 86400000, "86400000" },
	{ QUANTITY_SIZE, 0, "0" },
	{ QUANTITY_SIZE, 1, "1" },
	{ QUANTITY_SIZE, 1023, "1023" },
	{ QUANTITY_SIZE, 1024, "1KiB" },
	{ QUANTITY_SIZE, 1536, "1536" },
	{ QUANTITY_SIZE, 64 << 20, "64MiB" },
	{ QUANTITY_SIZE, 1LL << 50, "1024TiB" },
	{ QUANTITY_SIZE, LLONG_MAX, "9223372036854775807" },
	{ QUANTITY_TIME, 0, "0s" },
	{ QUANTITY_TIME, 1, "1ms" },
	{ QUANTITY_TIME, 1500, "1500ms" },
	{ QUANTITY_TIME, 90000, "90s" },
	{ QUANTITY_TIME, 3600000, "1h" },
	{ QUANTITY_TIME, 365LL * 86400 * 1000, "365d" },
};

START_TEST (shown_and_read)
{
	char shown[QUANTITY_SHOWN];
	long long value = -1;

	ck_assert_str_eq (quantity_show (rows[_i].quantity, rows[_i].value, shown), rows[_i].text);
	ck_assert_int_eq (quantity_parse (rows[_i].quantity, shown, &value), 0);
	ck_assert_int_eq (value, rows[_i].value);
}
END_TEST

START_TEST (refused)
{
	static const char *const words[] = { "", "-1", "+1", " 1", "1 ", "01", "1x", "1.5", "99999999999999999999",
		"0x10" };
	static const enum quantity quantities[] = { QUANTITY_COUNT, QUANTITY_SIZE };
	long long value = 7;

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		for (int k = 0; k < 2; k++)
			ck_assert_msg (quantity_parse (quantities[k], words[i], &value) < 0, "'%s' was read", words[i]);
	ck_assert_int_lt (quantity_parse (QUANTITY_COUNT, "1KiB", &value), 0);
	ck_assert_int_lt (quantity_parse (QUANTITY_SIZE, "1s", &value), 0);
	ck_assert_int_lt (quantity_parse (QUANTITY_TIME, "1KiB", &value), 0);
	ck_assert_int_eq (value, 7);
}
END_TEST

static void cases (TCase *tcase)
{
	tcase_add_loop_test (tcase, shown_and_read, 0, (int)(sizeof rows / sizeof *rows));
	tcase_add_test (tcase, refused);
}

CHECK_MAIN ("base/quantity", cases)
