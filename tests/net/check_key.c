/* check_key - lines and fingerprints of keys: a written line can be read, and no other text is a key. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "net/key.h"
#include "support/check_main.h"

/* The public key of RFC 8032, section 7.1, test 1. The fingerprint is openssl's:
 * openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | base64 */
#define BASE64 "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define DIGEST "BuP9j9opu2CrWVV95h7bCuzbIxE0vjDnW0Vfjht5L6k"
static const struct key known = { { 0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64,
	0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a } };

static struct err err;

START_TEST (test_line)
{
	static const char *const lines[] = {
		"remex-ed25519 " BASE64,
		"remex-ed25519 " BASE64 "\n",
		"remex-ed25519 " BASE64 " \r\n",
		" \t remex-ed25519 \t " BASE64 "\t",
		"remex-ed25519 " BASE64 " alice@desk",
		"remex-ed25519 " BASE64 " two words, \xc3\xa9",
	};
	char out[KEY_LINE_SIZE];
	struct key key;

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		memset (&key, 0, sizeof key);
		ck_assert_msg (key_parse (&key, lines[i], &err) == 0, "%s: %s", lines[i], err.text);
		ck_assert (key_equal (&key, &known));
	}
	ck_assert_str_eq (key_format (&known, NULL, out), "remex-ed25519 " BASE64);
	ck_assert_str_eq (key_format (&known, "", out), "remex-ed25519 " BASE64);
	ck_assert_str_eq (key_format (&known, "a b", out), "remex-ed25519 " BASE64 " a b");
}
END_TEST

START_TEST (test_comment)
{
	char out[KEY_LINE_SIZE], comment[200];
	const char *at = out + strlen ("remex-ed25519 " BASE64 " ");
	struct key key;

	key_format (&known, "a\nb\x7f\t\xc3\xa9\xc2\x85.", out);
	ck_assert_str_eq (at, "a?b??\xc3\xa9?.");
	ck_assert_int_eq (key_parse (&key, out, &err), 0);
	key_format (&known, "a\xff\xc3\xa9", out);
	ck_assert_str_eq (at, "a?\xc3\xa9");

	memset (comment, 'x', sizeof comment);
	comment[sizeof comment - 1] = '\0';
	key_format (&known, comment, out);
	ck_assert_uint_eq (strlen (at), KEY_COMMENT_MAX);
	ck_assert_uint_eq (strlen (out), KEY_LINE_SIZE - 1);
	memcpy (comment + KEY_COMMENT_MAX - 1, "\xc3\xa9", 2); /* a character is not cut in two */
	key_format (&known, comment, out);
	ck_assert_uint_eq (strlen (at), KEY_COMMENT_MAX - 1);
}
END_TEST

START_TEST (test_refused)
{
	static const struct {
		const char *line, *why;
	} cases[] = {
		{ "", "not a key" },
		{ "  \n", "not a key" },
		{ BASE64, "is not a key" },
		{ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI me", "ssh key" },
		{ "ecdsa-sha2-nistp256 AAAA", "ssh key" },
		{ "-----BEGIN CERTIFICATE-----\nMIIB", "PEM file" },
		{ "SHA256:" DIGEST, "fingerprint" },
		{ "remex-ed25519", "is the line complete" },
		{ "remex-ed25519 ", "is the line complete" },
		{ "remex-ed25519 11qYAYKxCrfVS/7TyWQ", "is the line complete" },
		{ "remex-ed25519 " BASE64 "=", "is the line complete" },
		{ "remex-ed25519 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURp=", "not base64" },
		{ "remex-ed25519 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURoA", "not base64" },
		{ "remex-ed25519 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHUQ==", "not base64" },
		{ "remex-ed25519 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=", "not base64" },
		{ "remex-ed25519 " BASE64 "\nremex-ed25519 " BASE64, "control character" },
		{ "remex-ed25519 " BASE64 " \x1b[31m", "control character" },
		{ "remex-ed25519\n" BASE64, "control character" },
		{ "Remex-ed25519 " BASE64, "is not a key" },
		{ "remex-ed448 " BASE64, "is not a key" },
		{ "remex-ed25519 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "proves nothing" },
		{ "remex-ed25519 AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "proves nothing" },
		{ "remex-ed25519 AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIA=", "proves nothing" },
		{ "remex-ed25519 xxdqcD1N2E+6PAt2DRBnDyogU/osOczGTsf9d5KsA3o=", "proves nothing" },
		{ "\x1b[31m\xff", "\"\\x1b[31m\\xff\" is not a key" },
	};
	struct key key = known;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ck_assert_msg (key_parse (&key, cases[i].line, &err) == -1, "%s", cases[i].line);
		ck_assert_msg (strstr (err.text, cases[i].why) != NULL, "%s: %s", cases[i].line, err.text);
		ck_assert (key_equal (&key, &known));
	}
}
END_TEST

START_TEST (test_fingerprint)
{
	char out[KEY_PRINT_SIZE], print[KEY_PRINT_SIZE];

	ck_assert_str_eq (key_print (&known, out), "SHA256:" DIGEST);
	ck_assert (key_print_matches (key_print (&known, print), "SHA256:" DIGEST));
	ck_assert (key_print_matches (key_print (&known, print), DIGEST));
	ck_assert (!key_print_matches (key_print (&known, print), "SHA256:" DIGEST "="));
	ck_assert (!key_print_matches (key_print (&known, print), "sha256:" DIGEST));
	ck_assert (!key_print_matches (key_print (&known, print), "SHA256:"));
	ck_assert (!key_print_matches (key_print (&known, print), ""));
	ck_assert (!key_print_matches (key_print (&known, print), " " DIGEST));
	out[20] ^= 1;
	ck_assert (!key_print_matches (key_print (&known, print), out));
}
END_TEST

START_TEST (test_equal)
{
	struct key other;

	for (int i = 0; i < KEY_SIZE * 8; i++) {
		other = known;
		other.bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		ck_assert (!key_equal (&known, &other));
	}
	ck_assert (!key_is_weak (&known));
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, test_line);
	tcase_add_test (tcase, test_comment);
	tcase_add_test (tcase, test_refused);
	tcase_add_test (tcase, test_fingerprint);
	tcase_add_test (tcase, test_equal);
}

CHECK_MAIN ("net/key", add_cases)
