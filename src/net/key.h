/* key - the public key that identifies a remexd or a client: Ed25519 (RFC 8032), 32 bytes.
 *
 * Written as a line, "remex-ed25519 BASE64 [COMMENT]" with the raw 32 bytes in base64, or as its fingerprint,
 * "SHA256:" and the unpadded base64 of the SHA-256 of its SubjectPublicKeyInfo in DER (RFC 8410), so that
 * `openssl pkey -pubout -outform DER | openssl dgst -sha256 -binary | base64` shows the same.
 */
#ifndef REMEX_NET_KEY_H
#define REMEX_NET_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define KEY_WORD "remex-ed25519"

enum {
	KEY_SIZE = 32,
	KEY_DIGEST_SIZE = 32, /* the SHA-256 that a fingerprint shows */
	KEY_COMMENT_MAX = 127, /* bytes; a longer comment is cut */
	KEY_LINE_SIZE = 14 + 44 + 1 + KEY_COMMENT_MAX + 1, /* for key_format */
	KEY_PRINT_SIZE = 7 + 43 + 1, /* for key_print */
};

struct key {
	uint8_t bytes[KEY_SIZE];
};

/* Compare in constant time. */
bool key_equal (const struct key *a, const struct key *b);

/* Is it a point of small order? Anybody can make signatures that verify with such a key; no key pair has one by
 * chance. */
bool key_is_weak (const struct key *key);

/* Read a line as above (blanks around it and a newline at its end are allowed, other control characters are not). 0; or
 * -1 and err, which names an ssh key, a PEM file or a fingerprint given instead. A weak key is refused. */
int key_parse (struct key *key, const char *line, struct err *err);

/* The line, without a newline; `comment` may be NULL or empty (nothing behind the base64); its characters that do not
 * print become '?'. Returns out. */
char *key_format (const struct key *key, const char *comment, char out[KEY_LINE_SIZE]);

/* The SHA-256 behind the fingerprint; and the fingerprint, of a key or of such a digest. They return out. */
uint8_t *key_digest (const struct key *key, uint8_t out[KEY_DIGEST_SIZE]);
char *key_print (const struct key *key, char out[KEY_PRINT_SIZE]);
char *key_print_digest (const uint8_t digest[KEY_DIGEST_SIZE], char out[KEY_PRINT_SIZE]);

/* The same of the bytes of any key, as it is public: its SHA-256. */
char *key_print_bytes (const void *bytes, size_t n, char out[KEY_PRINT_SIZE]);

/* Is `text`, as somebody typed it, this fingerprint? "SHA256:" may be missing; nothing else may differ. */
bool key_print_matches (const char *print, const char *text);

#endif
