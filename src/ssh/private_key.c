/* private_key - see private_key.h. */
#include "config.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ssh/bcrypt_pbkdf.h"
#include "ssh/private_key.h"
#include "ssh/ssh_string.h"

enum { BLOCK_MAX = 16, CIPHER_KEY_MAX = 64, CURVE_POINT_MAX = 133, NUMBER_MAX = 2048 };

static const char begin_line[] = "-----BEGIN OPENSSH PRIVATE KEY-----",
		  end_line[] = "-----END OPENSSH PRIVATE KEY-----", magic[] = "openssh-key-v1";

struct private_key {
	EVP_PKEY *key;
	const EVP_MD *digest; /* of its signatures; NULL: the algorithm has its own */
	bool is_ecdsa;
};

/* The curves of RFC 5656, section 10.1. */
static const struct key_curve {
	const char *name, *type, *group; /* in ssh, as the type of a key, in OpenSSL */
	const EVP_MD *(*digest) (void);
} curves[] = {
	{ "nistp256", "ecdsa-sha2-nistp256", "prime256v1", EVP_sha256 },
	{ "nistp384", "ecdsa-sha2-nistp384", "secp384r1", EVP_sha384 },
	{ "nistp521", "ecdsa-sha2-nistp521", "secp521r1", EVP_sha512 },
};

enum { N_CURVES = sizeof curves / sizeof *curves };

/* --- from OpenSSL to ssh ------------------------------------------------------------------------------------------- */

/* Append a number as RFC 4251 writes it (mpint): with a zero byte in front where the first bit is set. */
static int put_number (struct buf *out, const BIGNUM *number)
{
	uint8_t bytes[NUMBER_MAX + 1] = { 0 };
	int n = BN_num_bytes (number), zero;

	if (n > NUMBER_MAX)
		return -1;
	BN_bn2bin (number, bytes + 1);
	zero = n && bytes[1] & 0x80 ? 1 : 0;
	return ssh_put_string (out, bytes + 1 - zero, (size_t)(n + zero));
}

static int put_rsa_number (struct buf *out, const EVP_PKEY *key, const char *name)
{
	BIGNUM *number = NULL;
	int result = EVP_PKEY_get_bn_param (key, name, &number) ? put_number (out, number) : -1;

	BN_free (number);
	return result;
}

static const struct key_curve *curve_of (const EVP_PKEY *key)
{
	char group[64] = "";

	EVP_PKEY_get_utf8_string_param (key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, NULL);
	for (size_t i = 0; i < N_CURVES; i++)
		if (!strcmp (curves[i].group, group))
			return &curves[i];
	return NULL;
}

static int put_point (struct buf *out, const EVP_PKEY *key)
{
	uint8_t point[CURVE_POINT_MAX];
	size_t n;

	return EVP_PKEY_get_octet_string_param (key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &n)
		       ? ssh_put_string (out, point, n)
		       : -1;
}

/* The public half, as RFC 4253, RFC 5656 and RFC 8709 write it. 0, or -1: it is of no kind that ssh has. */
static int put_public (struct buf *out, const EVP_PKEY *key)
{
	const struct key_curve *curve = curve_of (key);
	uint8_t raw[32];
	size_t n = sizeof raw;

	if (EVP_PKEY_is_a (key, "ED25519"))
		return EVP_PKEY_get_raw_public_key (key, raw, &n) && ssh_put_string (out, "ssh-ed25519", 11) == 0
			       ? ssh_put_string (out, raw, n)
			       : -1;
	if (EVP_PKEY_is_a (key, "RSA"))
		return ssh_put_string (out, "ssh-rsa", 7) == 0 && put_rsa_number (out, key, OSSL_PKEY_PARAM_RSA_E) == 0
			       ? put_rsa_number (out, key, OSSL_PKEY_PARAM_RSA_N)
			       : -1;
	if (!curve || ssh_put_string (out, curve->type, strlen (curve->type)) < 0 ||
		ssh_put_string (out, curve->name, strlen (curve->name)) < 0)
		return -1;
	return put_point (out, key);
}

/* Own the key. NULL and err: it is of no kind that is used here. */
static struct private_key *wrap (EVP_PKEY *key, struct public_key *public, struct err *err)
{
	const struct key_curve *curve = curve_of (key);
	struct private_key *own = calloc (1, sizeof *own);
	struct buf bytes;
	int result = -1;

