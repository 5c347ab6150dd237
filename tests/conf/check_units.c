/* check_units - truths, numbers, sizes and times: the accepted texts, their values, and the refused texts. */
#include "config.h"

#include <limits.h>
#include <math.h>

#include "conf/tree.h"
#include "support/check_main.h"

/* A value that no test expects: a failing conversion must leave it alone. */
#define UNTOUCHED (-77)
#define FAILS UNTOUCHED

struct sample {
	const char *word;
	long long value;
};

typedef int converter (const struct conf_node *node, long long *value);

static void check_samples (converter *convert, const struct sample *samples, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct conf_node node = { .kind = CONF_SCALAR, .value = samples[i].word };
		long long value = UNTOUCHED;
		int failed = convert (&node, &value);

		ck_assert_msg (failed == (samples[i].value == FAILS ? -1 : 0) && value == samples[i].value,
			"'%s': %d, %lld", samples[i].word, failed, value);
		if (failed)
			continue;
		node.quoted = true;
		ck_assert_int_eq (convert (&node, &value), -1);
	}
	/* A node that is no scalar is no number. */
	for (enum conf_kind kind = CONF_NULL; kind <= CONF_LIST; kind++) {
		struct conf_node node = { .kind = kind };
		long long value = UNTOUCHED;

		if (kind == CONF_SCALAR)
			continue;
		ck_assert_int_eq (convert (&node, &value), -1);
		ck_assert_int_eq (value, UNTOUCHED);
	}
	ck_assert_int_eq (convert (NULL, NULL), -1);
}

#define CHECK_SAMPLES(convert, samples) check_samples (convert, samples, sizeof (samples) / sizeof *(samples))

static const struct sample integers[] = {
	{ "0", 0 }, { "7", 7 }, { "-1", -1 }, { "-0", 0 }, { "4096", 4096 }, { "9223372036854775807", LLONG_MAX },
	{ "-9223372036854775807", -LLONG_MAX }, { "9223372036854775808", FAILS }, { "-9223372036854775808", FAILS },
	{ "99999999999999999999999999", FAILS }, { "", FAILS }, { "-", FAILS }, { "+1", FAILS }, { "--1", FAILS },
	{ " 1", FAILS }, { "1 ", FAILS }, { "010", FAILS }, { "00", FAILS }, { "0x10", FAILS }, { "0b1", FAILS },
	{ "0o7", FAILS }, { "1_000", FAILS }, { "1,000", FAILS }, { "1.0", FAILS }, { "1e3", FAILS }, { "10GB", FAILS },
	{ "ten", FAILS }, { "true", FAILS }, { "\xD9\xA3", FAILS }, /* the Arabic digit three */
};

static const struct sample sizes[] = {
	{ "0", 0 },
	{ "1", 1 },
	{ "512B", 512 },
	{ "1K", 1024 },
	{ "1KiB", 1024 },
	{ "8M", 8388608 },
	{ "8MiB", 8388608 },
	{ "2G", 2147483648LL },
	{ "2GiB", 2147483648LL },
	{ "3T", 3298534883328LL },
	{ "3TiB", 3298534883328LL },
	{ "5kB", 5000 },
	{ "5MB", 5000000 },
	{ "10GB", 10000000000LL },
	{ "1TB", 1000000000000LL },
	{ "8388607TiB", 8388607LL << 40 },
	{ "8388608TiB", FAILS },
	{ "9223372036854775807", LLONG_MAX },
	{ "9223372036854775807K", FAILS },
	{ "9223372036854775808", FAILS },
	{ "-1", FAILS },
	{ "-1K", FAILS },
	{ "8 MiB", FAILS },
	{ "8mib", FAILS },
	{ "8KB", FAILS }, /* 1000 or 1024? */
	{ "8k", FAILS },
	{ "8m", FAILS },
	{ "8Mi", FAILS },
	{ "8MiBs", FAILS },
	{ "1.5GiB", FAILS },
	{ "08M", FAILS },
	{ "M", FAILS },
	{ "", FAILS },
	{ "1P", FAILS },
	{ "2s", FAILS },
};

