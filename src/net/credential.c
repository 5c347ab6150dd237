/* credential - see credential.h. */
#include "config.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/fd.h"
#include "base/text.h"
#include "base/trusted.h"
#include "net/credential.h"

enum {
	FILE_MAX = 64 * 1024,
	NAME_MAX_BYTES = 64, /* ub-common-name (RFC 5280, appendix A.1) */
};

struct credential {
	EVP_PKEY *private;
	X509 *certificate;
	struct key key;
	char name[NAME_MAX_BYTES + 1];
};

void credential_free (struct credential *credential)
{
	if (!credential)
		return;
	EVP_PKEY_free (credential->private); /* wipes the key */
	X509_free (credential->certificate);
	free (credential);
}

const struct key *credential_key (const struct credential *credential)
{
	return &credential->key;
}

const char *credential_name (const struct credential *credential)
{
	return credential->name;
}

int credential_use (const struct credential *credential, SSL_CTX *context)
{
	return SSL_CTX_use_certificate (context, credential->certificate) == 1 &&
			       SSL_CTX_use_PrivateKey (context, credential->private) == 1
		       ? 0
		       : -1;
}

/* Report a failure of OpenSSL, and clear its error queue. */
static int fail (struct err *err, const char *what)
{
	const char *reason = ERR_reason_error_string (ERR_peek_last_error ());

	ERR_clear_error ();
	return err_set (err, 0, "%s: %s", what, reason ? reason : "out of memory");
}

/* The raw public key; 0, or -1 for another type of key. */
static int raw_key (const EVP_PKEY *from, struct key *key)
{
	size_t n = KEY_SIZE;

	return from && EVP_PKEY_get_id (from) == EVP_PKEY_ED25519 &&
			       EVP_PKEY_get_raw_public_key (from, key->bytes, &n) == 1 && n == KEY_SIZE
		       ? 0
		       : -1;
}

int credential_peer_key (const X509 *certificate, struct key *key)
{
	int result = raw_key (X509_get0_pubkey (certificate), key);

	ERR_clear_error ();
	return result;
}

/* --- making a credential ------------------------------------------------------------------------------------------ */

