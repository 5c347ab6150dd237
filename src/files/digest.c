/* digest - SHA-256 by libcrypto; see digest.h. */
#include "config.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "files/digest.h"

struct digest {
	EVP_MD_CTX *context, *spare; /* spare: a copy to finish, while context continues */
};

struct digest *digest_new (void)
{
	struct digest *digest = calloc (1, sizeof *digest);

	if (!digest)
		return NULL;
	digest->context = EVP_MD_CTX_new ();
	digest->spare = EVP_MD_CTX_new ();
	if (!digest->context || !digest->spare || !EVP_DigestInit_ex (digest->context, EVP_sha256 (), NULL)) {
		digest_free (digest);
		return NULL;
	}
	return digest;
}

void digest_free (struct digest *digest)
{
	if (!digest)
		return;
	EVP_MD_CTX_free (digest->context);
	EVP_MD_CTX_free (digest->spare);
	free (digest);
}

/* After EVP_DigestInit_ex succeeded once, none of these calls can fail (EVP_DigestInit(3)): they allocate nothing. */
void digest_reset (struct digest *digest)
{
	(void)EVP_DigestInit_ex (digest->context, NULL, NULL);
}

void digest_add (struct digest *digest, const void *bytes, size_t n)
{
	(void)EVP_DigestUpdate (digest->context, bytes, n);
}

void digest_add_zeros (struct digest *digest, uint64_t n)
{
	static const uint8_t zeros[64 * 1024];

	while (n > 0) {
		size_t some = n < sizeof zeros ? (size_t)n : sizeof zeros;

		digest_add (digest, zeros, some);
		n -= some;
	}
}

void digest_text (const struct digest *digest, char text[DIGEST_TEXT])
{
	uint8_t sum[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	text[0] = '\0';
	if (!EVP_MD_CTX_copy_ex (digest->spare, digest->context) || !EVP_DigestFinal_ex (digest->spare, sum, &n))
		return; /* no memory: a sum that matches no other */
	for (unsigned i = 0; i < n; i++) {
		text[2 * i] = "0123456789abcdef"[sum[i] >> 4];
		text[2 * i + 1] = "0123456789abcdef"[sum[i] & 15];
	}
	text[2 * n] = '\0';
}
