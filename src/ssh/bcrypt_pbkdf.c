/* bcrypt_pbkdf - see bcrypt_pbkdf.h. Blowfish is from B. Schneier, "Description of a New Variable-Length Key, 64-Bit Block
 * Cipher", 1993; its expensive key schedule from N. Provos and D. Mazières, "A Future-Adaptable Password Scheme", 1999. */
#include "config.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <string.h>

#include "ssh/bcrypt_pbkdf.h"
#include "ssh/blowfish_pi.h"

enum { SUBKEYS = 18, HASH_WORDS = 8, HASH_SIZE = 4 * HASH_WORDS, EXPANSIONS = 64, ENCRYPTIONS = 64 };

struct blowfish {
	uint32_t subkeys[SUBKEYS], boxes[4][256];
};

static uint32_t mix (const struct blowfish *state, uint32_t x)
{
	return ((state->boxes[0][x >> 24] + state->boxes[1][x >> 16 & 255]) ^ state->boxes[2][x >> 8 & 255]) +
	       state->boxes[3][x & 255];
}

static void encipher (const struct blowfish *state, uint32_t pair[2])
{
	uint32_t left = pair[0] ^ state->subkeys[0], right = pair[1];

	for (int i = 1; i < SUBKEYS - 1; i += 2) {
		right ^= mix (state, left) ^ state->subkeys[i];
		left ^= mix (state, right) ^ state->subkeys[i + 1];
	}
	pair[0] = right ^ state->subkeys[SUBKEYS - 1];
	pair[1] = left;
}

/* The next word of 64 bytes that are read in a circle. */
static uint32_t next_word (const uint8_t *bytes, size_t *at)
{
	const uint8_t *word = bytes + *at;

	*at = (*at + 4) % SHA512_DIGEST_LENGTH;
	return (uint32_t)word[0] << 24 | (uint32_t)word[1] << 16 | (uint32_t)word[2] << 8 | word[3];
}

/* Mix a key into the state, and a salt unless it is NULL. */
static void expand (struct blowfish *state, const uint8_t *salt, const uint8_t *key)
{
	uint32_t pair[2] = { 0, 0 };
	size_t key_at = 0, salt_at = 0;

	for (int i = 0; i < SUBKEYS; i++)
		state->subkeys[i] ^= next_word (key, &key_at);
	for (int i = 0; i < SUBKEYS + 4 * 256; i += 2) {
		uint32_t *to = i < SUBKEYS ? state->subkeys + i : state->boxes[0] + (i - SUBKEYS);

		if (salt) {
			pair[0] ^= next_word (salt, &salt_at);
			pair[1] ^= next_word (salt, &salt_at);
		}
		encipher (state, pair);
		to[0] = pair[0];
		to[1] = pair[1];
	}
}

static void hash (const uint8_t passphrase[SHA512_DIGEST_LENGTH], const uint8_t salt[SHA512_DIGEST_LENGTH],
	uint8_t out[HASH_SIZE])
{
	static const char text[HASH_SIZE + 1] = "OxychromaticBlowfishSwatDynamite";
	uint32_t words[HASH_WORDS];
	struct blowfish state;

	memcpy (state.subkeys, blowfish_pi, sizeof state.subkeys);
	memcpy (state.boxes, blowfish_pi + SUBKEYS, sizeof state.boxes);
	expand (&state, salt, passphrase);
	for (int i = 0; i < EXPANSIONS; i++) {
		expand (&state, NULL, salt);
		expand (&state, NULL, passphrase);
	}
	for (int i = 0; i < HASH_WORDS; i++) {
		size_t at = (size_t)i * 4;

		words[i] = next_word ((const uint8_t *)text, &at);
	}
	for (int i = 0; i < ENCRYPTIONS; i++)
		for (int pair = 0; pair < HASH_WORDS; pair += 2)
			encipher (&state, words + pair);
	for (int i = 0; i < HASH_WORDS; i++)
		for (int byte = 0; byte < 4; byte++)
			out[4 * i + byte] = (uint8_t)(words[i] >> 8 * byte);
	OPENSSL_cleanse (&state, sizeof state);
	OPENSSL_cleanse (words, sizeof words);
}

/* One block of the key: the hashes of all rounds together. */
static void make_block (const uint8_t passphrase[SHA512_DIGEST_LENGTH], const uint8_t *salt, size_t salt_n,
	uint32_t count, unsigned rounds, uint8_t out[HASH_SIZE])
{
	uint8_t counted[BCRYPT_PBKDF_SALT_MAX + 4], digest[SHA512_DIGEST_LENGTH], last[HASH_SIZE];

	memcpy (counted, salt, salt_n);
	for (int i = 0; i < 4; i++)
		counted[salt_n + (size_t)i] = (uint8_t)(count >> (24 - 8 * i));
	SHA512 (counted, salt_n + 4, digest);
	hash (passphrase, digest, last);
	memcpy (out, last, HASH_SIZE);
	for (unsigned round = 1; round < rounds; round++) {
		SHA512 (last, HASH_SIZE, digest);
		hash (passphrase, digest, last);
		for (int i = 0; i < HASH_SIZE; i++)
			out[i] ^= last[i];
	}
	OPENSSL_cleanse (last, sizeof last);
}

bool bcrypt_pbkdf (
	const char *passphrase, const uint8_t *salt, size_t salt_n, uint8_t *key, size_t key_n, unsigned rounds)
{
	size_t blocks = (key_n + HASH_SIZE - 1) / HASH_SIZE;
	uint8_t digest[SHA512_DIGEST_LENGTH], block[HASH_SIZE];

	if (!salt_n || salt_n > BCRYPT_PBKDF_SALT_MAX || !key_n || key_n > BCRYPT_PBKDF_KEY_MAX || !rounds)
		return false;
	SHA512 ((const uint8_t *)passphrase, strlen (passphrase), digest);
	/* The bytes of the blocks are interleaved in the key. */
	for (size_t i = 0; i < blocks; i++) {
		make_block (digest, salt, salt_n, (uint32_t)i + 1, rounds, block);
		for (size_t at = i, n = 0; at < key_n; at += blocks, n++)
			key[at] = block[n];
	}
	OPENSSL_cleanse (digest, sizeof digest);
	OPENSSL_cleanse (block, sizeof block);
	return true;
}