static bool add_extension (X509 *certificate, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;
	bool added;

	X509V3_set_ctx (&context, certificate, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid (NULL, &context, nid, value);
	added = extension && X509_add_ext (certificate, extension, -1) == 1;
	X509_EXTENSION_free (extension);
	return added;
}

static bool fill_certificate (struct credential *credential)
{
	X509 *certificate = credential->certificate;
	X509_NAME *name = X509_get_subject_name (certificate);
	uint64_t serial;

	return RAND_bytes ((unsigned char *)&serial, sizeof serial) == 1 &&
	       X509_set_version (certificate, X509_VERSION_3) &&
	       ASN1_INTEGER_set_uint64 (X509_get_serialNumber (certificate), serial >> 1 | 1) &&
	       ASN1_TIME_set_string_X509 (X509_getm_notBefore (certificate), "19700101000000Z") &&
	       /* The date that stands for no expiry (RFC 5280, section 4.1.2.5). */
	       ASN1_TIME_set_string_X509 (X509_getm_notAfter (certificate), "99991231235959Z") &&
	       X509_NAME_add_entry_by_NID (
		       name, NID_commonName, MBSTRING_UTF8, (unsigned char *)credential->name, -1, -1, 0) &&
	       X509_set_issuer_name (certificate, name) && X509_set_pubkey (certificate, credential->private) &&
	       add_extension (certificate, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_extension (certificate, NID_subject_key_identifier, "hash") &&
	       X509_sign (certificate, credential->private, NULL) > 0;
}

struct credential *credential_make (const char *name, struct err *err)
{
	struct credential *credential = calloc (1, sizeof *credential);

	if (!credential) {
		err_sys (err, 0, "cannot make a key");
		return NULL;
	}
	text_plain (credential->name, sizeof credential->name, *name ? name : "remex", *name ? strlen (name) : 5);
	credential->private = EVP_PKEY_Q_keygen (NULL, NULL, "ED25519");
	credential->certificate = X509_new ();
	if (raw_key (credential->private, &credential->key) < 0 || !credential->certificate ||
		!fill_certificate (credential)) {
		fail (err, "cannot make a key");
		credential_free (credential);
		return NULL;
	}
	return credential;
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

static BIO *to_pem (const struct credential *credential)
{
	BIO *pem = BIO_new (BIO_s_mem ()); /* its memory is wiped when it is freed */

	if (pem && PEM_write_bio_PKCS8PrivateKey (pem, credential->private, NULL, NULL, 0, NULL, NULL) &&
		PEM_write_bio_X509 (pem, credential->certificate))
		return pem;
	BIO_free (pem);
	return NULL;
}

int credential_write (const struct credential *credential, const char *path, struct err *err)
{
	BIO *pem = to_pem (credential);
	char *bytes;
	long n;
	int result;

	if (!pem)
		return fail (err, "cannot write a key");
	n = BIO_get_mem_data (pem, &bytes);
	result = durable_write (path, bytes, (size_t)n, 0600, false, err);
	BIO_free (pem);
	return result;
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

int credential_open (const char *path, struct err *err)
{
	return trusted_open (path, TRUSTED_SECRET, err);
}

/* Read the whole file into buffer; its size, or -1 and err. */
static ssize_t read_file (int fd, char *buffer, size_t size, struct err *err)
{
	size_t used = 0;

	while (used < size) {
		ssize_t got = pread (fd, buffer + used, size - used, (off_t)used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_sys (err, 0, "cannot be read");
		if (!got)
			return (ssize_t)used;
		used += (size_t)got;
	}
	return err_set (err, 0, "is larger than %zu bytes", size - 1);
}

static int take_private (struct credential *credential, const uint8_t *der, long n, struct err *err)
{
	const uint8_t *end = der;
	PKCS8_PRIV_KEY_INFO *info;
	const ASN1_OBJECT *kind;

	if (credential->private)
		return err_set (err, 0, "holds more than one private key");
	info = d2i_PKCS8_PRIV_KEY_INFO (NULL, &end, n);
	if (!info || end != der + n || !PKCS8_pkey_get0 (&kind, NULL, NULL, NULL, info))
		err_set (err, 0, "holds a private key that is damaged");
	else if (OBJ_obj2nid (kind) != NID_ED25519)
		err_set (err, 0, "holds a key of another kind (%s): remex has Ed25519 keys only",
			OBJ_nid2ln (OBJ_obj2nid (kind)));
	else if (!(credential->private = EVP_PKCS82PKEY (info)) || raw_key (credential->private, &credential->key) < 0)
		err_set (err, 0, "holds a private key that is damaged");
	else {
		PKCS8_PRIV_KEY_INFO_free (info);
		return 0;
	}
	PKCS8_PRIV_KEY_INFO_free (info);
	return -1;
}

static int take_certificate (struct credential *credential, const uint8_t *der, long n, struct err *err)
{
	const uint8_t *end = der;

	if (credential->certificate)
		return err_set (err, 0, "holds more than one certificate");
	if (n > CREDENTIAL_CERTIFICATE_MAX)
		return err_set (err, 0, "holds a certificate of more than %d bytes", CREDENTIAL_CERTIFICATE_MAX);
	credential->certificate = d2i_X509 (NULL, &end, n);
	if (!credential->certificate || end != der + n)
		return err_set (err, 0, "holds a certificate that is damaged");
	return 0;
}

/* Take one PEM block of the file, "-----BEGIN name-----". */
static int take (struct credential *credential, const char *name, const char *header, const uint8_t *der, long n,
	struct err *err)
{
	char shown[64];

	if (!strcmp (name, "ENCRYPTED PRIVATE KEY") || strstr (header, "ENCRYPTED"))
		return err_set (err, 0, "is encrypted with a passphrase, which remex does not ask for");
	if (!strcmp (name, "PRIVATE KEY"))
		return take_private (credential, der, n, err);
	if (!strcmp (name, "CERTIFICATE"))
		return take_certificate (credential, der, n, err);
	if (!strcmp (name, "OPENSSH PRIVATE KEY"))
		return err_set (err, 0, "is an ssh key; remex has its own keys: make one with remex keygen");
	return err_set (err, 0, "holds something that is neither an Ed25519 key nor its certificate (%s)",
		text_escape (shown, sizeof shown, name, strlen (name)));
}

static int take_all (struct credential *credential, BIO *pem, struct err *err)
{
	char *name, *header;
	uint8_t *der;
	long n;
	int result = 0;

	while (result == 0 && PEM_read_bio (pem, &name, &header, &der, &n) == 1) {
		result = take (credential, name, header, der, n, err);
		OPENSSL_free (name);
		OPENSSL_free (header);
		OPENSSL_clear_free (der, (size_t)n);
	}
	if (result < 0)
		return -1;
	if (ERR_GET_REASON (ERR_peek_last_error ()) != PEM_R_NO_START_LINE)
		return err_set (err, 0, "is damaged or cut short");
	if (!credential->private)
		return err_set (err, 0, "holds no private key");
	if (!credential->certificate)
		return err_set (err, 0, "holds no certificate");
	return 0;
}

/* Check that the key and the certificate belong together; keep the name. */
static int check (struct credential *credential, struct err *err)
{
	X509_NAME *name = X509_get_subject_name (credential->certificate);
	int at = X509_NAME_get_index_by_NID (name, NID_commonName, -1), n;
	unsigned char *text = NULL;
	struct key key;

	if (credential_peer_key (credential->certificate, &key) < 0 || !key_equal (&key, &credential->key))
		return err_set (err, 0, "holds a key and the certificate of another key");
	if (at >= 0 &&
		(n = ASN1_STRING_to_UTF8 (&text, X509_NAME_ENTRY_get_data (X509_NAME_get_entry (name, at)))) >= 0)
		text_plain (credential->name, sizeof credential->name, text, (size_t)n);
	OPENSSL_free (text);
	return 0;
}

struct credential *credential_read (int fd, const char *path, struct err *err)
{
	struct credential *credential = calloc (1, sizeof *credential);
	char *file = malloc (FILE_MAX + 1);
	struct err why = { .text = "out of memory" };
	BIO *pem = NULL;
	ssize_t n = 0;
	bool good = credential && file && (n = read_file (fd, file, FILE_MAX + 1, &why)) >= 0 &&
		    (pem = BIO_new_mem_buf (file, (int)n)) && take_all (credential, pem, &why) == 0 &&
		    check (credential, &why) == 0;

	BIO_free (pem);
	ERR_clear_error ();
	if (file)
		OPENSSL_cleanse (file, FILE_MAX + 1);
	free (file);
	if (good)
		return credential;
	err_set (err, 0, "%.200s %.250s", path, why.text);
	if (err)
		err->sys = why.sys;
	credential_free (credential);
	return NULL;
}