	buf_init (&bytes, PUBLIC_KEY_MAX);
	if (own && put_public (&bytes, key) == 0) {
		public_key_free (public);
		result = public_key_set (public, buf_head (&bytes), buf_len (&bytes), err);
	} else {
		err_set (err, 0, own ? "it is of a kind that is of no use for ssh" : "out of memory");
	}
	buf_free (&bytes);
	if (result == 0) {
		own->key = key;
		own->is_ecdsa = curve != NULL;
		own->digest = curve ? curve->digest () : EVP_PKEY_is_a (key, "RSA") ? EVP_sha1 () : NULL;
		return own;
	}
	free (own);
	EVP_PKEY_free (key);
	return NULL;
}

/* --- OpenSSH's format ---------------------------------------------------------------------------------------------- */

static bool is_string (const uint8_t *bytes, size_t n, const char *text)
{
	return n == strlen (text) && memcmp (bytes, text, n) == 0;
}

static bool push_number (OSSL_PARAM_BLD *build, const char *name, struct ssh_reader *reader, BIGNUM **number)
{
	const uint8_t *bytes;
	size_t n;

	return ssh_take_string (reader, &bytes, &n) && n <= NUMBER_MAX && (*number = BN_bin2bn (bytes, (int)n, NULL)) &&
	       OSSL_PARAM_BLD_push_BN (build, name, *number);
}

/* Make a key of what was pushed; NULL: OpenSSL does not take it. */
static EVP_PKEY *build_key (OSSL_PARAM_BLD *build, const char *kind)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param (build);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name (NULL, kind, NULL);
	EVP_PKEY *key = NULL;

	if (!params || !context || EVP_PKEY_fromdata_init (context) <= 0 ||
		EVP_PKEY_fromdata (context, &key, EVP_PKEY_KEYPAIR, params) <= 0)
		key = NULL;
	EVP_PKEY_CTX_free (context);
	OSSL_PARAM_free (params);
	return key;
}

/* n, e, d, and more that is not needed */
static EVP_PKEY *take_rsa (struct ssh_reader *reader)
{
	static const char *const names[] = { OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_D };
	enum { N = sizeof names / sizeof *names };
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new ();
	BIGNUM *numbers[N] = { NULL };
	EVP_PKEY *key = NULL;
	size_t n = 0;

	while (build && n < N && push_number (build, names[n], reader, &numbers[n]))
		n++;
	if (n == N)
		key = build_key (build, "RSA");
	for (size_t i = 0; i < N; i++)
		BN_clear_free (numbers[i]);
	OSSL_PARAM_BLD_free (build);
	return key;
}

/* curve, point, number */
static EVP_PKEY *take_ecdsa (struct ssh_reader *reader, const struct key_curve *curve)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new ();
	BIGNUM *number = NULL;
	EVP_PKEY *key = NULL;
	const uint8_t *name, *point;
	size_t name_n, point_n;

	if (build && ssh_take_string (reader, &name, &name_n) && is_string (name, name_n, curve->name) &&
		ssh_take_string (reader, &point, &point_n) &&
		OSSL_PARAM_BLD_push_utf8_string (build, OSSL_PKEY_PARAM_GROUP_NAME, curve->group, 0) &&
		OSSL_PARAM_BLD_push_octet_string (build, OSSL_PKEY_PARAM_PUB_KEY, point, point_n) &&
		push_number (build, OSSL_PKEY_PARAM_PRIV_KEY, reader, &number))
		key = build_key (build, "EC");
	BN_clear_free (number);
	OSSL_PARAM_BLD_free (build);
	return key;
}

/* The public half; the private and the public half */
static EVP_PKEY *take_ed25519 (struct ssh_reader *reader)
{
	const uint8_t *bytes;
	size_t n;

	if (!ssh_take_string (reader, &bytes, &n) || !ssh_take_string (reader, &bytes, &n) || n != 64)
		return NULL;
	return EVP_PKEY_new_raw_private_key (EVP_PKEY_ED25519, NULL, bytes, 32);
}

/* The part that may have been encrypted. Two equal numbers in front tell whether the passphrase was right. */
static enum private_key_answer take_private (
	EVP_PKEY **key, const uint8_t *bytes, size_t n, bool was_encrypted, struct err *err)
{
	struct ssh_reader reader = { bytes, n };
	uint32_t check, again;
	const uint8_t *type;
	size_t type_n;

	if (!ssh_take_u32 (&reader, &check) || !ssh_take_u32 (&reader, &again) || check != again) {
		err_set (err, 0, was_encrypted ? "the passphrase is wrong" : "it is damaged");
		return was_encrypted ? PRIVATE_KEY_LOCKED : PRIVATE_KEY_BAD;
	}
	*key = NULL;
	if (ssh_take_string (&reader, &type, &type_n)) {
		if (is_string (type, type_n, "ssh-ed25519"))
			*key = take_ed25519 (&reader);
		else if (is_string (type, type_n, "ssh-rsa"))
			*key = take_rsa (&reader);
		for (size_t i = 0; i < N_CURVES && !*key; i++)
			if (is_string (type, type_n, curves[i].type))
				*key = take_ecdsa (&reader, &curves[i]);
	}
	if (*key)
		return PRIVATE_KEY_READ;
	err_set (err, 0, "it is damaged, or of a kind that is of no use here");
	return PRIVATE_KEY_BAD;
}

