/* public_key - see public_key.h. */
#include "config.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ssh/public_key.h"
#include "ssh/ssh_string.h"

enum { BASE64_MAX = (PUBLIC_KEY_MAX + 2) / 3 * 4, SHA256_SIZE = 32 };

void public_key_free (struct public_key *key)
{
	free (key->bytes);
	*key = (struct public_key){ .n = 0 };
}

/* A type is a name (RFC 4251, section 6). */
static bool is_type (const uint8_t *type, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (type[i] <= ' ' || type[i] >= 0x7f || type[i] == ',')
			return false;
	return n > 0 && n <= PUBLIC_KEY_TYPE_MAX;
}

int public_key_set (struct public_key *key, const void *bytes, size_t n, struct err *err)
{
	struct ssh_reader reader = { bytes, n };
	const uint8_t *type;
	size_t length;

	*key = (struct public_key){ .n = 0 };
	if (n > PUBLIC_KEY_MAX)
		return err_set (err, 0, "a key of %zu bytes: %d are possible", n, PUBLIC_KEY_MAX);
	if (!ssh_take_string (&reader, &type, &length) || !is_type (type, length) || !reader.left)
		return err_set (err, 0, "these bytes are no key of ssh");
	if (!(key->bytes = malloc (n)))
		return err_set (err, 0, "out of memory");
	memcpy (key->bytes, bytes, n);
	memcpy (key->type, type, length);
	key->n = n;
	return 0;
}

static size_t word_length (const char *text)
{
	return strcspn (text, " \t\r\n");
}

int public_key_parse (struct public_key *key, const char *text, const char **end, struct err *err)
{
	size_t type_length = word_length (text), length;
	const char *base64 = text + type_length + strspn (text + type_length, " \t");
	uint8_t *bytes;
	ssize_t n;
	int result;

	*key = (struct public_key){ .n = 0 };
	length = word_length (base64);
	if (!is_type ((const uint8_t *)text, type_length) || !length)
		return err_set (err, 0, "a key of ssh is a type and base64, as 'ssh-ed25519 AAAA…'");
	if (length > BASE64_MAX)
		return err_set (err, 0, "a key of %zu characters: %d are possible", length, BASE64_MAX);
	if (!(bytes = malloc (length)))
		return err_set (err, 0, "out of memory");
	n = text_b64_decode (bytes, base64, length);
	result = n < 0 ? err_set (err, 0, "the key is no base64") : public_key_set (key, bytes, (size_t)n, err);
	free (bytes);
	if (result < 0)
		return -1;
	if (strlen (key->type) != type_length || memcmp (key->type, text, type_length) != 0) {
		err_set (
			err, 0, "the key is of the type %s, and its line says %.*s", key->type, (int)type_length, text);
		public_key_free (key);
		return -1;
	}
	if (end)
		*end = base64 + length;
	return 0;
}

bool public_key_equal (const struct public_key *a, const struct public_key *b)
{
	return a->n == b->n && (!a->n || memcmp (a->bytes, b->bytes, a->n) == 0);
}

char *public_key_print (const struct public_key *key, char out[PUBLIC_KEY_PRINT_SIZE])
{
	char base64[(SHA256_SIZE + 2) / 3 * 4 + 1];
	uint8_t sum[EVP_MAX_MD_SIZE] = { 0 };

	EVP_Digest (key->bytes, key->n, sum, NULL, EVP_sha256 (), NULL);
	text_b64_encode (base64, sum, SHA256_SIZE);
	snprintf (out, PUBLIC_KEY_PRINT_SIZE, "SHA256:%.43s", base64);
	return out;
}

char *public_key_format (const struct public_key *key)
{
	size_t length = strlen (key->type);
	char *line = malloc (length + 1 + (key->n + 2) / 3 * 4 + 1);

	if (!line)
		return NULL;
	memcpy (line, key->type, length);
	line[length] = ' ';
	text_b64_encode (line + length + 1, key->bytes, key->n);
	return line;
}

enum public_key_use public_key_use (const char *type)
{
	static const char *const useful[] = { "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
		"ecdsa-sha2-nistp521" };

	for (size_t i = 0; i < sizeof useful / sizeof *useful; i++)
		if (!strcmp (type, useful[i]))
			return PUBLIC_KEY_USEFUL;
	return strcmp (type, "ssh-rsa") ? PUBLIC_KEY_USELESS : PUBLIC_KEY_OUTDATED;
}
