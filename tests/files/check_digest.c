/* Sums: the examples of FIPS 180-4 and what xxh128sum(1) prints, zeros as bytes, a sum that goes on after it was read, and which
 * words are sums. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "files/digest.h"
#include "support/check_main.h"

static const struct {
	const char *empty, *abc;
} sums[N_DIGESTS] = {
	[DIGEST_SHA256] = { "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	[DIGEST_XXH128] = { "99aa06d3014798d86001c324468d497f", "06b05ab6733a618578af5f94892f3950" },
};

START_TEST (examples)
{
	struct digest *digest = digest_new ((enum digest_kind)_i);
	char text[DIGEST_TEXT];

	digest_text (digest, text);
	ck_assert_str_eq (text, sums[_i].empty);
	digest_add (digest, "ab", 2);
	digest_text (digest, text);
	digest_add (digest, "c", 1);
	digest_text (digest, text);
	ck_assert_str_eq (text, sums[_i].abc);
	digest_reset (digest);
	digest_text (digest, text);
	ck_assert_str_eq (text, sums[_i].empty);
	digest_free (digest);
}
END_TEST

START_TEST (zeros)
{
	struct digest *one = digest_new ((enum digest_kind)_i), *other = digest_new ((enum digest_kind)_i);
	char text[DIGEST_TEXT], same[DIGEST_TEXT];

	digest_add_zeros (one, 200001);
	for (int i = 0; i < 200001; i++)
		digest_add (other, "", 1);
	digest_text (one, text);
	digest_text (other, same);
	ck_assert_str_eq (text, same);
	digest_free (one);
	digest_free (other);
}
END_TEST

START_TEST (words)
{
	static const char digits[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	char text[DIGEST_TEXT + 1];

	for (int kind = 0; kind < N_DIGESTS; kind++) {
		const char *name = digest_name ((enum digest_kind)kind);
		int n = digest_digits ((enum digest_kind)kind);

		ck_assert_int_eq (digest_parse (name), kind);
		snprintf (text, sizeof text, "%.*s", n, digits);
		ck_assert_int_eq (digest_kind_of (text), kind);
		text[n - 1] = 'A';
		ck_assert_int_eq (digest_kind_of (text), -1);
		text[n - 1] = '\0';
		ck_assert_int_eq (digest_kind_of (text), -1);
	}
	ck_assert_int_eq (digest_parse ("md5"), -1);
	ck_assert_int_eq (digest_parse (""), -1);
	ck_assert_int_eq (digest_kind_of (""), -1);
	snprintf (text, sizeof text, "%s0", digits);
	ck_assert_int_eq (digest_kind_of (text), -1);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_loop_test (tcase, examples, 0, N_DIGESTS);
	tcase_add_loop_test (tcase, zeros, 0, N_DIGESTS);
	tcase_add_test (tcase, words);
}

CHECK_MAIN ("digest", add_cases)
