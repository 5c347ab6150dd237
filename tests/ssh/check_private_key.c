/* check_private_key - identity files: what they are, with and without a passphrase; and their signatures. */
#include "config.h"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "ssh/bcrypt_pbkdf.h"
#include "ssh/private_key.h"
#include "ssh/ssh_string.h"
#include "ssh/user_keys.h"
#include "support/check_main.h"

static const struct {
	const char *text, *public, *passphrase;
	bool tells; /* its public half is there without the passphrase */
} files[] = {
	{ ed25519_locked, ed25519_locked_public, passphrase, true },
	{ ecdsa384, ecdsa384_public, NULL, true },
	{ pem_locked, pem_locked_public, passphrase, false },
	{ rsa, rsa_public, NULL, true },
};

static enum private_key_answer read_key (
	struct private_key **key, struct public_key *public, const char *text, const char *word)
{
	struct err err = { .text = "" };
	enum private_key_answer answer = private_key_read (key, public, text, strlen (text), word, &err);

	ck_assert_int_eq (answer == PRIVATE_KEY_READ, *key != NULL);
	if (answer != PRIVATE_KEY_READ)
		ck_assert_msg (*err.text && !strchr (err.text, '\n'), "'%s'", err.text);
	return answer;
}

static void expect_public (const struct public_key *public, const char *text)
{
	char *line = public_key_format (public);

	ck_assert_str_eq (line, text);
	free (line);
}

START_TEST (read_and_locked)
{
	struct private_key *key;
	struct public_key public;

	if (files[_i].passphrase) {
		static const char *const wrong[] = { NULL, "", "pass", "pass wordsx", "Pass words" };

		for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
			ck_assert_int_eq (read_key (&key, &public, files[_i].text, wrong[i]), PRIVATE_KEY_LOCKED);
			if (files[_i].tells)
				expect_public (&public, files[_i].public);
			else
				ck_assert_uint_eq (public.n, 0);
			public_key_free (&public);
		}
	}
	ck_assert_int_eq (read_key (&key, &public, files[_i].text, files[_i].passphrase), PRIVATE_KEY_READ);
	expect_public (&public, files[_i].public);
	public_key_free (&public);
	private_key_free (key);
}
END_TEST

/* A key that is not locked may be given a passphrase. */
START_TEST (needless_passphrase)
{
	struct private_key *key;
	struct public_key public;

	ck_assert_int_eq (read_key (&key, &public, ecdsa384, passphrase), PRIVATE_KEY_READ);
	public_key_free (&public);
	private_key_free (key);
}
END_TEST

/* The signature is checked by OpenSSL with the public half as ssh has it. */
START_TEST (ed25519_signature)
{
	struct private_key *key;
	struct public_key public;
	struct buf out;
	struct ssh_reader reader;
	const uint8_t *raw;
	size_t n;
	EVP_PKEY *check;
	EVP_MD_CTX *context = EVP_MD_CTX_new ();

	ck_assert_int_eq (read_key (&key, &public, ed25519_locked, passphrase), PRIVATE_KEY_READ);
	buf_init (&out, 1000);
	ck_assert_int_eq (private_key_sign (key, "to be signed", 12, &out, NULL), 0);
	ck_assert_uint_eq (buf_len (&out), 64);
	reader = (struct ssh_reader){ public.bytes, public.n };
	ck_assert (ssh_take_string (&reader, &raw, &n) && ssh_take_string (&reader, &raw, &n) && n == 32);
	check = EVP_PKEY_new_raw_public_key (EVP_PKEY_ED25519, NULL, raw, n);
	ck_assert_int_eq (EVP_DigestVerifyInit (context, NULL, NULL, NULL, check), 1);
	ck_assert_int_eq (
		EVP_DigestVerify (context, buf_head (&out), buf_len (&out), (const uint8_t *)"to be signed", 12), 1);
	EVP_MD_CTX_free (context);
	EVP_PKEY_free (check);
	buf_free (&out);
	public_key_free (&public);
	private_key_free (key);
}
END_TEST

/* Two numbers, neither of them negative and none with a needless zero in front (RFC 4251, section 5). */
START_TEST (ecdsa_signature)
{
	struct private_key *key;
	struct public_key public;
	struct buf out;

	ck_assert_int_eq (read_key (&key, &public, ecdsa384, NULL), PRIVATE_KEY_READ);
	buf_init (&out, 1000);
	for (int i = 0; i < 200; i++) {
		struct ssh_reader reader;

		buf_consume (&out, buf_len (&out));
		ck_assert_int_eq (private_key_sign (key, &i, sizeof i, &out, NULL), 0);
		reader = (struct ssh_reader){ buf_head (&out), buf_len (&out) };
		for (int part = 0; part < 2; part++) {
			const uint8_t *number;
			size_t n;

			ck_assert (ssh_take_string (&reader, &number, &n));
			ck_assert (n > 40 && n <= 49 && !(number[0] & 0x80) && (number[0] || number[1] & 0x80));
		}
		ck_assert_uint_eq (reader.left, 0);
	}
	buf_free (&out);
	public_key_free (&public);
	private_key_free (key);
}
END_TEST

/* Each byte of a file is damaged in turn, and each beginning of it is read. */
START_TEST (damaged)
{
	char *text = strdup (files[_i].text);
	size_t n = strlen (text);
	struct private_key *key;
	struct public_key public;

	for (size_t i = 0; i < n; i += 3) {
		text[i] ^= 1;
		read_key (&key, &public, text, NULL);
		public_key_free (&public);
		private_key_free (key);
		text[i] ^= 1;
	}
	while (n > 0) {
		text[n -= n > 7 ? 7 : n] = '\0';
		read_key (&key, &public, text, NULL);
		public_key_free (&public);
		private_key_free (key);
	}
	free (text);
}
END_TEST

/* The examples of OpenBSD's regress/lib/libutil/bcrypt_pbkdf. */
START_TEST (key_derivation)
{
	static const uint8_t expected[32] = { 0x5b, 0xbf, 0x0c, 0xc2, 0x93, 0x58, 0x7f, 0x1c, 0x36, 0x35, 0x55, 0x5c,
		0x27, 0x79, 0x65, 0x98, 0xd4, 0x7e, 0x57, 0x90, 0x71, 0xbf, 0x42, 0x7e, 0x9d, 0x8f, 0xbe, 0x84, 0x2a,
		0xba, 0x34, 0xd9 };
	uint8_t key[BCRYPT_PBKDF_KEY_MAX + 1];

	ck_assert (bcrypt_pbkdf ("password", (const uint8_t *)"salt", 4, key, 32, 4));
	ck_assert_mem_eq (key, expected, 32);
	ck_assert (!bcrypt_pbkdf ("password", (const uint8_t *)"salt", 0, key, 32, 4));
	ck_assert (!bcrypt_pbkdf ("password", (const uint8_t *)"salt", 4, key, 0, 4));
	ck_assert (!bcrypt_pbkdf ("password", (const uint8_t *)"salt", 4, key, sizeof key, 4));
	ck_assert (!bcrypt_pbkdf ("password", (const uint8_t *)"salt", 4, key, 32, 0));
}
END_TEST

static void add_cases (TCase *cases)
{
	tcase_add_loop_test (cases, read_and_locked, 0, sizeof files / sizeof *files);
	tcase_add_test (cases, needless_passphrase);
	tcase_add_test (cases, ed25519_signature);
	tcase_add_test (cases, ecdsa_signature);
	tcase_add_loop_test (cases, damaged, 0, sizeof files / sizeof *files);
	tcase_add_test (cases, key_derivation);
}

CHECK_MAIN ("private_key", add_cases)
