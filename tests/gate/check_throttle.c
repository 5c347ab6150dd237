/* check_throttle - clients on their way in, by address: the caps, penalties that add up and pass, a table that is full. */
#include "config.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "gate/throttle.h"
#include "support/check_main.h"

enum {
	MOST_SOURCES = 65536, /* throttle.c */
};

static const struct throttle_limits usual = { .most = 256, .most_each = 8, .penalty_ms = 600000 };

static struct endpoint at (const char *text)
{
	struct endpoint endpoint;
	struct err err = { 0 };

	ck_assert_msg (endpoint_parse (&endpoint, text, &err) == 0, "%s: %s", text, err.text);
	return endpoint;
}

/* The nth of many sources of IPv4, or of IPv6. */
static struct endpoint nth (unsigned n, int family)
{
	struct endpoint endpoint = { .size = sizeof endpoint.address };

	endpoint.address.ss_family = (sa_family_t)family;
	if (family == AF_INET) {
		((struct sockaddr_in *)&endpoint.address)->sin_addr.s_addr = htonl (0x0A000000 + n);
	} else {
		uint32_t low = htonl (n);

		memcpy (((struct sockaddr_in6 *)&endpoint.address)->sin6_addr.s6_addr + 4, &low, sizeof low);
	}
	return endpoint;
}

/* Enter and stay; NULL where that is refused. */
static struct throttle_source *enter (struct throttle *throttle, struct endpoint from, int64_t now_ms)
{
	struct throttle_source *source = NULL;

	return throttle_enter (throttle, &from, now_ms, &source) == THROTTLE_ENTERED ? source : NULL;
}

static enum throttle_verdict verdict (struct throttle *throttle, struct endpoint from, int64_t now_ms)
{
	struct throttle_source *source;
	enum throttle_verdict is = throttle_enter (throttle, &from, now_ms, &source);

	if (is == THROTTLE_ENTERED)
		throttle_leave (throttle, source);
	return is;
}

/* Enter, fail, leave. */
static void fails (struct throttle *throttle, struct endpoint from, enum throttle_failure failure, int64_t now_ms)
{
	struct throttle_source *source = enter (throttle, from, now_ms);

	ck_assert_ptr_nonnull (source);
	throttle_fail (throttle, source, failure, now_ms);
	throttle_leave (throttle, source);
}

/* --- how many ---------------------------------------------------------------------------------------------------- */

START_TEST (each_source_has_a_cap)
{
	struct throttle *throttle = throttle_new (&usual);
	struct throttle_source *in[8];

	for (int i = 0; i < 8; i++) {
		char text[64];

		snprintf (text, sizeof text, "192.0.2.1:%d", 1000 + i);
		ck_assert_ptr_nonnull (in[i] = enter (throttle, at (text), 0));
	}
	ck_assert_int_eq (verdict (throttle, at ("192.0.2.1:2000"), 0), THROTTLE_CROWDED);
	ck_assert_int_eq (verdict (throttle, at ("192.0.2.2:2000"), 0), THROTTLE_ENTERED);
	ck_assert_int_eq (throttle_entering (throttle), 8);
	throttle_leave (throttle, in[3]);
	ck_assert_int_eq (verdict (throttle, at ("192.0.2.1:2000"), 0), THROTTLE_ENTERED);
	for (int i = 0; i < 8; i++)
		if (i != 3)
			throttle_leave (throttle, in[i]);
	ck_assert_int_eq (throttle_entering (throttle), 0);
	throttle_free (throttle);
}
END_TEST

/* An IPv6 host has 2^64 addresses; an IPv4 host has the same address in every notation. */
START_TEST (addresses_of_one_source)
{
	static const struct {
		const char *one, *other;
		bool same;
	} table[] = {
		{ "192.0.2.1", "[::ffff:192.0.2.1]", true }, { "[::ffff:192.0.2.1]", "[::ffff:192.0.2.2]", false },
		{ "[2001:db8::1]", "[2001:db8::ffff:ffff:ffff:ffff]", true },
		{ "[2001:db8:0:1::1]", "[2001:db8::1]", false }, { "192.0.2.1", "192.0.2.129", false },
		{ "192.0.2.1:1", "192.0.2.1:2", true },
		{ "192.0.2.1", "[c000:0201::1]", false }, /* the same first bytes */
	};
	struct throttle_limits one = { .most = 256, .most_each = 1, .penalty_ms = 0 };

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct throttle *throttle = throttle_new (&one);
		struct throttle_source *in = enter (throttle, at (table[i].one), 0);

		ck_assert_ptr_nonnull (in);
		ck_assert_msg ((verdict (throttle, at (table[i].other), 0) == THROTTLE_CROWDED) == table[i].same,
			"%s and %s", table[i].one, table[i].other);
		throttle_leave (throttle, in);
		throttle_free (throttle);
	}
}
END_TEST

