/* private_key - a private key of a user, from the text of an identity file: in OpenSSH's own format (PROTOCOL.key), or as PEM
 * of OpenSSL (PKCS#8, and the older forms). Both may be encrypted with a passphrase.
 *
 * libssh2 would read and decode a file anew for each login, and stop the loop for as long as the passphrase takes; and so it
 * is given signatures only.
 */
#ifndef REMEX_SSH_PRIVATE_KEY_H
#define REMEX_SSH_PRIVATE_KEY_H

#include "base/buf.h"
#include "base/err.h"
#include "ssh/public_key.h"

enum { PRIVATE_KEY_FILE_MAX = 65536, PRIVATE_KEY_PASSPHRASE_MAX = 1023 };

struct private_key;

enum private_key_answer {
	PRIVATE_KEY_READ,
	PRIVATE_KEY_LOCKED, /* it is encrypted, and there was no passphrase, or a wrong one */
	PRIVATE_KEY_BAD, /* it cannot be read at all */
};

/* Read the n bytes of a file, with a NUL behind them; `passphrase` may be NULL. *public is filled where it is known, which a
 * locked file may tell too, else it is empty; public_key_free. *key is NULL unless it was read; private_key_free. Except when
 * it was read, err says why not. With a passphrase it may take seconds; it may be called in any thread. */
enum private_key_answer private_key_read (struct private_key **key, struct public_key *public, const char *text,
	size_t n, const char *passphrase, struct err *err);
void private_key_free (struct private_key *key); /* NULL is allowed */

/* Append the signature of n bytes, as libssh2's callback for signing returns it: the bytes behind the name of the algorithm.
 * 0, or -1 and err. */
int private_key_sign (const struct private_key *key, const void *bytes, size_t n, struct buf *out, struct err *err);

#endif
