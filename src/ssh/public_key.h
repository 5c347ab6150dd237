/* public_key - a public key of ssh, of a host or of a user: its type and the bytes that stand for it on the wire, which
 * begin with the type as a string (RFC 4253, section 6.6). What the type says of the rest is for libssh2 to check.
 *
 * In files it is "TYPE BASE64 [COMMENT]" (sshd(8)).
 */
#ifndef REMEX_SSH_PUBLIC_KEY_H
#define REMEX_SSH_PUBLIC_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	PUBLIC_KEY_TYPE_MAX = 64, /* characters of a type */
	PUBLIC_KEY_MAX = 16384, /* bytes of a key */
	PUBLIC_KEY_PRINT_SIZE = 7 + 43 + 1, /* for public_key_print */
};

struct public_key {
	char type[PUBLIC_KEY_TYPE_MAX + 1]; /* "ssh-ed25519" */
	uint8_t *bytes;
	size_t n;
};

/* Copy the bytes of a key. 0; or -1 and err, and *key is empty. */
int public_key_set (struct public_key *key, const void *bytes, size_t n, struct err *err);

/* Read "TYPE BASE64", up to the end of the text or the blank that follows; *end points there, unless end is NULL. 0; or
 * -1 and err, and *key is empty. */
int public_key_parse (struct public_key *key, const char *text, const char **end, struct err *err);

void public_key_free (struct public_key *key);

bool public_key_equal (const struct public_key *a, const struct public_key *b);

/* The fingerprint as ssh-keygen(1) prints it: "SHA256:" and the base64 of the SHA-256 of the bytes, without padding.
 * Returns out. */
char *public_key_print (const struct public_key *key, char out[PUBLIC_KEY_PRINT_SIZE]);

/* "TYPE BASE64" in new memory, which the caller frees; NULL: out of memory. */
char *public_key_format (const struct public_key *key);

/* What libssh2 1.10 can do with keys of a type. It signs and checks "ssh-rsa" only with SHA-1, which OpenSSH has refused
 * since 8.8: such a key is of use with older servers only. */
enum public_key_use { PUBLIC_KEY_USEFUL, PUBLIC_KEY_OUTDATED, PUBLIC_KEY_USELESS };
enum public_key_use public_key_use (const char *type);

#endif