/* All clients of the reverse tunnel are one source with a quarter of all places, and no failure shuts it. */
START_TEST (the_tunnel_is_one_source)
{
	const struct throttle_limits limits = { .most = 16, .most_each = 2, .penalty_ms = 600000 };
	struct throttle *throttle = throttle_new (&limits);
	struct throttle_source *in[4];
	struct endpoint tunnel;

	endpoint_set_tunnel (&tunnel);
	for (int i = 0; i < 100; i++)
		fails (throttle, tunnel, THROTTLE_LATE, 0);
	ck_assert_uint_eq (throttle_penalised (throttle, 0), 0);
	for (int i = 0; i < 4; i++)
		ck_assert_ptr_nonnull (in[i] = enter (throttle, tunnel, 0));
	ck_assert_int_eq (verdict (throttle, tunnel, 0), THROTTLE_CROWDED);
	ck_assert_int_eq (verdict (throttle, at ("127.0.0.1"), 0), THROTTLE_ENTERED);
	for (int i = 0; i < 4; i++)
		throttle_leave (throttle, in[i]);
	ck_assert_int_eq (verdict (throttle, tunnel, 0), THROTTLE_ENTERED);
	throttle_free (throttle);
}
END_TEST

/* The total has a cap, and no client is refused below it. */
START_TEST (all_together_have_a_cap)
{
	struct throttle *throttle = throttle_new (&usual);
	struct throttle_source *first = enter (throttle, nth (0, AF_INET), 0);

	for (unsigned i = 1; i < 256; i++)
		ck_assert_ptr_nonnull (enter (throttle, nth (i, AF_INET), 0));
	ck_assert_int_eq (verdict (throttle, nth (256, AF_INET), 0), THROTTLE_FULL);
	throttle_leave (throttle, first);
	ck_assert_int_eq (verdict (throttle, nth (256, AF_INET), 0), THROTTLE_ENTERED);
	throttle_free (throttle);
}
END_TEST

/* Small maxima: no client is refused below them. */
START_TEST (small_maxima)
{
	for (int most = 1; most <= 5; most++) {
		struct throttle_limits limits = { .most = most, .most_each = most, .penalty_ms = 0 };
		struct throttle *throttle = throttle_new (&limits);
		struct endpoint from = at ("192.0.2.1");
		struct throttle_source *source;

		ck_assert_int_eq (throttle_enter (throttle, &from, 0, &source), THROTTLE_ENTERED);
		for (int i = 1; i < most; i++)
			ck_assert_ptr_nonnull (enter (throttle, nth ((unsigned)i, AF_INET6), 0));
		ck_assert_int_eq (verdict (throttle, at ("192.0.2.2"), 0), THROTTLE_FULL);
		throttle_leave (throttle, source);
		ck_assert_int_eq (verdict (throttle, at ("192.0.2.2"), 0), THROTTLE_ENTERED);
		throttle_free (throttle);
	}
}
END_TEST

/* --- penalties --------------------------------------------------------------------------------------------------- */

START_TEST (penalties_add_up_and_pass)
{
	struct throttle *throttle = throttle_new (&usual);
	struct endpoint from = at ("192.0.2.1"), other = at ("192.0.2.2");

	fails (throttle, from, THROTTLE_BAD_KEY, 1000); /* until 6000 */
	fails (throttle, from, THROTTLE_BAD_KEY, 1000); /* until 11000 */
	ck_assert_int_eq (verdict (throttle, from, 1000), THROTTLE_ENTERED);
	ck_assert_uint_eq (throttle_penalised (throttle, 1000), 0);
	fails (throttle, from, THROTTLE_BAD_KEY, 1000); /* until 16000: the threshold */
	ck_assert_int_eq (verdict (throttle, from, 1000), THROTTLE_PENALISED);
	ck_assert_int_eq (verdict (throttle, other, 1000), THROTTLE_ENTERED);
	ck_assert_uint_eq (throttle_penalised (throttle, 1000), 1);
	/* The address is refused until all of the penalty has passed, and attempts meanwhile cost nothing. */
	ck_assert_int_eq (verdict (throttle, from, 15999), THROTTLE_PENALISED);
	ck_assert_uint_eq (throttle_penalised (throttle, 16000), 0);
	ck_assert_int_eq (verdict (throttle, from, 16000), THROTTLE_ENTERED);
	/* Again, from the beginning. */
	fails (throttle, from, THROTTLE_BAD_KEY, 16000);
	fails (throttle, from, THROTTLE_BAD_KEY, 16000);
	ck_assert_int_eq (verdict (throttle, from, 16000), THROTTLE_ENTERED);
	throttle_free (throttle);
}
END_TEST

