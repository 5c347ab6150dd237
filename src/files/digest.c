/* digest - sums by libcrypto and libxxhash; see digest.h. */
#include "config.h"

/* The code of libxxhash comes from its header: so no process loads one library more. */
#define XXH_INLINE_ALL

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "files/digest.h"

static const struct {
	const char *name;
	int digits;
} kinds[N_DIGESTS] = {
	[DIGEST_SHA256] = { "sha256", 64 },
	[DIGEST_XXH128] = { "xxh128", 32 },
};

struct digest {
	XXH3_state_t *xxh; /* of XXH128; NULL: the sum is SHA-256 */
	EVP_MD_CTX *context, *spare; /* spare: a copy to finish, while context continues */
};

const char *digest_name (enum digest_kind kind)
{
	return kinds[kind].name;
}

int digest_parse (const char *name)
{
	for (int kind = 0; kind < N_DIGESTS; kind++)
		if (!strcmp (name, kinds[kind].name))
			return kind;
	return -1;
}

int digest_digits (enum digest_kind kind)
{
	return kinds[kind].digits;
}

int digest_kind_of (const char *text)
{
	size_t n = strspn (text, "0123456789abcdef");

	for (int kind = 0; !text[n] && kind < N_DIGESTS; kind++)
		if (n == (size_t)kinds[kind].digits)
			return kind;
	return -1;
}

static bool begin_xxh128 (struct digest *digest)
{
	return (digest->xxh = XXH3_createState ()) && XXH3_128bits_reset (digest->xxh) == XXH_OK;
}

static bool begin_sha256 (struct digest *digest)
{
	digest->context = EVP_MD_CTX_new ();
	digest->spare = EVP_MD_CTX_new ();
	return digest->context && digest->spare && EVP_DigestInit_ex (digest->context, EVP_sha256 (), NULL);
}

struct digest *digest_new (enum digest_kind kind)
{
	struct digest *digest = calloc (1, sizeof *digest);

	if (digest && (kind == DIGEST_XXH128 ? begin_xxh128 (digest) : begin_sha256 (digest)))
		return digest;
	digest_free (digest);
	return NULL;
}

void digest_free (struct digest *digest)
{
	if (!digest)
		return;
	XXH3_freeState (digest->xxh);
	EVP_MD_CTX_free (digest->context);
	EVP_MD_CTX_free (digest->spare);
	free (digest);
}

/* After the first call succeeded, none of these can fail: they allocate nothing (EVP_DigestInit(3); xxhash.h). */
void digest_reset (struct digest *digest)
{
	if (digest->xxh)
		(void)XXH3_128bits_reset (digest->xxh);
	else
		(void)EVP_DigestInit_ex (digest->context, NULL, NULL);
}

void digest_add (struct digest *digest, const void *bytes, size_t n)
{
	if (digest->xxh)
		(void)XXH3_128bits_update (digest->xxh, bytes, n);
	else
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

/* The bytes of the sum so far, in the order in which they are printed. Returns their number; 0 when out of memory. */
static size_t finish (const struct digest *digest, uint8_t sum[EVP_MAX_MD_SIZE])
{
	XXH128_canonical_t canonical;
	unsigned n = 0;

	if (digest->xxh) {
		XXH128_canonicalFromHash (&canonical, XXH3_128bits_digest (digest->xxh));
		memcpy (sum, canonical.digest, sizeof canonical.digest);
		return sizeof canonical.digest;
	}
	if (!EVP_MD_CTX_copy_ex (digest->spare, digest->context) || !EVP_DigestFinal_ex (digest->spare, sum, &n))
		return 0;
	return n;
}

void digest_text (const struct digest *digest, char text[DIGEST_TEXT])
{
	uint8_t sum[EVP_MAX_MD_SIZE];
	size_t n = finish (digest, sum);

	for (size_t i = 0; i < n; i++) {
		text[2 * i] = "0123456789abcdef"[sum[i] >> 4];
		text[2 * i + 1] = "0123456789abcdef"[sum[i] & 15];
	}
	text[2 * n] = '\0';
}
