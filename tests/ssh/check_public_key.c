/* check_public_key - keys of ssh from bytes and from text, their fingerprints, and what is none. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "ssh/public_key.h"
#include "ssh/ssh_string.h"
#include "support/check_main.h"

#define ED25519 "AAAAC3NzaC1lZDI1NTE5AAAAIIVC57lu7QRz1fslRQ6zQnoB3GpY5oMyDHOaQ6VXAwaZ"
#define FINGERPRINT "SHA256:mQLRpScOaKigrRScRh40WV4K5ZNeHfx0Io3vUxaqFnk"

START_TEST (line)
{
	struct public_key key, again;
	char print[PUBLIC_KEY_PRINT_SIZE], *text;
	struct err err = { .text = "" };
	const char *end;

	ck_assert_msg (public_key_parse (&key, "ssh-ed25519  " ED25519 " me@here", &end, &err) == 0, "%s", err.text);
	ck_assert_str_eq (end, " me@here");
	ck_assert_str_eq (key.type, "ssh-ed25519");
	ck_assert_uint_eq (key.n, 51);
	ck_assert_str_eq (public_key_print (&key, print), FINGERPRINT);
	text = public_key_format (&key);
	ck_assert_str_eq (text, "ssh-ed25519 " ED25519);
	free (text);
	ck_assert_int_eq (public_key_set (&again, key.bytes, key.n, &err), 0);
	ck_assert (public_key_equal (&key, &again));
	again.bytes[50] ^= 1;
	ck_assert (!public_key_equal (&key, &again));
	public_key_free (&key);
	public_key_free (&again);
}
END_TEST

static const struct {
	const char *text, *words;
} mistakes[] = {
	{ "", "a key of ssh is a type and base64" },
	{ "ssh-ed25519", "a key of ssh is a type and base64" },
	{ "ssh-ed25519 ", "a key of ssh is a type and base64" },
	{ "a,b " ED25519, "a key of ssh is a type and base64" },
	{ "ssh-ed25519 %", "the key is no base64" },
	{ "ssh-ed25519 AAAA", "these bytes are no key" },
	{ "ssh-ed25519 AAAAAAAA", "these bytes are no key" }, /* no type */
	{ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", "these bytes are no key" }, /* nothing behind the type */
	{ "ssh-ed25519 /////3NzaC1lZDI1NTE5AAAA", "these bytes are no key" },
	{ "ssh-rsa " ED25519, "the key is of the type ssh-ed25519, and its line says ssh-rsa" },
};

START_TEST (mistaken)
{
	struct err err = { .text = "" };
	struct public_key key;

	ck_assert_int_eq (public_key_parse (&key, mistakes[_i].text, NULL, &err), -1);
	ck_assert_msg (!strncmp (err.text, mistakes[_i].words, strlen (mistakes[_i].words)), "%s", err.text);
	ck_assert_ptr_null (key.bytes);
}
END_TEST

START_TEST (too_large)
{
	static char text[PUBLIC_KEY_MAX * 2];
	struct err err = { .text = "" };
	struct public_key key;

	memset (text, 'A', sizeof text - 1);
	memcpy (text, "ssh-rsa ", 8);
	ck_assert_int_eq (public_key_parse (&key, text, NULL, &err), -1);
	ck_assert_ptr_nonnull (strstr (err.text, "21848 are possible"));
	ck_assert_int_eq (public_key_set (&key, text, PUBLIC_KEY_MAX + 1, &err), -1);
}
END_TEST

START_TEST (strings)
{
	static const uint8_t bytes[] = { 7, 0, 0, 0, 2, 'h', 'i', 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 'x' };
	struct ssh_reader reader = { bytes, sizeof bytes };
	const uint8_t *string;
	uint32_t number;
	struct buf out;
	uint8_t byte;
	size_t n;

	ck_assert (ssh_take_byte (&reader, &byte) && byte == 7);
	ck_assert (ssh_take_string (&reader, &string, &n) && n == 2 && !memcmp (string, "hi", 2));
	ck_assert (ssh_take_string (&reader, &string, &n) && n == 0);
	ck_assert (!ssh_take_string (&reader, &string, &n) && reader.left == 5);
	ck_assert (ssh_take_u32 (&reader, &number) && number == 0xffffffff);
	ck_assert (!ssh_take_u32 (&reader, &number) && reader.left == 1);
	buf_init (&out, 12);
	ck_assert_int_eq (ssh_put_byte (&out, 7), 0);
	ck_assert_int_eq (ssh_put_string (&out, "hi", 2), 0);
	ck_assert_int_eq (ssh_put_string (&out, "hi", 2), -1);
	ck_assert_int_eq (ssh_put_string (&out, "", 0), 0);
	ck_assert (buf_len (&out) == 11 && !memcmp (buf_head (&out), bytes, 11));
	buf_free (&out);
}
END_TEST

START_TEST (uses)
{
	ck_assert_int_eq (public_key_use ("ssh-ed25519"), PUBLIC_KEY_USEFUL);
	ck_assert_int_eq (public_key_use ("ecdsa-sha2-nistp384"), PUBLIC_KEY_USEFUL);
	ck_assert_int_eq (public_key_use ("ssh-rsa"), PUBLIC_KEY_OUTDATED);
	ck_assert_int_eq (public_key_use ("ssh-ed25519-cert-v01@openssh.com"), PUBLIC_KEY_USELESS);
	ck_assert_int_eq (public_key_use ("sk-ssh-ed25519@openssh.com"), PUBLIC_KEY_USELESS);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, line);
	tcase_add_loop_test (tcase, mistaken, 0, sizeof mistakes / sizeof *mistakes);
	tcase_add_test (tcase, too_large);
	tcase_add_test (tcase, strings);
	tcase_add_test (tcase, uses);
}

CHECK_MAIN ("public_key", add_cases)
