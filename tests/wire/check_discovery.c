/* check_discovery - the query and the answer, and every datagram that is nearly one. */
#include "config.h"

#include <string.h>

#include "support/check_main.h"
#include "wire/discovery.h"

static const uint8_t nonce[DISCOVERY_NONCE] = "sixteen bytes !";

static struct discovery_answer answer_of (const char *name, uint16_t port)
{
	struct discovery_answer answer = { .port = port, .key = { 1, 2, 0xff } };

	snprintf (answer.name, sizeof answer.name, "%s", name);
	return answer;
}

START_TEST (query)
{
	uint8_t bytes[DISCOVERY_SIZE + 1] = { 0 };
	const uint8_t *found;

	discovery_ask (bytes, nonce);
	ck_assert (discovery_is_query (bytes, DISCOVERY_SIZE, &found));
	ck_assert_mem_eq (found, nonce, DISCOVERY_NONCE);
	for (size_t n = 0; n < DISCOVERY_SIZE; n++)
		ck_assert (!discovery_is_query (bytes, n, &found));
	ck_assert (!discovery_is_query (bytes, DISCOVERY_SIZE + 1, &found));
	for (size_t i = 0; i < DISCOVERY_SIZE; i++) {
		bytes[i] ^= 1;
		ck_assert (discovery_is_query (bytes, DISCOVERY_SIZE, &found) == (i >= 8 && i < 24));
		bytes[i] ^= 1;
	}
}
END_TEST

START_TEST (answer)
{
	struct discovery_answer said = answer_of ("web1.lab", 7363), read;
	uint8_t bytes[DISCOVERY_SIZE], other[DISCOVERY_NONCE] = { 0 };
	const uint8_t *found;
	size_t n = discovery_answer (bytes, nonce, &said);

	ck_assert_uint_eq (n, 8 + 16 + 2 + 32 + 1 + 8);
	ck_assert_int_eq (discovery_read (&read, bytes, n, nonce), DISCOVERY_ANSWERED);
	ck_assert_str_eq (read.name, "web1.lab");
	ck_assert_uint_eq (read.port, 7363);
	ck_assert_mem_eq (read.key, said.key, DISCOVERY_KEY);
	ck_assert_int_eq (discovery_read (&read, bytes, n, other), DISCOVERY_STRANGE);
	ck_assert (!discovery_is_query (bytes, n, &found));
	for (size_t cut = 0; cut < n; cut++)
		ck_assert_int_eq (discovery_read (&read, bytes, cut, nonce), DISCOVERY_MALFORMED);
	ck_assert_int_eq (discovery_read (&read, bytes, n + 1, nonce), DISCOVERY_MALFORMED);
	for (size_t i = 0; i < 24; i++) {
		bytes[i] ^= 1;
		ck_assert_int_eq (
			discovery_read (&read, bytes, n, nonce), i < 8 ? DISCOVERY_MALFORMED : DISCOVERY_STRANGE);
		bytes[i] ^= 1;
	}
	bytes[58]++;
	ck_assert_int_eq (discovery_read (&read, bytes, n, nonce), DISCOVERY_MALFORMED);
	bytes[58]--;
	bytes[24] = bytes[25] = 0;
	ck_assert_int_eq (discovery_read (&read, bytes, n, nonce), DISCOVERY_MALFORMED);
	said.port = 0;
	ck_assert_uint_eq (discovery_answer (bytes, nonce, &said), 0);
}
END_TEST

static const struct {
	const char *name;
	bool possible;
} names[] = {
	{ "a", true },
	{ "WEB-1_x.lab", true },
	{ "0123456789012345678901234567890123456789012345678901234567890123", true },
	{ "", false },
	{ "-web", false },
	{ ".web", false },
	{ "_web", false },
	{ "we b", false },
	{ "web\033[2J", false },
	{ "web\xc3\xa4", false },
	{ "web\n", false },
};

START_TEST (possible_names)
{
	struct discovery_answer said = answer_of (names[_i].name, 1), read;
	uint8_t bytes[DISCOVERY_SIZE];
	size_t n = discovery_answer (bytes, nonce, &said), length = strlen (names[_i].name);

	ck_assert (!n == !names[_i].possible);
	ck_assert_uint_le (n, DISCOVERY_SIZE);
	/* the same in an answer that somebody else has made */
	said = answer_of ("x", 1);
	discovery_answer (bytes, nonce, &said);
	bytes[58] = (uint8_t)length;
	memcpy (bytes + 59, names[_i].name, length);
	ck_assert_int_eq (discovery_read (&read, bytes, 59 + length, nonce),
		names[_i].possible ? DISCOVERY_ANSWERED : DISCOVERY_MALFORMED);
	ck_assert (discovery_is_name (names[_i].name) == names[_i].possible);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, query);
	tcase_add_test (tcase, answer);
	tcase_add_loop_test (tcase, possible_names, 0, sizeof names / sizeof *names);
}

CHECK_MAIN ("discovery", add_cases)