/* The parts of a file. */
struct openssh_file {
	const uint8_t *cipher, *kdf, *options, *public, *private;
	size_t cipher_n, kdf_n, options_n, public_n, private_n;
};

/* Decrypt into `plain`, which has room for file->private_n bytes. 0, or -1 and err. */
static int decrypt (const struct openssh_file *file, const char *passphrase, uint8_t *plain, struct err *err)
{
	static const char *const names[] = { "aes256-ctr", "aes192-ctr", "aes128-ctr", "aes256-cbc", "aes192-cbc",
		"aes128-cbc" };
	struct ssh_reader options = { file->options, file->options_n };
	uint8_t derived[CIPHER_KEY_MAX + BLOCK_MAX];
	const EVP_CIPHER *cipher = NULL;
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new ();
	const uint8_t *salt;
	size_t salt_n;
	uint32_t rounds;
	char name[16];
	int key_n, n, result = -1;

	for (size_t i = 0; i < sizeof names / sizeof *names && !cipher; i++)
		if (is_string (file->cipher, file->cipher_n, names[i])) {
			snprintf (name, sizeof name, "aes-%.3s-%.3s", names[i] + 3, names[i] + 7);
			cipher = EVP_get_cipherbyname (name);
		}
	if (!cipher || !is_string (file->kdf, file->kdf_n, "bcrypt")) {
		err_set (err, 0,
			"it is encrypted in a way that is not known here (ssh-keygen -p -Z aes256-ctr makes it known)");
	} else if (!ssh_take_string (&options, &salt, &salt_n) || !ssh_take_u32 (&options, &rounds) ||
		   file->private_n % (size_t)BLOCK_MAX) {
		err_set (err, 0, "it is damaged");
	} else {
		key_n = EVP_CIPHER_get_key_length (cipher);
		if (!bcrypt_pbkdf (passphrase, salt, salt_n, derived, (size_t)key_n + BLOCK_MAX, rounds))
			err_set (err, 0, "it is damaged");
		else if (!context || !EVP_DecryptInit_ex (context, cipher, NULL, derived, derived + key_n) ||
			 !EVP_CIPHER_CTX_set_padding (context, 0) ||
			 !EVP_DecryptUpdate (context, plain, &n, file->private, (int)file->private_n))
			err_set (err, 0, "OpenSSL cannot decrypt it");
		else
			result = 0;
	}
	OPENSSL_cleanse (derived, sizeof derived);
	EVP_CIPHER_CTX_free (context);
	return result;
}

/* Read the decoded bytes of a file in OpenSSH's format. */
static enum private_key_answer read_bytes (EVP_PKEY **key, struct public_key *public, const uint8_t *bytes, size_t n,
	const char *passphrase, struct err *err)
{
	struct ssh_reader reader = { bytes + sizeof magic, n - sizeof magic };
	struct openssh_file file;
	enum private_key_answer answer = PRIVATE_KEY_BAD;
	uint8_t *plain;
	uint32_t count;

	if (n < sizeof magic || memcmp (bytes, magic, sizeof magic) != 0 ||
		!ssh_take_string (&reader, &file.cipher, &file.cipher_n) ||
		!ssh_take_string (&reader, &file.kdf, &file.kdf_n) ||
		!ssh_take_string (&reader, &file.options, &file.options_n) || !ssh_take_u32 (&reader, &count) ||
		count != 1 || !ssh_take_string (&reader, &file.public, &file.public_n) ||
		!ssh_take_string (&reader, &file.private, &file.private_n)) {
		err_set (err, 0, "it is damaged");
		return PRIVATE_KEY_BAD;
	}
	if (public_key_set (public, file.public, file.public_n, err) < 0)
		return PRIVATE_KEY_BAD;
	if (is_string (file.cipher, file.cipher_n, "none"))
		return take_private (key, file.private, file.private_n, false, err);
	if (!passphrase) {
		err_set (err, 0, "it needs a passphrase");
		return PRIVATE_KEY_LOCKED;
	}
	if (!(plain = malloc (file.private_n + BLOCK_MAX))) {
		err_set (err, 0, "out of memory");
		return PRIVATE_KEY_BAD;
	}
	if (decrypt (&file, passphrase, plain, err) == 0)
		answer = take_private (key, plain, file.private_n, true, err);
	OPENSSL_cleanse (plain, file.private_n);
	free (plain);
	return answer;
}

