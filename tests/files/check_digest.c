/* SHA-256: the sums of the examples of FIPS 180-4, zeros as bytes, and a sum that goes on after it was read. */
#include "config.h"

#include <string.h>

#include "files/digest.h"
#include "support/check_main.h"

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

START_TEST (examples)
{
	struct digest *digest = digest_new ();
	char text[DIGEST_TEXT];

	digest_text (digest, text);
	ck_assert_str_eq (text, EMPTY);
	digest_add (digest, "ab", 2);
	digest_text (digest, text);
	digest_add (digest, "c", 1);
	digest_text (digest, text);
	ck_assert_str_eq (text, ABC);
	digest_reset (digest);
	digest_text (digest, text);
	ck_assert_str_eq (text, EMPTY);
	digest_free (digest);
}
END_TEST

START_TEST (zeros)
{
	struct digest *one = digest_new (), *other = digest_new ();
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

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, examples);
	tcase_add_test (tcase, zeros);
}

CHECK_MAIN ("digest", add_cases)
