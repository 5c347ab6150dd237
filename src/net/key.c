/* key - see key.h. */
#include "config.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "net/key.h"

enum { BASE64_SIZE = 44 }; /* of 32 bytes */

bool key_equal (const struct key *a, const struct key *b)
{
	return CRYPTO_memcmp (a->bytes, b->bytes, KEY_SIZE) == 0;
}

/* --- weak keys ---------------------------------------------------------------------------------------------------- */

/* The points whose order divides 8, by y without the sign of x, including the two that are not reduced (p and p + 1).
 * No key generator makes them; the check is that of libsodium's ge25519_has_small_order. */
static const uint8_t weak[][KEY_SIZE] = {
	{ 0x00 },
	{ 0x01 },
	{ 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
		0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05 },
	{ 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
		0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a },
	{ 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
	{ 0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
	{ 0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
};

bool key_is_weak (const struct key *key)
{
	uint8_t y[KEY_SIZE];

	memcpy (y, key->bytes, KEY_SIZE);
	y[KEY_SIZE - 1] &= 0x7f;
	for (size_t i = 0; i < sizeof weak / sizeof *weak; i++)
		if (!memcmp (y, weak[i], KEY_SIZE))
			return true;
	return false;
}

/* --- the line ---------------------------------------------------------------------------------------------------- */

static bool is_blank (char c)
{
	return c == ' ' || c == '\t';
}

static bool opens (const char *text, size_t n, const char *with)
{
	return n >= strlen (with) && !strncmp (text, with, strlen (with));
}

/* The line does not begin with KEY_WORD: name the form that it has. */
static int not_a_key (const char *word, size_t n, struct err *err)
{
	char shown[80];

	if (!n)
		return err_set (err, 0, "not a key: a key is the line that starts with " KEY_WORD);
	if (opens (word, n, "ssh-") || opens (word, n, "ecdsa-sha2-") || opens (word, n, "sk-"))
		return err_set (err, 0, "this is an ssh key; remex has its own keys: make one with remex keygen");
	if (opens (word, n, "-----BEGIN"))
		return err_set (err, 0, "this is a PEM file; give the line that starts with " KEY_WORD);
	if (opens (word, n, "SHA256:"))
		return err_set (
			err, 0, "this is a fingerprint; give the whole key, the line that starts with " KEY_WORD);
	return err_set (err, 0, "\"%s\" is not a key: a key is the line that starts with " KEY_WORD,
		text_escape (shown, sizeof shown, word, n));
}

int key_parse (struct key *key, const char *line, struct err *err)
{
	size_t n = strlen (line), word;
	uint8_t bytes[BASE64_SIZE / 4 * 3];
	struct key found;

	while (n && (is_blank (line[n - 1]) || line[n - 1] == '\n' || line[n - 1] == '\r'))
		n--;
	for (; n && is_blank (*line); n--)
		line++;
	for (word = 0; word < n && !is_blank (line[word]) && line[word] != '\n'; word++)
		;
	if (word != strlen (KEY_WORD) || !opens (line, n, KEY_WORD))
		return not_a_key (line, word, err);
	for (size_t i = 0; i < n; i++)
		if (iscntrl ((unsigned char)line[i]) && line[i] != '\t')
			return err_set (err, 0, "the key's line has a control character");
	for (line += word, n -= word; n && is_blank (*line); n--)
		line++;
	for (word = 0; word < n && !is_blank (line[word]); word++)
		;
	if (word != BASE64_SIZE)
		return err_set (
			err, 0, "%zu characters behind " KEY_WORD ", not %d: is the line complete?", word, BASE64_SIZE);
	if (text_b64_decode (bytes, line, word) != KEY_SIZE)
		return err_set (err, 0, "the text behind " KEY_WORD " is not base64");
	memcpy (found.bytes, bytes, KEY_SIZE);
	if (key_is_weak (&found))
		return err_set (err, 0, "this key proves nothing: anybody could sign for it");
	*key = found;
	return 0;
}

char *key_format (const struct key *key, const char *comment, char out[KEY_LINE_SIZE])
{
	size_t used = strlen (KEY_WORD " ");

	memcpy (out, KEY_WORD " ", used);
	text_b64_encode (out + used, key->bytes, KEY_SIZE);
	used += BASE64_SIZE;
	if (comment && *comment) {
		out[used++] = ' ';
		text_plain (out + used, KEY_COMMENT_MAX + 1, comment, strlen (comment));
		return out;
	}
	out[used] = '\0';
	return out;
}

/* --- the fingerprint --------------------------------------------------------------------------------------------- */

uint8_t *key_digest (const struct key *key, uint8_t out[KEY_DIGEST_SIZE])
{
	/* The SubjectPublicKeyInfo of an Ed25519 key is these bytes and the key (RFC 8410, section 10.1). */
	uint8_t info[12 + KEY_SIZE] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 };

	memcpy (info + 12, key->bytes, KEY_SIZE);
	return SHA256 (info, sizeof info, out);
}

char *key_print_digest (const uint8_t digest[KEY_DIGEST_SIZE], char out[KEY_PRINT_SIZE])
{
	char padded[BASE64_SIZE + 1];

	text_b64_encode (padded, digest, KEY_DIGEST_SIZE);
	snprintf (out, KEY_PRINT_SIZE, "SHA256:%.43s", padded);
	return out;
}

char *key_print (const struct key *key, char out[KEY_PRINT_SIZE])
{
	uint8_t digest[KEY_DIGEST_SIZE];

	return key_print_digest (key_digest (key, digest), out);
}

char *key_print_bytes (const void *bytes, size_t n, char out[KEY_PRINT_SIZE])
{
	uint8_t digest[KEY_DIGEST_SIZE];

	SHA256 (bytes, n, digest);
	return key_print_digest (digest, out);
}

bool key_print_matches (const char *print, const char *text)
{
	return !strcmp (text, print) || !strcmp (text, print + strlen ("SHA256:"));
}