/* An address that fails once in a while is never refused. */
START_TEST (slow_failures_do_not_add_up)
{
	struct throttle *throttle = throttle_new (&usual);
	int64_t now_ms = 1000;

	for (int i = 0; i < 1000; i++, now_ms += 5000)
		fails (throttle, at ("192.0.2.1"), THROTTLE_BAD_KEY, now_ms);
	throttle_free (throttle);
}
END_TEST

START_TEST (the_cost_of_failures)
{
	static const struct {
		enum throttle_failure failure;
		int times; /* until it is refused */
	} table[] = { { THROTTLE_BAD_KEY, 3 }, { THROTTLE_LATE, 2 }, { THROTTLE_GARBAGE, 3 }, { THROTTLE_DENIED, 15 } };

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct throttle *throttle = throttle_new (&usual);
		struct endpoint from = at ("[2001:db8::1]");

		for (int n = 0; n < table[i].times; n++) {
			ck_assert_int_eq (verdict (throttle, from, 7), THROTTLE_ENTERED);
			fails (throttle, from, table[i].failure, 7);
		}
		ck_assert_int_eq (verdict (throttle, from, 7), THROTTLE_PENALISED);
		throttle_free (throttle);
	}
}
END_TEST

/* Many clients that fail at once, after all of them have entered: the penalty stops at its maximum. */
START_TEST (penalties_have_a_maximum)
{
	struct throttle_limits limits = { .most = 256, .most_each = 100, .penalty_ms = 60000 };
	struct throttle *throttle = throttle_new (&limits);
	struct endpoint from = at ("192.0.2.1");
	struct throttle_source *in[50];

	for (int i = 0; i < 50; i++)
		ck_assert_ptr_nonnull (in[i] = enter (throttle, from, 0));
	for (int i = 0; i < 50; i++) {
		throttle_fail (throttle, in[i], THROTTLE_LATE, 1000);
		ck_assert_int_eq (verdict (throttle, from, 1000) == THROTTLE_PENALISED, i > 0);
		throttle_leave (throttle, in[i]);
	}
	ck_assert_int_eq (verdict (throttle, from, 60999), THROTTLE_PENALISED);
	ck_assert_int_eq (verdict (throttle, from, 61000), THROTTLE_ENTERED);
	throttle_free (throttle);
}
END_TEST

START_TEST (maximum_below_the_threshold)
{
	struct throttle_limits limits = { .most = 256, .most_each = 8, .penalty_ms = 4000 };
	struct throttle *throttle = throttle_new (&limits);

	fails (throttle, at ("192.0.2.1"), THROTTLE_BAD_KEY, 0);
	ck_assert_int_eq (verdict (throttle, at ("192.0.2.1"), 3999), THROTTLE_PENALISED);
	ck_assert_int_eq (verdict (throttle, at ("192.0.2.1"), 4000), THROTTLE_ENTERED);
	throttle_free (throttle);
}
END_TEST

START_TEST (limits_change)
{
	struct throttle_limits limits = usual;
	struct throttle *throttle = throttle_new (&limits);

	for (unsigned n = 0; n < 10; n++)
		for (unsigned i = 0; i < 2 + n; i++) {
			struct throttle_source *in = enter (throttle, nth (n, AF_INET), 0);

			if (in) {
				throttle_fail (throttle, in, THROTTLE_LATE, 0);
				throttle_fail (throttle, in, THROTTLE_LATE, 0);
				throttle_leave (throttle, in);
			}
		}
	ck_assert_uint_eq (throttle_penalised (throttle, 0), 10);
	limits.penalty_ms = 5000;
	throttle_set_limits (throttle, &limits, 1000);
	ck_assert_uint_eq (throttle_penalised (throttle, 5999), 10);
	ck_assert_uint_eq (throttle_penalised (throttle, 6000), 0);
	/* Without penalties: existing ones end, and no new ones are given. */
	limits.penalty_ms = 0;
	throttle_set_limits (throttle, &limits, 2000);
	ck_assert_int_eq (verdict (throttle, nth (3, AF_INET), 2000), THROTTLE_ENTERED);
	for (int i = 0; i < 10; i++)
		fails (throttle, at ("192.0.2.1"), THROTTLE_LATE, 2000);
	limits.most_each = 0;
	throttle_set_limits (throttle, &limits, 2000);
	ck_assert_int_eq (verdict (throttle, at ("192.0.2.1"), 2000), THROTTLE_CROWDED);
	throttle_free (throttle);
}
END_TEST