static const struct sample times[] = {
	{ "0", 0 },
	{ "0s", 0 },
	{ "2", 2000 },
	{ "2s", 2000 },
	{ "500ms", 500 },
	{ "1.5", 1500 },
	{ "1.5s", 1500 },
	{ "0.25s", 250 },
	{ "0.001s", 1 },
	{ "0.001000000s", 1 },
	{ "3m", 180000 },
	{ "0.5m", 30000 },
	{ "2h", 7200000 },
	{ "1.5h", 5400000 },
	{ "7d", 604800000 },
	{ "0.000000125d", FAILS }, /* 10.8 ms */
	{ "0.0000125d", 1080 },
	{ "0.0005s", FAILS },
	{ "0.5ms", FAILS },
	{ "1.0ms", 1 },
	{ "0.0010000000s", FAILS }, /* ten digits of a fraction */
	{ "106751991167d", 106751991167LL * 86400000 },
	{ "106751991168d", FAILS },
	{ "9223372036854775807ms", LLONG_MAX },
	{ "9223372036854775807", FAILS },
	{ "9223372036854775.807s", LLONG_MAX },
	{ "9223372036854775.808s", FAILS },
	{ "-1s", FAILS },
	{ "+1s", FAILS },
	{ "1 s", FAILS },
	{ "1S", FAILS },
	{ "1sec", FAILS },
	{ "1min", FAILS },
	{ "1m30s", FAILS },
	{ "1w", FAILS },
	{ ".5s", FAILS },
	{ "1.s", FAILS },
	{ "1.5.5s", FAILS },
	{ "1e3s", FAILS },
	{ "01s", FAILS },
	{ "s", FAILS },
	{ "", FAILS },
	{ "infinity", FAILS },
	{ "8MiB", FAILS },
};

START_TEST (integer)
{
	CHECK_SAMPLES (conf_integer, integers);
}
END_TEST

START_TEST (size)
{
	CHECK_SAMPLES (conf_size, sizes);
}
END_TEST

START_TEST (time_)
{
	CHECK_SAMPLES (conf_time, times);
}
END_TEST

static int bool_as_number (const struct conf_node *node, long long *value)
{
	bool truth = false;

	if (conf_bool (node, &truth) < 0)
		return -1;
	*value = truth;
	return 0;
}

START_TEST (truth)
{
	static const struct sample truths[] = {
		{ "true", 1 },
		{ "True", 1 },
		{ "TRUE", 1 },
		{ "yes", 1 },
		{ "on", 1 },
		{ "ON", 1 },
		{ "false", 0 },
		{ "False", 0 },
		{ "no", 0 },
		{ "No", 0 },
		{ "off", 0 },
		{ "", FAILS },
		{ "y", FAILS },
		{ "n", FAILS },
		{ "1", FAILS },
		{ "0", FAILS },
		{ "truely", FAILS },
		{ "tru", FAILS },
		{ " true", FAILS },
	};

	CHECK_SAMPLES (bool_as_number, truths);
}
END_TEST

START_TEST (number)
{
	static const struct {
		const char *word;
		double value; /* NAN: refused */
	} samples[] = {
		{ "0", 0 },
		{ "1.5", 1.5 },
		{ "-2.25", -2.25 },
		{ "1e3", 1000 },
		{ "1E+3", 1000 },
		{ "25e-2", 0.25 },
		{ "1e308", 1e308 },
		{ "1e999", NAN },
		{ "-1e999", NAN },
		{ "inf", NAN },
		{ "nan", NAN },
		{ ".inf", NAN },
		{ "0x10", NAN },
		{ "1,5", NAN },
		{ "1.", NAN },
		{ ".5", NAN },
		{ "1e", NAN },
		{ "1e+", NAN },
		{ "--1", NAN },
		{ "+1", NAN },
		{ "01.5", NAN },
		{ "1.5 ", NAN },
		{ "", NAN },
		{ "-", NAN },
	};

	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		struct conf_node node = { .kind = CONF_SCALAR, .value = samples[i].word };
		bool refused = isnan (samples[i].value);
		double value = UNTOUCHED;

		ck_assert_msg (conf_number (&node, &value) == (refused ? -1 : 0), "'%s'", samples[i].word);
		ck_assert_msg (value == (refused ? UNTOUCHED : samples[i].value), "'%s': %g", samples[i].word, value);
		node.quoted = true;
		ck_assert_int_eq (conf_number (&node, &value), -1);
	}
	ck_assert_int_eq (conf_number (NULL, NULL), -1);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, integer);
	tcase_add_test (tcase, size);
	tcase_add_test (tcase, time_);
	tcase_add_test (tcase, truth);
	tcase_add_test (tcase, number);
}

CHECK_MAIN ("units", add_cases)
