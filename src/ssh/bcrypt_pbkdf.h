/* bcrypt_pbkdf - from a passphrase to the key of an identity file, as OpenSSH does it (PROTOCOL.key): bcrypt in place of the
 * HMAC of PBKDF2. OpenSSL does not have it.
 */
#ifndef REMEX_SSH_BCRYPT_PBKDF_H
#define REMEX_SSH_BCRYPT_PBKDF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BCRYPT_PBKDF_SALT_MAX = 1024, BCRYPT_PBKDF_KEY_MAX = 1024 };

/* Fill the key of key_n bytes; it takes about 10 ms for each round and each 32 bytes. False: the salt, the key or the number
 * of rounds is 0 or too large. */
bool bcrypt_pbkdf (
	const char *passphrase, const uint8_t *salt, size_t salt_n, uint8_t *key, size_t key_n, unsigned rounds);

#endif