/* --- a full table ------------------------------------------------------------------------------------------------ */

/* Enter, and leave with a penalty that ends 100 s from then. */
static void doom (struct throttle *throttle, struct endpoint from, int64_t now_ms)
{
	struct throttle_source *source = enter (throttle, from, now_ms);

	ck_assert_ptr_nonnull (source);
	for (int i = 0; i < 10; i++)
		throttle_fail (throttle, source, THROTTLE_LATE, now_ms);
	throttle_leave (throttle, source);
}

/* Sources whose penalties end one after the other, the nth at 100000 + n, given in another order (n is not a multiple of
 * 3, 23 or 587). */
static struct throttle *crowd (unsigned n)
{
	struct throttle *throttle = throttle_new (&usual);

	ck_assert_ptr_nonnull (throttle);
	for (unsigned i = 0; i < n; i++) {
		unsigned other = (unsigned)((uint64_t)i * 40503 % n);

		doom (throttle, nth (other, AF_INET6), other);
	}
	ck_assert_uint_eq (throttle_penalised (throttle, n), n);
	return throttle;
}

START_TEST (the_first_to_end_makes_room)
{
	struct throttle *throttle = crowd (MOST_SOURCES);

	for (unsigned i = 0; i < 1000; i++) {
		ck_assert_int_eq (verdict (throttle, nth (i, AF_INET6), MOST_SOURCES), THROTTLE_PENALISED);
		doom (throttle, nth (i, AF_INET), MOST_SOURCES);
		ck_assert_uint_eq (throttle_penalised (throttle, MOST_SOURCES), MOST_SOURCES);
	}
	ck_assert_int_eq (verdict (throttle, nth (1000, AF_INET6), MOST_SOURCES), THROTTLE_PENALISED);
	ck_assert_int_eq (verdict (throttle, nth (0, AF_INET), MOST_SOURCES), THROTTLE_PENALISED);
	ck_assert_int_eq (verdict (throttle, nth (999, AF_INET6), MOST_SOURCES), THROTTLE_ENTERED);
	throttle_free (throttle);
}
END_TEST

/* Entries whose penalty has passed are removed, in whatever order they came. */
START_TEST (passed_penalties_are_removed)
{
	struct throttle *throttle = crowd (5000);

	for (unsigned passed = 0; passed <= 5000; passed += 250) {
		ck_assert_int_eq (verdict (throttle, at ("192.0.2.1"), 100000 + passed), THROTTLE_ENTERED);
		ck_assert_uint_eq (throttle_penalised (throttle, 0), passed < 5000 ? 4999 - passed : 0);
	}
	throttle_free (throttle);
}
END_TEST

/* All sources are on their way in: none can be forgotten, so one more is refused. */
START_TEST (a_source_on_its_way_in_is_kept)
{
	struct throttle_limits limits = { .most = MOST_SOURCES * 8, .most_each = 8, .penalty_ms = 600000 };
	struct throttle *throttle = throttle_new (&limits);
	struct throttle_source *first = enter (throttle, nth (0, AF_INET), 0);

	for (unsigned i = 1; i < MOST_SOURCES; i++)
		ck_assert_ptr_nonnull (enter (throttle, nth (i, i % 2 ? AF_INET : AF_INET6), 0));
	ck_assert_int_eq (verdict (throttle, at ("192.0.2.1"), 0), THROTTLE_FULL);
	ck_assert_int_eq (verdict (throttle, nth (1, AF_INET), 0), THROTTLE_ENTERED);
	throttle_leave (throttle, first);
	ck_assert_int_eq (verdict (throttle, at ("192.0.2.1"), 0), THROTTLE_ENTERED);
	throttle_free (throttle);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, each_source_has_a_cap);
	tcase_add_test (tcase, addresses_of_one_source);
	tcase_add_test (tcase, the_tunnel_is_one_source);
	tcase_add_test (tcase, all_together_have_a_cap);
	tcase_add_test (tcase, small_maxima);
	tcase_add_test (tcase, penalties_add_up_and_pass);
	tcase_add_test (tcase, slow_failures_do_not_add_up);
	tcase_add_test (tcase, the_cost_of_failures);
	tcase_add_test (tcase, penalties_have_a_maximum);
	tcase_add_test (tcase, maximum_below_the_threshold);
	tcase_add_test (tcase, limits_change);
	tcase_add_test (tcase, the_first_to_end_makes_room);
	tcase_add_test (tcase, passed_penalties_are_removed);
	tcase_add_test (tcase, a_source_on_its_way_in_is_kept);
}

CHECK_MAIN ("throttle", add_cases)
