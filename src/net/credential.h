/* credential - a private Ed25519 key and the self-signed certificate that carries its public key in TLS.
 *
 * Both are in one PEM file of mode 0600: PRIVATE KEY (PKCS #8), then CERTIFICATE. Only the key in the certificate
 * counts; names and dates are not read (the certificate is valid from 1970 to 9999, and has a subject key identifier
 * and basicConstraints, so that strict verifiers such as Python's accept it as its own anchor).
 */
#ifndef REMEX_NET_CREDENTIAL_H
#define REMEX_NET_CREDENTIAL_H

#include "base/err.h"
#include "net/key.h"

struct credential;
struct ssl_ctx_st; /* OpenSSL's SSL_CTX */
struct x509_st; /* and X509 */

enum { CREDENTIAL_CERTIFICATE_MAX = 4096 }; /* bytes of DER; ours have some 300 */

/* Make a new key; `name` becomes the certificate's common name (cut to 64 bytes). NULL and err. */
struct credential *credential_make (const char *name, struct err *err);
void credential_free (struct credential *credential);

/* Write it to a new file with mode 0600, whole or not at all, synced; never over an existing file (err->sys EEXIST),
 * never through a symbolic link. A crash may leave .NAME.XXXXXX, 0600, beside it. 0, or -1 and err. */
int credential_write (const struct credential *credential, const char *path, struct err *err);

/* Read it from an open file (or a memfd), from its beginning; `path` is for messages. Refused: another type of key, a
 * certificate of another key, several keys or certificates, an encrypted file, more than 64 KiB. NULL and err (err->sys
 * when the file could not be read). The bytes read are wiped. */
struct credential *credential_read (int fd, const char *path, struct err *err);

/* Open an absolute path for credential_read, as a TRUSTED_SECRET (base/trusted.h). A descriptor (close-on-exec), or -1
 * and err. */
int credential_open (const char *path, struct err *err);

const struct key *credential_key (const struct credential *credential);

/* The certificate's common name, valid as long as the credential. */
const char *credential_name (const struct credential *credential);

/* For net/tls.c. Present the credential on connections of that context (OpenSSL keeps references: the credential may be
 * freed); read the key of a certificate. 0, or -1: not an Ed25519 key. */
int credential_use (const struct credential *credential, struct ssl_ctx_st *context);
int credential_peer_key (const struct x509_st *certificate, struct key *key);

#endif