/* `text` begins with begin_line. */
static enum private_key_answer read_openssh (
	EVP_PKEY **key, struct public_key *public, const char *text, const char *passphrase, struct err *err)
{
	const char *at = text + strlen (begin_line), *end = strstr (at, end_line);
	size_t room = end ? (size_t)(end - at) : 0, length = 0;
	char *base64 = malloc (room + 1);
	uint8_t *bytes = malloc (room + 1);
	enum private_key_answer answer = PRIVATE_KEY_BAD;
	ssize_t n = -1;

	for (; base64 && at < end; at++)
		if (!strchr (" \t\r\n", *at))
			base64[length++] = *at;
	if (base64 && bytes && length)
		n = text_b64_decode (bytes, base64, length);
	if (n < 0)
		err_set (err, 0, base64 && bytes ? "it is damaged" : "out of memory");
	else
		answer = read_bytes (key, public, bytes, (size_t)n, passphrase, err);
	if (base64)
		OPENSSL_cleanse (base64, length);
	if (bytes)
		OPENSSL_cleanse (bytes, room);
	free (base64);
	free (bytes);
	return answer;
}

/* --- PEM ----------------------------------------------------------------------------------------------------------- */

struct pem_question {
	const char *passphrase;
	bool asked;
};

static int on_passphrase (char *out, int size, int writing, void *arg)
{
	struct pem_question *question = arg;
	size_t n = question->passphrase ? strlen (question->passphrase) : 0;

	(void)writing;
	question->asked = true;
	if (!question->passphrase || n > (size_t)size)
		return -1;
	memcpy (out, question->passphrase, n);
	return (int)n;
}

static enum private_key_answer read_pem (
	EVP_PKEY **key, const char *text, size_t n, const char *passphrase, struct err *err)
{
	struct pem_question question = { .passphrase = passphrase };
	BIO *bio = BIO_new_mem_buf (text, (int)n);

	*key = bio ? PEM_read_bio_PrivateKey (bio, NULL, on_passphrase, &question) : NULL;
	BIO_free (bio);
	ERR_clear_error ();
	if (*key)
		return PRIVATE_KEY_READ;
	err_set (err, 0, "%s",
		!question.asked ? "it is no private key"
		: passphrase    ? "the passphrase is wrong"
				: "it needs a passphrase");
	return question.asked ? PRIVATE_KEY_LOCKED : PRIVATE_KEY_BAD;
}

/* --- both ---------------------------------------------------------------------------------------------------------- */

enum private_key_answer private_key_read (struct private_key **key, struct public_key *public, const char *text,
	size_t n, const char *passphrase, struct err *err)
{
	enum private_key_answer answer;
	EVP_PKEY *read = NULL;

	*key = NULL;
	*public = (struct public_key){ .n = 0 };
	if (!strncmp (text, begin_line, strlen (begin_line)))
		answer = read_openssh (&read, public, text, passphrase, err);
	else
		answer = read_pem (&read, text, n, passphrase, err);
	if (answer == PRIVATE_KEY_READ && !(*key = wrap (read, public, err)))
		return PRIVATE_KEY_BAD;
	return answer;
}

void private_key_free (struct private_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free (key->key);
	free (key);
}

/* An ECDSA signature is the two numbers (RFC 5656, section 3.1.2); OpenSSL makes DER. */
static int put_ecdsa (struct buf *out, const uint8_t *der, size_t n)
{
	ECDSA_SIG *signature = d2i_ECDSA_SIG (NULL, &der, (long)n);
	int result = signature && put_number (out, ECDSA_SIG_get0_r (signature)) == 0
			     ? put_number (out, ECDSA_SIG_get0_s (signature))
			     : -1;

	ECDSA_SIG_free (signature);
	return result;
}

int private_key_sign (const struct private_key *key, const void *bytes, size_t n, struct buf *out, struct err *err)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new ();
	uint8_t signature[NUMBER_MAX];
	size_t size = sizeof signature;
	int result = -1;

	if (context && EVP_DigestSignInit (context, NULL, key->digest, NULL, key->key) > 0 &&
		EVP_DigestSign (context, signature, &size, bytes, n) > 0)
		result = key->is_ecdsa ? put_ecdsa (out, signature, size) : buf_append (out, signature, size);
	EVP_MD_CTX_free (context);
	ERR_clear_error ();
	return result < 0 ? err_set (err, 0, "OpenSSL cannot sign with the key") : 0;
}
