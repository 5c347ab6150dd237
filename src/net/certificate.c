/* certificate - see certificate.h. */
#include "config.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "net/certificate.h"
#include "net/credential.h"

int certificate_key (const char *pem, size_t n, struct key *key, struct err *err)
{
	BIO *bio = n <= 16 * CREDENTIAL_CERTIFICATE_MAX ? BIO_new_mem_buf (pem, (int)n) : NULL;
	X509 *certificate = bio ? PEM_read_bio_X509 (bio, NULL, NULL, NULL) : NULL, *second = NULL;
	int result = -1;

	if (!certificate)
		err_set (err, 0, "holds no certificate");
	else if ((second = PEM_read_bio_X509 (bio, NULL, NULL, NULL)))
		err_set (err, 0, "holds more than one certificate");
	else if ((result = credential_peer_key (certificate, key)) < 0)
		err_set (err, 0, "holds a certificate of another kind of key than Ed25519");
	ERR_clear_error ();
	X509_free (second);
	X509_free (certificate);
	BIO_free (bio);
	return result;
}
